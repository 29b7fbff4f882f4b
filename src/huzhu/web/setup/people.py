"""People of the branch: found, invited, given a link, switched off and on; roles given and taken."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from huzhu.members.services import NotAPhone
from huzhu.organisations.queries import visible_to
from huzhu.setup import people as setup
from huzhu.setup import queries
from huzhu.users import queries as users
from huzhu.users import services
from huzhu.users.passwords import rules
from huzhu.users.permissions import PLACES, NotAllowed
from huzhu.web import clock, lists, numbers
from huzhu.web.access import staff, told
from huzhu.web.setup.boxes import Box, Form

CODES = services.ROLES
REFUSALS = (
    services.OwnRoles,
    services.OutOfReach,
    services.LastAdministrator,
    services.RoleCannotStandThere,
    NotAllowed,
)
STATES = (("0", "可登录"), ("1", "已停用"))
HEADS = ("姓名", "登录名", "角色", "机构", "机构代码", "状态", "最近登录")


def _told_of(request: Any, people: Any) -> list[Any]:
    """The people with their roles in the branch, and when they last came in, by the business clock."""
    held: dict[int, list[Any]] = {}
    for role in users.visible_to(request.by).filter(user__in=list(people), is_active=True):
        held.setdefault(role.user_id, []).append(role)
    for one in people:
        one.held = held.get(one.pk, [])
        one.came = one.last_login + clock.ahead() if one.last_login else None
        one.waits = one.is_active and not one.has_usable_password()
    return list(people)


@require_safe
@staff("administrator")
def people(request: Any) -> HttpResponse:
    """Whoever holds or held a role in the branch."""
    places = {str(one.pk): one for one in visible_to(request.by).exclude(kind="employer")}
    asked = lists.read(
        request,
        "人员",
        lists.Filter("role", "角色", CODES),
        lists.Filter("place", "机构（及下属）", [(pk, one.name) for pk, one in places.items()]),
        lists.Filter("off", "状态", STATES),
        finds="姓名、拼音首字母、登录名",
        unit="人",
    )
    place = places.get(asked["place"])
    found = queries.people(request.by, asked=asked.text, code=asked["role"], place=place, off=asked["off"])
    if asked.takes:
        return lists.taken(request, asked, HEADS, found, lambda rows: _cells(_told_of(request, rows)))
    shown = lists.shown(request, asked, found)
    rows = _told_of(request, shown["pages"].object_list)
    return render(request, "web/setup/people.html", shown | {"rows": rows})


def _cells(people: Iterable[Any]) -> Iterator[tuple[str, ...]]:
    """A row for each role; for somebody without one, a row all the same."""
    for one in people:
        state = "已停用" if not one.is_active else "等设密码" if one.waits else "可登录"
        for role in one.held or [None]:
            place = (
                (role.get_code_display(), role.organisation.name, role.organisation.code)
                if role
                else ("", "", "")
            )
            yield (one.name, one.username, *place, state, lists.minute(one.came))


@require_http_methods(["GET", "HEAD", "POST"])
@staff("administrator")
def invite(request: Any) -> HttpResponse:
    """A name, a login, what they will do where; then the slip to hand over."""
    form = Form(_invite_boxes(request), request.POST if request.method == "POST" else None)
    if request.method == "POST" and "suggest" not in request.POST and (slip := _invited(request, form)):
        return slips_page(request, [slip])
    if "suggest" in request.POST and form["name"]:
        form.named["username"].value = services.suggested_login(form["name"])
    shown = {"form": form, "places_of": _places_said()}
    return render(request, "web/setup/invite.html", shown, status=422 if form.is_wrong else 200)


def _invite_boxes(request: Any) -> list[Box]:
    asked = request.GET
    open_places = visible_to(request.by).open()
    place = open_places.filter(pk=numbers.sent(asked.get("place"))).first()
    code = asked.get("role", "") if asked.get("role") in dict(CODES) else ""
    if place and not code:
        code = next((code for code, _ in CODES if place.kind in PLACES[code]), "")
    if code and not place:
        place = open_places.filter(kind__in=PLACES[code]).first()
    places = [
        ("", "请选择"),
        *((str(one.pk), f"{one.name}（{one.get_kind_display()}）") for one in open_places),
    ]
    return [
        Box("name", "姓名", asked.get("name", "")[:40], longest=40),
        Box("username", "登录名（可以空着，用姓名的拼音）", longest=40),
        Box("role", "角色", code, kind="select", choices=[("", "请选择"), *CODES]),
        Box("place", "机构", str(place.pk) if place else "", kind="select", choices=places),
        Box(
            "phone", "手机（可以空着）", hint="填了就同时放进发件箱；不填，把打印的链接交给本人。", longest=20
        ),
    ]


def _invited(request: Any, form: Form) -> Any:
    """The slip, or nothing and a sentence at the box."""
    place = visible_to(request.by).filter(pk=numbers.sent(form["place"])).first()
    for box, chosen, words in (
        ("role", form["role"] in dict(CODES), "请选择角色。"),
        ("place", place, "请选择机构。"),
        ("name", form["name"], "请填姓名。"),
    ):
        if not chosen:
            form.wrong(box, words)
    if form.is_wrong or place is None:
        return None
    try:
        return setup.invite(
            name=form["name"],
            username=form["username"] or services.suggested_login(form["name"]),
            roles=[(form["role"], place)],
            phone=form["phone"],
            address=addresses(request),
            by=request.by,
            at=request.now,
        )
    except services.NotAName as wrong:
        form.wrong("username" if "登录名" in str(wrong) else "name", wrong)
    except services.UsernameTaken as wrong:
        form.wrong("username", wrong)
    except services.RoleCannotStandThere as wrong:
        form.wrong("place", wrong)
    except NotAPhone as wrong:
        form.wrong("phone", wrong)
    except NotAllowed as wrong:
        form.wrong("", wrong)
    return None


def addresses(request: Any) -> setup.Address:
    return lambda token: request.build_absolute_uri(reverse("web:password-link", args=[token]))


def slips_page(request: Any, slips: list[Any]) -> HttpResponse:
    """The addresses stand on this page and nowhere else; it is not kept by the browser."""
    response = render(request, "web/setup/slips.html", {"slips": slips})
    response["Cache-Control"] = "no-store"
    return response


def _places_said() -> list[tuple[str, str]]:
    """Each role, and where it is given."""
    kinds = dict(setup.Organisation.Kind.choices)
    return [
        (label, "、".join(words for kind, words in kinds.items() if kind in PLACES[code]))
        for code, label in CODES
    ]


def _person(request: Any, pk: int) -> Any:
    found = users.people_visible_to(request.by).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@require_safe
@staff("administrator")
def person(request: Any, pk: int) -> HttpResponse:
    """One person: roles in the branch, and what may be done."""
    found = _told_of(request, [_person(request, pk)])[0]
    acts = {role.code for role in found.held}
    shown = {
        "person": found,
        "is_own": found.pk == request.by.user_id,
        "is_ruled": rules(request.by, found),
        "codes": CODES,
        "places": visible_to(request.by).open(),
        "clashes": [words for pair, words in CLASHES if pair <= acts],
        "places_of": _places_said(),
    }
    return render(request, "web/setup/person.html", shown)


CLASHES = (
    ({"payment_maker", "payment_releaser"}, "出纳制单和出纳放行：同一批次的制单和放行必须是两个人。"),
    ({"reviewer", "second_reviewer"}, "省办审核和省办复核：同一件申请的核定和复核必须是两个人。"),
    ({"agency_clerk", "reviewer"}, "代办处经办和省办审核：同一件申请的初审和核定必须是两个人。"),
)


@require_POST
@staff("administrator")
def act(request: Any, pk: int, verb: str) -> HttpResponse:
    """What an administrator does to one person; a new link leads to its slip."""
    found = _person(request, pk)
    if verb not in ACTS:
        raise Http404
    try:
        answer = ACTS[verb](request, found)
    except (*REFUSALS, NotAPhone) as refused:
        told(request, refused)
        answer = None
    return answer or redirect("web:person", found.pk)


def _grant(request: Any, found: Any) -> None:
    place = visible_to(request.by).filter(pk=numbers.sent(request.POST.get("place"))).first()
    code = request.POST.get("role", "")
    if place is None or code not in dict(CODES):
        messages.error(request, "请选择角色和机构。")
        return
    services.grant(user=found, code=code, organisation=place, by=request.by, at=request.now)
    messages.success(request, f"{found.name}现在是{place.name}的{dict(CODES)[code]}。")


def _revoke(request: Any, found: Any) -> None:
    held = users.visible_to(request.by).filter(user=found, pk=numbers.sent(request.POST.get("role"))).first()
    if held is None:
        raise Http404
    services.revoke(role=held, by=request.by, at=request.now)
    messages.success(
        request, f"收回了{found.name}的角色：{held.get_code_display()}，{held.organisation.name}。"
    )


def _switch(request: Any, found: Any, *, is_active: bool) -> None:
    services.switch(user=found, is_active=is_active, by=request.by, at=request.now)
    said = "可以登录了" if is_active else "不能再登录了，已经登录的马上退出"
    messages.success(request, f"{found.name}{said}。")


def _link(request: Any, found: Any) -> HttpResponse:
    phone = request.POST.get("phone", "")[:20]
    slip = setup.reset(user=found, phone=phone, address=addresses(request), by=request.by, at=request.now)
    return slips_page(request, [slip])


ACTS = {
    "grant": _grant,
    "revoke": _revoke,
    "on": lambda request, found: _switch(request, found, is_active=True),
    "off": lambda request, found: _switch(request, found, is_active=False),
    "link": _link,
}
