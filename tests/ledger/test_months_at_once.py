"""Posting and locking at the same moment: the entry stands in the month, or it is refused; never behind the lock."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from threading import Barrier

import pytest
from django.db import connection

from factories.ledger import a_row, a_voucher
from factories.organisations import a_city, a_province
from factories.users import a_role
from huzhu.ledger import periods, services
from huzhu.ledger.books import book_of
from huzhu.ledger.models import LedgerEntry, Period
from huzhu.ledger.services import MonthIsShut

NOVEMBER = datetime(2022, 11, 30, 1, tzinfo=UTC)
JULY = date(2022, 7, 14)
MONTHS = 100  # each a round
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]


def months():
    return [f"{2010 + n // 12}-{n % 12 + 1:02d}" for n in range(MONTHS)]


@pytest.fixture
def city():
    city = a_city(a_province())
    a_voucher(a_row(office=city), on=date(2010, 1, 1))
    return city


def at_once(*works):
    start = Barrier(len(works))

    def one(work):
        try:
            start.wait()
            return work()
        except ValueError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(one, works))


def sums_before_and_after(city):
    """Rounds in which an entry came to stand behind the lock: the sum the locker saw is not the sum of the month."""
    maker, late = a_role("payment_maker", book_of(city)), 0
    for month in months():
        seen: list[int] = []

        def locks(month=month, seen=seen):
            periods.lock(book=book_of(city), month=month, by=maker, at=NOVEMBER)
            seen.append(LedgerEntry.objects.filter(month=month).count())

        posted, _ = at_once(
            lambda month=month: a_voucher(a_row(office=city), on=date.fromisoformat(f"{month}-15")), locks
        )
        assert isinstance(posted, MonthIsShut) or posted.pk
        late += LedgerEntry.objects.filter(month=month).count() != seen[0]
    return late


def test_no_entry_comes_to_stand_behind_a_lock(city):
    assert sums_before_and_after(city) == 0
    assert Period.objects.count() == MONTHS


def test_without_the_lock_of_the_book_some_do(city, monkeypatch):
    """The naive twin: the same code, asking without locking."""
    from huzhu.ledger import books  # noqa: PLC0415

    def unlocked(offices):
        return {office.pk: books.book_of(office) for office in offices}

    monkeypatch.setattr(services, "locked_books", unlocked)
    assert sums_before_and_after(city) > 0
