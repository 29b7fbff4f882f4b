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


@given(st.integers(0, 50_000), rules(), st.integers(1, 40_000))
def test_shares_sum_to_the_fee_for_any_rules(fee, chosen, heads):
    try:
        parts = split(fee, chosen)
    except SplitOverFee:
        assume(False)
    assert sum(part.amount_fen for part in parts) == fee
    assert all(part.amount_fen >= 0 and part.cash_back_fen >= 0 for part in parts)
    assert sum(part.times(heads).amount_fen for part in parts) == fee * heads
    assert len({part.payer for part in parts}) == len(parts)
