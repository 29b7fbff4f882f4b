"""免申即享 at the desks: the agency brings the bureau's records in, a reviewer starts a run, the second reviewer confirms it."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from huzhu.adjudication import automatic, queries
from huzhu.claims.bureau import LABELS, NEEDED, records
from huzhu.claims.services import ReasonNeeded
from huzhu.files import services as files
from huzhu.files.contents import NotAccepted
from huzhu.files.tables import TableRefused
from huzhu.jobs import queries as jobs
from huzhu.jobs import services as working
from huzhu.users.permissions import NotAllowed, may
from huzhu.web import lists, numbers
from huzhu.web.access import staff, told
from huzhu.web.once import once
from huzhu.web.workbooks import Cell, yuan

READERS = ("reviewer", "second_reviewer", "auditor")
REFUSALS = (*automatic.REFUSALS, NotAllowed, ReasonNeeded)
IMPORT, REVIEW, EFFECT = "settlements.import", "automatic.review", "automatic.effect"
HEADS = ("申请编号", "会员", "单位", "代办处", "结果", "金额（元）", "原因")


# ── the bureau's records ──


@require_http_methods(["GET", "HEAD", "POST"])
@staff("agency_clerk")
def settlements(request: Any) -> HttpResponse:
    """Bring a file in, and what became of those before."""
    error = _brought_in(request) if request.method == "POST" else ""
    if isinstance(error, HttpResponse):
        return error
    shown = {
        "error": error,
        "runs": jobs.visible_to(request.by).filter(kind=IMPORT)[:20],
        "needed": [(name, LABELS.get(name, "")) for name in NEEDED],
    }
    return render(request, "web/claims/settlements.html", shown, status=422 if error else 200)


def _brought_in(request: Any) -> HttpResponse | str:
    """To the progress of the import, or what is wrong with the file."""
    upload = request.FILES.get("file")
    if upload is None:
        return "请选择医保局给的结算数据文件"
    if upload.size > files.MOST_BYTES:
        return "文件超过 20 MB：请按月份或单位分成几个文件"
    data = upload.read()
    try:
        records(data, upload.name)  # what cannot be read is not kept
        stored = files.store(
            name=upload.name, data=data, purpose="settlements", by=request.by, at=request.now
        )
    except (TableRefused, NotAccepted) as wrong:
        return str(wrong)
    title = f"导入医保结算数据：{stored.name}"
    run = working.ask(kind=IMPORT, about=stored.pk, title=title, by=request.by, at=request.now)
    return redirect("web:job", run.pk)


@require_safe
@staff("agency_clerk")
def settlements_file(request: Any, pk: int) -> HttpResponse:
    """What became of one file, line by line where it was not taken."""
    run = get_object_or_404(jobs.visible_to(request.by).filter(kind=IMPORT, state="done"), pk=pk)
    asked = lists.read(request, "没有转入的结算记录", unit="行")
    rows = run.result.get("refused", [])
    if asked.takes:
        return lists.taken(request, asked, ("行号", "为什么没有转入"), rows, lambda held: held)
    shown = lists.shown(request, asked, rows) | {"run": run}
    return render(request, "web/claims/settlements_file.html", shown)


# ── runs ──


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*READERS)
@once("automatic.start")
def runs(request: Any) -> HttpResponse:
    """What waits, the run that is open, and those before; a reviewer starts the next."""
    if request.method == "POST":
        try:
            run = automatic.start(by=request.by, at=request.now)
        except REFUSALS as refused:
            told(request, refused)
            return redirect("web:automatic")
        return _handed_over(request, REVIEW, run, "核算免申即享")
    found = lists.page_of(request, queries.runs_visible_to(request.by))
    shown = {
        "pages": found,
        "waiting": queries.bureau_waiting(request.by).count(),
        "may_start": may(request.by, "automatic.start"),
        "open": queries.open_run(request.by),
    }
    return render(request, "web/claims/automatic.html", shown)


@require_safe
@staff(*READERS)
def run(request: Any, pk: int) -> HttpResponse:
    """Totals before and after, a sample to look at, and every claim with what became of it."""
    found = _found(request, pk)
    outcome = lists.Filter("outcome", "结果", queries.OUTCOMES)
    asked = lists.read(request, f"免申即享{found}", outcome, finds="原因", unit="件")
    lines = queries.lines_of(found, outcome=asked["outcome"], reason=asked.text)
    if asked.takes:
        return lists.taken(request, asked, HEADS, lines, _cells)
    shown = lists.shown(request, asked, lines) | {
        "run": found,
        "sums": queries.sums_of(found),
        "reasons": queries.reasons_of(found),
        "sample": queries.sample_of(found) if found.state == "proposed" else [],
        "job": jobs.unfinished_about((REVIEW, EFFECT), [found.pk]),
        "mine": found.started_by_id == request.by.user_id,
        "may_start": may(request.by, "automatic.start"),
        "may_confirm": may(request.by, "automatic.confirm"),
        "decides": request.by.code != "auditor",
    }
    return render(request, "web/claims/automatic_run.html", shown)


def _cells(lines: list[Any]) -> Iterable[tuple[Cell, ...]]:
    for line in lines:
        claim = line.claim
        whose = claim.member.name, claim.employer.name, claim.office.name
        yield claim.number, *whose, line.get_outcome_display(), yuan(line.amount_fen), line.reason


@require_POST
@staff("reviewer", "second_reviewer")
@once("automatic.act")
def act(request: Any, pk: int, verb: str) -> HttpResponse:
    """Agree or not, give up, or go on with what was stopped."""
    found = _found(request, pk)
    by = {"by": request.by, "at": request.now}
    try:
        if verb in {"agree", "disagree"}:
            return _settled(request, found, agree=verb == "agree")
        if verb == "drop":
            automatic.drop(run=found, **by)
            messages.success(request, f"免申即享{found}已作废，申请都在“审核”里等人办理。")
        elif verb == "go-on" and found.state in {"reviewing", "confirmed"}:
            kind = REVIEW if found.state == "reviewing" else EFFECT
            return _handed_over(request, kind, found, "接着办免申即享")
    except REFUSALS as refused:
        told(request, refused)
    return redirect("web:automatic-run", found.pk)


def _settled(request: Any, found: Any, *, agree: bool) -> HttpResponse:
    reason = request.POST.get("reason", "")
    shown = numbers.sent(request.POST.get("count")), numbers.sent(request.POST.get("fen"))
    automatic.settle(run=found, agree=agree, reason=reason, shown=shown, by=request.by, at=request.now)
    if agree:
        return _handed_over(request, EFFECT, found, "核定免申即享")
    messages.success(request, f"免申即享{found}没有同意，申请都在“审核”里等人办理。")
    return redirect("web:automatic-run", found.pk)


def _handed_over(request: Any, kind: str, found: Any, title: str) -> HttpResponse:
    job = working.ask(
        kind=kind,
        about=found.pk,
        title=f"{title}{found}",
        by=request.by,
        at=request.now,
        address=reverse("web:automatic-run", args=[found.pk]),
    )
    return redirect("web:job", job.pk)


def _found(request: Any, pk: int) -> Any:
    return get_object_or_404(queries.runs_visible_to(request.by), pk=pk)
