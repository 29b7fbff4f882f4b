"""Rosters as a list: whose, from when, in which state, and what each owes."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from huzhu.contributions import queries as contributions
from huzhu.enrolment import approval, queries
from huzhu.enrolment.certificate import MOST
from huzhu.users.permissions import may
from huzhu.web import lists
from huzhu.web.access import staff
from huzhu.web.employers.choosing import FINDS, named, place_filter, within
from huzhu.web.rosters.roster import READERS
from huzhu.web.workbooks import Cell, yuan

STATE = lists.Filter("state", "状态", tuple(queries.ROSTER_STATES.items()))
MONTH = lists.Filter("month", "上传月份", kind="month")
HEADS = (
    "上传时间",
    "单位",
    "上级",
    "参加方式",
    "保障起日",
    "状态",
    "行数",
    "参加（人）",
    "应缴（元）",
    "未到账（元）",
)


@require_safe
@staff(*READERS)
def rosters(request: Any) -> HttpResponse:
    """Every roster of the branch: its state, its people, what it owes."""
    near = place_filter(request.by)
    asked = lists.read(request, "名册", STATE, near, MONTH, finds=FINDS, unit="份")
    found = queries.rosters_visible_to(request.by).select_related("employer__parent")
    if asked.text:
        found = found.filter(employer__in=named(request.by, asked.text))
    if asked["state"]:
        found = found.filter(state=asked["state"])
    if asked["place"]:
        found = found.filter(employer__in=within(request.by, asked["place"]))
    if since := asked.since("month"):
        found = found.filter(uploaded_at__gte=since, uploaded_at__lt=asked.before("month"))
    found = contributions.with_sums(approval.with_returned(found))
    if asked.takes:
        return lists.taken(request, asked, HEADS, found, _cells)
    shown = lists.shown(request, asked, found) | {
        "may_upload": may(request.by, "rosters.upload"),
        "papers": _held(request) if request.by.code == "employer_clerk" else 0,
        "most": MOST,
    }
    return render(request, "web/rosters/rosters.html", shown)


def _held(request: Any) -> int:
    """How many certificates of the employer are in force today."""
    return queries.visible_to(request.by).in_force().covering(request.today).count()


def _cells(rows: list[Any]) -> Iterator[tuple[Cell, ...]]:
    for one in rows:
        state = one.get_state_display()
        if one.is_returned and one.state == "staged":
            state += "，已退回"
        whose = one.employer.name, one.employer.parent.name, one.get_way_display()
        owes = one.people, yuan(one.due_fen), yuan(one.left_fen)
        sums = owes if one.state == "accepted" else (None, None, None)
        yield (lists.minute(one.uploaded_at), *whose, one.cover_starts_on, state, one.rows_count, *sums)
