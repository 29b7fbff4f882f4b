"""The agency's desk for individuals: what was handed in, one in full with its slip, approve, return, refuse."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from huzhu.contributions.individuals import approve
from huzhu.contributions.splits import SplitOverFee
from huzhu.core.identity import mask_account, mask_phone, masked
from huzhu.enrolment import applications, queries, unpaid
from huzhu.enrolment.services import RosterRefused
from huzhu.users.permissions import may
from huzhu.web import lists
from huzhu.web.access import staff, told
from huzhu.web.once import once
from huzhu.web.workbooks import Cell

READERS = ("agency_clerk", "auditor")
FINDS = "申请编号、姓名、拼音首字母、身份证末四位"
HEADS = ("申请编号", "姓名", "身份证号", "职业", "方案", "提交", "状态")
REASONS = ("手机打不通，请核对", "平台或工作地点没有写清楚", "职工医保没有查到，请先参加医保")


@require_safe
@staff(*READERS)
def listed(request: Any) -> HttpResponse:
    """Applications of the branch, those that wait first."""
    states = lists.Filter(
        "state", "状态", (("all", "全部"), *queries.APPLICATION_STATES), default="submitted"
    )
    asked = lists.read(request, "个人参加", states, finds=FINDS, unit="件")
    found = queries.applications_visible_to(request.by)
    found = found.filter(state=asked["state"]) if asked["state"] != "all" else found
    found = queries.matching(found, asked.text) if asked.text else found
    if asked.takes:
        return lists.taken(request, asked, HEADS, found, _cells)
    shown = lists.shown(request, asked, found)
    shown["rows"] = [(one, masked(one.id_number)) for one in shown["pages"]]
    return render(request, "web/entry/applications.html", shown)


def _cells(rows: list[Any]) -> Iterator[tuple[Cell, ...]]:
    for one in rows:
        work = "，".join(filter(None, (one.get_occupation_display(), one.platform)))
        when, state = lists.minute(one.submitted_at), one.get_state_display()
        yield (one.number, one.name, masked(one.id_number), work, one.edition.short, when, state)


def _found(request: Any, pk: Any) -> Any:
    return get_object_or_404(queries.applications_visible_to(request.by), pk=pk)


@require_safe
@staff(*READERS)
def application(request: Any, pk: Any) -> HttpResponse:
    """One application with the entry slip as it would be judged today."""
    found = _found(request, pk)
    is_open = found.state == "submitted"
    shown = {
        "found": found,
        "id_number": masked(found.id_number),
        "phone": mask_phone(found.phone),
        "account": mask_account(found.account or ""),
        "fee_fen": found.edition.fee_for("individual"),
        "slip": applications.judge(application=found, at=request.now) if is_open else None,
        "cover": queries.cover_of(found),
        "pay_by": unpaid.pay_by(found) if found.state == "approved" else None,
        "may_review": is_open and may(request.by, "applications.review", found.agency),
        "reasons": REASONS,
    }
    return render(request, "web/entry/application.html", shown)


@require_POST
@staff("agency_clerk")
@once("applications.act")
def act(request: Any, pk: Any, verb: str) -> HttpResponse:
    """approve, return or refuse."""
    found = _found(request, pk)
    said: dict[str, Any] = {"application": found, "by": request.by, "at": request.now}
    reason = request.POST.get("reason", "")
    try:
        if verb == "approve":
            approve(**said)
            messages.success(request, f"{found.number} 已通过，等 {found.name} 缴费；到账的第二天起保障。")
        elif verb == "return":
            applications.send_back(**said, reason=reason)
            messages.success(request, f"{found.number} 已退回，{found.name}会收到短信。")
        elif verb == "refuse":
            applications.refuse(**said, reason=reason)
            messages.success(request, f"{found.number} 不予参加，{found.name}会收到短信。")
        else:
            raise Http404
    except (applications.ApplicationRefused, RosterRefused, SplitOverFee) as refused:
        told(request, refused)
    return redirect("web:application", found.pk)
