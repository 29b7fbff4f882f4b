"""One employer with everything about it, and what is written into its record."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from huzhu.claims import lifecycle
from huzhu.claims import queries as claims
from huzhu.contributions import queries as dues
from huzhu.core import money
from huzhu.core.identity import mask_phone
from huzhu.employers import queries, services
from huzhu.enrolment import expiring
from huzhu.files.contents import NotAccepted
from huzhu.files.services import FileLost, read
from huzhu.insight import figures
from huzhu.outreach import queries as outreach
from huzhu.outreach.lines import lines
from huzhu.users.permissions import NotAllowed, may
from huzhu.web import numbers
from huzhu.web.access import staff
from huzhu.web.claims.shown import file_response
from huzhu.web.desks.tiles import Tile, address, counted

READERS = ("employer_clerk", "county_clerk", "agency_clerk", "leader")
WRITERS = ("employer_clerk", "county_clerk", "agency_clerk")
SOON = 60
MOST_DAYS = 400
LATEST = 10
REFUSED = (services.RecordRefused, services.NotAnEmployer, NotAccepted, NotAllowed)


def employer_of(request: Any, pk: int) -> Any:
    """One of the branch, or nothing there."""
    return get_object_or_404(queries.visible_to(request.by), pk=pk)


@require_safe
@staff("employer_clerk")
def own(request: Any) -> HttpResponse:
    """The employer's clerk comes to the record of the own employer."""
    return redirect("web:employer", request.by.organisation_id)


@require_safe
@staff(*READERS)
def employer(request: Any, pk: int) -> HttpResponse:
    """The record, who has cover, what is owed, what expires, visits and the next step."""
    return _page(request, employer_of(request, pk))


@require_POST
@staff(*WRITERS)
def do(request: Any, pk: int, verb: str) -> HttpResponse:
    """One change of the record; what is wrong comes back with what was typed."""
    found = employer_of(request, pk)
    act = ACTS.get(verb)
    if act is None:
        raise Http404
    try:
        said = act(request, found)
    except REFUSED as refused:
        return _page(request, found, status=422, wrong=verb, error=str(refused), typed=request.POST)
    if isinstance(said, dict):
        return _page(request, found, **said)
    messages.success(request, said)
    return redirect("web:employer", found.pk)


@require_safe
@staff(*WRITERS)
def proof(request: Any, pk: int, count: int) -> HttpResponse:
    """The paper behind a head count; who looks is written down."""
    kept = get_object_or_404(queries.head_counts(employer_of(request, pk)), pk=count, file__isnull=False)
    file = services.open_proof(count=kept, by=request.by, at=request.now)
    try:
        return file_response(file, read(file))
    except FileLost:
        raise Http404 from None


def _page(request: Any, found: Any, *, status: int = 200, **more: Any) -> HttpResponse:
    inside = request.by.code != "employer_clerk"
    shown = {
        "employer": found,
        "inside": inside,
        "profile": queries.profile_of(found),
        "counts": queries.head_counts(found),
        "contacts": [(one, mask_phone(one.phone or "")) for one in queries.contacts(found)],
        "sources": queries.SOURCES,
        "may": {
            name: may(request.by, f"employers.{name}", found)
            for name in ("record", "contacts", "count", "prove")
        },
        "may_log": may(request.by, "outreach.log", found),
        "today": request.today,
    }
    shown |= _cover(request, found)
    if inside:
        shown |= _outreach(request, found)
    return render(request, "web/employers/record.html", shown | more, status=status)


def _cover(request: Any, found: Any) -> dict[str, Any]:
    """Enrolled ÷ staff, unpaid, expiring, claims of its own staff as states only."""
    days = min(numbers.typed(request.GET.get("days", "")) or SOON, MOST_DAYS)
    covered = figures.covered_at([found.pk], request.today)
    enrolled = covered.values("member").distinct().count()
    ends = expiring.to_renew(request.today + timedelta(days=1), request.today + timedelta(days=days))
    soon = ends.filter(employer=found).values("member").distinct().count()
    proven = queries.proven_head_count(found, request.today)
    shares = list(dues.unpaid(request.by).filter(due__roster__employer=found))
    owed = sum(share.amount_fen - share.received_fen for share in shares)
    states = list(
        claims.visible_to(request.by).filter(employer=found).order_by().values_list("state", flat=True)
    )
    tiles = [
        Tile(
            "已参保 ÷ 在职（核实）",
            f"{enrolled:,} / {proven:,}" if proven else f"{enrolled:,} / —",
            "",
            f"{figures.percent(enrolled, proven)}，最低参保比例按这个算" if proven else "没有核实的人数",
        ),
        Tile(
            "已参保 ÷ 在职（上报）",
            f"{enrolled:,} / {found.staff_count:,}",
            "",
            "没有在职人数，不算进参保率，另列"
            if figures.holds_individuals(found)
            else f"{figures.percent(enrolled, found.staff_count)}，覆盖面和排名按这个算",
        ),
        Tile("待缴会费", money.spoken(owed), "元", "", address("web:dues") if owed else ""),
        counted(f"{days} 天内到期", soon, "人", tone="warns", hint="还没有续保的"),
    ]
    by_state = [
        (str(state), str(state.label), states.count(state))
        for state in lifecycle.LIFECYCLE
        if state in states
    ]
    return {"tiles": tiles, "states": by_state, "days": days, "shares": shares, "proven": proven}


