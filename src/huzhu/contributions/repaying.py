"""Questions about refunds, always asked for someone."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from huzhu.bank.models import StatementLine
from huzhu.contributions.models import Refund, RefundList
from huzhu.users.models import Role
from huzhu.users.permissions import may

STATES = Refund.State.choices
KINDS = Refund.Kind.choices


def visible_to(by: Role) -> QuerySet[Refund]:
    """Refunds of the branch, newest first."""
    if not may(by, "bank.see"):
        return Refund.objects.none()
    found = Refund.objects.filter(employer__path__startswith=by.organisation.path)
    return found.select_related(
        "employer", "roster", "enrolment__member", "prepaid", "list", "paper__agency"
    ).order_by("-proposed_at", "pk")


def lists_visible_to(by: Role) -> QuerySet[RefundList]:
    """Payment lists made in the branch, newest first."""
    if not may(by, "bank.see"):
        return RefundList.objects.none()
    return RefundList.objects.filter(organisation__path__startswith=by.organisation.path).order_by("-pk")


def paid_by(by: Role, line: StatementLine) -> list[list[Refund]]:
    """Refunds that a line may have paid, one by one or a whole list; or that it brings back."""
    if line.amount_fen > 0:
        back = visible_to(by).filter(
            state=Refund.State.PAID, amount_fen=line.amount_fen, paid_on__lte=line.booked_on
        )
        return [[one] for one in back]
    waiting = list(visible_to(by).filter(state=Refund.State.RELEASED))
    groups: dict[Any, list[Refund]] = {}
    for one in waiting:
        groups.setdefault(one.list_id, []).append(one)
    whole = [held for held in groups.values() if len(held) > 1 and _sum(held) == -line.amount_fen]
    return [*([one] for one in waiting if one.amount_fen == -line.amount_fen), *whole]


def _sum(held: Iterable[Refund]) -> int:
    return sum(one.amount_fen for one in held)


def released_sums(by: Role) -> set[int]:
    """What the bank may pay out in one line: a released refund, or all of a list."""
    waiting = visible_to(by).filter(state=Refund.State.RELEASED).order_by()
    lists: dict[Any, int] = {}
    for held, fen in waiting.values_list("list", "amount_fen"):
        lists[held] = lists.get(held, 0) + fen
    return {*waiting.values_list("amount_fen", flat=True), *lists.values()}
