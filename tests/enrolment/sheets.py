"""Spreadsheets for tests, as people send them."""

import io
from collections.abc import Sequence
from pathlib import Path

import xlsxwriter

HEADER = ("姓名", "身份证号", "手机")
LOCKED = Path(__file__).with_name("locked.xlsx")  # made with the password 1234


def an_xlsx(rows: Sequence[Sequence[object]], header: Sequence[str] = HEADER, before: int = 0) -> bytes:
    """Text stays text and numbers become numbers, as when somebody types them; perhaps with titles above."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page = book.add_worksheet("名册")
        for row, cells in enumerate([*[["美溪林业局公司名册"]] * before, header, *rows]):
            for column, cell in enumerate(cells):
                (page.write_number if isinstance(cell, int | float) else page.write_string)(row, column, cell)
    return out.getvalue()


def a_far_cell() -> bytes:
    """A small file that asks for the memory of seventeen thousand million cells."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, HEADER)
        page.write_string(1_048_575, 16_383, "远")
    return out.getvalue()


def two_pages() -> bytes:
    """A hidden page before the one people see."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        hidden, seen = book.add_worksheet("旧"), book.add_worksheet("名册")
        hidden.write_row(0, 0, ["别的"])
        seen.write_row(0, 0, HEADER)
        seen.write_row(1, 0, ["王小明", "11010519491231002X", "13900000001"])
        seen.activate()
        seen.set_first_sheet()
        hidden.hide()
    return out.getvalue()
