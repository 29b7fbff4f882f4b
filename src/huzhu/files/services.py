"""Uploads taken in and given back; on the disk they are ciphertext only."""

import base64
import hashlib
import os
import re
import secrets
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from huzhu.audit.services import Actor, record
from huzhu.core.ciphers import CannotOpen
from huzhu.db import keys
from huzhu.files.contents import ZIP, Kind, NotAccepted, kind_of
from huzhu.files.models import StoredFile

MOST_BYTES = 20 * 1024 * 1024
LONGEST_NAME = 80
# sealed in pieces, so that a large upload is never in memory many times over
PIECE = 1024 * 1024
# path characters, controls, and marks that make a name read otherwise than it is written
_UNWANTED = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"|?*\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]')


class FileLost(LookupError):
    """The row is there, and its bytes are not."""


class FileDamaged(ValueError):
    """The bytes on the disk are not those that were stored."""


def store(*, name: str, data: bytes, purpose: str, by: Actor, at: datetime) -> StoredFile:
    """Seal one upload on the disk and keep its row; raises NotAccepted with a sentence for the person.

    The disk comes first: when the transaction fails, ciphertext without a row is left, and nothing else.
    """
    _check_size(data)
    kind = kind_of(data)
    return _kept(_clean_name(name, kind), kind, data, purpose, by, at)


def keep_made(*, name: str, data: bytes, purpose: str, by: Actor, at: datetime) -> StoredFile:
    """Keep a zip that the system itself has made, of any size, like an upload."""
    return _kept(name, ZIP, data, purpose, by, at)


def _kept(name: str, kind: Kind, data: bytes, purpose: str, by: Actor, at: datetime) -> StoredFile:
    file = StoredFile(kind=kind.mime, size=len(data), purpose=purpose, stored_at=at, stored_by=by.actor_id)
    file.name = name
    file.sha256 = hashlib.sha256(data).hexdigest()
    write_whole(_place(file), _sealed(file, data))
    with transaction.atomic():
        file.save(force_insert=True)
        detail = {"kind": kind.label, "size": file.size, "sha256": file.sha256, "purpose": purpose}
        record(by=by, verb="files.store", on=file, at=at, detail=detail)
    return file


@transaction.atomic
def discard(*, file: StoredFile, by: Actor, at: datetime) -> None:
    """Take away an upload that nobody has relied on yet: its row now, its bytes once the transaction has held."""
    record(by=by, verb="files.discard", on=file, at=at, detail={"sha256": file.sha256})
    place = _place(file)
    file.delete()
    transaction.on_commit(lambda: place.unlink(missing_ok=True))


def read(file: StoredFile) -> bytes:
    """The bytes as they came in; raises FileLost, or FileDamaged when they are not the same."""
    try:
        tokens = _place(file).read_text("ascii").split("\n")
    except FileNotFoundError:
        raise FileLost("这份文件在磁盘上找不到了。请从备份取回，或请对方重新提交。") from None
    except UnicodeDecodeError:
        raise _damaged() from None
    count = _pieces(file.size)
    if len(tokens) != count:
        raise _damaged()
    data = bytearray()
    for number, token in enumerate(tokens):
        try:
            data += base64.b64decode(keys.cipher().open(token, bound_to=_bound(file, number, count)))
        except CannotOpen as problem:
            raise _damaged() from problem
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise _damaged()
    return bytes(data)


def _check_size(data: bytes) -> None:
    if not data:
        raise NotAccepted("这是一个空文件。请核对选对了文件，再上传一次。")
    if len(data) > MOST_BYTES:
        size = -(-len(data) // 1024**2)
        raise NotAccepted(f"文件有 {size} MB，最大可以收 20 MB。照片请压缩后再传，名册请分成几份。")


def _clean_name(name: str, kind: Kind) -> str:
    """The last part of the path, without what deceives, and with the ending that its content deserves."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    shown = _UNWANTED.sub("", last).encode("utf-8", "ignore").decode().strip(" .")
    stem, dot, ending = shown.rpartition(".")
    if dot and ending.lower() in kind.endings:
        return f"{stem[:LONGEST_NAME].rstrip(' .') or '未命名'}.{ending.lower()}"
    return f"{(stem or shown)[:LONGEST_NAME].rstrip(' .') or '未命名'}.{kind.endings[0]}"


def _sealed(file: StoredFile, data: bytes) -> Iterator[str]:
    """Tokens, each bound to the file, its place in it, and how many there are: none may be moved or left out."""
    count = _pieces(len(data))
    for number in range(count):
        piece = base64.b64encode(data[number * PIECE : (number + 1) * PIECE]).decode()
        yield keys.cipher().seal(piece, bound_to=_bound(file, number, count))


def _bound(file: StoredFile, number: int, count: int) -> tuple[str, ...]:
    return ("files_storedfile", "data", str(file.pk), str(number), str(count))


def _pieces(size: int) -> int:
    return -(-size // PIECE)


def _place(file: StoredFile) -> Path:
    return Path(settings.VAR_DIR) / "files" / str(file.pk)


def write_whole(place: Path, tokens: Iterable[str]) -> None:
    """Whole or not at all: beside it first, on the disk, then renamed. Two writers of one place do not meet."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = place.with_name(f"{place.name}.{secrets.token_hex(4)}.part")
    mine_alone = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(mine_alone, "w", encoding="ascii") as out:
        for number, token in enumerate(tokens):
            out.write(f"\n{token}" if number else token)
        out.flush()
        os.fsync(out.fileno())
    beside.rename(place)
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _damaged() -> FileDamaged:
    return FileDamaged("这份文件和存入时不一样了，不能使用。请从备份取回，并查明是谁动了存放文件的磁盘。")
