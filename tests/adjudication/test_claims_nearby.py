"""Before an opinion the database is asked whether a stay may overlap; it never says no where one does."""

from datetime import date, timedelta

import pytest

from factories.claims import WEDNESDAY, a_covered_member, a_draft, yichun
from huzhu.adjudication.standing import handed_in
from huzhu.claims.checks import overlap
from huzhu.claims.models import Claim, State

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
FIRST = date(2022, 6, 20)


def handed(claim: Claim) -> Claim:
    """Without asking whether it fits."""
    claim.state, claim.submitted_at = State.SUBMITTED, WEDNESDAY
    claim.save()
    return claim


def test_every_stay_that_overlaps_is_near():
    member = a_covered_member(yichun())
    mine, other = handed(a_draft(member)), handed(a_draft(member))
    found = set()
    for start in range(-4, 5):
        for mine_lasts in (None, 0, 1, 3):
            for lasts in (None, 0, 1, 3):
                for claim, first, days in ((mine, FIRST, mine_lasts), (other, FIRST + start * DAY, lasts)):
                    claim.admitted_on = first
                    claim.discharged_on = None if days is None else first + days * DAY
                    claim.save()
                found.add((overlap(mine, other), handed_in(mine).is_near))
    assert found == {(True, True), (False, True), (False, False)}  # near is more than overlapping, never less


def test_what_is_not_held_against_a_claim_is_not_near():
    member, stranger = a_covered_member(yichun()), a_covered_member(yichun(), "王小明")
    mine, other, _ = handed(a_draft(member)), a_draft(member), handed(a_draft(stranger))
    assert not handed_in(mine).is_near
    handed(other)
    assert handed_in(mine).is_near
    mine.admitted_on = None
    mine.save()
    assert not handed_in(mine).is_near
