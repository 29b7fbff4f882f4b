"""The roster as a spreadsheet: the template that goes out, and the rows that come back."""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

import xlsxwriter  # type: ignore[import-untyped]

from huzhu.core.identity import tidy
from huzhu.enrolment import columns
from huzhu.enrolment.columns import Reading
from huzhu.enrolment.line import ASKED, LABELS, Line, name_of
from huzhu.enrolment.repeats import Repeats
from huzhu.files import tables
from huzhu.files.tables import Page, TableRefused, text
from huzhu.organisations.models import Organisation
from huzhu.schemes.models import SchemeEdition

VERSION = "huzhu-roster/2"
STILL_READ = ("huzhu-roster/1",)  # earlier templates whose columns mean the same
SAMPLE = "示例"
MOST_ROWS = 250_000
FILLED = 20_000  # rows of the template that offer choices
COLUMNS = ("name", "id_number", "phone", "sex", "bank_name", "account")
BANKS = (
    "工商银行",
    "农业银行",
    "中国银行",
    "建设银行",
    "交通银行",
    "邮政储蓄银行",
    "农村信用社",
    "哈尔滨银行",
)
_TOTAL = re.compile("合计|总计|小计|共计|总人数|制表|填表|审核人|经办人|负责人|说明|备注|注$")
_NUMBER = re.compile(r"\d{12}")
WIDTHS = {
    "name": 16,
    "id_number": 26,
    "phone": 18,
    "sex": 8,
    "bank_name": 28,
    "account": 28,
    "insured": 12,
    "shares": 8,
}
_SAMPLES = {
    "name": f"{SAMPLE}（这一行不读）",
    "id_number": "99000019820506002X",
    "phone": "13900000000",
    "sex": "女",
    "bank_name": "工商银行伊春支行",
    "account": "6222020903000012345",
    "insured": "是",
    "shares": "1",
}
_CHOICES = {
    "sex": {"source": ["男", "女"], "error_title": "性别", "error_message": "只能是男或女，也可以不填。"},
    "insured": {
        "source": ["是", "否"],
        "error_title": "职工医保",
        "error_message": "参加了职工医保的选“是”，没有的选“否”。",
    },
    # a choice that may be overwritten: branches have names of their own
    "bank_name": {"source": list(BANKS), "error_type": "information"},
}
_OPTIONAL = ("sex", "bank_name", "account", *ASKED)


class SheetRefused(TableRefused):
    """The file is no roster that can be read; the message says why in one sentence."""


def template(employer: Organisation, editions: Sequence[SchemeEdition], asked: Sequence[str] = ()) -> bytes:
    """An .xlsx whose columns are text, with a sample row that is never read and a hidden page with the version.

    `asked` are columns beyond the usual ones that the editions want to know.
    """
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False}) as book:
        _rows_page(book, (*COLUMNS, *asked))
        _help_page(book, employer, editions)
        hidden = book.add_worksheet("huzhu")
        hidden.write_column(0, 0, [VERSION, employer.code, *(edition.identity for edition in editions)])
        hidden.very_hidden()
    return out.getvalue()


def _rows_page(book: xlsxwriter.Workbook, columns: Sequence[str]) -> None:
    page = book.add_worksheet("名册")
    text = book.add_format({"num_format": "@"})
    head = book.add_format({"num_format": "@", "bold": True, "bg_color": "#E6F0F4", "bottom": 1})
    grey = book.add_format({"num_format": "@", "font_color": "#808080", "italic": True})
    for place, column in enumerate(columns):
        page.set_column(place, place, WIDTHS[column], text)
        label = LABELS[column] + ("（可不填）" if column in _OPTIONAL else "")
        page.write_string(0, place, label, head)
        page.write_string(1, place, _SAMPLES[column], grey)
        if column in _CHOICES:
            page.data_validation(2, place, FILLED, place, {"validate": "list"} | _CHOICES[column])
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
        "职工医保写“是”或“否”，不填就是没有核对；份数不填就是 1 份，会费按份数缴。",
    ]
    for row, line in enumerate(lines):
        page.write_string(row, 0, line)


