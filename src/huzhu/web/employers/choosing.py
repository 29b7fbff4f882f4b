"""An employer chosen by typing a few letters, where a list of all would be too long."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from huzhu.employers.queries import matching
from huzhu.organisations.queries import visible_to
from huzhu.web.access import staff

FOUND = 8


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


@require_safe
@staff("employer_clerk", "county_clerk", "agency_clerk")
def find(request: Any) -> HttpResponse:
    """Employers that fit what is being typed, to pick one."""
    employers = list(visible_to(request.by).employers())
    shown = {"found": offered(employers, request.GET), "typed": request.GET.get("q", "")}
    return render(request, "web/employers/found.html", shown)
