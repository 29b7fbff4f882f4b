"""The day's end at the cash desk (日结): what came and went on each money account since the last one, signed by a person.

A day takes every voucher posted since the day before was signed, whatever its date. So what is booked late stands in the
next day's book, marked, and the opening balance is always the balance that was signed.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Max, Q, QuerySet, Sum

from huzhu.audit import services as audit
from huzhu.ledger.accounts import CHART, MONEY, Line
from huzhu.ledger.books import entries_of, locked_books
from huzhu.ledger.models import DayBalance, DayClose, LedgerEntry
from huzhu.ledger.services import ensure_chart
from huzhu.organisations.models import Organisation
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import check_may


class DayRefused(ValueError):
    """A day that was signed before, lies before the last one, or has not come."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One money account of a day."""

    line: Line
    opening_fen: int
    in_fen: int
    out_fen: int

    @property
    def closing_fen(self) -> int:
        return self.opening_fen + self.in_fen - self.out_fen


@dataclass(frozen=True, slots=True)
class CashBook:
    """What a day would be signed with: the accounts, the vouchers, and the last of them."""

    before: DayClose | None
    accounts: list[Moved]
    upto: int
    voucher_count: int


def last_signed(book: Organisation) -> DayClose | None:
    return DayClose.objects.filter(book=book).order_by("-day").first()


def entries(book: Organisation, after: int, upto: int | None = None) -> QuerySet[LedgerEntry]:
    """Entries of the book, or of a branch of it, that move money, by voucher."""
    money = Q(debit__in=MONEY) | Q(credit__in=MONEY)
    found = entries_of(book).filter(money, voucher__gt=after)
    found = found.filter(voucher__lte=upto) if upto is not None else found
    return found.select_related("voucher", "debit", "credit", "office").order_by("voucher", "pk")


def cash_book(book: Organisation) -> CashBook:
    """What has happened since the last day was signed."""
    before = last_signed(book)
    after = before.upto if before else 0
    opening = dict(before.balances.values_list("account", "closing_fen")) if before else {}
    news = entries_of(book).filter(voucher__gt=after).order_by()
    sums = news.aggregate(upto=Max("voucher"))
    moved: dict[str, dict[str, int]] = {
        side: defaultdict(
            int, news.filter(**{f"{side}__in": MONEY}).values_list(side).annotate(Sum("amount_fen"))
        )
        for side in ("debit", "credit")
    }
    accounts = [
        Moved(line, opening.get(line.code, 0), moved["debit"][line.code], moved["credit"][line.code])
        for line in CHART
        if line.code in MONEY
    ]
    count = entries(book, after).values("voucher").distinct().count()
    return CashBook(before, accounts, sums["upto"] or after, count)


@transaction.atomic
def sign(*, book: Organisation, day: date, by: Role, at: datetime) -> DayClose:
    """Write down the balances of the money accounts as they stand now, for this day; once a day; raises DayRefused."""
    check_may(by, "books.day", within=book)
    locked_books([book])
    found = cash_book(book)
    if day > at.astimezone(SHANGHAI).date():
        raise DayRefused(f"{day} 还没有到，没有日结。")
    if found.before and day <= found.before.day:
        raise DayRefused(
            f"已经日结到 {found.before.day}（{found.before.signed_by.name}），没有再结 {day}。"
            "那以后补记的账，记在下一个日结里。"
        )
    ensure_chart()  # a day may be signed before anything was ever posted
    signed = DayClose.objects.create(
        book=book,
        day=day,
        before=found.before,
        upto=found.upto,
        voucher_count=found.voucher_count,
        signed_by=by.user,
        signed_at=at,
    )
    DayBalance.objects.bulk_create(
        DayBalance(
            close=signed,
            account_id=one.line.code,
            opening_fen=one.opening_fen,
            in_fen=one.in_fen,
            out_fen=one.out_fen,
            closing_fen=one.closing_fen,
        )
        for one in found.accounts
    )
    audit.record(by=by, verb="ledger.sign_day", on=signed, at=at, detail={"vouchers": found.voucher_count})
    return signed
