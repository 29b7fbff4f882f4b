"""Tokens of programs: made for one place, one role and some scopes, told once, kept as a digest, ended by a day or a person."""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from huzhu.audit.services import record
from huzhu.db import keys
from huzhu.organisations.models import Organisation
from huzhu.users.models import ApiToken, Role, User
from huzhu.users.permissions import ALLOWED, check_may
from huzhu.users.services import check_stands, checked_name

BEGINS = "hz_"
LONGEST = timedelta(days=366)
NOTED_EVERY = timedelta(minutes=1)
# what a program may be: it enters and looks up; opinions, decisions and releases are a person's
CODES = tuple(
    (str(code), str(code.label))
    for code in (
        Role.Code.EMPLOYER_CLERK,
        Role.Code.COUNTY_CLERK,
        Role.Code.AGENCY_CLERK,
        Role.Code.PAYMENT_MAKER,
        Role.Code.AUDITOR,
    )
)
_DETAILS = frozenset({Role.Code.AGENCY_CLERK, Role.Code.AUDITOR})
_PAID = _DETAILS | {Role.Code.PAYMENT_MAKER}
# scope: (its words, the roles in which it is of any use)
SCOPES: dict[str, tuple[str, frozenset[str]]] = {
    "employers": ("查单位", frozenset(code for code, _ in CODES)),
    "members": ("查会员", ALLOWED["members.see"]),
    "enrolments": ("查参保", ALLOWED["members.see"]),
    "rosters": ("查名册", ALLOWED["members.see"]),
    "contributions": ("查会费和到账", ALLOWED["members.see"]),
    "claims": ("查申请", ALLOWED["claims.see"]),
    "decisions": ("查核定和计算过程", _DETAILS),
    "payouts": ("查发放", _PAID),
    "ledger": ("查账簿", ALLOWED["books.see"]),
    "rosters.write": ("上传名册（待确认）", ALLOWED["rosters.upload"]),
    "contributions.write": ("登记到账", ALLOWED["contributions.receive"]),
    "claims.write": ("新建、提交申请", ALLOWED["claims.take"]),
}


class TokenRefused(ValueError):
    """A token cannot be made as asked."""


class NotAToken(LookupError):
    """No such token, or it has ended, or its role has; which of them is not said."""


@transaction.atomic
def make(  # noqa: PLR0913  what for, as whom, where, how far, how long, by whom and when
    *,
    name: str,
    code: str,
    place: Organisation,
    scopes: Collection[str],
    days: int,
    by: Role,
    at: datetime,
) -> tuple[ApiToken, str]:
    """The token and its text, which nobody can find out again; raises TokenRefused or what a role may raise."""
    check_may(by, "tokens.change", within=place)
    _check(code, scopes, days)
    check_stands(code, place)
    text = BEGINS + secrets.token_urlsafe(32)
    words = checked_name(name)
    machine = User(username=f"machine.{secrets.token_hex(8)}", name=words, is_machine=True)
    machine.set_unusable_password()
    machine.save(force_insert=True)
    token = ApiToken.objects.create(
        name=words,
        role=Role.objects.create(user=machine, code=Role.Code(code), organisation=place),
        scopes=[scope for scope in SCOPES if scope in scopes],
        digest=_digests(text)[0],
        begins=text[: len(BEGINS) + 5],
        made_by=by,
        made_at=at,
        expires_at=at + timedelta(days=days),
    )
    detail = {"code": code, "organisation": place.code, "scopes": token.scopes, "days": days}
    record(by=by, verb="tokens.make", on=token, at=at, detail=detail)
    return token, text


@transaction.atomic
def revoke(*, token: ApiToken, by: Role, at: datetime) -> None:
    """Let it in no more, from now on; what was done by it stays. Twice is the same as once."""
    check_may(by, "tokens.change", within=token.role.organisation)
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at):
        Role.objects.filter(pk=token.role_id).update(is_active=False)
        User.objects.filter(pk=token.role.user_id).update(is_active=False)
        record(by=by, verb="tokens.revoke", on=token, at=at)


def holder(*, text: str, at: datetime) -> ApiToken:
    """The token that this text is, and that it was used; raises NotAToken."""
    found = (
        ApiToken.objects.filter(digest__in=_digests(text), revoked_at=None, expires_at__gt=at)
        .select_related("role__user", "role__organisation")
        .first()
        if text.startswith(BEGINS) and len(text) < 80
        else None
    )
    if found is None or not found.role.is_current:
        raise NotAToken("令牌不对、已到期或已停用。请系统管理员在“接口令牌”里核对，或另做一个。")
    seldom = Q(last_used_at=None) | Q(last_used_at__lt=at - NOTED_EVERY)
    if found.last_used_at is None or found.last_used_at < at - NOTED_EVERY:
        ApiToken.objects.filter(seldom, pk=found.pk).update(last_used_at=at)
    return found


def _check(code: str, scopes: Collection[str], days: int) -> None:
    if code not in dict(CODES):
        raise TokenRefused(
            "程序只能是"
            + "、".join(words for _, words in CODES)
            + "；核定、复核、放行要由人来办。请改选角色。"
        )
    if not scopes or any(scope not in SCOPES for scope in scopes):
        raise TokenRefused("没有选范围：请至少勾一项，程序只能做勾选的事。")
    if useless := [SCOPES[scope][0] for scope in scopes if code not in SCOPES[scope][1]]:
        raise TokenRefused(f"{dict(CODES)[code]}不办这些事：{'、'.join(useless)}。请去掉它们，或改选角色。")
    if not timedelta(days=1) <= timedelta(days=days) <= LONGEST:
        raise TokenRefused("有效期是 1 到 366 天：到期以前请另做一个换上。")


def _digests(text: str) -> list[str]:
    return keys.cipher().blind_indexes(text, purpose="users.token")
