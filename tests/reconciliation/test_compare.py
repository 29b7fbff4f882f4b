"""Eight faults and some more, each put into lists that agree: every one is reported by its kind, and clean lists are silent."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huzhu.reconciliation import facts
from huzhu.reconciliation.compare import differences
from huzhu.reconciliation.facts import Book, Line, Paid

DAY = date(2022, 7, 15)
NAMES = ("刘女士", "王小明", "张三", "李四")


def a_month(*, by_total: bool = False, twins: bool = False):
    """Three transfers, one of them with two vouchers, a fee, and two batches; the bank shows persons or sums."""
    book = [
        Book("V1", DAY, 12_000, "会费", "T1"),
        Book("V2", DAY, 6_000, "会费", "T1"),
        Book("V3", DAY, 12_000, "会费", "T2"),
        Book("V4", DAY, -500, "手续费", "F1"),
    ]
    lines = [
        Line("l1", DAY, 18_000, "T1", "公司"),
        Line("l2", DAY, 12_000, "T2", "学校"),
        Line("l3", DAY, -500, "F1"),
    ]
    paid = []
    for at, name in enumerate(NAMES):
        day, batch = DAY + timedelta(days=at // 2), f"2022071{5 + at // 2}-001"
        fen = 171_400 if twins else 100_000 + at
        paid.append(Paid(f"p{at}", day, fen, str(at), f"2022-00000{at}", batch, name, frozenset({"user:1"})))
        book.append(Book(f"P{at}", day, -fen, "发放", pays=str(at)))
        if not by_total:
            lines.append(Line(f"b{at}", day, -fen, f"B{at}", name, f"互助金 {batch}", (batch,)))
    if by_total:
        for at in (0, 1):
            batch, day = f"2022071{5 + at}-001", DAY + timedelta(days=at)
            total = sum(one.amount_fen for one in paid if one.batch == batch)
            lines.append(Line(f"s{at}", day, -total, f"S{at}", "", f"代发 {batch}", (batch,)))
    return book, paid, lines


def kinds(book, paid, lines):
    return [one.kind for one in differences(book, paid, lines)]


def without(rows, key):
    return [one for one in rows if one.key != key]


def changed(rows, key, **fields):
    return [replace(one, **fields) if one.key == key else one for one in rows]


@pytest.mark.parametrize("twins", [False, True])
@pytest.mark.parametrize("by_total", [False, True])
def test_lists_that_agree_are_silent(by_total, twins):
    assert kinds(*a_month(by_total=by_total, twins=twins)) == []
    assert kinds([], [], []) == []


@pytest.mark.parametrize("name", ["代发业务过渡户", "代发工资"])
def test_a_sum_through_the_banks_own_account_is_a_sum(name):
    book, paid, lines = a_month(by_total=True)
    assert kinds(book, paid, changed(lines, "s0", name=name)) == []
    assert kinds(book, paid, changed(lines, "s0", name="陌生人")) != []


def test_what_the_bank_sent_back_of_a_sum_is_no_difference():
    book, paid, lines = a_month(by_total=True)
    batch = paid[0].batch
    lines = changed(lines, "s0", amount_fen=-200_001 - 700)
    lines.append(Line("back", DAY, 700, "S9", "", f"退汇 {batch}", (batch,)))
    assert kinds(book, paid, lines) == []


FAULTS = {
    "a bank line is missing": (facts.BANK_MISSING, lambda b, p, x: (b, p, without(x, "l2"))),
    "an extra bank line": (
        facts.BANK_EXTRA,
        lambda b, p, x: (b, p, [*x, Line("x", DAY, 777, "X", "某人")]),
    ),
    "a wrong amount of a transfer": (
        facts.AMOUNT,
        lambda b, p, x: (b, p, changed(x, "l1", amount_fen=18_001)),
    ),
    "a wrong amount of a payment": (
        facts.AMOUNT,
        lambda b, p, x: (b, p, changed(x, "b1", amount_fen=-100_010)),
    ),
    "paid twice by the bank": (
        facts.TWICE,
        lambda b, p, x: (b, p, [*x, replace(x[-1], key="again", reference="B9")]),
    ),
    "paid without a bank line": (facts.NOT_PAID, lambda b, p, x: (b, p, without(x, "b2"))),
    "a voucher is missing": (facts.NO_VOUCHER, lambda b, p, x: (without(b, "P1"), p, x)),
    "a voucher's amount": (
        facts.BOOK_AMOUNT,
        lambda b, p, x: (changed(b, "P1", amount_fen=-100_010), p, x),
    ),
    "a wrong day at the bank": (
        facts.WRONG_DAY,
        lambda b, p, x: (b, p, changed(x, "b1", on=DAY + timedelta(days=3))),
    ),
    "a wrong day in the books": (
        facts.WRONG_DAY,
        lambda b, p, x: (changed(b, "P1", on=DAY + timedelta(days=3)), p, x),
    ),
    "a transfer's wrong day": (
        facts.WRONG_DAY,
        lambda b, p, x: (b, p, changed(x, "l2", on=DAY + timedelta(days=1))),
    ),
    "a wrong batch": (
        facts.WRONG_BATCH,
        lambda b, p, x: (b, p, changed(x, "b1", batches=("20220716-001",))),
    ),
    "a payment nobody scheduled": (
        facts.NO_PAYOUT,
        lambda b, p, x: ([*b, Book("P9", DAY, -5, "发放", pays="9")], p, x),
    ),
}


@pytest.mark.parametrize("twins", [False, True])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_reported_by_its_kind(fault, twins):
    kind, inject = FAULTS[fault]
    found = kinds(*inject(*a_month(twins=twins)))
    assert kind in found
    assert len(found) <= 2


def swapped(lines):
    """The amounts of two people of one batch, each paid to the other."""
    first, second = (next(one for one in lines if one.key == key) for key in ("b0", "b1"))
    lines = changed(lines, "b0", amount_fen=second.amount_fen)
    return changed(lines, "b1", amount_fen=first.amount_fen)


AGREEING_SUMS = {
    "the amounts of two people swapped": ([facts.AMOUNT] * 2, swapped),
    "a stranger in somebody's place": (
        [facts.BANK_EXTRA, facts.NOT_PAID],
        lambda x: changed(x, "b1", name="陌生人"),
    ),
    "all of a batch to one stranger": (
        [facts.BANK_EXTRA, facts.NOT_PAID, facts.NOT_PAID],
        lambda x: changed(without(x, "b0"), "b1", name="陌生人", amount_fen=-200_001),
    ),
}


@pytest.mark.parametrize("fault", AGREEING_SUMS)
def test_a_sum_that_agrees_hides_no_wrong_person_and_no_wrong_amount(fault):
    expected, inject = AGREEING_SUMS[fault]
    book, paid, lines = a_month()
    assert sorted(kinds(book, paid, inject(lines))) == expected


def test_one_person_twice_and_another_never_is_both_told():
    book, paid, lines = a_month(twins=True)
    found = differences(book, paid, changed(lines, "b1", name=NAMES[0]))
    assert sorted(one.kind for one in found) == [facts.NOT_PAID, facts.TWICE]
    assert next(one for one in found if one.kind == facts.NOT_PAID).paid == paid[1]


def test_a_return_to_somebody_by_name_makes_no_sum_agree():
    """The bank took 7.00 more than was paid and gave as much to one person: neither is silent."""
    book, paid, lines = a_month(by_total=True)
    batch = paid[0].batch
    lines = changed(lines, "s0", amount_fen=-200_001 - 700)
    lines.append(Line("back", DAY, 700, "S9", "陌生人", f"退汇 {batch}", (batch,)))
    assert sorted(kinds(book, paid, lines)) == [facts.AMOUNT, facts.BANK_EXTRA]


TOTALS = {
    "another sum": (facts.AMOUNT, lambda x: changed(x, "s0", amount_fen=-200_002)),
    "another day": (facts.WRONG_DAY, lambda x: changed(x, "s0", on=DAY + timedelta(days=2))),
    "twice": (facts.TWICE, lambda x: [*x, replace(x[-1], key="again")]),
    "not at all": (facts.NOT_PAID, lambda x: without(x, "s1")),
}


@pytest.mark.parametrize("fault", TOTALS)
def test_a_fault_in_a_batch_that_the_bank_shows_as_one_sum(fault):
    kind, inject = TOTALS[fault]
    book, paid, lines = a_month(by_total=True)
    assert set(kinds(book, paid, inject(lines))) == {kind}


def test_a_transfer_whose_number_was_typed_otherwise_is_found_by_amount_and_day():
    book, paid, lines = a_month()
    assert kinds(changed(book, "V3", reference="T-2"), paid, lines) == []
    lines.append(Line("like", DAY, 12_000, "T7", "学校"))
    assert sorted(kinds(changed(book, "V3", reference="T-2"), paid, lines)) == [
        "bank_extra",
        "bank_extra",
        "bank_missing",
    ]


def without_numbers():
    """Two vouchers of one amount and day, under other numbers than the bank's."""
    book, paid, lines = a_month()
    book += [Book("V5", DAY, 70_000, "上解到省", "S1"), Book("V6", DAY, 70_000, "上解到省", "S2")]
    return book, paid, [*lines, *(Line(f"h{at}", DAY, 70_000, f"H{at}", "代办处") for at in (1, 2))]


