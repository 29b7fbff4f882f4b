"""Rosters as a list, and one of them: preview with errors at the cell, then what it became."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from huzhu.contributions import queries as contributions
from huzhu.contributions.services import accept_roster
from huzhu.contributions.splits import SplitOverFee
from huzhu.core.identity import mask_account, mask_phone, masked
from huzhu.enrolment import queries, services
from huzhu.enrolment.certificate import MOST
from huzhu.enrolment.line import LABELS
from huzhu.members import queries as members
from huzhu.users.permissions import may
from huzhu.web.access import staff, told
from huzhu.web.rosters.money import money_of
from huzhu.web.rosters.upload import CLERKS

READERS = (*CLERKS, "payment_maker", "auditor")
PAGE = 50
COLUMNS = ("name", "id_number", "phone", "sex", "bank_name", "account")
REFUSED = (services.RosterRefused, SplitOverFee)


@require_safe
@staff(*READERS)
def rosters(request: Any) -> HttpResponse:
    """Every roster of the branch: its state, its people, what it owes."""
    seen = queries.rosters_visible_to(request.by)
    if (state := request.GET.get("state", "")) in queries.ROSTER_STATES:
        seen = seen.filter(state=state)
    pages = Paginator(contributions.with_sums(seen), PAGE).get_page(request.GET.get("page"))
    shown = {
        "pages": pages,
        "state": state,
        "states": queries.ROSTER_STATES.items(),
        "also": f"&state={state}" if state else "",
        "may_upload": may(request.by, "rosters.upload"),
        "parts": _parts(request) if request.by.code == "employer_clerk" else [],
    }
    return render(request, "web/rosters/rosters.html", shown)


def _parts(request: Any) -> range:
    """The PDF files that all certificates of the employer make today."""
    held = queries.visible_to(request.by).in_force().covering(request.today).count()
    return range(1, -(-held // MOST) + 1)


@require_safe
@staff(*READERS)
def roster(request: Any, pk: Any) -> HttpResponse:
    """One roster, as its state wants it shown."""
    found = _found(request, pk)
    if found.state == "staged":
        return _preview(request, found)
    return _settled(request, found)


def _found(request: Any, pk: Any) -> Any:
    return get_object_or_404(queries.rosters_visible_to(request.by), pk=pk)


def _preview(request: Any, found: Any) -> HttpResponse:
    good, bad = queries.tally(found)
    wrong = Paginator(queries.to_mend(found), PAGE).get_page(request.GET.get("bad")) if bad else None
    pages = Paginator(queries.good(found), PAGE).get_page(request.GET.get("page"))
    if wrong:
        services.note_reading(roster=found, by=request.by, at=request.now)
    try:
        plans, last_days = contributions.plans(found), queries.last_days(found)
    except SplitOverFee as error:
        told(request, error)
        plans, last_days = [], {}
    shown = {
        "roster": found,
        "good": good,
        "bad": bad,
        "wrong": wrong,
        "cells": [_cells(row) for row in wrong] if wrong else [],
        "pages": pages,
        "rows": [_masked(row) for row in pages],
        "plans": [(plan, last_days[plan.edition]) for plan in plans],
        "lacks": queries.findings(found),
        "total": contributions.total_fen(plans),
        "may_change": may(request.by, "rosters.accept", found.employer),
    }
    return render(request, "web/rosters/preview.html", shown)


def _cells(row: Any) -> dict[str, Any]:
    """Boxes for the cells a person may have to mend; the last three only where something is wrong with them."""
    boxes = [
        {
            "column": column,
            "label": LABELS[column],
            "name": f"{column}-{row.pk}",
            "value": getattr(row, column) or "",
            "error": row.problems.get(column, ""),
            "folded": column in COLUMNS[3:] and column not in row.problems,
        }
        for column in COLUMNS
    ]
    return {"row": row, "boxes": [box for box in boxes if not box["folded"]]}


def _masked(row: Any) -> dict[str, Any]:
    return {
        "number": row.number,
        "name": row.name,
        "id_number": masked(row.id_number or ""),
        "phone": mask_phone(row.phone or ""),
        "account": mask_account(row.account or ""),
    }


def _settled(request: Any, found: Any) -> HttpResponse:
    asked = request.GET.get("q", "").strip()[:40]
    people = queries.visible_to(request.by).filter(roster=found).order_by("certificate_no")
    if asked:
        people = people.filter(member__in=members.search(request.by, asked))
    pages = Paginator(people, PAGE).get_page(request.GET.get("page"))
    dues = contributions.dues_of(found)
    shown = {
        "roster": found,
        "dues": dues,
        "left": sum(due.left_fen for due in dues),
        "pages": pages,
        "rows": [(one, masked(one.member.id_number)) for one in pages],
        "asked": asked,
        "also": f"&q={asked}" if asked else "",
        "parts": range(1, -(-sum(due.heads for due in dues if not due.left_fen) // MOST) + 1),
        "may_receive": may(request.by, "contributions.receive", found.employer),
        "money": money_of(request.by, found, dues),
    }
    return render(request, "web/rosters/settled.html", shown)


@require_POST
@staff(*CLERKS)
def mend(request: Any, pk: Any) -> HttpResponse:
    """Cells typed again; the preview says what is left."""
    found = _found(request, pk)
    changes: dict[str, dict[str, str]] = {}
    for name, text in request.POST.items():
        column, _, row = name.partition("-")
        if column in COLUMNS and row and isinstance(text, str):
            changes.setdefault(row, {})[column] = text[:120]
    try:
        left = services.mend(roster=found, changes=changes, by=request.by, at=request.now)
    except services.RosterRefused as refused:
        told(request, refused)
    else:
        said = f"已保存。还有 {left} 行有问题。" if left else "已保存，每一行都好了。请核对后确认参加。"
        messages.success(request, said)
    return redirect("web:roster", found.pk)


@require_POST
@staff(*CLERKS)
def accept(request: Any, pk: Any) -> HttpResponse:
    """The good rows become cover that waits for money."""
    found = _found(request, pk)
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


@require_POST
@staff(*CLERKS)
def cancel(request: Any, pk: Any) -> HttpResponse:
    """A staged roster is given up; nobody was enrolled by it."""
    found = _found(request, pk)
    try:
        services.cancel(roster=found, by=request.by, at=request.now)
    except services.RosterRefused as refused:
        told(request, refused)
    else:
        messages.success(request, "名册已作废，没有人因它参加。可以重新上传。")
    return redirect("web:rosters")
