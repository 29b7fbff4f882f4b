"""Who may give and take roles and logins; links, passwords, and the last administrator."""

from datetime import UTC, datetime, timedelta

import pytest

from factories.organisations import a_city, a_county, a_province, an_association, an_employer
from factories.users import a_role, a_user
from huzhu.audit.models import Event
from huzhu.users import passwords, queries, services
from huzhu.users.models import PasswordLink, Role, User
from huzhu.users.passwords import LinkEnded, PasswordTooWeak, WrongPassword
from huzhu.users.permissions import NotAllowed
from huzhu.users.services import LastAdministrator, NotAName, OutOfReach, OwnRoles, RoleCannotStandThere

pytestmark = pytest.mark.django_db
NOON = datetime(2022, 7, 13, 4, tzinfo=UTC)
GOOD = "battery-horse-9"


@pytest.fixture(autouse=True)
def _quick_hashes(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def keeper(city) -> Role:
    return a_role("administrator", city)


@pytest.fixture
def clerk(city) -> Role:
    return a_role("agency_clerk", city)


# ── who may not ─────────────────────────────────────────────────────────────────────────────────────


def test_who_is_no_administrator_switches_nobody_off_and_makes_no_links(clerk):
    for code in set(Role.Code) - {Role.Code.ADMINISTRATOR}:
        by = a_role(code)
        for act in (
            lambda by=by: services.switch(user=clerk.user, is_active=False, by=by, at=NOON),
            lambda by=by: services.link(user=clerk.user, by=by, at=NOON),
        ):
            with pytest.raises(NotAllowed):
                act()
    assert not PasswordLink.objects.exists()
    assert not queries.people_visible_to(clerk).exists()


def test_a_city_may_not_take_over_somebody_of_the_province(city, keeper):
    """A link for a login that also decides for the province would let the city in there."""
    both = a_role("agency_clerk", city)
    a_role("reviewer", city.parent, user=both.user)
    with pytest.raises(OutOfReach, match="之外还有角色"):
        services.link(user=both.user, by=keeper, at=NOON)
    with pytest.raises(OutOfReach):
        services.switch(user=both.user, is_active=False, by=keeper, at=NOON)
    services.revoke(role=both, by=keeper, at=NOON)  # the role in the branch is the city's own affair


def test_a_link_is_void_once_its_maker_no_longer_rules_the_person(city, keeper, clerk):
    token = services.link(user=clerk.user, by=keeper, at=NOON)
    assert passwords.open_link(token=token, at=NOON).user == clerk.user
    a_role("reviewer", city.parent, user=clerk.user)
    with pytest.raises(LinkEnded):
        passwords.use_link(token=token, password=GOOD, at=NOON)


def test_the_link_of_an_administrator_who_was_switched_off_is_void(keeper, clerk):
    token = services.link(user=clerk.user, by=keeper, at=NOON)
    User.objects.filter(pk=keeper.user_id).update(is_active=False)
    with pytest.raises(LinkEnded):
        passwords.open_link(token=token, at=NOON)


def test_nobody_changes_their_own_roles_or_login(city, keeper):
    for act in (
        lambda: services.grant(user=keeper.user, code="agency_clerk", organisation=city, by=keeper, at=NOON),
        lambda: services.revoke(role=keeper, by=keeper, at=NOON),
        lambda: services.switch(user=keeper.user, is_active=False, by=keeper, at=NOON),
        lambda: services.link(user=keeper.user, by=keeper, at=NOON),
    ):
        with pytest.raises(OwnRoles):
            act()
    assert not Event.objects.exists()


def test_the_last_administrator_above_a_place_stays(city):
    """Two end each other at the same moment: the second was read before the first act, and is refused."""
    one, other = a_role("administrator", city), a_role("administrator", city)
    stale = Role.objects.select_related("user", "organisation").get(pk=other.pk)
    services.switch(user=other.user, is_active=False, by=one, at=NOON)
    with pytest.raises(LastAdministrator):
        services.revoke(role=one, by=stale, at=NOON)
    assert Role.objects.get(pk=one.pk).is_active


def test_a_role_stands_only_at_its_kind_of_place(city, keeper):
    """A city's administrator cannot make reviewers or cashiers of the city's own."""
    for code in (
        "reviewer",
        "second_reviewer",
        "payment_maker",
        "payment_releaser",
        "policy",
        "employer_clerk",
    ):
        with pytest.raises(RoleCannotStandThere, match="请改选机构或角色"):
            services.grant(user=a_user(), code=code, organisation=city, by=keeper, at=NOON)
    assert not Event.objects.exists()


def test_no_role_is_given_at_a_closed_place(city, keeper):
    county = a_county(city)
    county.is_open = False
    county.save()
    with pytest.raises(RoleCannotStandThere, match="已经停用"):
        services.grant(user=a_user(), code="county_clerk", organisation=county, by=keeper, at=NOON)


# ── links and passwords ─────────────────────────────────────────────────────────────────────────────


def test_a_link_is_used_once_within_seven_days_and_kept_as_a_digest(keeper, clerk):
    token = services.link(user=clerk.user, by=keeper, at=NOON)
    assert token not in str(list(PasswordLink.objects.values()))
    with pytest.raises(PasswordTooWeak):
        passwords.use_link(token=token, password="12345678", at=NOON)
    assert passwords.use_link(token=token, password=GOOD, at=NOON + timedelta(days=6)).check_password(GOOD)
    with pytest.raises(LinkEnded):
        passwords.use_link(token=token, password=GOOD, at=NOON)
    assert list(Event.objects.order_by("pk").values_list("verb", flat=True)) == [
        "users.link",
        "users.set_password",
    ]


def test_a_newer_link_a_late_hour_and_a_wrong_token_are_told_the_same(keeper, clerk):
    first = services.link(user=clerk.user, by=keeper, at=NOON)
    second = services.link(user=clerk.user, by=keeper, at=NOON)
    said = set()
    for token, at in ((first, NOON), (second, NOON + timedelta(days=7)), ("x" * 32, NOON), ("", NOON)):
        with pytest.raises(LinkEnded) as refused:
            passwords.open_link(token=token, at=at)
        said.add(str(refused.value))
    assert len(said) == 1


def test_a_switched_off_login_gets_no_link_and_its_open_one_is_void(keeper, clerk):
    token = services.link(user=clerk.user, by=keeper, at=NOON)
    services.switch(user=clerk.user, is_active=False, by=keeper, at=NOON)
    with pytest.raises(OutOfReach, match="已经停用"):
        services.link(user=clerk.user, by=keeper, at=NOON)
    services.switch(user=clerk.user, is_active=True, by=keeper, at=NOON)
    with pytest.raises(LinkEnded):
        passwords.open_link(token=token, at=NOON)


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("short-1", "只有 7 个字符"),
        ("zhao.meixi", "和登录名相同"),
        ("ZHAO.meixi-1", "含有登录名"),
        ("19880909", "全是数字"),
        ("abababababa", "重复"),
        ("Password1", "很多人用的"),
        ("x1" * 100, "超过 128 个字符"),
    ],
)
def test_a_password_that_would_be_guessed_is_refused_with_the_reason(password, said):
    with pytest.raises(PasswordTooWeak, match=said):
        passwords.check_strength("zhao.meixi", password)


