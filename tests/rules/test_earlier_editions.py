"""What came before: events of earlier covers in totals over a whole life, and values that a later day has changed."""

from huzhu.rules.adjudicate import adjudicate
from huzhu.schemes.library import Library
from rules.builders import facts, read, tiny

EARLIER_COVER = {
    "cover_starts_on": "2019-01-28",
    "cover_ends_on": "2020-01-28",
    "covered_since_on": "2019-01-28",
}
COVER = {"cover_starts_on": "2022-01-28", "cover_ends_on": "2023-01-28", "covered_since_on": "2019-01-28"}


def ill(claim_no: str, day: str) -> dict[str, object]:
    return {"claim_no": claim_no, "occurred_on": day, "diagnosis": "C50", "diagnosed_on": day}


def document(*history: dict[str, object]) -> dict[str, object]:
    return {
        "format": "huzhu-facts/1",
        "person": {"sex": "female"},
        "cover": COVER,
        "history": list(history),
        "event": ill("2", "2022-06-23"),
    }


def test_an_illness_paid_under_an_earlier_edition_is_not_paid_again():
    edition = Library().edition("yichun-women")
    (first,) = adjudicate([edition], document())
    (second,) = adjudicate([edition], document({**ill("1", "2019-06-23"), "cover": EARLIER_COVER}))
    assert (first.total, second.total) == (1_500_000, 0)


def test_a_table_that_later_keeps_more_digits_pays_the_old_days_as_before():
    dated = "{2020-01-01: {three: 60%, two: 50%}, 2022-01-01: {three: 62.125%, two: 50%}}"
    table = f"shares: {{label: 分档, unit: rate, shape: table, clause: c1, values: {dated}}}"
    swaps = [
        ("version_by: starts_on", "version_by: day"),
        ("shares: {", "by_grade: {"),
        ("plain: 自付的{rate}", "plain: 自付的一部分"),
        ('about: {share: "{rate}"}\n', ""),
        ("  rate: {label: 比例, unit: rate, clause: c1, values: {2020-01-01: 60%}}\n", ""),
    ]
    edition = read(tiny(*swaps, parameters=table, pays="ratio(S, coalesce(lookup(by_grade, grade), 0%))"))
    totals = [
        adjudicate([edition], facts(S="1000.00", grade=grade, day=day))[0].total
        for grade in ("three", "two")
        for day in ("2021-12-31", "2022-01-01")
    ]
    assert totals == [60_000, 62_125, 50_000, 50_000]
