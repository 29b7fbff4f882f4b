"""Which periods end soon or have just ended: whose, how many are not renewed, how far the renewal is."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from huzhu.enrolment import expiring
from huzhu.web import lists
from huzhu.web.access import staff
from huzhu.web.employers.choosing import FINDS, named, place_filter, within
from huzhu.web.rosters.upload import CLERKS
from huzhu.web.workbooks import Cell

STAGES = (("none", "没有开始"), ("begun", "名单没有提交"), ("roster", "已成名册"))
ENDS = (("over", "已期满"), ("7", "7 天内"), ("30", "30 天内"))
HEADS = ("单位", "代码", "保障到", "还有（天）", "没有续保（人）", "进度")


@require_safe
@staff(*CLERKS)
def renewals(request: Any) -> HttpResponse:
    """Periods that end within 60 days or have just ended, the nearest first."""
    filters = (
        lists.Filter("stage", "进度", STAGES),
        lists.Filter("ends", "到期", ENDS),
        place_filter(request.by),
    )
    asked = lists.read(request, "续保", *filters, finds=FINDS, unit="批")
    found = _sifted(request, asked)
    if asked.takes:
        return lists.taken(request, asked, HEADS, found, lambda rows: map(_cells, rows))
    soon = expiring.soon(request.by, request.today).values("member").distinct().count()
    shown = lists.shown(request, asked, found) | {"soon": soon}
    return render(request, "web/rosters/renewals.html", shown)


def _sifted(request: Any, asked: lists.Asked) -> list[expiring.Due]:
    found: Iterator[expiring.Due] = iter(expiring.due(request.by, request.today))
    if asked.text:
        wanted = {one.pk for one in named(request.by, asked.text)}
        found = (one for one in found if one.employer.pk in wanted)
    if asked["place"]:
        here = set(within(request.by, asked["place"]).values_list("pk", flat=True))
        found = (one for one in found if one.employer.pk in here)
    if asked["stage"]:
        found = (one for one in found if _stage(one) == asked["stage"])
    if asked["ends"]:
        most = 0 if asked["ends"] == "over" else int(asked["ends"])
        found = (one for one in found if one.days <= most)
    return list(found)


def _stage(one: expiring.Due) -> str:
    return "roster" if one.roster else "begun" if one.renewal else "none"


def _cells(one: expiring.Due) -> tuple[Cell, ...]:
    stage = f"名册{one.roster.get_state_display()}" if one.roster else dict(STAGES)[_stage(one)]
    return (one.employer.name, one.employer.code, one.last_day, one.days, one.people, stage)
