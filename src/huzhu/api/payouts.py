"""Payments: of which claim, how much, how far; the account is masked."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404
from ninja import Router, Schema

from huzhu.api.answers import ERRORS, Asked, Listed, Refused, Text, Yuan, listed, yuan
from huzhu.api.entrance import Bearer
from huzhu.core.identity import mask_account
from huzhu.payouts import queries

router = Router(tags=["发放"], auth=Bearer("payouts"))


class Payout(Schema):
    id: UUID
    claim: str
    amount: Yuan
    set_off: Yuan
    holder: str
    bank_name: str
    account: str
    state: str
    batch: str | None
    scheduled_at: datetime
    answered_at: datetime | None
    bank_words: str


def _payout(one: Any) -> dict[str, Any]:
    columns = ("holder", "bank_name", "state", "scheduled_at", "answered_at", "bank_words")
    return {name: getattr(one, name) for name in columns} | {
        "id": one.pk,
        "claim": one.decision.claim.number,
        "amount": yuan(one.amount_fen),
        "set_off": yuan(one.set_off_fen),
        "account": mask_account(one.account_number),
        "batch": one.batch.number if one.batch else None,
    }


@router.get("", response={200: Listed[Payout], ERRORS: Refused}, summary="发放列表")
def list_payouts(request: Any, asked: Asked, state: Text = "", claim: Text = "") -> Any:
    """新的在前。`claim`：申请编号。"""
    found = queries.visible_to(request.by).order_by("-scheduled_at", "pk")
    found = found.filter(decision__claim__number=claim) if claim else found
    return listed(found.filter(state=state) if state else found, asked, _payout)


@router.get("/{key}", response={200: Payout, ERRORS: Refused}, summary="一笔发放")
def get_payout(request: Any, key: UUID) -> Any:
    one = queries.visible_to(request.by).filter(pk=key).first()
    if one is None:
        raise Http404
    return _payout(one)
