"""The desk of changes: requests to be checked by one person and approved by another, and changed accounts."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from huzhu.core.identity import mask_account, mask_phone, masked
from huzhu.files.contents import NotAccepted
from huzhu.files.services import FileLost
from huzhu.members import corrections, queries, services
from huzhu.users.permissions import NotAllowed, may
from huzhu.web.access import staff, told
from huzhu.web.claims.shown import file_response

LOOKED_BACK = timedelta(days=30)
REFUSALS = (
    corrections.CorrectionMoved,
    corrections.NotACorrection,
    services.ChangeIsSettled,
    NotAccepted,
    NotAllowed,
)


@require_safe
@staff("agency_clerk", "county_clerk")
def listed(request: Any) -> HttpResponse:
    """What waits for this person first, then what others must do, then what was done; accounts for the agency."""
    found = list(queries.corrections(request.by))
    open_ones = [one for one in found if one.state in corrections.OPEN]
    shown = {
        "mine": [one for one in open_ones if _is_mine(request.by, one)],
        "others": [one for one in open_ones if not _is_mine(request.by, one)],
        "done": [one for one in reversed(found) if one.state not in corrections.OPEN][:30],
        "agency": may(request.by, "members.confirm_account"),
        "accounts": [_account_line(request, one) for one in _accounts(request)],
    }
    return render(request, "web/people/changes.html", shown)


def _is_mine(by: Any, one: Any) -> bool:
    """Whether this person can move the request on; the server asks the same again."""
    if one.state == "asked":
        return may(by, "members.correct", one.member.employer)
    return one.checked_by_id != by.user_id and may(by, "members.approve_correction", one.member.employer)


def _accounts(request: Any) -> list[Any]:
    return queries.account_changes(request.by, request.now - LOOKED_BACK)


def _account_line(request: Any, change: Any) -> dict[str, Any]:
    account = change.account
    waits = change.waits(request.now)
    return {
        "account": account,
        "then": mask_account(account.replaces.number),
        "now": mask_account(account.number),
        "usable_from": change.usable_from,
        "waits": waits,
        "mine": waits and account.added_by != request.by.actor_id,
    }


@require_http_methods(["GET", "HEAD", "POST"])
@staff("agency_clerk", "county_clerk")
def change(request: Any, pk: str) -> HttpResponse:
    """One request beside the photograph: check, approve or refuse."""
    found = get_object_or_404(queries.corrections(request.by), pk=pk)
    if request.method == "POST":
        try:
            messages.success(request, _do(request, found))
        except REFUSALS as refused:
            told(request, refused)
            return redirect("web:change", found.pk)
        return redirect("web:changes")
    mine = found.state in corrections.OPEN and _is_mine(request.by, found)
    old, new = found.was, found.value
    if found.state not in corrections.OPEN or not mine:  # who only looks sees no full number
        old, new = _masked(found.field, old), _masked(found.field, new)
    account = queries.current_account(found.member)
    shown = {
        "one": found,
        "old": old,
        "new": new,
        "mine": mine,
        "checks": found.state == "asked",
        "holder": account.holder if account and found.field == "name" else "",
        "is_image": found.file is not None and found.file.kind.startswith("image/"),
    }
    return render(request, "web/people/change.html", shown)


def _masked(field: str, text: str) -> str:
    return {"id_number": masked, "phone": mask_phone}.get(field, str)(text)


def _do(request: Any, found: Any) -> str:
    act = {"correction": found, "by": request.by, "at": request.now}
    label = f"{found.member.name}的{found.get_field_display()}"
    verbs: dict[str, tuple[Callable[..., Any], str]] = {
        "check": (corrections.check, f"{label}已核对，等另一个人批准。"),
        "approve": (corrections.approve, f"{label}已更正，本人会收到短信。"),
    }
    word = request.POST.get("do", "")
    if word == "refuse":
        corrections.refuse(reason=request.POST.get("reason", ""), **act)
        return f"{label}没有同意更正，理由已告诉会员。"
    if word not in verbs:
        raise Http404
    verb, said = verbs[word]
    verb(**act)
    return said


@require_safe
@staff("agency_clerk", "county_clerk")
def photo(request: Any, pk: str) -> HttpResponse:
    """The photograph of the ID card; who looks is written down."""
    found = get_object_or_404(queries.corrections(request.by), pk=pk)
    try:
        data = corrections.open_photo(correction=found, by=request.by, at=request.now)
    except (LookupError, FileLost):
        raise Http404 from None
    return file_response(found.file, data)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("value")
@staff("agency_clerk")
def ask(request: Any, pk: str) -> HttpResponse:
    """At the counter: the clerk enters the request and counts as who checked it; another person approves."""
    member = get_object_or_404(queries.visible_to(request.by), pk=pk)
    shown: dict[str, Any] = {"member": member, "fields": corrections.Field.choices}
    if request.method == "POST":
        said = {name: request.POST.get(name, "").strip()[:200] for name in ("field", "value", "reason")}
        upload = request.FILES.get("photo")
        try:
            corrections.ask(
                member=member,
                photo=(upload.name, upload.read()) if upload else None,
                **said,
                by=request.by,
                at=request.now,
            )
        except REFUSALS as refused:
            shown |= {**said, "error": str(refused)}
        else:
            messages.success(request, f"{member.name}的更正已登记，等另一个人批准。")
            return redirect("web:changes")
    return render(request, "web/people/ask.html", shown, status=422 if "error" in shown else 200)


@require_POST
@staff("agency_clerk")
def account(request: Any, pk: str, word: str) -> HttpResponse:
    """Confirm a changed account, or undo the change."""
    found = next((one.account for one in _accounts(request) if str(one.account.pk) == str(pk)), None)
    if found is None or word not in {"confirm", "undo"}:
        raise Http404
    act = {"account": found, "by": request.by, "at": request.now}
    try:
        if word == "confirm":
            services.confirm_account(**act)
            messages.success(request, f"{found.member.name}的新账户已确认，马上可以发放。")
        else:
            services.undo_account(reason=request.POST.get("reason", ""), **act)
            messages.success(request, f"{found.member.name}的账户变更已撤销，仍用原账户。")
    except REFUSALS as refused:
        told(request, refused)
    return redirect("web:changes")
