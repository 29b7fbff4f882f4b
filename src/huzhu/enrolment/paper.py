"""A4 papers as PDF: a Typst text and its data in, bytes out. Nothing is printed with a character missing."""

import json
import struct
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import typst
from django.conf import settings

FONTS = Path(settings.BASE_DIR) / "assets" / "fonts"
FONT = FONTS / "NotoSansSC-Regular.ttf"
PRELUDE = """\
#let data = json(bytes(sys.inputs.data))
#set text(font: "Noto Sans SC", fallback: false, lang: "zh", size: 11pt)
#set page(paper: "a4", margin: 20mm)
"""
_BLANK = frozenset(map(ord, "\n\r\t \u3000"))


class GlyphMissing(ValueError):
    """The font cannot draw a character of the text, so there is no paper."""


def pdf(template: str, data: dict[str, Any]) -> bytes:
    """A PDF of this Typst source, which finds its values in `data`; GlyphMissing where the font lacks a character.

    Values never become code: they travel as JSON. Font, language and A4 are set before the source begins.
    """
    _refuse_gaps(template, *_texts(data))
    paper: bytes = typst.compile(  # type: ignore[misc]  # its stub cannot tell what bytes become
        (PRELUDE + template).encode(),
        font_paths=[str(FONTS)],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
    )
    return paper


def not_drawn(text: str) -> str:
    """The characters of the text that the font cannot draw, each once."""
    known = _characters()
    return "".join(dict.fromkeys(letter for letter in text if ord(letter) not in known))


def _refuse_gaps(*texts: str) -> None:
    for text in texts:
        if missing := not_drawn(text):
            codes = "、".join(f"{letter}（U+{ord(letter):04X}）" for letter in missing[:5])
            raise GlyphMissing(
                f"字库里没有这些字：{codes}，印出来会缺字，所以没有生成文件。"
                f"出现在“{text[:20]}”。请核对这个字的输入；确实是这个字的，请系统管理员补充字库。"
            )


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for part in value.values() for text in _texts(part)]
    if isinstance(value, list | tuple):
        return [text for part in value for text in _texts(part)]
    return []


@cache
def _characters() -> frozenset[int]:
    """The code points of the font, out of its `cmap` (OpenType, formats 4 and 12)."""
    font = FONT.read_bytes()
    tables = struct.unpack_from(">H", font, 4)[0]
    records = (struct.unpack_from(">4s3I", font, 12 + 16 * n) for n in range(tables))
    start = next(offset for tag, _, offset, _ in records if tag == b"cmap")
    count = struct.unpack_from(">H", font, start + 2)[0]
    places = {struct.unpack_from(">I", font, start + 8 + 8 * n)[0] for n in range(count)}
    return _BLANK.union(*(_subtable(font, start + place) for place in places))


def _subtable(font: bytes, start: int) -> set[int]:
    form = struct.unpack_from(">H", font, start)[0]
    spans: Iterable[tuple[int, ...]]
    if form == 12:
        groups = struct.unpack_from(">I", font, start + 12)[0]
        spans = (struct.unpack_from(">2I", font, start + 16 + 12 * n) for n in range(groups))
    elif form == 4:
        half = struct.unpack_from(">H", font, start + 6)[0] // 2
        last = struct.unpack_from(f">{half}H", font, start + 14)
        spans = zip(struct.unpack_from(f">{half}H", font, start + 16 + 2 * half), last, strict=True)
    else:
        return set()
    return {code for first, end in spans for code in range(first, end + 1)} - {0xFFFF}
