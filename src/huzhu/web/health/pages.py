"""/health/ for whoever watches the machines, /health/live/ for a balancer, /desk/health/ for the administrator."""

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from huzhu.insight import health
from huzhu.web import clock
from huzhu.web.access import staff


@require_safe
def watched(_: Any) -> JsonResponse:
    """200 while nothing is bad, else 503; one word a check, since anybody may ask."""
    checks = health.looked_at(now=timezone.now(), at=clock.now())
    state = health.state_of(checks)
    body = {"status": state, "checks": {check.name: check.state for check in checks}}
    return _answer(body, 503 if state == health.BAD else 200)


@require_safe
def live(_: Any) -> JsonResponse:
    """Whether pages can be served at all."""
    answers = health.answers()
    return _answer({"status": health.GOOD if answers else health.BAD}, 200 if answers else 503)


@require_safe
@staff("administrator")
def page(request: Any) -> HttpResponse:
    """Each check with what was found and what to do; what is wrong stands first."""
    order = (health.BAD, health.WARN, health.GOOD)
    checks = sorted(
        health.looked_at(now=timezone.now(), at=request.now), key=lambda one: order.index(one.state)
    )
    return render(request, "web/health/page.html", {"checks": checks, "state": health.state_of(checks)})


def _answer(body: dict[str, Any], status: int) -> JsonResponse:
    response = JsonResponse(body, status=status)
    response["Cache-Control"] = "no-store"
    return response
