"""Verbs of paying: schedule, make a batch, release it, send it back, hand out its file, take in the reply, pay again."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, cast

from django.db import IntegrityError, transaction
from django.db.models import Count, Q
from django.db.models.functions import Length

from huzhu.adjudication.acts import NoPersonTwice
from huzhu.adjudication.models import Decision
from huzhu.audit import services as audit
from huzhu.bank.files import NotForTheBank, ReplyRefused, digest
from huzhu.bank.payforms import DEFAULT, forms
from huzhu.bank.sealing import SealBroken, handed
from huzhu.bank.stops import Stopped, check_running
from huzhu.claims import services as claims
from huzhu.claims.models import State
from huzhu.core import money
from huzhu.files.contents import NotAccepted
from huzhu.ledger import services as ledger
from huzhu.ledger.accounts import PAYABLE, RETURNED
from huzhu.ledger.services import AlreadyPosted, EntryRefused
from huzhu.members.accounts import must_wait
from huzhu.members.models import BankAccount
from huzhu.members.queries import current_account
from huzhu.notices.services import send
from huzhu.payouts import addressing, bankfile, differences, receivables
from huzhu.payouts.acts import check_payer_is_new
from huzhu.payouts.addressing import AccountChanged
from huzhu.payouts.answering import (
    DoubtRefused,
    apply_reply,
    confirm_doubt,
    hold_unanswered,
    is_late,
    locked,
    saw_paper,
    say_doubt,
)
from huzhu.payouts.due import Due, dues, moved_rows, waiting_words
from huzhu.payouts.holding import SettlementInQuestion, asked, check_not_held
from huzhu.payouts.lifecycle import CannotMove, check_batch
from huzhu.payouts.models import Payout, PayoutBatch
from huzhu.payouts.returning import ReturnRefused, confirm_return, say_return
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import NotAllowed, check_may, may

__all__ = [
    "AlreadyPosted",
    "CannotMove",
    "NoPersonTwice",
    "NotForTheBank",
    "apply_reply",
    "confirm_doubt",
    "confirm_return",
    "hold_unanswered",
    "is_late",
    "saw_paper",
    "say_doubt",
    "say_return",
]


SLICE = 200


class NothingChosen(ValueError):
    """A batch needs at least one payout."""


class AlreadyInABatch(ValueError):
    """Somebody else has put one of these payouts into a batch."""


class NotAsShown(ValueError):
    """The sum is no longer the one that the person agreed to."""


class BatchDoesNotAddUp(ValueError):
    """A batch and its payouts, or its file and its seal, are not the same any more."""


class CannotPayAgain(ValueError):
    """Only what the bank sent back, and only once, is paid again."""


class NeverSentAgain(ValueError):
    """What may have been paid is not sent again to a bank that would pay it again."""


class ReasonNeeded(ValueError):
    """A person must say why, and did not."""


# what a page tells the person, since the person can do something about it
REFUSALS = (
    AccountChanged,
    AlreadyInABatch,
    AlreadyPosted,
    BatchDoesNotAddUp,
    CannotMove,
    CannotPayAgain,
    DoubtRefused,
    NeverSentAgain,
    NoPersonTwice,
    NotAccepted,
    NotAllowed,
    NotAsShown,
    NotForTheBank,
    NothingChosen,
    Stopped,
    ReasonNeeded,
    ReplyRefused,
    ReturnRefused,
    SealBroken,
    SettlementInQuestion,
)


def schedule(*, at: datetime, path: str = "") -> list[Payout]:
    """A payout for every final decision that has none and nothing in its way; again, it finds nothing.

    The claim moves to 发放中, expense is booked against payable. Plain decisions go in slices; a correction, and whoever
    owes something, is a transaction of its own.
    """
    differences.take(at=at, path=path)
    found = [due for due in dues(at, path) if not due.objection]
    debtors = receivables.debtors({due.decision.claim.member_id for due in found}) if found else set()
    made, plain = [], []
    for due in found:
        owes = due.decision.claim.member_id in debtors
        if owes or due.decision.corrects_id is not None:
            made.append(_scheduled(due, at, owes=owes))
        else:
            plain.append(due)
    for start in range(0, len(plain), SLICE):
        made += _scheduled_each(plain[start : start + SLICE], at)
    return sorted(filter(None, made), key=lambda payout: payout.decision.claim.number)


def _scheduled_each(found: Sequence[Due], at: datetime) -> list[Payout | None]:
    """A slice of plain decisions: all of them, or, where one is in the way of the others, each by itself."""
    try:
        with transaction.atomic():
            return list(_slice(found, at))
    except (claims.CannotMove, AlreadyPosted, EntryRefused):
        for due in found:
            due.decision.claim.refresh_from_db(fields=["state"])
        return [_scheduled(due, at, owes=False) for due in found]


def _slice(found: Sequence[Due], at: datetime) -> list[Payout]:
    """Whom another worker holds just now is left to them, or to the next time: a slice waits for nobody's decision."""
    rows = Decision.objects.select_for_update(of=("self",), skip_locked=True)
    mine = rows.filter(
        pk__in=[due.decision.pk for due in found], state=Decision.State.FINAL, payouts=None
    ).order_by("pk")
    held = set(mine.values_list("pk", flat=True))
    ours = [due for due in found if due.decision.pk in held]
    if not ours:
        return []
    claims.paying_each(claims=[due.decision.claim for due in ours], by=audit.SYSTEM, at=at)
    ledger.post_many(postings=[_posting(due, at) for due in ours], by=audit.SYSTEM, at=at)
    made = [_payout(due, at) for due in ours]
    Payout.objects.bulk_create(made, batch_size=SLICE)
    acts = [("payouts.schedule", one, _said(one)) for one in made]
    audit.record_each(by=audit.SYSTEM, at=at, acts=acts)
    return made


