"""The end of a fund year: income and expense are carried to the fund, and a share of them to the reserve.

Claims of a year are paid long after it ends, so a year may be closed again: each time what came in the meantime is
carried on, and the reserve is brought to its share of the whole year.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet, Sum

from huzhu.audit import services as audit
from huzhu.core.money import spoken
from huzhu.ledger import lifecycle, services
from huzhu.ledger.accounts import CHART, CLOSING, FUND, RESERVE, Kind, Purse
from huzhu.ledger.books import entries_of, locked_books
from huzhu.ledger.models import LedgerEntry, Period, ReserveRate, YearClosing
from huzhu.ledger.periods import SamePerson
from huzhu.ledger.services import Row
from huzhu.organisations.models import Organisation
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

State = YearClosing.State
INCOME = frozenset(line.code for line in CHART if line.kind == Kind.INCOME and line.purse == Purse.MUTUAL)
EXPENSE = frozenset(line.code for line in CHART if line.kind == Kind.EXPENSE and line.purse == Purse.MUTUAL)


SOURCE = "closing:"
FIRST_YEAR = 2000  # no fund of this kind is older


class CannotClose(ValueError):
    """A year that is not over, has open months or no confirmed rate, or has nothing to carry on."""


class BadRate(ValueError):
    """A share that is none, or without what it rests on."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What closing a fund year would do: its rows, and what they come to."""

    rate: ReserveRate | None
    rows: list[Row]
    income_fen: int
    expense_fen: int
    reserve_fen: int

    @property
    def surplus_fen(self) -> int:
        return self.income_fen - self.expense_fen


@transaction.atomic
def propose_rate(  # noqa: PLR0913  a share, from when, of what, resting on what
    *,
    book: Organisation,
    valid_from: date,
    basis: str,
    basis_points: int,
    clause: str,
    by: Role,
    at: datetime,
) -> ReserveRate:
    """One person's word on the share from a day on; nothing follows it before another confirms."""
    check_may(by, "books.reserve", within=book)
    if basis not in ReserveRate.Basis or not 0 <= basis_points <= 10_000:
        raise BadRate("比例要在 0% 到 100% 之间，基数要选“收入”或“结余”，没有保存。")
    if not clause.strip():
        raise BadRate("没有写依据，没有保存。请写明是哪个文件、哪一条定的比例。")
    rate = ReserveRate.objects.create(
        book=book,
        valid_from=valid_from,
        basis=basis,
        basis_points=basis_points,
        clause=clause.strip()[:200],
        proposed_by=by.user,
        proposed_at=at,
    )
    audit.record(by=by, verb="ledger.propose_rate", on=rate, at=at, detail={"basis_points": basis_points})
    return rate


@transaction.atomic
def confirm_rate(*, rate: ReserveRate, by: Role, at: datetime) -> ReserveRate:
    """The other person's word."""
    check_may(by, "books.reserve_confirm", within=rate.book)
    if rate.proposed_by_id == by.user_id:
        raise SamePerson("这个比例是您提出的，要由另一个人确认。")
    try:
        with transaction.atomic():
            done = ReserveRate.objects.filter(pk=rate.pk, confirmed_by=None).update(
                confirmed_by=by.user, confirmed_at=at
            )
    except IntegrityError as problem:
        raise BadRate(
            f"{rate.valid_from} 起已经有一个确认过的比例，没有再确认。请换一个起用日。"
        ) from problem
    if not done:
        raise BadRate("这个比例刚刚已经有人确认了。请刷新后再看。")
    rate.refresh_from_db()
    audit.record(by=by, verb="ledger.confirm_rate", on=rate, at=at)
    return rate


def rate_of(book: Organisation, fund_year: int) -> ReserveRate | None:
    """The confirmed share that holds on the last day of the year."""
    rates = ReserveRate.objects.filter(book=book, confirmed_by__isnull=False)
    return rates.filter(valid_from__lte=date(fund_year, 12, 31)).order_by("-valid_from").first()


