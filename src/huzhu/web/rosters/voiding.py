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
from huzhu.web import lists
from huzhu.web.access import answered, staff
from huzhu.web.rosters.upload import CLERKS
from huzhu.web.workbooks import Cell

HOLDERS = (*CLERKS, "auditor")
WHICH = lists.Filter(
    "which", "范围", (("mine", "等您复核"), ("others", "等别人复核"), ("settled", "办过的")), default="mine"
)
FINDS = "保障书编号、姓名、拼音首字母、身份证末四位"
HEADS = ("编号", "姓名", "理由", "提出人", "提出时间", "状态", "复核人", "复核时间", "换发")
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
        "may_refund": may(request.by, "refunds.propose", found.employer)
        and found.state == "in_force"
        and found.cover_starts_on > request.today,
    }
    return render(request, "web/rosters/cover.html", shown)


@require_safe
@staff("agency_clerk")
def voids(request: Any) -> HttpResponse:
    """Voids that wait for a second person, the person's own that wait for another, and those that are settled."""
    asked = lists.read(request, "保障书作废", WHICH, finds=FINDS, unit="份")
    mine = certifying.to_confirm(request.by)
    found = mine if asked["which"] == "mine" else certifying.voids_visible_to(request.by)
    if asked["which"] == "others":
        found = found.filter(state="proposed").exclude(pk__in=mine.values("pk"))
    if asked["which"] == "settled":
        found = found.exclude(state="proposed")
    if asked.text:
        found = certifying.voids_matching(found, asked.text)
    if asked.takes:
        return lists.taken(request, asked, HEADS, found, lambda rows: map(_cells, rows))
    return render(request, "web/rosters/voids.html", lists.shown(request, asked, found))


def _cells(one: Any) -> tuple[Cell, ...]:
    asked = one.reason, one.proposed_name, lists.minute(one.proposed_at)
    settled = one.get_state_display(), one.settled_name, lists.minute(one.settled_at), one.replaced_by
    return (one.certificate_no, one.enrolment.member.name, *asked, *settled)


@require_POST
@staff("agency_clerk")
def settle(request: Any, pk: Any) -> HttpResponse:
    """The second person's word."""
    found = get_object_or_404(certifying.voids_visible_to(request.by), pk=pk)
    agree = request.POST.get("agree") == "1"
    with answered(request, REFUSED):
        certifying.settle_void(void=found, agree=agree, by=request.by, at=request.now)
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
    with answered(request, REFUSED):
        do(enrolment=found, by=request.by, at=request.now, **reason)
        messages.success(request, said)
    return redirect("web:cover", pk)


ACTS: dict[str, tuple[Any, str]] = {
    "void": (certifying.propose_void, "已提出作废，等代办处的另一位同事复核；复核以前保障书仍然有效。"),
    "reissue": (certifying.reissue, "已换发新的编号和查验码，请打印新的保障书交给本人。"),
    "end": (withdrawing.end_before_start, "已退出：没有保障，也不再欠这一份会费。"),
}