@dataclass(frozen=True, slots=True)
class Book:
    """A workbook that was opened: the pages people can see."""

    pages: list[Page]

    def understood(self) -> Reading | None:
        """The reading its own header gives, where there is just one; else a person has to say."""
        found = columns.by_header(self.pages)
        return found[0] if len(found) == 1 else None

    def heads(self) -> dict[str, list[list[str]]]:
        """Page → its first rows, of pages with anything on them."""
        shown = {page.name: columns.head(page) for page in self.pages}
        return {name: rows for name, rows in shown.items() if any(cell for row in rows for cell in row)}

    def rows(self, reading: Reading) -> Iterator[tuple[int, dict[str, str]]]:
        """Row number in the sheet and its cells; empty rows, the sample and repeated headers are no people."""
        page = next((one for one in self.pages if one.name == reading.page), None)
        if page is None:
            raise SheetRefused(f"文件里没有“{reading.page}”这一页了：请重新上传。")
        places = reading.columns.items()
        for number, row in enumerate(islice(page.rows(), reading.top + 1, None), start=reading.top + 2):
            cells = {column: text(row[place]) for column, place in places if place < len(row)}
            if any(cells.values()) and not _is_no_person(cells) and not _is_a_total(row):
                yield number, cells

    def count(self, reading: Reading, repeats: Repeats) -> int:
        """How many people there are, after a first look that finds who stands there twice. SheetRefused."""
        found = 0
        for number, cells in self.rows(reading):
            found += 1
            if found > MOST_ROWS:
                raise SheetRefused(f"名册超过 {MOST_ROWS:,} 行，一次读不下：请分成几个文件上传。")
            if wanted := tidy(cells.get("id_number", "")):
                repeats.note(wanted, number, name_of(cells.get("name", "")))
        if not found:
            raise SheetRefused("名册是空的：表头下面一行人也没有。请一人一行填好后再上传。")
        return found

    def people(self, reading: Reading, *, starts_on: date) -> list[Line]:
        """Everybody, numbered as in the sheet: for lists that fit into memory. SheetRefused."""
        self.count(reading, Repeats())
        return [Line.of(number, cells, starts_on=starts_on) for number, cells in self.rows(reading)]


def opened(data: bytes, name: str) -> Book:
    """An .xlsx, .xls or .csv, opened; TableRefused. What is plainly no list of people is refused here."""
    pages = tables.pages(data, name)
    _refuse_old_template(pages)
    book = Book([page for page in pages if page.is_seen])
    heads = book.heads()
    if not heads:
        raise SheetRefused("这个文件里没有内容：请下载名册模板，填好后再上传。")
    if not any(columns.may_be_people(rows) for rows in heads.values()):
        raise SheetRefused(
            "这不是名册：没有“姓名”“身份证号”这样的列，也没有身份证号码。请下载名册模板，把人员粘贴进去再上传。"
        )
    return book


def read(data: bytes, name: str, *, starts_on: date = date.max) -> list[Line]:
    """The people of a sheet whose header says all, numbered as in the sheet; else TableRefused."""
    book = opened(data, name)
    reading = book.understood()
    if reading is None:
        raise SheetRefused("认不出哪一列是姓名、哪一列是身份证号：请改成名册模板的表头再上传。")
    return book.people(reading, starts_on=starts_on)


def _is_no_person(cells: dict[str, str]) -> bool:
    if cells.get("name", "").startswith(SAMPLE):
        return True
    return all(columns.plain(cells.get(key, "")) in columns.ALIASES[key] for key in ("name", "id_number"))


def _is_a_total(row: Sequence[object]) -> bool:
    """合计, 制表人 and the like below a list; never a row with an identity number."""
    cells = [text(cell) for cell in row if text(cell)]
    return bool(_TOTAL.match(columns.plain(cells[0]))) and not any(_NUMBER.search(cell) for cell in cells)


def hidden_text(pages: Sequence[Page]) -> list[str]:
    """What our own sheets say of themselves in the first column of a page nobody sees."""
    ours = (page for page in pages if page.name == "huzhu" and not page.is_seen)
    return [text(row[0]) for page in ours for row in page.rows() if row]


def _refuse_old_template(pages: Sequence[Page]) -> None:
    """A template of another version may have meant something else by its columns."""
    version = next(iter(hidden_text(pages)), "")
    if version.startswith("huzhu-roster/") and version not in {VERSION, *STILL_READ}:
        raise SheetRefused(
            f"这是旧版的名册模板（{version}），现在用的是 {VERSION}：请下载新模板，把人员粘贴过去再上传。"
        )
