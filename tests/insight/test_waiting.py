"""What waits is asked for someone: counts and lists end where their branch ends."""

import pytest

from factories.audit import NOON
from factories.claims import WEDNESDAY, a_covered_member, a_submitted
from factories.organisations import a_city, an_employer
from factories.users import a_role
from huzhu.audit import services as audit
from huzhu.audit.models import Event
from huzhu.insight import waiting

pytestmark = pytest.mark.django_db


@pytest.fixture
def other_city(place):
    return a_city(under=place.province, name="鹤岗市代办处")


def did(role, verb="organisations.add"):
    audit.record(by=role, verb=verb, on=role.organisation, at=NOON)
    return Event.objects.latest("pk")


def test_an_auditor_sees_the_acts_of_the_branch_and_no_others(place, other_city):
    here, there = a_role("agency_clerk", place.city), a_role("agency_clerk", other_city, name="外市经办")
    ours, theirs = did(here), did(there)
    auditor = a_role("auditor", place.city, name="吴经审")
    seen = set(waiting.acts(auditor).values_list("pk", flat=True))
    assert ours.pk in seen
    assert theirs.pk not in seen
    assert waiting.trail(auditor, None).total == len(seen)


def test_what_a_member_did_to_a_claim_of_the_branch_is_on_the_trail(place, other_city):
    claim = a_submitted(a_covered_member(place))
    by_member = {"actor_id": claim.member.actor_id, "object_id": str(claim.pk)}
    for role, sees in (
        (a_role("auditor", place.city), True),
        (a_role("auditor", other_city, name="外市经审"), False),
    ):
        assert waiting.acts(role).filter(**by_member).exists() is sees


def test_a_role_without_the_right_sees_no_acts(place):
    did(a_role("agency_clerk", place.city))
    assert not waiting.acts(a_role("leader", place.city)).exists()


def test_the_administrator_counts_only_the_branch(place, other_city):
    did(a_role("agency_clerk", other_city, name="外市经办"))
    administrator = a_role("administrator", an_employer(under=place.city, name="试点单位"), name="何管理")
    found = waiting.house(administrator)
    assert (found.users, found.events, found.notices) == (1, 0, 0)


def test_the_payment_desk_of_another_city_finds_nothing_of_ours(place, other_city):
    a_submitted(a_covered_member(place), at=WEDNESDAY)
    found = waiting.money(a_role("payment_maker", other_city, name="外市出纳"), WEDNESDAY)
    assert (found.unscheduled, found.scheduled, found.failed, found.made, found.released) == (
        0,
        0,
        [],
        [],
        [],
    )
