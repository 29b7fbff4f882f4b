"""What every page carries: its headers, its instant, and a word where an address is no page or others were in the way."""

from collections.abc import Callable
from http import HTTPStatus
from itertools import chain
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from huzhu.db.engines import is_busy
from huzhu.web import clock

POLICY = "; ".join(
    [
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Nothing is loaded from outside, no script or style stands in a page; what people enter is not kept in caches."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.setdefault("Content-Security-Policy", POLICY)
        if request.method == "POST":
            response.setdefault("Cache-Control", "no-store")
        return response

    return middleware


def opened_from_its_page(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """A step that only a button takes says so to whoever reloads it or types its address."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if (
            response.status_code == HTTPStatus.METHOD_NOT_ALLOWED
            and request.method == "GET"
            and not response.content
        ):
            shown = render(request, "405.html", status=HTTPStatus.METHOD_NOT_ALLOWED)
            shown["Allow"] = response["Allow"]
            return shown
        return response

    return middleware


def without_nul(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """No text that people enter holds U+0000, which PostgreSQL does not take: said before anything is done.

    Programs are answered by their own entrance.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/api/"):
            return get_response(request)
        fields = chain(request.GET.lists(), request.POST.lists())
        if any("\0" in text for name, values in fields for text in (name, *values)):
            return render(request, "web/nul.html", status=HTTPStatus.BAD_REQUEST)
        return get_response(request)

    return middleware


def told_when_busy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Who met others in the database, and lost, is told so: nothing was done, and the same button does it.

    Programs are answered by their own entrance.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(request: HttpRequest, problem: Exception) -> HttpResponse | None:
        if not is_busy(problem):
            return None
        return render(request, "web/busy.html", status=HTTPStatus.SERVICE_UNAVAILABLE)

    middleware.process_exception = process_exception  # type: ignore[attr-defined]
    return middleware


def business_time(get_response: Callable[[Any], HttpResponse]) -> Callable[[Any], HttpResponse]:
    """Every request can ask for the instant it works with, whichever face answers it."""

    def middleware(request: Any) -> HttpResponse:
        request.business_time = clock.now
        return get_response(request)

    return middleware
