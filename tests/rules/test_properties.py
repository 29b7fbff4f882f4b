"""The engine against an independent reference on any member's history, and what must hold of every answer."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huzhu.rules.adjudicate import adjudicate
from reference import decimal_reference as reference
from rules.builders import GROUPS, SHELF, facts, read, tiny
from rules.members import COVER, after, fen, histories, money, paid, stay, yuan

READINGS = [f"yichun-120 {reading}" for reading in "ABCDE"]
INPATIENT = [*READINGS, "harbin-80"]


def in_yuan(found: dict) -> dict:
    return {
        name: {benefit: Decimal(fen) / 100 for benefit, fen in part.items()} for name, part in found.items()
    }


def agrees_with_the_reference(documents: list) -> None:
    for document in documents:
        assert in_yuan(paid(document)) == reference.paid_by_all(document)


@given(histories())
@settings(max_examples=150)
def test_the_engine_pays_what_the_reference_pays_on_every_claim_of_any_history(documents):
    agrees_with_the_reference(documents)


@pytest.mark.long
@given(histories(most=8))
@settings(max_examples=5_000)
def test_the_engine_pays_what_the_reference_pays_on_very_many_histories(documents):
    agrees_with_the_reference(documents)


@given(histories(), st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_the_order_in_which_history_is_told_does_not_matter(documents, chance):
    for document in documents:
        shuffled = {**document, "history": chance.sample(document["history"], len(document["history"]))}
        assert paid(shuffled) == paid(document)


@given(histories())
@settings(max_examples=50)
def test_what_happens_later_does_not_change_what_an_event_was_paid(documents):
    for document in documents:
        place = reference.Event({}, COVER, document["event"]).place()
        earlier = [e for e in document["history"] if reference.Event({}, COVER, e).place() < place]
        assert paid({**document, "history": earlier}) == paid(document)


@given(histories())
@settings(max_examples=25)
def test_asking_twice_gives_the_same(documents):
    first = [paid(document) for document in documents]
    assert [paid(document) for document in reversed(documents)] == first[::-1]


@given(
    own=money, pool=money, more=st.integers(0, 500_000), history=st.lists(st.tuples(money, money), max_size=2)
)
@settings(max_examples=100)
def test_more_own_share_never_pays_less(own, pool, more, history):
    """For every reading, and for Harbin too as long as it is the last claim that grows."""
    earlier = [stay(o, p, occurred_on="2022-03-01", admitted_on="2022-03-01") for o, p in history]
    less = paid(after(stay(own, pool), *earlier))
    greater = paid(after(stay(yuan(fen(own) + more), pool), *earlier))
    assert all(greater[name]["inpatient"] >= less[name]["inpatient"] for name in INPATIENT)


def test_under_a_limit_of_claims_a_trifle_may_cost_a_later_large_claim():
    """Why the property above speaks of the last claim: a first stay of 0.01 uses up one of Harbin's two."""
    large = [
        stay("8000.00", "9.00", occurred_on=f"2022-0{n}-01", admitted_on=f"2022-0{n}-01") for n in (4, 5)
    ]
    trifle = [
        stay(own, "9.00", occurred_on="2022-03-01", admitted_on="2022-03-01") for own in ("0.00", "0.01")
    ]
    last = [paid(after(large[1], first, large[0]))["harbin-80"]["inpatient"] for first in trifle]
    assert last == [400_000, 0]


@given(own=money, pool=money)
@settings(max_examples=100)
def test_a_payment_keeps_inside_the_bounds_of_its_reading(own, pool):
    found = {
        name: figure["inpatient"] for name, figure in paid(stay(own, pool)).items() if "women" not in name
    }
    s, p = fen(own), fen(pool)
    assert all(amount >= 0 for amount in found.values())
    assert 100 * found["yichun-120 A"] <= 12 * p + 50
    assert 100 * found["yichun-120 A"] <= 60 * s + 50
    assert 100 * found["yichun-120 B"] <= 12 * min(s, p) + 50
    assert found["yichun-120 A"] <= found["yichun-120 D"] <= found["yichun-120 E"]
    assert found["yichun-120 A"] <= found["yichun-120 C"]
    assert found["harbin-80"] <= min(800_000, s)


@given(histories(most=6))
@settings(max_examples=60)
def test_harbins_payments_of_a_period_sum_to_one_function_of_its_totals(documents):
    for start in ("2022-01-28", "2023-01-28"):
        period = [document for document in documents if document["cover"]["cover_starts_on"] == start]
        if not period:
            continue
        last = max(period, key=lambda d: reference.Event({}, COVER, d["event"]).place())
        total = sum(paid(document)["harbin-80"]["inpatient"] for document in period)
        assert Decimal(total) / 100 == reference.half_of_two(reference.story(last))


@pytest.mark.parametrize(("own", "expected"), [("0.01", 1), ("0.02", 1), ("0.03", 2), ("1000.01", 50_001)])
def test_half_a_fen_is_rounded_up(own, expected):
    assert paid(stay(own, "0.00"))["harbin-80"]["inpatient"] == expected


def total(text: str, **given) -> int:
    (outcome,) = adjudicate([read(text)], facts(**given))
    return outcome.total


@pytest.mark.parametrize(
    ("rounding", "own", "expected"),
    [
        ("四舍五入到分", "1.49", 149),
        ("四舍五入到元", "1.49", 100),
        ("四舍五入到元", "1.50", 200),
        ("舍去到元", "1.99", 100),
        ("舍去到元", "0.99", 0),
    ],
)
def test_a_scheme_says_how_its_amounts_are_rounded(rounding, own, expected):
    assert total(tiny(("slug: tiny", f"slug: tiny\nrounding: {rounding}"), pays="S"), S=own) == expected


