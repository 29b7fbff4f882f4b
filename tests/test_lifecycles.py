"""Every table of rows with a state has one of states, exits and owners; each rule complains, with a breach shown beside it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest
from django.db import models

from factories.lifecycles import exits_of, lifecycle_of, owners_of, states_of, with_states
from huzhu.claims.models import Claim
from huzhu.members.lifecycle import ACCOUNT_CHANGE, Changed

FOUND = {model._meta.label: model for model in with_states()}


# what rows may begin in beside the first of their table: a step of an approval, a payout that is kept whole
BORN = {"enrolment.ApprovalStep": {"waiting"}, "payouts.Payout": {"set_off"}}


def faults(
    states: set[str], table: Mapping[Any, Any] | None, born: Iterable[str] = frozenset()
) -> Iterator[str]:
    """What is wrong with the table of these states."""
    if table is None:
        yield "has no table"
        return
    exits = exits_of(table)
    if set(exits) != states:
        yield f"other states: {sorted(set(exits) ^ states)}"
    yield from (f"{state} leads to what is no state" for state, to in exits.items() if not set(to) <= states)
    yield from (f"{state} has no owner" for state in table if not all(owners_of(table[state])))
    reached = {next(iter(exits)), *born, *(to for ways in exits.values() for to in ways)}
    yield from (f"nothing leads to {state}" for state in sorted(states - reached))


def test_there_are_tables_to_look_at():
    assert len(FOUND) > 25
    assert FOUND["claims.Claim"] is Claim


@pytest.mark.parametrize("label", sorted(FOUND))
def test_every_state_has_exits_and_an_owner(label):
    assert list(faults(states_of(FOUND[label]), lifecycle_of(FOUND[label]), BORN.get(label, ()))) == []


def test_a_change_of_account_has_exits_and_owners_too():
    assert list(faults(set(Changed), ACCOUNT_CHANGE)) == []


def test_the_rule_can_fail():
    class State(models.TextChoices):
        A, B, C = "a", "b", "c"

    states = {"a", "b", "c"}
    assert list(faults(states, None)) == ["has no table"]
    assert list(faults(states, {State.A: {State.B: "某人"}, State.B: {}})) == [
        "other states: ['c']",
        "nothing leads to c",
    ]
    assert list(faults(states, {State.A: {State.B: "", State.C: "某人"}, State.B: {}, State.C: {}})) == [
        "a has no owner"
    ]
