"""Renewal: last period's list with leavers and joiners, the difference, and the roster it becomes."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from huzhu.contributions import queries as contributions
from huzhu.contributions.splits import SplitOverFee
from huzhu.core.identity import mask_phone, masked
from huzhu.enrolment import difference, expiring, renewal, sheet
from huzhu.enrolment.columns import guess
from huzhu.enrolment.rows import AT_ONCE
from huzhu.enrolment.services import RosterRefused
from huzhu.files import services as files
from huzhu.files.tables import TableRefused
from huzhu.jobs import services as jobs
from huzhu.jobs.queries import last_done
from huzhu.organisations import queries as organisations
from huzhu.web.access import staff, told
from huzhu.web.rosters.columns import chosen, grid_of
from huzhu.web.rosters.upload import CLERKS, MOST_BYTES

PARTS = (
    ("stay", "续保", "staying"),
    ("join", "新增", "joining"),
    ("leave", "退出", "leaving"),
    ("change", "变更", "changed"),
)
PAGE = 200  # lines; Django takes a thousand fields in one form


@require_POST
@staff(*CLERKS)
def begin(request: Any) -> HttpResponse:
    """From the desk into the list."""
    code, text = request.POST.get("employer", ""), request.POST.get("ends_on", "")
    mine = organisations.visible_to(request.by).employers()
    employer = get_object_or_404(mine, pk=code if code.isdecimal() else 0)
    try:
        begun = renewal.begin(
            employer=employer, ends_on=date.fromisoformat(text), by=request.by, at=request.now
        )
    except ValueError as refused:  # no date, or nothing to renew
        told(request, refused if isinstance(refused, RosterRefused) else ValueError("没有这个到期日。"))
        return redirect("web:renewals")
    return redirect("web:renewal", begun.pk)


def _found(request: Any, pk: Any) -> Any:
    return get_object_or_404(difference.visible_to(request.by), pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*CLERKS)
def people(request: Any, pk: Any) -> HttpResponse:
    """The list: who goes on, who leaves and why, who joins; a sheet may be laid beside it."""
    found = _found(request, pk)
    if roster := expiring.standing(found).first():
        messages.info(request, "这份续保名单已经提交，下面是它的名册。")
        return redirect("web:roster", roster.pk)
    error = _saved(request, found) if request.method == "POST" else ""
    if isinstance(error, HttpResponse):
        return error
    if request.method == "POST" and not error:
        return _onward(request, found)
    asked = request.GET.get("q", "").strip()[:40]
    pages = Paginator(difference.list_of(found, asked), PAGE).get_page(request.GET.get("page"))
    shown = {
        "renewal": found,
        "pages": pages,
        "rows": [_row(line, request.POST) for line in pages],
        "reasons": renewal.Reason.choices,
        "asked": asked,
        "also": f"&q={asked}" if asked else "",
        "typed": request.POST.get("joining", ""),
        "error": error,
    }
    return render(request, "web/rosters/renewal.html", shown, status=422 if error else 200)


def _row(line: Any, posted: Any) -> dict[str, Any]:
    known = line.member.phone if line.member else ""
    return {
        "line": line,
        "number": masked(line.id_number or ""),
        "reason": posted.get(f"reason-{line.pk}", line.reason),
        "phone": mask_phone(known or line.phone or ""),
        "is_known": bool(known),  # the phone that is registered is not changed here
        "typed": posted.get(f"phone-{line.pk}", ""),
    }


def _saved(request: Any, found: Any) -> str | HttpResponse:
    """Marks, typed joiners and the sheet; the sentence on what is wrong, the page on which columns are named, or nothing."""
    who: dict[str, Any] = {"renewal": found, "by": request.by, "at": request.now}
    changes: dict[str, dict[str, str]] = {}
    for name, text in request.POST.items():
        column, _, line = name.partition("-")
        if line and (column == "reason" or (column == "phone" and text.strip())):
            changes.setdefault(line, {})[column] = text[:40]
    file = request.FILES.get("file")
    try:
        if file is None:
            renewal.mark(changes=changes, **who)
        elif said := _compared(request, who, file):
            return said
        if text := request.POST.get("joining", "").strip():
            renewal.add(text=text, **who)
    except (RosterRefused, TableRefused) as refused:
        return str(refused)
    return ""


def _compared(request: Any, who: dict[str, Any], file: Any) -> str | HttpResponse:
    if file.size > MOST_BYTES:
        return "文件超过 20 MB：请只留名单一页。"
    data = file.read()
    try:
        _told(request, renewal.compare(name=file.name, data=data, **who))
    except renewal.ColumnsUnknown:
        kept = renewal.keep_sheet(name=file.name, data=data, **who)
        return redirect("web:renewal-columns", who["renewal"].pk, kept.pk)
    return ""


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*CLERKS)
def columns(request: Any, pk: Any, key: Any) -> HttpResponse:
    """Which column of this year's sheet is what: said once, and remembered for the employer."""
    found, kept = _found(request, pk), renewal.kept_sheet(str(key), request.by)
    if kept is None:
        raise Http404
    data = files.read(kept)
    pages = sheet.opened(data, kept.name).heads()
    name = request.GET.get("page", "")
    name = name if name in pages else next(iter(pages))
    reading, error = guess(pages[name], name), ""
    if request.method == "POST":
        reading = chosen(request.POST, pages)
        who = {"renewal": found, "by": request.by, "at": request.now}
        try:
            _told(request, renewal.compare(name=kept.name, data=data, reading=reading, **who))
            return redirect("web:renewal", found.pk)
        except (RosterRefused, TableRefused) as refused:
            error = str(refused)
    shown = grid_of(pages, reading, error) | {"renewal": found, "employer": found.employer}
    return render(request, "web/rosters/columns.html", shown, status=422 if error else 200)


