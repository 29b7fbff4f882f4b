"""The books, to be read: balances of the accounts, entries, vouchers."""

from datetime import date
from typing import Annotated, Any

from django.http import Http404
from ninja import Field, Router, Schema

from huzhu.api.answers import ERRORS, Asked, Listed, Refused, Text, Yuan, listed, yuan
from huzhu.api.entrance import Bearer
from huzhu.ledger import queries

router = Router(tags=["账簿"], auth=Bearer("ledger"))
Month = Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$", description="会计月份，例如 2022-07")]
Year = Annotated[int, Field(ge=1990, le=2199)]


class Balance(Schema):
    account: str
    name: str
    kind: str
    before: Yuan
    debit: Yuan
    credit: Yuan
    balance: Yuan


class Entry(Schema):
    voucher: str
    debit: str
    credit: str
    amount: Yuan
    scheme: str
    fund_year: int
    month: str
    office: str


class Voucher(Schema):
    number: str
    posted_on: date
    note: str
    actor: str
    entries: list[Entry]


def _entry(one: Any) -> dict[str, Any]:
    return {
        "voucher": one.voucher.number,
        "debit": one.debit_id,
        "credit": one.credit_id,
        "amount": yuan(one.amount_fen),
        "scheme": one.scheme_slug,
        "fund_year": one.fund_year,
        "month": one.month,
        "office": one.office.code,
    }


def _balance(one: Any) -> dict[str, Any]:
    return {
        "account": one.line.code,
        "name": one.line.name,
        "kind": one.line.kind,
        "before": yuan(one.before_fen),
        "debit": yuan(one.debit_fen),
        "credit": yuan(one.credit_fen),
        "balance": yuan(one.balance_fen),
    }


@router.get("/balances", response={200: list[Balance], ERRORS: Refused}, summary="各科目余额")
def list_balances(
    request: Any, scheme: Text = "", fund_year: Year | None = None, month: Month | None = None
) -> Any:
    """`month`：分出这个月以前和这个月，不含以后的。"""
    found = queries.balances(scheme or None, fund_year, month, by=request.by)
    return [_balance(one) for one in found]


@router.get("/entries", response={200: Listed[Entry], ERRORS: Refused}, summary="分录列表")
def list_entries(
    request: Any,
    asked: Asked,
    account: Text = "",
    scheme: Text = "",
    fund_year: Year | None = None,
    month: Month | None = None,
) -> Any:
    """新的在前。`account`：科目代码，借方或贷方。"""
    found = queries.entries(request.by, account, month, scheme_slug=scheme or None, fund_year=fund_year)
    return listed(found, asked, _entry)


@router.get("/vouchers/{number}", response={200: Voucher, ERRORS: Refused}, summary="一张凭证")
def get_voucher(request: Any, number: Text) -> Any:
    one = queries.vouchers(request.by).filter(number=number).first()
    if one is None:
        raise Http404
    return {
        "number": one.number,
        "posted_on": one.posted_on,
        "note": one.note,
        "actor": one.actor_name,
        "entries": [_entry(row) for row in queries.visible_to(request.by).filter(voucher=one).order_by("pk")],
    }
