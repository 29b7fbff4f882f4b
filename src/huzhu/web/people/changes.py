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
from huzhu.members.accounts import must_wait, standing
from huzhu.members.lifecycle import Changed
from huzhu.users.permissions import NotAllowed, may
from huzhu.web import lists
from huzhu.web.access import staff, told
from huzhu.web.claims.shown import file_response
from huzhu.web.workbooks import Cell

LOOKED_BACK = timedelta(days=30)
WHICH = (("mine", "等您办的更正"), ("others", "等别人办的更正"), ("settled", "办结的更正"))
ACCOUNTS = (("accounts", "最近 30 天换过的账户"),)
HEADS = ("会员", "单位", "更正", "为什么", "提出人", "提出时间", "状态", "批准人", "办结时间", "不同意的理由")
ACCOUNT_HEADS = ("会员", "单位", "原账户", "新账户", "登记人", "登记时间", "能否发放")
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
    """Requests that wait for this person, for others, or are settled; for the agency also accounts that were changed."""
    agency = may(request.by, "members.confirm_account")
    which = lists.Filter("which", "范围", (*WHICH, *ACCOUNTS) if agency else WHICH, default="mine")
    asked = lists.read(request, "资料变更", which, finds="会员姓名、拼音首字母、身份证号或末四位", unit="件")
    of_accounts = asked["which"] == "accounts"
    found = _accounts(request, asked.text) if of_accounts else _corrections(request.by, asked)
    if asked.takes:
        heads, cells = (ACCOUNT_HEADS, _account_cells) if of_accounts else (HEADS, _cells)
        return lists.taken(request, asked, heads, found, lambda rows: map(cells, rows))
    shown = lists.shown(request, asked, found) | {"of_accounts": of_accounts}
    if asked["which"] == "mine":
        shown["waiting"] = [line for line in _accounts(request) if line["waits"]]
    return render(request, "web/people/changes.html", shown)


def _corrections(by: Any, asked: lists.Asked) -> Any:
    mine = queries.corrections_to_settle(by)
    found = mine if asked["which"] == "mine" else queries.corrections(by)
    if asked["which"] == "others":
        found = found.filter(state__in=corrections.OPEN).exclude(pk__in=mine.values("pk"))
    if asked["which"] == "settled":
        found = found.exclude(state__in=corrections.OPEN).order_by("-settled_at", "pk")
    return found.filter(member__in=queries.fitting(asked.text)) if asked.text else found


def _cells(one: Any) -> tuple[Cell, ...]:
    """Neither the old nor the new value: they are shown to who checks them, one by one."""
    who = one.member.name, one.member.employer.name, one.get_field_display(), one.reason
    settled = one.settled_by.name if one.settled_by else "", lists.minute(one.settled_at), one.refusal
    return (*who, one.asked_by_name, lists.minute(one.asked_at), one.get_state_display(), *settled)


def _accounts(request: Any, text: str = "") -> list[dict[str, Any]]:
    """Accounts changed of late, newest first; of the members that were looked for."""
    changes = queries.account_changes(request.by, request.now - LOOKED_BACK)
    if text:
        changes = changes.filter(member__in=queries.fitting(text))
    return [_account_line(request, one) for one in changes]


def _account_line(request: Any, account: Any) -> dict[str, Any]:
    stands = standing(account, request.now)
    waits, wait = stands == Changed.WAITING, must_wait(account, request.now)
    return {
        "account": account,
        "then": f"{account.replaces.bank_name} {mask_account(account.replaces.number)}",
        "now": f"{account.bank_name} {mask_account(account.number)}",
        "state": _account_state(account, stands),
        "waits": waits,
        "can_undo": waits or stands == Changed.CONFIRMED,
        "waits_for": wait.words if wait and account.is_current else "",
        "mine": waits and account.added_by != request.by.actor_id,
    }


def _account_state(account: Any, stands: Changed) -> tuple[str, str, str]:
    """Colour, sign and words for whether it may be paid to."""
    match stands:
        case Changed.UNDONE:
            return "red", "✕", f"已撤销：{account.undone_reason}"
        case Changed.FOLLOWED:
            return "grey", "–", "后来又换了"
        case Changed.USABLE:
            return "green", "✓", f"{account.confirmed_by.name}已确认，可以发放"
    return "amber", "▲", "还不能发放"


def _account_cells(line: dict[str, Any]) -> tuple[Cell, ...]:
    account, (_, _, state) = line["account"], line["state"]
    added = account.added_by_name, lists.minute(account.added_at)
    stands = "：".join(filter(None, (state, line["waits_for"])))
    return (account.member.name, account.member.employer.name, line["then"], line["now"], *added, stands)


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
    mine = queries.corrections_to_settle(request.by).filter(pk=found.pk).exists()
    old, new = found.was, found.value
    if not mine:  # who only looks sees no full number
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
    if word not in {"confirm", "undo"}:
        raise Http404
    found = get_object_or_404(queries.account_changes(request.by, request.now - LOOKED_BACK), pk=pk)
    act = {"account": found, "by": request.by, "at": request.now}
    try:
        if word == "confirm":
            services.confirm_account(**act)
            messages.success(request, f"{found.member.name}的新账户已确认，登记满 24 小时可以发放。")
        else:
            services.undo_account(reason=request.POST.get("reason", ""), **act)
            messages.success(request, f"{found.member.name}的账户变更已撤销，仍用原账户。")
    except REFUSALS as refused:
        told(request, refused)
    return redirect("web:changes")
