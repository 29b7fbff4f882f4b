"""Two people at the same moment: one claim, one cap, two hundred times; and what happens to those who do not lock."""

from collections import Counter
from datetime import date
from functools import partial

import pytest
from django.db import IntegrityError, connection

from factories.at_once import at_once, in_rounds
from factories.bureau import a_record, taken_in
from factories.claims import HOUR, WEDNESDAY, a_covered_member, a_draft, with_settlement, yichun
from factories.schemes import the_capped_scheme
from huzhu.adjudication import services
from huzhu.adjudication.models import Adjudication, BenefitResult, Decision, RunningTotal
from huzhu.claims import services as claims
from huzhu.claims.models import Claim, State

pytestmark = pytest.mark.django_db(transaction=True)
POSTGRES = connection.vendor == "postgresql"
ROUNDS = 200 if POSTGRES else 10  # SQLite has one writer at a time
NAIVE_ROUNDS = 40
only_postgres = pytest.mark.skipif(not POSTGRES, reason="SQLite has one writer at a time")
LATER = WEDNESDAY + 2 * HOUR


def decide(claim, by, **more):
    return services.decide(
        claim=Claim.objects.get(pk=claim.pk), verdict="pay", reason="", by=by, at=LATER, **more
    )


def reported(place, records):
    """A claim for each record, complete and with its first opinion."""
    taken_in(place, *records)
    found = {claim.settlement.setl_id: claim for claim in Claim.objects.select_related("settlement")}
    return [found[one.setl_id] for one in records]


def reviewers(place):
    return [place.reviewer("张审核"), place.reviewer("李审核")]


def kinds(answers):
    return sorted(type(one).__name__ for one in answers)


# ── two reviewers, one claim ────────────────────────────────────────────────────────────────────────


def two_reviewers(place, rounds):
    """What both heard of each claim."""
    members = [a_covered_member(place, f"王小明{number}", sex="male") for number in range(rounds)]
    waiting = reported(place, [a_record(one) for one in members])
    both = reviewers(place)
    return in_rounds([[partial(decide, claim, by) for by in both] for claim in waiting])


def decisions_by_claim():
    return Counter(Decision.objects.values_list("claim", flat=True))


def test_two_reviewers_on_one_claim_make_one_decision():
    answers = two_reviewers(yichun(), ROUNDS)
    assert [kinds(pair) for pair in answers] == [["AlreadyDecided", "Decision"]] * ROUNDS
    assert list(decisions_by_claim().values()) == [1] * ROUNDS
    assert set(RunningTotal.objects.values_list("used_fen", flat=True)) == {120_000}


def unlocked(monkeypatch):
    """As one would write it first: read, reckon, write."""
    monkeypatch.setattr(claims, "lock_member", lambda claim: claim.member)


@pytest.fixture
def unconstrained():
    """The table without the index that allows one standing decision a claim."""
    [rule] = [one for one in Decision._meta.constraints if one.name == "one_standing_decision_a_claim"]
    with connection.schema_editor() as editor:
        editor.remove_constraint(Decision, rule)
    yield
    for table in (BenefitResult, Adjudication, Decision):
        table.objects.all().delete()
    with connection.schema_editor() as editor:
        editor.add_constraint(Decision, rule)


@only_postgres
def test_without_lock_and_constraint_a_claim_is_decided_twice(unconstrained, settings, monkeypatch):
    """The naive twin; every sum waits for a second person, so that nothing else can stand in the way."""
    settings.HUZHU_SECOND_DECISION_FEN = 0
    unlocked(monkeypatch)
    two_reviewers(yichun(), NAIVE_ROUNDS)
    twice = sum(count > 1 for count in decisions_by_claim().values())
    print(f"{twice} of {NAIVE_ROUNDS} claims decided twice without lock and constraint")
    assert twice > 0


# ── two claims, one cap ─────────────────────────────────────────────────────────────────────────────


