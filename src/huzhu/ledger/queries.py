"""Questions to the books: entries, balances, statements; asked for somebody they are those of their branch."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from huzhu.core.periods import months_after
from huzhu.ledger.accounts import CHART, CLOSING, COLLECTED, RESERVE, Line, Purse
from huzhu.ledger.books import books, entries_of
from huzhu.ledger.models import (
    Account,
    DayClose,
    LedgerEntry,
    ManualVoucher,
    Period,
    ReserveRate,
    Voucher,
    YearClosing,
)
from huzhu.organisations.models import Organisation
from huzhu.users.permissions import may

HAPPENED = Coalesce("voucher__happened_on", "voucher__posted_on")
DEBITED = frozenset({Account.Kind.ASSET, Account.Kind.EXPENSE})  # accounts that grow on the debit side


@dataclass(frozen=True, slots=True)
class Balance:
    """One account: what it held before, and what moved on each side."""

    line: Line
    before_fen: int  # on the account's own side
    debit_fen: int
    credit_fen: int

    @property
    def moved_fen(self) -> int:
        """What was added on the account's own side."""
        moved = self.debit_fen - self.credit_fen
        return moved if self.line.kind in DEBITED else -moved

    @property
    def balance_fen(self) -> int:
        return self.before_fen + self.moved_fen

    @property
    def debit_balance_fen(self) -> int:
        """As a signed sum: what all accounts together must bring to 0."""
        return self.balance_fen if self.line.kind in DEBITED else -self.balance_fen


@dataclass(frozen=True, slots=True)
class Statement:
    """Income and expense of a period with what they came to since the start, and what the fund holds and owes."""

    balances: list[Balance]
    unclosed: list[Balance]  # the same without what closings carried on

    @property
    def income(self) -> list[Balance]:
        return [one for one in self.unclosed if one.line.kind == Account.Kind.INCOME]

    @property
    def expense(self) -> list[Balance]:
        return [one for one in self.unclosed if one.line.kind == Account.Kind.EXPENSE]

    @property
    def standing(self) -> list[Balance]:
        """What is held, what is owed, and the fund with its reserve."""
        kinds = {Account.Kind.ASSET, Account.Kind.LIABILITY, Account.Kind.FUND}
        return [one for one in self.balances if one.line.kind in kinds]

    @property
    def income_fen(self) -> int:
        return sum(one.moved_fen for one in self.income)

    @property
    def expense_fen(self) -> int:
        return sum(one.moved_fen for one in self.expense)

    @property
    def surplus_fen(self) -> int:
        return self.income_fen - self.expense_fen

    @property
    def income_to_date_fen(self) -> int:
        return sum(one.balance_fen for one in self.income)

    @property
    def expense_to_date_fen(self) -> int:
        return sum(one.balance_fen for one in self.expense)

    @property
    def surplus_to_date_fen(self) -> int:
        return self.income_to_date_fen - self.expense_to_date_fen

    @property
    def net_fen(self) -> int:
        """What is left for the members: everything held, less everything owed."""
        kinds = {Account.Kind.ASSET, Account.Kind.LIABILITY}
        return sum(one.debit_balance_fen for one in self.balances if one.line.kind in kinds)

    @property
    def debit_fen(self) -> int:
        return sum(one.debit_fen for one in self.balances)

    @property
    def credit_fen(self) -> int:
        return sum(one.credit_fen for one in self.balances)

    @property
    def trial_fen(self) -> int:
        """Debit balances less credit balances: 0, or something is wrong."""
        return sum(one.debit_balance_fen for one in self.balances)


def visible_to(by: Any) -> QuerySet[LedgerEntry]:
    """Entries of the offices in the asker's branch; nothing for those who may not see the books."""
    entries = LedgerEntry.objects.select_related("voucher", "debit", "credit", "office")
    if not may(by, "books.see"):
        return entries.none()
    return entries.filter(office__path__startswith=by.organisation.path)


def entries(by: Any, account: str = "", month: str | None = None, **split: Any) -> QuerySet[LedgerEntry]:
    """The asker's entries of an account, a month and a split (scheme_slug, fund_year, office), newest first."""
    wanted = {name: value for name, value in {"month": month, **split}.items() if value is not None}
    found = visible_to(by).filter(**wanted)
    if account:
        found = found.filter(Q(debit=account) | Q(credit=account))
    return found.order_by("-voucher__number", "pk")


