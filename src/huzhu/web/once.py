"""A form that creates or moves money is handled once: `@once("payouts.make")` on its view, `{% once %}` in the form."""

import hashlib
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django_htmx.http import HttpResponseClientRedirect

from huzhu.audit import idempotency
from huzhu.core.hashing import canonical_json
from huzhu.web.access import told

FIELD = "once"
View = Callable[..., HttpResponseBase]
SAID_BEFORE = "这一次提交刚才已经办过，没有重复办理。下面是现在的情况。"
STALE = "这一页打开得太久或者不完整，没有办。请在刷新后的页面上再提交一次。"


def once(what: str) -> Callable[[View], View]:
    """Below `@staff` or `@member`: the same form sent again leads where it led before, and does nothing.

    An answer that leads elsewhere is an effect, unless a refusal was told. One that shows the form again is none. What
    had no effect leaves the key free.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def handled(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method != "POST":
                return view(request, *args, **kwargs)
            shown: list[HttpResponseBase] = []

            def act() -> dict[str, Any] | None:
                response = view(request, *args, **kwargs)
                shown.append(response)
                return None if getattr(request, "is_refused", False) else _leads(response)

            by = getattr(request, "by", None) or request.member
            try:
                answer = idempotency.once(
                    key=request.POST.get(FIELD, ""),
                    by=by,
                    what=what,
                    request=_sent(request),
                    act=act,
                    at=request.now,
                )
            except (idempotency.NotAKey, idempotency.KeyUsedOtherwise) as refused:
                if isinstance(refused, idempotency.NotAKey):
                    messages.error(request, STALE)
                else:
                    told(request, refused)
                return redirect(_page_of(request))
            if answer is None or not answer.is_repeat:
                return shown[0]
            messages.info(request, SAID_BEFORE)
            return _led(request, answer.body["to"])

        handled.has_key = True  # type: ignore[attr-defined]
        return handled

    return decorate


def _leads(response: HttpResponseBase) -> dict[str, Any] | None:
    to = response.headers.get("HX-Redirect") or response.headers.get("Location")
    return {"to": to} if to else None


def _led(request: Any, to: str) -> HttpResponse:
    return HttpResponseClientRedirect(to) if getattr(request, "htmx", False) else redirect(to)


def _page_of(request: Any) -> str:
    """Where the form stood: the page that sent it, where that is one of this site, else the desk or the phone."""
    referer = request.headers.get("referer", "")
    here = f"{request.scheme}://{request.get_host()}/"
    if referer.startswith(here):
        return "/" + referer[len(here) :]
    return "/desk/" if getattr(request, "by", None) else "/my/"


def _sent(request: Any) -> str:
    """The form as it was sent, files by their digests; without the key and the token of the session."""
    return canonical_json([request.path, list(_fields(request)), list(_files(request))])


def _fields(request: Any) -> Iterator[tuple[str, list[str]]]:
    for name in sorted(request.POST):
        if name not in {FIELD, "csrfmiddlewaretoken"}:
            yield name, request.POST.getlist(name)


def _files(request: Any) -> Iterator[tuple[str, str]]:
    for name in sorted(request.FILES):
        for file in request.FILES.getlist(name):
            digest = hashlib.sha256()
            for part in file.chunks():
                digest.update(part)
            file.seek(0)
            yield name, digest.hexdigest()
