"""What the books say, and to whom."""

from datetime import date

import pytest

from factories.ledger import a_row, a_voucher
from factories.organisations import a_city, a_province
from factories.users import a_role
from huzhu.ledger import queries

pytestmark = pytest.mark.django_db


def of(balances, code):
    return next(one for one in balances if one.line.code == code)


@pytest.fixture
def province():
    return a_province()


@pytest.fixture
def yichun(province):
    """Fees of January and February, one claim decided in July and paid."""
    city = a_city(province)
    a_voucher(a_row(9_000, office=city), a_row(3_000, credit="4004", office=city), on=date(2022, 1, 28))
    a_voucher(a_row(12_000, office=city, scheme_slug="yichun-women"), on=date(2022, 2, 1))
    a_voucher(a_row(7_000, debit="5001", credit="2001", office=city), on=date(2022, 7, 14))
    a_voucher(a_row(5_000, debit="2001", credit="1001", office=city), on=date(2022, 7, 15))
    return city


@pytest.mark.parametrize("code", ["employer_clerk", "agency_clerk", "reviewer", "cadre", "administrator"])
def test_who_does_not_deal_with_money_sees_no_books(yichun, province, code):
    role = a_role(code, province)
    assert not queries.visible_to(role).exists()
    assert not queries.vouchers(role).exists()
    assert queries.statement(by=role).debit_fen == 0


def test_another_branch_sees_no_books(yichun):
    elsewhere = a_role("payment_maker", a_province(name="吉林省办事处"))
    assert not queries.visible_to(elsewhere).exists()
    assert queries.choices(elsewhere) == {"schemes": [], "years": [], "months": [], "offices": []}


@pytest.mark.parametrize("code", ["payment_maker", "payment_releaser", "auditor", "leader"])
def test_the_branch_reads_its_own_books(yichun, province, code):
    role = a_role(code, province)
    assert queries.visible_to(role).count() == 5
    assert queries.vouchers(role).count() == 4
    assert queries.statement(by=role).income_to_date_fen == 24_000


def test_accounts_are_summed_on_their_own_side(yichun):
    found = queries.balances()
    assert of(found, "1001").balance_fen == 24_000 - 5_000
    assert of(found, "2001").balance_fen == 2_000
    assert of(found, "4001").balance_fen == 21_000
    assert of(found, "4004").balance_fen == 3_000
    assert of(found, "5001").balance_fen == 7_000


def test_the_trial_balance_is_zero_however_the_books_are_split(yichun):
    whole = queries.statement()
    assert whole.debit_fen == whole.credit_fen == 36_000
    splits = [{}, {"scheme": "yichun-120"}, {"month": "2022-07"}, {"fund_year": 2022}, {"office": yichun}]
    assert [queries.statement(**split).trial_fen for split in splits] == [0] * 5


def test_a_month_shows_what_was_before_and_what_moved(yichun):
    july = queries.statement(month="2022-07")
    bank = of(july.balances, "1001")
    assert (bank.before_fen, bank.debit_fen, bank.credit_fen, bank.balance_fen) == (24_000, 0, 5_000, 19_000)
    payable = of(july.balances, "2001")
    assert (payable.before_fen, payable.moved_fen, payable.balance_fen) == (0, 2_000, 2_000)
    assert (july.income_fen, july.expense_fen, july.surplus_fen) == (0, 7_000, -7_000)
    assert (july.income_to_date_fen, july.surplus_to_date_fen) == (24_000, 17_000)


def test_a_month_does_not_know_what_is_later(yichun):
    january = queries.statement(month="2022-01")
    assert (january.income_to_date_fen, january.expense_to_date_fen) == (12_000, 0)
    assert of(january.balances, "1001").balance_fen == 12_000


def test_schemes_years_and_offices_are_kept_apart(yichun, province):
    other = a_city(province, name="绥化市代办处")
    a_voucher(a_row(500, office=other, fund_year=2023))
    assert queries.statement(scheme="yichun-women").income_fen == 12_000
    assert queries.statement(fund_year=2023).income_fen == 500
    assert queries.statement(office=other).income_fen == 500
    assert queries.statement(office=yichun).income_fen == 24_000


def test_the_choices_are_those_that_occur(yichun, province):
    offered = queries.choices(a_role("auditor", province))
    assert offered["schemes"] == ["yichun-120", "yichun-women"]
    assert offered["years"] == [2022]
    assert offered["months"] == ["2022-07", "2022-02", "2022-01"]
    assert offered["offices"] == [yichun]
