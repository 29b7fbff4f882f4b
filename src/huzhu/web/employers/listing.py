"""The list of employers: searched, sifted, sorted, taken out as a workbook."""

import io
from collections.abc import Iterable
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from huzhu.employers import services
from huzhu.insight.figures import percent
from huzhu.outreach.lines import lines
from huzhu.web.access import staff
from huzhu.web.desks.numbers import page_of
from huzhu.web.employers import asked as asking
from huzhu.web.finance.workbook import plain

READERS = ("county_clerk", "agency_clerk", "leader")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
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
    return sent(workbook("单位", said, HEADS, map(_cells, found)), f"单位_{request.today:%Y%m%d}.xlsx")


def _cells(line: Any) -> tuple[object, ...]:
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


def workbook(name: str, said: str, heads: Iterable[str], rows: Iterable[Iterable[object]]) -> bytes:
    """One page: what it is, the heads, the rows; numbers are numbers, and no text is ever a formula."""
    file = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        page, bold = book.add_worksheet(name), book.add_format({"bold": True, "bottom": 1})
        page.set_column(0, 20, 14)
        page.set_column(1, 1, 30)
        page.set_paper(9)
        page.set_landscape()
        page.fit_to_pages(1, 0)
        page.repeat_rows(1)
        page.write_string(0, 0, plain(said))
        page.write_row(1, 0, heads, bold)
        for at, row in enumerate(rows, 2):
            for column, cell in enumerate(row):
                if isinstance(cell, int):
                    page.write_number(at, column, cell)
                elif cell:
                    page.write_string(at, column, plain(str(cell)))
        page.freeze_panes(2, 2)
    return file.getvalue()


def sent(data: bytes, name: str) -> HttpResponse:
    """A workbook as a download."""
    headers = {"Content-Disposition": content_disposition_header(as_attachment=True, filename=name) or ""}
    return HttpResponse(data, content_type=XLSX, headers=headers)
