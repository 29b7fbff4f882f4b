"""Tokens of programs: the list, a new one whose text is shown once, and its end."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from huzhu.organisations.queries import visible_to
from huzhu.users import queries, services
from huzhu.users.permissions import PLACES, NotAllowed
from huzhu.users.tokens import CODES, SCOPES, TokenRefused, make
from huzhu.users.tokens import revoke as end_token
from huzhu.web import numbers
from huzhu.web.access import answered, staff
from huzhu.web.setup.boxes import Box, Form

DAYS = (("30", "30 天"), ("90", "90 天"), ("180", "半年"), ("365", "一年"))


def _told_of(token: Any, now: Any) -> tuple[Any, str, list[str]]:
    """The token, its state (good, ended, expired), and what it may do in words."""
    state = "ended" if token.revoked_at else "expired" if token.expires_at <= now else "good"
    return token, state, [SCOPES[scope][0] for scope in token.scopes]


@require_safe
@staff("administrator")
def tokens(request: Any) -> HttpResponse:
    """Every token of the branch, newest first."""
    rows = [_told_of(token, request.now) for token in queries.tokens_visible_to(request.by)]
    return render(request, "web/setup/tokens.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@staff("administrator")
def new_token(request: Any) -> HttpResponse:
    """What for, as whom and where, what it may do, how long; then the text, this once."""
    form = Form(_boxes(request), request.POST if request.method == "POST" else None)
    chosen = request.POST.getlist("scope")
    if request.method == "POST" and (made := _made(request, form, chosen)):
        token, text = made
        response = render(request, "web/setup/token_text.html", {"token": token, "text": text})
        response["Cache-Control"] = "no-store"
        return response
    offered = [
        (scope, words, scope in chosen, "、".join(label for code, label in CODES if code in codes))
        for scope, (words, codes) in SCOPES.items()
    ]
    shown = {"form": form, "scopes": offered}
    return render(request, "web/setup/new_token.html", shown, status=422 if form.is_wrong else 200)


def _boxes(request: Any) -> list[Box]:
    kinds = {kind for code, _ in CODES for kind in PLACES[code]}
    places = visible_to(request.by).open().filter(kind__in=kinds)
    named = [(str(one.pk), f"{one.name}（{one.get_kind_display()}）") for one in places]
    return [
        Box("name", "用途", hint="哪个系统用，例如：林业局人事系统", longest=40),
        Box("role", "以什么角色", kind="select", choices=[("", "请选择"), *CODES]),
        Box(
            "place",
            "在哪个机构",
            kind="select",
            choices=[("", "请选择"), *named],
            hint="只看得到、也只能办这个机构及下属的",
        ),
        Box("days", "有效期", "90", kind="select", choices=DAYS),
    ]


def _made(request: Any, form: Form, chosen: list[str]) -> Any:
    place = visible_to(request.by).filter(pk=numbers.sent(form["place"])).first()
    if place is None:
        form.wrong("place", "请选择机构。")
    if form["role"] not in dict(CODES):
        form.wrong("role", "请选择角色。")
    if form.is_wrong or place is None:
        return None
    try:
        return make(
            name=form["name"],
            code=form["role"],
            place=place,
            scopes=chosen,
            days=numbers.sent(form["days"]),
            by=request.by,
            at=request.now,
        )
    except services.NotAName:
        form.wrong("name", "请写用途，不超过 40 个字。")
    except services.RoleCannotStandThere as wrong:
        form.wrong("place", wrong)
    except (TokenRefused, NotAllowed) as wrong:
        form.wrong("", wrong)
    return None


@require_POST
@staff("administrator")
def revoke_token(request: Any, pk: int) -> HttpResponse:
    """It lets in no more."""
    token = queries.tokens_visible_to(request.by).filter(pk=pk).first()
    if token is None:
        raise Http404
    with answered(request, NotAllowed):
        end_token(token=token, by=request.by, at=request.now)
        messages.success(request, f"令牌“{token.name}”已停用，用它的程序马上进不来了。")
    return redirect("web:tokens")
