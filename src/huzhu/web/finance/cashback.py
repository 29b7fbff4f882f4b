"""Cash that employers give their workers back: by due, and person by person. No money of the fund."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from huzhu.contributions import cashback
from huzhu.contributions.withdrawing import EndRefused
from huzhu.web import lists
from huzhu.web.access import staff
from huzhu.web.finance import sources
from huzhu.web.workbooks import yuan

READERS = ("employer_clerk", "county_clerk", "agency_clerk", "payment_maker", "auditor")
HEADS = ("单位", "方案", "保障起日", "人数", "每人（元）", "合计（元）", "补给方", "状态")
PEOPLE = ("姓名", "身份证号", "应补（元）")


@require_safe
@staff(*READERS)
def dues(request: Any) -> HttpResponse:
    """What each employer owes its workers."""
    asked = lists.read(request, "补给职工的现金", unit="项")
    found = cashback.dues(request.by)
    if asked.takes:
        return lists.taken(request, asked, HEADS, found, lambda rows: map(_cells, cashback.owed(rows)))
    shown = lists.shown(request, asked, found)
    return render(request, "web/finance/cashback.html", shown | {"rows": cashback.owed(shown["pages"])})


def _cells(one: cashback.Owed) -> tuple[Any, ...]:
    due = one.due
    what = (due.roster.employer.name, due.edition.short, due.roster.cover_starts_on, due.heads)
    each = None if one.each_fen is None else yuan(one.each_fen)
    state = "应补" if one.is_due else "会费还没有到齐"
    return (*what, each, yuan(one.total_fen), one.payer, state)


@require_safe
@staff(*READERS)
def people(request: Any, pk: int) -> HttpResponse:
    """Who of one due is owed how much."""
    due = get_object_or_404(cashback.dues(request.by), pk=pk)
    asked = lists.read(request, "补给职工的现金名单", unit="人")
    try:
        rows, unknown = cashback.workers(due), ""
    except EndRefused as refused:
        rows, unknown = [], str(refused)
    if asked.takes and not unknown:
        return lists.taken(
            request,
            asked,
            PEOPLE,
            rows,
            lambda held: [(one.name, one.id_number, yuan(one.amount_fen)) for one in held],
        )
    shown = lists.shown(request, asked, rows) | {
        "due": due,
        "owed": cashback.owed([due])[0],
        "unknown": unknown,
        "booked": sources.booked(request.by, f"cashback:{due.pk}:"),
    }
    return render(request, "web/finance/cashback_people.html", shown)