def vouchers(by: Any) -> QuerySet[Voucher]:
    """Vouchers with an entry that the asker may see, newest first."""
    seen = visible_to(by).order_by().values("voucher")
    return Voucher.objects.filter(pk__in=seen).order_by("-number")


def vouchers_of(by: Any, sources: Sequence[str], numbers: Iterable[str] = ()) -> QuerySet[Voucher]:
    """Vouchers that the asker may see whose source begins with one of these, or with one of the numbers; oldest first."""
    wanted = Q(number__in=list(numbers))
    for one in sources:
        wanted |= Q(source__startswith=one)
    return vouchers(by).filter(wanted).order_by("number")


def balances(  # noqa: PLR0913  what the books are kept by
    scheme: str | None = None,
    fund_year: int | None = None,
    month: str | None = None,
    office: Organisation | None = None,
    *,
    by: Any = None,
    until: str | None = None,
    under: Organisation | None = None,
    purse: Purse = Purse.MUTUAL,
    closings: bool = True,
) -> list[Balance]:
    """Every account of a purse. `month` ("2022-07") splits before it from within it, and leaves out what is later;
    with `until` the months from the one to the other are within. `under` takes a whole branch.

    Without `closings` what a year's closing carried on is left out, so that income and expense stay readable.
    Without `by` the whole books are summed: for reckoning, never for showing.
    """
    entries = LedgerEntry.objects.all() if by is None else visible_to(by)
    wanted = {"scheme_slug": scheme, "fund_year": fund_year, "month__lte": until or month, "office": office}
    entries = entries.filter(**{name: value for name, value in wanted.items() if value is not None})
    entries = entries.filter(office__path__startswith=under.path) if under else entries
    if not closings:
        entries = entries.exclude(debit=CLOSING).exclude(credit=CLOSING)
    before, within = (
        (entries.filter(month__lt=month), entries.filter(month__gte=month))
        if month
        else (entries.none(), entries)
    )
    found = _balances(_nets(before), _sums(within, "debit"), _sums(within, "credit"))
    return [one for one in found if one.line.purse == purse]


def _balances(before: dict[str, int], debited: dict[str, int], credited: dict[str, int]) -> list[Balance]:
    return [
        Balance(
            line,
            before[line.code] if line.kind in DEBITED else -before[line.code],
            debited[line.code],
            credited[line.code],
        )
        for line in CHART
    ]


def statement(  # noqa: PLR0913  what the books are kept by
    scheme: str | None = None,
    fund_year: int | None = None,
    month: str | None = None,
    office: Organisation | None = None,
    *,
    by: Any = None,
    until: str | None = None,
    under: Organisation | None = None,
    purse: Purse = Purse.MUTUAL,
) -> Statement:
    """Income by payer and expense by benefit as they were before any closing; every account as it stands."""
    whole, unclosed = (
        balances(
            scheme, fund_year, month, office, by=by, until=until, under=under, purse=purse, closings=closings
        )
        for closings in (True, False)
    )
    return Statement(whole, unclosed)


def collected(office: Organisation, until: date) -> list[tuple[int, str, int]]:
    """What lay in an agency's collecting account on a day and lies there still: (fund year, scheme, fen), oldest year first."""
    entries = LedgerEntry.objects.filter(office=office).order_by()
    standing = entries.filter(
        voucher__reverses=None, voucher__reversed_by=None
    )  # what was taken back moved nothing
    then = _lying(standing.alias(on=HAPPENED).filter(on__lte=until))
    return [(*key, min(fen, then[key])) for key, fen in sorted(_lying(entries).items())]


def _lying(entries: QuerySet[LedgerEntry]) -> dict[tuple[int, str], int]:
    sums: dict[tuple[int, str], int] = defaultdict(int)
    for side, sign in (("debit", 1), ("credit", -1)):
        found = entries.filter(**{side: COLLECTED}).values_list("fund_year", "scheme_slug")
        for year, slug, fen in found.annotate(Sum("amount_fen")):
            sums[year, slug] += sign * fen
    return sums


