"""Which benefits are functions of a member-year's totals: said only where the sum over the year proves it."""

import pytest

from huzhu.batch.forms import Forms, NotOfTotals, period_of
from huzhu.rules.adjudicate import adjudicate
from rules.builders import facts, read, tiny

SECOND = "  second: {label: 第二项, clause: c1, plain: 再付, pays: '%s'}\n"
DATED = ("{2020-01-01: 60%}", "{2020-01-01: 60%, 2022-07-01: 50%}")
BY_DAY = ("version_by: starts_on", "version_by: day")


def why(*swaps: tuple[str, str], benefit: str = "aid", **given: object) -> str:
    """Why the benefit is no function of totals; nothing where it is one."""
    edition = read(tiny(*swaps, **given))
    found = Forms(edition, period_of(edition)).parts(edition.benefits[benefit])
    return found.why if isinstance(found, NotOfTotals) else ""


@pytest.mark.parametrize(
    "given",
    [
        {"pays": "change(min(ratio(total(S, period), rate), 8000元))"},
        {"pays": "change(total(S, period)) + 5元"},
        {"pays": "paid_before", "own": {"paid_before": "change(total(S, period))"}},
        {"pays": "change(used)", "when": {"urgent": "urgent"}, "own": {"used": "total(S, period)"}},
        {"pays": "10元"},
    ],
)
def test_changes_of_the_years_totals_and_fixed_amounts_are_functions_of_it(given):
    assert why(**given) == ""


@pytest.mark.parametrize(
    ("given", "because"),
    [
        ({"pays": "ratio(S, rate)"}, "金额逐件算出"),
        ({"pays": "S + change(total(S, period))"}, "金额逐件算出"),
        ({"pays": "change(total(S, period)) + change(total(S, life))"}, "累计跨保障期"),
        ({"pays": "change(min(total(S, period), shares * 1000元))"}, "还要看"),
    ],
)
def test_what_reads_the_single_event_or_another_key_is_none(given, because):
    assert because in why(**given)


def test_a_parameter_that_changes_inside_a_period_makes_it_none():
    assert "会变" in why(BY_DAY, DATED, pays="change(ratio(total(S, period), rate))")
    assert why(DATED, pays="change(ratio(total(S, period), rate))") == ""


def test_nor_may_the_parameter_hide_behind_several_lines():
    lines = {"a": "ratio(total(S, period), rate)", "b": "min(a, 8000元)", "c": "min(b, 7000元)"}
    assert "会变" in why(BY_DAY, DATED, lines=lines, pays="change(c)")


def test_a_total_of_payments_is_one():
    text = {"lines": {"had": "total(aid, period)"}, "tail": SECOND % "change(ratio(had, 10%))"}
    assert why(benefit="second", **text) == ""


def test_a_condition_beside_a_total_of_every_event_makes_it_none():
    """Two events of 100 yuan, only the second urgent: it alone is paid, and what it is paid depends on the first.

    The cap of 150 is met by both together, so that one total for the year cannot tell 50 from 100.
    """
    shared = {"lines": {"used": "total(S, period)"}, "pays": "change(min(used, 150元))"}
    assert why(**shared) == ""
    gated = {**shared, "when": {"urgent": "urgent"}}
    assert why(**gated) == "累计里有不给付的件"
    paid = [
        adjudicate([read(tiny(**gated))], facts({"S": "100.00", "urgent": first}, S="100.00", urgent=last))
        for first, last in ((False, True), (True, True))
    ]
    assert [outcome.paid["aid"] for (outcome,) in paid] == [5_000, 5_000]
    alone = adjudicate([read(tiny(**gated))], facts(S="100.00", urgent=True))
    assert alone[0].paid["aid"] == 10_000