def test_as_many_vouchers_as_lines_of_one_amount_and_day_agree_whatever_their_numbers():
    book, paid, lines = without_numbers()
    assert kinds(book, paid, lines) == []
    assert kinds(book, paid, lines[::-1]) == []


def test_one_line_or_one_voucher_less_of_them_is_told():
    book, paid, lines = without_numbers()
    assert kinds(book, paid, without(lines, "h1")) == ["bank_missing"]
    assert sorted(kinds(without(book, "V5"), paid, lines)) == ["bank_extra", "bank_extra", "bank_missing"]
    assert sorted(kinds(book, paid, changed(lines, "h1", on=DAY + timedelta(days=1)))) == [
        "bank_extra",
        "bank_missing",
    ]


def a_shared_number():
    """A transfer of 1,000 and its charge of 5, the charge first: both under S1, the second told apart by its place."""
    book = [Book("V1", DAY, -100_000, "上解", "S1"), Book("V2", DAY, -500, "手续费", "S1")]
    return book, [], [Line("fee", DAY, -500, "S1"), Line("sum", DAY, -100_000, "S1:2", "省办")]


@pytest.mark.parametrize("swap", [False, True])
def test_a_charge_and_its_transfer_under_one_number_agree(swap):
    book, paid, lines = a_shared_number()
    if swap:
        lines = [replace(one, reference={"S1": "S1:2", "S1:2": "S1"}[one.reference]) for one in lines]
    assert kinds(book, paid, lines) == []
    halves = [replace(book[0], key=key, amount_fen=-50_000) for key in ("V1", "V3")]
    assert kinds([*halves, book[1]], paid, lines) == []


