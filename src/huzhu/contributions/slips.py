"""Verbs on bank slips: the employer uploads one, the agency registers the money or gives the slip back."""

from datetime import date, datetime

from django.db import IntegrityError, transaction

from huzhu.audit import services as audit
from huzhu.contributions.models import BankSlip, Share
from huzhu.contributions.queries import standing
from huzhu.core import serials
from huzhu.core.money import spoken
from huzhu.enrolment.models import Roster
from huzhu.files import services as files
from huzhu.files.contents import JPEG, PDF, PNG, NotAccepted, kind_of
from huzhu.organisations.queries import agency_of
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

REASONS = ("金额和银行到账的不一致", "这笔款已经登记过了", "看不清，或者不是银行回单", "银行没有收到这笔款")


class SlipRefused(ValueError):
    """A slip cannot be taken or settled as told."""


class SlipSettled(SlipRefused):
    """Somebody has registered or given back the slip before."""


def upload(  # noqa: PLR0913  what stands on a slip, and the slip
    *,
    roster: Roster,
    amount_fen: int,
    paid_on: date,
    bank_reference: str,
    name: str,
    data: bytes,
    by: Role,
    at: datetime,
) -> BankSlip:
    """An employer's clerk shows what was paid; SlipRefused, or NotAccepted for a file that is no picture and no PDF."""
    check_may(by, "contributions.slip", within=roster.employer)
    reference = serials.normal(bank_reference)
    _refuse(roster, amount_fen, paid_on, bank_reference.strip(), at)
    if kind_of(data) not in {PDF, JPEG, PNG}:
        raise NotAccepted("回单只收照片（JPG、PNG）或 PDF：请拍照、截图，或在网银里下载电子回单再上传。")
    file = files.store(name=name, data=data, purpose="bank_slip", by=by, at=at)
    slip = BankSlip(
        roster=roster,
        file=file,
        amount_fen=amount_fen,
        paid_on=paid_on,
        bank_reference=reference,
        uploaded_at=at,
        uploaded_by=by.actor_name[:80],
    )
    try:
        with transaction.atomic():
            slip.save(force_insert=True)
            detail = {"amount_fen": amount_fen, "paid_on": paid_on.isoformat()}
            audit.record(by=by, verb="contributions.upload_slip", on=slip, at=at, detail=detail)
    except IntegrityError:
        raise _uploaded_before(reference) from None
    return slip


def _refuse(roster: Roster, amount_fen: int, paid_on: date, reference: str, at: datetime) -> None:
    if roster.state != Roster.State.ACCEPTED:
        raise SlipRefused("名册还没有确认，没有应缴，不能上传回单：请先确认名册。")
    if standing(reference, agency_of(roster.employer)).exists():
        raise SlipRefused(f"银行流水号 {reference} 的款代办处已经登记到账，不用再上传。请刷新名册页面查看。")
    told = BankSlip.objects.filter(bank_reference__in={reference, serials.normal(reference)})
    if told.exclude(state=BankSlip.State.REFUSED).exists():
        raise _uploaded_before(reference)
    left = sum(share.left_fen for share in Share.objects.filter(due__roster=roster))
    if not left:
        raise SlipRefused("这份名册的会费已经到齐，不用再缴，没有收下这张回单。请核对是不是另一份名册的。")
    if amount_fen <= 0:
        raise SlipRefused("金额要大于 0：请照回单填写实际付出的金额。")
    if amount_fen > left:
        raise SlipRefused(
            f"这份名册只差 {spoken(left)} 元，回单是 {spoken(amount_fen)} 元，多 {spoken(amount_fen - left)} 元。"
            "请核对金额和名册；一笔付了几份名册的、或者确实多付了的，请直接联系代办处登记，不要在这里上传。"
        )
    if not 0 < len(reference) <= 60:
        raise SlipRefused("没有填银行流水号（或超过 60 个字）：请照回单填写，代办处凭它找到这笔款。")
    if paid_on > at.astimezone(SHANGHAI).date():
        raise SlipRefused(f"付款日 {paid_on} 还没有到：请照回单填写日期。")


def _uploaded_before(reference: str) -> SlipRefused:
    return SlipRefused(f"银行流水号 {reference} 的回单已经上传过，没有重复收下。请等代办处登记到账。")


@transaction.atomic
def give_back(*, slip: BankSlip, reason: str, by: Role, at: datetime) -> None:
    """The agency does not register the money, and says why to the employer's clerk."""
    check_may(by, "contributions.receive", within=slip.roster.employer)
    reason = reason.strip()
    if not reason:
        raise SlipRefused("没有写退回的原因：单位经办人要知道哪里不对，请选一个或写一句。")
    settle(slip, BankSlip.State.REFUSED, by, at, reason=reason[:120])
    detail = {"reason": reason[:120], "amount_fen": slip.amount_fen}
    audit.record(by=by, verb="contributions.give_back_slip", on=slip, at=at, detail=detail)


@transaction.atomic
def seen(*, slip: BankSlip, by: Role, at: datetime) -> None:
    """Write down that somebody looked at the picture, which shows accounts of others."""
    audit.record(by=by, verb="contributions.see_slip", on=slip, at=at, kind="read")


def settle(slip: BankSlip, state: BankSlip.State, by: Role, at: datetime, *, reason: str = "") -> None:
    """Out of waiting, once: who comes second is refused. The caller asks for permission and writes it down."""
    waiting = BankSlip.objects.filter(pk=slip.pk, state=BankSlip.State.WAITING)
    if not waiting.update(state=state, settled_at=at, settled_by=by.actor_name[:80], reason=reason):
        raise SlipSettled("这张回单已经处理过了，没有再办。请刷新页面查看。")
