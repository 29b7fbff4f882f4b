"""A stored reasoning comes back as it was: an old decision shows the slip of its day."""

import json

import pytest

from huzhu.rules.adjudicate import explain
from huzhu.rules.reasoning import NotAReasoning, as_json, from_json
from huzhu.schemes.library import Library

FACTS = {
    "format": "huzhu-facts/1",
    "person": {"sex": "female"},
    "cover": {
        "cover_starts_on": "2022-01-28",
        "cover_ends_on": "2023-01-28",
        "covered_since_on": "2022-01-28",
    },
    "event": {
        "claim_no": "2022-000001",
        "occurred_on": "2022-06-20",
        "admitted_on": "2022-06-20",
        "inscp_scp_amt": "75400.00",
        "act_pay_dedc": "800.00",
        "hifp_pay": "63410.00",
    },
}


def reasonings():
    library = Library()
    editions = [library.edition(slug) for slug in library.slugs()]
    return explain(editions, FACTS, among=editions)


def test_what_was_stored_comes_back_the_same():
    for reasoning in reasonings():
        stored = json.loads(json.dumps(as_json(reasoning)))
        again = from_json(stored)
        assert json.loads(json.dumps(as_json(again))) == stored
        assert again.total == reasoning.total
        assert again.benefits == reasoning.benefits


def test_another_format_is_refused():
    with pytest.raises(NotAReasoning, match="huzhu-reasoning/1"):
        from_json({**as_json(reasonings()[0]), "format": "huzhu-reasoning/9"})
