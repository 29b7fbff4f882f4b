"""A line of the bank that was taken for the wrong thing: the entry is reversed, and all stands as before it was said."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from huzhu.audit import services as audit
from huzhu.contributions import claiming
from huzhu.contributions.claiming import ClaimRefused
from huzhu.contributions.given_back import Refund, RefundPart
from huzhu.contributions.models import LineUse
from huzhu.contributions.refunds import locked_rows
from huzhu.ledger import services as ledger
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

Kind, State, Part = LineUse.Kind, Refund.State, RefundPart.State


@transaction.atomic
def undo(*, use: LineUse, reason: str, by: Role, at: datetime) -> None:
    """Take back what was said of a line; while nothing has followed from it. ClaimRefused."""
    held = LineUse.objects.select_for_update(of=("self",)).select_related("line__account__organisation")
    said, found = reason.strip()[:200], held.get(pk=use.pk)
    steps = _STEPS.get(Kind(found.kind))
    if steps is None or found.voucher is None or found.ended_at is not None or len(said) < 2:
        claiming.undo(use=found, reason=reason, by=by, at=at)
        return
    check_may(by, "bank.post", within=found.line.account.organisation)
    steps(found)
    day = at.astimezone(SHANGHAI).date()
    ledger.reverse(voucher=found.voucher, reason=said, posted_on=day, by=by, at=at)
    LineUse.objects.filter(pk=found.pk).update(ended_at=at, reason=said)
    detail = {"kind": found.kind, "reason": said}
    audit.record(by=by, verb="contributions.undo_line", on=found, at=at, detail=detail)


def _unpaid(use: LineUse) -> None:
    """The refunds that it was taken to have paid wait for their payment again, on the lists they are on."""
    refunds = list(locked_rows(Refund.objects.filter(parts__paid_by=use)))
    parts = list(use.paid_parts.select_for_update(of=("self",)).order_by("pk"))
    later = RefundPart.objects.filter(refund__in=refunds, state=Part.PAID, paid_by__pk__gt=use.pk)
    if any(one.state != Part.PAID for one in parts) or any(
        one.state not in {State.RELEASED, State.PAID} for one in refunds
    ):
        raise ClaimRefused("这一笔付出的退费后来被银行退回了，不能撤销。请先撤销退汇的那一笔。")
    if later.exists():
        raise ClaimRefused("同一笔退费后来还付过一部分，不能先撤销这一笔。请先撤销后付的那一笔。")
    use.paid_parts.update(state=Part.WAITING, paid_on=None, paid_by=None)
    Refund.objects.filter(pk__in=[one.pk for one in refunds]).update(state=State.RELEASED, paid_on=None)


def _not_returned(use: LineUse) -> None:
    """What was taken to have come back is paid, as it was."""
    old = use.returned_parts.get()
    refund = Refund.objects.select_for_update(of=("self",)).get(pk=old.refund_id)
    new = RefundPart.objects.filter(replaces=old, state=Part.WAITING, list=None).first()
    if refund.state != State.PROPOSED or new is None:
        raise ClaimRefused("退回的那一份已经重新制了清单，不能撤销。请先请出纳放行退回那张清单。")
    new.delete()
    RefundPart.objects.filter(pk=old.pk).update(state=Part.PAID, returned_by=None)
    paid_on = refund.parts.aggregate(last=Max("paid_on"))["last"]
    Refund.objects.filter(pk=refund.pk).update(state=State.PAID, list=old.list, paid_on=paid_on)


def _not_sent_back(use: LineUse) -> None:
    """The money that it was taken to have returned waits to be claimed again."""
    moment = {
        "line__amount_fen": -use.line.amount_fen,
        "line__account__organisation": use.line.account.organisation,
    }
    came = LineUse.objects.select_for_update(of=("self",)).filter(
        kind=Kind.SUSPENSE, ended_at=use.used_at, **moment
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
