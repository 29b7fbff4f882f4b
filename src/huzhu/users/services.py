"""Logins made, switched and linked, roles given and taken, passwords tried."""

import re
import unicodedata
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from huzhu.audit.services import SYSTEM, record
from huzhu.core.pinyin import initials, spelt
from huzhu.organisations.models import Organisation
from huzhu.users.models import PasswordLink, Role, SignInTries, User
from huzhu.users.passwords import check_strength, make_link, rules
from huzhu.users.permissions import PLACES, check_may

TRIES = 5
ROLES = Role.Code.choices
LOCKED_FOR = timedelta(minutes=15)


class UsernameTaken(ValueError):
    """Somebody else signs in by this name."""


class NotAName(ValueError):
    """A login or a person's name that cannot be used."""


class RoleCannotStandThere(ValueError):
    """This role is not given at a place of that kind, or the place is closed."""


class OwnRoles(PermissionError):
    """Nobody changes their own roles or login."""


class LastAdministrator(ValueError):
    """Without this person nobody could keep the branch any more."""


class OutOfReach(PermissionError):
    """The person holds roles outside the administrator's branch."""


class WrongLogin(ValueError):
    """Name and password do not belong together; which of them is wrong is not said."""


class LockedOut(ValueError):
    """Too many failures: nobody may try this name for a while."""


@transaction.atomic
def add_user(
    *, username: str, name: str, password: str | None, by: Role | None = None, at: datetime | None = None
) -> User:
    """Make a login, without a password for somebody invited; `by` and `at` are left out at set-up only."""
    if by:
        check_may(by, "users.change")
    login, name = checked_login(username), checked_name(name)
    if password is not None:
        check_strength(login, password)
    if User.objects.filter(username=login).exists():
        raise UsernameTaken(f"登录名 {login} 已经有人使用。请换一个，例如加上单位代码。")
    user = User(username=login, name=name, initials=initials(name))
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
        _refuse_own(by, user)
        _refuse_machine(user)
    check_stands(code, organisation)
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
    _refuse_own(by, role.user)
    _refuse_last(by, Role.objects.filter(pk=role.pk))
    if Role.objects.filter(pk=role.pk, is_active=True).update(is_active=False):
        record(by=by, verb="users.revoke", on=role, at=at, detail={"code": role.code})
    role.is_active = False


@transaction.atomic
def switch(*, user: User, is_active: bool, by: Role, at: datetime) -> None:
    """Let a login in or keep it out, in all its roles. Twice is the same as once."""
    check_rules(by, user)
    if not is_active:
        _refuse_last(by, Role.objects.filter(user=user))
        PasswordLink.objects.filter(user=user, ended_at=None).update(ended_at=at)
    if User.objects.filter(pk=user.pk).exclude(is_active=is_active).update(is_active=is_active):
        record(by=by, verb="users.switch_on" if is_active else "users.switch_off", on=user, at=at)
    user.is_active = is_active


@transaction.atomic
def link(*, user: User, by: Role, at: datetime) -> str:
    """The token of a new link by which this person sets a password; the one before is void."""
    check_rules(by, user)
    if not user.is_active:
        raise OutOfReach(f"{user.name}的登录名已经停用，设了密码也进不来。请先重新启用，再发链接。")
    token = make_link(user=user, by=by, at=at)
    record(by=by, verb="users.link", on=user, at=at)
    return token


def exported(*, by: Role, at: datetime, what: str, rows: int, asked: dict[str, str]) -> None:
    """Write down that a list was taken away as a file: which, how many rows, and what was asked for."""
    check_may(by, "lists.export")
    detail = {"what": what, "rows": rows, "asked": asked}
    record(by=by, verb="lists.export", on=by.organisation, at=at, detail=detail, kind="read")


def check_rules(by: Role, user: User) -> None:
    """Raise NotAllowed, OwnRoles or OutOfReach unless this administrator may act on the login itself."""
    check_may(by, "users.change")
    _refuse_own(by, user)
    _refuse_machine(user)
    if not rules(by, user):
        raise OutOfReach(
            f"{user.name}在{by.organisation.name}之外还有角色，登录名和密码由上级的系统管理员管。"
            "您可以收回他在您这里的角色。"
        )


def check_stands(code: str, organisation: Organisation) -> None:
    """Raise RoleCannotStandThere unless such a role may be given at this place."""
    role, kinds = Role.Code(code), PLACES[code]
    if not organisation.is_open:
        raise RoleCannotStandThere(
            f"{organisation.name}已经停用，不能再授予角色。请先重新启用它，或选别的机构。"
        )
    if organisation.kind not in kinds:
        where = "、".join(kind.label for kind in Organisation.Kind if kind in kinds)
        raise RoleCannotStandThere(
            f"{role.label}设在{where}，而{organisation.name}是{organisation.get_kind_display()}。请改选机构或角色。"
        )


def checked_login(username: str) -> str:
    """A login as it is kept: letters, digits, dots and dashes; raises NotAName."""
    login = _normal(username)
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,39}", login, re.ASCII):
        raise NotAName("登录名用小写字母和数字，可以有点和短横线，不超过 40 个字，例如 zhao.meixi。")
    return login


def checked_name(name: str) -> str:
    """A person's name as it is kept; raises NotAName."""
    name = " ".join(name.split())
    if not name or len(name) > 40 or not name.isprintable():
        raise NotAName("姓名要填，不超过 40 个字。")
    return name


def suggested_login(name: str) -> str:
    """A login nobody has, from the pinyin of a name."""
    stem = spelt(name) or "user"
    taken = set(User.objects.filter(username__startswith=stem).values_list("username", flat=True))
    return next(login for n in range(1, 10**6) if (login := stem if n == 1 else f"{stem}{n}") not in taken)


def _refuse_own(by: Role, user: User) -> None:
    if by.user_id == user.pk:
        raise OwnRoles("自己的角色和登录名不能自己改，要由另一位系统管理员办。请先邀请一位。")


def _refuse_machine(user: User) -> None:
    if user.is_machine:
        raise OutOfReach(f"“{user.name}”是程序，没有密码，也只有令牌上的一个角色。请在“接口令牌”里停用它。")


def _refuse_last(by: Role, going: QuerySet[Role]) -> None:
    """Of two administrators who end each other at the same moment, the second is refused: the rows are locked in order."""
    administrators = Role.objects.select_for_update().filter(code=Role.Code.ADMINISTRATOR, is_active=True)
    held = {role.pk: role for role in administrators.order_by("pk").select_related("user", "organisation")}
    ends = set(going.values_list("pk", flat=True))
    stay = [role for role in held.values() if role.pk not in ends and role.user.is_active]
    if by.pk not in held or not held[by.pk].user.is_active:
        raise LastAdministrator("您的系统管理员角色刚刚被停用，所以没有办成。")
    for role in (held[pk] for pk in ends & held.keys()):
        if not any(one.organisation.contains(role.organisation) for one in stay):
            raise LastAdministrator(
                f"{role.user.name}是{role.organisation.name}最后一位系统管理员，停用后没有人能管这里。请先邀请另一位。"
            )


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


def _normal(username: str) -> str:
    return unicodedata.normalize("NFKC", username).strip().casefold()


def _recorded(by: Role | None, at: datetime | None, **event: Any) -> None:
    if by and at:
        record(by=by, at=at, **event)
