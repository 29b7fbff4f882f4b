"""Corrected decisions are taken from the room below: what was not sent yet is replaced, what was paid is owed back or paid on.

Before the bank has it, the old payout is taken out of the books and the new decision is paid instead. While the bank has
it, everything waits for the bank's word. After it was paid, only the difference moves.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, cast

from django.db import transaction

from huzhu.adjudication.models import Adjudication, Decision
from huzhu.audit import services as audit
from huzhu.claims import services as claims
from huzhu.claims.models import State
from huzhu.core import money
from huzhu.enrolment.models import Enrolment
from huzhu.ledger import services as ledger
from huzhu.ledger.accounts import CLAW_BACK, PAYABLE, RETURNED
from huzhu.ledger.services import Row
from huzhu.notices.services import send
from huzhu.payouts import receivables
from huzhu.payouts.due import difference_rows, expense_rows, moved_rows
from huzhu.payouts.models import Difference, Payout, Receivable
from huzhu.rules.units import SHANGHAI

AT_THE_BANK = (Payout.State.IN_BATCH, Payout.State.SENT, Payout.State.IN_DOUBT)
GONE = (Payout.State.PAID, Payout.State.SET_OFF)


def take(*, at: datetime, path: str = "") -> int:
    """Every corrected decision that was not taken yet and whose money is not on its way; how many were taken."""
    found = Decision.objects.filter(
        state=Decision.State.FINAL,
        corrects__isnull=False,
        differences=None,
        claim__office__path__startswith=path,
    )
    return sum(_taken(pk, at) for pk in found.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _taken(pk: int, at: datetime) -> bool:
    """Locked are the decision, then its payouts; whoever comes second finds it taken."""
    held = Decision.objects.select_for_update(of=("self",)).select_related("claim__member", "claim__office")
    decision = held.get(pk=pk)
    if decision.state != Decision.State.FINAL or decision.differences.exists():
        return False
    chain = list(_before(decision))
    payouts = _locked(chain)
    if any(one.state in AT_THE_BANK for one in payouts):
        return False
    again = {one.replaces_id for one in payouts}
    for one in payouts:
        if one.state == Payout.State.SCHEDULED or (one.state == Payout.State.FAILED and one.pk not in again):
            _replace(one, at)
    found = [
        _difference(decision, enrolment, chain, payouts, at) for enrolment in _enrolments([decision, *chain])
    ]
    owed = _owe(decision, found, at)
    detail = {"claim": decision.claim.number, "differences": [one.amount_fen for one in found]}
    audit.record(by=audit.SYSTEM, verb="payouts.take_correction", on=decision, at=at, detail=detail)
    _end_claim(decision, payouts, at)
    _tell(decision, owed, at)
    return True


def _locked(chain: Sequence[Decision]) -> list[Payout]:
    """Payouts of these decisions, also one that was made anew while another of them was waited for."""
    found = Payout.objects.select_for_update(of=("self",)).filter(decision__in=chain)
    found = found.order_by("scheduled_at", "pk")
    list(found)  # who had one of them has ended; what they have made is seen by the next look only
    return list(found.all())


def _before(decision: Decision) -> Iterator[Decision]:
    """The decisions that this one has corrected, newest first."""
    one = decision.corrects
    while one is not None:
        yield one
        one = one.corrects


def _enrolments(decisions: Sequence[Decision]) -> list[Enrolment]:
    parts = Adjudication.objects.filter(decision__in=decisions).defer("facts", "reasoning")
    found = {part.enrolment_id: part.enrolment for part in parts.select_related("enrolment").order_by("pk")}
    return list(found.values())


def _difference(
    decision: Decision,
    enrolment: Enrolment,
    chain: Sequence[Decision],
    payouts: Sequence[Payout],
    at: datetime,
) -> Difference:
    before = next((one for one in chain if _stands(one, enrolment, payouts)), None)
    amount = _total(decision, enrolment) - _total(before, enrolment)
    return Difference.objects.create(
        decision=decision, enrolment=enrolment, before=before, amount_fen=amount, taken_at=at
    )


def _stands(decision: Decision, enrolment: Enrolment, payouts: Sequence[Payout]) -> bool:
    """Whether the books hold what a decision says of an enrolment."""
    paid = any(one.decision_id == decision.pk and one.state in GONE for one in payouts)
    if decision.corrects_id is None:
        return paid
    moved = decision.differences.filter(enrolment=enrolment).first()
    return moved is not None and (paid or moved.amount_fen <= 0)


def _total(decision: Decision | None, enrolment: Enrolment) -> int:
    if decision is None:
        return 0
    found = Adjudication.objects.filter(decision=decision, enrolment=enrolment)
    return found.values_list("total_fen", flat=True).first() or 0


def _owe(decision: Decision, found: Sequence[Difference], at: datetime) -> int:
    """What is less becomes owed, scheme by scheme; what only moved between benefits is booked so. Fen owed."""
    rows: list[Row] = []
    for one in found:
        if one.amount_fen <= 0:
            rows += difference_rows(one, CLAW_BACK if one.amount_fen else PAYABLE)
        if one.amount_fen < 0:
            owed = Receivable.objects.create(
                difference=one, member=decision.claim.member, amount_fen=-one.amount_fen, since=at
            )
            detail = {"claim": decision.claim.number, "amount_fen": owed.amount_fen}
            audit.record(by=audit.SYSTEM, verb="receivables.arise", on=owed, at=at, detail=detail)
    if rows:
        note = f"核定更正 申请 {decision.claim.number}"
        _post(f"decision:{decision.pk}:corrected", note, rows, at)
    return sum(-one.amount_fen for one in found if one.amount_fen < 0)


def _replace(payout: Payout, at: datetime) -> None:
    """It is not paid any more: out of the books goes what it stands for, and what it kept against a debt is owed again."""
    decision = payout.decision
    came_back = payout.state == Payout.State.FAILED
    rows = [*moved_rows(payout, RETURNED, PAYABLE)] if came_back else []
    rows += receivables.undo_set_offs(payout, at)
    rows += [_mirror(one) for one in expense_rows(decision)]
    _post(f"payout:{payout.pk}:replaced", f"更正后不发 申请 {decision.claim.number}", rows, at)
    Payout.objects.filter(pk=payout.pk).update(state=Payout.State.REPLACED)
    payout.state = Payout.State.REPLACED
    detail = {"claim": decision.claim.number, "amount_fen": payout.amount_fen}
    audit.record(by=audit.SYSTEM, verb="payouts.replace", on=payout, at=at, detail=detail)


def _mirror(row: Row) -> Row:
    return Row(row.credit, row.debit, row.amount_fen, row.scheme_slug, row.fund_year, row.office)


def _post(source: str, note: str, rows: list[Row], at: datetime) -> None:
    day = at.astimezone(SHANGHAI).date()
    ledger.post(source=source, posted_on=day, note=note, rows=rows, by=audit.SYSTEM, at=at, or_later=True)


def _end_claim(decision: Decision, payouts: Sequence[Payout], at: datetime) -> None:
    """Where nothing was paid and nothing is to be paid, the claim is over."""
    claim = decision.claim
    paid = any(one.state in GONE for one in payouts)
    if not decision.total_fen and not paid and claim.state in {State.DECIDED, State.PAYING}:
        claims.advance(claim=claim, to=State.REFUSED, by=cast("Any", audit.SYSTEM), at=at)


def _tell(decision: Decision, owed_fen: int, at: datetime) -> None:
    claim = decision.claim
    if owed_fen and claim.member.phone:
        text = (
            f"申请 {claim.number} 重新核定后，多发了 {money.spoken(owed_fen)} 元。会从您以后的互助金里抵扣；"
            f"也可以主动退回，办法请问{claim.office.name}。说明书可在手机上查看。"
        )
        send(phone=claim.member.phone, text=text, purpose="payout", about=claim, at=at)
