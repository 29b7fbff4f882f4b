"""The figures opened: rankings by place, kind and employer, a branch of its own, and payments without names."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from huzhu.claims.kinds import labels_of
from huzhu.core import money
from huzhu.insight import figures
from huzhu.organisations.queries import visible_to
from huzhu.web.access import staff
from huzhu.web.desks.tiles import Tile, address
from huzhu.web.lists import page_of

READERS = ("leader", "auditor", "policy", "county_clerk", "agency_clerk", "reviewer")
WAYS = (("place", "县区、集团"), ("sector", "单位类型"), ("employer", "单位"))


def place_of(request: Any, pk: int | None) -> Any:
    """The branch asked for, when it lies in the asker's own."""
    if pk is None:
        return request.by.organisation
    found = visible_to(request.by).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@require_safe
@staff(*READERS)
def numbers(request: Any, pk: int | None = None) -> HttpResponse:
    """One branch: its figures, and its rows ranked as asked."""
    place = place_of(request, pk)
    found = figures.figures_of(place, request.today)
    way = request.GET.get("by", "place" if pk is None else "employer")
    lines = _chosen(request, found.lines)
    rows = {
        "place": lambda: figures.by_place(lines, request.by),
        "sector": lambda: figures.by_sector(lines),
    }.get(way, lambda: figures.ranked(lines))()
    pages = page_of(request, rows, 200)
    kept = {name: request.GET[name] for name in ("by", "sector", "direct") if name in request.GET}
    turned = {"pages": pages, "also": f"&{urlencode(kept)}" if kept else "", "start": pages.start_index() - 1}
    shown = turned | {
        "found": found,
        "rows": pages.object_list,
        "ways": WAYS,
        "way": way,
        "what": dict(WAYS).get(way, "单位"),
    }
    tiles = _tiles(found, place) if lines is found.lines else []
    return render(request, "web/desks/numbers.html", shown | {"tiles": tiles})


def _chosen(request: Any, lines: list[Any]) -> list[Any]:
    """Only one kind of employers, or only those directly under the city, where that is asked."""
    if kind := request.GET.get("sector"):
        return [line for line in lines if line.kind == kind]
    return figures.direct(lines, request.by) if "direct" in request.GET else lines


def _tiles(found: figures.Figures, place: Any) -> list[Tile]:
    paid = address("web:payments-of", place.pk)
    return [
        Tile("参保覆盖", found.coverage, "", f"{found.enrolled:,} 人 ÷ 在职 {found.staff:,} 人"),
        Tile("会费到账", money.spoken(found.fees_fen), "元", f"{found.joined_employers} 家单位"),
        Tile("帮助了", f"{found.helped:,}", "人", f"共 {money.spoken(found.paid_fen)} 元", paid),
        Tile("材料齐全到到账", found.mean_days, "个工作日", f"平均，{found.timed} 件"),
    ]


@require_safe
@staff(*READERS)
def payments(request: Any, pk: int | None = None) -> HttpResponse:
    """What was paid, newest first, without names."""
    place = place_of(request, pk)
    pages = page_of(request, figures.payments(place))
    for payout in pages.object_list:
        payout.words = labels_of(payout.decision.claim)
    return render(request, "web/desks/payments.html", {"place": place, "pages": pages, "also": ""})
