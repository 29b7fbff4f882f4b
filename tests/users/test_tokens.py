"""Tokens of programs: who makes them, what they may be, how they end."""

from datetime import UTC, datetime, timedelta

import pytest

from factories.organisations import a_city, a_province, an_employer
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.users import queries, services, tokens
from huzhu.users.models import ApiToken, User
from huzhu.users.permissions import NotAllowed

pytestmark = pytest.mark.django_db
NOW = datetime(2022, 7, 13, 1, 30, tzinfo=UTC)
WANTED = {"name": "人事系统", "code": "agency_clerk", "scopes": ["members", "claims.write"], "days": 90}


@pytest.fixture
def administrator(city):
    return a_role("administrator", city)


def made(by, place, **changed):
    return tokens.make(**WANTED | {"place": place} | changed, by=by, at=NOW)


@pytest.mark.parametrize("code", [code for code, _ in services.ROLES if code != "administrator"])
def test_only_an_administrator_makes_and_ends_tokens(code, city, administrator):
    token, _ = made(administrator, city)
    role = a_role(code)
    with pytest.raises(NotAllowed):
        made(role, role.organisation)
    with pytest.raises(NotAllowed):
        tokens.revoke(token=token, by=role, at=NOW)
    assert not queries.tokens_visible_to(role).exists()


def test_a_token_stands_in_the_administrators_own_branch(administrator):
    with pytest.raises(NotAllowed):
        made(administrator, a_city())


@pytest.mark.parametrize(
    "code", ["reviewer", "second_reviewer", "payment_releaser", "administrator", "policy"]
)
def test_a_program_never_decides_releases_or_administers(code):
    province = a_province()
    with pytest.raises(tokens.TokenRefused, match="要由人来办"):
        made(a_role("administrator", province), province, code=code)


def test_a_role_stands_where_it_belongs(administrator):
    with pytest.raises(services.RoleCannotStandThere):
        made(administrator, an_employer(administrator.organisation), code="agency_clerk")


@pytest.mark.parametrize(
    "changed",
    [{"scopes": []}, {"scopes": ["everything"]}, {"scopes": ["ledger"]}, {"days": 0}, {"days": 367}],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(city, administrator, changed):
    people = User.objects.count()
    with pytest.raises(tokens.TokenRefused):
        made(administrator, city, **changed)
    assert (ApiToken.objects.count(), User.objects.count()) == (0, people)


def test_the_text_is_told_once_and_kept_as_a_digest(city, administrator):
    token, text = made(administrator, city)
    assert text.startswith("hz_")
    assert len(text) > 40
    kept = str(ApiToken.objects.values().get()) + str(list(Event.objects.values()))
    assert text not in kept
    assert text[:8] == token.begins
    assert Event.objects.get(verb="tokens.make").detail["scopes"] == ["members", "claims.write"]


def test_it_opens_until_its_day_and_says_when_it_was_used(city, administrator):
    token, text = made(administrator, city)
    last = NOW + timedelta(days=90) - timedelta(seconds=1)
    assert tokens.holder(text=text, at=last) == token
    token.refresh_from_db()
    assert token.last_used_at == last
    with pytest.raises(tokens.NotAToken):
        tokens.holder(text=text, at=NOW + timedelta(days=90))


@pytest.mark.parametrize("wrong", ["", "hz_", "hz_" + "x" * 43, "Bearer", "hz_" + "x" * 500, "令牌"])
def test_another_text_opens_nothing(city, administrator, wrong):
    made(administrator, city)
    with pytest.raises(tokens.NotAToken):
        tokens.holder(text=wrong, at=NOW)


def test_a_revoked_token_opens_nothing_from_that_moment(city, administrator):
    token, text = made(administrator, city)
    tokens.revoke(token=token, by=administrator, at=NOW)
    tokens.revoke(token=token, by=administrator, at=NOW)
    with pytest.raises(tokens.NotAToken):
        tokens.holder(text=text, at=NOW)
    assert Event.objects.filter(verb="tokens.revoke").count() == 1


def test_a_program_has_no_password_and_no_second_role(city, administrator):
    token, _ = made(administrator, city)
    machine = token.role.user
    assert not machine.has_usable_password()
    with pytest.raises(services.OutOfReach, match="程序"):
        services.link(user=machine, by=administrator, at=NOW)
    with pytest.raises(services.OutOfReach, match="程序"):
        services.grant(user=machine, code="cadre", organisation=city, by=administrator, at=NOW)


def test_a_program_is_not_among_the_people_but_its_acts_are_on_the_trail(city, administrator):
    token, _ = made(administrator, city)
    assert token.role.user not in queries.people_visible_to(administrator)
    assert list(queries.tokens_visible_to(administrator)) == [token]
    assert Event.objects.get(verb="tokens.make") in queries.acts_visible_to(administrator)
