"""我要申请: five pages on the phone, kept after each; who and what, when and where, papers, account, check answers."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from huzhu.claims import checks, queries
from huzhu.claims import services as claims
from huzhu.claims.kinds import labels_of
from huzhu.core.identity import mask_account
from huzhu.members import services as members
from huzhu.members.queries import current_account
from huzhu.payouts import arrived
from huzhu.web.access import member
from huzhu.web.claims import boxes
from huzhu.web.claims.shown import REFUSALS, account_words, evaluated, problems_of
from huzhu.web.claims.uploading import asked_papers, in_question, shows_progress, take_files

PAGES = (
    (1, "who", "谁、为什么申请", "web/claims/apply_who.html"),
    (2, "event", "什么时候、在哪里", "web/claims/apply_event.html"),
    (3, "papers", "拍材料", "web/claims/apply_papers.html"),
    (4, "account", "收款账户", "web/claims/apply_account.html"),
    (5, "check", "核对后提交", "web/claims/apply_check.html"),
)
FIRST = ("applicant", "applicant_name", "kinds")
Shown = dict[str, Any]


@require_http_methods(["GET", "HEAD", "POST"])
@member
def apply(request: Any) -> HttpResponse:
    """The first page; a draft begun before is gone on with instead."""
    drafts = queries.visible_to(request.member).filter(state="draft", channel="phone")
    draft = queries.newest_first(drafts).first()
    if draft:
        messages.info(request, f"您有一件没填完的申请 {draft.number}，接着填就可以；填过的都在。")
        return redirect("web:apply-page", draft.pk, _unfinished(draft, request))
    shown: Shown = {"kinds": boxes.kinds_offered(request.member), "applicants": boxes.APPLICANTS}
    if request.method != "POST":
        return _page(request, None, 1, shown | {"chosen": ["inpatient"], "applicant": "self"})
    said = _first(request)
    if not said["kinds"]:
        errors = {"kinds": "请选申请的项目，可以选几项"}
        return _page(request, None, 1, shown | said | {"chosen": said["kinds"], "errors": errors})
    claim = claims.start(
        member=request.member,
        channel="phone",
        applicant="self",
        applicant_name="",
        by=request.member,
        at=request.now,
    )
    return _who(request, claim)


@require_http_methods(["GET", "HEAD", "POST"])
@shows_progress
@member
def page(request: Any, pk: str, number: int) -> HttpResponse:
    """One page of a draft: shown, or what was typed is kept and the next page follows."""
    claim = get_object_or_404(queries.visible_to(request.member), pk=pk)
    if claim.state != "draft" or claim.channel != "phone":
        return redirect("web:my-claim", claim.pk)
    names = {place: name for place, name, *_ in PAGES}
    if number not in names:
        raise Http404
    show, take = STEPS[names[number]]
    if request.method == "POST":
        return take(request, claim)
    return _page(request, claim, number, show(request, claim))


def _page(request: HttpRequest, claim: Any, number: int, shown: Shown) -> HttpResponse:
    _, name, title, template = PAGES[number - 1]
    frame = {"claim": claim, "number": number, "before": number - 1, "title": title, "name": name}
    refused = shown.get("errors") or shown.get("error")
    return render(request, template, frame | shown, status=422 if refused else 200)


def _on(claim: Any, number: int) -> HttpResponse:
    return redirect("web:apply-page", claim.pk, number)


def _unfinished(claim: Any, request: Any) -> int:
    """The first page that still wants something."""
    problems = checks.field_problems(claim, at=request.now)
    if any(name in problems for name in FIRST):
        return 1
    if any(name in problems for name in boxes.EVENT):
        return 2
    return 3 if any(paper.evidence.state == "missing" for paper in asked_papers(claim)) else 5


# ── 1 who and what ──


def _first(request: HttpRequest) -> Shown:
    return {
        "applicant": request.POST.get("applicant", "self"),
        "applicant_name": request.POST.get("applicant_name", "").strip()[:40],
        "kinds": request.POST.getlist("kinds"),
    }


def _show_who(_: Any, claim: Any) -> Shown:
    return {
        "kinds": boxes.kinds_offered(claim),
        "applicants": boxes.APPLICANTS,
        "chosen": claim.kinds,
        "applicant": claim.applicant,
        "applicant_name": claim.applicant_name,
    }


def _who(request: Any, claim: Any) -> HttpResponse:
    said = _first(request)
    if said["applicant"] == "self":
        said["applicant_name"] = ""
    errors = _filled(request, claim, said, FIRST)
    if errors:
        shown = _show_who(request, claim) | {"applicant": said["applicant"], "chosen": said["kinds"]}
        return _page(request, claim, 1, shown | {"applicant_name": said["applicant_name"], "errors": errors})
    return _on(claim, 2)


def _filled(request: Any, claim: Any, fields: Shown, names: Any) -> dict[str, str]:
    """Keep the fields; a sentence for each box of this page that is not right yet."""
    try:
        claims.fill(claim=claim, by=request.member, at=request.now, **fields)
    except claims.FieldsNeedWork as refused:
        return refused.problems
    problems = checks.field_problems(claim, at=request.now)
    return {name: problems[name] for name in names if name in problems}


# ── 2 when and where, and the sheet ──


def _show_event(_: Any, claim: Any, typed: Any = None, errors: Any = None) -> Shown:
    typed, errors = typed or {}, errors or {}
    more = boxes.figure_boxes(claim, typed, errors, key=False)
    return {
        "event": boxes.event_boxes(claim, typed, errors, boxes.event_names(claim)),
        "setl_id": boxes.sheet_number(claim, typed, errors),
        "figures": boxes.figure_boxes(claim, typed, errors, key=True),
        "more": more,
        "more_open": any(box.value or box.error for box in more),
        "has_sheet": "inpatient" in claim.kinds,
        "errors": errors,
    }


def _take_event(request: Any, claim: Any) -> HttpResponse:
    names = boxes.event_names(claim)
    typed = boxes.typed_event(request.POST, names)
    figures = boxes.typed_figures(request.POST)
    number = request.POST.get("setl_id", "")
    errors = _filled(request, claim, typed, names)
    error = ""
    if any(figures.values()) or number.strip():
        try:
            claims.put_settlement(
                claim=claim,
                setl_id=number,
                figures=figures,
                settled_at=None,
                by=request.member,
                at=request.now,
            )
        except claims.FieldsNeedWork as refused:
            errors |= refused.problems
        except claims.ClaimedBefore as before:
            error = str(before)
    if errors or error:
        said = {**typed, **figures, "setl_id": number}
        return _page(request, claim, 2, _show_event(request, claim, said, errors) | {"error": error})
    return _on(claim, 3)


# ── 3 papers ──


def _show_papers(_: Any, claim: Any) -> Shown:
    papers = asked_papers(claim)
    left = sum(paper.evidence.state != "received" for paper in papers)
    return {"papers": papers, "left": left, "in_question": in_question(claim)}


def _take_papers(request: Any, claim: Any) -> HttpResponse:
    """On to the account, unless something was asked of this page or a new photograph is doubtful."""
    doubts = in_question(claim)
    errors = take_files(request, claim)
    if errors:
        return _page(request, claim, 3, _show_papers(request, claim) | {"errors": errors})
    stays = {"stay", "drop", "keep"} & set(request.POST) or in_question(claim) > doubts
    return _on(claim, 3 if stays else 4)


# ── 4 account ──


def _show_account(request: Any, _: Any) -> Shown:
    account = current_account(request.member)
    return {"account": account, "account_number": mask_account(account.number) if account else ""}


def _take_account(request: Any, claim: Any) -> HttpResponse:
    """The account in use goes into the claim; only the first one is entered here, a change has a page with a code."""
    account = current_account(request.member)
    errors: dict[str, str] = {}
    typed = {name: request.POST.get(name, "").strip()[:60] for name in ("bank_name", "number")}
    if account is None:
        account = _first_account(request, typed, errors)
    if errors:
        shown = _show_account(request, claim) | {"errors": errors, "bank_name": typed["bank_name"]}
        return _page(request, claim, 4, shown | {"number_typed": typed["number"]})
    claims.fill(claim=claim, by=request.member, at=request.now, account=account)
    return _on(claim, 5)


def _first_account(request: Any, typed: dict[str, str], errors: dict[str, str]) -> Any:
    if not typed["bank_name"]:
        errors["bank_name"] = "请填开户行，例如“工商银行伊春支行”"
    try:
        members.account_number(typed["number"])
    except members.NotAnAccount as refused:
        errors["number"] = str(refused)
    if errors:
        return None
    return members.add_account(
        member=request.member, holder=request.member.name, **typed, by=request.member, at=request.now
    )


# ── 5 check answers ──


def _show_check(request: Any, claim: Any) -> Shown:
    evaluation, why_not = evaluated(claim)
    problems = checks.field_problems(claim, at=request.now)
    papers = asked_papers(claim)
    return {
        "evaluation": evaluation,
        "why_not": why_not,
        "problems": problems,
        "labels": labels_of(claim),
        "event": boxes.event_boxes(claim, {}, {}, boxes.event_names(claim)),
        "figures": boxes.figures_shown(claim),
        "account_words": account_words(arrived.of_claim(claim)),
        "papers": papers,
        "missing": [paper.evidence.label for paper in papers if paper.evidence.state == "missing"],
    }


def _take_check(request: Any, claim: Any) -> HttpResponse:
    try:
        claims.submit(claim=claim, by=request.member, at=request.now)
    except REFUSALS as refused:
        shown = _show_check(request, claim)
        problems = problems_of(refused)
        return _page(
            request,
            claim,
            5,
            shown | {"problems": problems, "error": "" if problems else str(refused), "errors": problems},
        )
    messages.success(request, f"已经提交，申请编号 {claim.number}。下面可以看办到了哪一步。")
    return redirect("web:my-claim", claim.pk)


STEPS: dict[str, tuple[Any, Any]] = {
    "who": (_show_who, _who),
    "event": (_show_event, _take_event),
    "papers": (_show_papers, _take_papers),
    "account": (_show_account, _take_account),
    "check": (_show_check, _take_check),
}
