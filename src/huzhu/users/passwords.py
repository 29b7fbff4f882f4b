"""What a password must be, and the link by which a person sets one: its token is told once and kept as a digest."""

import re
import secrets
from datetime import datetime, timedelta

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.db import transaction

from huzhu.audit.services import record
from huzhu.db import keys
from huzhu.users.models import PasswordLink, Role, SignInTries, User

SHORTEST, LONGEST = 8, 128
GOOD_FOR = timedelta(days=7)
RULES = (
    f"至少 {SHORTEST} 个字符，不能全是数字",
    "不能是常见的密码（如 password1、qwerty123），也不能是同一个字符重复",
    "不能含有您的登录名",
)
_COMMON = CommonPasswordValidator()


class PasswordTooWeak(ValueError):
    """A password that would be guessed."""


class WrongPassword(ValueError):
    """Not the password this person has now."""


class LinkEnded(LookupError):
    """No such link, or it was used, replaced, taken back or is too old; which of them is not said."""


def check_strength(login: str, password: str) -> None:
    """Raise PasswordTooWeak where the rules above are broken."""
    if objection := _objection(login.casefold(), password):
        raise PasswordTooWeak(f"{objection}，容易被猜中。请换一个，例如几个不相干的词连在一起。")


def _objection(login: str, password: str) -> str:
    plain = password.casefold()
    broken = (
        (len(password) < SHORTEST, f"密码只有 {len(password)} 个字符，至少要 {SHORTEST} 个"),
        (len(password) > LONGEST, f"密码超过 {LONGEST} 个字符"),
        (plain == login, "密码和登录名相同"),
        (len(login) >= 3 and login in plain, "密码里含有登录名"),
        (password.isdigit(), "密码全是数字"),
        (re.fullmatch(r"(.{1,2})\1+.?", plain), "密码是同样的字符在重复"),
        (_is_common(password), "这是很多人用的密码"),
    )
    return next((words for is_broken, words in broken if is_broken), "")


def _is_common(password: str) -> bool:
    try:
        _COMMON.validate(password)
    except ValidationError:
        return True
    return False


@transaction.atomic
def make_link(*, user: User, by: Role, at: datetime) -> str:
    """A new link's token; the one before is void. Whoever calls has asked whether `by` may."""
    user = User.objects.select_for_update().get(pk=user.pk)
    PasswordLink.objects.filter(user=user, ended_at=None).update(ended_at=at)
    token = secrets.token_urlsafe(24)
    PasswordLink.objects.create(user=user, digest=_digest(token), made_by=by, made_at=at)
    return token


def open_link(*, token: str, at: datetime) -> PasswordLink:
    """The link behind a token while it is good; else LinkEnded."""
    digests = keys.cipher().blind_indexes(token, purpose="users.link")
    found = (
        PasswordLink.objects.filter(digest__in=digests, ended_at=None, made_at__gt=at - GOOD_FOR)
        .select_related("user", "made_by__user", "made_by__organisation")
        .first()
    )
    if found is None or not found.user.is_active or not rules(found.made_by, found.user):
        raise LinkEnded(
            "这个链接不能用了：可能已经用过、过了 7 天、被新的链接代替，或者没有抄完整。"
            "请找给您链接的管理员重新发一个。"
        )
    return found


@transaction.atomic
def use_link(*, token: str, password: str, at: datetime) -> User:
    """Set the password, once for each link; raises LinkEnded or PasswordTooWeak, after which the link is still good."""
    link = open_link(token=token, at=at)
    check_strength(link.user.username, password)
    if not PasswordLink.objects.filter(pk=link.pk, ended_at=None).update(ended_at=at):
        raise LinkEnded("这个链接刚刚用过了。如果不是您本人用的，请马上告诉管理员。")
    _set(link.user, password)
    record(by=link.user, verb="users.set_password", on=link.user, at=at)
    return link.user


@transaction.atomic
def change(*, user: User, old: str, new: str, at: datetime) -> None:
    """A person's own change; raises WrongPassword or PasswordTooWeak. Sessions elsewhere end by it."""
    if not user.check_password(old):
        raise WrongPassword("现在的密码不对，所以没有改。忘了密码，请找系统管理员发一个重设的链接。")
    check_strength(user.username, new)
    if old == new:
        raise PasswordTooWeak("新密码和现在的一样，所以没有改。请换一个。")
    PasswordLink.objects.filter(user=user, ended_at=None).update(ended_at=at)
    _set(user, new)
    record(by=user, verb="users.change_password", on=user, at=at)


def rules(by: Role, user: User) -> bool:
    """Whether an administrator's branch holds every role this person has: else a city could let itself into the province."""
    if not by.is_current or by.code != Role.Code.ADMINISTRATOR:
        return False
    roles = Role.objects.filter(user=user, is_active=True)
    return not roles.exclude(organisation__path__startswith=by.organisation.path).exists()


def _set(user: User, password: str) -> None:
    user.set_password(password)
    user.save(update_fields=["password"])
    SignInTries.objects.filter(pk=user.username).delete()  # a lock was for the old password


def _digest(token: str) -> str:
    return keys.cipher().blind_index(token, purpose="users.link")
