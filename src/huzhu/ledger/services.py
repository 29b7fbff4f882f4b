"""The only writer of the books: a voucher with its entries, once for each source."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from huzhu.audit import services as audit
from huzhu.core.hashing import canonical_json, sha256_text
from huzhu.ledger import periods
from huzhu.ledger.accounts import CHART, purse_of
from huzhu.ledger.books import NoBook, locked_books
from huzhu.ledger.models import Account, LedgerEntry, Voucher, VoucherDay
from huzhu.organisations.models import Organisation

EARLIEST = date(2000, 1, 1)  # a year of less is typed wrong


class AlreadyPosted(ValueError):
    """The books hold a voucher of this source."""


class EntryRefused(ValueError):
    """A row that would not balance, or names an account that the chart does not have."""


class MonthIsShut(EntryRefused):
    """The day lies in a month that is locked or closed."""


class CannotReverse(ValueError):
    """A voucher is taken back once, with a reason; its mirror image never."""


@dataclass(frozen=True, slots=True)
class Row:
    """One entry to be: codes of two accounts, fen, and what it is kept by."""

    debit: str
    credit: str
    amount_fen: int
    scheme_slug: str
    fund_year: int
    office: Organisation


@dataclass(frozen=True, slots=True)
class Posting:
    """One voucher to be: where it comes from, its day, its words and rows, and the voucher that it reverses.

    `or_later`: where that day's month is shut, it is booked on the first open day instead of being refused.
    """

    source: str
    posted_on: date
    note: str
    rows: Sequence[Row]
    reverses: Voucher | None = None
    or_later: bool = False


@transaction.atomic
def post(  # noqa: PLR0913  a voucher, by whom and when
    *,
    source: str,
    posted_on: date,
    note: str,
    rows: Sequence[Row],
    by: audit.Actor,
    at: datetime,
    or_later: bool = False,
) -> Voucher:
    """Write a voucher and its entries; raises AlreadyPosted where the source is in the books, EntryRefused for bad rows.

    A day in a locked or closed month raises MonthIsShut; with `or_later` the first open day takes its place.
    Vouchers are numbered from 1 each day, without a gap: who posts on a day waits for whoever is posting on it.
    """
    posting = Posting(source, posted_on, note, rows, or_later=or_later)
    [voucher] = post_many(postings=[posting], by=by, at=at)
    return voucher


@transaction.atomic
def post_many(*, postings: Sequence[Posting], by: audit.Actor, at: datetime) -> list[Voucher]:
    """As `post`, for many happenings in a handful of statements: all of them or none."""
    for posting in postings:
        check_rows(posting.rows)
    _make_sure_of(code for posting in postings for row in posting.rows for code in (row.debit, row.credit))
    days = _open_days(postings)
    numbers = _numbers(days)
    vouchers = [
        Voucher(
            number=number,
            source=posting.source,
            posted_on=day,
            happened_on=posting.posted_on if day != posting.posted_on else None,
            note=posting.note[:120],
            actor_id=by.actor_id,
            actor_name=by.actor_name[:80],
            posted_at=at,
            reverses=posting.reverses,
        )
        for posting, day, number in zip(postings, days, numbers, strict=True)
    ]
    saved = list(zip(postings, _saved(vouchers), strict=True))
    LedgerEntry.objects.bulk_create(
        _entry(voucher, number, row)
        for posting, voucher in saved
        for number, row in enumerate(posting.rows, 1)
    )
    audit.record_each(
        by=by,
        at=at,
        acts=[("ledger.post", voucher, _told(posting, voucher.posted_on)) for posting, voucher in saved],
    )
    return vouchers


@transaction.atomic
def reverse(
    *,
    voucher: Voucher,
    reason: str,
    posted_on: date,
    by: audit.Actor,
    at: datetime,
    source: str = "",
) -> Voucher:
    """Take a voucher back by its mirror image, debit for credit, once; raises CannotReverse.

    Whoever may do so is asked by the room that calls, as with `post`.
    """
    said = reason.strip()
    if not said:
        raise CannotReverse("没有写冲销的原因，没有冲销。请写明为什么，以后查账的人要看。")
    if voucher.reverses_id is not None:
        raise CannotReverse(
            f"凭证 {voucher.number} 本身是冲销凭证，不能再冲。原来那件事如果确实要记，请另记一条。"
        )
    _refuse_a_second(voucher)
    rows = [
        Row(one.credit_id, one.debit_id, one.amount_fen, one.scheme_slug, one.fund_year, one.office)
        for one in voucher.entries.select_related("office").order_by("pk")
    ]
    posting = Posting(
        source or f"reverse:{voucher.number}", posted_on, f"冲销 {voucher.number}：{said}", rows, voucher
    )
    [mirror] = post_many(postings=[posting], by=by, at=at)
    detail = {"reverses": voucher.number, "reason": said[:200]}
    audit.record(by=by, verb="ledger.reverse", on=mirror, at=at, detail=detail)
    return mirror


def _refuse_a_second(voucher: Voucher) -> None:
    if before := Voucher.objects.filter(reverses=voucher).first():
        raise CannotReverse(
            f"凭证 {voucher.number} 已经由凭证 {before.number} 冲销过，没有再冲一次。请刷新后再看。"
        )


@transaction.atomic
def ensure_chart() -> None:
    """Open every account of the chart that is not open yet."""
    Account.objects.bulk_create(
        [Account(code=line.code, name=line.name, kind=line.kind) for line in CHART], ignore_conflicts=True
    )


def check_rows(rows: Sequence[Row]) -> None:
    """Raise EntryRefused unless every row is positive, moves between two accounts, and there is one."""
    if not rows:
        raise EntryRefused("这张凭证没有分录，空凭证不能入账。请检查来源的金额。")
    known = {line.code for line in CHART}
    for row in rows:
        if type(row.amount_fen) is not int or row.amount_fen <= 0:
            raise EntryRefused(
                f"分录金额“{row.amount_fen}”不是正的整数（分），没有入账。要冲销请把借贷对调另记一条。"
            )
        if row.debit == row.credit:
            raise EntryRefused(f"借方和贷方都是 {row.debit}，这一笔没有移动任何钱，没有入账。请检查科目。")
        if astray := {row.debit, row.credit} - known:
            raise EntryRefused(f"科目表里没有 {'、'.join(sorted(astray))}，没有入账。请改用科目表里的科目。")
        if purse_of(row.debit) != purse_of(row.credit):
            raise EntryRefused(
                f"{row.debit} 是{purse_of(row.debit)}，{row.credit} 是{purse_of(row.credit)}："
                "两种资金不能互相划转，没有入账。请在同一种资金的科目里记账。"
            )


def _make_sure_of(codes: Iterable[str]) -> None:
    wanted = set(codes)
    if Account.objects.filter(code__in=wanted).count() < len(wanted):
        ensure_chart()


def _open_days(postings: Sequence[Posting]) -> list[date]:
    """The day each is booked on, under the lock of its book; raises EntryRefused, MonthIsShut."""
    if not postings:
        return []
    offices = {row.office.pk: row.office for posting in postings for row in posting.rows}
    try:
        books = locked_books(offices.values())
    except NoBook as problem:
        raise EntryRefused(str(problem)) from problem
    shut = periods.shut(set(books.values()), min(posting.posted_on for posting in postings))
    return [_open_day(posting, {books[row.office.pk] for row in posting.rows}, shut) for posting in postings]


def _open_day(posting: Posting, books: set[Organisation], shut: periods.Shut) -> date:
    if len(books) > 1:
        names = "、".join(sorted(book.name for book in books))
        raise EntryRefused(f"一张凭证里有两个省的账（{names}），没有入账。请按省分开记。")
    [book] = books
    if posting.posted_on < EARLIEST:
        raise EntryRefused(f"{posting.posted_on} 的年份不对，没有入账。请核对日期。")
    period = shut.of(book, posting.posted_on)
    if period is None:
        return posting.posted_on
    day = shut.open_day(book, posting.posted_on)
    if posting.or_later:
        return day
    way = "，不能再开放" if period.state == period.State.CLOSED else "，或先由另一个人重新开放这个月"
    raise MonthIsShut(
        f"{book.name}的 {period.month} {period.get_state_display()}，没有入账。请记在 {day} 或以后{way}。"
    )


def _numbers(days: Sequence[date]) -> list[str]:
    """A number for each, in the order given. A day's row is locked until the transaction ends: no gaps and no twins."""
    last = {day: _reserved(day, count) - count for day, count in sorted(Counter(days).items())}
    numbers = []
    for day in days:
        last[day] += 1
        numbers.append(f"{day:%Y%m%d}-{last[day]:05d}")
    return numbers


