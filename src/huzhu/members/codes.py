"""One-time codes sent to a phone: bound to a member, a purpose and what is to be confirmed; kept as keyed digests."""

import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from huzhu.db import keys
from huzhu.members.models import Member, OneTimeCode
from huzhu.notices import services as notices

GOOD_FOR = timedelta(minutes=5)
SPACING = timedelta(seconds=60)
MOST_TRIES = 5
MOST_A_DAY = 10


class WrongCode(ValueError):
    """The code is not right, was used, or is too old; the message does not say which."""


@transaction.atomic
def send(*, member: Member, phone: str, purpose: str, doing: str, about: str = "", at: datetime) -> bool:
    """Send six digits to the phone, at most one a minute and ten a day; false where one was sent just now."""
    if _too_soon(Member.objects.select_for_update().get(pk=member.pk), purpose, at):
        return False
    code = f"{secrets.randbelow(1_000_000):06d}"
    OneTimeCode.objects.create(
        member=member, purpose=purpose, digest=_digest(member, purpose, about, code), sent_at=at
    )
    text = f"【职工互助保障】验证码 {code}，5 分钟内有效，用于{doing}。请勿告诉他人。"
    notices.send(phone=phone, text=text, purpose="sign_in", about=member, at=at)
    return True


def fits(*, member: Member, purpose: str, code: str, about: str = "", at: datetime) -> OneTimeCode | None:
    """The newest code, if it is this one and still good. Failed tries stay counted: ask outside any transaction."""
    sent = _latest(member, purpose, at)
    if sent is None or not _tried(sent):
        return None
    right = secrets.compare_digest(sent.digest, _digest(member, purpose, about, code.strip()))
    return sent if right else None


def use(sent: OneTimeCode, at: datetime) -> bool:
    """Use the code up, in the transaction of what it confirms; false where somebody was faster."""
    return bool(OneTimeCode.objects.filter(pk=sent.pk, used_at=None).update(used_at=at))


def _too_soon(member: Member, purpose: str, at: datetime) -> bool:
    codes = OneTimeCode.objects.filter(member=member, purpose=purpose)
    lately = codes.filter(sent_at__gt=at - SPACING).exists()
    return lately or codes.filter(sent_at__gt=at - timedelta(days=1)).count() >= MOST_A_DAY


def _latest(member: Member, purpose: str, at: datetime) -> OneTimeCode | None:
    newest = OneTimeCode.objects.filter(member=member, purpose=purpose).order_by("-sent_at", "-pk").first()
    return newest if newest and newest.used_at is None and newest.sent_at > at - GOOD_FOR else None


def _tried(sent: OneTimeCode) -> bool:
    """Count this try; false when there were too many."""
    return bool(
        OneTimeCode.objects.filter(pk=sent.pk, tries__lt=MOST_TRIES, used_at=None).update(
            tries=F("tries") + 1
        )
    )


def _digest(member: Member, purpose: str, about: str, code: str) -> str:
    return keys.cipher().blind_index(f"{code}{about}", purpose=f"members.{purpose}.{member.pk}")
