"""Consent to use the insurance bureau's data: said by the member alone, to a text of a known edition, taken back as easily.

Without it no record of the bureau about a member is taken in; whoever does not consent joins and claims by papers as ever.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef

from huzhu.audit import services as audit
from huzhu.files.contents import kind_of
from huzhu.files.models import StoredFile
from huzhu.files.services import read, store
from huzhu.members.models import Consent, Member
from huzhu.notices.services import send
from huzhu.users.models import Role
from huzhu.users.permissions import check_may, may

Channel = Consent.Channel
# edition → text; an edition that is no longer here does not count any more, and is asked for anew
TEXTS = {
    "2022-01": (
        "我同意职工互助保障代办处向医疗保障局取得我的住院结算数据（结算编号、入院和出院时间、医院、"
        "各项费用和基金支付金额），只用于核算和给付我的互助保障金，不用于别的事，也不给别人。"
        "不同意，不影响参加保障，也不影响自己交材料申请。同意以后可以随时在手机“我的”里或到柜台撤回；"
        "撤回以后不再取得新的数据，已经办结的给付不受影响。"
    )
}
EDITION = max(TEXTS)


class NotAgreed(ValueError):
    """The bureau's data of a member who has not consented is not taken in."""


class ConsentRefused(ValueError):
    """A consent cannot be written down, or taken back, as told."""


def standing(members: Iterable[Any]) -> set[Any]:
    """Keys of those whose consent to a text that still counts stands."""
    found = Consent.objects.filter(member__in=list(members), withdrawn_at=None, edition__in=list(TEXTS))
    return set(found.values_list("member", flat=True))


def standing_of(members: Iterable[Any]) -> dict[Any, Consent]:
    """The same, each with the consent itself."""
    found = Consent.objects.filter(member__in=list(members), withdrawn_at=None, edition__in=list(TEXTS))
    return {one.member_id: one for one in found}


def check(member: Member) -> None:
    """Raise NotAgreed where figures of the bureau would come in as data, and not by the member's own paper."""
    if not standing([member.pk]):
        raise NotAgreed(
            "会员没有同意使用医保数据，结算单没有收，什么也没有留下：请本人在手机“我的”里同意，或到柜台签字，再发一次。"
            "本人带来纸质结算单的，申请里不写 settlement，由代办处照单子登记。"
        )


def agrees() -> Exists:
    """The same as a column of a query for members."""
    return Exists(Consent.objects.filter(member=OuterRef("pk"), withdrawn_at=None, edition__in=list(TEXTS)))


def current(member: Member) -> Consent | None:
    """The consent that stands, whatever its text."""
    return Consent.objects.filter(member=member, withdrawn_at=None).first()


def history(by: Role | Member, member: Member) -> list[Consent]:
    """Everything that was said, newest first; a member's own, or for who deals with it. Employers are not told."""
    if not (by == member or may(by, "consents.see", within=member.employer)):
        return []
    return list(Consent.objects.filter(member=member).select_related("paper"))


@transaction.atomic
def agree(*, member: Member, edition: str, at: datetime) -> Consent:
    """The member on the phone, to the text that was shown."""
    if edition != EDITION:
        raise ConsentRefused("同意书换了新的一版，没有登记：请看过新的内容再按同意。")
    return _give(member, Channel.PHONE, None, member, at)


def agree_on_paper(*, member: Member, paper: tuple[str, bytes] | None, by: Role, at: datetime) -> Consent:
    """The agency writes down what the member has signed; the signed sheet is kept, and the member is told."""
    check_may(by, "members.consent", within=member.employer)
    if paper is None or not kind_of(paper[1]).mime.startswith(("image/", "application/pdf")):
        raise ConsentRefused("没有签字的同意书，没有登记：请拍照或扫描本人签了字的那一页。")
    file = store(name=paper[0], data=paper[1], purpose="consent", by=by, at=at)
    with transaction.atomic():
        made = _give(member, Channel.COUNTER, file, by, at)
        _tell(member, "登记了您同意使用医保结算数据。不是您本人签字的，请马上告诉代办处。", at)
    return made


def agree_by_list(*, member: Member, paper: StoredFile, by: Role, at: datetime) -> bool:
    """As at the counter, for one of a list whose signatures are on one scan; False where a consent stands already."""
    check_may(by, "members.consent", within=member.employer)
    if standing([member.pk]):
        return False
    try:
        _give(member, Channel.LIST, paper, by, at)
    except ConsentRefused:  # said so on the phone at this moment
        return False
    _tell(member, "登记了您签字同意使用医保结算数据。不是您本人签字的，请马上告诉代办处。", at)
    return True


@transaction.atomic
def withdraw(*, member: Member, by: Role | Member, at: datetime) -> Consent:
    """Taken back by the member, or at the counter on the member's word; no reason is asked."""
    if isinstance(by, Member):
        if by != member:
            raise ConsentRefused("只有本人可以撤回。")
    else:
        check_may(by, "members.consent", within=member.employer)
    held = Consent.objects.select_for_update().filter(member=member, withdrawn_at=None).first()
    if held is None:
        raise ConsentRefused("现在没有同意，不用撤回。")
    held.withdrawn_at, held.withdrawn_by, held.withdrawn_by_name = at, by.actor_id, by.actor_name[:80]
    held.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_by_name"])
    audit.record(by=by, verb="members.withdraw_consent", on=member, at=at, detail={"edition": held.edition})
    if isinstance(by, Role):
        _tell(member, "已登记您撤回同意，不再取得您的医保结算数据。", at)
    return held


@transaction.atomic
def open_paper(*, key: int, by: Role, at: datetime) -> tuple[StoredFile, bytes]:
    """The signed sheet of a member of the asker's branch, and its bytes; the look is written down. ConsentRefused, FileLost."""
    found = Consent.objects.select_related("member__employer", "paper").filter(pk=key).first()
    if found is None or found.paper is None or not may(by, "consents.see", within=found.member.employer):
        raise ConsentRefused("没有这份同意书。")
    audit.record(by=by, verb="members.read_consent", on=found.member, at=at, kind="read")
    return found.paper, read(found.paper)


def _give(member: Member, channel: str, paper: Any, by: Role | Member, at: datetime) -> Consent:
    # an older text is followed by the new one
    Consent.objects.filter(member=member, withdrawn_at=None).exclude(edition__in=list(TEXTS)).update(
        withdrawn_at=at, withdrawn_by=by.actor_id, withdrawn_by_name=by.actor_name[:80]
    )
    try:
        with transaction.atomic():
            made = Consent.objects.create(
                member=member,
                edition=EDITION,
                channel=channel,
                paper=paper,
                given_by=by.actor_id,
                given_by_name=by.actor_name[:80],
                given_at=at,
            )
    except IntegrityError:
        raise ConsentRefused("已经同意过了，不用再登记。") from None
    detail = {"edition": EDITION, "channel": channel}
    audit.record(by=by, verb="members.consent", on=member, at=at, detail=detail)
    return made


def _tell(member: Member, words: str, at: datetime) -> None:
    if member.phone:
        send(
            phone=member.phone,
            text=f"{member.name}您好，{words}",
            purpose="consent",
            about=member.employer,
            at=at,
        )
