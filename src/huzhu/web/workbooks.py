"""Lists as workbooks to take away: amounts and counts are numbers, and no text is ever a formula."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]
from django.http import HttpResponse
from django.utils.http import content_disposition_header

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Cell = str | int | Decimal | date | None


@dataclass(frozen=True, slots=True)
class Table:
    """One page: its name, what it is of, the heads of the columns, the rows."""

    name: str
    said: str
    heads: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def workbook(*tables: Table) -> bytes:
    """Each table on a page of its own, set for A4; what it is stands above the heads, and the heads stay in sight."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        head, money = (
            book.add_format({"bold": True, "bottom": 1}),
            book.add_format({"num_format": "#,##0.00"}),
        )
        for table in tables:
            page = book.add_worksheet(table.name)
            page.set_column(0, max(8, len(table.heads)), 16)
            page.set_paper(9)
            page.set_landscape()
            page.fit_to_pages(1, 0)
            page.repeat_rows(1)
            page.freeze_panes(2, 1)
            page.write_string(0, 0, plain(f"{table.name}　{table.said}"))
            page.write_row(1, 0, table.heads, head)
            for at, row in enumerate(table.rows, 2):
                _write(page, at, row, money)
    return out.getvalue()


def _write(page: Any, at: int, row: Sequence[Cell], money: Any) -> None:
    for column, cell in enumerate(row):
        if isinstance(cell, Decimal):
            page.write_number(at, column, cell, money)
        elif isinstance(cell, int):
            page.write_number(at, column, cell)
        elif cell:
            page.write_string(at, column, plain(cell if isinstance(cell, str) else cell.isoformat()))


def yuan(fen: int) -> Decimal:
    """Fen as yuan, for a cell of money."""
    return Decimal(fen) / 100


def plain(text: str) -> str:
    """Text that no spreadsheet runs, not even after it was saved as CSV."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def download(data: bytes, name: str) -> HttpResponse:
    """A workbook under this name, kept by nobody on the way."""
    headers = {"Content-Disposition": content_disposition_header(as_attachment=True, filename=name) or ""}
    return HttpResponse(data, content_type=XLSX, headers=headers)
