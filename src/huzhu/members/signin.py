"""A member signs in on the phone: identity number, phone, and a code from the outbox."""

import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from huzhu.audit import services as audit
from huzhu.core.identity import tidy
from huzhu.db import keys
from huzhu.members.models import Member, SignInCode
from huzhu.notices import services as notices

GOOD_FOR = timedelta(minutes=5)
SPACING = timedelta(seconds=60)
MOST_TRIES = 5
MOST_A_DAY = 10
SAID = "如果身份证号和手机号与登记的一致，验证码已经发出，5 分钟内有效。没有收到，请过一分钟再试，或到单位工会核对登记的手机号。"


class WrongCode(ValueError):
    """The code, the number or the phone is not right; the message does not say which."""


@transaction.atomic
def send_code(*, id_number: str, phone: str, at: datetime) -> str:
    """Send a code if number and phone belong together; what is said is the same in any case."""
    member = _found(id_number, phone)
    if member and not _too_soon(Member.objects.select_for_update().get(pk=member.pk), at):
        code = f"{secrets.randbelow(1_000_000):06d}"
        SignInCode.objects.create(member=member, digest=_digest(member, code), sent_at=at)
        text = f"【职工互助保障】验证码 {code}，5 分钟内有效，用于登录。请勿告诉他人。"
        notices.send(phone=member.phone or "", text=text, purpose="sign_in", about=member, at=at)
    return SAID


def sign_in(*, id_number: str, phone: str, code: str, at: datetime) -> Member:
    """The member, once for each code, within minutes and a few tries; else WrongCode. Failed tries stay counted."""
    member = _found(id_number, phone)
    sent = _latest(member, at) if member else None
    if member is None or sent is None or not _tried(sent):
        raise _wrong()
    if not secrets.compare_digest(sent.digest, _digest(member, code.strip())):
        raise _wrong()
    with transaction.atomic():
        if not SignInCode.objects.filter(pk=sent.pk, used_at=None).update(used_at=at):
            raise _wrong()
        audit.record(by=member, verb="members.sign_in", on=member, at=at)
    return member


def _found(id_number: str, phone: str) -> Member | None:
    number, digits = tidy(id_number), tidy(phone)
    if not number or not digits:
        return None
    return Member.objects.filter(id_number_index=number, phone_index=digits).first()


def _too_soon(member: Member, at: datetime) -> bool:
    codes = SignInCode.objects.filter(member=member)
    lately = codes.filter(sent_at__gt=at - SPACING).exists()
    return lately or codes.filter(sent_at__gt=at - timedelta(days=1)).count() >= MOST_A_DAY


def _latest(member: Member, at: datetime) -> SignInCode | None:
    newest = SignInCode.objects.filter(member=member).order_by("-sent_at", "-pk").first()
    return newest if newest and newest.used_at is None and newest.sent_at > at - GOOD_FOR else None


def _tried(sent: SignInCode) -> bool:
    """Count this try; false when there were too many. Outside any transaction, so that a refusal keeps the count."""
    return bool(
        SignInCode.objects.filter(pk=sent.pk, tries__lt=MOST_TRIES, used_at=None).update(tries=F("tries") + 1)
    )


def _digest(member: Member, code: str) -> str:
    return keys.cipher().blind_index(code, purpose=f"members.sign_in.{member.pk}")


def _wrong() -> WrongCode:
    return WrongCode(
        "没有登录：验证码不对、已经用过或已过期，或身份证号、手机号与登记的不一致。请重新获取验证码。"
    )
