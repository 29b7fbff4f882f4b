"""Events of covers before the edition's time still count in totals over a whole life, and in none of a period."""

from huzhu.rules.adjudicate import adjudicate
from huzhu.schemes.library import Library

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
