"""One roster: preview with errors at the cell, then what it became."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from huzhu.contributions import queries as contributions
from huzhu.contributions.services import accept_roster
from huzhu.contributions.splits import SplitOverFee
from huzhu.core.identity import masked
from huzhu.enrolment import approval, expiring, queries, services
from huzhu.enrolment.certificate import MOST
from huzhu.enrolment.line import LABELS
from huzhu.enrolment.rows import is_large
from huzhu.members import queries as members
from huzhu.users.permissions import may
from huzhu.web.access import answered, staff, told
from huzhu.web.once import once
from huzhu.web.rosters.absent import READERS as ABSENT_READERS
from huzhu.web.rosters.approval import waiting
from huzhu.web.rosters.mending import cells, grid
from huzhu.web.rosters.money import money_of
from huzhu.web.rosters.upload import CLERKS
from huzhu.web.rosters.working import handed_over, under_way

READERS = (*CLERKS, "payment_maker", "auditor")
PAGE = 50
REFUSED = (services.RosterRefused, SplitOverFee)


@require_safe
@staff(*READERS)
def roster(request: Any, pk: Any) -> HttpResponse:
    """One roster, as its state wants it shown."""
    found = _found(request, pk)
    if run := under_way(found):
        return _underway(request, found, run)
    if found.state == "staged":
        return _preview(request, found)
    if found.state in {"at_county", "at_agency"}:
        return waiting(request, found)
    if found.state == "mapping" and may(request.by, "rosters.upload", found.employer):
        return redirect("web:roster-columns", found.pk)
    if found.state in {"reading", "mapping", "accepting"}:
        return _underway(request, found, None)
    return _settled(request, found)


def _found(request: Any, pk: Any) -> Any:
    return get_object_or_404(queries.rosters_visible_to(request.by), pk=pk)


def _underway(request: Any, found: Any, run: Any) -> HttpResponse:
    """The worker has it: its progress for who asked, a sentence for others, a way out where it was broken off."""
    if run and run.asked_by_id == request.by.pk:
        return redirect("web:job", run.pk)
    shown = {
        "roster": found,
        "run": run,
        "may_change": may(request.by, "rosters.upload", found.employer),
        "needs_approval": approval.needed(found),
        "is_turn": approval.turn_of(found, request.by),
    }
    return render(request, "web/rosters/underway.html", shown)


def _preview(request: Any, found: Any) -> HttpResponse:
    good, bad = queries.tally(found)
    only_bad = bool(bad) and request.GET.get("show") != "all"
    rows = queries.to_mend(found) if only_bad else queries.every_row(found)
    pages = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    may_change = may(request.by, "rosters.accept", found.employer)
    if may_change and any(not row.joins for row in pages):
        services.note_reading(roster=found, by=request.by, at=request.now)
    held = queries.where_held([row.id_number for row in pages if "id_number" in row.problems], request.by)
    left = queries.left_before([row.id_number for row in pages], request.by)
    try:
        plans, last_days = contributions.plans(found), queries.last_days(found)
    except SplitOverFee as error:
        told(request, error)
        plans, last_days = [], {}
    shared = grid(found)
    shown = {
        "roster": found,
        "good": good,
        "bad": bad,
        "only_bad": only_bad,
        "pages": pages,
        "also": "" if only_bad else "&show=all",
        "rows": [cells(row, shared, held, left) for row in pages],
        "labels": [LABELS[column] for column in shared["columns"]],
        "not_told": queries.not_told(found, shared["refused"]),
        "absent": request.by.code in ABSENT_READERS and expiring.absent(found, request.by).count(),
        "plans": [(plan, last_days[plan.edition]) for plan in plans],
        "lacks": queries.findings(found),
        "half_accounts": queries.half_accounts(found),
        "total": contributions.total_fen(plans),
        "by_habit": found.reading.get("source") == "habit",
        "may_change": may_change,
        "needs_approval": approval.needed(found),
        "offices": approval.wanted(found),
        "returned": approval.sent_back(found),
    }
    return render(request, "web/rosters/preview.html", shown)


def _settled(request: Any, found: Any) -> HttpResponse:
    asked = request.GET.get("q", "").strip()[:40]
    people = queries.visible_to(request.by).filter(roster=found).order_by("certificate_no")
    if asked:
        people = people.filter(member__in=members.search(request.by, asked))
    pages = Paginator(people, PAGE).get_page(request.GET.get("page"))
    dues = contributions.dues_of(found)
    begins = set(found.beginnings.values_list("edition", flat=True))
    shown = {
        "roster": found,
        "steps": approval.round_of(found),
        "dues": dues,
        "begins": begins,
        "left": sum(due.left_fen for due in dues),
        "pages": pages,
        "rows": [(one, masked(one.member.id_number)) for one in pages],
        "asked": asked,
        "also": f"&q={asked}" if asked else "",
        "papers": sum(due.heads for due in dues if not due.left_fen and due.edition_id not in begins),
        "most": MOST,
        "may_receive": may(request.by, "contributions.receive", found.employer),
        "money": money_of(request.by, found, dues, request.now),
    }
    return render(request, "web/rosters/settled.html", shown)


@require_POST
@staff(*CLERKS)
@once("rosters.accept")
def accept(request: Any, pk: Any) -> HttpResponse:
    """The good rows become cover that waits for money."""
    found = _found(request, pk)
    if found.state == "staged" and approval.needed(found):
        return _submitted(request, found)
    if found.state in {"staged", "accepting"} and is_large(found):
        arguments = {"good_only": "good_only" in request.POST}
        title = f"确认名册：{found.employer.name}"
        return handed_over(request, "rosters.accept", found, title, arguments)
    try:
        dues = accept_roster(
            roster=found, good_only="good_only" in request.POST, by=request.by, at=request.now
        )
    except services.RowsChanged as changed:
        services.judge_again(roster=found, by=request.by, at=request.now)
        told(request, changed)
    except REFUSED as refused:
        told(request, refused)
    else:
        heads = max((due.heads for due in dues), default=0)
        messages.success(request, f"已确认，{heads} 人参加。请按下面的应缴付款；会费到齐后保障生效。")
    return redirect("web:roster", found.pk)


def _submitted(request: Any, found: Any) -> HttpResponse:
    """An office above wants to see it first."""
    with answered(request, (approval.ApprovalRefused, services.RosterRefused)):
        approval.submit(roster=found, good_only="good_only" in request.POST, by=request.by, at=request.now)
        messages.success(request, "已提交审批，同意以前没有人参加。走到哪里，这一页和工作台上都看得到。")
    return redirect("web:roster", found.pk)


@require_POST
@staff(*CLERKS)
def cancel(request: Any, pk: Any) -> HttpResponse:
    """A staged roster is given up; nobody was enrolled by it."""
    found = _found(request, pk)
    with answered(request, services.RosterRefused):
        services.cancel(roster=found, by=request.by, at=request.now)
        messages.success(request, "名册已作废，没有人因它参加。可以重新上传。")
    return redirect("web:rosters")
