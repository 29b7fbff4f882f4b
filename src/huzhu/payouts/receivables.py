"""What members owe back: kept from their next payouts, returned by them, or given up. People ask and people give up, two each time."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from huzhu.adjudication.models import Decision
from huzhu.audit import services as audit
from huzhu.bank import queries as bank
from huzhu.bank.models import StatementLine
from huzhu.claims.services import ReasonNeeded, needed
from huzhu.contributions.claiming import ClaimRefused, free_line, use_line
from huzhu.contributions.models import LineUse
from huzhu.core import money
from huzhu.ledger import services as ledger
from huzhu.ledger.accounts import BANK, CLAW_BACK, GIVEN_UP, PAYABLE
from huzhu.ledger.books import book_of
from huzhu.ledger.models import Voucher
from huzhu.ledger.services import Row
from huzhu.payouts.due import parts_to_pay, row
from huzhu.payouts.models import Clearing, Payout, Receivable
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import NotAllowed, check_may

Kind, State = Clearing.Kind, Clearing.State


class ClearingRefused(ValueError):
    """What is owed is cleared once, never beyond what is left, and by two people."""


REFUSALS = (ClaimRefused, ClearingRefused, NotAllowed, ReasonNeeded)


def debtors(members: Iterable[Any]) -> set[Any]:
    """Who of these members (by key) owes something."""
    found = Receivable.objects.open().filter(member__in=list(members))
    return set(found.values_list("member", flat=True))


def set_off(decision: Decision, at: datetime) -> int:
    """Keep what the member owes from what this decision pays, oldest debt first; fen kept. In the payout's transaction.

    Debts of the same scheme, year and agency are cleared directly; others through the bank account, in one voucher that
    moves nothing there, so that each scheme gets its own money back.
    """
    debts = _locked(Receivable.objects.open().filter(member=decision.claim.member_id))
    book = book_of(decision.claim.office)
    debts = [one for one in debts if book_of(_claim(one).office) == book]
    left = {enrolment.pk: fen for enrolment, fen in parts_to_pay(decision)}
    rows: list[Row] = []
    kept = 0
    for debt in debts:
        for enrolment, _ in sorted(
            parts_to_pay(decision), key=lambda part: part[0].pk != debt.difference.enrolment_id
        ):
            fen = min(debt.left_fen, left[enrolment.pk])
            if fen:
                _clear(debt, fen)
                left[enrolment.pk] -= fen
                kept += fen
                Clearing.objects.create(
                    receivable=debt,
                    kind=Kind.SET_OFF,
                    state=State.CONFIRMED,
                    amount_fen=fen,
                    decision=decision,
                    enrolment=enrolment,
                    said_at=at,
                )
                rows += _across(row(decision, enrolment, PAYABLE, BANK, fen), debt)
    if rows:
        _post(
            f"decision:{decision.pk}:set_off",
            f"抵扣 申请 {decision.claim.number}",
            _day(at),
            rows,
            audit.SYSTEM,
            at,
        )
        detail = {"claim": decision.claim.number, "amount_fen": kept}
        audit.record(by=audit.SYSTEM, verb="receivables.set_off", on=decision, at=at, detail=detail)
    return kept


def undo_set_offs(payout: Payout, at: datetime) -> list[Row]:
    """The payout is not made after all: the debts stand again. The rows are posted by the caller."""
    rows: list[Row] = []
    if not payout.set_off_fen:
        return rows
    made = list(
        payout.decision.set_offs.filter(state=State.CONFIRMED).select_related("enrolment").order_by("pk")
    )
    debts = {one.pk: one for one in _locked(Receivable.objects.filter(clearings__in=made).distinct())}
    for one in made:
        debt = debts[one.receivable_id]
        _clear(debt, -one.amount_fen)
        forth = _across(row(payout.decision, one.enrolment, PAYABLE, BANK, one.amount_fen), debt)  # type: ignore[arg-type]
        rows += [Row(r.credit, r.debit, r.amount_fen, r.scheme_slug, r.fund_year, r.office) for r in forth]
        Clearing.objects.filter(pk=one.pk).update(state=State.UNDONE, settled_at=at)
    return rows


@transaction.atomic
def record_return(*, receivable: Receivable, line: StatementLine, by: Role, at: datetime) -> list[Clearing]:
    """A credit on the bank's paper is money that the member sent back; booked once another person has confirmed it.

    What is above this debt goes to the member's other debts, oldest first. ClearingRefused, ClaimRefused.
    """
    office = _claim(receivable).office
    check_may(by, "receivables.return", within=office)
    if line.amount_fen <= 0 or line.account.purpose != "paying" or not bank.holds(line.account, office):
        raise ClearingRefused("请选省级发放户上的一笔来款。会员把钱汇到别处的，先转到发放户。")
    debts = _locked(Receivable.objects.open().filter(member=receivable.member_id))
    debts.sort(key=lambda one: one.pk != receivable.pk)
    owed = sum(one.left_fen for one in debts)
    if line.amount_fen > owed:
        raise ClearingRefused(
            f"这一笔是 {money.spoken(line.amount_fen)} 元，这位会员只欠 {money.spoken(owed)} 元，没有登记。"
            "请核对是不是这位会员退回的。"
        )
    use_line(line, LineUse.Kind.CLAW_BACK, by, at)
    made, left = [], line.amount_fen
    for debt in debts:
        if fen := min(left, debt.left_fen):
            made.append(_said(debt, Kind.RETURNED, fen, f"银行流水 {line.reference}", by, at, line))
            left -= fen
    return made


@transaction.atomic
def give_up(*, receivable: Receivable, reason: str, by: Role, at: datetime) -> Clearing:
    """One person proposes that what is left is not asked for any more; another confirms. ClearingRefused."""
    check_may(by, "receivables.write_off", within=_claim(receivable).office)
    said = needed(reason, "请写明为什么不再收回，凭什么文件或情况")
    [debt] = _locked(Receivable.objects.filter(pk=receivable.pk))
    if not debt.left_fen:
        raise ClearingRefused("这一笔已经收完，不用再办。请刷新后再看。")
    return _said(debt, Kind.GIVEN_UP, debt.left_fen, said, by, at, None)


def _said(  # noqa: PLR0913, PLR0917  what is cleared, by what, by whom
    debt: Receivable, kind: str, fen: int, reason: str, by: Role, at: datetime, line: StatementLine | None
) -> Clearing:
    try:
        with transaction.atomic():
            made = Clearing.objects.create(
                receivable=debt,
                kind=kind,
                state=State.SAID,
                amount_fen=fen,
                line=line,
                reason=reason,
                said_by=by.user,
                said_at=at,
            )
    except IntegrityError:
        raise ClearingRefused(
            "这一笔待收回已有人登记了，正等第二人确认，没有再登记。请先办完那一个。"
        ) from None
    detail = {"amount_fen": fen, "kind": kind, "claim": _claim(debt).number}
    audit.record(by=by, verb="receivables.say", on=debt, at=at, detail=detail)
    return made


@transaction.atomic
def settle(*, clearing: Clearing, agree: bool, reason: str = "", by: Role, at: datetime) -> None:
    """Another person's word. Of one bank line all its parts together. ClearingRefused."""
    check_may(by, "receivables.confirm", within=_claim(clearing.receivable).office)
    if agree and clearing.said_by_id == by.user_id:
        raise ClearingRefused("这一笔是您登记的，要由另一个人确认。")
    said = reason.strip()[:200] if agree else needed(reason, "不同意要写明哪里不对")
    same = (
        Clearing.objects.filter(line=clearing.line_id)
        if clearing.line_id
        else Clearing.objects.filter(pk=clearing.pk)
    )
    open_ones = same.filter(state=State.SAID).order_by("pk")
    debts = {one.pk: one for one in _locked(Receivable.objects.filter(clearings__in=open_ones).distinct())}
    found = list(open_ones.select_related("line__account__organisation"))
    if not any(one.pk == clearing.pk for one in found):
        raise ClearingRefused("这一条刚刚有人办过，您这一步没有生效。请刷新后再看。")
    if not agree and clearing.line:
        free_line(clearing.line, LineUse.Kind.CLAW_BACK, said, by, at)
    state = State.CONFIRMED if agree else State.DECLINED
    for one in found:
        Clearing.objects.filter(pk=one.pk).update(state=state, settled_by=by.user, settled_at=at)
        detail = {"agree": agree, "amount_fen": one.amount_fen, "reason": said}
        audit.record(by=by, verb="receivables.settle", on=debts[one.receivable_id], at=at, detail=detail)
    if agree:
        _book(found, debts, by, at)


