"""The member's own change of phone: a code to the old one and a code to the new one, so that neither alone suffices."""

from datetime import datetime

from django.db import transaction

from huzhu.audit import services as audit
from huzhu.members import codes
from huzhu.members.accounts import tell
from huzhu.members.codes import WrongCode
from huzhu.members.models import Member
from huzhu.members.persons import NotAPhone, phone_number

OLD, NEW = "phone_old", "phone_new"


def send_phone_codes(*, member: Member, phone: str, at: datetime) -> str:
    """Codes to both phones; the new number as it is kept. Raises NotAPhone."""
    digits = phone_number(phone)
    if digits == member.phone:
        raise NotAPhone("这就是现在登记的手机号，不用换")
    if not member.phone:
        raise NotAPhone("没有登记过手机号，请带身份证到单位工会或代办处登记")
    doing = f"把登记的手机换成 {digits[:3]}****{digits[-4:]}"
    codes.send(member=member, phone=member.phone, purpose=OLD, about=digits, doing=doing, at=at)
    codes.send(member=member, phone=digits, purpose=NEW, about=digits, doing=doing, at=at)
    return digits


def change_phone(*, member: Member, phone: str, old_code: str, new_code: str, at: datetime) -> Member:
    """The new phone is registered once both codes are right; else WrongCode, and nothing changes."""
    digits = phone_number(phone)
    before = member.phone or ""
    old = codes.fits(member=member, purpose=OLD, about=digits, code=old_code, at=at)
    new = codes.fits(member=member, purpose=NEW, about=digits, code=new_code, at=at)
    if old is None or new is None:
        which = "原手机" if old is None else "新手机"
        raise WrongCode(f"没有换手机：{which}收到的验证码不对、已经用过或已过期。请重新获取验证码。")
    with transaction.atomic():
        if not (codes.use(old, at) and codes.use(new, at)):
            raise WrongCode("没有换手机：验证码已经用过。请重新获取验证码。")
        tell(member, f"您登记的手机已换成 {digits[:3]}****{digits[-4:]}，以后的通知发到新手机。", at)
        member.phone = digits
        member.save(update_fields=["phone", "phone_index"])
        detail = {"from": before[-4:], "to": digits[-4:]}
        audit.record(by=member, verb="members.change_phone", on=member, at=at, detail=detail)
    return member
