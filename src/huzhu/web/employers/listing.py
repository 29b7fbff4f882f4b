"""The list of employers: searched, sifted, sorted, taken out as a workbook."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from huzhu.db.people import People
from huzhu.insight.figures import holds_individuals, percent
from huzhu.outreach.lines import lines
from huzhu.web import lists
from huzhu.web.access import staff
from huzhu.web.employers import asked as asking
from huzhu.web.workbooks import Cell

READERS = ("county_clerk", "agency_clerk", "leader")
HEADS = (
    "代码",
    "单位",
    "县区、集团",
    "单位类型",
    "行业",
    "在职（上报）",
    "在职（核实）",
    "已参保",
    "参保率（按上报）",
    "意愿",
    "愿意人数",
    "没有参加的原因",
    "走访次数",
    "最近走访",
    "负责人",
    "下一步",
    "下一步日期",
)


@require_safe
@staff(*READERS)
def employers(request: Any) -> HttpResponse:
    """Every employer of the branch, or those that fit."""
    every = lines(request.by, request.today)
    asked = asking.read(request, "单位", every, asking.SORTS)
    found = asking.sift(asked, every, request.today)
    if asked.takes:
        return lists.taken(request, asked, HEADS, found, lambda rows: map(cells, rows))
    shown = lists.shown(request, asked, found)
    for line in shown["pages"]:
        line.employer.coverage = _coverage(line)
        line.employer.late = line.overdue(request.today)
    shown |= {
        "every": len(every),
        "staff": sum(line.employer.staff_count for line in found),
        "enrolled": People.of(line.people for line in found).number,
        "joined": sum(line.joined for line in found),
    }
    return render(request, "web/employers/list.html", shown)


def _coverage(line: Any) -> str:
    employer = line.employer
    return "—" if holds_individuals(employer) else percent(line.enrolled, employer.staff_count)


def cells(line: Any) -> tuple[Cell, ...]:
    employer, stance, follow_up = line.employer, line.stance, line.follow_up
    return (
        employer.code,
        employer.name,
        line.place,
        employer.get_sector_display(),
        line.profile.get_industry_display() if line.profile.industry else "",
        employer.staff_count,
        line.proven,
        line.enrolled,
        _coverage(line),
        stance.get_willing_display(),
        stance.willing_count,
        stance.cause_note if stance.cause == "other" else line.short_cause,
        line.visits,
        line.last_on,
        line.owner_name,
        follow_up.next_step,
        follow_up.next_on,
    )
