"""Corrections of what identifies a member: asked with a paper, checked by one person, approved by another, then made.

The states: 待核对 (agency) → 待批准 (another person at the agency, or the county) → 已更正; or 未同意, with a reason.
"""

import unicodedata
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from huzhu.audit import services as audit
from huzhu.core.identity import Identity, NotAnIdentity
from huzhu.core.pinyin import initials
from huzhu.files import photos
from huzhu.files.contents import kind_of
from huzhu.files.services import read, store
from huzhu.members.accounts import tell
from huzhu.members.models import Correction, Member
from huzhu.members.persons import NotAPhone, phone_number
from huzhu.notices import services as notices
from huzhu.users.models import Role
from huzhu.users.permissions import NotAllowed, check_may

State, Field = Correction.State, Correction.Field
OPEN = (State.ASKED, State.CHECKED)
SHOWN = ("image/jpeg", "image/png", "application/pdf")


class NotACorrection(ValueError):
    """What was asked cannot be done as it stands; the sentence says what to change."""


class CorrectionMoved(ValueError):
    """Somebody else has dealt with the request in the meantime."""


@transaction.atomic
def ask(  # noqa: PLR0913  whose, what, why, the paper, by whom and when
    *,
    member: Member,
    field: str,
    value: str,
    reason: str,
    photo: tuple[str, bytes] | None,
    by: Role | Member,
    at: datetime,
) -> Correction:
    """A request with the photograph of the ID card (name, bytes). One made by staff at the counter counts as checked by them.

    A lost phone is changed by staff only, with a reason. Raises NotACorrection.
    """
    staff = by if isinstance(by, Role) else None
    if staff:
        check_may(staff, "members.correct", within=member.employer)
    elif by != member:
        raise NotAllowed("这不是您的资料，不能更正。")
    if field not in Field.values or (field == Field.PHONE and staff is None):
        raise NotACorrection("请选要更正哪一项。换手机请用“换手机号”；原手机丢了，请到代办处办理。")
    wanted, said = _value(member, field, value), reason.strip()[:200]
    if not said:
        raise NotACorrection("请写明为什么要更正，例如“登记时写错了一个字”。")
    if photo is None and field != Field.PHONE:
        raise NotACorrection("请拍身份证有照片的一面，核对的人要照着看。")
    if Correction.objects.filter(member=member, field=field, state__in=OPEN).exists():
        raise NotACorrection(f"{Field(field).label}的更正已经在办，不用再提。办完会发短信告诉本人。")
    made = Correction.objects.create(
        member=member,
        field=field,
        value=wanted,
        was=getattr(member, field) or "",
        reason=said,
        file=_stored(photo, by, at) if photo else None,
        state=State.CHECKED if staff else State.ASKED,
        asked_by=by.actor_id,
        asked_by_name=by.actor_name[:80],
        asked_at=at,
        checked_by=staff.user if staff else None,
        checked_at=at if staff else None,
    )
    audit.record(by=by, verb="members.ask_correction", on=member, at=at, detail={"field": Field(field).label})
    return made


def _stored(photo: tuple[str, bytes], by: Role | Member, at: datetime) -> Any:
    name, data = photo
    if kind_of(data).mime not in SHOWN:
        raise NotACorrection("身份证请交照片（JPG、PNG）或 PDF 文件。")
    if isinstance(by, Member) and (doubt := photos.doubt(data)):
        raise NotACorrection(f"{doubt}。身份证上的字要看得清，请放平、在亮处重拍一张。")
    return store(name=name, data=data, purpose="correction", by=by, at=at)


def _value(member: Member, field: str, text: str) -> str:
    """As it is kept; raises NotACorrection where it cannot be, or is what stands there already."""
    try:
        wanted = {Field.NAME: _name, Field.ID_NUMBER: _number, Field.PHONE: phone_number}[Field(field)](text)
    except (NotAnIdentity, NotAPhone) as wrong:
        raise NotACorrection(f"{wrong}。") from None
    if wanted == getattr(member, field):
        raise NotACorrection(f"这就是现在登记的{Field(field).label}，不用更正。")
    if field == Field.ID_NUMBER:
        _check_free(member, wanted)
    return wanted


def _name(text: str) -> str:
    name = unicodedata.normalize("NFKC", text).strip()
    if not 2 <= len(name) <= 40 or any(letter.isdigit() or letter in "<>*?" for letter in name):
        raise NotACorrection("姓名要 2 到 40 个字，照身份证填写，不带数字和符号。")
    return name


