"""Logins, roles, and what happens to somebody who guesses."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from factories.at_once import at_once
from factories.organisations import a_city, a_group
from factories.users import a_role, a_user
from huzhu.audit.models import Event
from huzhu.users import queries, services
from huzhu.users.models import Role, SignInTries, User
from huzhu.users.passwords import PasswordTooWeak
from huzhu.users.permissions import NotAllowed
from huzhu.users.services import LockedOut, UsernameTaken, WrongLogin

pytestmark = pytest.mark.django_db
NOON = datetime(2022, 7, 13, 4, tzinfo=UTC)
RIGHT, WRONG = "right-horse-1", "wrong-horse-1"


@pytest.fixture(autouse=True)
def _quick_hashes(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def zhang() -> User:
    return services.add_user(username="Zhang", name="张审核", password=RIGHT)


def attempt(password: str = WRONG, *, username: str = "zhang", minutes: float = 0) -> User:
    at = NOON + timedelta(minutes=minutes)
    return services.check_password(username=username, password=password, at=at)


def fail(times: int, **more) -> None:
    for _ in range(times):
        with pytest.raises(WrongLogin):
            attempt(**more)


def test_a_wrong_password_and_an_unknown_name_are_told_the_same(zhang):
    with pytest.raises(WrongLogin) as known:
        attempt()
    with pytest.raises(WrongLogin) as unknown:
        attempt(username="nobody")
    assert str(known.value) == str(unknown.value)
    assert "再错 4 次" in str(known.value)


def test_five_failures_lock_for_fifteen_minutes_even_the_right_password(zhang):
    fail(5)
    with pytest.raises(LockedOut, match="15 分钟后再试"):
        attempt(RIGHT)
    with pytest.raises(LockedOut, match="1 分钟后再试"):
        attempt(RIGHT, minutes=14.5)
    assert attempt(RIGHT, minutes=15) == zhang


def test_an_unknown_name_is_locked_just_the_same():
    fail(5, username="nobody")
    with pytest.raises(LockedOut):
        attempt(username="Nobody ")


def test_the_lock_of_one_name_leaves_others_alone(zhang):
    fail(5, username="nobody")
    assert attempt(RIGHT) == zhang


def test_the_right_password_forgets_earlier_failures(zhang):
    fail(4)
    assert attempt(RIGHT) == zhang
    fail(4)
    assert attempt(RIGHT) == zhang


def test_failures_of_long_ago_do_not_count(zhang):
    fail(4)
    fail(4, minutes=16)
    assert attempt(RIGHT, minutes=17) == zhang


def test_after_the_lock_five_more_are_possible(zhang):
    fail(5)
    fail(5, minutes=15)
    with pytest.raises(LockedOut):
        attempt(minutes=16)


def test_somebody_switched_off_cannot_sign_in(zhang):
    User.objects.update(is_active=False)
    with pytest.raises(WrongLogin):
        attempt(RIGHT)


def test_the_name_is_found_however_it_is_typed(zhang):
    assert attempt(RIGHT, username=" ＺＨＡＮＧ ") == zhang


def test_a_sign_in_and_a_lock_are_in_the_trail_but_never_what_was_typed(zhang):
    attempt(RIGHT)
    fail(5, password="my-secret-guess")
    assert list(Event.objects.order_by("pk").values_list("verb", "object_name")) == [
        ("users.sign_in", "张审核"),
        ("users.lock", "张审核"),
    ]
    assert "my-secret-guess" not in str(list(Event.objects.values()))


@pytest.mark.django_db(transaction=True)
def test_many_guesses_at_once_get_five_looks_and_no_more(monkeypatch):
    services.add_user(username="zhang", name="张审核", password=RIGHT)
    looks: list[int] = []
    monkeypatch.setattr(User, "check_password", lambda *_: looks.append(1))

    at_once(*[attempt] * 12)
    assert len(looks) == 5


@pytest.mark.django_db(transaction=True)
def test_a_failure_cannot_be_tried_inside_a_transaction_that_would_forget_it():
    with pytest.raises(RuntimeError), transaction.atomic():
        attempt()
    fail(1)
    assert SignInTries.objects.get().count == 1


def test_who_is_no_administrator_makes_no_logins_and_gives_no_roles():
    for code in set(Role.Code) - {Role.Code.ADMINISTRATOR}:
        by = a_role(code)
        with pytest.raises(NotAllowed):
            services.add_user(username="x", name="某", password=RIGHT, by=by, at=NOON)
        with pytest.raises(NotAllowed):
            services.grant(user=by.user, code="leader", organisation=by.organisation, by=by, at=NOON)
        with pytest.raises(NotAllowed):
            services.revoke(role=by, by=by, at=NOON)


def test_an_administrator_rules_only_their_own_branch():
    by = a_role("administrator", a_city())
    elsewhere = a_city()
    with pytest.raises(NotAllowed):
        services.grant(user=a_user(), code="agency_clerk", organisation=elsewhere, by=by, at=NOON)
    assert not Event.objects.exists()


def test_an_administrators_acts_are_in_the_trail():
    city = a_city()
    by = a_role("administrator", city)
    user = services.add_user(username="qian", name="钱代办", password=RIGHT, by=by, at=NOON)
    role = services.grant(user=user, code="agency_clerk", organisation=city, by=by, at=NOON)
    again = services.grant(user=user, code="agency_clerk", organisation=city, by=by, at=NOON)
    services.revoke(role=role, by=by, at=NOON)
    services.revoke(role=role, by=by, at=NOON)
    assert again == role
    back = services.grant(user=user, code="agency_clerk", organisation=city, by=by, at=NOON)
    assert back.is_active
    assert list(Event.objects.order_by("pk").values_list("verb", flat=True)) == [
        "users.add_user", "users.grant", "users.revoke", "users.grant",
    ]  # fmt: skip


def test_a_name_is_taken_once_and_a_weak_password_not_at_all(zhang):
    with pytest.raises(UsernameTaken, match="zhang 已经有人使用"):
        services.add_user(username="ZHANG", name="别人", password=RIGHT)
    with pytest.raises(PasswordTooWeak, match="只有 4 个字符"):
        services.add_user(username="li", name="李会计", password="1234")
    with pytest.raises(PasswordTooWeak, match="和登录名相同"):
        services.add_user(username="li-kuaiji", name="李会计", password="LI-kuaiji")


def test_the_password_is_kept_as_a_hash(zhang):
    assert RIGHT not in zhang.password
    assert zhang.check_password(RIGHT)


def test_a_person_has_the_roles_that_are_current():
    group = a_group()
    role, ended = a_role("county_clerk", group), a_role("leader", group)
    services.revoke(role=ended, by=a_role("administrator", group), at=NOON)
    assert list(queries.roles_of(role.user)) == [role]
    assert list(queries.roles_of(ended.user)) == []
    assert list(queries.roles_of(None)) == []
    assert set(queries.visible_to(role)) >= {role, ended}
    assert list(queries.visible_to(ended)) == []
