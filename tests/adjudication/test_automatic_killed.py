"""A run is killed (kill -9) at one statement after another and started again: nothing is lost, nothing is done twice."""

from collections import Counter

import pytest

from factories.bureau import a_bureau_claim, quietly
from factories.claims import HOUR, WEDNESDAY, a_covered_member, yichun
from factories.crashing import KILLED, WELL, forked
from huzhu.adjudication import automatic
from huzhu.adjudication.models import AutomaticRun, BenefitResult, Decision, RunningTotal
from huzhu.audit.models import Event
from huzhu.claims.models import Claim
from huzhu.notices.models import Notice

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 7
STEPS = (1, 4, 9, 14, 19, 25, 33)  # statements after which the worker dies


def until_done(work) -> int:
    """Do the work in processes of their own, each killed a little later, until one comes to its end; how many were killed."""
    for killed, statements in enumerate(STEPS):
        [end] = forked(work, 2 * statements + 1)  # before the next statement
        if end == WELL:
            return killed
        assert end == KILLED
        assert Decision.objects.count() == Claim.objects.filter(state="decided").count()
    work()
    return len(STEPS)


def test_killed_again_and_again_every_claim_is_decided_once(monkeypatch):
    monkeypatch.setattr(automatic, "SLICE", 3)
    place = yichun()
    claims = [a_bureau_claim(place, a_covered_member(place, f"王{n}", sex="male")) for n in range(PEOPLE)]
    reviewer, second = place.reviewer(), place.second()
    run = automatic.start(by=reviewer, at=WEDNESDAY)

    def review():
        automatic.review(run=run, by=reviewer, at=WEDNESDAY, tell=quietly)

    def effect():
        automatic.take_effect(run=run, by=second, at=WEDNESDAY + HOUR, tell=quietly)

    assert until_done(review) > 2
    run.refresh_from_db()
    assert (run.found_count, run.found_fen) == (PEOPLE, PEOPLE * 120_000)
    automatic.settle(run=run, agree=True, reason="", shown=(PEOPLE, run.found_fen), by=second, at=WEDNESDAY)
    assert until_done(effect) > 2
    assert AutomaticRun.objects.get().state == "done"
    once = {str(claim.pk): 1 for claim in claims}
    assert Counter(map(str, Decision.objects.values_list("claim", flat=True))) == once
    assert Counter(Event.objects.filter(verb="automatic.decide").values_list("object_id", flat=True)) == once
    assert Counter(Notice.objects.filter(purpose="decision").values_list("about_id", flat=True)) == once
    assert set(RunningTotal.objects.values_list("used_fen", "claims_count")) == {(120_000, 1)}
    assert BenefitResult.objects.count() == PEOPLE
