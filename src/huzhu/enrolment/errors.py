"""The rows with something wrong as a workbook: mended in a spreadsheet, they come back to their own rows."""

import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]

from huzhu.enrolment.entry import most_shares
from huzhu.enrolment.line import LABELS
from huzhu.enrolment.models import Roster, RosterRow
from huzhu.enrolment.queries import columns_of, refused_for
from huzhu.enrolment.refusals import RosterRefused
from huzhu.enrolment.rows import in_slices
from huzhu.enrolment.sheet import WIDTHS, hidden_text
from huzhu.enrolment.slices import Tell, quietly
from huzhu.enrolment.suggest import suggestions
from huzhu.files import tables

VERSION = "huzhu-mend/1"
NUMBER, REASON = "行号", "要改什么"


class NotItsErrors(RosterRefused):
    """The workbook is not the one of errors that was downloaded from this roster."""


def workbook(roster: Roster, tell: Tell = quietly) -> bytes:
    """An .xlsx of the rows to mend: cells as text, the wrong ones coloured, the reasons in words beside them."""
    total, columns = roster.rows.filter(joins="").count(), columns_of(roster, refused_for(roster))
    most = most_shares(roster.editions.all(), roster.cover_starts_on)
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False}) as book:
        page = book.add_worksheet("要改的行")
        text = book.add_format({"num_format": "@"})
        wrong = book.add_format(
            {"num_format": "@", "bg_color": "#FDE3E1", "border": 1, "border_color": "#B42318"}
        )
        head = book.add_format({"num_format": "@", "bold": True, "bg_color": "#E6F0F4", "bottom": 1})
        page.set_column(0, 0, 8, text)
        for place, column in enumerate(columns, start=1):
            page.set_column(place, place, WIDTHS[column], text)
        page.set_column(len(columns) + 1, len(columns) + 1, 90, text)
        for place, label in enumerate((NUMBER, *(LABELS[column] for column in columns), REASON)):
            page.write_string(0, place, label, head)
        page.freeze_panes(1, 1)
        at = 0
        for rows in in_slices(roster.rows.filter(joins="")):
            for row in rows:
                at += 1
                _write(page, at, [row.number, *(getattr(row, column) for column in columns)], text)
                for place, column in enumerate(columns, start=1):
                    if column in row.problems:
                        page.write_string(at, place, getattr(row, column) or "", wrong)
                page.write_string(at, len(columns) + 1, _reasons(row, most), text)
            tell(at, total, "正在写错误表")
        hidden = book.add_worksheet("huzhu")
        hidden.write_column(0, 0, [VERSION, str(roster.pk)])
        hidden.very_hidden()
    return out.getvalue()


def _write(page: Any, at: int, cells: Iterable[Any], text: Any) -> None:
    for place, cell in enumerate(cells):
        page.write_string(at, place, str(cell or ""), text)


def _reasons(row: RosterRow, most: int) -> str:
    offered = suggestions(row, most)
    return "；".join(
        f"{LABELS[column]}：{said}" + (f"（可能是 {offered[column]}）" if column in offered else "")
        for column, said in row.problems.items()
    )


def mended(roster: Roster, data: bytes, name: str) -> dict[str, Mapping[str, str]]:
    """The cells of the workbook that came back, {row id: {column: text}}, of rows that are still to mend.

    TableRefused; NotItsErrors where it is another file or another roster's.
    """
    pages = tables.pages(data, name)
    if hidden_text(pages)[:2] != [VERSION, str(roster.pk)]:
        raise NotItsErrors(
            "这不是从这份名册下载的错误表：请先下载错误表，改好标红的格子，保存后原样上传。整份重报请用“作废，重新上传”。"
        )
    cells = dict(_cells(pages))
    found: dict[str, Mapping[str, str]] = {}
    for rows in in_slices(roster.rows.filter(joins="")):
        found |= {str(row.pk): cells[row.number] for row in rows if row.number in cells}
    return found


def _cells(pages: list[tables.Page]) -> Iterator[tuple[int, Mapping[str, str]]]:
    page = next((one for one in pages if one.is_seen), None)
    rows = page.rows() if page else iter(())
    head = [tables.text(cell) for cell in next(rows, ())]
    places = {column: head.index(label) for column, label in LABELS.items() if label in head}
    if NUMBER not in head or not places:
        raise NotItsErrors("错误表的表头被改动过，对不上行和列：请重新下载错误表，只改格子里的内容。")
    at = head.index(NUMBER)
    for row in rows:
        number = tables.text(row[at]) if at < len(row) else ""
        if number.isdecimal():
            yield int(number), {c: tables.text(row[p]) for c, p in places.items() if p < len(row)}
