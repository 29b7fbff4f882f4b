"""Insurance statistics of earlier years beside today's cover; brought in from a sheet, all of it or nothing."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from huzhu.db.people import People
from huzhu.employers import insured as sheets
from huzhu.employers import queries
from huzhu.files.contents import NotAccepted
from huzhu.files.tables import TableRefused
from huzhu.insight.figures import holds_individuals, percent
from huzhu.organisations.queries import visible_to
from huzhu.outreach.lines import lines
from huzhu.users.permissions import may
from huzhu.web import lists
from huzhu.web.access import staff, told
from huzhu.web.employers.listing import READERS
from huzhu.web.workbooks import Cell, download, yuan

YEARS = (2018, 2019, 2020)
LEVELS = (("place", "县区、集团"), ("employer", "单位"))
HEADS = (
    *(
        "代码",
        "机构",
        *(f"{year} 参保职工" for year in YEARS),
        "在职（上报）",
        "已参加互助",
        "参保率",
        "另有灵活就业",
    ),
    *(f"{year} {words}" for year in YEARS for words in ("住院人次", "统筹支付（元）", "个人自付（元）")),
)
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One organisation: insured by year, staff and enrolled today."""

    organisation: Any
    years: tuple[Any, ...]
    staff: int
    enrolled: int
    individuals: int  # who joined alone, and stands in no staff

    @property
    def workers(self) -> list[int | None]:
        return [year.workers if year else None for year in self.years]

    @property
    def coverage(self) -> str:
        return "—" if self.individuals and not self.staff else percent(self.enrolled, self.staff)


def rows_of(request: Any, level: str) -> list[Row]:
    """In the order of the tree: unions and agencies, or employers."""
    known, every = queries.insured(request.by), lines(request.by, request.today)
    if level == "employer":
        held = [(line.employer, [line]) for line in every]
    else:
        places = visible_to(request.by).filter(kind__in=("city", "county", "group"))
        held = [(place, [line for line in every if place.contains(line.employer)]) for place in places]
    return [_row(place, own, known.get(place.pk, {})) for place, own in held]


def _row(place: Any, own: list[Any], years: dict[int, Any]) -> Row:
    alone = People.of(line.people for line in own if holds_individuals(line.employer))
    workers = People.of(line.people for line in own if not holds_individuals(line.employer))
    return Row(
        organisation=place,
        years=tuple(years.get(year) for year in YEARS),
        staff=sum(line.employer.staff_count for line in own),
        enrolled=workers.number,
        individuals=alone.number - alone.both(workers),
    )


@require_safe
@staff(*READERS)
def insured(request: Any) -> HttpResponse:
    """Insured in 2018–2020, staff and enrolled today, side by side."""
    level = lists.Filter("level", "按什么看", LEVELS, default="place")
    asked = lists.read(request, "医保统计对照", level, unit="个机构")
    rows = rows_of(request, asked["level"])
    if asked.takes:
        return lists.taken(request, asked, HEADS, rows, lambda held: map(_cells, held))
    last = queries.sheets_visible_to(request.by)[:10]
    shown = lists.shown(request, asked, rows, 100) | {
        "years": YEARS,
        "sheets": last,
        "may_import": may(request.by, "employers.insured"),
    }
    return render(request, "web/employers/insured.html", shown)


def _cells(row: Row) -> list[Cell]:
    cells: list[Cell] = [row.organisation.code, row.organisation.name, *row.workers]
    cells += [row.staff, row.enrolled, row.coverage, row.individuals]
    for year in row.years:
        sums = (year.pooled_fen, year.own_fen) if year else (None, None)
        cells += [year.stays if year else None]
        cells += [None if fen is None else yuan(fen) for fen in sums]
    return cells


@require_safe
@staff("agency_clerk")
def template(request: Any) -> HttpResponse:  # noqa: ARG001  the template is the same for all
    """The empty sheet."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        page = book.add_worksheet("医保统计")
        text, bold = book.add_format({"num_format": "@"}), book.add_format({"bold": True, "bottom": 1})
        page.set_column(0, 6, 18, text)
        page.write_row(0, 0, sheets.LABELS.values(), bold)
        sample = (
            "2019",
            "（机构代码）",
            f"{sheets.SAMPLE}（这一行不读）",
            "1200",
            "86",
            "512345.60",
            "98765.40",
        )
        page.write_row(1, 0, sample)
        notes = book.add_worksheet("填写说明")
        notes.set_column(0, 0, 90)
        notes.write_column(
            0,
            0,
            (
                "一个机构一年一行：县区、集团、单位都可以填；第 2 行是示例，不用删除。",
                "机构代码和机构名称至少填一个；有代码按代码找。",
                "不知道的数可以留空，不要填 0。金额单位是元。",
                "整份表全部通过才导入；同一份文件再传不会重复。",
            ),
        )
        page.freeze_panes(1, 0)
    return download(file.getvalue(), "医保统计模板.xlsx")


@require_http_methods(["GET", "HEAD", "POST"])
@staff("agency_clerk")
def upload(request: Any) -> HttpResponse:
    """A sheet is handed in; its preview comes next, and nothing counts yet."""
    if request.method != "POST":
        return render(request, "web/employers/insured_upload.html")
    file = request.FILES.get("file")
    if file is None:
        return _refused(request, "请选择填好的表格文件。")
    try:
        sheet = sheets.stage(name=file.name, data=file.read(), by=request.by, at=request.now)
    except sheets.SameSheetAgain as same:
        told(request, same)
        return redirect("web:insured-sheet", same.sheet.pk)
    except (TableRefused, NotAccepted) as wrong:
        return _refused(request, str(wrong))
    return redirect("web:insured-sheet", sheet.pk)


def _refused(request: Any, error: str) -> HttpResponse:
    return render(request, "web/employers/insured_upload.html", {"error": error}, status=422)


@require_safe
@staff("agency_clerk")
def sheet(request: Any, pk: int) -> HttpResponse:
    """The preview of a sheet, or what became of it."""
    found = get_object_or_404(queries.sheets_visible_to(request.by), pk=pk)
    checked = sheets.checked(found, request.by, request.today.year)
    shown = {
        "sheet": found,
        "checked": checked,
        "bad": list(_said(checked.bad[:MOST_SHOWN])),
        "rows": checked.rows[:MOST_SHOWN],
        "labels": sheets.LABELS.values(),
    }
    return render(request, "web/employers/insured_sheet.html", shown)


def _said(rows: Iterable[Any]) -> Iterable[tuple[Any, list[tuple[str, str, str]]]]:
    """Row, and for each wrong cell its label, what was typed, and what is wrong."""
    for row in rows:
        yield row, [(sheets.LABELS[name], row.cells.get(name, ""), why) for name, why in row.problems.items()]


@require_POST
@staff("agency_clerk")
def settle(request: Any, pk: int, verb: str) -> HttpResponse:
    """Take the sheet in, or put it away."""
    found = get_object_or_404(queries.sheets_visible_to(request.by), pk=pk)
    try:
        if verb == "accept":
            count = sheets.accept(sheet=found, by=request.by, at=request.now, on_year=request.today.year)
            messages.success(request, f"已导入 {count:,} 行。")
            return redirect("web:insured")
        sheets.cancel(sheet=found, by=request.by, at=request.now)
        messages.success(request, "这份表已经作废，没有导入任何一行。")
    except (sheets.NotAllGood, sheets.SheetSettled) as refused:
        told(request, refused)
    return redirect("web:insured-sheet", found.pk)