@pytest.mark.parametrize("sign", ["==", "!=", "<", "<=", ">", ">="])
def test_a_comparison_with_a_missing_value_is_false_and_its_negation_true(sign):
    assert total(tiny(pays=f"1元 if x {sign} 5元 else 2元")) == 200
    assert total(tiny(pays=f"1元 if not x {sign} 5元 else 2元")) == 100
    assert total(tiny(pays=f"1元 if x {sign} y else 2元"), y="3.00") == 200
    assert total(tiny(pays=f"1元 if 5元 {sign} x else 2元")) == 200


def test_a_missing_code_is_in_no_list_and_equals_nothing():
    ills = "ills: {label: 目录, unit: icd, shape: list, clause: c1, values: {2020-01-01: [C00-C97]}}"
    assert total(tiny(pays="1元 if ill in ills else 2元", parameters=ills)) == 200
    assert total(tiny(pays="1元 if not ill in ills else 2元", parameters=ills)) == 100
    assert total(tiny(pays='1元 if grade == "two" else 2元')) == 200
    assert total(tiny(pays='1元 if grade != "two" else 2元')) == 200


def test_absent_and_null_both_mean_missing():
    text = tiny(pays="1元 if x is none else 2元")
    assert total(text) == total(text, x=None) == 100
    assert total(text, x="0.00") == 200


def test_a_total_runs_up_to_and_with_this_event_over_its_own_key():
    text = tiny(pays="total(1次, period) * 1元 + total(1次, life) * 100元")
    earlier = [{}, {"cover": {**GROUPS["cover"], "starts_on": "2021-01-01", "ends_on": "2022-01-01"}}, {}]
    (outcome,) = adjudicate([read(text)], facts(*earlier))
    assert outcome.total == 300 + 400 * 100


def test_a_total_counts_only_what_passed_the_conditions_before_it():
    text = tiny(when={"urgent": "urgent", "first": "total(1次, life) <= 2次"}, pays="total(1次, life) * 1元")
    flags = [True, False, True, False]
    (outcome,) = adjudicate([read(text)], facts(*({"urgent": flag} for flag in flags[:2]), urgent=True))
    assert outcome.total == 200
    (outcome,) = adjudicate([read(text)], facts(*({"urgent": flag} for flag in flags), urgent=True))
    assert outcome.total == 0


def test_the_value_of_a_parameter_is_picked_by_the_day_the_scheme_names():
    dated = ("{2020-01-01: 60%}", "{2020-01-01: 60%, 2022-01-01: 50%, 2022-01-02: 40%}")
    for day, expected in (("2021-12-31", 60_000), ("2022-01-01", 50_000), ("2022-01-02", 40_000)):
        assert total(tiny(dated), starts_on=day) == expected


def test_a_scheme_without_parameters_pays_too():
    line = "  rate: {label: 比例, unit: rate, clause: c1, values: {2020-01-01: 60%}}\n"
    text = tiny((line, ""), ("parameters:\n", ""), ('"{rate}"', "全额"), ("自付的{rate}", "全额"), pays="S")
    assert total(text) == 100_000


def test_dates_move_by_days_both_ways():
    text = tiny(pays="1元 if ends_on - stay > day + 200天 else 2元")
    assert total(text, stay=13) == 100  # 2023-01-01 − 13 = 2022-12-19; 2022-06-01 + 200 = 2022-12-18
    assert total(text, stay=14) == 200


def test_a_list_may_hold_plain_codes():
    near = "near: {label: 近处, unit: code, shape: list, clause: c1, values: {2020-01-01: [yc, ts]}}"
    text = tiny(pays="1元 if place in near else 2元", parameters=near)
    assert (total(text, place="ts"), total(text, place="far")) == (100, 200)


# ── identity ──

VARIANTS = """\
default_variant: A
variants:
  A: {label: 读法甲, text: 照写}
  B: {label: 读法乙, text: 一半, overlay: {parameters: {rate: {values: {2020-01-01: 50%}}}}}
"""


def identity(*swaps: tuple[str, str], variant: str | None = None, shelf: str = SHELF) -> str:
    return read(tiny(*swaps, tail=VARIANTS), variant, more={"shelf": shelf}).identity


@pytest.mark.parametrize(
    "swap",
    [
        ("values: {2020-01-01: 60%}", "values: {2020-01-01: 61%}"),
        ("按自付的比例给付", "按自付的比例给付。"),
        ("title: 小方案", "title: 大方案"),
        ("pays: ratio(S, rate)", "pays: ratio(S, rate) + 0元"),
        ("order: [day, claim_no]", "order: [day, settled_at, claim_no]"),
        ("closes_on: 2030-01-01", "closes_on: 2030-01-02"),
    ],
)
def test_the_identity_changes_with_anything_the_resolved_text_says(swap):
    assert identity(swap) != identity()


def test_the_identity_changes_with_what_is_inherited_and_with_the_reading():
    assert identity(shelf=SHELF.replace("label: 甲数", "label: 乙数")) != identity()
    assert identity(variant="B") != identity(variant="A")


@pytest.mark.parametrize(
    "swap",
    [
        ("title: 小方案\n", "title: 小方案  # 说明\n\n"),
        ("title: 小方案", "title: '小方案'"),
        ("2020-01-01: 50%", "2020-01-01: 40%"),
        ("读法乙, text: 一半", "读法丙, text: 四成"),
    ],
)
def test_the_identity_does_not_change_with_a_comment_quotes_or_another_reading(swap):
    assert identity(swap) == identity()


def test_the_identity_is_the_same_however_the_default_reading_is_asked_for():
    assert identity() == identity(variant="A")