def _told(request: Any, counts: dict[str, int]) -> None:
    messages.success(
        request,
        f"已和去年的名单核对：表里 {counts['rows']} 人，新增 {counts['joining']} 人，"
        f"不在表里 {counts['leaving']} 人（先记为不再参加，请改成实际的原因）。",
    )


def _onward(request: Any, found: Any) -> HttpResponse:
    """To the difference, or to where on the list the person wants to be."""
    if request.FILES.get("file") is not None:
        return redirect("web:renewal", found.pk)
    if "stay" in request.POST:
        messages.success(request, "已保存。")
        return redirect(request.get_full_path())
    return redirect("web:renewal-difference", found.pk)


@require_POST
@staff(*CLERKS)
def drop(request: Any, pk: Any, line: Any) -> HttpResponse:
    """Take a joiner off the list again."""
    found = _found(request, pk)
    try:
        renewal.drop(renewal=found, line=str(line), by=request.by, at=request.now)
    except RosterRefused as refused:
        told(request, refused)
    return redirect("web:renewal", found.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*CLERKS)
def changes(request: Any, pk: Any) -> HttpResponse:
    """What changes against last period, what it costs, and the button that makes the roster."""
    found = _found(request, pk)
    if request.method == "POST":
        return _submitted(request, found)
    if made := list(expiring.standing(found)[:2]):
        return redirect("web:rosters") if len(made) > 1 else redirect("web:roster", made[0].pk)
    try:
        renewal.editions_of(found, found.starts_on)  # refuses before thousands are reckoned in vain
        kept, at = _reckoned(request, found)
        if kept is None:
            return _handed_over(request, found, "renewals.difference", "核对续保", _of(request, found))
        plans = contributions.forecast(found, difference.heads_of(found, kept))
    except (RosterRefused, SplitOverFee) as refused:
        told(request, refused)
        return redirect("web:renewal", found.pk)
    shown = {
        "renewal": found,
        "found": kept["lists"],
        "reckoned_at": at,
        "parts": [(key, word, kept["lists"][name]) for key, word, name in PARTS],
        "plans": plans,
        "payers": contributions.by_payer(plans).items(),
        "total": contributions.total_fen(plans),
    }
    return render(request, "web/rosters/difference.html", shown)


def _reckoned(request: Any, found: Any) -> tuple[dict[str, Any] | None, Any]:
    """The difference as summed, now or by the worker of this very list and day; None while it has to be asked for."""
    if found.lines.count() <= AT_ONCE:
        return difference.difference(found).summed(), None
    run = last_done("renewals.difference", found.pk)
    if run is None or run.arguments != _of(request, found):
        return None, None
    return run.result["difference"], run.asked_at


def _of(request: Any, found: Any) -> dict[str, Any]:
    return {"version": found.version, "day": f"{request.today}"}


def _handed_over(
    request: Any, found: Any, kind: str, title: str, arguments: dict[str, Any] | None = None
) -> HttpResponse:
    """Thousands of people: the worker reckons, and makes the rosters."""
    run = jobs.ask(
        kind=kind,
        about=found.pk,
        title=f"{title}：{found.employer.name}",
        by=request.by,
        at=request.now,
        address=reverse("web:renewal-difference", args=[found.pk]),
        arguments=arguments,
    )
    return redirect("web:job", run.pk)


def _submitted(request: Any, found: Any) -> HttpResponse:
    try:
        if text := request.POST.get("starts_on", ""):
            renewal.start_on(renewal=found, starts_on=date.fromisoformat(text), by=request.by, at=request.now)
        if "look" in request.POST:
            return redirect("web:renewal-difference", found.pk)
        if found.lines.filter(reason="").count() > AT_ONCE and not expiring.standing(found).exists():
            return _handed_over(request, found, "renewals.submit", "提交续保")
        rosters = renewal.submit(renewal=found, by=request.by, at=request.now)
    except (RosterRefused, SplitOverFee) as refused:
        told(request, refused)
        return redirect("web:renewal-difference", found.pk)
    except ValueError:
        told(request, ValueError("保障起日不是一个日期：请写成 2023-01-28 的样子。"))
        return redirect("web:renewal-difference", found.pk)
    if len(rosters) > 1:
        messages.info(request, f"有人只续其中一部分方案，所以分成 {len(rosters)} 份名册，请逐份确认。")
        return redirect("web:rosters")
    return redirect("web:roster", rosters[0].pk)
