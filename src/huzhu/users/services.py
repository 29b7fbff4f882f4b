"""Logins made, roles given and taken, passwords tried."""

import unicodedata
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction

from huzhu.audit.services import SYSTEM, record
from huzhu.organisations import services as organisations
from huzhu.organisations.models import Organisation
from huzhu.users.models import Role, SignInTries, User
from huzhu.users.permissions import check_may

TRIES = 5
LOCKED_FOR = timedelta(minutes=15)
SHORTEST = 8


class UsernameTaken(ValueError):
    """Somebody else signs in by this name."""


class PasswordTooWeak(ValueError):
    """A password that would be guessed."""


class WrongLogin(ValueError):
    """Name and password do not belong together; which of them is wrong is not said."""


class LockedOut(ValueError):
    """Too many failures: nobody may try this name for a while."""


@transaction.atomic
def add_user(
    *, username: str, name: str, password: str, by: Role | None = None, at: datetime | None = None
) -> User:
    """Make a login; `by` and `at` are left out at set-up only, when there is nobody to ask yet."""
    if by:
        check_may(by, "users.change")
    login = _normal(username)
    _check_strength(login, password)
    if User.objects.filter(username=login).exists():
        raise UsernameTaken(f"登录名 {login} 已经有人使用。请换一个，例如加上单位代码。")
    user = User(username=login, name=name)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as problem:
        raise UsernameTaken(f"登录名 {login} 刚刚被别人使用。请换一个。") from problem
    _recorded(by, at, verb="users.add_user", on=user)
    return user


@transaction.atomic
def grant(
    *, user: User, code: str, organisation: Organisation, by: Role | None = None, at: datetime | None = None
) -> Role:
    """Let a person act in a capacity at a place; twice, or after it was revoked, is the same role again."""
    if by:
        check_may(by, "users.change", within=organisation)
    role, is_new = Role.objects.get_or_create(user=user, code=Role.Code(code), organisation=organisation)
    if is_new or Role.objects.filter(pk=role.pk, is_active=False).update(is_active=True):
        role.is_active = True
        _recorded(
            by, at, verb="users.grant", on=role, detail={"code": code, "organisation": organisation.code}
        )
    return role


@transaction.atomic
def revoke(*, role: Role, by: Role, at: datetime) -> None:
    """End a role; what was done in it stays. Twice is the same as once."""
    check_may(by, "users.change", within=role.organisation)
    if Role.objects.filter(pk=role.pk, is_active=True).update(is_active=False):
        record(by=by, verb="users.revoke", on=role, at=at, detail={"code": role.code})
    role.is_active = False


@transaction.atomic
def add_organisation(*, by: Role, at: datetime, parent: Organisation, **fields: Any) -> Organisation:
    """Set an organisation below one of the administrator's own; fields as for organisations.services.add."""
    check_may(by, "organisations.change", within=parent)
    made = organisations.add(parent=parent, **fields)
    record(by=by, verb="organisations.add", on=made, at=at, detail={"code": made.code, "kind": made.kind})
    return made


def check_password(*, username: str, password: str, at: datetime) -> User:
    """The user of this name and password; raises WrongLogin, or LockedOut after 5 failures for 15 minutes.

    Call it outside a transaction: a failure counts although the sign-in fails.
    """
    login = _normal(username)[:40]
    left = _count_try(login, at)  # before the password is looked at, so that many tries at once all count
    user = User.objects.filter(username=login, is_active=True).first()
    if user is None:
        make_password(password)  # takes as long as looking at a password
    elif user.check_password(password):
        return _let_in(user, at)
    if left:
        raise WrongLogin(f"登录名或密码不对。再错 {left} 次，这个登录名会锁定 15 分钟。请核对后重试。")
    if user:
        with transaction.atomic():
            record(by=SYSTEM, verb="users.lock", on=user, at=at)
    raise WrongLogin(
        f"登录名或密码不对，已经错了 {TRIES} 次，这个登录名锁定 15 分钟。忘了密码，请找系统管理员。"
    )


@transaction.atomic
def _let_in(user: User, at: datetime) -> User:
    SignInTries.objects.filter(pk=user.username).delete()
    record(by=user, verb="users.sign_in", on=user, at=at)
    return user


@transaction.atomic(durable=True)
def _count_try(login: str, at: datetime) -> int:
    """Count one try and say how many are left; the last one locks the name until a right password or later."""
    SignInTries.objects.filter(last_at__lte=at - LOCKED_FOR).delete()
    SignInTries.objects.bulk_create([SignInTries(username=login, last_at=at)], ignore_conflicts=True)
    tries = SignInTries.objects.select_for_update().get(pk=login)
    if tries.locked_until and at < tries.locked_until:
        raise LockedOut(_wait(tries.locked_until - at))
    tries.count += 1
    tries.last_at = at
    tries.locked_until = at + LOCKED_FOR if tries.count >= TRIES else None
    tries.save()
    return TRIES - tries.count


def _wait(rest: timedelta) -> str:
    minutes = -(-rest // timedelta(minutes=1))
    return (
        f"这个登录名连续输错 {TRIES} 次，为防有人猜密码，已经锁定。"
        f"请在 {minutes} 分钟后再试；如果不是您本人输错，请告诉系统管理员。"
    )


def _check_strength(login: str, password: str) -> None:
    if len(password) < SHORTEST:
        raise PasswordTooWeak(f"密码只有 {len(password)} 个字符，容易被猜中。请用 {SHORTEST} 个以上的字符。")
    if password.casefold() == login.casefold():
        raise PasswordTooWeak("密码和登录名相同，容易被猜中。请换一个密码。")


def _normal(username: str) -> str:
    return unicodedata.normalize("NFKC", username).strip().casefold()


def _recorded(by: Role | None, at: datetime | None, **event: Any) -> None:
    if by and at:
        record(by=by, at=at, **event)
