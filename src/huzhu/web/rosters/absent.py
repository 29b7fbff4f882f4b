"""去年参加、今年没有: whom the employer's last period covered and this roster does not list, counted, opened, taken away."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from huzhu.core.identity import masked
from huzhu.enrolment import expiring, queries
from huzhu.members.queries import fitting
from huzhu.web import lists
from huzhu.web.access import staff
from huzhu.web.rosters.upload import CLERKS
from huzhu.web.workbooks import Cell

WHY = lists.Filter("why", "登记", (("left", "已登记离开或调走"), ("here", "没有登记，仍在本单位")))
READERS = (*CLERKS, "auditor")
HEADS = ("姓名", "身份证号", "去年的方案", "保障到", "登记")


@require_safe
@staff(*READERS)
def absent(request: Any, pk: Any) -> HttpResponse:
    """The list of one roster."""
    found = get_object_or_404(queries.rosters_visible_to(request.by), pk=pk)
    asked = lists.read(
        request, "去年参加、今年没有", WHY, finds="姓名、拼音首字母、身份证号或末四位", unit="人"
    )
    people = expiring.absent(found, request.by)
    here = people.filter(leaving="", employer=found.employer)
    if asked["why"]:
        people = here if asked["why"] == "here" else people.exclude(pk__in=here.values("pk"))
    if asked.text:
        people = people.filter(pk__in=fitting(asked.text).values("pk"))
    if asked.takes:
        return lists.taken(request, asked, HEADS, people, lambda some: _cells(some, found))
    shown = lists.shown(request, asked, people)
    shown["rows"] = list(zip(shown["pages"], _cells(list(shown["pages"]), found), strict=True))
    return render(request, "web/rosters/absent.html", shown | {"roster": found})


def _cells(people: list[Any], roster: Any) -> Iterator[tuple[Cell, ...]]:
    covers = expiring.last_covers(people, roster)
    for one in people:
        held = covers.get(one.pk, [])
        last = max((row.cover_ends_on for row in held), default=None)
        day = last - expiring.ONE_DAY if last else ""
        schemes = "、".join(row.edition.short for row in held)
        yield one.name, masked(one.id_number), schemes, day, _why(one, roster)


def _why(one: Any, roster: Any) -> str:
    if one.leaving:
        return f"{one.left_on} {one.get_leaving_display()}"
    return "" if one.employer_id == roster.employer_id else f"已调到{one.employer.name}"
