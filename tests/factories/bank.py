"""Accounts of the office's own, and files as banks write them."""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, date, datetime
from itertools import count

import xlsxwriter

from huzhu.bank import services
from huzhu.bank.formats import forms
from huzhu.bank.models import OwnAccount, Statement, StatementLine
from huzhu.bank.services import Typed
from huzhu.core.money import fen, yuan
from huzhu.organisations.models import Organisation
from huzhu.users.models import Role

TAKEN_AT = datetime(2022, 12, 1, 2, tzinfo=UTC)
HEADS = forms()["two-columns"].example
_numbers = count(1)
# day, reference, amount, name, number, remark
Told = tuple[str, str, str, str, str, str]


def an_own_account(
    organisation: Organisation, *, by: Role, form: str = "two-columns", since: date = date(2022, 7, 1)
) -> OwnAccount:
    return services.open_account(
        organisation=organisation,
        holder="伊春代办处（演示账户）",
        bank_name="龙江银行伊春分行",
        number=f"9900 2307 {next(_numbers):08d}",
        form=form,
        since=since,
        by=by,
        at=TAKEN_AT,
    )


def told(day: str, reference: str, amount: str, name: str = "", number: str = "", remark: str = "") -> Told:
    """One line: negative went out."""
    return day, reference, amount, name, number, remark


def rows_of(lines: Iterable[Told], opening: str = "0.00") -> list[list[str]]:
    """As the form with two columns writes them, with the balance after each."""
    balance, rows = fen(opening), []
    for day, reference, amount, name, number, remark in lines:
        moved = fen(amount)
        balance += moved
        sides = [yuan(moved), ""] if moved > 0 else ["", yuan(-moved)]
        rows.append([day, reference, *sides, yuan(balance), name, number, remark])
    return rows


def as_csv(rows: Iterable[Iterable[str]], heads: Iterable[str] = HEADS, encoding: str = "utf-8") -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([heads, *rows])
    return out.getvalue().encode(encoding)


def as_xlsx(rows: Iterable[Iterable[object]], heads: Iterable[str] = HEADS) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page = book.add_worksheet("明细")
        for at, row in enumerate([heads, *rows]):
            page.write_row(at, 0, row)
    return out.getvalue()


def a_statement(
    account: OwnAccount,
    *lines: Told,
    by: Role,
    opening: str = "0.00",
    last_on: date | None = None,
    at: datetime = TAKEN_AT,
) -> Statement:
    """Taken in."""
    return services.take(
        account=account,
        name="对账单.csv",
        data=as_csv(rows_of(lines, opening)),
        typed=Typed(last_on=last_on),
        by=by,
        at=at,
    )


def the_line(reference: str) -> StatementLine:
    return StatementLine.objects.get(reference=reference)
