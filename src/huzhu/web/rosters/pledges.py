"""Pledges: who pays for workers in hardship, what came of it, whom to remind; and the form to write one down."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from huzhu.contributions import pledges as verbs
from huzhu.contributions import sponsors
from huzhu.core import money
from huzhu.core.identity import masked
from huzhu.members import queries as members
from huzhu.organisations import queries as organisations
from huzhu.users.permissions import NotAllowed, may
from huzhu.web import lists, numbers
from huzhu.web.access import answered, staff
from huzhu.web.once import once
from huzhu.web.workbooks import Cell, yuan

KEEPERS = ("county_clerk", "agency_clerk")
MOST_FOUND = 20
STANDING = lists.Filter("standing", "状态", (("yes", "有效"), ("no", "已撤回")))
HEADS = (
    "资助人",
    "资助谁",
    "每人每个方案最多（元）",
    "从哪年起",
    "已应缴（元）",
    "已到账（元）",
    "状态",
)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*KEEPERS, "cadre")
@once("contributions.pledge")
def pledges(request: Any) -> HttpResponse:
    """All pledges of the branch with due and paid; above them who is to be reminded before the renewal."""
    error = _recorded(request) if request.method == "POST" else ""
    if request.method == "POST" and not error:
        return redirect("web:pledges")
    asked = lists.read(request, "资助承诺", STANDING, unit="项")
    held = sponsors.visible_to(request.by)
    held = held.filter(withdrawn_at__isnull=asked["standing"] == "yes") if asked["standing"] else held
    if asked.takes:
        return lists.taken(request, asked, HEADS, held, lambda rows: map(_cells, _summed(request.by, rows)))
    wanted = request.GET.get("q", "").strip()[:40]
    found = members.search(request.by, wanted)[:MOST_FOUND] if wanted else []
    shown = lists.shown(request, asked, held)
    shown |= {
        "rows": _summed(request.by, shown["pages"]),
        "years": [
            (one, sponsors.sponsor_for(request.by, one.pledge)) for one in sponsors.years_of(shown["pages"])
        ],
        "soon": sponsors.to_renew(request.by, request.today),
        "may_pledge": may(request.by, "contributions.pledge"),
        "q": wanted,
        "found": [(one, masked(one.id_number)) for one in found],
        "places": organisations.visible_to(request.by),
        "kinds": sponsors.KINDS,
        "typed": request.POST,
        "year": request.POST.get("from_year") or str(request.today.year),
        "error": error,
    }
    return render(request, "web/rosters/pledges.html", shown, status=422 if error else 200)


def _summed(by: Any, rows: Any) -> list[tuple[Any, str, int, int]]:
    """Each pledge with the sponsor as this person may know them, due and paid."""
    sums = sponsors.sums_of(rows)
    return [(one, sponsors.sponsor_for(by, one), *sums.get(one.pk, (0, 0))) for one in rows]


def _cells(row: tuple[Any, str, int, int]) -> tuple[Cell, ...]:
    one, sponsor, due, paid = row
    whom = (
        f"{one.member.name}（{one.member.employer.name}）"
        if one.member
        else f"{one.place.name}的全部困难职工"
    )
    most = yuan(one.fixed_fen) if one.fixed_fen else "职工应缴的全部"
    state = f"已撤回：{one.withdrawn_reason}" if one.withdrawn_at else ""
    return (sponsor, whom, most, one.from_year, yuan(due), yuan(paid), state)


def _recorded(request: Any) -> str:
    """Write it down, or say what is wrong."""
    asked = request.POST
    year, whom = asked.get("from_year", ""), asked.get("member", "")
    place = asked.get("place", "")
    try:
        verbs.pledge(
            sponsor_name=asked.get("sponsor_name", ""),
            sponsor_kind=asked.get("sponsor_kind", ""),
            is_named="is_named" in asked,
            member=_member(request, whom) if whom else None,
            place=organisations.visible_to(request.by).filter(pk=numbers.sent(place)).first(),
            fixed_fen=_fixed(asked),
            from_year=int(year) if year.isdecimal() and len(year) == 4 else 0,
            note=asked.get("note", ""),
            by=request.by,
            at=request.now,
        )
    except (verbs.PledgeRefused, NotAllowed, money.NotMoney) as refused:
        return str(refused)
    messages.success(
        request, "资助承诺已经登记。以后确认的名册，他们应缴的部分由资助人承担，每年都算，直到撤回。"
    )
    return ""


def _member(request: Any, key: str) -> Any:
    try:
        return members.visible_to(request.by).filter(pk=UUID(key)).first()
    except ValueError:
        return None


def _fixed(asked: Any) -> int | None:
    """The most for one person and year; nothing where all of the worker's part is pledged."""
    if asked.get("how") != "fixed":
        return None
    return money.fen(asked.get("amount", "").strip().replace(",", ""))


@require_POST
@staff(*KEEPERS)
def withdraw(request: Any, pk: int) -> HttpResponse:
    """The sponsor does not go on; what is due already stays."""
    held = get_object_or_404(sponsors.visible_to(request.by), pk=pk)
    with answered(request, (verbs.PledgeRefused, NotAllowed)):
        verbs.withdraw(held=held, reason=request.POST.get("reason", ""), by=request.by, at=request.now)
        messages.success(request, "承诺已经撤回，以后的名册不再由资助人缴；已经确认的应缴不变。")
    return redirect("web:pledges")
