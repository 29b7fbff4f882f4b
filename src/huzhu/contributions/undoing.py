"""A line of the bank that was taken for the wrong thing: the entry is reversed, and all stands as before it was said."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from huzhu.audit import services as audit
from huzhu.contributions import claiming
from huzhu.contributions.claiming import ClaimRefused
from huzhu.contributions.given_back import Refund, RefundPart
from huzhu.contributions.models import LineUse
from huzhu.contributions.refunds import follow, locked_rows
from huzhu.ledger import services as ledger
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

Kind, Part = LineUse.Kind, RefundPart.State


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
    _refuse_later(use, refunds)
    use.paid_parts.update(state=Part.WAITING, paid_on=None, paid_by=None)
    follow(refunds)


def _not_returned(use: LineUse) -> None:
    """What was taken to have come back is paid, as it was."""
    old = use.returned_parts.get()
    refund = Refund.objects.select_for_update(of=("self",)).get(pk=old.refund_id)
    new = RefundPart.objects.filter(replaces=old, state=Part.WAITING, list=None).first()
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
