"""A member's own claims: where is it, what is needed from me, how was it got."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from huzhu.adjudication import queries as deciding
from huzhu.adjudication.letter import open_letter
from huzhu.claims import queries
from huzhu.claims import services as claims
from huzhu.claims.checklist import lacking
from huzhu.claims.kinds import labels_of
from huzhu.claims.severity import raises_of
from huzhu.payouts import arrived, corrected
from huzhu.payouts import queries as payouts
from huzhu.web.access import member, told
from huzhu.web.claims.shown import REFUSALS, account_words, page_response, pdf_response, steps_of
from huzhu.web.claims.uploading import asked_papers, in_question, shows_progress, take_files


def _own(request: Any, pk: str) -> Any:
    return get_object_or_404(queries.visible_to(request.member), pk=pk)


@require_safe
@member
def claim(request: Any, pk: str) -> HttpResponse:
    """The tracker; once decided, the sum and the slips."""
    found = _own(request, pk)
    if found.state == "draft" and found.channel == "phone":
        return redirect("web:apply")
    decision = deciding.visible_to(request.member).filter(claim=found).first()
    money = arrived.of_claim(found)
    shown = {
        "claim": found,
        "labels": labels_of(found),
        "clock": queries.clock(found, request.now),
        "pause": queries.open_pause(found),
        "steps": steps_of(found, money),
        "needs": lacking(found) if found.state in {"submitted", "returned"} else [],
        "money": money,
        "account_words": account_words(money),
        "decision": decision,
        "raises": raises_of(found) if decision else [],
        "slips": deciding.slips(decision) if decision else [],
        "failed": next(
            (
                one
                for one in payouts.failed(request.member, request.now)
                if one.payout.decision.claim_id == found.pk
            ),
            None,
        ),
        "changes": deciding.changes_of(found),
        "corrections": corrected.of_claim(found),
        "in_doubt": any(one.state == "in_doubt" for one in payouts.of_claim(found)),
        "may_withdraw": found.state in {"submitted", "returned"},
    }
    return render(request, "web/claims/my_claim.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@shows_progress
@member
def papers(request: Any, pk: str) -> HttpResponse:
    """Hand in what is missing; when all is there, say so and the clock runs on."""
    found = _own(request, pk)
    if found.state not in {"submitted", "returned"}:
        return redirect("web:my-claim", found.pk)
    errors = take_files(request, found) if request.method == "POST" else {}
    if request.method == "POST" and not errors:
        return _handed_in(request, found)
    shown = {
        "claim": found,
        "papers": asked_papers(found),
        "errors": errors,
        "pause": queries.open_pause(found),
        "left": len(lacking(found)),
        "in_question": in_question(found),
    }
    return render(request, "web/claims/my_papers.html", shown, status=422 if errors else 200)


def _handed_in(request: Any, found: Any) -> HttpResponse:
    """Papers complete and none in question: on with it. Otherwise the list again, with what is still wanted."""
    if {"drop", "keep"} & set(request.POST) or in_question(found):
        return redirect("web:my-papers", found.pk)
    if left := lacking(found):
        messages.info(request, "收到了。还缺：" + "、".join(paper.label for paper in left) + "。")
        return redirect("web:my-papers", found.pk)
    if found.state == "returned":
        try:
            claims.resume(claim=found, by=request.member, at=request.now)
        except REFUSALS as refused:
            told(request, refused)
            return redirect("web:my-claim", found.pk)
    messages.success(request, "材料齐了，已经继续办理。")
    return redirect("web:my-claim", found.pk)


@require_POST
@member
def withdraw(request: Any, pk: str) -> HttpResponse:
    """Take the claim back, after the page has said what that means."""
    found = _own(request, pk)
    try:
        claims.withdraw(claim=found, reason="本人撤回", by=request.member, at=request.now)
    except REFUSALS as refused:
        told(request, refused)
        return redirect("web:my-claim", found.pk)
    messages.success(request, f"申请 {found.number} 已撤回。以后还可以重新申请。")
    return redirect("web:phone")


@require_safe
@member
def paper(request: Any, pk: str, kind: str) -> HttpResponse:
    """One of my own papers."""
    return page_response(request, _own(request, pk), kind, request.member)


@require_safe
@member
def decision_letter(request: Any, pk: str) -> HttpResponse:
    """The letter of a final decision."""
    found = _own(request, pk)
    decision = get_object_or_404(deciding.visible_to(request.member), claim=found)
    said = arrived.of_claim(found).told
    data = open_letter(decision=decision, told=said, by=request.member, at=request.now)
    return pdf_response(data, f"核定通知书-{found.number}.pdf")
