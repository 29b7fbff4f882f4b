"""The work list: who is overdue, who lacks a cause, an owner or a date; many handed to one person at once."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from huzhu.employers import queries as employers
from huzhu.outreach import queries, services
from huzhu.outreach.lines import lines, work
from huzhu.users.permissions import NotAllowed, may
from huzhu.web import lists, numbers
from huzhu.web.access import staff, told
from huzhu.web.employers import asked as asking
from huzhu.web.employers.listing import HEADS, cells
from huzhu.web.outreach.visiting import CLERKS
from huzhu.web.workbooks import Cell

READERS = (*CLERKS, "leader")


@require_safe
@staff(*READERS)
def worklist(request: Any) -> HttpResponse:
    """Employers that have not joined, and those with a next step."""
    every = lines(request.by, request.today)
    asked = asking.read(request, "走访工作清单", every)
    found = work(asking.sift(asked, every, request.today), request.today)
    if asked.takes:
        return lists.taken(request, asked, HEADS, found, lambda rows: map(cells, rows))
    shown = lists.shown(request, asked, found)
    me = str(request.by.user_id)
    shown |= {
        "rows": [(line, line.overdue(request.today), line.due(request.today)) for line in shown["pages"]],
        "standing": queries.standing(request.by, every, request.today),
        "me": me,
        "mine": sum(str(line.follow_up.owner_id) == me for line in work(every, request.today)),
        "owners": queries.owners(request.by),
        "may_assign": may(request.by, "outreach.assign"),
        "may_log": may(request.by, "outreach.log"),
    }
    return render(request, "web/outreach/work.html", shown)


@require_POST
@staff(*CLERKS)
def assign(request: Any) -> HttpResponse:
    """The ticked employers get one owner, all of them or none."""
    every = lines(request.by, request.today)
    back = redirect(f"{reverse('web:outreach')}?{asking.read(request, '', every).query}")
    wanted = list(map(numbers.sent, request.POST.getlist("employer")))[:1000]
    chosen = list(employers.visible_to(request.by).filter(pk__in=wanted))
    owner = next(
        (one for one in queries.owners(request.by) if str(one.pk) == request.POST.get("owner")), None
    )
    if not chosen or owner is None:
        messages.error(request, "请先勾选单位，再选负责人。没有改动。")
        return back
    try:
        changed = services.assign(to=chosen, owner=owner, by=request.by, at=request.now)
    except (services.CannotLookAfter, NotAllowed) as refused:
        told(request, refused)
        return back
    messages.success(request, f"{changed} 家单位交给{owner.name}（勾选了 {len(chosen)} 家）。")
    return back


@require_safe
@staff(*READERS)
def funnel(request: Any) -> HttpResponse:
    """From visit to payment, in all and by county, industry or owner; each number opens its rows."""
    every = lines(request.by, request.today)
    ways = lists.Filter("by", "按什么分", queries.GROUPS, default="place")
    asked = lists.read(request, "走访漏斗", ways, unit="行")
    found, what = queries.funnels(every, asked["by"]), dict(queries.GROUPS)[asked["by"]]
    if asked.takes:
        heads = (what, "单位", *(words for _, words in queries.STAGES))
        return lists.taken(request, asked, heads, found, lambda rows: map(_funnel_cells, rows))
    shown = lists.shown(request, asked, found) | {
        "standing": queries.standing(request.by, every, request.today),
        "stages": queries.STAGES,
        "what": what,
    }
    return render(request, "web/outreach/funnel.html", shown)


def _funnel_cells(row: queries.Funnel) -> tuple[Cell, ...]:
    return (row.name, row.employers, *(number for _, _, number, _ in row.stages))


@require_safe
@staff(*READERS)
def block(request: Any) -> HttpResponse:
    """What the landing pages of county, agency and leader show of outreach, fetched when they stand already."""
    every = lines(request.by, request.today)
    mine = [one for one in every if one.follow_up.owner_id == request.by.user_id]
    shown = {
        "outreach": queries.standing(request.by, every, request.today),
        "outreach_mine": queries.standing(request.by, mine, request.today),
        "outreach_works": may(request.by, "outreach.log"),
        "me": request.by.user_id,
    }
    return render(request, "web/outreach/block.html", shown)
