"""Approval of rosters: what waits for this office, the word of an office, and who asks for approval at all."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from huzhu.contributions import queries as contributions
from huzhu.contributions.approving import approve_roster
from huzhu.contributions.splits import SplitOverFee
from huzhu.core.identity import mask_phone, masked
from huzhu.enrolment import approval, queries, services
from huzhu.enrolment.rows import is_large
from huzhu.organisations import queries as organisations
from huzhu.users.permissions import NotAllowed, may
from huzhu.web.access import staff, told
from huzhu.web.rosters.working import handed_over

APPROVERS = ("county_clerk", "agency_clerk")
PAGE = 50


@require_safe
@staff(*APPROVERS)
def approvals(request: Any) -> HttpResponse:
    """Rosters that wait for this office, those of the branch that wait for others, and the rules."""
    mine = list(approval.waiting_for(request.by)[:PAGE])
    keys = {step.pk for step in mine}
    shown = {
        "mine": mine,
        "others": [step for step in approval.under_way(request.by)[:PAGE] if step.pk not in keys],
        "may_rule": may(request.by, "rosters.approval_rule"),
        "rules": approval.rules_visible_to(request.by),
        "places": organisations.visible_to(request.by).exclude(kind="employer"),
        "choices": approval.RULES,
    }
    return render(request, "web/rosters/approvals.html", shown)


@require_POST
@staff("agency_clerk")
def rule(request: Any) -> HttpResponse:
    """Ask for approval in a county or group, or no longer."""
    key = request.POST.get("place", "")
    place = get_object_or_404(organisations.visible_to(request.by), pk=key if key.isdecimal() else 0)
    try:
        set_to = approval.set_rule(
            organisation=place, steps=request.POST.get("steps", ""), by=request.by, at=request.now
        )
    except (approval.ApprovalRefused, NotAllowed) as refused:
        told(request, refused)
    else:
        messages.success(request, f"已设定：{place.name}下属单位的名册，{set_to.get_steps_display()}。")
    return redirect("web:approvals")


def waiting(request: Any, found: Any) -> HttpResponse:
    """A roster in the hands of an office: its steps, its people, its cost, and the office's own buttons."""
    pages = Paginator(queries.every_row(found).exclude(joins=""), PAGE).get_page(request.GET.get("page"))
    try:
        plans = contributions.plans(found)
    except SplitOverFee as error:
        told(request, error)
        plans = []
    shown = {
        "roster": found,
        **steps(found),
        "pages": pages,
        "rows": [(row, masked(row.id_number or ""), mask_phone(row.phone or "")) for row in pages],
        "plans": plans,
        "total": contributions.total_fen(plans),
        "is_turn": approval.turn_of(found, request.by),
    }
    return render(request, "web/rosters/approving.html", shown)


def steps(found: Any) -> dict[str, Any]:
    """Who had the roster, who has it, who will; and why it came back."""
    return {
        "steps": approval.round_of(found),
        "ahead": approval.ahead(found),
        "returned": approval.sent_back(found),
    }


@require_POST
@staff(*APPROVERS)
def approve(request: Any, pk: Any) -> HttpResponse:
    """This office agrees; after the last one everybody on the list joins."""
    found = get_object_or_404(queries.rosters_visible_to(request.by), pk=pk)
    if approval.is_last(found) and is_large(found):
        return _handed_over(request, found)
    try:
        dues = approve_roster(roster=found, by=request.by, at=request.now)
    except services.RowsChanged:
        told(request, ValueError(approval.CHANGED_MEANWHILE))
    except (approval.ApprovalRefused, services.RosterRefused, SplitOverFee, NotAllowed) as refused:
        told(request, refused)
    else:
        heads = max((due.heads for due in dues), default=0)
        said = f"已同意，{heads} 人参加，会费到齐后保障生效。" if dues else "已同意，名册交给下一个机构审批。"
        messages.success(request, said)
    return redirect("web:roster", pk)


def _handed_over(request: Any, found: Any) -> HttpResponse:
    """The last word on a large roster: it is accepted by the worker."""
    try:
        approval.check_turn(found, request.by)
    except (approval.ApprovalRefused, NotAllowed) as refused:
        told(request, refused)
        return redirect("web:roster", found.pk)
    return handed_over(request, "rosters.approve", found, f"审批并确认名册：{found.employer.name}")


@require_POST
@staff(*APPROVERS)
def send_back(request: Any, pk: Any) -> HttpResponse:
    """The employer must mend it first."""
    found = get_object_or_404(queries.rosters_visible_to(request.by), pk=pk)
    try:
        approval.send_back(roster=found, reason=request.POST.get("reason", ""), by=request.by, at=request.now)
    except (approval.ApprovalRefused, services.RosterRefused, NotAllowed) as refused:
        told(request, refused)
    else:
        messages.success(request, "已退回，单位会看到理由，改好后再提交。")
        if is_large(found):
            return handed_over(request, "rosters.judge", found, f"重新核对名册：{found.employer.name}")
    return redirect("web:roster", pk)
