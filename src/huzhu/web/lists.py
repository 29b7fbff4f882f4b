"""Lists: what stands in the address, the page of rows it gives, and the same rows to take away.

A view declares its filters once: `asked = read(request, "会员", Filter(…), finds="姓名……", unit="人")`, finds its rows,
answers `taken(…)` where `asked.takes`, and else shows `shown(…)` with web/desks/bar.html and web/desks/pages.html.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import urlencode

from huzhu.users import exports
from huzhu.users.permissions import NotAllowed, may
from huzhu.users.services import exported
from huzhu.web.access import told
from huzhu.web.workbooks import Cell, Table, download, workbook

PAGE = 50
MOST_ROWS = 5000
WAITS = (
    f"这份清单有 {{:,}} 行。超过 {exports.ALONE} 行的要由另一个人批准，已经替您提出申请，“导出审批”里看得到。"
    "批准后一天之内，回到这一页再点一次导出。也可以加筛选条件，少导出一些。"
)
Choices = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter: its name in the address, its words, and what can be chosen or typed (choice, tick, text, day, month)."""

    name: str
    title: str
    choices: Choices = ()
    kind: str = "choice"
    default: str = ""  # what holds where the address is silent

    def read(self, text: str) -> str:
        """What is not offered counts as not asked."""
        if self.kind == "choice":
            return text if text in dict(self.choices) else self.default
        if self.kind == "tick":
            return "1" if text else ""
        if self.kind == "text":
            return text.strip()[:40]
        return text if _day(text) else ""

    def said(self, value: str) -> str:
        if self.kind == "tick":
            return self.title
        return f"{self.title}：{dict(self.choices).get(value, value)}"


@dataclass(frozen=True, slots=True)
class Asked:
    """Search, filters and order, read from an address."""

    what: str
    filters: Sequence[Filter]
    values: dict[str, str]
    text: str
    finds: str  # what the search box finds; empty where there is none
    unit: str
    sort: str
    sorts: Choices
    page: str
    takes: bool
    exports: bool

    def __getitem__(self, name: str) -> str:
        """What was asked of a filter; templates look here first, so an unknown name must be a KeyError."""
        return self.values[name]

    @property
    def boxes(self) -> list[tuple[Filter, str]]:
        """Each filter with what was asked of it; nothing to choose from is not shown."""
        return [(one, self.values[one.name]) for one in self.filters if one.choices or one.kind != "choice"]

    @property
    def in_address(self) -> dict[str, str]:
        """What differs from the list as it opens."""
        chosen = {one.name: value for one, value in self.boxes if value != one.default}
        held = {"q": self.text, **chosen, "sort": self.sort}
        return {name: value for name, value in held.items() if value}

    @property
    def query(self) -> str:
        return urlencode(self.in_address)

    @property
    def also(self) -> str:
        return f"&{self.query}" if self.query else ""

    @property
    def take(self) -> str:
        """The address that takes these rows away."""
        return f"?{urlencode({**self.in_address, 'as': 'xlsx'})}"

    @property
    def is_filtered(self) -> bool:
        return bool(self.in_address.keys() - {"sort"})

    @property
    def said(self) -> str:
        """In words, for the head of a page, a print and a workbook."""
        words = [f"含“{self.text}”"] * bool(self.text)
        words += [one.said(value) for one, value in self.boxes if value]
        return ("筛选出 " * self.is_filtered + "；".join(words)) or "全部"

    def since(self, name: str) -> datetime | None:
        """The first instant of the day or month that was asked for."""
        return _midnight(_day(self[name]))

    def before(self, name: str) -> datetime | None:
        """The first instant after it."""
        day = _day(self[name])
        if day is None:
            return None
        is_month = len(self[name]) == len("2022-07")
        return _midnight((day + timedelta(31)).replace(day=1) if is_month else day + timedelta(1))


def _day(text: str) -> date | None:
    """A day, or the first day of a month."""
    try:
        day = date.fromisoformat(f"{text}-01" if len(text) == len("2022-07") else text)
    except ValueError:
        return None
    return day if 1900 < day.year < 2200 else None


def _midnight(day: date | None) -> datetime | None:
    return timezone.make_aware(datetime(day.year, day.month, day.day)) if day else None  # noqa: DTZ001  made aware here


def read(
    request: Any,
    what: str,
    *filters: Filter,
    finds: str = "",
    unit: str = "条",
    sorts: Choices = (),
    exports: bool = True,
) -> Asked:
    """From the address of this request."""
    asked = request.GET
    sort = asked.get("sort", "")
    return Asked(
        what=what,
        filters=filters,
        values={one.name: one.read(asked.get(one.name, one.default)) for one in filters},
        text=asked.get("q", "").strip()[:40] if finds else "",
        finds=finds,
        unit=unit,
        sort=sort if sort in dict(sorts) else "",
        sorts=sorts,
        page=asked.get("page", ""),
        takes=exports and asked.get("as") == "xlsx",
        exports=exports and may(request.by, "lists.export"),
    )


def page_of(request: Any, rows: Any, size: int = PAGE) -> Page:
    """One page of rows; a page that is not there is the nearest."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


def shown(request: Any, asked: Asked, rows: Any, size: int = PAGE) -> dict[str, Any]:
    """What the bar and the pages of a list need."""
    return {"asked": asked, "pages": page_of(request, rows, size), "also": asked.also}


def taken(
    request: Any,
    asked: Asked,
    heads: Sequence[str],
    rows: Any,
    cells: Callable[[list[Any]], Iterable[Sequence[Cell]]],
    also: Sequence[Table] = (),
) -> HttpResponse:
    """The rows as a workbook, as they are masked on the screen, and what else stands on the page; that they were taken
    is written down."""
    held = list(rows[: MOST_ROWS + 1])
    said = f"{request.by.organisation.name} · {request.today:%Y-%m-%d} · {asked.said}"
    if len(held) > MOST_ROWS:
        held.pop()
        said += f"；只有前 {MOST_ROWS:,} 行，其余没有导出，请加条件分几次导出"
    address = f"{request.path}?{asked.query}"
    try:
        if len(held) > exports.ALONE and not exports.granted(
            what=asked.what, said=asked.said, address=address, rows=len(held), by=request.by, at=request.now
        ):
            messages.info(request, WAITS.format(len(held)))
            return redirect(address)
        exported(by=request.by, what=asked.what, rows=len(held), asked=asked.in_address, at=request.now)
    except NotAllowed as refused:
        told(request, refused)
        return redirect(address)
    data = workbook(Table(asked.what, said, heads, cells(held)), *also)
    return download(data, f"{asked.what}_{request.today:%Y%m%d}.xlsx")


def minute(at: datetime | None) -> str:
    """An instant as lists write it, to the minute."""
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else ""
