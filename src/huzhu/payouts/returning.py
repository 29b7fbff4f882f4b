"""What the bank gives back after it has said that it was paid: one person says it by the credit on its paper, another confirms."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from huzhu.adjudication.models import Decision
from huzhu.audit import services as audit
from huzhu.bank import queries as bank
from huzhu.bank.models import OwnAccount, StatementLine
from huzhu.claims import services as claims
from huzhu.claims.models import State as ClaimState
from huzhu.contributions.claiming import ClaimRefused, Kept, free_line, post_entry, use_line
from huzhu.contributions.models import LineUse
from huzhu.core.money import spoken
from huzhu.ledger.accounts import BANK, RETURNED
from huzhu.notices.services import send
from huzhu.payouts.answering import NO_REASON, TO_ANOTHER
from huzhu.payouts.differences import GONE
from huzhu.payouts.due import moved_rows
from huzhu.payouts.holding import asked
from huzhu.payouts.models import BankReturn, Payout
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

KIND = LineUse.Kind.AID_BACK


class ReturnRefused(ValueError):
    """What came back is what was paid, to the fen, on the account that paid it; it is said once, and by two people."""


@transaction.atomic
def say_return(*, payout: Payout, line: StatementLine, words: str, by: Role, at: datetime) -> BankReturn:
    """One person reads the credit on the bank's paper. The line is taken; nothing moves until another confirms."""
    check_may(by, "payouts.return", within=payout.decision.claim.office)
    held = _locked(payout.pk)
    _check_paid(held)
    if held.bank_returns.filter(state=BankReturn.State.SAID).exists():
        raise ReturnRefused("这一笔的退回已有人登记，等第二个人确认，没有再登记。请刷新后再看。")
    _check_line(held, line)
    try:
        use_line(line, KIND, by, at)
    except ClaimRefused as refused:
        raise ReturnRefused(f"{refused}认错了的，先在那一笔来款里撤销，再来登记。") from None
    said = words.strip()[:120] or (line.remark or "")[:120] or NO_REASON
    found = BankReturn.objects.create(payout=held, line=line, words=said, said_by=by.user, said_at=at)
    detail = {"reference": line.reference, "words": said}
    audit.record(by=by, verb="payouts.say_return", on=held, at=at, detail=detail)
    return found


@transaction.atomic
def confirm_return(*, found: BankReturn, agree: bool, by: Role, at: datetime) -> BankReturn:
    """Another person has seen the same credit: agreed, the payment has failed and can be made again; else the line is free."""
    check_may(by, "payouts.return", within=found.payout.decision.claim.office)
    if agree and found.said_by_id == by.user_id:
        raise ReturnRefused("这一笔退回是您登记的，要由另一个人看过对账单后确认。")
    payout = _locked(found.payout_id)
    state = BankReturn.State.CONFIRMED if agree else BankReturn.State.DECLINED
    open_ones = BankReturn.objects.filter(pk=found.pk, state=BankReturn.State.SAID)
    if not open_ones.update(state=state, settled_by=by.user, settled_at=at):
        raise ReturnRefused("这一条刚刚有人办过，您这一步没有生效。请刷新后再看。")
    held = BankReturn.objects.select_related("line__account__organisation").get(pk=found.pk)
    detail = {"agree": agree, "reference": held.line.reference}
    audit.record(by=by, verb="payouts.confirm_return", on=payout, at=at, detail=detail)
    if agree:
        _check_paid(payout)
        _check_line(payout, held.line)
        _come_back(payout, held, by, at)
    else:
        free_line(held.line, KIND, "不是这一笔给付的退回", by, at)
    return held


def _locked(key: UUID) -> Payout:
    """The payment as it stands; its decision is read after it is locked, since a correction may have been faster."""
    Payout.objects.select_for_update(of=("self",)).get(pk=key)
    return (
        asked(Payout.objects.all())
        .select_related("decision__claim__office", "decision__claim__member")
        .get(pk=key)
    )


def _check_paid(payout: Payout) -> None:
    """It is paid, and the member owes nothing of it: else what comes back is not what was paid for."""
    if payout.state != Payout.State.PAID:
        raise ReturnRefused(
            f"这一笔现在是“{payout.get_state_display()}”，只有已到账的款才登记银行退回，没有办理。请刷新后再看。"
        )
    if payout.decision.state == Decision.State.CORRECTED:
        raise ReturnRefused(
            "这件申请的核定已经更正，多发的在“待收回”里，没有按原来的核定办理退回。"
            "来款不超过欠款的，请到“待收回”登记；超过的先记“待查收款”，请省办核实。"
        )


def _check_line(payout: Payout, line: StatementLine) -> None:
    """The whole sum, on the account that pays, not before it was paid."""
    office = payout.decision.claim.office
    pays = line.account.purpose == OwnAccount.Purpose.PAYING and bank.holds(line.account, office)
    if line.amount_fen <= 0 or not pays:
        raise ReturnRefused(
            f"这一笔不是付{office.name}互助金的发放户上的来款，没有登记。银行的退回在付出的那个账户上，请重新选择。"
        )
    if line.amount_fen != payout.amount_fen:
        raise ReturnRefused(
            f"这一笔来款是 {spoken(line.amount_fen)} 元，付出的是 {spoken(payout.amount_fen)} 元，没有登记："
            "银行的退回和付出一分不差。请核对选的是不是这一笔。"
        )
    paid_on = payout.answered_at.astimezone(SHANGHAI).date() if payout.answered_at else None
    if paid_on is None or line.booked_on < paid_on:
        raise ReturnRefused(
            f"这一笔来款在 {line.booked_on}，这笔款 {paid_on} 才付出，不会是它的退回，没有登记。请重新选择。"
        )


def _come_back(payout: Payout, found: BankReturn, by: Role, at: datetime) -> None:
    """As when the bank had refused it at once: what is owed lies with what was sent back, until it is paid again."""
    claim = payout.decision.claim
    use = LineUse.objects.select_related("line__account__organisation").get(
        line=found.line, kind=KIND, ended_at=None
    )
    rows = moved_rows(payout, BANK, RETURNED)
    kept = [Kept(one.amount_fen, one.scheme_slug, one.fund_year, one.office) for one in rows]
    post_entry(use, "aid-back", RETURNED, f"银行退回 申请 {claim.number}", by, at, kept=kept)
    words = found.words
    Payout.objects.filter(pk=payout.pk).update(state=Payout.State.FAILED, bank_words=words, later_words="")
    payout.state, payout.bank_words = Payout.State.FAILED, words
    detail = {"claim": claim.number, "words": words}
    audit.record(by=by, verb="payouts.failed", on=payout, at=at, detail=detail)
    others = Payout.objects.filter(decision__claim=claim, state__in=GONE).exclude(pk=payout.pk)
    if claim.state == ClaimState.PAID and not others.exists():
        claims.advance(claim=claim, to=ClaimState.PAYING, by=by, at=at)
    if claim.member.phone:
        amount = spoken(payout.amount_fen)
        text = f"您的互助金 {amount} 元到账后被银行退了回来，银行说：{words}。{TO_ANOTHER}"
        send(phone=claim.member.phone, text=text, purpose="payout", about=claim, at=at)
