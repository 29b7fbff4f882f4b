"""The only writer of the books: a voucher with its entries, once for each source."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import F

from huzhu.audit import services as audit
from huzhu.ledger.accounts import CHART
from huzhu.ledger.models import Account, LedgerEntry, Voucher, VoucherDay
from huzhu.organisations.models import Organisation


class AlreadyPosted(ValueError):
    """The books hold a voucher of this source."""


class EntryRefused(ValueError):
    """A row that would not balance, or names an account that the chart does not have."""


@dataclass(frozen=True, slots=True)
class Row:
    """One entry to be: codes of two accounts, fen, and what it is kept by."""

    debit: str
    credit: str
    amount_fen: int
    scheme_slug: str
    fund_year: int
    office: Organisation


@transaction.atomic
def post(
    *,
    source: str,
    posted_on: date,
    note: str,
    rows: Sequence[Row],
    by: audit.Actor,
    at: datetime,
) -> Voucher:
    """Write a voucher and its entries; raises AlreadyPosted where the source is in the books, EntryRefused for bad rows.

    Vouchers are numbered from 1 each day, without a gap: who posts on a day waits for whoever is posting on it.
    """
    check_rows(rows)
    _make_sure_of(code for row in rows for code in (row.debit, row.credit))
    voucher = Voucher(
        number=_next_number(posted_on),
        source=source,
        posted_on=posted_on,
        note=note[:120],
        actor_id=by.actor_id,
        actor_name=by.actor_name[:80],
        posted_at=at,
    )
    _save(voucher)
    LedgerEntry.objects.bulk_create(_entry(voucher, number, row) for number, row in enumerate(rows, 1))
    detail = {"source": source, "entries": len(rows), "total_fen": sum(row.amount_fen for row in rows)}
    audit.record(by=by, verb="ledger.post", on=voucher, at=at, detail=detail)
    return voucher


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


def _make_sure_of(codes: Iterable[str]) -> None:
    wanted = set(codes)
    if Account.objects.filter(code__in=wanted).count() < len(wanted):
        ensure_chart()


def _next_number(day: date) -> str:
    """The day's row is locked until the transaction ends, so that numbers have no gaps and no twins."""
    VoucherDay.objects.get_or_create(day=day)
    VoucherDay.objects.filter(day=day).update(last=F("last") + 1)
    return f"{day:%Y%m%d}-{VoucherDay.objects.get(day=day).last:05d}"


def _save(voucher: Voucher) -> None:
    """The database's unique source decides who was first."""
    try:
        with transaction.atomic():
            voucher.save(force_insert=True)
    except IntegrityError as problem:
        first = Voucher.objects.filter(source=voucher.source).first()
        if first is None:
            raise
        raise AlreadyPosted(
            f"这件事已经记过账（凭证 {first.number}，{first.note}），没有再记一次。请刷新后再看。"
        ) from problem


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
