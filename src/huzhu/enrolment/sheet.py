"""The roster as a spreadsheet: the template that goes out, and the rows that come back."""

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import xlsxwriter  # type: ignore[import-untyped]

from huzhu.enrolment.line import LABELS, Line
from huzhu.files import tables
from huzhu.files.tables import Table, TableRefused
from huzhu.organisations.models import Organisation
from huzhu.schemes.models import SchemeEdition

VERSION = "huzhu-roster/1"
SAMPLE = "示例"
MOST_ROWS = 100_000
COLUMNS = ("name", "id_number", "phone", "bank_name", "account")  # of the template; a sheet may bring 性别
_WIDTHS = {"name": 16, "id_number": 26, "phone": 18, "bank_name": 28, "account": 28}
_ALIASES = {
    "name": {"姓名", "职工姓名", "名字"},
    "id_number": {"身份证号", "身份证号码", "身份证", "证件号码", "公民身份号码", "居民身份证号"},
    "phone": {"手机", "手机号", "手机号码", "联系电话", "电话", "联系方式"},
    "sex": {"性别"},
    "bank_name": {"开户行", "开户银行", "银行"},
    "account": {"银行账号", "银行账户", "账号", "卡号", "银行卡号"},
}


class SheetRefused(TableRefused):
    """The file is no roster that can be read; the message says why in one sentence."""


def template(employer: Organisation, editions: Sequence[SchemeEdition]) -> bytes:
    """An .xlsx whose columns are text, with a sample row that is never read and a hidden page with the version."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False}) as book:
        _rows_page(book)
        _help_page(book, employer, editions)
        hidden = book.add_worksheet("huzhu")
        hidden.write_column(0, 0, [VERSION, employer.code, *(edition.identity for edition in editions)])
        hidden.very_hidden()
    return out.getvalue()


def _rows_page(book: xlsxwriter.Workbook) -> None:
    page = book.add_worksheet("名册")
    text = book.add_format({"num_format": "@"})
    head = book.add_format({"num_format": "@", "bold": True, "bg_color": "#E6F0F4", "bottom": 1})
    grey = book.add_format({"num_format": "@", "font_color": "#808080", "italic": True})
    sample = (
        f"{SAMPLE}（这一行不读）",
        "99000019820506002X",
        "13900000000",
        "工商银行伊春支行",
        "6222020903000012345",
    )
    for place, column in enumerate(COLUMNS):
        page.set_column(place, place, _WIDTHS[column], text)
        label = LABELS[column] + ("（可不填）" if column in {"bank_name", "account"} else "")
        page.write_string(0, place, label, head)
        page.write_string(1, place, sample[place], grey)
    page.freeze_panes(1, 0)


def _help_page(book: xlsxwriter.Workbook, employer: Organisation, editions: Sequence[SchemeEdition]) -> None:
    page = book.add_worksheet("填写说明")
    page.set_column(0, 0, 90)
    lines = [
        f"{employer.name} 参加职工互助保障名册",
        *(f"方案：{edition.short}，每人每年 {edition.fee_fen // 100} 元" for edition in editions),
        "一人一行，从第 3 行开始填；第 2 行是示例，不用删除。",
        "身份证号 18 位，末位的 X 大小写都可以。各列已设为“文本”，从别处粘贴时请选“只粘贴值”。",
        "手机用于本人查询和申请；开户行和银行账号可以以后再填。",
    ]
    for row, line in enumerate(lines):
        page.write_string(row, 0, line)


def read(data: bytes, name: str, *, starts_on: date = date.max) -> list[Line]:
    """The people of an .xlsx, .xls or .csv (UTF-8 or GB18030), numbered as in the sheet; else SheetRefused."""
    table = tables.read(data, name)
    top, columns = _header(table)
    lines = list(_lines(table, top, columns, starts_on))
    if not lines:
        raise SheetRefused("名册是空的：表头下面一行人也没有。请一人一行填好后再上传。")
    if len(lines) > MOST_ROWS:
        raise SheetRefused(f"名册有 {len(lines):,} 行，一次最多 {MOST_ROWS:,} 行：请分成几个文件上传。")
    return lines


def _lines(table: Table, top: int, columns: dict[str, int], starts_on: date) -> Iterator[Line]:
    for number, row in enumerate(table[top + 1 :], start=top + 2):
        cells = {column: tables.text(row[place]) for column, place in columns.items() if place < len(row)}
        if any(cells.values()) and not cells.get("name", "").startswith(SAMPLE):
            yield Line.of(number, cells, starts_on=starts_on)


def _header(table: Table) -> tuple[int, dict[str, int]]:
    """Where the header stands and which column is what; titles above it are passed over."""
    for top, row in enumerate(table[:10]):
        found = _columns(tables.text(cell) for cell in row)
        if {"name", "id_number"} <= found.keys():
            return top, found
    if not any(tables.text(cell) for row in table for cell in row):
        raise SheetRefused("这个文件里没有内容：请下载名册模板，填好后再上传。")
    raise SheetRefused(
        "这不是名册模板：前 10 行里没有“姓名”和“身份证号”两列。请下载名册模板，把人员粘贴进去再上传。"
    )


def _columns(labels: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, label in enumerate(labels):
        plain = re.sub(r"[\s*：:]|[（(].*[)）]", "", label)
        for column, names in _ALIASES.items():
            if plain in names:
                found.setdefault(column, place)
    return found
