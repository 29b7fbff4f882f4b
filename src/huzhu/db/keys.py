"""The one cipher of this process."""

from functools import lru_cache

from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver

from huzhu.core.ciphers import Cipher, Keyring


@lru_cache(maxsize=1)
def cipher() -> Cipher:
    """The cipher of settings.HUZHU_KEYS and settings.HUZHU_CIPHER; raises BadKeyring or ValueError."""
    return Cipher(Keyring.parse(settings.HUZHU_KEYS), algorithm=settings.HUZHU_CIPHER)


@receiver(setting_changed)
def _forget(setting: str, **_: object) -> None:
    if setting in {"HUZHU_KEYS", "HUZHU_CIPHER"}:
        cipher.cache_clear()
