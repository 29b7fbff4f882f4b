"""个人参加: one question a page on a phone, without a login; the phone is proved by a code before anything is kept."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from huzhu.core.identity import mask_account, mask_phone, masked
from huzhu.enrolment import applications, queries, unpaid
from huzhu.insight import people
from huzhu.schemes import queries as schemes
from huzhu.web.access import timed, told
from huzhu.web.desks.signing import demo_is_on
from huzhu.web.shown import SchemeShown

KEY = "application"
PAGES = {
    "who": ("您是谁", "web/entry/who.html"),
    "code": ("填验证码", "web/entry/code.html"),
    "work": ("做什么、在哪里", "web/entry/work.html"),
    "health": ("身体情况", "web/entry/health.html"),
    "account": ("收款账户（可以不填）", "web/entry/account.html"),
    "check": ("核对后提交", "web/entry/check.html"),
}
NAMES = tuple(PAGES)
STEPS = NAMES[1:]
Shown = dict[str, Any]


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
@timed
def join(request: Any) -> HttpResponse:
    """The schemes that let individuals in, then who it is; a code is sent to the phone."""
    editions = queries.offered_on(request.today, "individual")
    wanted = request.POST.get("scheme") or request.GET.get("scheme", "")
    chosen = next((row for row in editions if row.slug == wanted), None)
    if chosen is None:
        shown = [(row, _scheme(row, request)) for row in editions]
        return render(request, "web/entry/join.html", {"offers": shown})
    said = {name: request.POST.get(name, "").strip()[:60] for name in ("name", "id_number", "phone")}
    page: Shown = {"scheme": chosen, **said}
    if request.method != "POST":
        return _page(request, "who", page)
    try:
        found = applications.start(edition=chosen, at=request.now, **said)
    except applications.FieldsNeedWork as refused:
        return _page(request, "who", page | {"errors": refused.problems})
    except applications.ApplicationRefused as refused:
        return _page(request, "who", page | {"error": str(refused)})
    request.session[KEY] = str(found.pk)
    return redirect("web:join-step", "code")


def _scheme(row: Any, request: Any) -> SchemeShown:
    return SchemeShown(schemes.engine(row), request.today.toordinal())


def mine(request: Any) -> Any:
    """The application this browser has begun or shown the code for; None where there is none."""
    return queries.application(request.session.get(KEY, ""))


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
@timed
def step(request: Any, name: str) -> HttpResponse:
    """One page of an application: shown, or what was typed is kept and the next page follows."""
    if name not in STEPS:
        raise Http404
    found = mine(request)
    if found is None:
        return redirect("web:join")
    if found.proved_at is None and name != "code":
        return redirect("web:join-step", "code")
    if found.state not in {"draft", "returned"} or (name == "code" and found.proved_at):
        return redirect("web:join-status")
    if request.method == "POST":
        return TAKES[name](request, found)
    return _page(request, name, {"found": found} | SHOWS[name](request, found))


def _page(request: Any, name: str, shown: Shown) -> HttpResponse:
    title, template = PAGES[name]
    at = NAMES.index(name)
    before = NAMES[at - 1] if at > NAMES.index("work") else ""
    frame = {"step": name, "title": title, "before": before, "number": at + 1}
    refused = shown.get("errors") or shown.get("error")
    return render(request, template, frame | shown, status=422 if refused else 200)


def _after(found: Any, name: str) -> HttpResponse:
    """The next page; one that was mended from the check leads back there."""
    if applications.lacking(found) or name != "account":
        return redirect("web:join-step", STEPS[STEPS.index(name) + 1])
    return redirect("web:join-step", "check")


# ── the code ──


def _show_code(_: Any, found: Any) -> Shown:
    return {
        "phone": mask_phone(found.phone),
        "message": people.newest_message(found.phone) if demo_is_on() else "",
    }


def _take_code(request: Any, found: Any) -> HttpResponse:
    try:
        if "again" in request.POST:
            applications.send_again(application=found, at=request.now)
            return redirect("web:join-step", "code")
        applications.prove(application=found, code=request.POST.get("code", "")[:12], at=request.now)
    except applications.ApplicationRefused as refused:
        return _page(request, "code", {"found": found, "error": str(refused)} | _show_code(request, found))
    request.session.cycle_key()
    return redirect("web:join-step", "work")


# ── work, health, account ──


def _show_work(_: Any, found: Any) -> Shown:
    return {
        "occupations": queries.OCCUPATIONS,
        "agencies": list(queries.agencies()),
        "occupation": found.occupation,
        "platform": found.platform,
        "agency": found.agency_id,
        "insured": found.insured,
    }


def _take_work(request: Any, found: Any) -> HttpResponse:
    said = {name: request.POST.get(name, "").strip()[:80] for name in ("occupation", "platform", "insured")}
    agency = next((one for one in queries.agencies() if str(one.pk) == request.POST.get("agency")), None)
    try:
        applications.fill(application=found, at=request.now, **said, agency=agency)
    except applications.FieldsNeedWork as refused:
        typed = said | {"agency": agency and agency.pk, "errors": refused.problems}
        return _page(request, "work", {"found": found} | _show_work(request, found) | typed)
    return _after(found, "work")


def _show_health(request: Any, found: Any) -> Shown:
    return {"about": _scheme(found.edition, request).about, "already_ill": found.already_ill}


def _take_health(request: Any, found: Any) -> HttpResponse:
    said = {"yes": True, "no": False}.get(request.POST.get("already_ill", ""))
    try:
        applications.fill(application=found, at=request.now, already_ill=said)
    except applications.FieldsNeedWork as refused:
        shown = {"found": found, "errors": refused.problems} | _show_health(request, found)
        return _page(request, "health", shown)
    return _after(found, "health")


def _show_account(_: Any, found: Any) -> Shown:
    return {"bank_name": found.bank_name, "account": found.account or ""}


def _take_account(request: Any, found: Any) -> HttpResponse:
    said = {name: request.POST.get(name, "").strip()[:60] for name in ("bank_name", "account")}
    try:
        applications.fill(application=found, at=request.now, **said)
    except applications.FieldsNeedWork as refused:
        return _page(request, "account", {"found": found, "errors": refused.problems} | said)
    return _after(found, "account")


# ── check ──


def _show_check(request: Any, found: Any) -> Shown:
    return {
        "lacks": applications.lacking(found),
        "slip": applications.judge(application=found, at=request.now),
        "fee_fen": found.edition.fee_for("individual"),
        "id_number": masked(found.id_number),
        "phone": mask_phone(found.phone),
        "account": mask_account(found.account or ""),
    }


def _take_check(request: Any, found: Any) -> HttpResponse:
    try:
        applications.submit(application=found, at=request.now)
    except applications.ApplicationRefused as refused:
        return _page(request, "check", {"found": found, "error": str(refused)} | _show_check(request, found))
    return redirect("web:join-status")


# ── afterwards ──


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
@timed
def status(request: Any) -> HttpResponse:
    """How an application stands and what to pay; who comes back later proves the phone again."""
    found = mine(request)
    if found is None or not found.proved_at:
        return _sign_in(request)
    if found.state == "draft":
        return redirect("web:join-step", next(iter(applications.lacking(found)), "check"))
    shown = {
        "found": found,
        "fee_fen": found.edition.fee_for("individual"),
        "cover": queries.cover_of(found),
        "open": found.state in {"submitted", "returned"},
        "pay_by": unpaid.pay_by(found) if found.state == "approved" else None,
    }
    return render(request, "web/entry/status.html", shown)


def _sign_in(request: Any) -> HttpResponse:
    """ID and phone first; the same is said whether there is such an application or not."""
    said = {name: request.POST.get(name, "").strip()[:40] for name in ("id_number", "phone", "code")}
    if request.method != "POST":
        return render(request, "web/entry/sign_in.html", said | {"asks": "who"})
    if not (said["id_number"] and said["phone"]):
        error = "身份证号和手机号都要填，才能发验证码。"
        return render(request, "web/entry/sign_in.html", said | {"asks": "who", "error": error}, status=422)
    who = {"id_number": said["id_number"], "phone": said["phone"]}
    page: Shown = said | {"asks": "code", "said": applications.SENT}
    try:
        if "code" not in request.POST or "again" in request.POST:
            applications.send_to_applicant(**who, at=request.now)
        else:
            found = applications.prove_applicant(**who, code=said["code"], at=request.now)
            request.session.cycle_key()
            request.session[KEY] = str(found.pk)
            return redirect("web:join-status")
    except applications.ApplicationRefused as refused:
        page["error"] = str(refused)
    page["message"] = people.newest_message(said["phone"]) if demo_is_on() else ""
    return render(request, "web/entry/sign_in.html", page, status=422 if "error" in page else 200)


@require_POST
@timed
def leave(request: Any) -> HttpResponse:
    """Give the application up, or only put the phone away for the next person."""
    found = mine(request)
    if found is not None and "withdraw" in request.POST and found.proved_at:
        try:
            applications.withdraw(application=found, at=request.now)
        except applications.ApplicationRefused as refused:
            told(request, refused)
        return redirect("web:join-status")
    request.session.pop(KEY, None)
    return redirect("web:join")


SHOWS = {
    "code": _show_code,
    "work": _show_work,
    "health": _show_health,
    "account": _show_account,
    "check": _show_check,
}
TAKES = {
    "code": _take_code,
    "work": _take_work,
    "health": _take_health,
    "account": _take_account,
    "check": _take_check,
}
