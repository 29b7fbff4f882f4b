"""The end of a fund year: income and expense go to the fund, a share to the reserve, by two persons, and again for what came late."""

from datetime import UTC, date, datetime

import pytest

from factories.ledger import a_row, a_voucher
from factories.organisations import a_city, a_province
from factories.users import a_role, a_user
from huzhu.ledger import closing, periods, queries
from huzhu.ledger.closing import BadRate, CannotClose
from huzhu.ledger.models import ReserveRate, YearClosing
from huzhu.ledger.periods import SamePerson
from huzhu.users.permissions import NotAllowed

pytestmark = pytest.mark.django_db
MARCH = datetime(2023, 3, 1, 1, tzinfo=UTC)


@pytest.fixture
def province():
    return a_province()


@pytest.fixture
def maker(province):
    return a_role("payment_maker", province)


@pytest.fixture
def releaser(province):
    return a_role("payment_releaser", province)


@pytest.fixture
def city(province):
    """2022: 1,000.01 in and 400.00 out of one scheme; 50.00 in and 80.00 out of the other. All in January."""
    city = a_city(province)
    day = date(2022, 1, 28)
    a_voucher(a_row(70_001, office=city), a_row(30_000, credit="4004", office=city), on=day)
    a_voucher(a_row(40_000, debit="5001", credit="2001", office=city), on=day)
    women = {"office": city, "scheme_slug": "yichun-women"}
    a_voucher(a_row(5_000, **women), a_row(8_000, debit="5003", credit="2001", **women), on=day)
    return city


def a_rate(maker, releaser, points=500, basis="surplus", since=date(2022, 1, 1)):
    rate = closing.propose_rate(
        book=maker.organisation,
        valid_from=since,
        basis=basis,
        basis_points=points,
        clause="办法第十条",
        by=maker,
        at=MARCH,
    )
    return closing.confirm_rate(rate=rate, by=releaser, at=MARCH)


@pytest.fixture
def ready(city, province, maker, releaser):
    """Every month of 2022 closed, 5 % of the surplus to the reserve."""
    a_rate(maker, releaser)
    for month in range(1, 13):
        period = periods.lock(book=province, month=f"2022-{month:02d}", by=maker, at=MARCH)
        periods.close(period=period, by=releaser, at=MARCH)
    return province


def closed(province, maker, releaser):
    proposed = closing.propose(book=province, fund_year=2022, by=maker, at=MARCH)
    return closing.confirm(closing=proposed, by=releaser, at=MARCH)


def balance(code, **split):
    return next(one.balance_fen for one in queries.balances(**split) if one.line.code == code)


@pytest.mark.parametrize("code", ["payment_releaser", "auditor", "leader", "agency_clerk"])
def test_who_may_not_propose(ready, code):
    role = a_role(code, ready)
    with pytest.raises(NotAllowed):
        closing.propose(book=ready, fund_year=2022, by=role, at=MARCH)
    with pytest.raises(NotAllowed):
        closing.propose_rate(
            book=ready,
            valid_from=date(2023, 1, 1),
            basis="income",
            basis_points=1,
            clause="x",
            by=role,
            at=MARCH,
        )


@pytest.mark.parametrize("code", ["payment_maker", "auditor", "leader", "agency_clerk"])
def test_who_may_not_confirm(ready, maker, code):
    proposed = closing.propose(book=ready, fund_year=2022, by=maker, at=MARCH)
    for verb in (closing.confirm, closing.withdraw):
        with pytest.raises(NotAllowed):
            verb(closing=proposed, by=a_role(code, ready), at=MARCH)
    assert balance("3001") == 0


def test_the_proposer_does_not_confirm(ready, province):
    both = a_user("李会计")
    maker, releaser = (a_role(code, province, user=both) for code in ("payment_maker", "payment_releaser"))
    proposed = closing.propose(book=ready, fund_year=2022, by=maker, at=MARCH)
    with pytest.raises(SamePerson):
        closing.confirm(closing=proposed, by=releaser, at=MARCH)
    with pytest.raises(SamePerson):
        a_rate(maker, releaser, since=date(2023, 1, 1))


def test_income_and_expense_go_to_the_fund_and_a_share_of_the_surplus_to_the_reserve(ready, maker, releaser):
    done = closed(ready, maker, releaser)
    # 1,000.01 − 400.00 = 600.01 × 5 % = 30.0005 → 30.00; the other scheme lost 30.00: no reserve
    assert (done.income_fen, done.expense_fen, done.reserve_fen) == (105_001, 48_000, 3_000)
    assert [balance(code) for code in ("4001", "4004", "5001", "5003", "3009")] == [0] * 5
    assert (balance("3001"), balance("3002")) == (60_001 - 3_000 - 3_000, 3_000)
    found = queries.statement(fund_year=2022)
    assert (found.trial_fen, found.income_to_date_fen, found.expense_to_date_fen) == (0, 105_001, 48_000)


