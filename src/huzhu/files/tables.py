"""A spreadsheet's bytes become a table of cells; what is no table, locked, or too large to read is refused in words."""

import codecs
import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from huzhu.files.contents import OLE

MOST_CELLS = 5_000_000
MOST_UNPACKED = 200_000_000
HEADS_WITHIN = 40  # lines in which the heads of the columns are looked for
_AS_TEXT = re.compile(r'\A="([^"]*)"\Z')  # how a spreadsheet keeps a number as text in CSV
Table = Sequence[Sequence[object]]


class TableRefused(ValueError):
    """The file is no table that can be read; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a workbook: its name, and its rows as often as they are asked for, without all being in memory."""

    name: str
    rows: Callable[[], Iterator[Sequence[object]]]
    is_seen: bool = True


def read(data: bytes, name: str, heads: Sequence[str] = ()) -> Table:
    """The cells of the first page people can see of an .xlsx, .xls or .csv; else TableRefused.

    `heads` are names of columns, where they are known: what stands above them says nothing of how cells are kept apart.
    """
    seen = [page for page in pages(data, name, heads) if page.is_seen]
    return list(seen[0].rows()) if seen else []


def pages(data: bytes, name: str, heads: Sequence[str] = ()) -> list[Page]:
    """The pages of an .xlsx, .xls or .csv (UTF-8, UTF-16 or GB18030); else TableRefused."""
    if not data:
        raise TableRefused("这个文件是空的（0 字节）：请检查是否选错了文件。")
    if data.startswith(b"PK"):
        _refuse_bombs(data)
        return _pages(data)
    if data.startswith(OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise _locked()
        return _pages(data)
    if _MARKUP.match(data):
        raise TableRefused(
            "这是网页格式的文件（有些系统导出的“Excel”其实是网页）：请用表格软件打开，另存为 .xlsx，再上传。"
        )
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if not name.lower().endswith((".csv", ".txt", ".tsv")) or (b"\0" in data and not wide):
        raise TableRefused("这不是表格文件：请上传 .xlsx、.xls 或 .csv，最好用下载的模板。")
    said = _decoded(data)
    return [Page("", lambda: _separated(said, heads))]


def _separated(said: str, heads: Sequence[str]) -> Iterator[Sequence[object]]:
    """Cells apart by what stands most often in the line of the heads, or the first that has any: comma, tab, semicolon."""
    lines = [line for line in said.splitlines() if re.search("[,\t;]", line)][:HEADS_WITHIN]
    first = max(lines, key=lambda line: sum(head in line for head in heads), default="")
    mark = max(",\t;", key=first.count)
    try:
        for row in csv.reader(io.StringIO(said), delimiter=mark):
            yield [_AS_TEXT.sub(r"\1", cell) for cell in row]
    except csv.Error:
        raise TableRefused("这个文件里的引号不成对，分不出列：请在表格软件里另存为 .xlsx，再上传。") from None


def text(cell: object) -> str:
    """A number that a spreadsheet cannot have kept whole becomes its scientific form, which every check refuses."""
    if isinstance(cell, float | int) and not isinstance(cell, bool):
        return f"{cell:.5E}" if abs(cell) >= 10**15 else f"{cell:.10g}" if cell % 1 else str(int(cell))
    return "" if cell is None else str(cell).strip()


def _pages(data: bytes) -> list[Page]:
    """Hidden pages say that they are; hidden rows and columns are read like others."""
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        kept = [page for page in book.sheets_metadata if page.typ == SheetTypeEnum.WorkSheet]
        return [
            Page(
                page.name,
                book.get_sheet_by_name(page.name).iter_rows,
                page.visible == SheetVisibleEnum.Visible,
            )
            for page in kept
        ]
    except CalamineError as wrong:
        if "assword" in str(wrong):
            raise _locked() from None
        raise _broken() from None


def _broken() -> TableRefused:
    return TableRefused(
        "这个表格打不开：文件不完整，或不是真正的 Excel 文件。请在表格软件里另存为 .xlsx，再上传。"
    )


def _locked() -> TableRefused:
    return TableRefused("这个文件设了打开密码，读不到内容：请在表格软件里取消密码，另存后再上传。")


def _decoded(data: bytes) -> str:
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TableRefused("这个文件的文字编码认不出来：请在表格软件里另存为 .xlsx，再上传。")


_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!|\?|html|head|body|table|meta)", re.IGNORECASE)
# cells that hold something; those that are only formatted end themselves and cost the reader nothing
_PLACE = re.compile(rb"""<(?:\w+:)?c\s[^>]*?\br=["']([A-Z]{1,3})([0-9]{1,7})["'](?:[^>]*[^/>])?>""")


def _refuse_bombs(data: bytes) -> None:
    """A small file can ask for the memory of a large one: look before the reader does."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = packed.infolist()
            if sum(part.file_size for part in parts) > MOST_UNPACKED:
                raise TableRefused("这个表格展开后太大：请只留要上传的一页，清除多余的格式，另存后再上传。")
            pages = [part for part in parts if part.filename.startswith("xl/worksheets/")]
            for page in pages:
                _refuse_sparse(packed.read(page))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError):
        raise _broken() from None


def _refuse_sparse(page: bytes) -> None:
    rows = columns = 1
    for letters, digits in _PLACE.findall(page):
        rows = max(rows, int(digits))
        columns = max(columns, _column_number(letters))
    if rows * columns > MOST_CELLS:
        raise TableRefused("表格里有填到很远的格子：请删去名单以外的行和列，另存后再上传。")


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
