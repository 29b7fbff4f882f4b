"""The books as a workbook: statement, trial balance and, where they are not too many, the entries."""

from collections.abc import Iterable, Iterator
from typing import Any

from huzhu.schemes.queries import short_names
from huzhu.web.workbooks import Cell, Table, workbook, yuan

MOST_ENTRIES = 500
ENTRY_HEADS = ("凭证号", "日期", "摘要", "借方", "贷方", "金额（元）", "方案", "基金年度", "机构")
BALANCE_HEADS = ("科目代码", "科目", "期初（元）", "借方（元）", "贷方（元）", "期末（元）")


def books_workbook(said: str, found: Any, entries: Any) -> bytes:
    """What was asked for, on three pages."""
    return workbook(
        Table("收支表", said, ("项目", "本期（元）", "累计（元）"), _statement(found)),
        Table("科目余额表", said, BALANCE_HEADS, _balances(found)),
        Table("分录", said, ENTRY_HEADS, _entries(entries)),
    )


def _statement(found: Any) -> Iterator[tuple[Cell, ...]]:
    for rows, word, sums in (
        (found.income, "收入合计", (found.income_fen, found.income_to_date_fen)),
        (found.expense, "支出合计", (found.expense_fen, found.expense_to_date_fen)),
    ):
        for row in rows:
            yield (row.line.name, yuan(row.moved_fen), yuan(row.balance_fen))
        yield (word, *map(yuan, sums))
    yield ("结余", yuan(found.surplus_fen), yuan(found.surplus_to_date_fen))


def _balances(found: Any) -> Iterator[tuple[Cell, ...]]:
    for row in found.balances:
        amounts = (row.before_fen, row.debit_fen, row.credit_fen, row.balance_fen)
        yield (row.line.code, row.line.name, *map(yuan, amounts))
    yield ("", "发生额合计", None, yuan(found.debit_fen), yuan(found.credit_fen), None)


def _entries(entries: Any) -> Iterator[tuple[Cell, ...]]:
    count = entries.count()
    if count > MOST_ENTRIES:
        yield (f"共 {count} 条分录，超过 {MOST_ENTRIES} 条，没有导出。请按月份或方案分开导出。",)
        return
    yield from entry_cells(entries)


def entry_cells(entries: Iterable[Any]) -> Iterator[tuple[Cell, ...]]:
    """Entries as lines of a workbook."""
    names = short_names()
    for row in entries:
        yield (
            row.voucher.number,
            row.voucher.posted_on,
            row.voucher.note,
            str(row.debit),
            str(row.credit),
            yuan(row.amount_fen),
            names.get(row.scheme_slug, row.scheme_slug),
            str(row.fund_year),
            row.office.name,
        )
