"""What is due and not in yet: the list by payer, county and days, its sums, and the same as a workbook."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from huzhu.contributions import queries
from huzhu.organisations import queries as organisations
from huzhu.users.permissions import may
from huzhu.web import lists
from huzhu.web.access import staff
from huzhu.web.employers.choosing import FINDS, named, place_filter
from huzhu.web.rosters.papers import READERS as RECEIPT_READERS
from huzhu.web.rosters.roster import READERS
from huzhu.web.workbooks import Cell, yuan

HEADS = (
    "单位",
    "上级",
    "确认日",
    "保障起日",
    "超过起日（天）",
    "人数",
    "应缴（元）",
    "已到账（元）",
    "还差（元）",
)
LATE = (("0", "已到起日"), ("7", "超过 7 天"), ("30", "超过 30 天"), ("60", "超过 60 天"))


@require_safe
@staff(*READERS)
def dues(request: Any) -> HttpResponse:
    """Rosters whose money is not all in, oldest first; above them the slips that wait."""
    asked = lists.read(
        request,
        "待缴会费",
        lists.Filter("payer", "由谁缴", queries.ALL_PAYERS),
        place_filter(request.by),
        lists.Filter("late", "保障起日过了多久", LATE),
        finds=FINDS,
        unit="份名册",
    )
    late = asked["late"]
    rosters = queries.waiting(
        request.by,
        payer=asked["payer"],
        place=organisations.visible_to(request.by).get(pk=int(asked["place"])) if asked["place"] else None,
        started_by=request.today - timedelta(days=int(late)) if late else None,
    )
    if asked.text:
        rosters = rosters.filter(employer__in=named(request.by, asked.text))
    if asked.takes:
        return lists.taken(request, asked, HEADS, rosters, lambda rows: _lines(rows, request.today))
    shown = lists.shown(request, asked, rosters)
    for roster in shown["pages"]:
        roster.late_days = (request.today - roster.cover_starts_on).days
        roster.came_fen = roster.due_fen - roster.left_fen
    shown |= {
        "sums": queries.sums_of(rosters),
        "slips": list(queries.slips_waiting(request.by)[: lists.PAGE]),
        "may_receive": may(request.by, "contributions.receive"),
        "may_split": may(request.by, "contributions.split"),
        "may_collect": request.by.code in {"agency_clerk", "payment_maker"},
        "may_upload": may(request.by, "contributions.slip"),
        "opens_receipts": request.by.code in RECEIPT_READERS,
    }
    return render(request, "web/rosters/dues.html", shown)


def _lines(rosters: list[Any], today: date) -> Iterator[tuple[Cell, ...]]:
    """One line a roster, the sums at the foot."""
    for one in rosters:
        late = max((today - one.cover_starts_on).days, 0)
        days = (timezone.localdate(one.settled_at), one.cover_starts_on, late)
        came = one.due_fen - one.left_fen
        yield (
            one.employer.name,
            one.employer.parent.name,
            *days,
            one.people,
            *map(yuan, (one.due_fen, came, one.left_fen)),
        )
    people, due, left = (
        sum(getattr(one, name) for one in rosters) for name in ("people", "due_fen", "left_fen")
    )
    yield ("合计", None, None, None, None, people, yuan(due), yuan(due - left), yuan(left))
