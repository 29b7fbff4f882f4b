"""The account fees are paid to: written down by the agency, confirmed by a second person."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from huzhu.contributions import collecting, queries
from huzhu.users.permissions import NotAllowed, may
from huzhu.web import numbers
from huzhu.web.access import staff

BOXES = ("holder", "bank_name", "number")


@require_http_methods(["GET", "HEAD", "POST"])
@staff("agency_clerk", "payment_maker")
def account(request: Any) -> HttpResponse:
    """What is in use, what waits for a second person, and the form."""
    error = _done(request) if request.method == "POST" else ""
    if request.method == "POST" and not error:
        return redirect("web:collecting")
    rows = list(queries.accounts_visible_to(request.by)[:50])
    open_ones = [row for row in rows if row.ended_at is None]
    shown = {
        "used": [row for row in open_ones if row.confirmed_at],
        "proposed": [
            (row, row.proposed_by != request.by.actor_id) for row in open_ones if not row.confirmed_at
        ],
        "ended": [row for row in rows if row.ended_at],
        "may_propose": may(request.by, "contributions.account"),
        "asked": request.POST,
        "error": error,
    }
    return render(request, "web/rosters/collecting.html", shown, status=422 if error else 200)


def _done(request: Any) -> str:
    """Do it, or say why not."""
    try:
        return ACTS[request.POST.get("do", "")](request)
    except KeyError:
        return "没有认出要办的事，什么也没有改变。请刷新页面再按一次。"
    except (collecting.AccountRefused, NotAllowed) as refused:
        return str(refused)


def _propose(request: Any) -> str:
    typed = {box: request.POST.get(box, "")[:100] for box in BOXES}
    collecting.propose(agency=request.by.organisation, **typed, by=request.by, at=request.now)
    messages.success(request, "账户已经登记，等另一个人对照开户许可证确认后启用；启用前通知单不会印它。")
    return ""


def _confirm(request: Any) -> str:
    collecting.confirm(account=_waiting(request), by=request.by, at=request.now)
    messages.success(request, "账户已经启用，以后的缴费通知单印这个账户。")
    return ""


def _decline(request: Any) -> str:
    collecting.decline(account=_waiting(request), by=request.by, at=request.now)
    messages.success(request, "没有启用这个账户。请登记的人核对后重新登记。")
    return ""


def _waiting(request: Any) -> Any:
    key = request.POST.get("account", "")
    return get_object_or_404(queries.accounts_visible_to(request.by), pk=numbers.sent(key))


ACTS = {"propose": _propose, "confirm": _confirm, "decline": _decline}
