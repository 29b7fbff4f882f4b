"""The question asked before anything else at start-up: are these the keys of this database?"""

from datetime import datetime

from django.db import transaction

from huzhu.core.ciphers import CannotOpen, Cipher
from huzhu.db import keys
from huzhu.db.models import BackupMade, DrillDone, KeyProof

SENTENCE = "凭此密钥，读此数据。"


class WrongKey(RuntimeError):
    """This database was written with a key that the ring lacks or holds differently."""


@transaction.atomic
def prove_keys(*, at: datetime) -> None:
    """Open every proof in the database and leave one for each new key version; else raise WrongKey.

    Nothing is written unless all proofs open. Twice, or from several processes at once, is the same as once.
    """
    cipher = keys.cipher()
    proved = _opened(cipher)
    if new := [_proof(cipher, version, at) for version in cipher.keyring.versions if version not in proved]:
        KeyProof.objects.bulk_create(new, ignore_conflicts=True)
        _opened(cipher)  # another process may have been faster, with another key


def wrong_keys() -> list[str]:
    """A sentence where the keys of this process do not open this database; nothing is written."""
    try:
        _opened(keys.cipher())
    except WrongKey as wrong:
        return [str(wrong)]
    return []


def key_versions() -> list[int]:
    """The key versions that this database needs."""
    return list(KeyProof.objects.order_by("version").values_list("version", flat=True))


def note_backup(*, name: str, size: int, sha256: str, at: datetime) -> None:
    """A backup was finished. Twice is the same as once."""
    BackupMade.objects.get_or_create(name=name, defaults={"made_at": at, "bytes": size, "sha256": sha256})


def note_drill(*, name: str, at: datetime) -> None:
    """A backup was restored elsewhere and everything agreed."""
    DrillDone.objects.create(name=name, done_at=at)


def _proof(cipher: Cipher, version: int, at: datetime) -> KeyProof:
    proof = KeyProof(version=version, proved_at=at)
    proof.token = cipher.seal(SENTENCE, bound_to=proof.place, version=version)
    return proof


def _opened(cipher: Cipher) -> set[int]:
    """The versions proved so far; one that does not open raises WrongKey."""
    proofs = list(KeyProof.objects.order_by("version"))
    for proof in proofs:
        try:
            cipher.open(proof.token, bound_to=proof.place)
        except CannotOpen as problem:
            raise WrongKey(
                f"这个数据库是用另外的密钥写的：HUZHU_KEYS 里的密钥第 {proof.version} 版缺失或不对，"
                "继续运行会读不出已有的资料。没有改动任何数据。"
                f"请把原来的 HUZHU_KEYS 放回去，再重新启动；如果是要增加新密钥，请保留第 {proof.version} 版。"
            ) from problem
    return {proof.version for proof in proofs}