@pytest.mark.parametrize(
    ("expected", "inject"),
    [
        (["bank_extra"], lambda b, x: (b[:1], x)),
        (["bank_extra"], lambda b, x: (b[1:], x)),
        (["amount"], lambda b, x: (changed(b, "V1", amount_fen=-100_001), [x[1], x[0]])),
        (["wrong_day"], lambda b, x: (changed(b, "V1", on=DAY - timedelta(days=1)), x)),
        (["amount"], lambda b, x: (b, x[:1])),
    ],
)
def test_a_number_that_two_lines_share_hides_neither(expected, inject):
    book, paid, lines = a_shared_number()
    book, lines = inject(book, lines)
    assert kinds(book, paid, lines) == expected


def a_number_used_again():
    """120 of one day and 120 of the next under one number; the later was registered by hand under it, the first claimed."""
    after = DAY + timedelta(days=1)
    book = [Book("V1", after, 12_000, "会费", "0123"), Book("V2", DAY, 12_000, "会费", "0123@20220715")]
    return book, [], [Line("one", DAY, 12_000, "0123"), Line("two", after, 12_000, "0123@20220716")]


@pytest.mark.parametrize(
    ("expected", "inject"),
    [
        ([], lambda b, x: (b, x)),
        (["bank_extra"], lambda b, x: (b[:1], x)),
        (["bank_extra"], lambda b, x: (b[1:], x)),
        (["bank_missing"], lambda b, x: (b, x[:1])),
    ],
)
def test_a_number_used_again_is_told_apart_by_its_day(expected, inject):
    book, paid, lines = a_number_used_again()
    book, lines = inject(book, lines)
    assert kinds(book, paid, lines) == expected


