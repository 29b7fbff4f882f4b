"""The clause in its five readings, the Harbin limits and 刘女士's three parts, each figure worked by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.members import after, fen, liu, paid, stay, yuan

#        P, S                        A          B          C          D          E
CLAUSE = {
    "Y1": ("16490.00", "2910.00", "1746.00", "349.20", "1978.80", "1746.00", "1746.00"),
    "Y2": ("34170.00", "6030.00", "3618.00", "723.60", "4100.40", "3618.00", "3618.00"),
    "Y3": ("19950.00", "8550.00", "2394.00", "1026.00", "2394.00", "3990.00", "5130.00"),
    "Y4": ("10000.00", "2000.01", "1200.00", "240.00", "1200.00", "1200.01", "1200.01"),
    "Y5": ("0.00", "0.00", "0.00", "0.00", "0.00", "0.00", "0.00"),
    "Y6": ("1000.03", "1000.03", "120.00", "120.00", "120.00", "200.01", "600.02"),
}


@pytest.mark.parametrize("name", CLAUSE)
def test_the_clause_pays_what_was_worked_by_hand_in_every_reading(name):
    pool, own, *expected = CLAUSE[name]
    found = paid(stay(own, pool))
    assert [yuan(found[f"yichun-120 {reading}"]["inpatient"]) for reading in "ABCDE"] == expected


def test_the_own_share_is_what_the_settlement_leaves_after_deductible_and_pool():
    document = stay(
        "0.00", "34170.00", medfee_sumamt="50000.00", act_pay_dedc="800.00", inscp_scp_amt="41000.00"
    )
    document["event"] |= {
        "fulamt_ownpay_amt": "6000.00",
        "overlmt_selfpay": "1000.00",
        "preselfpay_amt": "2000.00",
    }
    assert yuan(paid(document)["yichun-120 A"]["inpatient"]) == "3618.00"


def test_a_stay_below_the_deductible_pays_nothing():
    document = stay("600.00", "0.00", act_pay_dedc="600.00")
    assert {figure["inpatient"] for name, figure in paid(document).items() if name != "yichun-women"} == {0}


def test_harbin_pays_half_of_two_stays_a_period_up_to_eight_thousand():
    first = stay("10000.00", "60000.00", occurred_on="2022-03-01", admitted_on="2022-03-01")
    second = stay("10000.00", "60000.00", occurred_on="2022-05-01", admitted_on="2022-05-01")
    third = stay("10000.00", "60000.00", occurred_on="2022-08-01", admitted_on="2022-08-01")
    story = [after(first), after(second, first), after(third, first, second)]
    assert [yuan(paid(document)["harbin-80"]["inpatient"]) for document in story] == [
        "5000.00",
        "3000.00",
        "0.00",
    ]


def test_ms_liu_gets_31714_yuan_in_three_parts():
    found = paid(liu())
    parts = found["yichun-120 A"] | found["yichun-women"]
    assert {name: yuan(amount) for name, amount in parts.items() if amount} == {
        "inpatient": "6714.00",
        "critical": "10000.00",
        "women": "15000.00",
    }
    assert sum(parts.values()) == fen("31714.00")


amounts = st.integers(0, 500_000_000)


@given(pool=amounts, own=amounts)
@settings(max_examples=80)
def test_readings_a_d_and_e_are_one_where_the_pool_pays_five_sixths_or_more(pool, own):
    own = min(own, pool // 5)  # S <= 20 % of P is the same as P >= 83.33 % of both
    found = paid(stay(yuan(own), yuan(pool)))
    assert len({found[f"yichun-120 {reading}"]["inpatient"] for reading in "ADE"}) == 1


def test_one_fen_above_that_share_the_readings_part():
    found = paid(stay("2000.02", "10000.00"))
    assert [found[f"yichun-120 {reading}"]["inpatient"] for reading in "ADE"] == [120000, 120001, 120001]
