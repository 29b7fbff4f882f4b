"""What is not paid now: a claim whose settlement was reversed or settled anew waits until it has been reckoned again."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from huzhu.adjudication.models import Decision
from huzhu.claims.models import SettlementChange
from huzhu.payouts.models import Payout

IN_QUESTION = "医保结算有变动，等省办重算，办完以前不发。"
CORRECTED = "核定已更正，这一笔不再发，稍后按新的核定排款。"


class SettlementInQuestion(ValueError):
    """A payout rests on a settlement that the bureau has changed."""


def held(claims: Iterable[Any]) -> dict[Any, str]:
    """Claims (by key) of which nothing is paid now → why."""
    found = SettlementChange.objects.filter(claim__in=list(claims), state=SettlementChange.State.OPEN)
    return dict.fromkeys(found.values_list("claim", flat=True), IN_QUESTION)


def asked(payouts: QuerySet[Payout]) -> QuerySet[Payout]:
    """These payouts with what `waiting` reads of each, and no statement more: their decisions, and what is open."""
    changes = SettlementChange.objects.filter(
        claim=OuterRef("decision__claim"), state=SettlementChange.State.OPEN
    )
    return payouts.select_related("decision__claim").annotate(in_question=Exists(changes))


def waiting(payouts: Sequence[Any]) -> dict[Any, str]:
    """Of payouts that were `asked`: those (by key) that cannot go to the bank → why."""
    pairs = ((one.pk, _why(one)) for one in payouts)
    return {key: why for key, why in pairs if why}


def _why(payout: Any) -> str:
    if payout.in_question:
        return IN_QUESTION
    return CORRECTED if payout.decision.state == Decision.State.CORRECTED else ""


def check_not_held(payouts: Sequence[Payout], remedy: str) -> None:
    """Raise SettlementInQuestion, with what to do, where one of these must not go to the bank."""
    found = waiting(payouts)
    if found:
        numbers = "、".join([one.decision.claim.number for one in payouts if one.pk in found][:5])
        first = next(iter(found.values()))
        raise SettlementInQuestion(f"申请 {numbers} 等 {len(found)} 笔：{first}{remedy}")