def test_a_line_registered_in_part_and_claimed_for_the_rest_agrees():
    book = [Book("V1", DAY, 12_000, "会费", "B9"), Book("V2", DAY, 24_000, "会费", "B9@20220715")]
    assert kinds(book, [], [Line("one", DAY, 36_000, "b9")]) == []
    assert kinds(book[:1], [], [Line("one", DAY, 36_000, "b9")]) == ["amount"]


def test_a_line_that_kept_two_numbers_is_known_by_the_first():
    assert (
        kinds(
            [Book("V1", DAY, 12_000, "会费", "T1")], [], [Line("one", DAY, 12_000, "T1 00451", serial="T1")]
        )
        == []
    )


def test_the_same_difference_has_the_same_key_and_names_who_had_it_in_hand():
    book, paid, lines = a_month()
    first = differences(book, paid, without(lines, "b2"))
    again = differences(book[::-1], paid, without(lines[::-1], "b2"))
    assert [one.key for one in first] == [one.key for one in again]
    assert first[0].caused_by == {"user:1"}


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3), st.integers(0, 2)), max_size=12), st.randoms()
)
def test_money_never_vanishes_between_the_sides(told, random):
    """Whatever is paid: agreeing lists are silent in any order, and one line less is never silent."""
    paid, book, lines = [], [], []
    for at, (who, fen, later) in enumerate(told):
        day = DAY + timedelta(days=later)
        batch = f"{day:%Y%m%d}-001"
        paid.append(Paid(f"p{at}", day, fen, str(at), str(at), batch, NAMES[who]))
        book.append(Book(f"P{at}", day, -fen, "", pays=str(at)))
        lines.append(Line(f"b{at}", day, -fen, f"B{at}", NAMES[who], batch, (batch,)))
    random.shuffle(lines)
    assert kinds(book, paid, lines) == []
    if lines:
        assert kinds(book, paid, lines[1:])
        assert kinds(book, paid[1:], lines)
        assert kinds(book[1:], paid, lines)


def doubted(paid):
    """The last two payouts are not known to have been paid."""
    return paid[:2], [replace(one, doubt="还是存疑") for one in paid[2:]]


def without_vouchers(book):
    return [one for one in book if one.pays not in {"2", "3"}]


def test_what_is_unclear_and_not_at_the_bank_either_is_silent():
    book, paid, lines = a_month()
    known, unclear = doubted(paid)
    assert differences(without_vouchers(book), known, lines[:-2], unclear) == []


@pytest.mark.parametrize("by_total", [False, True])
def test_what_the_bank_paid_while_we_doubt_is_said_of_each_payout(by_total):
    book, paid, lines = a_month(by_total=by_total, twins=True)
    known, unclear = doubted(paid)
    found = differences(without_vouchers(book), known, lines, unclear)
    assert [(one.kind, one.paid) for one in found] == [(facts.BANK_PAID, one) for one in unclear]
    assert "银行 2022-07-16 已付出，还是存疑" in found[0].words


def test_a_bank_that_names_no_batch_is_understood_by_name_and_amount():
    book, paid, lines = a_month()
    known, unclear = doubted(paid)
    lines = [replace(one, batches=(), remark="") for one in lines]
    found = differences(without_vouchers(book), known, lines, unclear)
    assert [(one.kind, one.paid) for one in found] == [(facts.BANK_PAID, one) for one in unclear]


def test_one_sum_of_what_was_paid_and_what_is_unclear():
    book, paid, lines = a_month(by_total=True)
    known, unclear = paid[:3], [replace(paid[3], doubt="还是存疑")]
    found = differences([one for one in book if one.pays != "3"], known, lines, unclear)
    assert [(one.kind, one.paid) for one in found] == [(facts.BANK_PAID, unclear[0])]


def test_a_sum_that_fits_neither_is_an_amount():
    book, paid, lines = a_month(by_total=True)
    unclear = [replace(paid[3], doubt="还是存疑")]
    lines = changed(lines, "s1", amount_fen=-1)
    found = differences([one for one in book if one.pays != "3"], paid[:3], lines, unclear)
    assert [one.kind for one in found] == [facts.AMOUNT]
