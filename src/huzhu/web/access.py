"""Who may open a page. Staff act in one role at a time, a member acts as themself; the rest is told to sign in.

A page says who opens it: `@staff("agency_clerk")`, `@staff()` for every role, `@member`. A wrong role finds nothing
there (404). The view then has `request.by` or `request.member`, `request.now` and `request.today`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from django.contrib import auth, messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from huzhu.insight import people
from huzhu.users import queries as users
from huzhu.web import clock
from huzhu.web.desks.menu import Desk, tabs

View = Callable[..., HttpResponseBase]
Refusals = type[Exception] | tuple[type[Exception], ...]
IDLE_SECONDS = 30 * 60
ABSOLUTE_SECONDS = 12 * 3600
MEMBER = "member"
ROLES = (
    "employer_clerk",
    "county_clerk",
    "agency_clerk",
    "reviewer",
    "second_reviewer",
    "payment_maker",
    "payment_releaser",
    "auditor",
    "leader",
    "cadre",
    "policy",
    "administrator",
)


def staff(*codes: str) -> Callable[[View], View]:
    """Opens a page to staff acting in one of these roles; without codes, to every role."""

    def decorate(view: View) -> View:
        opens_to = frozenset(codes or ROLES)

        @wraps(view)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not _awake(request) or not request.user.is_authenticated:
                return _to(request, "web:sign-in")
            role = role_of(request)
            if role is None:
                return _to(request, "web:roles")
            if role.code not in opens_to:
                raise Http404
            request.by = role
            _timed(request)
            request.desk = Desk(role, request.path)
            return _uncached(view(request, *args, **kwargs))

        guarded.opens_to = opens_to  # type: ignore[attr-defined]
        return guarded

    return decorate


def member(view: View) -> View:
    """Opens a page to a member on the phone, for themself."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        person = (
            people.member(request.session["member"])
            if _awake(request) and MEMBER in request.session
            else None
        )
        if person is None:
            return _to(request, "web:phone-sign-in")
        request.member = person
        _timed(request)
        request.tabs = tabs(request.path)
        return _uncached(view(request, *args, **kwargs))

    guarded.opens_to = frozenset({MEMBER})  # type: ignore[attr-defined]
    return guarded


def signed_in(view: View) -> View:
    """Opens a page to staff who have not chosen a role yet."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not _awake(request) or not request.user.is_authenticated:
            return _to(request, "web:sign-in")
        _timed(request)
        return _uncached(view(request, *args, **kwargs))

    guarded.opens_to = frozenset(ROLES)  # type: ignore[attr-defined]
    return guarded


def timed(view: View) -> View:
    """A page before signing in: it has the clock, and stays out of caches all the same."""

    @wraps(view)
    def with_clock(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        _timed(request)
        return _uncached(view(request, *args, **kwargs))

    return with_clock


def told(request: HttpRequest, error: Exception) -> None:
    """Puts an error's sentence on the next page; nothing was done."""
    request.is_refused = True  # type: ignore[attr-defined]
    messages.error(request, str(error))


@contextmanager
def answered(request: HttpRequest, refusals: Refusals) -> Iterator[None]:
    """An act of a page: what refuses it is told on the next one, and what follows it inside is then not done."""
    try:
        yield
    except refusals as refused:
        told(request, refused)


def role_of(request: Any) -> Any:
    """The role this person acts in: the one chosen, or the only one there is."""
    chosen = request.session.get("role")
    roles = users.roles_of(request.user).select_related("user", "organisation")
    if chosen is not None:
        return roles.filter(pk=chosen).first()
    only = list(roles[:2])
    if len(only) != 1:
        return None
    request.session["role"] = only[0].pk
    return only[0]


def let_in(request: Any, user: Any) -> None:
    """Starts a session of a member of staff, with a new key."""
    before = user.last_login  # login() writes a new one
    request.session.flush()
    auth.login(request, user)
    if before:
        request.session["before"] = (before + clock.ahead()).isoformat()
    _started(request)


def let_member_in(request: Any, person: Any) -> None:
    """Starts a session of a member, with a new key."""
    auth.logout(request)
    request.session["member"] = str(person.pk)
    rotate_token(request)
    _started(request)


def let_out(request: HttpRequest) -> None:
    """Ends the session; nothing of it is kept, in the browser or here."""
    auth.logout(request)


def onward(request: HttpRequest, otherwise: str) -> str:
    """Where the person wanted to go, when that is a page of this site."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        return wanted
    return reverse(otherwise)


def _started(request: Any) -> None:
    seconds = int(timezone.now().timestamp())
    request.session["since"] = request.session["seen"] = seconds


def _awake(request: Any) -> bool:
    """Whether the session is neither idle nor old; written at most once a minute, so that reading stays reading."""
    session = request.session
    if "since" not in session:
        return False
    seconds = int(timezone.now().timestamp())
    if seconds - session["seen"] > IDLE_SECONDS or seconds - session["since"] > ABSOLUTE_SECONDS:
        let_out(request)
        messages.info(request, "您离开的时间较长，为了安全已经退出，请重新登录。")
        return False
    if seconds - session["seen"] > 60:
        session["seen"] = seconds
    return True


def _timed(request: Any) -> None:
    request.now = clock.now()
    request.today = timezone.localdate(request.now)


def _to(request: HttpRequest, name: str) -> HttpResponseBase:
    asked = request.get_full_path() if request.method in {"GET", "HEAD"} else ""
    query = f"?{urlencode({'next': asked})}" if asked else ""
    return redirect(reverse(name) + query)


def _uncached(response: HttpResponseBase) -> HttpResponseBase:
    """Back after signing out shows nothing."""
    response.headers.setdefault("Cache-Control", "no-store")
    return response
