"""Signing in and out: staff by password, a member by ID, phone and a code; roles; the demo's switch."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from huzhu.insight import people
from huzhu.members import services as members
from huzhu.members.signin import WrongCode
from huzhu.users import queries as users
from huzhu.users import services as logins
from huzhu.web import access
from huzhu.web.setup import first_start


def demo_is_on() -> bool:
    """The demo's doors stand open only where every member is a generated one."""
    return bool(settings.HUZHU_DEMO) and not people.are_real()


def demo_is_loading() -> bool:
    """On its first start ./run opens the public pages while the demo is still being loaded."""
    return bool(settings.HUZHU_DEMO) and users.nobody_is_here()


LOADING = "演示数据正在装入，大约一分钟。装好后请刷新本页再登录；方案和试算现在就能看。"


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
@access.timed
def sign_in(request: Any) -> HttpResponse:
    """Staff: name and password."""
    said: dict[str, Any] = {
        "username": request.POST.get("username", "").strip(),
        "next": access.onward(request, "web:desk"),
    }
    status = 200
    if demo_is_loading():
        said["error"], status = LOADING, 503
    elif request.method == "POST":
        try:
            user = logins.check_password(
                username=said["username"], password=request.POST.get("password", ""), at=request.now
            )
        except (logins.WrongLogin, logins.LockedOut) as refusal:
            said["error"], status = str(refusal), 422
        else:
            access.let_in(request, user)
            return redirect(said["next"] if access.role_of(request) else _roles_then(said["next"]))
    said["cast"] = people.cast() if demo_is_on() else ()
    said["is_blank"] = first_start.waits()
    return render(request, "web/desks/sign_in.html", said, status=status)


def _roles_then(wanted: str) -> str:
    return f"{reverse('web:roles')}?next={wanted}"


@require_http_methods(["GET", "HEAD", "POST"])
@access.signed_in
def roles(request: Any) -> HttpResponse:
    """Which role to act in, for people who have several."""
    mine = list(users.roles_of(request.user).select_related("organisation", "user"))
    if request.method == "POST":
        chosen = next((role for role in mine if str(role.pk) == request.POST.get("role")), None)
        if chosen is None:
            raise Http404
        request.session["role"] = chosen.pk
        return redirect(access.onward(request, "web:desk"))
    return render(
        request, "web/desks/roles.html", {"roles": mine, "next": access.onward(request, "web:desk")}
    )


@require_POST
@access.timed
def sign_out(request: Any) -> HttpResponse:
    was_member = access.MEMBER in request.session
    access.let_out(request)
    return redirect("web:phone-sign-in" if was_member else "web:sign-in")


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
@access.timed
def phone_sign_in(request: Any) -> HttpResponse:
    """A member: ID and phone, then the code that was sent; the same answer whether or not there is such a person."""
    said = {name: request.POST.get(name, "").strip()[:40] for name in ("id_number", "phone", "code")}
    said["next"] = access.onward(request, "web:phone")
    if demo_is_loading():
        return _phone(request, said, "who", error=LOADING)
    if request.method != "POST":
        return _phone(request, said, "who")
    if not (said["id_number"] and said["phone"]):
        return _phone(request, said, "who", error="身份证号和手机号都要填，才能发验证码。")
    if "code" not in request.POST or "again" in request.POST:
        told = members.send_code(id_number=said["id_number"], phone=said["phone"], at=request.now)
        return _phone(request, said | {"code": ""}, "code", told=told)
    try:
        typed = {name: said[name] for name in ("id_number", "phone", "code")}
        person = members.sign_in(**typed, at=request.now)
    except WrongCode as refusal:
        return _phone(request, said, "code", error=str(refusal))
    access.let_member_in(request, person)
    return redirect(said["next"])


def _phone(request: Any, said: dict[str, str], step: str, **more: str) -> HttpResponse:
    """One question a page. In the demo the phone's screen stands below, since no message leaves this machine."""
    page: dict[str, object] = {**said, **more, "step": step}
    if demo_is_on():
        page["heroine"] = people.heroine() if step == "who" else None
        page["message"] = people.newest_message(said["phone"]) if step == "code" else ""
    return render(request, "web/desks/phone_sign_in.html", page, status=422 if "error" in more else 200)


@require_POST
@access.timed
def demo_as(request: Any) -> HttpResponse:
    """“以…身份”: the demo's switch between people."""
    if not demo_is_on():
        raise Http404
    who = request.POST.get("who", "")
    if who == "member":
        heroine = people.heroine()
        if heroine is None:
            raise Http404
        access.let_member_in(request, heroine)
        return redirect("web:phone")
    role = people.cast().filter(pk=who).first() if who.isdecimal() else None
    if role is None:
        raise Http404
    access.let_in(request, role.user)
    request.session["role"] = role.pk
    return redirect("web:desk")
