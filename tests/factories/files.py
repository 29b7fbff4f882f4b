"""Uploads, as small as they come."""

import io
import subprocess
import zlib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from huzhu.audit.services import SYSTEM, Actor
from huzhu.files import services
from huzhu.files.models import StoredFile

NOON = datetime(2022, 7, 13, 4, tzinfo=UTC)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")


def a_png(shade: int = 255) -> bytes:
    """A picture of one grey pixel; each shade is another file."""
    header = _chunk(b"IHDR", bytes([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]))
    return (
        b"\x89PNG\r\n\x1a\n"
        + header
        + _chunk(b"IDAT", zlib.compress(bytes([0, shade])))
        + _chunk(b"IEND", b"")
    )


@cache
def a_photo(
    shade: int = 235,
    *,
    blur: float = 0,
    size: tuple[int, int] = (900, 1200),
    ink: int = 40,
    kind: str = "JPEG",
) -> bytes:
    """A photograph of a page of print, sharp unless blurred; each shade of the paper is another file."""
    picture = Image.new("L", size, shade)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(max(8, size[0] // 40))
    for line in range(24):
        place = (size[0] // 12, size[1] // 12 + line * size[1] // 30)
        draw.text(place, f"{line:02d} inpatient 63410.00 paid 31714.00 day {line}", fill=ink, font=font)
    out = io.BytesIO()
    picture.filter(ImageFilter.GaussianBlur(blur)).save(out, kind)
    return out.getvalue()


def a_file(
    name: str = "出院小结.png",
    data: bytes | None = None,
    purpose: str = "claim_paper",
    by: Actor = SYSTEM,
    at: datetime = NOON,
) -> StoredFile:
    return services.store(name=name, data=data or a_png(), purpose=purpose, by=by, at=at)


def read_apart(path: Path) -> bytes:
    """A file of the database, read by another process: closing it in this one would let go SQLite's locks on it."""
    return subprocess.run(["cat", path], capture_output=True, check=True, timeout=60).stdout  # noqa: S603, S607  our own file
