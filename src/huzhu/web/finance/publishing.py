"""Accounts for everybody: proposed by one, published by another, read without a login."""

import re
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from huzhu.disclosure import queries, services
from huzhu.ledger import queries as ledger
from huzhu.users.permissions import may
from huzhu.web.access import answered, staff
from huzhu.web.finance.books import READERS

_MONTH = re.compile(r"20\d\d-(?:0[1-9]|1[0-2])", re.ASCII)


@require_safe
def accounts(request: HttpRequest) -> HttpResponse:
    """Every span that was published, newest first; the newest in full."""
    found = list(queries.published())
    return render(request, "web/accounts.html", {"found": found, "one": found[0] if found else None})


@require_safe
def one_accounts(request: HttpRequest, pk: int) -> HttpResponse:
    """One published span."""
    one = get_object_or_404(queries.published(), pk=pk)
    return render(request, "web/accounts.html", {"found": list(queries.published()), "one": one})


@require_safe
@staff(*READERS)
def disclosures(request: Any) -> HttpResponse:
    """What was proposed and published, with its figures."""
    book = _book(request)
    shown = {
        "found": queries.of_book(request.by, book),
        "months": [one.month for one in ledger.months(book) if one.state == "closed"],
        "may_propose": may(request.by, "disclosure.propose", within=book),
        "may_publish": may(request.by, "disclosure.publish", within=book),
    }
    return render(request, "web/finance/disclosures.html", shown)


@require_POST
@staff("payment_maker")
def propose(request: Any) -> HttpResponse:
    """A span of closed months."""
    book = _book(request)
    first, last = request.POST.get("first", ""), request.POST.get("last", "")
    with answered(request, services.REFUSALS):
        if not (_MONTH.fullmatch(first) and _MONTH.fullmatch(last)):
            raise services.CannotPublish("没有选起止月份，没有提出。请选关了账的月份。")
        services.propose(book=book, first=first, last=last, by=request.by, at=request.now)
        messages.success(request, f"{first} 至 {last} 的公示已提出，等另一个人公布。")
    return redirect("web:disclosures")


@require_POST
@staff("payment_releaser")
def publish(request: Any, pk: int) -> HttpResponse:
    """The other person publishes it, or sends it back."""
    found = get_object_or_404(queries.of_book(request.by, _book(request)), pk=pk)
    verb = services.send_back if "back" in request.POST else services.publish
    with answered(request, services.REFUSALS):
        done = verb(accounts=found, by=request.by, at=request.now)
        messages.success(request, f"{done}：{done.get_state_display()}。")
    return redirect("web:disclosures")


def _book(request: Any) -> Any:
    book = ledger.book_for(request.by)
    if book is None:
        raise Http404
    return book