def _number(text: str) -> str:
    return Identity.read(text).number


def _check_free(member: Member, number: str) -> None:
    if Member.objects.filter(id_number_index=number).exclude(pk=member.pk).exists():
        raise NotACorrection(
            "这个身份证号已经登记在另一位会员名下，不能更正成它。可能同一个人登记过两次，请代办处查明后再办。"
        )


@transaction.atomic
def check(*, correction: Correction, by: Role, at: datetime) -> Correction:
    """The agency has held the request against the paper; another person approves it."""
    check_may(by, "members.correct", within=correction.member.employer)
    _move(correction, (State.ASKED,), state=State.CHECKED, checked_by=by.user, checked_at=at)
    return _told(correction, "members.check_correction", by, at)


@transaction.atomic
def approve(*, correction: Correction, by: Role, at: datetime) -> Correction:
    """A second person agrees: the change is made, the old value stays sealed with the request."""
    check_may(by, "members.approve_correction", within=correction.member.employer)
    if correction.checked_by_id == by.user_id:
        raise NotAllowed("这一件是您提的或核对的，要由另一个人批准。请交给同事或县区工会。")
    member = Member.objects.select_for_update().get(pk=correction.member_id)
    before = getattr(member, correction.field) or ""
    columns = {"state": State.MADE, "settled_by": by.user, "settled_at": at, "was": before}
    _move(correction, (State.CHECKED,), **columns)
    _make(member, correction)
    said = f"您的{correction.get_field_display()}已经更正。不是您要改的，请马上联系代办处。"
    ends = [member.phone, before if correction.field == Field.PHONE else ""]
    for phone in filter(None, ends):  # a changed phone is told at both ends
        notices.send(phone=phone, text=said, purpose="member", about=member, at=at)
    return _told(correction, "members.approve_correction", by, at)


def _make(member: Member, correction: Correction) -> None:
    value, columns = correction.value, [correction.field]
    setattr(member, correction.field, value)
    if correction.field == Field.NAME:
        member.initials, columns = initials(value), ["name", "initials"]
    elif correction.field == Field.PHONE:
        columns += ["phone_index"]
    else:
        _check_free(member, value)
        identity = Identity.read(value)
        member.sex, member.born_on = identity.sex, identity.born_on
        columns += ["id_number_index", "id_number_last4", "sex", "born_on"]
    try:
        with transaction.atomic():
            member.save(update_fields=columns)
    except IntegrityError:
        _check_free(member, value)
        raise


@transaction.atomic
def refuse(*, correction: Correction, reason: str, by: Role, at: datetime) -> Correction:
    """Not agreed, by whoever checks or approves, with a reason that the member reads."""
    verb = "members.correct" if correction.state == State.ASKED else "members.approve_correction"
    check_may(by, verb, within=correction.member.employer)
    said = reason.strip()[:200]
    if not said:
        raise NotACorrection("请写明为什么不同意，会员看得到。")
    _move(correction, OPEN, state=State.REFUSED, settled_by=by.user, settled_at=at, refusal=said)
    label = correction.get_field_display()
    tell(correction.member, f"您要更正{label}的请求没有同意：{said}。可以补充后再提。", at)
    return _told(correction, "members.refuse_correction", by, at, reason=said)


def open_photo(*, correction: Correction, by: Role, at: datetime) -> bytes:
    """The photograph of the ID card; who looked is written down, once per person, member and hour."""
    check_may(by, "members.approve_correction", within=correction.member.employer)
    if correction.file is None:
        raise LookupError("这一件没有照片。")
    data = read(correction.file)
    audit.record_read(
        by=by, verb="members.read_id_card", on=correction.member, at=at, detail={"reason": "核对资料更正"}
    )
    return data


def _move(correction: Correction, states: tuple[Correction.State, ...], **columns: Any) -> None:
    """One conditional update decides which of two workers was first."""
    held = Correction.objects.select_for_update().filter(pk=correction.pk, state__in=states).first()
    if held is None:
        correction.refresh_from_db()
        raise CorrectionMoved(
            f"{correction.member.name}的这一件现在是“{correction.get_state_display()}”，您这一步没有生效。请刷新后再看。"
        )
    for name, value in columns.items():
        setattr(correction, name, value)
    correction.save(update_fields=list(columns))


def _told(correction: Correction, verb: str, by: Role, at: datetime, **detail: str) -> Correction:
    said = {"field": correction.get_field_display(), **detail}
    audit.record(by=by, verb=verb, on=correction.member, at=at, detail=said)
    return correction
