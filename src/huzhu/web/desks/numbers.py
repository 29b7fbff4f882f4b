"""The figures opened: rankings by place, kind and employer, a branch of its own, and payments without names."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from huzhu.claims.kinds import labels_of
from huzhu.claims.queries import STATES_ONLY
from huzhu.core import money
from huzhu.employers.queries import fits
from huzhu.insight import figures
from huzhu.organisations.queries import visible_to
from huzhu.organisations.services import SECTORS
from huzhu.payouts import helped
from huzhu.web import lists
from huzhu.web.access import staff
from huzhu.web.desks.tiles import Tile, address, of_staff
from huzhu.web.employers.choosing import FINDS
from huzhu.web.workbooks import Cell, yuan

READERS = ("leader", "auditor", "policy", "county_clerk", "agency_clerk", "reviewer")
# single payments, which tell of an illness by their kind or their sum: not to who sees of claims the state only
PAYMENT_READERS = tuple(code for code in READERS if code not in STATES_ONLY)
WAYS = (("place", "县区、集团"), ("sector", "单位类型"), ("employer", "单位"))
SIFTS = (lists.Filter("sector", "单位类型", SECTORS), lists.Filter("direct", "只看市直属", kind="tick"))
PAID_IN = lists.Filter("month", "到账月份", kind="month")
HEADS = (
    "单位（家）",
    "在职",
    "已参保",
    "参保率",
    "灵活就业（人）",
    "会费到账（元）",
    "受助（人）",
    "互助金（元）",
)
PAID_HEADS = ("到账", "单位类型", "申请的项目", "金额（元）")


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
    ways = lists.Filter("by", "按什么排", WAYS, default="place" if pk is None else "employer")
    asked = lists.read(request, "参保与互助", ways, *SIFTS, finds=FINDS, unit="行")
    rows = _rows(request.by, asked, found.lines)
    what = dict(WAYS)[asked["by"]]
    if asked.takes:
        return lists.taken(request, asked, (what, *HEADS), rows, lambda rows: map(_cells, rows))
    shown = lists.shown(request, asked, rows, 200)
    shown |= {
        "found": found,
        "rows": shown["pages"],
        "start": shown["pages"].start_index() - 1,
        "way": asked["by"],
        "what": what,
        "tiles": [] if asked.text or asked["sector"] or asked["direct"] else _tiles(found, place, request.by),
    }
    return render(request, "web/desks/numbers.html", shown)


def _rows(by: Any, asked: lists.Asked, lines: list[Any]) -> list[Any]:
    if asked["by"] == "employer":
        return _sifted(by, asked, figures.by_employer(lines))
    found = _sifted(by, asked, lines)
    return figures.by_place(found, by) if asked["by"] == "place" else figures.by_sector(found)


def _sifted(by: Any, asked: lists.Asked, lines: list[Any]) -> list[Any]:
    """Only the employers looked for: by name, of one kind, or directly under the city."""
    if asked.text:
        lines = [line for line in lines if fits(line.name, "", asked.text.casefold())]
    if asked["sector"]:
        lines = [line for line in lines if line.kind == asked["sector"]]
    return figures.direct(lines, by) if asked["direct"] else lines


def _cells(line: Any) -> tuple[Cell, ...]:
    name = f"{line.name}（{line.note}）" if line.note else line.name
    heads = line.employers, line.staff, line.enrolled, line.coverage, line.individuals
    return (name, *heads, yuan(line.fees_fen), line.helped, yuan(line.paid_fen))


def _tiles(found: figures.Figures, place: Any, by: Any) -> list[Tile]:
    single = by.code in PAYMENT_READERS
    paid = (
        address("web:payments-of", place.pk) if single else address("web:numbers-of", place.pk, by="employer")
    )
    return [
        Tile("参保覆盖", found.coverage, "", of_staff(found)),
        Tile("会费到账", money.spoken(found.fees_fen), "元", f"{found.joined_employers} 家单位"),
        Tile("帮助了", f"{found.helped:,}", "人", f"共 {money.spoken(found.paid_fen)} 元", paid),
        Tile("材料齐全到到账", found.mean_days, "个工作日", f"平均，{found.timed} 件"),
    ]


@require_safe
@staff(*PAYMENT_READERS)
def payments(request: Any, pk: int | None = None) -> HttpResponse:
    """What was paid, newest first, without names."""
    place = place_of(request, pk)
    asked = lists.read(request, "已到账的互助金", SIFTS[0], PAID_IN, unit="笔")
    found = figures.payments(place)
    if asked["sector"]:
        found = found.filter(decision__claim__employer__sector=asked["sector"])
    if since := asked.since("month"):
        found = found.filter(answered_at__gte=since, answered_at__lt=asked.before("month"))
    if asked.takes:
        return lists.taken(request, asked, PAID_HEADS, found, lambda rows: map(_paid_cells, rows))
    shown = lists.shown(request, asked, found)
    for payout in shown["pages"]:
        payout.words = labels_of(payout.decision.claim)
    shown |= {"place": place, "aid": helped.whole(helped.aid(place.path).values())}
    return render(request, "web/desks/payments.html", shown)


def _paid_cells(payout: Any) -> tuple[Cell, ...]:
    claim = payout.decision.claim
    paid_at, amount = lists.minute(payout.answered_at), yuan(payout.amount_fen)
    return (paid_at, claim.employer.get_sector_display(), labels_of(claim), amount)