def _posting(due: Due, at: datetime) -> ledger.Posting:
    note = f"核定给付 申请 {due.decision.claim.number}"
    return ledger.Posting(f"decision:{due.decision.pk}:payable", _day(at), note, due.rows)


def _payout(due: Due, at: datetime, kept: int = 0) -> Payout:
    """Not written yet; nothing is left of it where all is `kept` against what the member owes."""
    account, left = cast("BankAccount", due.account), due.amount_fen - kept
    return Payout(
        decision=due.decision,
        amount_fen=left,
        set_off_fen=kept,
        state=Payout.State.SCHEDULED if left else Payout.State.SET_OFF,
        holder=account.holder,
        bank_name=account.bank_name,
        account_number=account.number,
        scheduled_at=at,
    )


def _said(payout: Payout) -> dict[str, Any]:
    number = payout.decision.claim.number
    return {"claim": number, "amount_fen": payout.amount_fen, "set_off_fen": payout.set_off_fen}


@transaction.atomic
def _scheduled(due: Due, at: datetime, *, owes: bool) -> Payout | None:
    """None where another worker was faster, or the decision was corrected in between: its row is locked meanwhile."""
    decision = due.decision
    held = Decision.objects.select_for_update(of=("self",)).filter(
        pk=decision.pk, state=Decision.State.FINAL, payouts=None
    )
    if not list(held.values_list("pk", flat=True)):
        return None
    try:
        if decision.corrects_id is None or decision.claim.state == State.DECIDED:
            claims.advance(claim=decision.claim, to=State.PAYING, by=cast("Any", audit.SYSTEM), at=at)
    except claims.CannotMove:
        return None
    ledger.post_many(postings=[_posting(due, at)], by=audit.SYSTEM, at=at)
    payout = _payout(due, at, receivables.set_off(decision, at) if owes else 0)
    payout.save(force_insert=True)
    audit.record(by=audit.SYSTEM, verb="payouts.schedule", on=payout, at=at, detail=_said(payout))
    if not payout.amount_fen:
        _kept_whole(payout, at)
    return payout


def _kept_whole(payout: Payout, at: datetime) -> None:
    """Nothing goes to the bank: the claim is settled all the same, and the member hears of it."""
    claim = payout.decision.claim
    if claim.state == State.PAYING:
        claims.arrived(times=[(claim, at)], by=audit.SYSTEM, at=at)
    if claim.member.phone:
        text = (
            f"您的互助金 {money.spoken(payout.set_off_fen)} 元已全部抵扣以前多发的互助金，这次没有转账。"
            f"申请 {claim.number}，明细可在手机上查看。"
        )
        send(phone=claim.member.phone, text=text, purpose="payout", about=claim, at=at)


