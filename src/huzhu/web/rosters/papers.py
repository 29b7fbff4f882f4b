"""Official receipts as a list: number, day, payer, amount, employer, vouchers."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from huzhu.contributions import queries, undoing
from huzhu.contributions.claiming import ClaimRefused
from huzhu.users.permissions import NotAllowed, may
from huzhu.web import lists
from huzhu.web.access import answered, staff
from huzhu.web.employers.choosing import named
from huzhu.web.once import once
from huzhu.web.workbooks import Cell, yuan

READERS = ("agency_clerk", "payment_maker", "auditor")
HEADS = ("收据编号", "到账日", "缴费方", "单位", "银行流水号", "凭证", "开具", "开具人", "金额（元）")
FILTERS = (
    lists.Filter("from", "到账从哪天", kind="day"),
    lists.Filter("to", "到哪天", kind="day"),
)
REFUSED = (ClaimRefused, NotAllowed)
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
    shown = lists.shown(request, asked, found)
    shown |= {
        "may_print": may(request.by, "contributions.paper"),
        "rows": (rows := queries.transfers(shown["pages"])),
        "to_take_back": queries.to_take_back(rows, request.today)
        if may(request.by, "contributions.receive")
        else (),
        "opens_vouchers": may(request.by, "books.see"),
    }
    return render(request, "web/rosters/receipts.html", shown)


@require_POST
@staff("agency_clerk", "payment_maker")
@once("contributions.undo_transfer")
def undo(request: Any, pk: int) -> HttpResponse:
    """The whole transfer of a receipt is taken back, where no line of the bank told of it."""
    paper = get_object_or_404(queries.official_visible_to(request.by), pk=pk)
    with answered(request, REFUSED):
        reason = request.POST.get("reason", "")
        undoing.undo_transfer(paper=paper, reason=reason, by=request.by, at=request.now)
        messages.success(
            request, f"流水号 {paper.bank_reference} 的到账已撤销：凭证已冲销，收据已开红字，会费回到待缴。"
        )
    return redirect("web:receipts")


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
