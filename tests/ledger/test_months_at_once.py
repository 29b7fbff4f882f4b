"""Posting and locking at the same moment: the entry stands in the month, or it is refused; never behind the lock."""

from datetime import UTC, date, datetime
from functools import partial

import pytest
from django.db import connection

from factories.at_once import in_rounds
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


def sums_before_and_after(city):
    """Rounds in which an entry came to stand behind the lock: the sum the locker saw is not the sum of the month."""
    maker = a_role("payment_maker", book_of(city))

    def posts(month):
        return a_voucher(a_row(office=city), on=date.fromisoformat(f"{month}-15"))

    def locks(month):
        periods.lock(book=book_of(city), month=month, by=maker, at=NOVEMBER)
        return LedgerEntry.objects.filter(month=month).count()

    answers = in_rounds([(partial(posts, month), partial(locks, month)) for month in months()])
    assert all(isinstance(posted, MonthIsShut) or posted.pk for posted, _ in answers)
    stand = [LedgerEntry.objects.filter(month=month).count() for month in months()]
    return sum(count != seen for count, (_, seen) in zip(stand, answers, strict=True))


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