def test_a_person_changes_their_own_password_by_the_old_one(clerk):
    user = services.add_user(username="sun", name="孙代办", password=GOOD)
    with pytest.raises(WrongPassword):
        passwords.change(user=user, old="wrong", new="another-horse-9", at=NOON)
    with pytest.raises(PasswordTooWeak, match="和现在的一样"):
        passwords.change(user=user, old=GOOD, new=GOOD, at=NOON)
    passwords.change(user=user, old=GOOD, new="another-horse-9", at=NOON)
    assert User.objects.get(pk=user.pk).check_password("another-horse-9")


# ── names ───────────────────────────────────────────────────────────────────────────────────────────


def test_an_invited_person_cannot_sign_in_before_the_link_was_used(keeper):
    user = services.add_user(username="new", name="新人", password=None, by=keeper, at=NOON)
    with pytest.raises(services.WrongLogin):
        services.check_password(username="new", password="", at=NOON)
    assert not user.has_usable_password()


@pytest.mark.parametrize("username", ["", "赵经办", "a b", "-x", "x" * 41, "<script>"])
def test_a_login_is_plain_letters_and_digits(username):
    with pytest.raises(NotAName, match="小写字母"):
        services.add_user(username=username, name="某", password=GOOD)


def test_a_login_is_suggested_from_the_pinyin_and_is_free():
    assert services.suggested_login("赵经办") == "zhaojingban"
    services.add_user(username="zhaojingban", name="赵经办", password=GOOD)
    assert services.suggested_login("赵经办") == "zhaojingban2"


def test_an_administrator_sees_the_people_of_the_branch_alone(city, keeper, clerk):
    employer = an_employer(city, sector="municipal")
    below, beside = a_role("employer_clerk", employer), a_role("agency_clerk", a_city())
    above = a_role("administrator", city.parent)
    assert set(queries.people_visible_to(keeper)) == {keeper.user, clerk.user, below.user}
    assert {above.user, keeper.user} <= set(queries.people_visible_to(above))
    assert beside.user not in queries.people_visible_to(above)


def test_the_top_of_the_tree_may_all_places(settings):
    root = an_association()
    by = a_role("administrator", root)
    role = services.grant(user=a_user(), code="reviewer", organisation=a_province(root), by=by, at=NOON)
    assert role.is_current