def plan(book: Organisation, fund_year: int) -> Plan:
    """What is still to be carried on, reckoned anew; the reserve scheme by scheme, half a fen up."""
    rate = rate_of(book, fund_year)
    rows: list[Row] = []
    income = expense = 0
    entries = entries_of(book).filter(fund_year=fund_year)
    for (slug, office), nets in sorted(_nets(entries).items()):
        place = Organisation.objects.get(pk=office)
        carried = {code: fen for code, fen in nets.items() if code in INCOME | EXPENSE and fen}
        rows += [_row(code, CLOSING, -fen, slug, fund_year, place) for code, fen in sorted(carried.items())]
        surplus = -sum(carried.values())
        if surplus:
            rows.append(_row(CLOSING, FUND, surplus, slug, fund_year, place))
        income -= sum(fen for code, fen in carried.items() if code in INCOME)
        expense += sum(fen for code, fen in carried.items() if code in EXPENSE)
    parts = list(_reserves(book, fund_year, rate)) if rate else []
    return Plan(rate, rows + [row for _, row in parts], income, expense, sum(fen for fen, _ in parts))


def _nets(entries: object) -> dict[tuple[str, int], dict[str, int]]:
    """Debits less credits by account, for each scheme and office."""
    nets: dict[tuple[str, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for side, sign in (("debit", 1), ("credit", -1)):
        keys = entries.order_by().values_list("scheme_slug", "office", side)  # type: ignore[attr-defined]
        for slug, office, code, fen in keys.annotate(Sum("amount_fen")):
            nets[slug, office][code] += sign * fen
    return nets


def _row(debit: str, credit: str, fen: int, slug: str, year: int, office: Organisation) -> Row:
    """Moves fen from the debit's to the credit's side; a negative amount the other way."""
    sides = (debit, credit) if fen > 0 else (credit, debit)
    return Row(*sides, abs(fen), slug, year, office)


def _reserves(book: Organisation, fund_year: int, rate: ReserveRate) -> Iterator[tuple[int, Row]]:
    """What each scheme's reserve still lacks of its share of the whole year, or has too much and still holds."""
    every = entries_of(book)
    entries = every.filter(fund_year=fund_year)
    whole: dict[str, int] = defaultdict(int)
    for (slug, _), nets in _nets(entries.exclude(Q(debit=CLOSING) | Q(credit=CLOSING))).items():
        counts = INCOME if rate.basis == ReserveRate.Basis.INCOME else INCOME | EXPENSE
        whole[slug] -= sum(fen for code, fen in nets.items() if code in counts)
    # what two persons drew or added by hand stays drawn or added
    booked, held = _in_reserve(entries.filter(voucher__source__startswith=SOURCE)), _in_reserve(every)
    for slug, base in sorted(whole.items()):
        target = (max(base, 0) * rate.basis_points + 5_000) // 10_000
        if lacking := max(target - booked[slug], -max(held[slug], 0)):
            yield lacking, _row(FUND, RESERVE, lacking, slug, fund_year, book)


def _in_reserve(entries: QuerySet[LedgerEntry]) -> dict[str, int]:
    """What these entries brought into the reserve of each scheme."""
    found: dict[str, int] = defaultdict(int)
    for (slug, _), nets in _nets(entries.filter(Q(debit=RESERVE) | Q(credit=RESERVE))).items():
        found[slug] -= nets[RESERVE]
    return found


@transaction.atomic
def propose(*, book: Organisation, fund_year: int, by: Role, at: datetime) -> YearClosing:
    """One person proposes what `plan` says; raises CannotClose."""
    check_may(by, "books.year", within=book)
    locked_books([book])
    rate, found = _checked(book, fund_year, at)
    try:
        with transaction.atomic():
            proposed = YearClosing.objects.create(
                book=book,
                fund_year=fund_year,
                rate=rate,
                income_fen=found.income_fen,
                expense_fen=found.expense_fen,
                reserve_fen=found.reserve_fen,
                proposed_by=by.user,
                proposed_at=at,
            )
    except IntegrityError as problem:
        raise CannotClose(f"{fund_year} 基金年度的结转已经有人提出，正等确认。请先办完那一个。") from problem
    detail = {"income_fen": found.income_fen, "expense_fen": found.expense_fen}
    audit.record(by=by, verb="ledger.propose_year", on=proposed, at=at, detail=detail)
    return proposed


@transaction.atomic
def confirm(*, closing: YearClosing, by: Role, at: datetime) -> YearClosing:
    """Another person posts it, if the books still say what was proposed."""
    check_may(by, "books.year_confirm", within=closing.book)
    held = _held(closing, State.POSTED, by)
    rate, found = _checked(held.book, held.fund_year, at)
    shown = (held.income_fen, held.expense_fen, held.reserve_fen, held.rate_id)
    if shown != (found.income_fen, found.expense_fen, found.reserve_fen, rate.pk):
        raise CannotClose(
            f"提出以后账又变了：现在收入 {spoken(found.income_fen)} 元、支出 {spoken(found.expense_fen)} 元，"
            "没有结转。请退回，重新提出。"
        )
    held.voucher = services.post(
        source=f"{SOURCE}{held.pk}",
        posted_on=at.astimezone(SHANGHAI).date(),
        note=f"{held.fund_year} 基金年度结转",
        rows=found.rows,
        by=by,
        at=at,
    )
    held.state, held.posted_by, held.posted_at = State.POSTED, by.user, at
    held.save(update_fields=["state", "voucher", "posted_by", "posted_at"])
    audit.record(by=by, verb="ledger.close_year", on=held, at=at, detail={"reserve_fen": held.reserve_fen})
    return held


@transaction.atomic
def withdraw(*, closing: YearClosing, by: Role, at: datetime) -> YearClosing:
    """The other person sends it back; nothing was booked."""
    check_may(by, "books.year_confirm", within=closing.book)
    held = _held(closing, State.WITHDRAWN, by)
    held.state = State.WITHDRAWN
    held.save(update_fields=["state"])
    audit.record(by=by, verb="ledger.withdraw_year", on=held, at=at)
    return held


def _held(closing: YearClosing, to: str, by: Role) -> YearClosing:
    locked_books([closing.book])
    held = YearClosing.objects.select_related("book").select_for_update(of=("self",)).get(pk=closing.pk)
    lifecycle.check(held, to)
    if held.proposed_by_id == by.user_id:
        raise SamePerson("这个结转是您提出的，要由另一个人确认。请交给另一位出纳放行。")
    return held


def objection(book: Organisation, fund_year: int, at: datetime) -> str:
    """Why the year cannot be closed yet; empty when it can."""
    if fund_year < FIRST_YEAR:
        return f"没有 {fund_year} 基金年度。请从“会计月份”页上选年度。"
    if at.astimezone(SHANGHAI).year <= fund_year:
        return f"{fund_year} 基金年度到 {fund_year}-12-31 才结束，在那以后结转。"
    last = f"{fund_year}-12"
    entries = entries_of(book).filter(month__lte=last)
    months = set(entries.order_by().values_list("month", flat=True).distinct())
    closed = Period.objects.filter(book=book, state=Period.State.CLOSED).values_list("month", flat=True)
    if still := sorted(months - set(closed)):
        return f"{still[0]} 还没有关账。请先把 {last} 以前（含）的月份都锁账、关账。"
    if rate_of(book, fund_year) is None:
        return "还没有确认过的备付金比例。请先设定（可以是 0%），并由另一个人确认。"
    return ""


def _checked(book: Organisation, fund_year: int, at: datetime) -> tuple[ReserveRate, Plan]:
    if why := objection(book, fund_year, at):
        raise CannotClose(f"没有结转：{why}")
    found = plan(book, fund_year)
    if found.rate is None or not found.rows:
        raise CannotClose(f"{fund_year} 基金年度没有要结转的收支：上次结转以后没有新的记录。")
    return found.rate, found
