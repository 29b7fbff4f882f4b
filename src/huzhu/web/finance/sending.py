"""What the offices collected, sent up, and what was paid for their members; a remittance sent and seen to arrive."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from huzhu.contributions.claiming import NO_SCHEME
from huzhu.core import money
from huzhu.ledger import lifecycle, offices, periods, remitting, services
from huzhu.schemes.queries import short_names
from huzhu.users.permissions import NotAllowed
from huzhu.web import lists
from huzhu.web.access import answered, staff
from huzhu.web.once import once
from huzhu.web.workbooks import Cell, yuan

SEES = ("agency_clerk", "payment_maker", "payment_releaser", "auditor", "leader")
# head, what of a flow, and the account whose entries it opens to ("": the statement, which has several)
COLUMNS = (
    ("收到会费", "fees_fen", ""),
    ("多缴待退", "over_fen", ""),
    ("其他收支", "other_fen", ""),
    ("上解", "sent_fen", "1002"),
    ("已到省", "arrived_fen", "1001"),
    ("为会员给付", "paid_fen", "1001"),
    ("收款户余额", "lying_fen", "1003"),
    ("在途", "in_transit_fen", "1002"),
    ("应付未付", "owed_fen", "2001"),
    ("在省余额", "at_province_fen", "1001"),
)
HEADS = ("机构", "方案", *(head for head, *_ in COLUMNS))
REFUSALS = (
    NotAllowed,
    lifecycle.CannotMove,
    periods.SamePerson,
    remitting.RemittanceRefused,
    services.CannotReverse,
    services.EntryRefused,
    money.NotMoney,
)


@require_safe
@staff(*SEES)
def flows(request: Any) -> HttpResponse:
    """By office and scheme, for the months asked; below it the remittances."""
    names = {NO_SCHEME: "不分方案"} | short_names()
    offered = offices.choices(request.by)
    schemes = [(slug, names.get(slug, slug)) for slug, _ in offered["schemes"]]
    asked = lists.read(
        request,
        "上解和给付",
        lists.Filter("office", "机构", offered["offices"]),
        lists.Filter("scheme", "方案", schemes),
        lists.Filter("since", "从", kind="month"),
        lists.Filter("until", "到", kind="month"),
        unit="行",
    )
    found = offices.flows(request.by, asked["since"], asked["until"], asked["office"], asked["scheme"])

    def cells(rows: list[Any]) -> Iterator[tuple[Cell, ...]]:
        for one in rows:
            yield (
                one.office.name,
                names.get(one.scheme_slug, one.scheme_slug),
                *(yuan(getattr(one, name)) for _, name, _ in COLUMNS),
            )

    if asked.takes:
        return lists.taken(request, asked, HEADS, found, cells)
    shown = lists.shown(request, asked, found) | {
        "heads": HEADS,
        "sums": [sum(getattr(one, name) for one in found) for _, name, _ in COLUMNS],
        "lying_fen": sum(one.lying_fen for one in found),
        "short": [(names.get(slug, slug), fen) for slug, fen in offices.overdrawn(request.by)],
        "remittances": offices.remittances(request.by)[:100],
        "sends": request.by.code == "agency_clerk",
        "settles": request.by.code == "payment_maker",
    }
    opens = not shown["sends"]
    shown["rows"] = [
        (
            one,
            names.get(one.scheme_slug, one.scheme_slug),
            [(getattr(one, name), _opens(one, account) if opens else "") for _, name, account in COLUMNS],
        )
        for one in shown["pages"]
    ]
    return render(request, "web/finance/flows.html", shown)


def _opens(flow: Any, account: str) -> str:
    """The books behind a figure: the entries of its account, or the statement."""
    split = {"office": flow.office.pk, "scheme": flow.scheme_slug}
    if account:
        return f"{reverse('web:books-entries')}?{urlencode({'account': account, **split})}"
    return f"{reverse('web:books')}?{urlencode(split)}"


@require_POST
@staff("agency_clerk")
@once("remittances.send")
def send(request: Any) -> HttpResponse:
    """The agency writes down what it sent up."""
    with answered(request, REFUSALS):
        sent = remitting.send(
            office=request.by.organisation,
            amount_fen=money.fen(request.POST.get("amount", "").strip().replace(",", "")),
            sent_on=_day(request, "sent_on"),
            bank_reference=request.POST.get("reference", ""),
            by=request.by,
            at=request.now,
        )
        messages.success(request, f"上解 {money.spoken(sent.amount_fen)} 元已登记，等省里确认到账。")
    return redirect("web:flows")


@require_POST
@staff("payment_maker")
@once("remittances.settle")
def settle(request: Any, pk: int) -> HttpResponse:
    """The province sees it arrive, or sends it back."""
    found = get_object_or_404(offices.remittances(request.by), pk=pk)
    with answered(request, REFUSALS):
        if "back" in request.POST:
            remitting.give_back(
                remittance=found, reason=request.POST.get("reason", ""), by=request.by, at=request.now
            )
        else:
            remitting.arrive(
                remittance=found, arrived_on=_day(request, "arrived_on"), by=request.by, at=request.now
            )
        messages.success(request, f"{found} 已办。")
    return redirect("web:flows")


def _day(request: Any, name: str) -> date:
    try:
        return date.fromisoformat(request.POST.get(name, ""))
    except ValueError:
        raise remitting.RemittanceRefused("日期没有填对，没有登记。请照银行回单选择日期。") from None
