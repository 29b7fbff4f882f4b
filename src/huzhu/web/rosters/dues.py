"""What is due and not in yet: the list by payer, county and days, its sums, and the same as a workbook."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from huzhu.contributions import queries, services
from huzhu.organisations import queries as organisations
from huzhu.users.permissions import may
from huzhu.web.access import staff
from huzhu.web.rosters.roster import PAGE, READERS
from huzhu.web.workbooks import Cell, Table, download, workbook, yuan

MOST_ROWS = 500
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


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; what is not offered is not asked."""

    payer: str
    place: Any
    late: str
    today: date

    @property
    def in_address(self) -> dict[str, str]:
        asked = {"payer": self.payer, "place": str(self.place.pk) if self.place else "", "late": self.late}
        return {name: value for name, value in asked.items() if value}

    @property
    def also(self) -> str:
        return "&" + urlencode(self.in_address) if self.in_address else ""

    @property
    def said(self) -> str:
        """In words, for the head of a print."""
        return " · ".join(
            (
                dict(queries.ALL_PAYERS).get(self.payer, "全部缴费方"),
                self.place.name if self.place else "全部单位",
                dict(LATE).get(self.late, "不论天数"),
                f"截至 {self.today}",
            )
        )

    def rosters(self, by: Any) -> Any:
        started_by = self.today - timedelta(days=int(self.late)) if self.late else None
        return queries.waiting(by, payer=self.payer, place=self.place, started_by=started_by)


def _asked(request: Any, places: list[Any]) -> Asked:
    wanted = {name: request.GET.get(name, "") for name in ("payer", "place", "late")}
    return Asked(
        payer=wanted["payer"] if wanted["payer"] in dict(queries.ALL_PAYERS) else "",
        place=next((one for one in places if str(one.pk) == wanted["place"]), None),
        late=wanted["late"] if wanted["late"] in dict(LATE) else "",
        today=request.today,
    )


def _places(by: Any) -> list[Any]:
    """Counties and groups of the branch, and the agencies for what stands right below them."""
    found = list(organisations.visible_to(by).filter(kind__in=("city", "county", "group")))
    return found if len(found) > 1 else []


@require_safe
@staff(*READERS)
def dues(request: Any) -> HttpResponse:
    """Rosters whose money is not all in, oldest first; above them the slips that wait."""
    places = _places(request.by)
    asked = _asked(request, places)
    rosters = asked.rosters(request.by)
    pages = Paginator(rosters, PAGE).get_page(request.GET.get("page"))
    for roster in pages:
        roster.late_days = (request.today - roster.cover_starts_on).days
        roster.came_fen = roster.due_fen - roster.left_fen
    shown = {
        "pages": pages,
        "asked": asked,
        "also": asked.also,
        "sums": queries.sums_of(rosters),
        "places": places,
        "payers": queries.ALL_PAYERS,
        "late": LATE,
        "slips": list(queries.slips_waiting(request.by)[:PAGE]),
        "may_receive": may(request.by, "contributions.receive"),
        "may_split": may(request.by, "contributions.split"),
        "may_collect": request.by.code in {"agency_clerk", "payment_maker"},
        "may_upload": may(request.by, "contributions.slip"),
    }
    return render(request, "web/rosters/dues.html", shown)


@require_safe
@staff(*READERS)
def export(request: Any) -> HttpResponse:
    """The same list as a workbook; that it was taken is written down."""
    asked = _asked(request, _places(request.by))
    rows = list(asked.rosters(request.by)[: MOST_ROWS + 1])
    if len(rows) > MOST_ROWS:
        messages.error(
            request, f"超过 {MOST_ROWS} 行，没有导出：请按县区、缴费方或天数选小一些，分几次导出。"
        )
        return redirect(f"{reverse('web:dues')}?{urlencode(asked.in_address)}")
    services.exported(by=request.by, at=request.now, asked=asked.in_address, rows=len(rows))
    data = workbook(Table("待缴会费", asked.said, HEADS, _lines(rows, request.today)))
    return download(data, f"待缴会费_{request.today:%Y%m%d}.xlsx")


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
