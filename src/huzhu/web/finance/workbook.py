"""The books as a workbook: amounts are numbers, and no text is ever a formula."""

import io
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]

MOST_ENTRIES = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Cell = str | Decimal | None


def books_workbook(said: str, found: Any, entries: Any) -> bytes:
    """Statement, trial balance and, where they are not too many, the entries."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(
        file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    _sheet(book, "收支表", ["收支表", said], _statement(found))
    _sheet(book, "科目余额表", ["科目余额表", said], _balances(found))
    _sheet(book, "分录", ["分录", said], _entries(entries))
    book.close()
    return file.getvalue()


def _statement(found: Any) -> Iterable[tuple[Cell, ...]]:
    yield ("项目", "本期（元）", "累计（元）")
    for rows, word, sums in (
        (found.income, "收入合计", (found.income_fen, found.income_to_date_fen)),
        (found.expense, "支出合计", (found.expense_fen, found.expense_to_date_fen)),
    ):
        for row in rows:
            yield (row.line.name, _yuan(row.moved_fen), _yuan(row.balance_fen))
        yield (word, *map(_yuan, sums))
    yield ("结余", _yuan(found.surplus_fen), _yuan(found.surplus_to_date_fen))


def _balances(found: Any) -> Iterable[tuple[Cell, ...]]:
    yield ("科目代码", "科目", "期初（元）", "借方（元）", "贷方（元）", "期末（元）")
    for row in found.balances:
        amounts = (row.before_fen, row.debit_fen, row.credit_fen, row.balance_fen)
        yield (row.line.code, row.line.name, *map(_yuan, amounts))
    yield ("", "发生额合计", None, _yuan(found.debit_fen), _yuan(found.credit_fen), None)


def _entries(entries: Any) -> Iterable[tuple[Cell, ...]]:
    count = entries.count()
    if count > MOST_ENTRIES:
        yield (f"共 {count} 条分录，超过 {MOST_ENTRIES} 条，没有导出。请按月份或方案分开导出。",)
        return
    yield ("凭证号", "日期", "摘要", "借方", "贷方", "金额（元）", "方案", "基金年度", "机构")
    for row in entries:
        yield (
            row.voucher.number,
            row.voucher.posted_on.isoformat(),
            row.voucher.note,
            str(row.debit),
            str(row.credit),
            _yuan(row.amount_fen),
            row.scheme_slug,
            str(row.fund_year),
            row.office.name,
        )


def _sheet(book: Any, name: str, heads: list[str], rows: Iterable[tuple[Cell, ...]]) -> None:
    sheet, money = book.add_worksheet(name), book.add_format({"num_format": "#,##0.00"})
    sheet.set_column(0, 8, 18)
    sheet.set_paper(9)
    all_rows: list[tuple[Cell, ...]] = [*((head,) for head in heads), *rows]
    for at, row in enumerate(all_rows):
        for column, cell in enumerate(row):
            if isinstance(cell, Decimal):
                sheet.write_number(at, column, cell, money)
            elif cell:
                sheet.write_string(at, column, plain(cell))


def plain(text: str) -> str:
    """Text that no spreadsheet runs, not even after it was saved as CSV."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _yuan(fen: int) -> Decimal:
    return Decimal(fen) / 100