def _book(found: Sequence[Clearing], debts: dict[int, Receivable], by: Role, at: datetime) -> None:
    first = found[0]
    for one in found:
        _clear(debts[one.receivable_id], one.amount_fen)
    account = BANK if first.kind == Kind.RETURNED else GIVEN_UP
    rows = [_owed_row(debts[one.receivable_id], account, one.amount_fen) for one in found]
    number = _claim(debts[first.receivable_id]).number
    if first.line is None:
        _post(f"given-up:{first.pk}", f"不再收回 申请 {number}", _day(at), rows, by, at)
        return
    reference = first.line.reference
    count = Voucher.objects.filter(source__startswith=f"claw-back:{reference}:").count()
    _post(f"claw-back:{reference}:{count + 1}", f"会员退回 申请 {number}", first.line.booked_on, rows, by, at)


def _clear(debt: Receivable, fen: int) -> None:
    """So much more has come back, or less; never more than is owed."""
    room = Receivable.objects.filter(
        pk=debt.pk, cleared_fen__lte=F("amount_fen") - fen, cleared_fen__gte=-fen
    )
    if not room.update(cleared_fen=F("cleared_fen") + fen):
        raise ClearingRefused(
            f"申请 {_claim(debt).number} 的待收回只剩 {money.spoken(debt.left_fen)} 元，期间已有抵扣或退回，没有入账。"
            "请选“不同意”，按现在的余额重新登记。"
        )
    debt.cleared_fen += fen


def _locked(found: Any) -> list[Receivable]:
    """Always in the order of their age; locked by their keys alone, since distinct rows cannot be."""
    keys = list(found.values_list("pk", flat=True))
    held = Receivable.objects.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk")
    return list(held.select_related("difference__decision__claim__office", "difference__enrolment"))


def _claim(debt: Receivable) -> Any:
    return debt.difference.decision.claim


def _owed_row(debt: Receivable, account: str, fen: int) -> Row:
    """From what is owed to another account, kept as the debt is."""
    difference = debt.difference
    return row(difference.decision, difference.enrolment, account, CLAW_BACK, fen)


def _across(given: Row, debt: Receivable) -> list[Row]:
    """A payout's part clears a debt: in one row where both are kept alike, else through the bank account."""
    got = _owed_row(debt, BANK, given.amount_fen)
    keys = [(one.scheme_slug, one.fund_year, one.office.pk) for one in (given, got)]
    if keys[0] == keys[1]:
        return [_owed_row(debt, PAYABLE, given.amount_fen)]
    return [given, got]


def _post(source: str, note: str, day: date, rows: list[Row], by: audit.Actor, at: datetime) -> None:
    ledger.post(source=source, posted_on=day, note=note, rows=rows, by=by, at=at, or_later=True)


def _day(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()
