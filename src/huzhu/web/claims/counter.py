"""At the counter: find the person, then one dense page, papers left and fields right; Enter hands the claim in."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from huzhu.claims import counter, queries
from huzhu.claims import services as claims
from huzhu.claims.checklist import CERTIFICATE, wanted
from huzhu.claims.checks import check_cover
from huzhu.claims.settlement import Sheet
from huzhu.core.identity import mask_account, masked
from huzhu.enrolment.queries import visible_to as covers_visible_to
from huzhu.members import queries as members
from huzhu.members import services as registering
from huzhu.web.access import staff, told
from huzhu.web.claims import boxes
from huzhu.web.claims.desk import PAPER_STATES, details
from huzhu.web.claims.shown import REFUSALS, evaluated, offered, papers_of, problems_of
from huzhu.web.once import once

MOST = 20
NO_BANK = "未填开户行"


@require_safe
@staff("agency_clerk")
def find(request: Any) -> HttpResponse:
    """By ID number, its last four, or the name; a found person is one key away from the claim."""
    asked = request.GET.get("q", "").strip()[:40]
    found = list(members.search(request.by, asked)[: MOST + 1]) if asked else []
    shown = {
        "asked": asked,
        "people": [
            (person, masked(person.id_number), _covers(request.by, person)) for person in found[:MOST]
        ],
        "more": len(found) > MOST,
        "drafts": queries.newest_first(queries.visible_to(request.by).filter(state="draft"))[:MOST],
    }
    return render(request, "web/claims/counter.html", shown)


def _covers(by: Any, person: Any) -> list[Any]:
    return list(covers_visible_to(by).filter(member=person).order_by("-cover_starts_on")[:4])


@require_http_methods(["GET", "HEAD", "POST"])
@staff("agency_clerk")
@once("claims.receive")
def receive(request: Any, pk: str) -> HttpResponse:
    """Everything of one application on one page, taken in and handed in by one act; what was begun before is gone on with."""
    person = get_object_or_404(members.visible_to(request.by), pk=pk)
    draft = queries.visible_to(request.by).filter(member=person, state="draft").first()
    if draft is not None:
        return redirect("web:intake", draft.pk)
    if request.method != "POST":
        return _page(request, counter.sketch(member=person))
    return _take_in(request, person, _typed(request))


def _take_in(request: Any, person: Any, typed: dict[str, Any]) -> HttpResponse:
    if "try" in request.POST:
        return _page(request, _sketched(person, typed), typed)
    if "keep" in request.POST:
        return _begun(request, person, typed)
    try:
        claim = counter.receive(**_laid_down(request, person, typed), by=request.by, at=request.now)
    except REFUSALS as refused:
        errors = problems_of(refused) or {"": str(refused)}
        if request.FILES:  # a browser sends a file once: so what was sent is kept, as a draft
            return _begun(request, person, typed, errors)
        return _page(request, _sketched(person, typed), typed, errors)
    return _received(request, claim)


def _laid_down(request: Any, person: Any, typed: dict[str, Any]) -> dict[str, Any]:
    """What lies on the counter, as the act takes it."""
    fields = {name: typed[name] for name in ("applicant", "applicant_name", "kinds")}
    asked = boxes.event_names(counter.sketch(member=person, kinds=typed["kinds"]))
    account = (typed["bank_name"] or NO_BANK, typed["number"])
    return {
        "member": person,
        "sheet": _sheet(typed),
        "account": account if typed["bank_name"] or typed["number"] else None,
        "marks": _marks(request, typed["kinds"]),
        "pages": list(_pages(request, typed["kinds"])),
        **fields,
        **{name: typed[name] for name in asked if name in typed},
    }


def _sheet(typed: dict[str, Any]) -> Sheet:
    if "inpatient" not in typed["kinds"]:
        return counter.NO_SHEET
    return Sheet(typed["setl_id"], {name: typed[name] for name in boxes.FIGURES if name in typed})


def _sketched(person: Any, typed: dict[str, Any]) -> Any:
    known = {name: typed[name] for name in boxes.EVENT if name in typed}
    return counter.sketch(member=person, sheet=_sheet(typed), kinds=typed["kinds"], **known)


def _state(request: Any, kind: str) -> str:
    """As it was marked; with “都收到了” what is not marked is received, but the certificate, which the system knows itself."""
    rest = "received" if "rest" in request.POST and kind != CERTIFICATE.kind else ""
    return request.POST.get(f"state_{kind}", "") or rest


def _marks(request: Any, kinds: list[str]) -> dict[str, tuple[str, str]]:
    marks = {}
    for paper in wanted(kinds):
        state = _state(request, paper.kind)
        if state in dict(PAPER_STATES):
            marks[paper.kind] = state, request.POST.get(f"reason_{paper.kind}", "")
    return marks


def _pages(request: Any, kinds: list[str]) -> Iterator[counter.Page]:
    for paper in wanted(kinds):
        for upload in request.FILES.getlist(f"paper_{paper.kind}"):
            yield paper.kind, upload.name, upload.read()


def _begun(
    request: Any, person: Any, typed: dict[str, Any], refused: dict[str, str] | None = None
) -> HttpResponse:
    """Kept as a draft, to be gone on with; `refused` is why it was not taken in."""
    who = {"by": request.by, "at": request.now}
    draft = claims.start(member=person, channel="counter", applicant="self", applicant_name="", **who)
    for upload in (one for name in request.FILES for one in request.FILES.getlist(name)):
        upload.seek(0)
    errors = _keep(request, draft, typed) | (refused or {})
    return _kept(request, draft, typed, errors)


def _received(request: Any, claim: Any) -> HttpResponse:
    missing = [
        paper.evidence.label for paper in papers_of(claim) if paper.evidence.state in {"missing", "unclear"}
    ]
    said = "材料已齐，开始计时。" if not missing else f"还缺：{'、'.join(missing)}。"
    messages.success(request, f"{claim.member.name}的申请 {claim.number} 已受理。{said}")
    return redirect("web:claim", claim.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@staff("agency_clerk")
def intake(request: Any, pk: str) -> HttpResponse:
    """Everything of one application on one page; “保存” keeps it, Enter hands it in."""
    claim = details(request, pk)
    if claim.state not in {"draft", "submitted", "returned"}:
        return redirect("web:claim", claim.pk)
    if request.method != "POST":
        claims.opened(claim=claim, by=request.by, at=request.now)
        return _page(request, claim)
    typed = _typed(request)
    errors = _keep(request, claim, typed)
    if errors or "keep" in request.POST:
        return _kept(request, claim, typed, errors)
    if claim.state != "draft":
        messages.success(request, f"申请 {claim.number} 已改好。")
        return redirect("web:claim", claim.pk)
    try:
        claims.submit(claim=claim, by=request.by, at=request.now)
    except REFUSALS as refused:
        problems = problems_of(refused)
        if not problems:
            told(request, refused)
        return _page(request, claim, typed, problems or {"": str(refused)})
    return _received(request, claim)


def _kept(request: Any, claim: Any, typed: dict[str, Any], errors: dict[str, str]) -> HttpResponse:
    if errors:
        return _page(request, claim, typed, errors)
    messages.success(request, f"草稿 {claim.number} 已保存。")
    return redirect("web:intake", claim.pk)


def _page(
    request: Any, claim: Any, typed: dict[str, Any] | None = None, errors: dict[str, str] | None = None
) -> HttpResponse:
    said, wrong = typed or {}, errors or {}
    begun = bool(claim.drafted_at)
    evaluation, why_not = evaluated(claim) if begun or not wrong else (None, "")
    account = claim.account
    shown = {
        "claim": claim,
        "errors": wrong,
        "is_new": claim.state == "draft",
        "id_number": masked(claim.member.id_number),
        "covers": _covers(request.by, claim.member),
        "applicants": boxes.APPLICANTS,
        "applicant": said.get("applicant", claim.applicant),
        "applicant_name": said.get("applicant_name", claim.applicant_name),
        "kinds": boxes.kinds_offered(claim),
        "chosen": said.get("kinds", claim.kinds),
        "groups": boxes.groups_of_boxes(claim, said, wrong),
        "setl_id": boxes.sheet_number(claim, said, wrong),
        "figures": boxes.figure_boxes(claim, said, wrong, key=True),
        "more": boxes.figure_boxes(claim, said, wrong, key=False),
        "account": account,
        "account_number": mask_account(account.number) if account else "",
        "bank_name": said.get("bank_name", ""),
        "number": said.get("number", ""),
        "papers": papers_of(claim) if begun else offered(request.POST, wrong),
        "begun": begun,
        "action": reverse("web:intake", args=[claim.pk]) if begun else request.path,
        "rest": "rest" in request.POST,
        "paper_states": PAPER_STATES,
        "evaluation": evaluation,
        "why_not": why_not,
        "outside": _outside(claim),
    }
    return render(request, "web/claims/intake.html", shown, status=422 if wrong else 200)


def _outside(claim: Any) -> str:
    """Said while filling in, before it is refused."""
    if not any(getattr(claim, name) for name in ("admitted_on", "diagnosed_on", "accident_on")):
        return ""
    try:
        check_cover(claim)
    except claims.OutsideCover as outside:
        return str(outside)
    return ""


def _typed(request: Any) -> dict[str, Any]:
    names = ("applicant", "applicant_name", "setl_id", "bank_name", "number")
    typed: dict[str, Any] = {name: request.POST.get(name, "").strip()[:60] for name in names}
    typed |= boxes.typed_event(request.POST, boxes.EVENT)
    typed |= boxes.typed_figures(request.POST)
    return typed | {"kinds": request.POST.getlist("kinds")}


def _keep(request: Any, claim: Any, typed: dict[str, Any]) -> dict[str, str]:
    """Keep what can be kept; a sentence for each box that cannot."""
    errors: dict[str, str] = {}
    fields = {
        name: typed[name] for name in ("applicant", "applicant_name", "kinds", *boxes.EVENT) if name in typed
    }
    _try(errors, "", lambda: claims.fill(claim=claim, by=request.by, at=request.now, **fields))
    figures = {name: typed[name] for name in boxes.FIGURES if name in typed}
    if any(figures.values()) or typed["setl_id"]:
        sheet = {"setl_id": typed["setl_id"], "figures": figures, "settled_at": None}
        _try(
            errors,
            "setl_id",
            lambda: claims.put_settlement(claim=claim, **sheet, by=request.by, at=request.now),
        )
    if typed["bank_name"] or typed["number"]:
        _try(errors, "number", lambda: _account(request, claim, typed))
    _papers(request, claim, errors)
    return errors


def _try(errors: dict[str, str], place: str, work: Any) -> None:
    try:
        work()
    except REFUSALS as refused:
        errors |= problems_of(refused) or {place: str(refused)}


def _account(request: Any, claim: Any, typed: dict[str, Any]) -> None:
    account = registering.add_account(
        member=claim.member,
        holder=claim.member.name,
        bank_name=typed["bank_name"] or NO_BANK,
        number=typed["number"],
        by=request.by,
        at=request.now,
    )
    claims.fill(claim=claim, by=request.by, at=request.now, account=account)


def _papers(request: Any, claim: Any, errors: dict[str, str]) -> None:
    """A file makes its paper received; a mark that differs from what stands there is put."""
    by = {"by": request.by, "at": request.now}
    marks: dict[str, tuple[str, str]] = {}
    for paper in papers_of(claim):
        kind = paper.evidence.kind
        uploads = request.FILES.getlist(f"paper_{kind}")
        state = _state(request, kind)
        for upload in uploads:
            data = {"name": upload.name, "data": upload.read()}
            _try(
                errors,
                kind,
                lambda kind=kind, data=data: claims.hand_in(claim=claim, kind=kind, **data, **by),
            )
        if not uploads and state in dict(PAPER_STATES) and state != paper.evidence.state:
            marks[kind] = state, request.POST.get(f"reason_{kind}", "")
    try:
        claims.put_papers(claim=claim, marks=marks, **by)
    except claims.PaperUnfit:  # which of them, at its own box; the others are kept
        for kind, mark in marks.items():
            _try(
                errors,
                kind,
                lambda kind=kind, mark=mark: claims.put_papers(claim=claim, marks={kind: mark}, **by),
            )