@transaction.atomic
def make_batch(
    *,
    payouts: Iterable[Payout],
    by: Role,
    at: datetime,
    shown: tuple[int, int] | None = None,
    form: str = DEFAULT,
) -> PayoutBatch:
    """Put waiting payouts into a batch for a bank. `shown` is the count and total the person agreed to.

    Rows are locked in the order of their keys: of two makers of one payout the second gets AlreadyInABatch.
    """
    check_may(by, "payouts.batch")
    check_running()
    wanted = {payout.pk for payout in payouts}
    if not wanted:
        raise NothingChosen("没有选任何一笔，没有制单。请在列表里勾选要发放的。")
    if form not in forms():
        raise NotForTheBank("没有这种代发格式，没有制单。请重新选择。")
    locked_rows = Payout.objects.select_for_update(of=("self",)).filter(pk__in=wanted)
    found = list(asked(locked_rows).select_related("decision__claim__office").order_by("pk"))
    _check_waiting(found, wanted)
    total = sum(payout.amount_fen for payout in found)
    if shown is not None and shown != (len(found), total):
        raise NotAsShown(
            f"您确认的是 {shown[0]} 笔 {money.spoken(shown[1])} 元，"
            f"现在是 {len(found)} 笔 {money.spoken(total)} 元，没有制单。请看清后再确认。"
        )
    for office in {payout.decision.claim.office for payout in found}:
        check_may(by, "payouts.batch", within=office)
    check_payer_is_new(found, "batch_maker", by)
    check_not_held(found, "整批没有生成，请先不勾选这几笔。")
    addressing.readdress(found, by, at)
    batch = _numbered(
        _day(at),
        organisation=by.organisation,
        count=len(found),
        total_fen=total,
        form=form,
        made_by=by.user,
        made_at=at,
    )
    _lay_in(batch, found)
    bankfile.render(batch, found)  # what this bank cannot take is said now, not at release
    detail = {"count": batch.count, "total_fen": total, "form": form}
    audit.record(by=by, verb="payouts.make_batch", on=batch, at=at, detail=detail)
    return batch


def _check_waiting(found: list[Payout], wanted: set[Any]) -> None:
    taken = [payout for payout in found if payout.state != Payout.State.SCHEDULED]
    if not taken and len(found) == len(wanted):
        return
    numbers = "、".join(payout.decision.claim.number for payout in taken[:5])
    raise AlreadyInABatch(
        f"有 {len(wanted) - len(found) + len(taken)} 笔已经不在待发放里（{numbers or '已不存在'}），"
        "可能别人刚刚制过单。整批没有生成，以免重复付款。请刷新后重新勾选。"
    )


def _numbered(day: date, **columns: Any) -> PayoutBatch:
    """The next free number of the day; where another maker takes it first, the one after."""
    for _ in range(50):
        given = PayoutBatch.objects.filter(number__startswith=f"{day:%Y%m%d}-").values_list(
            "number", flat=True
        )
        last = given.order_by(Length("number").desc(), "-number").first()  # by text alone 999 is above 1000
        number = f"{day:%Y%m%d}-{int((last or '-0').rpartition('-')[2]) + 1:03d}"
        try:
            with transaction.atomic():
                return PayoutBatch.objects.create(number=number, **columns)
        except IntegrityError:
            if not PayoutBatch.objects.filter(number=number).exists():
                raise
    raise RuntimeError("同一时刻制单的人太多，没有取到批次号。请稍后再试。")


def _lay_in(batch: PayoutBatch, found: list[Payout]) -> None:
    """Lines from 1 in the order of claim numbers."""
    found.sort(key=lambda payout: payout.decision.claim.number)
    for line, payout in enumerate(found, 1):
        payout.batch, payout.line, payout.state = batch, line, Payout.State.IN_BATCH
    Payout.objects.bulk_update(found, ["batch", "line", "state"], batch_size=1000)


@transaction.atomic
def release(*, batch: PayoutBatch, by: Role, at: datetime) -> PayoutBatch:
    """Another person lets the batch go to the bank: the file's hash is sealed here, before anybody can have the file."""
    check_may(by, "payouts.release", within=batch.organisation)
    check_running()
    batch, payouts = locked(batch, to_book=False)
    check_batch(batch, PayoutBatch.State.RELEASED)
    for office in {payout.decision.claim.office for payout in payouts}:
        check_may(by, "payouts.release", within=office)
    check_payer_is_new(payouts, "batch_releaser", by)
    _check_adds_up(batch, payouts)
    check_not_held(payouts, "没有放行。请退回这一批，重新制单。")
    addressing.check_addresses(payouts)
    batch.sha256 = digest(bankfile.render(batch, payouts))
    batch.state, batch.released_by, batch.released_at = PayoutBatch.State.RELEASED, by.user, at
    batch.save(update_fields=["sha256", "state", "released_by", "released_at"])
    batch.payouts.update(state=Payout.State.SENT)
    detail = {"count": batch.count, "total_fen": batch.total_fen, "sha256": batch.sha256}
    audit.record(by=by, verb="payouts.release", on=batch, at=at, detail=detail)
    return batch


