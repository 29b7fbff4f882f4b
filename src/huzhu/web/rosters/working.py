"""Work on a large roster is the worker's: it is asked for, its progress is shown, and it leads back to the roster."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from huzhu.jobs import services as jobs
from huzhu.jobs.queries import unfinished_about

KINDS = (
    "rosters.read",
    "rosters.accept",
    "rosters.approve",
    "rosters.judge",
    "rosters.mend",
    "renewals.submit",
)


def handed_over(
    request: Any, kind: str, roster: Any, title: str, arguments: dict[str, Any] | None = None
) -> HttpResponse:
    """To the progress of the work, and from there to the roster or to the file; pressed twice it is the same work."""
    run = jobs.ask(
        kind=kind,
        about=roster.pk,
        title=title,
        by=request.by,
        at=request.now,
        address="" if kind == "rosters.errors" else reverse("web:roster", args=[roster.pk]),
        arguments=arguments,
    )
    return redirect("web:job", run.pk)


def under_way(roster: Any) -> Any:
    """What the worker does or will do to this roster, perhaps on its way out of a renewal."""
    return unfinished_about(KINDS, [roster.pk, *(one.pk for one in roster.renewals.all())])
