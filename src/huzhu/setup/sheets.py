"""Lists that come in as spreadsheets: a template with a row of samples, and cells under their headers."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import xlsxwriter  # type: ignore[import-untyped]

from huzhu.files import tables
from huzhu.files.models import StoredFile
from huzhu.files.tables import TableRefused
from huzhu.users.models import Role

SAMPLE = "示例"
MOST_ROWS = 3_000


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a list: its label, other labels it is known by, its width in the template, a sample."""

    name: str
    label: str
    also: frozenset[str] = frozenset()
    width: int = 18
    sample: str = ""


@dataclass(slots=True)
class Row:
    """A row's cells as text; `problems` is column → sentence."""

    number: int
    cells: dict[str, str]
    problems: dict[str, str] = field(default_factory=dict)

    def wrong(self, column: str, sentence: str) -> None:
        """Note what is wrong with a cell; the first complaint stays."""
        self.problems.setdefault(column, sentence)


def template(title: str, columns: Sequence[Column], help_lines: Sequence[str]) -> bytes:
    """An .xlsx whose columns are text, with a sample row that is never read, and a page of explanations."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False}) as book:
        page = book.add_worksheet(title)
        text = book.add_format({"num_format": "@"})
        head = book.add_format({"num_format": "@", "bold": True, "bg_color": "#E6F0F4", "bottom": 1})
        grey = book.add_format({"num_format": "@", "font_color": "#808080", "italic": True})
        for at, column in enumerate(columns):
            page.set_column(at, at, column.width, text)
            page.write_string(0, at, column.label, head)
            page.write_string(1, at, column.sample, grey)
        page.freeze_panes(1, 0)
        told = book.add_worksheet("填写说明")
        told.set_column(0, 0, 90)
        for at, line in enumerate(help_lines):
            told.write_string(at, 0, line)
    return out.getvalue()


def read(data: bytes, name: str, columns: Sequence[Column], *, needed: frozenset[str]) -> list[Row]:
    """The rows under the header, numbered as in the sheet; titles above it are passed over. Else TableRefused."""
    table = tables.read(data, name)
    for top, cells in enumerate(table[:10]):
        places = _places([tables.text(cell) for cell in cells], columns)
        if needed <= places.keys():
            rows = _rows(table, top, places, columns[0].name)
            return _refused_sizes(rows)
    labels = "、".join(f"“{column.label}”" for column in columns if column.name in needed)
    raise TableRefused(f"前 10 行里没有{labels}这几列。请下载模板，把内容粘贴进去再上传。")


def _rows(table: tables.Table, top: int, places: dict[str, int], first: str) -> list[Row]:
    rows = []
    for number, line in enumerate(table[top + 1 :], start=top + 2):
        cells = {name: tables.text(line[at]) if at < len(line) else "" for name, at in places.items()}
        if any(cells.values()) and not cells[first].startswith(SAMPLE):
            rows.append(Row(number, cells))
    return rows


def _refused_sizes(rows: list[Row]) -> list[Row]:
    if not rows:
        raise TableRefused("表格是空的：表头下面一行也没有。请一行一个填好后再上传。")
    if len(rows) > MOST_ROWS:
        raise TableRefused(f"表格有 {len(rows):,} 行，一次最多 {MOST_ROWS:,} 行：请分成几个文件上传。")
    return rows


def _places(labels: Sequence[str], columns: Sequence[Column]) -> dict[str, int]:
    found: dict[str, int] = {}
    for at, label in enumerate(labels):
        plain = re.sub(r"[\s*：:]|[（(].*[)）]", "", label)
        for column in columns:
            if plain == column.label or plain in column.also:
                found.setdefault(column.name, at)
    return found


def uploaded(purpose: str, *, by: Role, key: str) -> StoredFile | None:
    """A list of this kind that this person has sent in."""
    return StoredFile.objects.filter(pk=key, purpose=purpose, stored_by=by.actor_id).first()
