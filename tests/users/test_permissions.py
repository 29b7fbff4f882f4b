"""Who may do what. The first question is who may not."""

from itertools import combinations
from types import SimpleNamespace

import pytest

from factories.audit import NOON
from factories.organisations import a_city, an_employer
from factories.users import a_role
from huzhu.audit.services import SYSTEM, record
from huzhu.users.models import Role
from huzhu.users.permissions import ALLOWED, NotAllowed, check_may, may
from huzhu.users.queries import acts_visible_to

pytestmark = pytest.mark.django_db
FIVE_ACTS = ["claims.opinion", "claims.decide", "claims.confirm", "payouts.batch", "payouts.release"]


def test_a_member_and_a_stranger_may_nothing():
    for by in (None, SimpleNamespace(actor_id="member:1", code="reviewer", is_current=True)):
        assert not any(may(by, verb) for verb in ALLOWED)


def test_no_role_has_two_of_the_five_acts():
    for one, other in combinations(FIVE_ACTS, 2):
        assert not ALLOWED[one] & ALLOWED[other]


def test_the_auditor_and_the_leader_only_look():
    for code in ("auditor", "leader", "cadre"):
        assert all(verb.endswith((".see", ".export")) for verb, codes in ALLOWED.items() if code in codes)


def test_the_administrator_sees_nobody_and_moves_no_money():
    mine = {verb for verb, codes in ALLOWED.items() if "administrator" in codes}
    assert mine == {
        "audit.see",
        "calendar.change",
        "jobs.watch",
        "lists.export",
        "organisations.change",
        "outbox.see",
        "tokens.change",
        "users.change",
    }


def test_a_role_that_has_ended_may_nothing():
    role = a_role("reviewer")
    assert may(role, "claims.decide")
    role.user.is_active = False
    with pytest.raises(NotAllowed, match="已经停用"):
        check_may(role, "claims.decide")


def test_the_button_and_the_server_agree_for_every_role_and_verb():
    for code in Role.Code:
        role = a_role(code)
        for verb, codes in ALLOWED.items():
            assert may(role, verb) is (code in codes)
            if not may(role, verb):
                with pytest.raises(NotAllowed):
                    check_may(role, verb)


def test_a_refusal_says_who_does_it_instead():
    with pytest.raises(NotAllowed, match="省办审核不能放行发放批次，这件事由出纳放行办理"):
        check_may(a_role("reviewer"), "payouts.release")


def test_nobody_acts_outside_their_branch_and_the_other_place_is_not_named():
    city = a_city()
    clerk = a_role("agency_clerk", city)
    mine, foreign = an_employer(under=city), an_employer(name="别处的单位")
    assert may(clerk, "claims.take", within=mine)
    assert may(clerk, "claims.take", within=city)
    assert not may(clerk, "claims.take", within=city.parent)
    with pytest.raises(NotAllowed) as said:
        check_may(clerk, "claims.take", within=foreign)
    assert "别处的单位" not in str(said.value)


def test_the_trail_is_for_the_auditor_and_the_administrator_and_of_their_own_branch():
    city = a_city()
    mine, foreign = a_role("agency_clerk", city), a_role("agency_clerk")
    for by in (mine, foreign, SYSTEM):
        record(by=by, verb="claims.take", on=city, at=NOON)

    def seen(by: Role) -> list[str]:
        return list(acts_visible_to(by).values_list("actor_id", flat=True))

    for code in Role.Code:
        assert seen(a_role(code, city)) == ([mine.actor_id] if code in ALLOWED["audit.see"] else [])
    assert seen(a_role("auditor", city.parent.parent)) == ["system", foreign.actor_id, mine.actor_id]
    assert seen(None) == []


def test_an_unknown_verb_is_a_mistake_and_not_a_no():
    with pytest.raises(KeyError):
        may(a_role("reviewer"), "claims.steal")


def test_every_verb_has_somebody():
    assert all(ALLOWED.values())
    assert set().union(*ALLOWED.values()) == set(Role.Code)
