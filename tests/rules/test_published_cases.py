"""Every worked example of the domain (published, or by pencil from a published rule) is paid to the cent."""

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from huzhu.rules.adjudicate import adjudicate
from huzhu.rules.edition import Edition
from huzhu.schemes.library import SHELF, Library

TOLD = json.loads((Path(__file__).parents[1] / "reference" / "published_cases.json").read_text())
LIBRARY = Library(SHELF)
ORDINARY = {"cover_shares": 1, "period_no": 1}


def start_of(edition: Edition) -> date:
    return date(max(date.fromordinal(edition.opens_on).year, 2012) + (edition.slug != "gansu-2010"), 1, 1)


def document(edition: Edition, case: dict, claims: list[dict]) -> dict[str, Any]:
    """The last of the claims, with those before it as history; figures of the domain become facts of the bureau."""
    start = start_of(edition)
    cover = {
        "cover_starts_on": start,
        "covered_since_on": start,
        "cover_ends_on": start.replace(year=start.year + 1),
    }
    events = [event_of(claim, start, number) for number, claim in enumerate(claims)]
    return {
        "format": "huzhu-facts/1",
        "person": {
            "sex": "female",
            "identity": case["claims"][0].get("identity") if "claims" in case else None,
        },
        "cover": {name: str(day) for name, day in cover.items()}
        | {
            n: claims[-1].get("shares", v)
            for n, v in ORDINARY.items()
            if n in edition.columns and n != "period_no"
        },
        "history": events[:-1],
        "event": events[-1],
    }


def event_of(claim: dict, start: date, number: int) -> dict[str, Any]:
    day = str(start + timedelta(claim.get("observation_day", 60 + number) - 1))
    event: dict[str, Any] = {
        "claim_no": f"{number:02d}",
        "occurred_on": day,
        "visit": claim.get("kind", "inpatient"),
    }
    if claim.keys() & {"S", "P", "own1", "days"}:
        event["admitted_on"] = day
    if claim.keys() & {"S", "P"}:
        own, pool = Decimal(claim.get("S", "0")), Decimal(claim.get("P", "0"))
        event |= {"inscp_scp_amt": str(own + pool), "hifp_pay": str(pool)}
    if claim.keys() & {"observation_day", "women", "critical"}:
        event |= {"diagnosis": "C50", "diagnosed_on": day, "severity": claim.get("critical")}
    return event | {
        name: claim[said]
        for name, said in (("own1", "own1"), ("stay_days", "days"), ("hospital_level", "level"))
        if said in claim
    }


def everybody() -> list[Edition]:
    return [LIBRARY.edition(slug) for slug in (*LIBRARY.slugs(), *LIBRARY.gallery())]


def paid(slug: str, case: dict, claims: list[dict], variant: str | None = None) -> Decimal:
    edition = LIBRARY.edition(slug, variant)
    (outcome,) = adjudicate([edition], document(edition, case, claims), among=everybody())
    return Decimal(outcome.total) / 100


def claims_of(case: dict) -> list[list[dict]]:
    """Claims in a row, each with those before it; days of observation are cases of their own."""
    if "observation_day" in case:
        return [[{"observation_day": day}] for day in case["observation_day"]]
    if case["scheme"] == "hubei-2025":
        return [case["claims"]]
    return [case["claims"][: n + 1] for n in range(len(case["claims"]))]


@pytest.mark.parametrize("case", TOLD["cases"], ids=lambda case: f"{case['scheme']} {case['pays']}")
def test_a_worked_example_of_the_domain_is_paid_to_the_cent(case):
    expected = [Decimal(amount) for amount in case["pays"]]
    assert [paid(case["scheme"], case, claims) for claims in claims_of(case)] == expected


@pytest.mark.parametrize("case", TOLD["clause"]["cases"], ids=lambda case: case["id"])
@pytest.mark.parametrize("reading", "ABCDE")
def test_the_clause_is_paid_in_every_reading(case, reading):
    claim = {"S": case["S"], "P": case["P"]}
    assert paid("yichun-120", {"claims": [claim]}, [claim], reading) == Decimal(case[reading])


def test_none_of_them_is_left_out():
    assert sum(len(case["pays"]) for case in TOLD["cases"]) == 30
    assert 5 * len(TOLD["clause"]["cases"]) == 30
