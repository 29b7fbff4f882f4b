"""Official receipts as a list: number, day, payer, amount, employer, vouchers."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from huzhu.contributions import queries
from huzhu.users.permissions import may
from huzhu.web import lists
from huzhu.web.access import staff
from huzhu.web.employers.choosing import named
from huzhu.web.workbooks import Cell, yuan

READERS = ("agency_clerk", "payment_maker", "auditor")
HEADS = ("收据编号", "到账日", "缴费方", "单位", "银行流水号", "凭证", "开具", "开具人", "金额（元）")
FILTERS = (
    lists.Filter("from", "到账从哪天", kind="day"),
    lists.Filter("to", "到哪天", kind="day"),
)
FINDS = "收据编号、流水号、缴费方、单位"


@require_safe
@staff(*READERS)
def receipts(request: Any) -> HttpResponse:
    """Receipts of transfers for the branch, newest first."""
    asked = lists.read(request, "会费收据", *FILTERS, finds=FINDS, unit="张")
    found = queries.official_visible_to(request.by).order_by("-issued_at", "-pk")
    if asked.text:
        found = queries.receipts_matching(found, asked.text, named(request.by, asked.text))
    if asked["from"] or asked["to"]:
        found = queries.received_between(found, asked["from"] or None, asked["to"] or None)
    if asked.takes:
        return lists.taken(request, asked, HEADS, found, _cells)
    shown = lists.shown(request, asked, found) | {
        "may_print": may(request.by, "contributions.paper"),
        "opens_vouchers": may(request.by, "books.see"),
    }
    return render(request, "web/rosters/receipts.html", shown | {"rows": queries.transfers(shown["pages"])})


def _cells(rows: list[Any]) -> Iterator[tuple[Cell, ...]]:
    for one in queries.transfers(rows):
        vouchers = "、".join(one.vouchers)
        issued = lists.minute(one.paper.issued_at), one.paper.issued_by
        amount = yuan(one.paper.amount_fen)
        said = (
            str(one.paper),
            one.received_on,
            one.payer,
            one.employer.name if one.employer else "",
            one.paper.bank_reference,
        )
        yield (*said, vouchers, *issued, amount)