def _reserved(day: date, count: int) -> int:
    """The last of so many new numbers."""
    VoucherDay.objects.get_or_create(day=day)
    VoucherDay.objects.filter(day=day).update(last=F("last") + count)
    return VoucherDay.objects.get(day=day).last


def _saved(vouchers: list[Voucher]) -> list[Voucher]:
    try:
        with transaction.atomic():
            return Voucher.objects.bulk_create(vouchers)
    except IntegrityError as problem:
        first = Voucher.objects.filter(source__in=[one.source for one in vouchers]).first()
        if first is None:
            for one in vouchers:
                if one.reverses is not None:
                    _refuse_a_second(one.reverses)
            raise
        raise AlreadyPosted(
            f"这件事已经记过账（凭证 {first.number}，{first.note}），没有再记一次。请刷新后再看。"
        ) from problem


def _told(posting: Posting, day: date) -> dict[str, Any]:
    """What the trail keeps of a voucher: `rows` is the fingerprint of its day and of all that its entries say."""
    total = sum(row.amount_fen for row in posting.rows)
    said = [
        [row.debit, row.credit, row.amount_fen, row.scheme_slug, row.fund_year, row.office.pk]
        for row in posting.rows
    ]
    return {
        "source": posting.source,
        "entries": len(posting.rows),
        "total_fen": total,
        "rows": sha256_text(canonical_json([day.isoformat(), said])),
    }


def _entry(voucher: Voucher, number: int, row: Row) -> LedgerEntry:
    return LedgerEntry(
        voucher=voucher,
        source=f"{voucher.source}#{number}",
        debit_id=row.debit,
        credit_id=row.credit,
        amount_fen=row.amount_fen,
        scheme_slug=row.scheme_slug,
        fund_year=row.fund_year,
        month=f"{voucher.posted_on:%Y-%m}",
        office=row.office,
    )
