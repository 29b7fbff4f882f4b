"""Approval of rosters: what waits for this office, the word of an office, and who asks for approval at all."""

from collections.abc import Iterator
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
from huzhu.enrolment import approval, expiring, queries, services
from huzhu.enrolment.rows import is_large
from huzhu.organisations import queries as organisations
from huzhu.users.permissions import NotAllowed, may
from huzhu.web import lists
from huzhu.web.access import answered, staff, told
from huzhu.web.employers.choosing import FINDS, named
from huzhu.web.once import once
from huzhu.web.rosters.working import handed_over
from huzhu.web.workbooks import Cell

APPROVERS = ("county_clerk", "agency_clerk")
WHOSE = lists.Filter(
    "whose", "范围", (("mine", "等您审批"), ("others", "等别人审批"), ("given", "审批过的")), default="mine"
)
HEADS = ("单位", "保障起日", "上传时间", "机构", "状态", "经办", "时间", "理由")
PAGE = 50


@require_safe
@staff(*APPROVERS)
def approvals(request: Any) -> HttpResponse:
    """Rosters that wait for this office, that wait for others, what was said; and the rules."""
    asked = lists.read(request, "名册审批", WHOSE, finds=FINDS, unit="份")
    found = _of(request.by, asked["whose"])
    if asked.text:
        found = found.filter(roster__employer__in=named(request.by, asked.text))
    if asked.takes:
        return lists.taken(request, asked, HEADS, found, _cells)
    shown = lists.shown(request, asked, found) | {
        "may_rule": may(request.by, "rosters.approval_rule"),
        "rules": approval.rules_visible_to(request.by),
        "places": organisations.visible_to(request.by).exclude(kind="employer"),
        "choices": approval.RULES,
    }
    return render(request, "web/rosters/approvals.html", shown)


def _of(by: Any, whose: str) -> Any:
    if whose == "mine":
        return approval.waiting_for(by)
    if whose == "others":
        return approval.under_way(by).exclude(pk__in=approval.waiting_for(by).values("pk"))
    return approval.given(by)


def _cells(rows: list[Any]) -> Iterator[tuple[Cell, ...]]:
    for step in rows:
        said = step.office.name, step.get_state_display(), step.actor_name, lists.minute(step.at), step.reason
        roster = step.roster
        yield (roster.employer.name, roster.cover_starts_on, lists.minute(roster.uploaded_at), *said)


@require_POST
@staff("agency_clerk")
def rule(request: Any) -> HttpResponse:
    """Ask for approval in a county or group, or no longer."""
    key = request.POST.get("place", "")
    place = get_object_or_404(organisations.visible_to(request.by), pk=key if key.isdecimal() else 0)
    with answered(request, (approval.ApprovalRefused, NotAllowed)):
        set_to = approval.set_rule(
            organisation=place, steps=request.POST.get("steps", ""), by=request.by, at=request.now
        )
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
        "absent": expiring.absent(found, request.by).count(),
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
@once("rosters.approve")
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
