"""Months of a book: open → locked by one → closed by another. A locked one is opened again by a person and with a reason."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Max, Min

from huzhu.audit import services as audit
from huzhu.core.periods import months_after
from huzhu.ledger import lifecycle
from huzhu.ledger.books import entries_of, locked_books
from huzhu.ledger.models import Period
from huzhu.organisations.models import Organisation
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

State = Period.State
LONG_BEFORE = timedelta(days=2 * 366)


class NotThisMonth(ValueError):
    """Months are locked and closed one after the other, once they are over; what is closed stays closed."""


class SamePerson(PermissionError):
    """The second word must be another person's."""


class ReasonNeeded(ValueError):
    """A person must say why, and did not."""


@dataclass(frozen=True, slots=True)
class Shut:
    """The months of some books that take no more entries: each book's in their order, and all that was before them."""

    months: dict[int, list[Period]]

    def of(self, book: Organisation, day: date) -> Period | None:
        """The month that shuts this day out: its own, or the first that was ever locked where it lies before that."""
        month = f"{day:%Y-%m}"
        return next((one for one in self.months.get(book.pk, ()) if one.month >= month), None)

    def open_day(self, book: Organisation, day: date) -> date:
        """The day itself, or the first day after the shut months."""
        if self.of(book, day) is None:
            return day
        last = date.fromisoformat(f"{self.months[book.pk][-1].month}-01")
        return months_after(last, 1)


def shut(books: Iterable[Organisation], since: date) -> Shut:
    """Locked and closed months from that day's month on; read under the books' lock, it holds until the transaction ends."""
    found = Period.objects.filter(book__in=list(books), month__gte=f"{since:%Y-%m}").exclude(state=State.OPEN)
    months: dict[int, list[Period]] = defaultdict(list)
    for one in found.order_by("month"):
        months[one.book_id].append(one)
    return Shut(months)


def is_long_before(day: date, other: date) -> bool:
    """A year typed wrong, rather than a day that belongs to the other: two years and more lie between them."""
    return day < other - LONG_BEFORE


def next_to_lock(book: Organisation) -> str:
    """The first month that is not locked, from the first entry on; empty where nothing is booked yet."""
    first = entries_of(book).aggregate(first=Min("month"))["first"]
    if first is None:
        return ""
    day = date.fromisoformat(f"{first}-01")
    return f"{shut([book], day).open_day(book, day):%Y-%m}"


def next_to_close(book: Organisation) -> str:
    """The first month that is locked and not closed; empty where there is none."""
    return Period.objects.filter(book=book, state=State.LOCKED).aggregate(first=Min("month"))["first"] or ""


@transaction.atomic
def lock(*, book: Organisation, month: str, by: Role, at: datetime) -> Period:
    """No more entries of this month: it must be over, and every month before it locked."""
    check_may(by, "books.lock", within=book)
    locked_books([book])
    wanted = next_to_lock(book)
    if month != wanted:
        raise NotThisMonth(
            f"没有锁账：月份要一个接一个锁，现在轮到 {wanted}，不是 {month}。"
            if wanted
            else "没有锁账：账上还没有记录。"
        )
    if month >= f"{at.astimezone(SHANGHAI):%Y-%m}":
        raise NotThisMonth(f"没有锁账：{month} 还没有过完，当月的账还要记。请在下个月 1 日以后再锁。")
    period, _ = Period.objects.get_or_create(book=book, month=month)
    lifecycle.check(period, State.LOCKED)
    period.state, period.locked_by, period.locked_at = State.LOCKED, by.user, at
    period.upto = entries_of(book).aggregate(last=Max("voucher"))["last"]
    period.save(update_fields=["state", "locked_by", "locked_at", "upto"])
    audit.record(by=by, verb="ledger.lock", on=period, at=at, detail={"book": book.name})
    return period


@transaction.atomic
def close(*, period: Period, by: Role, at: datetime) -> Period:
    """Another person closes a locked month for good; every month before it must be closed."""
    check_may(by, "books.close", within=period.book)
    period = _held(period)
    lifecycle.check(period, State.CLOSED)
    if period.locked_by_id == by.user_id:
        raise SamePerson(f"{period.month} 是您锁的账，关账要由另一个人来做。请交给另一位出纳放行。")
    if (first := next_to_close(period.book)) != period.month:
        raise NotThisMonth(f"没有关账：月份要一个接一个关，现在轮到 {first}，不是 {period.month}。")
    period.state, period.closed_by, period.closed_at = State.CLOSED, by.user, at
    period.save(update_fields=["state", "closed_by", "closed_at"])
    audit.record(by=by, verb="ledger.close", on=period, at=at, detail={"book": period.book.name})
    return period


@transaction.atomic
def reopen(*, period: Period, reason: str, by: Role, at: datetime) -> Period:
    """Another person than who locked it opens the last locked month again, with a reason; a closed one never."""
    check_may(by, "books.reopen", within=period.book)
    said = reason.strip()[:200]
    if not said:
        raise ReasonNeeded("没有写重新开放的原因，没有开放。请写明要补记什么，以后查账的人要看。")
    period = _held(period)
    lifecycle.check(period, State.OPEN)
    if period.locked_by_id == by.user_id:
        raise SamePerson(f"{period.month} 是您锁的账，重新开放要由另一个人来做。")
    if Period.objects.filter(book=period.book, month__gt=period.month).exclude(state=State.OPEN).exists():
        raise NotThisMonth(
            f"没有开放：{period.month} 后面还有锁着的月份。请从最后一个锁着的月份开始，一个一个开放。"
        )
    period.state, period.locked_by, period.locked_at, period.upto = State.OPEN, None, None, None
    period.reopened_reason = said
    period.save(update_fields=["state", "locked_by", "locked_at", "upto", "reopened_reason"])
    audit.record(by=by, verb="ledger.reopen", on=period, at=at, detail={"reason": said})
    return period


def _held(period: Period) -> Period:
    locked_books([period.book])
    return Period.objects.select_related("book").select_for_update(of=("self",)).get(pk=period.pk)