@transaction.atomic
def send_back(*, batch: PayoutBatch, reason: str, by: Role, at: datetime) -> PayoutBatch:
    """Dissolve a batch that is not released: its payouts wait again. The releaser may, and the maker who sees a mistake."""
    verb = "payouts.release" if may(by, "payouts.release") else "payouts.batch"
    check_may(by, verb, within=batch.organisation)
    said = reason.strip()[:200]
    if not said:
        raise ReasonNeeded("请写明为什么退回这一批，制单人要照着改。")
    batch, _ = locked(batch, to_book=False)
    check_batch(batch, PayoutBatch.State.VOID)
    batch.payouts.update(state=Payout.State.SCHEDULED, batch=None, line=None)
    batch.state, batch.sent_back_reason = PayoutBatch.State.VOID, said
    batch.save(update_fields=["state", "sent_back_reason"])
    audit.record(by=by, verb="payouts.send_back", on=batch, at=at, detail={"reason": said})
    return batch


def hand_out(*, batch: PayoutBatch, by: Role, at: datetime) -> bytes:
    """The bank file of a released batch, the same bytes each time; who took it is written down.

    The hash was sealed at release; the file is written after that, whole or not at all. To a bank that does not tell a
    second sending from a first it is not given any more once anything of it was answered or is in doubt.
    """
    verb = "payouts.release" if may(by, "payouts.release") else "payouts.batch"
    check_may(by, verb, within=batch.organisation)
    check_running()
    in_doubt = Count("payouts", filter=Q(payouts__state=Payout.State.IN_DOUBT))
    batch = PayoutBatch.objects.annotate(doubts=in_doubt).get(pk=batch.pk)
    if not batch.sha256:
        raise CannotMove(f"批次 {batch.number} 还没有放行，没有代发文件。请先由另一个人放行。")
    if not bankfile.may_go_again(batch):
        raise NeverSentAgain(
            f"批次 {batch.number} 的款银行已有答复或者存疑，这家银行分不出重复的文件，再送可能付两次，所以不再给出文件。"
            "存疑的请向银行查明，凭回单登记；银行退回的请重新排款，随下一批发放。"
        )
    data = handed(bankfile.seal_of(batch), lambda: bankfile.render(batch))
    detail = {"sha256": batch.sha256, "in_doubt": batch.doubts}
    audit.record(by=by, verb="payouts.hand_out", on=batch, at=at, kind="reveal", detail=detail)
    return data


@transaction.atomic
def pay_again(*, payout: Payout, by: Role, at: datetime) -> Payout:
    """A new payout in place of one the bank sent back, to the account the member has now."""
    check_may(by, "payouts.again", within=payout.decision.claim.office)
    old = asked(Payout.objects.select_for_update(of=("self",))).get(pk=payout.pk)
    if old.state != Payout.State.FAILED or Payout.objects.filter(replaces=old).exists():
        raise CannotPayAgain(
            f"申请 {old.decision.claim.number} 的这一笔现在是“{old.get_state_display()}”"
            "，或已经重发过，不能再发，以免付两次。请刷新后再看。"
        )
    check_not_held([old], "没有重发。")
    account = current_account(old.decision.claim.member)
    if account is None:
        raise CannotPayAgain("会员现在没有使用中的收款账户。请代办处先登记新账户，再重发。")
    if wait := must_wait(account, at):
        raise CannotPayAgain(f"没有重发：{waiting_words(wait)}")
    again = Payout.objects.create(
        decision=old.decision,
        replaces=old,
        amount_fen=old.amount_fen,
        set_off_fen=old.set_off_fen,
        holder=account.holder,
        bank_name=account.bank_name,
        account_number=account.number,
        scheduled_at=at,
    )
    ledger.post(
        source=f"payout:{old.pk}:again",
        posted_on=_day(at),
        note=f"重新发放 申请 {old.decision.claim.number}",
        rows=moved_rows(old, RETURNED, PAYABLE),
        by=by,
        at=at,
    )
    detail = {"claim": old.decision.claim.number, "replaces": str(old.pk), "amount_fen": again.amount_fen}
    audit.record(by=by, verb="payouts.pay_again", on=again, at=at, detail=detail)
    return again


def _check_adds_up(batch: PayoutBatch, payouts: list[Payout]) -> None:
    total = sum(payout.amount_fen for payout in payouts)
    if (batch.count, batch.total_fen) != (len(payouts), total):
        raise BatchDoesNotAddUp(
            f"批次 {batch.number} 记着 {batch.count} 笔 {money.spoken(batch.total_fen)} 元，"
            f"实际是 {len(payouts)} 笔 {money.spoken(total)} 元：数据被动过。没有放行，请经审核查。"
        )


def _day(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()
