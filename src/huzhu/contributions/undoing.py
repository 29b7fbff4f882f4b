"""What was said of money is taken back: entries are reversed, papers get their red ones, and all stands as before it was said."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import F, Q

from huzhu.audit import services as audit
from huzhu.contributions import by_hand, cashback, years
from huzhu.contributions.claiming import POSTED, ClaimRefused
from huzhu.contributions.given_back import Refund, RefundPart
from huzhu.contributions.models import (
    BankSlip,
    ContributionDue,
    LineUse,
    OfficialReceipt,
    Prepaid,
    Receipt,
    Share,
)
from huzhu.contributions.receipts import issue
from huzhu.contributions.refunds import follow, locked_rows
from huzhu.contributions.services import follow_money, give, locked, next_part
from huzhu.contributions.unpaid import last_of
from huzhu.core import serials
from huzhu.enrolment import services as enrolment
from huzhu.ledger import services as ledger
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

Kind, Part = LineUse.Kind, RefundPart.State


# ── a line of the bank ──


@transaction.atomic
def undo(*, use: LineUse, reason: str, by: Role, at: datetime) -> None:
    """Take back what was said of a line, while nothing has followed from it and no cover of its dues has begun. ClaimRefused."""
    said = _said(reason)
    held = LineUse.objects.select_for_update(of=("self",)).select_related("line__account__organisation")
    found = held.get(pk=use.pk)
    if found.ended_at is not None:
        raise ClaimRefused("这一笔已经撤销或转出过，没有再办。请刷新后再看。")
    if found.kind == Kind.FEES:
        _take_back_fees(found, said, by, at)
    elif found.voucher is not None and found.kind in {*POSTED, *_STEPS}:
        check_may(by, "bank.post", within=found.line.account.organisation)
        if step := _STEPS.get(found.kind):
            step(found)
        ledger.reverse(voucher=found.voucher, reason=said, posted_on=_today(at), by=by, at=at)
    else:
        raise ClaimRefused(
            "这一笔不在这里撤销：会员退回的互助金请到“待收回”里办理，银行退回的互助金在确认以前到那一笔给付里撤销，"
            "退回了的待查收款请从付出的那一笔撤销。"
        )
    LineUse.objects.filter(pk=found.pk).update(ended_at=at, reason=said)
    detail = {"kind": found.kind, "reason": said}
    audit.record(by=by, verb="contributions.undo_line", on=found, at=at, detail=detail)


def _take_back_fees(use: LineUse, reason: str, by: Role, at: datetime) -> None:
    parts = list(
        use.receipts.filter(reversed_by=None, amount_fen__gt=0).select_related("share", "voucher", "paper")
    )
    # locked, so that nobody spends it meanwhile
    rests = use.prepaid.select_for_update(of=("self",)).filter(red=None).order_by("pk")
    prepaid = list(rests.select_related("paper", "voucher", "employer"))
    for rest in prepaid:
        check_may(by, "contributions.receive", within=rest.employer)
    if any(one.left_fen != one.amount_fen for one in prepaid):
        raise ClaimRefused("这一笔里多缴的部分已经抵缴或退还了，不能撤销。请先看多缴款的去向。")
    papers = {one.paper for one in parts if one.paper} | {one.paper for one in prepaid}
    reds = _take_back(parts, papers, reason, by, at)
    for rest in prepaid:
        ledger.reverse(voucher=rest.voucher, reason=reason, posted_on=_today(at), by=by, at=at)
        Prepaid.objects.filter(pk=rest.pk).update(left_fen=0, red=reds[rest.paper_id])


def _unpaid(use: LineUse) -> None:
    """The refunds that it was taken to have paid wait for their payment again, on the lists they are on."""
    refunds = list(locked_rows(Refund.objects.filter(parts__paid_by=use)))
    _refuse_later(use, refunds)
    use.paid_parts.update(state=Part.WAITING, paid_on=None, paid_by=None)
    follow(refunds)


def _not_returned(use: LineUse) -> None:
    """What was taken to have come back is paid, as it was."""
    old = use.returned_parts.get()
    refund = Refund.objects.select_for_update(of=("self",)).get(pk=old.refund_id)
    new = last_of(old)
    if new is None:
        raise ClaimRefused("退回的那一份已经重新制了清单，不能撤销。请先请出纳放行退回那张清单。")
    _refuse_later(use, [refund])
    new.delete()
    RefundPart.objects.filter(pk=old.pk).update(state=Part.PAID, returned_by=None)
    follow([refund])


def _refuse_later(use: LineUse, refunds: list[Refund]) -> None:
    """Each line took its schemes' money where the one before it had ended, so the last goes first."""
    about = Q(paid_parts__refund__in=refunds) | Q(returned_parts__refund__in=refunds)
    if LineUse.objects.filter(about, pk__gt=use.pk).exists():
        raise ClaimRefused("同一笔退费后来还有付出或者退汇，不能先撤销这一笔。请从最后一笔开始撤销。")


