"""A file for the bank: its hash is sealed at release, it is written whole or not at all, and is the same each time it is given."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from huzhu.bank.files import digest
from huzhu.core.ciphers import CannotOpen
from huzhu.db import keys
from huzhu.files.services import write_whole


class SealBroken(ValueError):
    """What the file is made of is no longer what was released."""


@dataclass(frozen=True, slots=True)
class Seal:
    """The row that was released, by table and key; its number; the SHA-256 of the bytes that go to the bank."""

    table: str
    key: str
    number: str
    sha256: str

    @property
    def bound(self) -> tuple[str, ...]:
        """What the file is encrypted to."""
        return self.table, "file", self.key, self.sha256

    @property
    def place(self) -> Path:
        return Path(settings.VAR_DIR) / "bank" / f"{self.number}-{self.sha256[:16]}"


def handed(seal: Seal, render: Callable[[], bytes]) -> bytes:
    """As it was written the first time; else made again, and written if it is the one that was sealed. SealBroken."""
    data = kept(seal)
    if data is None or digest(data) != seal.sha256:
        data = render()
        if digest(data) != seal.sha256:
            raise SealBroken(
                f"{seal.number} 给银行的文件和放行时封存的摘要不同：有人改动过数据库。"
                "文件没有给出。请停止发放，请经审核查。"
            )
        keep(seal, data)
    return data


def kept(seal: Seal) -> bytes | None:
    """The file as it was first written; None where it was not, or where its bytes cannot be opened any more."""
    try:
        return base64.b64decode(keys.cipher().open(seal.place.read_text("ascii"), bound_to=seal.bound))
    except (FileNotFoundError, UnicodeDecodeError, CannotOpen):
        return None


def keep(seal: Seal, data: bytes) -> None:
    """Write it, encrypted, beside its place first and then renamed: nobody ever sees half a file."""
    write_whole(seal.place, [keys.cipher().seal(base64.b64encode(data).decode(), bound_to=seal.bound)])
