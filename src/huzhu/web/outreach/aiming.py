"""Talks and publicity days, and yearly targets with how far it is."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from huzhu.core import money
from huzhu.outreach import queries, services
from huzhu.users.permissions import NotAllowed, may
from huzhu.web import lists, numbers
from huzhu.web.access import staff
from huzhu.web.outreach.working import READERS
from huzhu.web.workbooks import Cell, yuan

COUNTS = (
    ("attendance", "到场（人）"),
    ("boards", "展板（块）"),
    ("booklets", "手册（份）"),
    ("posters", "海报（张）"),
    ("questions", "解答问题（个）"),
)

HELD = (
    lists.Filter("what", "类别", queries.KINDS),
    lists.Filter("from", "从哪天", kind="day"),
    lists.Filter("to", "到哪天", kind="day"),
)
HELD_HEADS = ("日期", "类别", "地点", "主办", *(words for _, words in COUNTS), "记事")
AIM_HEADS = ("机构", "会费目标（元）", "已到账（元）", "会费完成", "人数目标", "已参保（人）", "人数完成")


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*READERS)
def occasions(request: Any) -> HttpResponse:
    """All of the branch, and a form for one more."""
    error = _hold(request) if request.method == "POST" else ""
    if request.method == "POST" and not error:
        return redirect("web:occasions")
    places = [(str(one.pk), one.name) for one in queries.organisers(request.by)]
    organiser = lists.Filter("of", "主办", places if len(places) > 1 else [])
    asked = lists.read(request, "讲座和宣传日", *HELD, organiser, finds="地点、记事", unit="次")
    found = _sifted(queries.occasions_visible_to(request.by), asked)
    if asked.takes:
        return lists.taken(request, asked, HELD_HEADS, found, lambda rows: map(_held_cells, rows))
    shown = lists.shown(request, asked, found) | {
        "error": error,
        "kinds": queries.KINDS,
        "counts": [(name, words, request.POST.get(name, "")) for name, words in COUNTS],
        "organisers": queries.organisers(request.by),
        "typed": request.POST,
        "today": request.today,
        "key": request.POST.get("key") or uuid4(),
        "may_hold": may(request.by, "outreach.occasion"),
    }
    return render(request, "web/outreach/occasions.html", shown, status=422 if error else 200)


def _sifted(found: Any, asked: lists.Asked) -> Any:
    found = queries.occasions_matching(found, asked.text) if asked.text else found
    found = found.filter(kind=asked["what"]) if asked["what"] else found
    found = found.filter(organiser=int(asked["of"])) if asked["of"] else found
    found = found.filter(on__gte=asked["from"]) if asked["from"] else found
    return found.filter(on__lte=asked["to"]) if asked["to"] else found


def _held_cells(one: Any) -> tuple[Cell, ...]:
    counts = [getattr(one, name) for name, _ in COUNTS]
    return (one.on, one.get_kind_display(), one.place, one.organiser.name, *counts, one.notes)


def _hold(request: Any) -> str:
    """Written down, or what is wrong."""
    asked = request.POST
    organiser = (
        queries.organisers(request.by).filter(pk=numbers.typed(asked.get("organiser", "")) or 0).first()
    )
    if organiser is None:
        return "请选择主办的工会或代办处。"
    counts = {name: numbers.typed(asked.get(name, "") or "0") for name, _ in COUNTS}
    if wrong := [words for name, words in COUNTS if counts[name] is None]:
        return f"{wrong[0]}要填整数，没有就留空。"
    try:
        told = services.Told(
            organiser=organiser,
            kind=asked.get("kind", ""),
            on=date.fromisoformat(asked.get("on", "")),
            place=asked.get("place", "").strip(),
            counts={name: number or 0 for name, number in counts.items()},
            notes=asked.get("notes", "").strip(),
            key=UUID(asked.get("key", "")),
        )
        services.hold(told=told, by=request.by, at=request.now)
    except (services.OccasionRefused, NotAllowed) as refused:
        return str(refused)
    except ValueError:
        return "日期要写成 2022-11-30 的样子；如果日期没有错，请刷新页面再填一次。"
    messages.success(request, f"已记下：{told.on} {told.place}。")
    return ""


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*READERS)
def targets(request: Any) -> HttpResponse:
    """The year's targets of the branch and how far each place has come."""
    years = tuple((str(year),) * 2 for year in range(request.today.year - 1, request.today.year + 2))
    chosen = lists.Filter("year", "年度", years, default=str(request.today.year))
    asked = lists.read(request, "年度目标", chosen, unit="个机构")
    year = numbers.typed(request.POST.get("year", ""), most=9999) or int(asked["year"])
    error = _aim(request, year) if request.method == "POST" else ""
    if request.method == "POST" and not error:
        return redirect(f"{reverse('web:targets')}?year={year}")
    rows = queries.progress(request.by, year)
    if asked.takes:
        return lists.taken(request, asked, AIM_HEADS, rows, lambda rows: map(_aim_cells, rows))
    shown = lists.shown(request, asked, rows) | {
        "rows": rows,
        "year": year,
        "error": error,
        "typed": request.POST,
        "may_aim": may(request.by, "outreach.target"),
    }
    return render(request, "web/outreach/targets.html", shown, status=422 if error else 200)


def _aim_cells(row: Any) -> tuple[Cell, ...]:
    aim_fen, heads = (row.target.amount_fen, row.target.heads) if row.target else (0, 0)
    money_part = yuan(aim_fen) if aim_fen else None, yuan(row.amount_fen), row.of_amount
    return (row.organisation.name, *money_part, heads or None, row.heads, row.of_heads)


def _aim(request: Any, year: int) -> str:
    """Set, or what is wrong."""
    asked = request.POST
    place = (
        queries.organisers(request.by).filter(pk=numbers.typed(asked.get("organisation", "")) or 0).first()
    )
    if place is None:
        return "请选择代办处、县区或集团工会。"
    heads = numbers.typed(asked.get("heads", "") or "0")
    if heads is None:
        return "人数目标要填整数。"
    try:
        amount_fen = money.fen(asked.get("amount", "").replace(",", "").strip() or "0")
        services.aim(
            organisation=place,
            year=year,
            amount_fen=amount_fen,
            heads=heads,
            by=request.by,
            at=request.now,
        )
    except (money.NotMoney, services.TargetRefused, NotAllowed) as refused:
        return str(refused)
    messages.success(request, f"{place.name} {year} 年的目标已经记下。")
    return ""
