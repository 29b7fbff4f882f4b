"""What the bank could not pay goes and comes back: silent where our books say that it came back, and never otherwise."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from factories.bank import told
from factories.payouts import DECIDED_AT, a_payout, an_answered
from factories.reconciling import DAY, Month
from huzhu.reconciliation import services
from huzhu.reconciliation.compare import differences
from huzhu.reconciliation.facts import Book, Line, Paid, Returned
from huzhu.reconciliation.models import Difference

AT = DECIDED_AT + timedelta(days=20)
ON, BATCH = date(2022, 7, 15), "20220715-001"
GOOD = Paid("p1", ON, 30_000, "1", "2022-000001", BATCH, "孙一")
BOOK = [Book("V1", ON, -30_000, "发放", pays="1")]
FAILED = Returned(20_000, name="孙二", batch=BATCH)


def line(key, amount_fen, name="", later=0, batch=BATCH):
    return Line(key, ON + timedelta(days=later), amount_fen, key, name, batch, (batch,) if batch else ())


def kinds(lines, returned=(FAILED,), paid=(GOOD,), book=BOOK):
    return sorted(one.kind for one in differences(book, paid, lines, (), returned))


SINGLE = [line("a", -30_000, "孙一"), line("b", -20_000, "孙二")]
SUM = [line("s", -50_000)]


@pytest.mark.parametrize("later", [0, 1, 9])
@pytest.mark.parametrize("name", ["孙二", ""])
@pytest.mark.parametrize("sent", [SINGLE, SUM])
def test_what_failed_and_went_there_and_back_is_silent(sent, name, later):
    assert kinds([*sent, line("r", 20_000, name, later)]) == []


def test_a_bank_that_names_no_batch_is_understood_by_name():
    lines = [replace(one, batches=(), remark="") for one in [*SINGLE, line("r", 20_000, "孙二", 1)]]
    assert kinds(lines) == []
    assert kinds([*SUM, replace(lines[-1])]) == []


def test_a_sum_of_which_all_came_back_is_silent():
    assert kinds([line("s", -20_000), line("r", 20_000, later=1)], paid=(), book=[]) == []


@pytest.mark.parametrize(
    ("expected", "lines"),
    [
        (["bank_extra"], SINGLE),  # went and did not come back
        (["amount"], SUM),
        (["bank_extra"], [SINGLE[0], line("r", 20_000, "孙二")]),  # came back and had not gone
        (["bank_extra"], [line("s", -30_000), line("r", 20_000, "孙二")]),
        (["bank_extra"] * 2, [*SINGLE, line("r", 20_000, "孙三")]),  # another's money
        (["bank_extra"] * 2, [*SINGLE, line("r", 19_999, "孙二")]),
        (["bank_extra"] * 2, [*SINGLE, line("r", 20_000, "孙二", -1)]),  # before it went
        (["bank_extra"] * 2, [*SINGLE, line("r", 20_000, "孙二", 16)]),  # long after
        (["bank_extra"] * 2, [*SINGLE, line("r", 20_000, "孙二", batch="20220714-001")]),
        (["bank_extra"], [*SINGLE, *(line(key, 20_000, "孙二") for key in "rt")]),  # once too often
        (["bank_extra"], [*SUM, *(line(key, 20_000, "孙二") for key in "rt")]),
        (["amount", "bank_extra"], [*SUM, line("r", 20_000, "陌生人")]),
    ],
)
def test_half_a_way_or_anothers_way_is_told(expected, lines):
    assert kinds(lines) == expected


@pytest.mark.parametrize("batch", [BATCH, ""])
@pytest.mark.parametrize("later", [0, 1, 3])
def test_what_we_hold_as_paid_and_came_back_is_told(later, batch):
    """It failed once, was paid again in another batch to the same person, and that money came back."""
    again = "20220716-001"
    paid = [GOOD, Paid("p2", ON + timedelta(days=1), 20_000, "2", "2022-000002", again, "孙二")]
    book = [*BOOK, Book("V2", ON + timedelta(days=1), -20_000, "发放", pays="2")]
    first = [replace(one, batches=(batch,) if batch else ()) for one in SINGLE]
    second = line("c", -20_000, "孙二", 1, batch and again)
    back = line("r", 20_000, "孙二", later, batch)
    assert kinds([*first, second, back], paid=paid, book=book) == []
    bounced = line("t", 20_000, "孙二", 1 + later, batch and again)
    assert kinds([*first, second, back, bounced], paid=paid, book=book) == ["bank_extra"]
    assert kinds([first[0], second, bounced], paid=paid, book=book) == ["bank_extra"]
    assert kinds([SINGLE[0], line("s", -20_000, "", 1, again), bounced], paid=paid, book=book) == [
        "bank_extra"
    ]


def test_money_of_a_paid_batch_that_came_back_is_told_beside_what_failed():
    for back in (line("r", 30_000, "孙一", 1), line("r", 30_000, "", 1)):
        assert kinds([*SINGLE, line("f", 20_000, "孙二", 1), back]) == ["bank_extra"]
        assert kinds([*SUM, line("f", 20_000, "孙二", 1), back]) == ["bank_extra"]


def test_a_sum_paid_twice_of_which_some_came_back_is_told_as_twice():
    assert kinds([*SUM, line("again", -50_000), line("r", 20_000, later=1)]) == ["twice"]


def test_a_credit_that_a_voucher_names_or_somebody_spoke_of_is_no_return():
    back = line("r", 20_000, "孙二")
    named = [*BOOK, Book("V9", ON, 20_000, "待查收款", "r")]
    assert kinds([*SINGLE, back], book=named) == ["bank_extra"]
    assert kinds([*SINGLE, replace(back, awaits="已登记为会员退回")]) == ["bank_extra", "to_confirm"]


@pytest.fixture
def failed(own_files, db):
    """A month, and one more batch of which the bank's reply says that 孙二 was not paid."""
    month = Month()
    good, bad = a_payout(month.desk, 30_000, name="孙一"), a_payout(month.desk, 20_000, name="孙二")
    return month, an_answered(month.desk, good, bad, fail_lines=[2]).number


def compared(month, without, *more):
    """What is found where the bank writes these lines instead of those that name somebody."""
    month.told_by_the_bank(*[one for one in month.lines if one[3] not in without], *more)
    made = services.run(account=month.account, by=month.desk.maker, at=AT)
    return sorted(Difference.objects.values_list("kind", flat=True)), made.difference_fen


def test_single_lines_in_the_tables(failed):
    month, number = failed
    there = told(DAY, "Q1", "-200.00", "孙二", "", f"互助金 {number}")
    back = told(DAY, "Q2", "200.00", "孙二", "", f"退汇 {number}")
    assert compared(month, {"孙二"}, there, back) == ([], 0)


def test_a_sum_and_a_return_on_the_next_day_in_the_tables(failed):
    month, number = failed
    there = told(DAY, "Q1", "-500.00", "", "", f"代发 {number}")
    back = told("2022-07-16", "Q2", "200.00", "", "", f"退汇 {number}")
    assert compared(month, {"孙一", "孙二"}, there, back) == ([], 0)


def test_the_money_of_who_is_held_as_paid_in_the_tables(failed):
    month, number = failed
    back = told(DAY, "Q2", "300.00", "孙一", "", f"退汇 {number}")
    assert compared(month, {"孙二"}, back) == (["bank_extra"], -30_000)