def two_claims(place, rounds):
    """What the reviewers of a member's two claims heard: each pays 5,000 yuan of the 8,000 that the cap allows."""
    days = [(date(2022, 3, 1), date(2022, 3, 9)), (date(2022, 5, 1), date(2022, 5, 9))]
    figures = {"inscp_scp_amt": "20000", "act_pay_dedc": "0", "hifp_pay": "10000"}
    edition = the_capped_scheme()
    records = [
        a_record(member, admitted_on=first, discharged_on=last, figures=figures)
        for member in (a_covered_member(place, f"王{n}", edition, sex="male") for n in range(rounds))
        for first, last in days
    ]
    waiting, both = reported(place, records), reviewers(place)
    shown = [services.evaluate(claim=claim) for claim in waiting]
    assert {one.total_fen for one in shown} == {500_000}
    deciding = [
        partial(decide, claim, both[number % 2], shown=shown[number].digest)
        for number, claim in enumerate(waiting)
    ]
    return in_rounds(list(zip(deciding[::2], deciding[1::2], strict=True)), also=(IntegrityError,))


def test_two_claims_against_one_cap_never_pay_above_it():
    answers = two_claims(yichun(), ROUNDS)
    found = Counter(tuple(kinds(pair)) for pair in answers)
    assert set(found) <= {("Decision", "OutcomeChanged"), ("Decision", "OverTheCap")}
    assert list(RunningTotal.objects.values_list("used_fen", flat=True)) == [500_000] * ROUNDS


@only_postgres
def test_without_the_locks_the_database_itself_refuses_what_is_above_the_cap(monkeypatch):
    """The naive twin: both work from the old sum, and the row's CHECK stops the second."""
    unlocked(monkeypatch)
    answers = two_claims(yichun(), NAIVE_ROUNDS)
    stopped = sum("IntegrityError" in kinds(pair) for pair in answers)
    print(f"{stopped} of {NAIVE_ROUNDS} pairs stopped by the table alone")
    assert stopped > 0
    assert set(RunningTotal.objects.values_list("used_fen", flat=True)) == {500_000}


# ── handing in ──────────────────────────────────────────────────────────────────────────────────────


def test_one_claim_submitted_twice_at_once_is_submitted_once():
    place = yichun()
    liu = a_covered_member(place)
    claim = with_settlement(a_draft(liu))

    def submit():
        return claims.submit(claim=Claim.objects.get(pk=claim.pk), by=liu, at=WEDNESDAY)

    found = at_once(submit, submit)
    assert sorted(type(one).__name__ for one in found) == ["CannotMove", "Claim"]


def test_two_drafts_of_one_stay_handed_in_at_once_become_one_claim():
    place = yichun()
    liu = a_covered_member(place)
    drafts = [a_draft(liu), a_draft(liu, admitted_on=date(2022, 7, 1))]

    def submit(draft):
        return claims.submit(claim=Claim.objects.get(pk=draft.pk), by=liu, at=WEDNESDAY)

    found = at_once(*(lambda draft=draft: submit(draft) for draft in drafts))
    assert sorted(type(one).__name__ for one in found) == ["Claim", "ClaimedBefore"]
    assert Claim.objects.filter(state=State.SUBMITTED).count() == 1


def test_the_same_settlement_put_in_twice_at_once_is_kept_once():
    place = yichun()
    people = [a_covered_member(place, name) for name in ("刘女士", "王小明")]
    drafts = [a_draft(person) for person in people]
    found = at_once(*(lambda draft=draft: with_settlement(draft, setl_id="S1") for draft in drafts))
    assert sorted(type(one).__name__ for one in found) == ["Claim", "ClaimedBefore"]


def test_numbers_taken_at_once_are_all_different():
    place = yichun()
    liu = a_covered_member(place)

    def start():
        return claims.start(
            member=liu, channel="phone", applicant="self", applicant_name="", by=liu, at=WEDNESDAY
        )

    found = at_once(*[start] * 6)
    assert sorted(claim.number for claim in found) == [f"2022-{n:06d}" for n in range(1, 7)]
