"""Shares of a fee sum to the fee, whoever pays."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from huzhu.contributions.splits import Part, Rule, SplitOverFee, in_words, split

PAYERS = ("employer", "upper_union", "sponsor")


def percent(points, payer="employer"):
    return Rule(payer, payer, "percent", basis_points=points)


def fixed(fen, payer="employer"):
    return Rule(payer, payer, "fixed", fixed_fen=fen)


@pytest.mark.parametrize(
    ("fee", "rules", "amounts"),
    [  # the splits seen in the field, in yuan
        (120, [percent(7500)], [90, 30]),
        (120, [percent(5000)], [60, 60]),
        (120, [percent(10_000)], [120]),
        (120, [fixed(12_000, "sponsor")], [120]),
        (130, [percent(7000)], [91, 39]),
        (60, [fixed(2000, "upper_union"), fixed(2000)], [20, 20, 20]),
        (36, [fixed(1500, "upper_union"), fixed(1000)], [15, 10, 11]),
        (95, [fixed(7500, "upper_union"), fixed(2000)], [75, 20]),
        (110, [fixed(9800)], [98, 12]),
        (30, [fixed(1000)], [10, 20]),
        (120, [], [120]),
    ],
)
def test_the_splits_seen_in_the_field(fee, rules, amounts):
    assert [part.amount_fen for part in split(fee * 100, rules)] == [yuan * 100 for yuan in amounts]


def test_two_unions_above_share_a_fee():
    rules = [
        Rule("upper_union", "省教育工会", "fixed", fixed_fen=7_500),
        Rule("upper_union", "学校工会", "fixed", fixed_fen=2_000),
    ]
    assert in_words(split(9_500, rules)) == "省教育工会 75.00 元，学校工会 20.00 元"


@pytest.mark.parametrize(
    ("rules", "least", "amounts"),
    [  # of 110 yuan
        ([percent(10_000)], 12, [98, 12]),  # the whole fee, but the worker at least 12
        ([fixed(9_800)], 12, [98, 12]),
        ([percent(5_000)], 12, [55, 55]),
        ([fixed(6_000, "upper_union"), fixed(5_000)], 12, [60, 38, 12]),  # the last to be asked pays less
        ([fixed(6_000, "upper_union"), fixed(5_000)], 60, [50, 0, 60]),
        ([], 12, [110]),
    ],
)
def test_the_worker_keeps_at_least_what_is_set(rules, least, amounts):
    assert [part.amount_fen for part in split(11_000, rules, least * 100)] == [yuan * 100 for yuan in amounts]


def test_cash_given_back_leaves_the_least_own_share():
    back = Rule("employer", "单位", "cash_back", fixed_fen=3_000)
    assert [part.amount_fen for part in split(12_000, [back], 9_000)] == [
        0,
        12_000,
    ]
    with pytest.raises(SplitOverFee, match=r"至少缴的 90\.01 元加上补给的现金"):
        split(12_000, [back], 9_001)


def test_cash_back_stands_beside_the_fee():
    rule = Rule("employer", "美溪林业局公司", "cash_back", fixed_fen=3000)
    given_back, worker = split(12_000, [rule])
    assert (given_back.amount_fen, given_back.cash_back_fen) == (0, 3000)
    assert worker == Part("worker", "职工", 12_000)
    assert in_words([given_back, worker]) == "职工 120.00 元，另由美溪林业局公司补给职工现金 30.00 元"


def test_the_odd_cent_goes_to_the_member():
    # 33.33 % of 0.10 yuan is 3.333 fen: 3, and 7 are left
    assert [part.amount_fen for part in split(10, [percent(3333)])] == [3, 7]


def test_872_people_of_a_thirty_yuan_scheme():
    parts = [part.times(872) for part in split(3000, [fixed(1000)])]
    assert sum(part.amount_fen for part in parts) == 2_616_000


def test_nobody_pays_more_than_the_fee():
    for rules in (
        [fixed(12_001)],
        [percent(6000), percent(5000, "sponsor")],
        [percent(9000), Rule("sponsor", "好心人", "cash_back", fixed_fen=3000)],
    ):
        with pytest.raises(SplitOverFee, match="超过了会费"):
            split(12_000, rules)


@st.composite
def rules(draw):
    chosen = []
    for payer in draw(st.lists(st.sampled_from(PAYERS), unique=True)):
        basis = draw(st.sampled_from(["percent", "fixed", "cash_back"]))
        points = draw(st.integers(0, 10_000)) if basis != "fixed" else 0
        fen = draw(st.integers(0, 20_000)) if basis != "percent" else 0
        chosen.append(Rule(payer, payer, basis, points, fen))
    return chosen


@given(st.integers(0, 50_000), rules(), st.integers(0, 20_000), st.integers(1, 40_000))
def test_shares_sum_to_the_fee_for_any_rules(fee, chosen, least, heads):
    try:
        parts = split(fee, chosen, least)
    except SplitOverFee:
        assume(False)
    assert sum(part.amount_fen for part in parts) == fee
    assert all(part.amount_fen >= 0 and part.cash_back_fen >= 0 for part in parts)
    assert sum(part.times(heads).amount_fen for part in parts) == fee * heads
    assert len({part.payer for part in parts}) == len(parts)
    assert own(parts) - sum(part.cash_back_fen for part in parts) >= least


def own(parts):
    return sum(part.amount_fen for part in parts if part.payer == "worker")


@given(st.integers(0, 50_000), st.integers(0, 9_999), st.integers(0, 10_000))
def test_a_higher_rate_never_takes_from_the_payer_nor_burdens_the_worker(fee, points, least):
    lower, higher = (split(fee, [percent(at)], min(least, fee)) for at in (points, points + 1))
    assert higher[0].amount_fen >= lower[0].amount_fen
    assert own(higher) <= own(lower)


@given(st.integers(0, 50_000), rules(), st.integers(0, 20_000))
def test_a_higher_least_share_never_makes_another_pay_more(fee, chosen, least):
    try:
        lower, higher = split(fee, chosen, least), split(fee, chosen, least + 1)
    except SplitOverFee:
        assume(False)
    paid = {part.payer: part.amount_fen for part in lower}
    assert all(part.amount_fen <= paid[part.payer] for part in higher if part.payer != "worker")


@given(st.integers(0, 50_000), st.integers(0, 10_000))
def test_the_odd_cent_is_less_than_one_and_the_members(fee, points):
    paid = split(fee, [percent(points)])[0].amount_fen
    assert paid * 10_000 <= fee * points < (paid + 1) * 10_000
