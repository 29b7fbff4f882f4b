"""An employer chosen by typing a few letters, where a list of all would be too long; a county or group from a list."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from huzhu.employers.queries import matching
from huzhu.organisations.queries import visible_to
from huzhu.web import lists
from huzhu.web.access import staff

FOUND = 8
FINDS = "单位名称、拼音首字母、代码"


def named(by: Any, text: str) -> list[Any]:
    """Employers of the branch whose name, initials or code hold the text."""
    return matching(visible_to(by).employers(), text)


def chosen(employers: list[Any], asked: Mapping[str, str]) -> Any:
    """The one that was picked, or the only one that fits what was typed (for browsers without scripts)."""
    if wanted := asked.get("employer", ""):
        return next((one for one in employers if str(one.pk) == wanted), None)
    fitting = matching(employers, asked.get("q", ""))
    return fitting[0] if len(fitting) == 1 else None


def offered(employers: list[Any], asked: Mapping[str, str]) -> list[tuple[Any, str]]:
    """Those that fit what was typed, with words that tell them apart; none before anything was typed."""
    text = asked.get("q", "").strip()[:40]
    return [(one, one.code) for one in matching(employers, text)[:FOUND]] if text else []


def place_filter(by: Any) -> lists.Filter:
    """Counties and groups of the branch, and the agencies for what stands right below them."""
    found = list(visible_to(by).filter(kind__in=("city", "county", "group")))
    near = [(str(one.pk), f"{one.name}直属" if one.kind == "city" else one.name) for one in found]
    return lists.Filter("place", "县区、集团", near if len(found) > 1 else [])


def within(by: Any, place: str) -> Any:
    """Employers of the county or group that was chosen, or those right below the agency."""
    chosen = visible_to(by).get(pk=int(place))
    every = visible_to(by).employers()
    return (
        every.filter(parent=chosen) if chosen.kind == "city" else every.filter(path__startswith=chosen.path)
    )


@require_safe
@staff("employer_clerk", "county_clerk", "agency_clerk")
def find(request: Any) -> HttpResponse:
    """Employers that fit what is being typed, to pick one."""
    employers = list(visible_to(request.by).employers())
    shown = {"found": offered(employers, request.GET), "typed": request.GET.get("q", "")}
    return render(request, "web/employers/found.html", shown)
