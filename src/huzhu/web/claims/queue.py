"""The province's queue and the page of one decision; a clean review is one screen and one key, and the next claim opens."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from huzhu.adjudication import queries as deciding
from huzhu.adjudication import services
from huzhu.claims import services as claims
from huzhu.claims.checklist import STANDARD_REASONS
from huzhu.claims.queries import by_urgency
from huzhu.claims.severity import higher_than
from huzhu.core import money
from huzhu.core.identity import mask_account
from huzhu.members.queries import account_to_pay
from huzhu.web import lists
from huzhu.web.access import staff, told
from huzhu.web.claims import boxes
from huzhu.web.claims.desk import AMOUNT, FINDS, details, filters, sifted, summary, with_amounts
from huzhu.web.claims.shown import REFUSALS, evaluated
from huzhu.web.once import once
from huzhu.web.workbooks import Cell

DECIDERS = ("reviewer", "second_reviewer")
HEADS = (
    "申请编号",
    "加急",
    "会员",
    "单位",
    "代办处",
    "上报",
    "还剩（工作小时）",
    AMOUNT,
    "核定人",
    "核定时间",
)


@require_safe
@staff(*DECIDERS)
def queue(request: Any) -> HttpResponse:
    """What waits for this person: the urgent on top, then by working hours left; with its amount and, above the limit, who decided it."""
    is_second = request.by.code == "second_reviewer"
    what = "等复核的申请" if is_second else "等核定的申请"
    asked = lists.read(request, what, *filters(request.by), finds=FINDS, unit="件")
    found = by_urgency(sifted(deciding.waiting_for(request.by), asked), request.now)
    if asked["overdue"]:
        found = [pair for pair in found if pair[1].overdue]
    if asked.takes:
        return lists.taken(request, asked, HEADS, found, _cells)
    shown = lists.shown(request, asked, found) | {"is_second": is_second}
    shown["rows"] = with_amounts(shown["pages"])
    return render(request, "web/claims/queue.html", shown)


def _cells(pairs: list[Any]) -> Iterator[tuple[Cell, ...]]:
    for claim, clock, amount in with_amounts(pairs):
        whose = claim.member.name, claim.employer.name, claim.office.name
        decision = amount.decision
        said = (decision.decided_by.name, lists.minute(decision.decided_at)) if decision else ("", "")
        urgent = "加急" if claim.is_urgent else ""
        yield (
            claim.number,
            urgent,
            *whose,
            lists.minute(claim.reported_at),
            clock.hours_left,
            amount.yuan,
            *said,
        )


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*DECIDERS)
@once("claims.decide")
def decision(request: Any, pk: str) -> HttpResponse:
    """Slips of every covering enrolment, warnings, papers, history; then one of three words."""
    claim = details(request, pk)
    if request.method == "POST":
        return _decided(request, claim)
    if claim.state != "reported":
        return redirect("web:claim", claim.pk)
    claims.opened(claim=claim, by=request.by, at=request.now)
    return _page(request, claim)


def _page(request: Any, claim: Any, error: str = "") -> HttpResponse:
    standing = deciding.standing(claim)
    evaluation, why_not = evaluated(claim)
    total = evaluation.total_fen if evaluation else 0
    account = account_to_pay(claim.member, claim.account)
    shown = {
        "claim": claim,
        "error": error,
        "decision": standing,
        "is_second": request.by.code == "second_reviewer",
        "mine": (standing is not None) == (request.by.code == "second_reviewer"),
        "overruled": deciding.overruled(claim),
        "evaluation": evaluation,
        "why_not": why_not,
        "limit": money.spoken(settings.HUZHU_SECOND_DECISION_FEN),
        "above": total > settings.HUZHU_SECOND_DECISION_FEN,
        "changed": bool(standing and standing.total_fen and standing.total_fen != total),
        "opinion": deciding.opinion_on(claim),
        "left": deciding.left_because(claim) if claim.channel == "bureau" else "",
        "earlier": deciding.earlier_of(claim),
        "reasons": STANDARD_REASONS,
        "more_kinds": [pair for pair in boxes.kinds_offered(claim) if pair[0] not in claim.kinds],
        "graver": higher_than(claim).items(),
        "account_last": mask_account(account.number) if account else "",
        "others": len(deciding.queue(request.by, request.now)) - 1,
        **summary(claim, request.now),
    }
    return render(request, "web/claims/decision.html", shown, status=422 if error else 200)


def _decided(request: Any, claim: Any) -> HttpResponse:
    """Do what the button says; on success the next claim opens, on refusal the page is shown again as it is now."""
    try:
        messages.success(request, _do(request, claim))
    except REFUSALS as refused:
        claim = details(request, claim.pk)
        if claim.state != "reported":
            told(request, refused)
            return _next(request, claim)
        return _page(request, claim, str(refused))
    return _next(request, claim)


def _do(request: Any, claim: Any) -> str:
    word, reason = request.POST.get("do", ""), request.POST.get("reason", "").strip()
    act = {"by": request.by, "at": request.now}
    if word == "return":
        said = "；".join(filter(None, [*request.POST.getlist("standard"), reason]))
        services.return_for_papers(claim=claim, reason=said, **act)
        return f"申请 {claim.number} 已退回补正，计时停下。"
    if word in {"agree", "disagree"}:
        standing = deciding.standing(claim)
        if standing is None:
            raise services.AlreadyDecided(
                f"申请 {claim.number} 没有等待复核的核定，可能刚刚办过。请办下一件。"
            )
        services.confirm(decision=standing, agree=word == "agree", reason=reason, **act)
        return f"申请 {claim.number} " + (
            "复核同意，已核定。" if word == "agree" else "复核不同意，已交核定人重新核定。"
        )
    made = services.decide(
        claim=claim,
        verdict="refuse" if word == "refuse" else "pay",
        reason=reason,
        shown=request.POST.get("shown") or None,
        **act,
    )
    amount = money.spoken(made.total_fen)
    if word == "refuse":
        return f"申请 {claim.number} 已不予给付，理由和算账单已告知会员。"
    return f"申请 {claim.number} 核定 {amount} 元" + (
        "，交复核。" if made.state == "proposed" else "，已生效。"
    )


def _next(request: Any, claim: Any) -> HttpResponse:
    waiting = [one for one, _ in deciding.queue(request.by, request.now) if one.pk != claim.pk]
    return redirect("web:decision", waiting[0].pk) if waiting else redirect("web:queue")


@require_POST
@staff("reviewer")
def add_kind(request: Any, pk: str) -> HttpResponse:
    """What the member did not ask for but the papers show, with a reason."""
    claim = details(request, pk)
    try:
        claims.add_kind(
            claim=claim,
            kind=request.POST.get("kind", ""),
            reason=request.POST.get("reason", ""),
            by=request.by,
            at=request.now,
        )
    except REFUSALS as refused:
        told(request, refused)
    return redirect("web:decision", claim.pk)


@require_POST
@staff("reviewer")
def raise_severity(request: Any, pk: str) -> HttpResponse:
    """A graver class than was claimed, by a paper and with a reason."""
    claim = details(request, pk)
    said = {name: request.POST.get(name, "") for name in ("to", "paper", "reason")}
    try:
        claims.raise_severity(claim=claim, **said, by=request.by, at=request.now)
    except REFUSALS as refused:
        told(request, refused)
    return redirect("web:decision", claim.pk)
