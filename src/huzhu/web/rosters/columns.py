"""A sheet with columns of its own: a person says which is what, once for every sheet like it."""

import json
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from huzhu.enrolment import queries, services
from huzhu.enrolment.columns import MOST_COLUMNS, Reading, guess
from huzhu.enrolment.line import LABELS
from huzhu.files.tables import TableRefused
from huzhu.web.access import staff, told
from huzhu.web.rosters.upload import AT_ONCE, CLERKS, onward


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*CLERKS)
def columns(request: Any, pk: Any) -> HttpResponse:
    """The first rows of the sheet, with a choice above each column; then it is read so."""
    found = get_object_or_404(queries.rosters_visible_to(request.by), pk=pk)
    pages = json.loads(found.sample or "{}")
    if found.state not in {"mapping", "staged"} or not pages:
        return redirect("web:roster", found.pk)
    error = ""
    if request.method == "POST":
        reading = chosen(request.POST, pages)
        try:
            return _read_so(request, found, reading)
        except (services.RosterRefused, TableRefused) as refused:
            error = str(refused)
    else:
        reading = _proposed(found, pages, request.GET.get("page"))
    return render(
        request,
        "web/rosters/columns.html",
        grid_of(pages, reading, error) | {"roster": found, "employer": found.employer},
        status=422 if error else 200,
    )


def _read_so(request: Any, found: Any, reading: Reading) -> HttpResponse:
    """At once when the file is small, else by the worker."""
    roster = services.name_columns(roster=found, reading=reading, by=request.by, at=request.now)
    return read_on(request, roster)


def read_on(request: Any, roster: Any) -> HttpResponse:
    """Read what is stored: here, or by the worker with its progress shown."""
    if roster.file.size <= AT_ONCE:
        roster = services.read_in(roster=roster, by=request.by, at=request.now)
    return onward(request, roster)


@require_POST
@staff(*CLERKS)
def again(request: Any, pk: Any) -> HttpResponse:
    """A reading that was broken off begins again."""
    found = get_object_or_404(queries.rosters_visible_to(request.by), pk=pk)
    try:
        return read_on(request, found)
    except (services.RosterRefused, TableRefused) as refused:
        told(request, refused)
    return redirect("web:roster", found.pk)


def _proposed(found: Any, pages: dict[str, Any], wanted: Any) -> Reading:
    """What it was read by last, of the same page; else a guess."""
    name = wanted if wanted in pages else found.reading.get("page") or next(iter(pages))
    if found.reading and found.reading["page"] == name:
        return Reading(**found.reading)
    return guess(pages[name], name)


def chosen(form: Any, pages: dict[str, Any]) -> Reading:
    name = form.get("page", "")
    top = form.get("top", "")
    places = {form.get(f"column-{at}", ""): at for at in reversed(range(MOST_COLUMNS))}
    return Reading(
        name if name in pages else next(iter(pages)),
        int(top) - 1 if top.isdecimal() and int(top) < 100 else 0,
        {column: at for column, at in places.items() if column in LABELS},
        "person",
    )


def grid_of(pages: dict[str, Any], reading: Reading, error: str) -> dict[str, Any]:
    """The first rows of a page with a choice above each column."""
    rows = pages[reading.page]
    width = max(map(len, rows))
    by_place = {at: column for column, at in reading.columns.items()}
    return {
        "page": reading.page,
        "pages": list(pages),
        "top": reading.top + 1,
        "choices": LABELS.items(),
        "heads": [
            (
                f"column-{at}",
                at + 1,
                by_place.get(at, ""),
                rows[reading.top][at] if 0 <= reading.top < len(rows) and at < len(rows[reading.top]) else "",
            )
            for at in range(width)
        ],
        "rows": [(number, row, number - 1 == reading.top) for number, row in enumerate(rows, start=1)],
        "error": error,
    }
