"""A member signs in on the phone: identity number, phone, and a code from the outbox."""

from datetime import datetime

from django.db import transaction

from huzhu.audit import services as audit
from huzhu.core.identity import tidy
from huzhu.members import codes
from huzhu.members.codes import WrongCode
from huzhu.members.models import Member

SAID = "如果身份证号和手机号与登记的一致，验证码已经发出，5 分钟内有效。没有收到，请过一分钟再试，或到单位工会核对登记的手机号。"


def send_code(*, id_number: str, phone: str, at: datetime) -> str:
    """Send a code if number and phone belong together; what is said is the same in any case."""
    if member := _found(id_number, phone):
        codes.send(member=member, phone=member.phone or "", purpose="sign_in", doing="登录", at=at)
    return SAID


def sign_in(*, id_number: str, phone: str, code: str, at: datetime) -> Member:
    """The member, once for each code, within minutes and a few tries; else WrongCode. Failed tries stay counted."""
    member = _found(id_number, phone)
    sent = codes.fits(member=member, purpose="sign_in", code=code, at=at) if member else None
    if member is None or sent is None:
        raise _wrong()
    with transaction.atomic():
        if not codes.use(sent, at):
            raise _wrong()
        audit.record(by=member, verb="members.sign_in", on=member, at=at)
    return member


def _found(id_number: str, phone: str) -> Member | None:
    number, digits = tidy(id_number), tidy(phone)
    if not number or not digits:
        return None
    return Member.objects.filter(id_number_index=number, phone_index=digits).first()


def _wrong() -> WrongCode:
    return WrongCode(
        "没有登录：验证码不对、已经用过或已过期，或身份证号、手机号与登记的不一致。请重新获取验证码。"
    )