def _not_sent_back(use: LineUse) -> None:
    """The money that it was taken to have returned waits to be claimed again."""
    came = LineUse.objects.select_for_update(of=("self",)).filter(
        kind=Kind.SUSPENSE,
        ended_at=use.used_at,
        line__account__organisation=use.line.account.organisation,
        line__amount_fen=F("by_hand_fen") - use.line.amount_fen,
    )
    waited = came.get()
    LineUse.objects.filter(line=waited.line, kind=Kind.SENT_BACK, ended_at=None).update(
        ended_at=use.used_at, reason="退回认错了，已撤销"
    )
    LineUse.objects.filter(pk=waited.pk).update(ended_at=None, reason="")


_STEPS: dict[str, Callable[[LineUse], None]] = {
    Kind.REFUND: _unpaid,
    Kind.RETURNED: _not_returned,
    Kind.SENT_BACK: _not_sent_back,
}


# ── a transfer without a line, and what was paid too much ──


@transaction.atomic
def undo_transfer(*, paper: OfficialReceipt, reason: str, by: Role, at: datetime) -> None:
    """Take back a whole transfer that a person registered by hand, as `undo` does. ClaimRefused."""
    said = _said(reason)
    same = {"paper__agency": paper.agency, "bank_reference": paper.bank_reference, "prepaid": None}
    standing = Receipt.objects.filter(reversed_by=None, amount_fen__gt=0, **same).order_by("part")
    locked(one.share for one in standing.select_related("share"))  # of two who do it, one finds it standing
    parts = list(standing.select_related("share", "voucher", "paper__agency", "paper__employer"))
    if not parts:
        raise ClaimRefused(f"收据 {paper} 已经冲销过，没有再办。请刷新后再看。")
    if any(one.use_id for one in parts):
        raise ClaimRefused(
            f"收据 {paper} 是从对账单认领的，没有撤销。请到“来款认领”里打开那一笔，在那里撤销。"
        )
    if by_hand.use_of_rest(paper):
        raise ClaimRefused(
            f"收据 {paper} 那一笔汇款的其余部分已经从对账单认领，没有撤销。请先到“来款认领”里打开那一笔撤销，再撤销这一笔。"
        )
    _take_back(parts, {one.paper for one in parts if one.paper}, said, by, at)
    detail = {"reference": paper.bank_reference, "reason": said}
    audit.record(by=by, verb="contributions.undo_transfer", on=paper, at=at, detail=detail)


@transaction.atomic
def undo_prepaid_use(*, receipt: Receipt, reason: str, by: Role, at: datetime) -> None:
    """What was paid too much did not pay this due after all: it is there again, to be used or given back. ClaimRefused."""
    said = _said(reason)
    held = Prepaid.objects.select_for_update(of=("self",)).filter(receipts=receipt).first()
    standing = Receipt.objects.filter(pk=receipt.pk, prepaid=held, reversed_by=None, amount_fen__gt=0)
    parts = list(standing.select_related("share", "voucher"))
    if held is None or not parts:
        raise ClaimRefused("这一笔抵缴已经撤销过，没有再办。请刷新后再看。")
    _take_back(parts, (), said, by, at)
    Prepaid.objects.filter(pk=held.pk).update(left_fen=F("left_fen") + receipt.amount_fen)
    detail = {"amount_fen": receipt.amount_fen, "reason": said}
    audit.record(by=by, verb="contributions.undo_prepaid", on=receipt, at=at, detail=detail)


