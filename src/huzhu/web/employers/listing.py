"""The list of employers: searched, sifted, sorted, taken out as a workbook."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from huzhu.employers import services
from huzhu.insight.figures import percent
from huzhu.outreach.lines import lines
from huzhu.web.access import staff
from huzhu.web.desks.numbers import page_of
from huzhu.web.employers import asked as asking
from huzhu.web.workbooks import Cell, Table, download, workbook

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
    asked = asking.read(request.GET, every)
    found = asked.sift(every, request.today)
    pages = page_of(request, found)
    for line in pages.object_list:
        line.employer.coverage = percent(line.enrolled, line.employer.staff_count)
        line.employer.late = line.overdue(request.today)
    shown = {
        "asked": asked,
        "pages": pages,
        "also": asked.also,
        "sorts": asking.SORTS,
        "every": len(every),
        "staff": sum(line.employer.staff_count for line in found),
        "enrolled": sum(line.enrolled for line in found),
        "joined": sum(line.joined for line in found),
    }
    return render(request, "web/employers/list.html", shown)


@require_safe
@staff(*READERS)
def export(request: Any) -> HttpResponse:
    """The same rows as a workbook; that it was taken is written down."""
    every = lines(request.by, request.today)
    asked = asking.read(request.GET, every)
    found = asked.sift(every, request.today)
    terms = {"q": asked.text, **asked.picks}
    services.exported(by=request.by, at=request.now, what="单位", rows=len(found), asked=terms)
    said = f"{request.by.organisation.name} · {request.today:%Y-%m-%d} · {asked.said}"
    data = workbook(Table("单位", said, HEADS, map(_cells, found)))
    return download(data, f"单位_{request.today:%Y%m%d}.xlsx")


def _cells(line: Any) -> tuple[Cell, ...]:
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
        percent(line.enrolled, employer.staff_count),
        stance.get_willing_display(),
        stance.willing_count,
        stance.cause_note if stance.cause == "other" else line.short_cause,
        line.visits,
        line.last_on,
        line.owner_name,
        follow_up.next_step,
        follow_up.next_on,
    )