def choices(by: Any) -> dict[str, list[Any]]:
    """What the asker's books can be split by: schemes, fund years, months and offices that occur."""
    seen = visible_to(by).order_by()
    offices = Organisation.objects.filter(pk__in=seen.values("office")).order_by("path")
    return {
        "schemes": sorted(seen.exclude(scheme_slug="").values_list("scheme_slug", flat=True).distinct()),
        "years": sorted(seen.values_list("fund_year", flat=True).distinct(), reverse=True),
        "months": sorted(seen.values_list("month", flat=True).distinct(), reverse=True),
        "offices": list(offices),
    }


def _nets(entries: QuerySet[LedgerEntry]) -> dict[str, int]:
    """Debits less credits by account."""
    nets = _sums(entries, "debit")
    for code, amount in _sums(entries, "credit").items():
        nets[code] -= amount
    return nets


def _sums(entries: QuerySet[LedgerEntry], side: str) -> dict[str, int]:
    found = entries.order_by().values_list(side).annotate(Sum("amount_fen"))
    return defaultdict(int, dict(found))


def book_for(by: Any) -> Organisation | None:
    """The book that somebody keeps or reads: the province at or above them, or the only one below."""
    if not may(by, "books.see"):
        return None
    found = list(books(by.organisation)[:2])
    return found[0] if found else None


def months(book: Organisation, today: date) -> list[Period]:
    """Every month of a book from its first entry to today, newest first, also those in which nothing was booked.

    Months are locked one after the other: one that the list passed over would hold up all after it.
    """
    entries = entries_of(book).order_by()
    seen = set(entries.values_list("month", flat=True).distinct())
    rows = {
        one.month: one for one in Period.objects.filter(book=book).select_related("locked_by", "closed_by")
    }
    found = sorted(seen | rows.keys())
    if not found:
        return []
    day, last = date.fromisoformat(f"{found[0]}-01"), max(found[-1], f"{today:%Y-%m}")
    every = []
    while (month := f"{day:%Y-%m}") <= last:
        every.append(rows.get(month) or Period(book=book, month=month))
        day = months_after(day, 1)
    return every[::-1]


def periods_of(by: Any) -> QuerySet[Period]:
    """Months with a row, of the book that the asker may see."""
    book = book_for(by)
    return Period.objects.filter(book=book).select_related("book") if book else Period.objects.none()


def rates(book: Organisation) -> QuerySet[ReserveRate]:
    return ReserveRate.objects.filter(book=book).select_related("proposed_by", "confirmed_by")


def closings(book: Organisation) -> QuerySet[YearClosing]:
    return YearClosing.objects.filter(book=book).select_related(
        "proposed_by", "posted_by", "voucher", "rate", "book"
    )


def reserves(by: Any) -> dict[str, int]:
    """What each scheme of the asker's books has in reserve, by slug; those without one have 0."""
    seen = visible_to(by).order_by()
    sums = dict.fromkeys(choices(by)["schemes"], 0)
    for side, sign in (("credit", 1), ("debit", -1)):
        for slug, fen in (
            seen.filter(**{side: RESERVE}).values_list("scheme_slug").annotate(Sum("amount_fen"))
        ):
            sums[slug] += sign * fen
    return sums


def closings_of(by: Any, voucher: Voucher) -> QuerySet[YearClosing]:
    """The closing that a voucher posted, of the book that the asker may see."""
    book = book_for(by)
    return closings(book).filter(voucher=voucher) if book else YearClosing.objects.none()


def manual_vouchers(by: Any) -> QuerySet[ManualVoucher]:
    """Vouchers by hand of the book that the asker may see, newest first; they are the whole book's, not a branch's."""
    book = book_for(by)
    is_whole = book is not None and by.organisation.contains(book)
    found = ManualVoucher.objects.filter(book=book) if is_whole else ManualVoucher.objects.none()
    back = ManualVoucher.objects.filter(reverses=OuterRef("pk")).exclude(state=ManualVoucher.State.SENT_BACK)
    found = found.annotate(is_taken_back=Exists(back))
    return found.select_related("book", "proposed_by", "settled_by", "voucher", "reverses__voucher")


def day_closes(book: Organisation) -> QuerySet[DayClose]:
    """Signed days, newest first, with their balances."""
    return (
        DayClose.objects.filter(book=book)
        .select_related("signed_by", "before")
        .prefetch_related("balances__account")
    )
