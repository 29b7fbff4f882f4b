"""Money for rosters: what is due, the notice to print, and what the bank says came."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from huzhu.contributions import queries, services
from huzhu.core import money
from huzhu.enrolment import queries as enrolment
from huzhu.organisations.queries import agency_of
from huzhu.users.permissions import NotAllowed, may
from huzhu.web.access import staff, told
from huzhu.web.rosters.roster import PAGE, READERS

RECEIVERS = ("agency_clerk", "payment_maker")


@require_safe
@staff(*READERS)
def dues(request: Any) -> HttpResponse:
    """Rosters whose money is not all in, oldest first."""
    waiting = queries.waiting(request.by)
    pages = Paginator(waiting, PAGE).get_page(request.GET.get("page"))
    shown = {
        "pages": pages,
        "owed": queries.owed_fen(request.by),
        "may_receive": may(request.by, "contributions.receive"),
        "may_split": may(request.by, "contributions.split"),
    }
    return render(request, "web/rosters/dues.html", shown)


@require_safe
@staff(*READERS)
def notice(request: Any, pk: Any) -> HttpResponse:
    """A payment notice on one A4 page: who pays what, in figures and in words."""
    roster = _accepted(request, pk)
    found = queries.dues_of(roster)
    payers: dict[str, int] = {}
    for due in found:
        for share in due.shares.all():
            payers[share.payer_name] = payers.get(share.payer_name, 0) + share.left_fen
    shown = {
        "roster": roster,
        "dues": found,
        "payers": {name: fen for name, fen in payers.items() if fen}.items(),
        "left": sum(payers.values()),
        "office": agency_of(roster.employer),
        "number": f"{timezone.localtime(roster.settled_at):%Y%m%d}-{str(roster.pk)[:8].upper()}",
    }
    return render(request, "web/rosters/notice.html", shown)


def _accepted(request: Any, pk: Any) -> Any:
    return get_object_or_404(enrolment.rosters_visible_to(request.by), pk=pk, state="accepted")


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*RECEIVERS)
def receive(request: Any, pk: Any) -> HttpResponse:
    """One transfer of the bank for the shares of a roster."""
    roster = _accepted(request, pk)
    lines: list[dict[str, Any]] = [
        {"share": share, "due": due, "name": f"amount-{share.pk}"}
        for due in queries.dues_of(roster)
        for share in due.shares.all()
        if share.left_fen
    ]
    errors = _read(request, lines)
    if request.method == "POST" and not errors and _recorded(request, lines):
        return redirect("web:roster", roster.pk)
    shown = {
        "roster": roster,
        "lines": lines,
        "left": sum(line["share"].left_fen for line in lines),
        "errors": errors,
        "asked": request.POST,
        "received_on": request.POST.get("received_on") or request.today.isoformat(),
    }
    return render(request, "web/rosters/receive.html", shown, status=422 if errors else 200)


def _read(request: Any, lines: list[dict[str, Any]]) -> dict[str, str]:
    """Fill each line with its text and fen; what is wrong, at the field."""
    errors = {}
    for line in lines:
        line["text"] = request.POST.get(line["name"], money.yuan(line["share"].left_fen)).strip()
        try:
            line["fen"] = money.fen(line["text"].replace(",", "")) if line["text"] else 0
        except money.NotMoney as wrong:
            line["error"] = errors[line["name"]] = str(wrong)
    if request.method != "POST":
        return {}
    try:
        date.fromisoformat(request.POST.get("received_on", ""))
    except ValueError:
        errors["received_on"] = "这不是一个日期：请写成 2022-01-28 的样子"
    if not request.POST.get("bank_reference", "").strip():
        errors["bank_reference"] = "请照银行回单填写流水号，它防止同一笔钱登记两次"
    return errors


def _recorded(request: Any, lines: list[dict[str, Any]]) -> bool:
    parts = [services.Money(line["share"], line["fen"]) for line in lines if line["fen"]]
    try:
        services.record_transfer(
            parts=parts,
            received_on=date.fromisoformat(request.POST["received_on"]),
            bank_reference=request.POST["bank_reference"],
            by=request.by,
            at=request.now,
        )
    except (services.ReceiptRefused, NotAllowed) as refused:
        told(request, refused)
        return False
    total = money.spoken(sum(part.amount_fen for part in parts))
    messages.success(request, f"已登记到账 {total} 元并记入账簿。会费到齐的方案，保障已经生效。")
    return True
