"""The cash desk's day: signed by a person, the next one opens with what was signed, whatever is booked late."""

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from factories.ledger import a_row, a_voucher
from factories.organisations import a_city, a_province
from factories.users import a_role
from huzhu.ledger import dayclose
from huzhu.ledger.dayclose import DayRefused
from huzhu.ledger.models import DayBalance, DayClose
from huzhu.users.permissions import NotAllowed

pytestmark = pytest.mark.django_db
NOVEMBER = datetime(2022, 11, 30, 8, tzinfo=UTC)
MONDAY, TUESDAY = date(2022, 11, 28), date(2022, 11, 29)


@pytest.fixture
def city():
    city = a_city()
    a_voucher(a_row(12_000, debit="1003", office=city), on=MONDAY)
    a_voucher(a_row(2_000, debit="2001", credit="1001", office=city), on=MONDAY)
    return city


@pytest.fixture
def maker(city):
    return a_role("payment_maker", city.parent)


def signed(maker, day=MONDAY):
    return dayclose.sign(book=maker.organisation, day=day, by=maker, at=NOVEMBER)


def lines(close):
    return {
        one.account_id: (one.opening_fen, one.in_fen, one.out_fen, one.closing_fen)
        for one in close.balances.all()
    }


@pytest.mark.parametrize("code", ["payment_releaser", "auditor", "leader", "agency_clerk", "administrator"])
def test_who_may_not_sign(city, code):
    with pytest.raises(NotAllowed):
        signed(a_role(code, city.parent))
    assert not DayClose.objects.exists()


def test_the_accounts_of_the_day(city, maker):
    monday = signed(maker)
    assert lines(monday) == {
        "1001": (0, 0, 2_000, -2_000), "1002": (0, 0, 0, 0), "1003": (0, 12_000, 0, 12_000),
    }  # fmt: skip
    assert (monday.voucher_count, monday.before) == (2, None)


def test_the_next_day_opens_with_what_was_signed_and_holds_what_came_late(city, maker):
    monday = signed(maker)
    late = a_voucher(a_row(500, debit="1003", office=city), on=MONDAY)
    tuesday = signed(maker, TUESDAY)
    assert lines(tuesday)["1003"] == (12_000, 500, 0, 12_500)
    assert tuesday.before == monday
    assert [one.voucher for one in dayclose.entries(city.parent, monday.upto, tuesday.upto)] == [late]


def test_a_day_without_entries_is_signed_too(city, maker):
    signed(maker)
    assert lines(signed(maker, TUESDAY))["1003"] == (12_000, 0, 0, 12_000)


def test_a_day_is_signed_once_in_order_and_not_before_it_comes(city, maker):
    signed(maker, TUESDAY)
    for day, said in ((TUESDAY, "已经日结到"), (MONDAY, "已经日结到"), (date(2022, 12, 1), "还没有到")):
        with pytest.raises(DayRefused, match=said):
            signed(maker, day)


def test_another_province_has_a_cash_book_of_its_own(city, maker):
    other = a_city(a_province(name="吉林省办事处"))
    a_voucher(a_row(99, debit="1003", office=other))
    assert lines(signed(maker))["1003"][3] == 12_000


@pytest.mark.parametrize("table", ["ledger_dayclose", "ledger_daybalance"])
def test_what_was_signed_cannot_be_changed_by_hand(city, maker, table):
    signed(maker)
    column = "upto" if table == "ledger_dayclose" else "closing_fen"
    for statement in (f"UPDATE {table} SET {column} = {column} + 1", f"DELETE FROM {table}"):  # noqa: S608
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_a_balance_that_does_not_add_up_is_refused_by_the_database(city, maker):
    signed(maker)
    with pytest.raises(IntegrityError), transaction.atomic():
        DayBalance.objects.create(
            close=DayClose.objects.get(), account_id="4001", opening_fen=1, in_fen=1, out_fen=0, closing_fen=3
        )
