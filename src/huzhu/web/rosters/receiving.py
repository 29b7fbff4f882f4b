"""Registering what the bank says came for a roster, from a slip or from the statement."""

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from huzhu.contributions import queries, services
from huzhu.contributions.slips import REASONS, SlipRefused
from huzhu.core import money
from huzhu.enrolment import queries as enrolment
from huzhu.users.permissions import NotAllowed
from huzhu.web.access import staff, told
from huzhu.web.once import once
from huzhu.web.rosters.slips import onward

RECEIVERS = ("agency_clerk", "payment_maker")


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*RECEIVERS)
@once("contributions.receive")
def receive(request: Any, pk: Any) -> HttpResponse:
    """One transfer of the bank for the shares of a roster; a slip fills the fields."""
    roster = get_object_or_404(enrolment.rosters_visible_to(request.by), pk=pk, state="accepted")
    slip = _slip(request, roster)
    if slip is None and "slip" in request.GET:
        messages.error(
            request, "这张回单已经处理过了，或者不是这份名册的，没有再办。请看下面的回单和到账记录。"
        )
        return redirect("web:roster", roster.pk)
    lines: list[dict[str, Any]] = [
        {"share": share, "due": due, "name": f"amount-{share.pk}"}
        for due in queries.dues_of(roster)
        for share in due.shares.all()
        if share.left_fen
    ]
    errors = _read(request, lines, slip)
    if request.method == "POST" and not errors and _recorded(request, lines, slip):
        return onward(request, slip) if slip else redirect("web:roster", roster.pk)
    shown = {
        "roster": roster,
        "lines": lines,
        "left": sum(line["share"].left_fen for line in lines),
        "errors": errors,
        "slip": slip,
        "reasons": REASONS,
        "others": queries.slips_waiting(request.by).count() - 1 if slip else 0,
        "bank_reference": request.POST.get("bank_reference", slip.bank_reference if slip else ""),
        "received_on": request.POST.get("received_on")
        or (slip.paid_on if slip else request.today).isoformat(),
    }
    return render(request, "web/rosters/receive.html", shown, status=422 if errors else 200)


def _slip(request: Any, roster: Any) -> Any:
    """The slip in the address that waits for this roster, if there is one."""
    try:
        key = UUID(request.GET.get("slip", ""))
    except ValueError:
        return None
    return queries.slips_waiting(request.by).filter(pk=key, roster=roster).first()


def _read(request: Any, lines: list[dict[str, Any]], slip: Any) -> dict[str, str]:
    """Fill each line with its text and fen; what is wrong, at the field."""
    errors = {}
    usual = _spread(slip.amount_fen, lines) if slip else [line["share"].left_fen for line in lines]
    for line, fen in zip(lines, usual, strict=True):
        line["text"] = request.POST.get(line["name"], money.yuan(fen) if fen else "").strip()
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


def _spread(amount_fen: int, lines: list[dict[str, Any]]) -> list[int]:
    """A slip's amount on the line that it fits, else on the lines in order."""
    left = [line["share"].left_fen for line in lines]
    if amount_fen in left:
        fits = left.index(amount_fen)
        return [amount_fen if at == fits else 0 for at in range(len(left))]
    given = []
    for fen in left:
        given.append(min(fen, amount_fen))
        amount_fen -= given[-1]
    return given


def _recorded(request: Any, lines: list[dict[str, Any]], slip: Any) -> bool:
    parts = [services.Money(line["share"], line["fen"]) for line in lines if line["fen"]]
    try:
        services.record_transfer(
            parts=parts,
            received_on=date.fromisoformat(request.POST["received_on"]),
            bank_reference=request.POST["bank_reference"],
            slip=slip,
            by=request.by,
            at=request.now,
        )
    except (services.ReceiptRefused, SlipRefused, NotAllowed) as refused:
        told(request, refused)
        return False
    total = money.spoken(sum(part.amount_fen for part in parts))
    messages.success(request, f"已登记到账 {total} 元，记入账簿并开了收据。会费到齐的方案，保障已经生效。")
    return True
