"""A part of a refund that did not reach its payee, sent back by the bank or never paid: owed again, to another account."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from huzhu.audit import services as audit
from huzhu.bank import queries as bank
from huzhu.bank.models import OwnAccount, StatementLine
from huzhu.contributions.claiming import post_entry, use_line
from huzhu.contributions.given_back import Refund, RefundPart
from huzhu.contributions.giving_back import RefundRefused
from huzhu.contributions.matching import unsaid
from huzhu.contributions.models import LineUse
from huzhu.contributions.refunds import Payee, a_part, at_the_bank, follow, gone, kept_of
from huzhu.contributions.repaying import paid_together
from huzhu.core.money import spoken
from huzhu.ledger import accounts
from huzhu.organisations.models import Organisation
from huzhu.organisations.queries import agency_of
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

State = RefundPart.State


@transaction.atomic
def returned(*, part: RefundPart, line: StatementLine, payee: Payee, by: Role, at: datetime) -> LineUse:
    """The bank sent a part back: it is owed again, to another account, and goes onto a new list. RefundRefused."""
    check_may(by, "bank.post", within=line.account.organisation)
    to = payee.checked()
    held = Refund.objects.select_for_update(of=("self",)).get(pk=part.refund_id)
    old = RefundPart.objects.select_related("paid_by__line__account").get(pk=part.pk)
    if old.state != State.PAID or old.paid_by is None or old.amount_fen != line.amount_fen:
        raise RefundRefused("退汇的金额和这笔退费不相等，或者这笔退费还没有付出，没有入账。请核对。")
    if old.paid_by.line.account.organisation_id != line.account.organisation_id:
        raise RefundRefused(
            "退汇要回到付出的那个账户，这一笔到了别的账户，没有入账。请核对选的是不是这笔退费。"
        )
    if old.paid_on is None or line.booked_on < old.paid_on:
        raise RefundRefused(
            f"这一笔是 {line.booked_on} 到账的，退费 {old.paid_on} 才付出，不会是它退回来的，没有入账。请核对。"
        )
    use = use_line(line, LineUse.Kind.RETURNED, by, at)
    kept = list(kept_of(held, gone(held) - old.amount_fen, old.amount_fen))
    post_entry(use, "refund-back", accounts.REFUNDABLE, "退费被银行退回", by, at, kept=kept)
    RefundPart.objects.filter(pk=old.pk).update(state=State.RETURNED, returned_by=use)
    _owed_again(held, old, to, by, at)
    detail = {"reference": line.reference, "last4": to.number[-4:]}
    audit.record(by=by, verb="refunds.returned", on=held, at=at, detail=detail)
    return use


@transaction.atomic
def not_paid(*, part: RefundPart, payee: Payee, reason: str, by: Role, at: datetime) -> None:
    """The bank did not take a part that was released: it goes onto a new list, to another account. RefundRefused.

    Only when the bank has told the day after the release in full and no debit stands there that may be it: it would be paid
    twice.
    """
    check_may(by, "refunds.propose", within=part.refund.employer)
    to, said = payee.checked(), reason.strip()[:200]
    if len(said) < 2:
        raise RefundRefused("没有写银行为什么没有付，没有办理：请照银行的话写一句。")
    held = Refund.objects.select_for_update(of=("self",)).select_related("employer").get(pk=part.refund_id)
    old = at_the_bank().select_related("list").filter(pk=part.pk).first()
    if old is None or old.list is None or old.list.released_at is None:
        raise RefundRefused("这一份不在等银行付出，没有办理。请刷新后再看。")
    if old.list.handed_at is None:
        raise RefundRefused(
            f"清单 {old.list.number} 还没有取走给银行，银行当然没有付，没有办理。请先请出纳制单取走清单。"
        )
    _check_not_there(old, agency_of(held.employer), old.list.released_at, at)
    RefundPart.objects.filter(pk=old.pk).update(state=State.UNPAID)
    _owed_again(held, old, to, by, at)
    detail = {"list": old.list.number, "amount_fen": old.amount_fen, "last4": to.number[-4:], "reason": said}
    audit.record(by=by, verb="refunds.not_paid", on=held, at=at, detail=detail)


@transaction.atomic
def paid_after_all(*, part: RefundPart, by: Role, at: datetime) -> None:
    """What was said by `not_paid` is taken back, while the part that replaces it is on no list. RefundRefused."""
    check_may(by, "refunds.propose", within=part.refund.employer)
    held = Refund.objects.select_for_update(of=("self",)).get(pk=part.refund_id)
    old = RefundPart.objects.get(pk=part.pk)
    new, before = last_of(old), old.replaces
    counts = before is not None and before.state in {State.PAID, State.WAITING}
    if old.state != State.UNPAID or new is None or counts:
        raise RefundRefused(
            "换了账户的那一份已经做进清单，没有改回：还没有放行的，请先请出纳放行退回那张清单；"
            "已经交给银行的，同一笔钱会付两次，请马上请银行停付。"
        )
    new.delete()
    RefundPart.objects.filter(pk=old.pk).update(state=State.WAITING)
    follow([held])
    detail = {"amount_fen": old.amount_fen, "last4": old.number[-4:]}
    audit.record(by=by, verb="refunds.paid_after_all", on=held, at=at, detail=detail)


def last_of(part: RefundPart) -> RefundPart | None:
    """What stands in its place in the end, where that is on no list yet; what was not paid on the way is passed over."""
    new = RefundPart.objects.filter(replaces=part).first()
    if new is None or (new.state == State.WAITING and new.list_id is None):
        return new
    return last_of(new) if new.state == State.UNPAID else None


def _owed_again(refund: Refund, old: RefundPart, to: Payee, by: Role, at: datetime) -> None:
    """Another part takes its place; who says so has proposed the refund anew, and does not release it."""
    place = refund.parts.aggregate(last=Max("place"))["last"] + 1
    a_part(refund, place, to, old.amount_fen, by, replaces=old).save()
    proposed = {"proposed_by": by.actor_id, "proposed_by_name": by.actor_name[:80], "proposed_at": at}
    Refund.objects.filter(pk=refund.pk).update(**proposed)
    follow([refund])


def _check_not_there(part: RefundPart, office: Organisation, released_at: datetime, at: datetime) -> None:
    """Every account from which the office's money was paid has told the whole day after the release, and no such debit."""
    released_on = released_at.astimezone(SHANGHAI).date()
    until = released_on + timedelta(days=1)
    together = paid_together(at_the_bank().filter(list=part.list).order_by("refund", "place"))
    sums = {sum(one.amount_fen for one in some) for some in together if part in some}
    if at.astimezone(SHANGHAI).date() <= until:
        raise RefundRefused(
            f"清单 {released_on} 才放行，{until} 还没有过完，银行可能还会付，没有办理。请过了这一天，导入对账单再来办。"
        )
    held = bank.holding(office, released_at)
    if not held:
        raise RefundRefused(
            f"{office.name}还没有登记银行账户，看不出银行有没有付，没有办理。请先登记账户、导入对账单。"
        )
    for account in held:
        known = bank.known_until(account)
        if known is None or known < until:
            told = f"只到 {known}" if known else "还没有导入过"
            raise RefundRefused(
                f"{account} 的对账单{told}，看不出银行有没有付，没有办理。请先导入到 {until} 的对账单，"
                "里面没有这一笔再来办。"
            )
        lines = account.lines.filter(booked_on__gte=released_on, amount_fen__in=[-one for one in sums])
        debits = unsaid(lines)
        if account.purpose == OwnAccount.Purpose.PAYING:  # where aid of the same amount may go out as well
            debits = debits.filter(name=part.payee)
        if found := debits.first():
            raise RefundRefused(
                f"{account} {found.booked_on} 付出的 {spoken(-found.amount_fen)} 元（流水号 {found.reference}）可能就是这一笔，"
                "没有办理。请先到“来款认领”里打开它，看清是什么。"
            )
