"""One participation for the agency: its certificate voided, confirmed and issued anew; its end before it begins."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from huzhu.contributions import withdrawing
from huzhu.core.identity import masked
from huzhu.enrolment import certifying, queries
from huzhu.enrolment.certificate import period
from huzhu.users.permissions import NotAllowed, may
from huzhu.web.access import staff, told
from huzhu.web.rosters.upload import CLERKS

HOLDERS = (*CLERKS, "auditor")
REFUSED = (certifying.VoidRefused, withdrawing.EndRefused, NotAllowed)


@require_safe
@staff(*HOLDERS)
def cover(request: Any, pk: Any) -> HttpResponse:
    """One participation, its certificates one after the other, and what the agency may do."""
    found = get_object_or_404(queries.visible_to(request.by), pk=pk)
    shown = {
        "cover": found,
        "id_number": masked(found.member.id_number),
        "period": period(found),
        "void": certifying.void_of(found),
        "voids": certifying.voids_visible_to(request.by).filter(enrolment=found),
        "may_void": may(request.by, "certificates.void", found.employer),
        "may_confirm": certifying.to_confirm(request.by).filter(enrolment=found).exists(),
        "may_end": may(request.by, "enrolments.end", found.employer),
        "no_end": withdrawing.may_end(found, request.now),
    }
    return render(request, "web/rosters/cover.html", shown)


@require_safe
@staff("agency_clerk")
def voids(request: Any) -> HttpResponse:
    """Voids that wait for a second person, and the newest of the others."""
    waiting = list(certifying.to_confirm(request.by)[:100])
    keys = {one.pk for one in waiting}
    others = [one for one in certifying.voids_visible_to(request.by)[:100] if one.pk not in keys]
    return render(request, "web/rosters/voids.html", {"waiting": waiting, "others": others})


@require_POST
@staff("agency_clerk")
def settle(request: Any, pk: Any) -> HttpResponse:
    """The second person's word."""
    found = get_object_or_404(certifying.voids_visible_to(request.by), pk=pk)
    agree = request.POST.get("agree") == "1"
    try:
        certifying.settle_void(void=found, agree=agree, by=request.by, at=request.now)
    except REFUSED as refused:
        told(request, refused)
    else:
        said = "已作废；保障不受影响，需要的请换发新的保障书。" if agree else "没有作废，保障书仍然有效。"
        messages.success(request, said)
    return redirect("web:cover", found.enrolment_id)


@require_POST
@staff("agency_clerk")
def act(request: Any, pk: Any, verb: str) -> HttpResponse:
    """Propose to void, issue anew, or end what has not begun."""
    found = get_object_or_404(queries.visible_to(request.by), pk=pk)
    if verb not in ACTS:
        raise Http404
    reason = {"reason": request.POST.get("reason", "")} if verb != "reissue" else {}
    do, said = ACTS[verb]
    try:
        do(enrolment=found, by=request.by, at=request.now, **reason)
    except REFUSED as refused:
        told(request, refused)
    else:
        messages.success(request, said)
    return redirect("web:cover", pk)


ACTS: dict[str, tuple[Any, str]] = {
    "void": (certifying.propose_void, "已提出作废，等代办处的另一位同事复核；复核以前保障书仍然有效。"),
    "reissue": (certifying.reissue, "已换发新的编号和查验码，请打印新的保障书交给本人。"),
    "end": (withdrawing.end_before_start, "已退出：没有保障，也不再欠这一份会费。"),
}
