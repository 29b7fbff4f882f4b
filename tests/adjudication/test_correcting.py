"""A member's year is reckoned again after a settlement changed: one person proposes, another confirms, and the totals follow."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from factories.bureau import a_bureau_claim
from factories.claims import a_covered_member
from factories.clawing import LARGE, LEAST
from factories.schemes import the_capped_scheme
from factories.users import a_role
from huzhu.adjudication import automatic, correcting, queries
from huzhu.adjudication.acts import NoPersonTwice
from huzhu.adjudication.correcting import CorrectionRefused
from huzhu.adjudication.models import Correction, Decision, RunningTotal
from huzhu.adjudication.replaying import CannotReckon, replay
from huzhu.audit.models import Event
from huzhu.claims.facts import known_of, told_of
from huzhu.claims.models import SettlementChange
from huzhu.claims.services import ReasonNeeded
from huzhu.users.models import Role
from huzhu.users.permissions import NotAllowed

pytestmark = pytest.mark.django_db
NEXT_STAY = {"admitted_on": date(2022, 7, 11), "discharged_on": date(2022, 7, 12)}


@pytest.fixture
def change(office, wang):
    return office.changed(office.decided(wang).claim)


# ── who may not ──


def test_who_may_not_propose_or_confirm(office, change):
    for code in set(Role.Code) - {"reviewer"}:
        with pytest.raises(NotAllowed):
            office.proposed(change, by=a_role(code, office.place.province))
    proposed = office.proposed(change)
    for code in set(Role.Code) - {"second_reviewer"}:
        by = a_role(code, office.place.province)
        with pytest.raises(NotAllowed):
            correcting.settle(correction=proposed, agree=True, reason="", by=by, at=office.later())


def test_who_proposed_does_not_confirm(office, change):
    proposed = office.proposed(change)
    both = a_role("second_reviewer", office.place.province, "吴重算", user=office.reviewer.user)
    with pytest.raises(NoPersonTwice):
        correcting.settle(correction=proposed, agree=True, reason="", by=both, at=office.later())
    with pytest.raises(IntegrityError), transaction.atomic():
        Correction.objects.filter(pk=proposed.pk).update(
            state="confirmed", settled_by=office.reviewer.user, settled_at=office.at
        )


def test_who_gave_the_first_opinion_takes_no_part(office, change):
    giver = change.claim.opinion.given_by
    by = a_role("reviewer", office.place.province, user=giver)
    with pytest.raises(NoPersonTwice):
        office.proposed(change, by=by)


# ── what it does ──


def test_a_replay_says_each_benefit_and_nets_the_year(office, wang):
    office.decided(wang, LARGE, number=2, **NEXT_STAY)
    change = office.changed(office.decided(wang).claim, LEAST)
    found = replay(change)
    assert [(one.was_fen, one.now_fen) for one in found.claims] == [(120_000, 60_000), (240_000, 240_000)]
    [net] = found.nets
    assert (net.was_fen, net.now_fen, net.difference_fen) == (360_000, 300_000, -60_000)
    assert [line.label for line in found.changed[0].lines] == ["住院医疗互助金"]


def test_nothing_has_changed_before_the_second_word(office, change):
    office.proposed(change)
    [held] = Decision.objects.filter(claim=change.claim)
    assert (held.state, held.total_fen) == ("final", 120_000)
    assert RunningTotal.objects.get().used_fen == 120_000


def test_agreed_the_decision_has_a_successor_and_the_totals_follow(office, change):
    proposed = office.proposed(change)
    correcting.settle(correction=proposed, agree=True, reason="", by=office.second, at=office.later())
    old, new = Decision.objects.order_by("pk")
    assert (old.state, new.state, new.total_fen, new.corrects) == ("corrected", "final", 0, old)
    assert (new.decided_by, new.second_by) == (office.reviewer.user, office.second.user)
    total = RunningTotal.objects.get()
    assert (total.used_fen, total.claims_count) == (0, 0)
    change.refresh_from_db()
    assert change.state == "done"
    assert queries.standing(change.claim) == new
    assert Event.objects.filter(verb="corrections.correct").count() == 1


def test_not_agreed_needs_a_reason_and_leaves_all_as_it_was(office, change):
    proposed = office.proposed(change)
    with pytest.raises(ReasonNeeded):
        correcting.settle(correction=proposed, agree=False, reason="", by=office.second, at=office.later())
    correcting.settle(
        correction=proposed, agree=False, reason="数字抄错", by=office.second, at=office.later()
    )
    assert Decision.objects.get().state == "final"
    change.refresh_from_db()
    assert change.state == "open"
    assert office.proposed(change).state == "proposed"


def test_a_correction_is_settled_once(office, change):
    proposed = office.proposed(change)
    correcting.settle(correction=proposed, agree=True, reason="", by=office.second, at=office.later())
    with pytest.raises(CorrectionRefused, match="刚刚有人办过"):
        correcting.settle(correction=proposed, agree=True, reason="", by=office.second, at=office.later())


def test_what_is_no_longer_as_it_was_shown_is_not_confirmed(office, wang, change):
    proposed = office.proposed(change)
    office.decided(wang, number=2, **NEXT_STAY)
    with pytest.raises(CorrectionRefused, match="不是同一份"):
        correcting.settle(correction=proposed, agree=True, reason="", by=office.second, at=office.later())
    proposed.refresh_from_db()
    assert proposed.state == "proposed"


def test_a_later_claim_gets_what_the_cap_kept_from_it_where_an_earlier_stay_is_gone(office, place):
    """Half of what the member pays, up to 8,000.00 a year: 7,500.00, then 500.00 of 1,000.00; without the first all of it."""
    member = a_covered_member(place, "钱二", the_capped_scheme(), sex="male")
    nearly = {"inscp_scp_amt": "55000.00", "act_pay_dedc": "0.00", "hifp_pay": "40000.00"}
    first = office.decided(member, nearly)
    second = office.decided(member, number=2, **NEXT_STAY)
    assert (first.total_fen, second.total_fen) == (750_000, 50_000)
    change = office.changed(first.claim)
    found = replay(change)
    assert [one.now_fen for one in found.claims] == [0, 100_000]
    assert found.difference_fen == -700_000
    proposed = office.proposed(change)
    correcting.settle(correction=proposed, agree=True, reason="", by=office.second, at=office.later())
    total = RunningTotal.objects.get(scheme_slug="harbin-80", benefit="inpatient")
    assert (total.used_fen, total.claims_count) == (100_000, 1)


def test_two_changes_of_one_member_are_settled_by_one_replay(office, wang):
    first = office.changed(office.decided(wang).claim)
    second = office.changed(office.decided(wang, number=2, **NEXT_STAY).claim, LEAST)
    proposed = office.proposed(first)
    with pytest.raises(CorrectionRefused, match="一个一个办"):
        office.proposed(second)
    assert (proposed.was_fen, proposed.now_fen) == (240_000, 60_000)
    correcting.settle(correction=proposed, agree=True, reason="", by=office.second, at=office.later())
    assert set(SettlementChange.objects.values_list("state", flat=True)) == {"done"}


def test_a_claim_without_a_payment_is_not_reckoned_again(office, wang):
    decision = office.decided(wang)
    change = office.changed(decision.claim)
    Decision.objects.filter(pk=decision.pk).update(state="corrected")
    with pytest.raises(CannotReckon):
        replay(change)


# ── before it was decided ──


def test_a_machine_pays_nothing_on_a_reversed_settlement(office, wang):
    claim = a_bureau_claim(office.place, wang)
    change = office.changed(claim)
    assert change.state == "done"
    claim.refresh_from_db()
    evaluation, why = automatic.judged(told_of(claim), known_of(claim.member_id))
    assert evaluation.total_fen == 0
    assert why
    assert any("已作废" in note for note in evaluation.warnings)
