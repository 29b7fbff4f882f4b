"""What is due, what came, and the one write: a transfer the bank says has come."""

from datetime import date
from typing import Annotated, Any

from django.http import Http404, HttpResponse
from ninja import Field, Router, Schema, Status

from huzhu.api.answers import ERRORS, Asked, Listed, Number, Refused, Text, Yuan, listed, yuan
from huzhu.api.entrance import Bearer, Key, once
from huzhu.contributions import queries, services
from huzhu.core import money

router = Router(tags=["会费"], auth=Bearer("contributions"))


class Share(Schema):
    id: Number
    payer: str
    amount: Yuan
    received: Yuan


class Due(Schema):
    id: Number
    employer: str
    roster: str
    scheme: str
    edition: str
    heads: int
    amount: Yuan
    left: Yuan
    shares: list[Share]


class Part(Schema):
    scheme: str
    payer: str
    amount: Yuan


class Receipt(Schema):
    number: str
    bank_reference: str
    received_on: date
    employer: str
    amount: Yuan
    parts: list[Part]


class Paid(Schema):
    share: Annotated[Number, Field(description="分担的 id，见 GET /contributions/dues")]
    amount: Yuan


class Transfer(Schema):
    bank_reference: Annotated[
        Text, Field(min_length=1, max_length=60, description="银行流水号：登记过的不再登记")
    ]
    received_on: date
    parts: Annotated[list[Paid], Field(min_length=1, max_length=500)]


class Recorded(Schema):
    bank_reference: str
    amount: Yuan
    vouchers: list[str] = Field(description="凭证号，一项一张")


def _due(one: Any) -> dict[str, Any]:
    return {
        "id": one.pk,
        "employer": one.roster.employer.code,
        "roster": str(one.roster_id),
        "scheme": one.edition.slug,
        "edition": one.edition.edition,
        "heads": one.heads,
        "amount": yuan(one.amount_fen),
        "left": yuan(one.left_fen),
        "shares": [
            {
                "id": share.pk,
                "payer": share.payer,
                "amount": yuan(share.amount_fen),
                "received": yuan(share.received_fen),
            }
            for share in one.shares.all()
        ],
    }


def _receipt(transfer: queries.Transfer) -> dict[str, Any]:
    return {
        "number": str(transfer.paper),
        "bank_reference": transfer.paper.bank_reference,
        "received_on": transfer.received_on,
        "employer": transfer.employer.code if transfer.employer else "",
        "amount": yuan(transfer.paper.amount_fen),
        "parts": [
            {
                "scheme": part.share.due.edition.slug,
                "payer": part.share.payer,
                "amount": yuan(part.amount_fen),
            }
            for part in transfer.parts
        ],
    }


@router.get("/dues", response={200: Listed[Due], ERRORS: Refused}, summary="应缴列表")
def list_dues(request: Any, asked: Asked, employer: Text = "", is_open: bool = False) -> Any:
    """`employer`：单位代码。`is_open`：只要没有缴齐的。"""
    found = queries.visible_to(request.by).order_by("-pk")
    found = found.filter(roster__employer__code=employer) if employer else found
    if is_open:
        found = found.filter(pk__in=queries.unpaid(request.by).order_by().values("due"))
    return listed(found, asked, _due)


@router.get("/dues/{key}", response={200: Due, ERRORS: Refused}, summary="一项应缴")
def get_due(request: Any, key: Number) -> Any:
    found = queries.visible_to(request.by).filter(pk=key).first()
    if found is None:
        raise Http404
    return _due(found)


@router.get("/receipts", response={200: Listed[Receipt], ERRORS: Refused}, summary="到账列表")
def list_receipts(request: Any, asked: Asked) -> Any:
    """每张收据是一笔汇款，新的在前。"""
    found = queries.official_visible_to(request.by).order_by("-pk")
    return listed(found, asked, _receipt, queries.transfers)


@router.post(
    "/transfers",
    response={201: Recorded, ERRORS: Refused},
    auth=Bearer("contributions.write"),
    summary="登记一笔到账",
)
def record_transfer(request: Any, response: HttpResponse, transfer: Transfer, key: Key) -> Any:
    """一笔汇款记入账簿并开收据，会费到齐的方案保障随即生效。要么全部登记，要么一项也不登记。"""

    def act() -> dict[str, Any]:
        receipts = services.record_transfer(
            parts=_parts(request.by, transfer),
            received_on=transfer.received_on,
            bank_reference=transfer.bank_reference,
            by=request.by,
            at=request.now,
        )
        return {
            "bank_reference": transfer.bank_reference,
            "amount": yuan(sum(one.amount_fen for one in receipts)),
            "vouchers": [one.voucher.number for one in receipts],
        }

    return Status(201, once(request, response, key, "contributions.receive", transfer.model_dump_json(), act))


def _parts(by: Any, transfer: Transfer) -> list[services.Money]:
    """The shares by their keys; one that is not in the branch is not there at all."""
    dues = queries.visible_to(by).filter(shares__in=[part.share for part in transfer.parts]).distinct()
    shares = {share.pk: share for due in dues for share in due.shares.all()}
    if any(part.share not in shares for part in transfer.parts):
        raise Http404
    return [services.Money(shares[part.share], money.fen(part.amount)) for part in transfer.parts]
