"""The working calendar of a year, each day in colour and word; an administrator changes one, for a reason."""

import calendar as months_of
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from huzhu.users.permissions import NotAllowed, may
from huzhu.web.access import staff, told
from huzhu.worktime import queries, services
from huzhu.worktime.calendar import in_plain_week
from huzhu.worktime.services import DayRefused

FIRST, AHEAD = 2015, 2


@dataclass(frozen=True, slots=True)
class Day:
    """One cell: rest is a plain weekend, holiday a day off that the table says, worked a weekend that is worked."""

    day: date
    kind: str
    word: str
    note: str
    opens: bool
    is_today: bool


@require_http_methods(["GET", "HEAD", "POST"])
@staff("administrator")
def calendar(request: Any, year: int | None = None) -> HttpResponse:
    """A year; `?day=` opens one day to change."""
    if request.method == "POST":
        return _changed(request)
    year = year or request.today.year
    if not FIRST <= year <= request.today.year + AHEAD:
        raise Http404
    rows, open_day = queries.days_of(year), _day(request.GET.get("day", ""))
    changes = may(request.by, "calendar.change")
    shown = {
        "year": year,
        "months": [
            (
                month,
                [[_cell(request, day, rows, month, changes) for day in week] for week in _weeks(year, month)],
            )
            for month in range(1, 13)
        ],
        "named": sorted(rows.values(), key=lambda row: row.day),
        "changes": changes,
        "before": year - 1 if year > FIRST else None,
        "after": year + 1 if year < request.today.year + AHEAD else None,
        "day": open_day if changes and open_day and open_day > request.today else None,
        "works": open_day is not None and queries.is_working(open_day),
    }
    return render(request, "web/setup/calendar.html", shown)


def _weeks(year: int, month: int) -> list[list[date]]:
    return months_of.Calendar().monthdatescalendar(year, month)


def _cell(request: Any, day: date, rows: dict[date, Any], month: int, changes: bool) -> Day | None:
    if day.month != month:
        return None
    row = rows.get(day)
    works = row.is_working if row else in_plain_week(day)
    plain = works == in_plain_week(day)
    kind = ("" if works else "rest") if plain else ("worked" if works else "holiday")
    word = "班" if kind == "worked" else "" if works else "休"
    return Day(
        day, kind, word, row.note if row else "", changes and day > request.today, day == request.today
    )


def _changed(request: Any) -> HttpResponse:
    asked = request.POST
    day = _day(asked.get("day", ""))
    year = day.year if day else _year(asked.get("year", ""), request.today.year)
    try:
        if "load" in asked:
            count = services.load_published(year=year, by=request.by, at=request.now)
            said = (
                f"{year} 年装入了 {count} 天。"
                if count
                else f"{year} 年没有新的安排可装：已经装过，或者还没有公布。"
            )
            messages.success(request, said)
        elif day is None:
            messages.error(request, "请选择日期。")
        else:
            works = asked.get("works") == "1"
            services.set_day(
                day=day, is_working=works, note=asked.get("note", ""), by=request.by, at=request.now
            )
            messages.success(request, f"{day} 改为{'上班' if works else '休息'}，期限从现在起按它算。")
    except (DayRefused, NotAllowed) as refused:
        told(request, refused)
    return redirect(reverse("web:calendar-of", args=[year]))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _year(text: str, otherwise: int) -> int:
    return int(text) if text.isdecimal() and FIRST <= int(text) <= otherwise + AHEAD else otherwise
