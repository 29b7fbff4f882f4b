"""What was decided and why: the reasoning is the very JSON that the slip and the letter are printed from."""

from datetime import datetime
from typing import Any

from django.http import Http404
from ninja import Field, Router, Schema

from huzhu.adjudication import queries
from huzhu.api.answers import ERRORS, Asked, Listed, Number, Refused, Text, Yuan, listed, yuan
from huzhu.api.entrance import Bearer
from huzhu.claims import queries as claims
from huzhu.claims.services import opened
from huzhu.rules.reasoning import as_json

router = Router(tags=["核定"], auth=Bearer("decisions"))


class Decision(Schema):
    id: Number
    claim: str
    verdict: str
    state: str
    total: Yuan
    decided_at: datetime
    decided_by: str
    second_at: datetime | None
    second_by: str | None


class DecisionInFull(Decision):
    reason: str
    reasoning: list[dict[str, Any]] = Field(description="每份参保一份计算过程，格式 huzhu-reasoning/1")


def _decision(one: Any) -> dict[str, Any]:
    return {
        "id": one.pk,
        "claim": one.claim.number,
        "verdict": one.verdict,
        "state": one.state,
        "total": yuan(one.total_fen),
        "decided_at": one.decided_at,
        "decided_by": one.decided_by.name,
        "second_at": one.second_at,
        "second_by": one.second_by.name if one.second_by else None,
    }


def _visible(by: Any) -> Any:
    found = queries.visible_to(by).order_by("-pk")
    return found if claims.opens_details(by) else found.none()


@router.get("", response={200: Listed[Decision], ERRORS: Refused}, summary="核定列表")
def list_decisions(request: Any, asked: Asked, claim: Text = "") -> Any:
    """`claim`：申请编号。"""
    found = _visible(request.by)
    return listed(found.filter(claim__number=claim) if claim else found, asked, _decision)


@router.get("/{key}", response={200: DecisionInFull, ERRORS: Refused}, summary="一个核定")
def get_decision(request: Any, key: Number) -> Any:
    """含计算过程的每一步和依据的条款；谁看过会记下来。"""
    one = _visible(request.by).filter(pk=key).first()
    if one is None:
        raise Http404
    opened(claim=one.claim, by=request.by, at=request.now)
    return _decision(one) | {
        "reason": one.reason,
        "reasoning": [as_json(slip) for slip in queries.slips(one)],
    }
