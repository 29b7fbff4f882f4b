"""Rows mended: in the grid, cell by cell or all together, or in a workbook of errors that comes back."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from huzhu.core.identity import mask_account, mask_phone, masked
from huzhu.enrolment import errors, queries, services
from huzhu.enrolment.entry import most_shares
from huzhu.enrolment.line import LABELS
from huzhu.enrolment.rows import AT_ONCE
from huzhu.enrolment.suggest import suggestions
from huzhu.files import services as files
from huzhu.files.contents import NotAccepted
from huzhu.files.tables import TableRefused
from huzhu.web.access import answered, staff, told
from huzhu.web.rosters.upload import CLERKS, EXCEL, MOST_BYTES
from huzhu.web.rosters.working import handed_over

COLUMNS = tuple(LABELS)
MASKS = {"id_number": masked, "phone": mask_phone, "account": mask_account}


def grid(found: Any) -> dict[str, Any]:
    """What every row of a roster's grid shares: its columns, and the most shares that may be offered."""
    refused = queries.refused_for(found)
    most = most_shares(found.editions.all(), found.cover_starts_on)
    return {"columns": queries.columns_of(found, refused), "most": most, "refused": refused}


def cells(row: Any, shared: dict[str, Any], held: Any = None, left: Any = None) -> dict[str, Any]:
    """A row of the grid: with boxes where something is wrong, masked where all is well."""
    wrong = not row.joins
    offered = suggestions(row, shared["most"]) if wrong else {}
    where = (held or {}).get(row.id_number, "")
    return {
        "row": row,
        "wrong": wrong,
        "left": (left or {}).get(row.id_number, ""),
        "boxes": [
            {
                "column": column,
                "label": LABELS[column],
                "name": f"{column}-{row.pk}",
                "value": getattr(row, column) or "",
                "shown": MASKS.get(column, str)(getattr(row, column) or ""),
                "error": row.problems.get(column, ""),
                "offered": offered.get(column, ""),
                "where": where if column == "id_number" and column in row.problems else "",
            }
            for column in shared["columns"]
        ],
    }


@require_POST
@staff(*CLERKS)
def mend(request: Any, pk: Any) -> HttpResponse:
    """Cells typed again; one cell by script gives its row back, a whole form the grid."""
    found = get_object_or_404(queries.rosters_visible_to(request.by), pk=pk)
    changes: dict[str, dict[str, str]] = {}
    for name, text in request.POST.items():
        column, _, row = name.partition("-")
        if column in COLUMNS and row and isinstance(text, str):
            changes.setdefault(row, {})[column] = text[:120]
    try:
        left = services.mend(roster=found, changes=changes, by=request.by, at=request.now)
    except services.RosterRefused as refused:
        told(request, refused)
        return redirect("web:roster", found.pk)
    row = found.rows.filter(pk__in=list(changes)).first() if request.htmx and len(changes) == 1 else None
    if row:
        good, bad = queries.tally(found)
        return render(
            request,
            "web/rosters/mended.html",
            {"one": cells(row, grid(found)), "good": good, "bad": bad, "roster": found},
        )
    said = f"已保存。还有 {left:,} 行有问题。" if left else "已保存，每一行都好了。请核对后确认参加。"
    messages.success(request, said)
    return redirect("web:roster", found.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*CLERKS)
def workbook(request: Any, pk: Any) -> HttpResponse:
    """The rows to mend as a workbook; sent back, it changes those rows and no others."""
    found = get_object_or_404(queries.rosters_visible_to(request.by), pk=pk)
    if request.method == "POST":
        return _take_back(request, found)
    if found.rows.filter(joins="").count() > AT_ONCE:
        return handed_over(request, "rosters.errors", found, f"错误表：{found.employer.name}")
    services.note_reading(roster=found, by=request.by, at=request.now)
    response = HttpResponse(errors.workbook(found), content_type=EXCEL)
    response["Content-Disposition"] = (
        "attachment; filename*=UTF-8''%E5%90%8D%E5%86%8C%E9%94%99%E8%AF%AF%E8%A1%A8.xlsx"
    )
    return response


def _take_back(request: Any, found: Any) -> HttpResponse:
    file = request.FILES.get("file")
    if file is None or file.size > MOST_BYTES:
        messages.error(request, "请选择改好的错误表（20 MB 以内）。")
        return redirect("web:roster", found.pk)
    with answered(request, (services.RosterRefused, TableRefused, NotAccepted)):
        if found.rows.filter(joins="").count() > AT_ONCE:
            return _handed_over(request, found, file)
        changes = errors.mended(found, file.read(), file.name)
        left = services.mend(roster=found, changes=changes, by=request.by, at=request.now)
        said = f"还有 {left:,} 行有问题。" if left else "每一行都好了，请核对后确认参加。"
        messages.success(request, f"错误表里的 {len(changes):,} 行已更新，别的行没有动。{said}")
    return redirect("web:roster", found.pk)


def _handed_over(request: Any, found: Any, file: Any) -> HttpResponse:
    """Thousands of rows: the workbook is kept for the worker."""
    stored = files.store(
        name=file.name, data=file.read(), purpose="roster errors", by=request.by, at=request.now
    )
    title = f"传回错误表：{found.employer.name}"
    return handed_over(request, "rosters.mend", found, title, {"file": str(stored.pk)})
