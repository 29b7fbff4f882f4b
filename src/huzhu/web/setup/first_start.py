"""The first start of a blank site: a code from the shell, the top of the tree, the first administrator."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from huzhu.organisations.services import NotAPlace
from huzhu.setup.opening import ASSOCIATION, Site, open_site
from huzhu.users.opening import SetUpAlready, WrongStartCode
from huzhu.users.passwords import RULES, PasswordTooWeak
from huzhu.users.queries import nobody_is_here
from huzhu.users.services import NotAName
from huzhu.web import access
from huzhu.web.setup.boxes import Box, Form

# which box a refusal belongs to
AT = {WrongStartCode: "code", PasswordTooWeak: "password"}


def waits() -> bool:
    """Whether this site is blank, and no demonstration is about to fill it."""
    return not settings.HUZHU_DEMO and nobody_is_here()


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("code", "password", "again")
@access.timed
def first_start(request: Any) -> HttpResponse:
    """Open once; afterwards the page leads to the sign-in."""
    if not waits():
        messages.info(request, "这里已经开业了。请用登录名登录。")
        return redirect("web:sign-in")
    form = _form(request.POST if request.method == "POST" else None)
    if request.method == "POST" and (user := _opened(form, request.now)):
        access.let_in(request, user)
        messages.success(request, f"开业了。{user.name}是第一位系统管理员，下面是还要准备的事。")
        return redirect("web:desk")
    return render(
        request,
        "web/setup/first_start.html",
        {"form": form, "rules": RULES},
        status=422 if form.is_wrong else 200,
    )


def _form(sent: Any) -> Form:
    boxes = [
        Box("code", "开业码", hint="印在启动系统的窗口里，24 小时内有效，用过就作废。", longest=40),
        Box("association", "全国协会名称", ASSOCIATION, "机构树的最上面，一般不用改。"),
        Box("province", "省办事处名称（可以以后再填）", hint="例如 黑龙江省办事处"),
        Box("city", "市代办处名称（可以以后再填）", hint="例如 伊春代办处"),
        Box(
            "name",
            "您的姓名",
            hint="您是第一位系统管理员，管机构和人员，看不到会员，也动不了钱。",
            longest=40,
        ),
        Box("username", "登录名", hint="小写字母和数字，例如姓名的拼音。", longest=40, fills="username"),
        Box("password", "密码", kind="password", longest=200, fills="new-password"),
        Box("again", "再输一次密码", kind="password", longest=200, fills="new-password"),
    ]
    return Form(boxes, sent)


def _opened(form: Form, at: Any) -> Any:
    """The first administrator; or nothing, with a sentence at the box that is wrong."""
    if form["password"] != form["again"]:
        form.wrong("again", "两次输的密码不一样，请再输一次。")
        return None
    names = ("association", "province", "city", "name", "username", "password")
    try:
        return open_site(Site(**{name: form[name] for name in names}), code=form["code"], at=at)
    except NotAPlace as wrong:
        empty = next(
            (name for name in ("association", "province", "city") if len(form[name]) > 80), "association"
        )
        form.wrong(wrong.field if wrong.field in form.named else empty, wrong)
    except NotAName as wrong:
        form.wrong("username" if "登录名" in str(wrong) else "name", wrong)
    except (WrongStartCode, PasswordTooWeak) as wrong:
        form.wrong(AT[type(wrong)], wrong)
    except SetUpAlready as late:
        form.wrong("", late)
    return None