def test_half_a_fen_goes_up(city, province, maker, releaser):
    a_rate(maker, releaser, points=5_000)
    # 600.01 × 50 % = 300.005 → 300.01
    assert closing.plan(province, 2022).reserve_fen == 30_001


def test_a_share_of_income_asks_nothing_of_the_expense(city, province, maker, releaser):
    a_rate(maker, releaser, points=1_000, basis="income")
    # 1,000.01 × 10 % = 100.001 → 100.00 and 50.00 × 10 % = 5.00
    assert closing.plan(province, 2022).reserve_fen == 10_500


def test_what_came_late_is_carried_on_by_a_second_closing(ready, city, maker, releaser):
    closed(ready, maker, releaser)
    with pytest.raises(CannotClose, match="没有要结转的收支"):
        closing.propose(book=ready, fund_year=2022, by=maker, at=MARCH)
    a_voucher(a_row(20_000, debit="5001", credit="2001", office=city), on=date(2023, 2, 1))
    done = closed(ready, maker, releaser)
    # (600.01 − 200.00) × 5 % = 20.0005 → 20.00: 10.00 go back from the reserve
    assert (done.expense_fen, done.reserve_fen) == (20_000, -1_000)
    assert (balance("3002"), balance("5001"), balance("3009")) == (2_000, 0, 0)


def test_no_more_goes_back_from_the_reserve_than_it_holds(ready, city, maker, releaser):
    """30.00 was put there, 25.00 of it drawn by two persons; of the 10.00 that are too much 5.00 are left."""
    closed(ready, maker, releaser)
    a_voucher(a_row(2_500, debit="3002", credit="3001", office=ready), on=date(2023, 2, 1))
    a_voucher(a_row(20_000, debit="5001", credit="2001", office=city), on=date(2023, 2, 1))
    assert closed(ready, maker, releaser).reserve_fen == -500
    assert balance("3002") == 0
    with pytest.raises(CannotClose, match="没有要结转的收支"):
        closing.propose(book=ready, fund_year=2022, by=maker, at=MARCH)


def test_the_rate_of_the_last_day_of_the_year_holds(city, province, maker, releaser):
    a_rate(maker, releaser, points=100)
    a_rate(maker, releaser, points=200, since=date(2022, 12, 31))
    a_rate(maker, releaser, points=900, since=date(2023, 1, 1))
    assert closing.rate_of(province, 2022).basis_points == 200
    with pytest.raises(BadRate, match="已经有一个确认过的比例"):
        a_rate(maker, releaser, points=300, since=date(2022, 12, 31))


def test_a_year_waits_until_it_is_over_and_its_months_are_closed(city, province, maker, releaser):
    during = datetime(2022, 11, 30, 1, tzinfo=UTC)
    with pytest.raises(CannotClose, match="2022-12-31 才结束"):
        closing.propose(book=province, fund_year=2022, by=maker, at=during)
    with pytest.raises(CannotClose, match="2022-01 还没有关账"):
        closing.propose(book=province, fund_year=2022, by=maker, at=MARCH)
    period = periods.lock(book=province, month="2022-01", by=maker, at=MARCH)
    periods.close(period=period, by=releaser, at=MARCH)
    with pytest.raises(CannotClose, match="没有确认过的备付金比例"):
        closing.propose(book=province, fund_year=2022, by=maker, at=MARCH)


def test_what_changed_since_the_proposal_is_not_posted(ready, city, maker, releaser):
    proposed = closing.propose(book=ready, fund_year=2022, by=maker, at=MARCH)
    a_voucher(a_row(1, office=city), on=date(2023, 2, 1))
    with pytest.raises(CannotClose, match="提出以后账又变了"):
        closing.confirm(closing=proposed, by=releaser, at=MARCH)
    closing.withdraw(closing=proposed, by=releaser, at=MARCH)
    assert closed(ready, maker, releaser).income_fen == 105_002
    assert YearClosing.objects.count() == 2


def test_one_proposal_at_a_time(ready, maker):
    closing.propose(book=ready, fund_year=2022, by=maker, at=MARCH)
    with pytest.raises(CannotClose, match="已经有人提出"):
        closing.propose(book=ready, fund_year=2022, by=maker, at=MARCH)


@pytest.mark.parametrize("wrong", [{"points": 10_001}, {"points": -1}, {"basis": "luck"}])
def test_a_share_that_is_none_is_refused(maker, releaser, wrong):
    with pytest.raises(BadRate):
        a_rate(maker, releaser, **wrong)
    assert not ReserveRate.objects.exists()
