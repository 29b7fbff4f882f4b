"""Moves and retirement: proposed by the old, confirmed by the new or the agency; cover runs on and pays."""

from datetime import date, timedelta

import pytest

from factories.adjudication import a_decided
from factories.claims import WEDNESDAY, a_covered_member
from factories.enrolment import UPLOADED_AT, a_staged_roster
from factories.organisations import a_city, an_employer
from factories.schemes import the_capped_scheme
from factories.users import a_role
from huzhu.contributions.services import accept_roster
from huzhu.enrolment import expiring
from huzhu.members import moving, queries
from huzhu.members.models import Member, Move
from huzhu.users.permissions import NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
AT = UPLOADED_AT


@pytest.fixture
def other(place):
    return an_employer(place.city, name="铁力林业局公司")


def test_who_stands_elsewhere_or_only_reads_moves_nobody(place, other):
    liu = a_covered_member(place)
    for by in (a_role("employer_clerk", other), a_role("auditor", place.city)):
        with pytest.raises(NotAllowed):
            moving.propose(member=liu, target=other, by=by, at=AT)
        with pytest.raises(NotAllowed):
            moving.leave(member=liu, why="retired", on=AT.date(), by=by, at=AT)


def test_a_move_leads_to_an_employer_of_the_same_agency(place):
    liu, clerk = a_covered_member(place), place.clerk()
    for target in (place.city, place.employer, an_employer(a_city(), name="外地单位")):
        with pytest.raises(moving.MoveRefused):
            moving.propose(member=liu, target=target, by=clerk, at=AT)
    assert not Move.objects.exists()


def test_proposing_moves_nobody_until_the_new_employer_agrees(place, other):
    liu = a_covered_member(place)
    there = a_role("employer_clerk", other)
    move = moving.propose(member=liu, target=other, by=place.clerk(), at=AT)
    with pytest.raises(moving.MoveRefused, match="已有一次调动"):
        moving.propose(member=liu, target=other, by=place.clerk(), at=AT)
    assert Member.objects.get(pk=liu.pk).employer == place.employer
    assert list(queries.moves_to_settle(there)) == [move]
    moving.settle(move=move, agree=True, by=there, at=AT)
    assert Member.objects.get(pk=liu.pk).employer == other
    with pytest.raises(moving.MoveSettled):
        moving.settle(move=move, agree=False, by=there, at=AT)


def test_the_old_employer_does_not_settle_and_nobody_settles_their_own(place, other):
    liu, sun = a_covered_member(place), place.agency()
    move = moving.propose(member=liu, target=other, by=place.clerk(), at=AT)
    with pytest.raises(NotAllowed):
        moving.settle(move=move, agree=True, by=place.clerk("钱经办"), at=AT)
    moving.settle(move=move, agree=False, by=sun, at=AT)
    again = moving.propose(member=liu, target=other, by=sun, at=AT)
    with pytest.raises(moving.SamePerson):
        moving.settle(move=again, agree=True, by=sun, at=AT)
    assert not queries.moves_to_settle(sun).exists()
    moving.settle(move=again, agree=True, by=place.agency("另一位"), at=AT)


def test_a_member_registered_elsewhere_meanwhile_is_not_moved_again(place, other):
    liu = a_covered_member(place)
    move = moving.propose(member=liu, target=other, by=place.clerk(), at=AT)
    Member.objects.filter(pk=liu.pk).update(employer=an_employer(place.city, name="第三单位"))
    with pytest.raises(moving.MoveSettled):
        moving.settle(move=move, agree=True, by=place.agency(), at=AT)
    move.refresh_from_db()
    assert move.state == "proposed"  # all taken back


def test_leaving_wants_a_reason_and_a_day_that_has_come(place):
    liu, clerk = a_covered_member(place), place.clerk()
    today = AT.date()
    for why, on in (("", today), ("sacked", today), ("retired", today + timedelta(days=1))):
        with pytest.raises(moving.MoveRefused):
            moving.leave(member=liu, why=why, on=on, by=clerk, at=AT)
    with pytest.raises(moving.MoveRefused, match="出生"):
        moving.leave(member=liu, why="retired", on=date(1970, 1, 1), by=clerk, at=AT)
    moving.leave(member=liu, why="retired", on=today, by=clerk, at=AT)
    liu.refresh_from_db()
    assert (liu.leaving, liu.left_on) == ("retired", today)
    moving.come_back(member=liu, by=clerk, at=AT)
    liu.refresh_from_db()
    assert (liu.leaving, liu.left_on) == ("", None)


def test_a_claim_after_a_move_inside_the_period_is_paid_as_before(place, other):
    stayed = a_decided(place, a_covered_member(place, "王小红"), setl_id="S1")
    liu = a_covered_member(place)
    move = moving.propose(member=liu, target=other, by=place.clerk(), at=AT)
    moving.settle(move=move, agree=True, by=place.agency("另一位"), at=AT)
    liu.refresh_from_db()
    decision = a_decided(place, liu)
    assert decision.total_fen == stayed.total_fen > 0


def test_a_claim_after_retirement_inside_the_period_is_paid_as_before(place):
    stayed = a_decided(place, a_covered_member(place, "王小红"), setl_id="S1")
    liu = a_covered_member(place)
    moving.leave(member=liu, why="retired", on=date(2022, 6, 1), by=place.clerk(), at=WEDNESDAY)
    liu.refresh_from_db()
    assert a_decided(place, liu).total_fen == stayed.total_fen > 0


def test_another_employers_roster_moves_the_member_and_both_desks_see_where_the_cover_is(place, other):
    liu = a_covered_member(place)
    there = a_role("employer_clerk", other)
    rows = [("刘女士", liu.id_number, "")]
    roster = a_staged_roster(other, [the_capped_scheme()], rows, by=there, starts_on=date(2023, 1, 28))
    accept_roster(roster=roster, good_only=False, by=there, at=AT)
    liu.refresh_from_db()
    assert liu.employer == other
    day = date(2022, 7, 1)
    gone = [one for one in expiring.crossings(place.clerk(), day) if not one.arrived]
    come = [one for one in expiring.crossings(there, day) if one.arrived]
    assert {one.enrolment.member for one in gone} == {one.enrolment.member for one in come} == {liu}
    assert {one.enrolment.employer for one in come} == {place.employer}
