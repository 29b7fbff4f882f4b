"""A roster begins: employer, schemes, first day of cover, and the sheet."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from huzhu.enrolment import queries, services, sheet
from huzhu.enrolment.entry import asked_columns
from huzhu.files.contents import NotAccepted
from huzhu.files.tables import TableRefused
from huzhu.organisations import queries as organisations
from huzhu.web.access import staff, told
from huzhu.web.employers.choosing import chosen, offered
from huzhu.web.rosters.working import handed_over

CLERKS = ("employer_clerk", "county_clerk", "agency_clerk")
MOST_BYTES = 20 * 1024 * 1024
AT_ONCE = 500 * 1000  # bytes that are read while the person waits: some seconds
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass
class Start:
    """What stands on the page: choices, what is chosen, and what is wrong at each field."""

    employers: list[Any]
    today: date
    asked: Any  # the query or the form
    own: Any = None  # the person's own place, if it is one of them
    previous: Any = None
    errors: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.starts_on = self._day()
        self.ways = queries.roster_ways(self.starts_on)
        wanted = self.asked.get("way", "")
        self.way = wanted if wanted in dict(self.ways) else self.ways[0][0]
        self.editions = queries.offered_on(self.starts_on, self.way)

    @property
    def employer(self) -> Any:
        """The one chosen; before anything was asked, the person's own."""
        if self.own and not {"employer", "q"} & set(self.asked):
            return self.own
        return chosen(self.employers, self.asked)

    @property
    def chosen(self) -> list[Any]:
        """Editions ticked; before anything was asked, those of the last roster, or the only one there is."""
        wanted = self.asked.getlist("edition")
        if "employer" not in self.asked and "starts_on" not in self.asked and len(self.editions) == 1:
            return list(self.editions)
        if not wanted and self.previous and "employer" not in self.asked:
            return [row for row in self.editions if row.slug in self.previous]
        return [row for row in self.editions if str(row.pk) in wanted]

    @property
    def offers(self) -> list[tuple[Any, bool]]:
        chosen = {row.pk for row in self.chosen}
        return [(row, row.pk in chosen) for row in self.editions]

    def _day(self) -> date:
        text = self.asked.get("starts_on", "")
        try:
            return date.fromisoformat(text) if text else self.today
        except ValueError:
            self.errors["starts_on"] = "这不是一个日期：请写成 2022-01-28 的样子"
            return self.today


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*CLERKS)
def upload(request: Any) -> HttpResponse:
    """The first page of a roster; a good sheet leads to its preview, a bad one comes back with a sentence."""
    start = _start(request, request.POST if request.method == "POST" else request.GET)
    if request.method == "POST" and (staged := _stage(request, start)):
        return onward(request, staged)
    status = 422 if start.errors else 200
    return render(
        request,
        "web/rosters/upload.html",
        {"start": start, "found": offered(start.employers, start.asked)},
        status=status,
    )


def onward(request: Any, roster: Any) -> HttpResponse:
    """To the roster; one that is still to be read gives the worker its work, and its progress is shown."""
    if roster.state != "reading":
        return redirect("web:roster", roster.pk)
    return handed_over(request, "rosters.read", roster, f"读取名册：{roster.employer.name}")


def _start(request: Any, asked: Any) -> Start:
    employers = list(organisations.visible_to(request.by).employers())
    last = queries.rosters_visible_to(request.by).first()
    previous = {row.slug for row in last.editions.all()} if last else None
    own = next((one for one in employers if one == request.by.organisation), None)
    return Start(employers, request.today, asked, own, previous)


def _stage(request: Any, start: Start) -> Any:
    """The roster, or nothing and the errors at the fields."""
    file = request.FILES.get("file")
    if start.employer is None:
        start.errors["employer"] = "请选择单位"
    if file is None:
        start.errors["file"] = "请选择填好的名册文件"
    elif file.size > MOST_BYTES:
        start.errors["file"] = "文件超过 20 MB：请只留名册一页，或分成几个文件"
    if start.errors or file is None:
        return None
    take_in = services.stage if file.size <= AT_ONCE else services.begin
    try:
        return take_in(
            employer=start.employer,
            editions=start.chosen,
            cover_starts_on=start.starts_on,
            name=file.name,
            data=file.read(),
            way=start.way,
            by=request.by,
            at=request.now,
        )
    except services.SameFileAgain as same:
        told(request, same)
        return same.roster
    except (TableRefused, NotAccepted) as wrong:
        start.errors["file"] = str(wrong)
    except services.NotAnEmployer as wrong:
        start.errors["employer"] = str(wrong)
    except services.SchemesRefused as wrong:
        start.errors["edition"] = str(wrong)
    except services.StartRefused as wrong:
        start.errors["starts_on"] = str(wrong)
    return None


@require_safe
@staff(*CLERKS)
def template(request: Any) -> HttpResponse:
    """The empty sheet for the employer and schemes chosen."""
    start = _start(request, request.GET)
    employer = start.employer or next(iter(start.employers), None)
    if employer is None:
        raise Http404
    editions = start.chosen or start.editions
    data = sheet.template(employer, editions, asked_columns(editions, start.starts_on))
    response = HttpResponse(data, content_type=EXCEL)
    response["Content-Disposition"] = "attachment; filename*=UTF-8''%E5%90%8D%E5%86%8C%E6%A8%A1%E6%9D%BF.xlsx"
    return response