# ── what all of them do ──


def _said(reason: str) -> str:
    said = reason.strip()[:200]
    if len(said) < 2:
        raise ClaimRefused("没有写撤销的原因，没有办理：请写明哪里认错了。")
    return said


def _take_back(
    parts: Sequence[Receipt], papers: Iterable[OfficialReceipt], reason: str, by: Role, at: datetime
) -> dict[int, OfficialReceipt]:
    """Each part by a row below zero, each paper by a red one (by its key), and no cover that it paid comes in force."""
    shares = locked(one.share for one in parts)
    dues = {share.due_id: share.due for share in shares.values()}
    for due in dues.values():
        check_may(by, "contributions.receive", within=due.roster.employer)
    if begun := ContributionDue.objects.begun(_today(at)).filter(pk__in=dues).first():
        roster = dues[begun.pk].roster
        raise ClaimRefused(
            f"{roster.employer.name}的保障 {roster.cover_starts_on} 已经开始，不能撤销这笔到账。"
            "认错了的，请和单位核对后补缴；多缴的按多缴退还。"
        )
    if Receipt.objects.filter(share__in=[one.share_id for one in parts], refund__isnull=False).exists():
        raise ClaimRefused("这笔钱付的会费后来退过，不能撤销这笔到账。请看那一笔退费。")
    reds = {paper.pk: _red(paper, by, at) for paper in sorted(papers, key=lambda one: one.pk)}
    for one in parts:
        _mirror(one, shares[one.share_id], reds.get(one.paper_id or 0), reason, by, at)
    for due in dues.values():
        enrolment.stop_cover(roster=due.roster, edition=due.edition, by=by, at=at)
        cashback.settle(due=due, by=by, at=at)
    follow_money(shares.values(), posted_on=_today(at), by=by, at=at)
    told = {one.bank_reference for one in parts if one.prepaid_id is None}
    slips = BankSlip.objects.filter(
        bank_reference__in={*told, *map(serials.own, told)},
        roster__in={due.roster_id for due in dues.values()},
        state=BankSlip.State.REGISTERED,
    )
    slips.update(state=BankSlip.State.WAITING, settled_at=None, settled_by="")
    return reds


def _red(paper: OfficialReceipt, by: Role, at: datetime) -> OfficialReceipt:
    if paper.employer is None or paper.reds.exists():
        raise ClaimRefused(f"收据 {paper} 已有红字冲销，不能整笔撤销。请看它的红字收据。")
    return issue(
        agency=paper.agency,
        employer=paper.employer,
        bank_reference=paper.bank_reference,
        amount_fen=-paper.amount_fen,
        red_of=paper,
        by=by,
        at=at,
    )


def _mirror(
    one: Receipt, share: Share, red: OfficialReceipt | None, reason: str, by: Role, at: datetime
) -> None:
    """A row below zero beside the one that is taken back."""
    voucher = ledger.reverse(voucher=one.voucher, reason=reason, posted_on=_today(at), by=by, at=at)
    years.take_back(receipt=one, share=share, posted_on=_today(at), by=by, at=at)
    give(share, -one.amount_fen)
    Receipt.objects.create(
        share=share,
        amount_fen=-one.amount_fen,
        received_on=_today(at),
        bank_reference=one.bank_reference,
        part=next_part(one.bank_reference),
        voucher=voucher,
        paper=red,
        prepaid=one.prepaid,
        reverses=one,
        recorded_by=by.actor_id,
        recorded_at=at,
    )


def _today(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()
