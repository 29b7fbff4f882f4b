"""The books: a statement by scheme, fund year, month and office; the trial balance; entries; one voucher; a workbook."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from huzhu.ledger import queries
from huzhu.schemes.queries import short_names
from huzhu.users.services import exported
from huzhu.web import lists
from huzhu.web.access import staff
from huzhu.web.finance import sources
from huzhu.web.finance.workbook import ENTRY_HEADS, books_workbook, entry_cells
from huzhu.web.workbooks import download

READERS = ("payment_maker", "payment_releaser", "auditor", "leader")


@dataclass(frozen=True, slots=True)
class Split:
    """What the person asked to see: "" and None stand for all. What does not occur in their books is not asked."""

    scheme: str
    year: int | None
    month: str
    office: Any
    choices: dict[str, list[Any]]
    names: dict[str, str]

    @property
    def asked(self) -> dict[str, str]:
        """As it stands in the address."""
        office = str(self.office.pk) if self.office else ""
        asked = {"scheme": self.scheme, "year": str(self.year or ""), "month": self.month, "office": office}
        return {name: value for name, value in asked.items() if value}

    @property
    def also(self) -> str:
        return "&" + urlencode(self.asked) if self.asked else ""

    @property
    def said(self) -> str:
        """In words, for the head of a print."""
        parts = (
            self.names.get(self.scheme, self.scheme) or "全部方案",
            f"{self.year} 基金年度" if self.year else "全部基金年度",
            self.month or "全部月份",
            self.office.name if self.office else "全部机构",
        )
        return " · ".join(parts)

    @property
    def schemes(self) -> list[tuple[str, str]]:
        """Slug and name of those that occur."""
        return [(slug, self.names.get(slug, slug)) for slug in self.choices["schemes"]]

    def statement(self, by: Any) -> Any:
        return queries.statement(self.scheme or None, self.year, self.month or None, self.office, by=by)

    def entries(self, by: Any, account: str = "") -> Any:
        return queries.entries(
            by,
            account,
            self.month or None,
            scheme_slug=self.scheme or None,
            fund_year=self.year,
            office=self.office,
        )


def split_of(request: Any) -> Split:
    """Read from the address."""
    choices = queries.choices(request.by)
    asked = {name: request.GET.get(name, "") for name in ("scheme", "year", "month", "office")}
    return Split(
        scheme=_one(asked["scheme"], choices["schemes"]) or "",
        year=_one(asked["year"], choices["years"]),
        month=_one(asked["month"], choices["months"]) or "",
        office=next((place for place in choices["offices"] if str(place.pk) == asked["office"]), None),
        choices=choices,
        names=short_names(),
    )


def _one(asked: str, offered: list[Any]) -> Any:
    return next((value for value in offered if str(value) == asked), None)


@require_safe
@staff(*READERS)
def books(request: Any) -> HttpResponse:
    """The statement and the trial balance of what was asked for."""
    split = split_of(request)
    shown = {"split": split, "found": split.statement(request.by)}
    return render(request, "web/finance/books.html", shown)


@require_safe
@staff(*READERS)
def export(request: Any) -> HttpResponse:
    """The same as a workbook; that it was taken is written down."""
    split = split_of(request)
    entries = split.entries(request.by)
    exported(by=request.by, what="账簿", rows=entries.count(), asked=split.asked, at=request.now)
    data = books_workbook(split.said, split.statement(request.by), entries)
    return download(data, f"账簿_{request.today:%Y%m%d}.xlsx")


@require_safe
@staff(*READERS)
def entries(request: Any) -> HttpResponse:
    """Entries behind an amount, newest first."""
    split = split_of(request)
    asked = lists.read(request, "分录", *_filters(split), unit="条")
    account = next((line for line in queries.CHART if line.code == asked["account"]), None)
    found = split.entries(request.by, asked["account"])
    if asked.takes:
        return lists.taken(request, asked, ENTRY_HEADS, found, entry_cells)
    shown = lists.shown(request, asked, found, 100) | {"split": split, "account": account}
    return render(request, "web/finance/entries.html", shown)


def _filters(split: Split) -> list[lists.Filter]:
    """What the books are split by, as a list's filters: the same names in the address."""
    offered = split.choices
    return [
        lists.Filter("account", "科目", [(one.code, f"{one.code} {one.name}") for one in queries.CHART]),
        lists.Filter("scheme", "方案", split.schemes),
        lists.Filter("year", "基金年度", [(str(one), str(one)) for one in offered["years"]]),
        lists.Filter("month", "会计月份", [(one, one) for one in offered["months"]]),
        lists.Filter("office", "机构", [(str(one.pk), one.name) for one in offered["offices"]]),
    ]


@require_safe
@staff(*READERS)
def voucher(request: Any, number: str) -> HttpResponse:
    """One voucher with those of its entries that the person may see."""
    found = get_object_or_404(queries.vouchers(request.by), number=number)
    rows = queries.visible_to(request.by).filter(voucher=found).order_by("pk")
    shown = {
        "voucher": found,
        "behind": sources.behind(request.by, found),
        "rows": rows,
        "names": short_names(),
        "total_fen": sum(row.amount_fen for row in rows),
    }
    return render(request, "web/finance/voucher.html", shown)
