"""Long exports: what waits for this person's word, what they asked for themself, what was settled."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from huzhu.users import exports
from huzhu.users.permissions import ALLOWED, NotAllowed
from huzhu.web import lists
from huzhu.web.access import answered, staff

ASKERS, APPROVERS = sorted(ALLOWED["lists.export"]), sorted(ALLOWED["lists.approve"])
WHICH = lists.Filter(
    "which", "范围", (("mine", "等您批准"), ("own", "您申请的"), ("settled", "办过的")), default="mine"
)


@require_safe
@staff(*ASKERS)
def listed(request: Any) -> HttpResponse:
    """Requests of the branch; the list of exports is not itself exported."""
    asked = lists.read(request, "导出审批", WHICH, exports=False)
    found = exports.to_settle(request.by)
    if asked["which"] != "mine":
        found = exports.visible_to(request.by)
    if asked["which"] == "own":
        found = found.filter(person=request.by.user_id)
    if asked["which"] == "settled":
        found = found.exclude(state="waiting")
    return render(request, "web/desks/exports.html", lists.shown(request, asked, found))


@require_POST
@staff(*APPROVERS)
def settle(request: Any, pk: int) -> HttpResponse:
    """The second person's word."""
    found = get_object_or_404(exports.visible_to(request.by), pk=pk)
    agree, reason = request.POST.get("do") == "agree", request.POST.get("reason", "")
    with answered(request, (exports.ExportRefused, NotAllowed)):
        exports.settle(request=found, agree=agree, reason=reason, by=request.by, at=request.now)
        who = found.person.name
        messages.success(
            request, f"已批准，{who}一天之内可以导出一次。" if agree else f"没有批准，{who}看得到理由。"
        )
    return redirect("web:exports")
