"""A spreadsheet's bytes become a table of cells; what is no table, locked, or too large to read is refused in words."""

import csv
import io
import re
import zipfile
from collections.abc import Sequence

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from huzhu.files.contents import OLE

MOST_CELLS = 5_000_000
MOST_UNPACKED = 200_000_000
Table = Sequence[Sequence[object]]


class TableRefused(ValueError):
    """The file is no table that can be read; the message says why in one sentence."""


def read(data: bytes, name: str) -> Table:
    """The cells of the first page people can see of an .xlsx, .xls or .csv (UTF-8 or GB18030); else TableRefused."""
    if not data:
        raise TableRefused("这个文件是空的（0 字节）：请检查是否选错了文件。")
    if data.startswith(b"PK"):
        _refuse_bombs(data)
        return _cells(data)
    if data.startswith(OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise _locked()
        return _cells(data)
    if not name.lower().endswith((".csv", ".txt")) or b"\0" in data:
        raise TableRefused("这不是表格文件：请上传 .xlsx、.xls 或 .csv，最好用下载的模板。")
    return list(csv.reader(io.StringIO(_decoded(data))))


def text(cell: object) -> str:
    """A number that a spreadsheet cannot have kept whole becomes its scientific form, which every check refuses."""
    if isinstance(cell, float | int) and not isinstance(cell, bool):
        return f"{cell:.5E}" if abs(cell) >= 10**15 else f"{cell:.10g}" if cell % 1 else str(int(cell))
    return "" if cell is None else str(cell).strip()


def _cells(data: bytes) -> Table:
    """The first page people can see."""
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        seen = [
            page.name
            for page in book.sheets_metadata
            if page.typ == SheetTypeEnum.WorkSheet and page.visible == SheetVisibleEnum.Visible
        ]
        return book.get_sheet_by_name(seen[0]).to_python(skip_empty_area=False) if seen else []
    except CalamineError as wrong:
        if "assword" in str(wrong):
            raise _locked() from None
        raise TableRefused(
            "这个表格打不开：文件不完整，或不是真正的 Excel 文件。请在表格软件里另存为 .xlsx，再上传。"
        ) from None


def _locked() -> TableRefused:
    return TableRefused("这个文件设了打开密码，读不到内容：请在表格软件里取消密码，另存后再上传。")


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TableRefused("这个文件的文字编码认不出来：请在表格软件里另存为 .xlsx，再上传。")


_PLACE = re.compile(rb"""<(?:\w+:)?(?:c|row)\s[^>]*?\br=["']([A-Z]{0,3})([0-9]{1,7})["']""")


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
        raise TableRefused(
            "这个表格打不开：文件不完整，或不是真正的 Excel 文件。请在表格软件里另存为 .xlsx，再上传。"
        ) from None


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
