"""Where a password is set: by an invited person's link, or by a person who knows the present one."""

from typing import Any

from django.contrib import auth, messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from huzhu.users import passwords
from huzhu.users.passwords import RULES, LinkEnded, PasswordTooWeak, WrongPassword
from huzhu.web import access
from huzhu.web.setup.boxes import Box, Form

NEW = ("password", "again")


def _boxes() -> list[Box]:
    return [
        Box("password", "新密码", kind="password", longest=200, fills="new-password"),
        Box("again", "再输一次新密码", kind="password", longest=200, fills="new-password"),
    ]


def _agree(form: Form) -> bool:
    if form["password"] != form["again"]:
        form.wrong("again", "两次输的密码不一样，请再输一次。")
    return not form.is_wrong


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters(*NEW)
@access.timed
def by_link(request: Any, token: str) -> HttpResponse:
    """The invited person chooses a password and is in; an old, used or wrong link is told the same."""
    try:
        user = passwords.open_link(token=token, at=request.now).user
    except LinkEnded as ended:
        return render(request, "web/setup/link_ended.html", {"said": str(ended)}, status=404)
    form = Form(_boxes(), request.POST if request.method == "POST" else None)
    if request.method == "POST" and _agree(form):
        try:
            user = passwords.use_link(token=token, password=form["password"], at=request.now)
        except PasswordTooWeak as weak:
            form.wrong("password", weak)
        except LinkEnded as ended:
            return render(request, "web/setup/link_ended.html", {"said": str(ended)}, status=404)
        else:
            access.let_in(request, user)
            messages.success(request, f"密码设好了。您的登录名是 {user.username}，以后用它登录。")
            return redirect("web:desk")
    shown = {"form": form, "person": user, "rules": RULES}
    return render(request, "web/setup/set_password.html", shown, status=422 if form.is_wrong else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("old", *NEW)
@access.staff()
def change(request: Any) -> HttpResponse:
    """A person's own password; this browser stays signed in, others are signed out by it."""
    old = Box("old", "现在的密码", kind="password", longest=200, fills="current-password")
    form = Form([old, *_boxes()], request.POST if request.method == "POST" else None)
    if request.method == "POST" and _agree(form):
        try:
            passwords.change(user=request.user, old=form["old"], new=form["password"], at=request.now)
        except WrongPassword as wrong:
            form.wrong("old", wrong)
        except PasswordTooWeak as weak:
            form.wrong("password", weak)
        else:
            auth.update_session_auth_hash(request, request.user)
            messages.success(request, "密码改好了。在别的电脑上登录着的，已经退出。")
            return redirect("web:desk")
    shown = {"form": form, "rules": RULES}
    return render(request, "web/setup/change_password.html", shown, status=422 if form.is_wrong else 200)