def _outreach(request: Any, found: Any) -> dict[str, Any]:
    (line,) = lines(request.by, request.today, only=[found])
    visits = outreach.visits_visible_to(request.by).filter(employer=found)
    seen = [(visit, outreach.stance_words(visit)) for visit in visits[:LATEST]]
    return {
        "line": line,
        "late": line.overdue(request.today),
        "visits": seen,
        "visits_count": line.visits,
        "stances": queries.stances_of(found)[:LATEST],
        "industries": queries.INDUSTRIES,
        "fronts": queries.FRONTS,
        "willing": queries.WILLING,
        "causes": queries.CAUSES,
    }


# ── what the forms of the page do: each says a sentence, or what to show ────────────────────────────


def _profile(request: Any, found: Any) -> str:
    asked = request.POST
    services.set_profile(
        employer=found,
        industry=asked.get("industry", ""),
        front=asked.get("front", "unit"),
        by=request.by,
        at=request.now,
    )
    return "行业和领域已经记下。"


def _count(request: Any, found: Any) -> str:
    asked, file = request.POST, request.FILES.get("file")
    kept = services.tell_count(
        employer=found,
        year=numbers.typed(asked.get("year", "")) or 0,
        count=numbers.typed(asked.get("count", "")) or 0,
        source=asked.get("source", ""),
        name=file.name if file else "",
        data=file.read() if file else b"",
        by=request.by,
        at=request.now,
        on=request.today,
    )
    if kept.proved_on:
        return f"{kept.year} 年在职 {kept.count:,} 人，已经核实。"
    waits = "等县区工会或代办处核实。" if kept.file_id else "没有证明文件，不作为核实人数。"
    return f"{kept.year} 年在职 {kept.count:,} 人，已经记下，{waits}"


def _prove(request: Any, found: Any) -> str:
    count = get_object_or_404(
        queries.head_counts(found), pk=numbers.typed(request.POST.get("count", "")) or 0
    )
    services.prove_count(count=count, by=request.by, at=request.now, on=request.today)
    return f"{count.year} 年在职 {count.count:,} 人，已经核实。"


def _contact(request: Any, found: Any) -> str:
    asked = {name: request.POST.get(name, "").strip() for name in ("name", "post", "phone", "wechat")}
    main = "is_main" in request.POST
    services.add_contact(employer=found, **asked, is_main=main, by=request.by, at=request.now)
    return f"联系人{asked['name']}已经记下。"


def _contact_of(request: Any, found: Any) -> Any:
    kept = {str(one.pk): one for one in queries.contacts(found)}
    contact = kept.get(request.POST.get("contact", ""))
    if contact is None:
        raise Http404
    return contact


def _main(request: Any, found: Any) -> str:
    contact = _contact_of(request, found)
    services.make_main(contact=contact, by=request.by, at=request.now)
    return f"{contact.name}是主要联系人。"


def _drop(request: Any, found: Any) -> str:
    contact = _contact_of(request, found)
    services.drop_contact(contact=contact, by=request.by, at=request.now)
    return f"联系人{contact.name}已经停用。"


def _show(request: Any, found: Any) -> dict[str, Any]:
    contact = _contact_of(request, found)
    phone, wechat = services.show_contact(contact=contact, by=request.by, at=request.now)
    return {"opened": contact.pk, "phone": phone, "wechat": wechat}


def _say(request: Any, found: Any) -> str:
    asked = request.POST
    said = services.Said(
        employer=found,
        willing=asked.get("willing", ""),
        said_on=request.today,
        willing_count=numbers.typed(asked.get("willing_count", "")),
        cause=asked.get("cause", ""),
        cause_note=asked.get("cause_note", "").strip(),
    )
    services.say(said=said, by=request.by, at=request.now)
    return "意愿和原因已经记下，以前的还在下面的记录里。"


ACTS: dict[str, Callable[[Any, Any], Any]] = {
    "profile": _profile,
    "count": _count,
    "prove": _prove,
    "contact": _contact,
    "main": _main,
    "drop": _drop,
    "show": _show,
    "say": _say,
}
