"""Months: locked by one, closed by another, one after the other; what is shut takes no entry and says where to book instead."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from factories.ledger import NOON, a_row, a_voucher
from factories.organisations import a_city, a_province
from factories.users import a_role, a_user
from huzhu.audit.models import Event
from huzhu.audit.services import SYSTEM
from huzhu.cli.checks import CHECKS
from huzhu.cli.verify import compared
from huzhu.ledger import periods
from huzhu.ledger.lifecycle import CannotMove
from huzhu.ledger.models import Period, Voucher
from huzhu.ledger.periods import NotThisMonth, ReasonNeeded, SamePerson
from huzhu.ledger.services import EntryRefused, MonthIsShut, post
from huzhu.users.permissions import NotAllowed

pytestmark = pytest.mark.django_db
NOVEMBER = datetime(2022, 11, 30, 1, tzinfo=UTC)
JULY, AUGUST = date(2022, 7, 14), date(2022, 8, 2)


@pytest.fixture
def province():
    return a_province()


@pytest.fixture
def city(province):
    """A voucher in July and one in September."""
    city = a_city(province)
    a_voucher(a_row(office=city), on=JULY)
    a_voucher(a_row(office=city), on=date(2022, 9, 1))
    return city


@pytest.fixture
def maker(province):
    return a_role("payment_maker", province)


@pytest.fixture
def releaser(province):
    return a_role("payment_releaser", province)


def locked(province, by, month="2022-07"):
    return periods.lock(book=province, month=month, by=by, at=NOVEMBER)


ALL = {
    "employer_clerk", "county_clerk", "agency_clerk", "reviewer", "second_reviewer", "payment_maker",
    "payment_releaser", "auditor", "leader", "cadre", "policy", "administrator",
}  # fmt: skip


@pytest.mark.parametrize("code", sorted(ALL - {"payment_maker"}))
def test_who_may_not_lock(city, province, code):
    with pytest.raises(NotAllowed):
        locked(province, a_role(code, province))
    assert not Period.objects.exists()


@pytest.mark.parametrize("code", sorted(ALL - {"payment_releaser"}))
def test_who_may_not_close(city, province, maker, code):
    period = locked(province, maker)
    with pytest.raises(NotAllowed):
        periods.close(period=period, by=a_role(code, province), at=NOVEMBER)


@pytest.mark.parametrize("code", sorted(ALL - {"payment_releaser", "payment_maker"}))
def test_who_may_not_open_again(city, province, maker, code):
    period = locked(province, maker)
    with pytest.raises(NotAllowed):
        periods.reopen(period=period, reason="补记", by=a_role(code, province), at=NOVEMBER)


def test_another_province_locks_no_book_of_ours(city, province):
    with pytest.raises(NotAllowed):
        locked(province, a_role("payment_maker", a_province(name="吉林省办事处")))


def test_the_person_who_locked_neither_closes_nor_opens_again(city, province):
    both = a_user("李会计")
    maker, releaser = (a_role(code, province, user=both) for code in ("payment_maker", "payment_releaser"))
    period = locked(province, maker)
    with pytest.raises(SamePerson):
        periods.close(period=period, by=releaser, at=NOVEMBER)
    with pytest.raises(SamePerson):
        periods.reopen(period=period, reason="补记", by=releaser, at=NOVEMBER)
    with pytest.raises(IntegrityError), transaction.atomic():
        Period.objects.update(state="closed", closed_by=both, closed_at=NOVEMBER)


def test_a_locked_month_takes_no_entry_and_says_where_to_book(city, province, maker):
    locked(province, maker)
    before = Voucher.objects.count()
    with pytest.raises(
        MonthIsShut, match=r"2022-07 已锁账，没有入账。请记在 2022-08-01 或以后，或先由另一个人"
    ):
        a_voucher(a_row(office=city), on=JULY)
    assert Voucher.objects.count() == before
    a_voucher(a_row(office=city), on=AUGUST)


def test_what_lies_before_the_first_shut_month_is_shut_with_it(city, province, maker):
    locked(province, maker)
    earlier = date(2022, 6, 30)
    with pytest.raises(MonthIsShut, match=r"2022-07 已锁账，没有入账。请记在 2022-08-01 或以后"):
        a_voucher(a_row(office=city), on=earlier)
    moved = post(
        source="receipt:A1:1",
        posted_on=earlier,
        or_later=True,
        note="单位会费到账",
        rows=[a_row(office=city)],
        by=SYSTEM,
        at=NOON,
    )
    assert (moved.posted_on, moved.happened_on) == (date(2022, 8, 1), earlier)
    assert periods.next_to_lock(province) == "2022-08"


def test_a_year_typed_wrong_is_not_booked(city, province):
    with pytest.raises(EntryRefused, match="0022-07-14 的年份不对"):
        a_voucher(a_row(office=city), on=date(22, 7, 14))
    assert periods.next_to_lock(province) == "2022-07"


def test_a_lock_that_waited_for_a_voucher_stands_after_it(city, province, maker):
    """Its clock was read when it was asked for, before that of the voucher for which it waited."""
    asked = datetime(2022, 8, 1, 2, tzinfo=UTC)
    rows = [a_row(office=city)]
    last = post(
        source="x:1", posted_on=JULY, note="会费", rows=rows, by=SYSTEM, at=asked + timedelta(seconds=1)
    )
    period = periods.lock(book=province, month="2022-07", by=maker, at=asked)
    assert period.upto == last.pk
    assert [
        one.title for one in map(compared, CHECKS) if one.title.startswith("锁账") and one.differing
    ] == []


def test_a_closed_month_is_never_opened_again(city, province, maker, releaser):
    period = periods.close(period=locked(province, maker), by=releaser, at=NOVEMBER)
    with pytest.raises(MonthIsShut, match=r"已关账.*不能再开放"):
        a_voucher(a_row(office=city), on=JULY)
    other = a_role("payment_releaser", province, "孙放行")
    with pytest.raises(CannotMove):
        periods.reopen(period=period, reason="补记", by=other, at=NOVEMBER)


def test_what_may_be_booked_later_goes_to_the_first_open_day(city, province, maker):
    locked(province, maker)
    locked(province, maker, "2022-08")
    voucher = post(
        source="late",
        posted_on=JULY,
        note="补登",
        rows=[a_row(office=city)],
        by=SYSTEM,
        at=NOON,
        or_later=True,
    )
    assert (voucher.posted_on, voucher.entries.get().month) == (date(2022, 9, 1), "2022-09")
    assert voucher.number.startswith("20220901-")


def test_months_are_locked_one_after_the_other_without_gaps(city, province, maker):
    with pytest.raises(NotThisMonth, match="现在轮到 2022-07，不是 2022-09"):
        locked(province, maker, "2022-09")
    for month in ("2022-07", "2022-08", "2022-09", "2022-10"):
        locked(province, maker, month)
    with pytest.raises(NotThisMonth, match="还没有过完"):
        locked(province, maker, "2022-11")


def test_months_are_closed_in_order_and_opened_from_the_last(city, province, maker, releaser):
    july, august = locked(province, maker), locked(province, maker, "2022-08")
    with pytest.raises(NotThisMonth, match="现在轮到 2022-07"):
        periods.close(period=august, by=releaser, at=NOVEMBER)
    with pytest.raises(NotThisMonth, match="后面还有锁着的月份"):
        periods.reopen(period=july, reason="补记", by=releaser, at=NOVEMBER)
    with pytest.raises(ReasonNeeded):
        periods.reopen(period=august, reason=" ", by=releaser, at=NOVEMBER)
    periods.reopen(period=august, reason="补记一张凭证", by=releaser, at=NOVEMBER)
    a_voucher(a_row(office=city), on=AUGUST)
    assert periods.next_to_lock(province) == "2022-08"
    assert Event.objects.get(verb="ledger.reopen").detail == {"reason": "补记一张凭证"}
    assert locked(province, releaser_as_maker(releaser), "2022-08").state == "locked"


def releaser_as_maker(releaser):
    return a_role("payment_maker", releaser.organisation, user=releaser.user)


def test_another_provinces_books_stay_open(city, province, maker):
    locked(province, maker)
    a_voucher(a_row(office=a_city(a_province(name="吉林省办事处"))), on=JULY)


def test_a_voucher_belongs_to_one_book(city):
    with pytest.raises(EntryRefused, match="两个省的账"):
        a_voucher(a_row(office=city), a_row(office=a_city(a_province(name="吉林省办事处"))))


def test_a_month_is_locked_twice_by_nobody(city, province, maker):
    locked(province, maker)
    with pytest.raises(NotThisMonth, match="现在轮到 2022-08"):
        locked(province, a_role("payment_maker", province, "孙会计"))
    assert Period.objects.count() == 1
