"""Accounts for everybody: proposed by one, published by another, read without a login."""

import re
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from huzhu.disclosure import queries, services
from huzhu.ledger import queries as ledger
from huzhu.users.permissions import may
from huzhu.web import lists
from huzhu.web.access import answered, staff
from huzhu.web.finance.books import READERS
from huzhu.web.workbooks import Cell, Table, download, workbook, yuan

HEADS = ("月份", "状态", "收入（元）", "支出（元）", "人数", "累计结余（元）", "提出", "公布", "公布时间")
_MONTH = re.compile(r"20\d\d-(?:0[1-9]|1[0-2])", re.ASCII)


@require_safe
def accounts(request: HttpRequest) -> HttpResponse:
    """Every span that was published, newest first; the newest in full."""
    found = list(queries.published())
    return render(request, "web/accounts.html", {"found": found, "one": found[0] if found else None})


@require_safe
def one_accounts(request: HttpRequest, pk: int) -> HttpResponse:
    """One published span."""
    one = get_object_or_404(queries.published(), pk=pk)
    if request.GET.get("as") == "xlsx":
        return _workbook(one)
    return render(request, "web/accounts.html", {"found": list(queries.published()), "one": one})


@require_safe
@staff(*READERS)
def disclosures(request: Any) -> HttpResponse:
    """What was proposed and published, with its figures."""
    book = _book(request)
    asked = lists.read(request, "账目公示", unit="期")
    found = queries.of_book(request.by, book)
    if asked.takes:
        return lists.taken(request, asked, HEADS, found, lambda rows: map(_cells, rows))
    shown = {
        "asked": asked,
        "found": found,
        "months": [one.month for one in ledger.months(book, request.today) if one.state == "closed"],
        "may_propose": may(request.by, "disclosure.propose", within=book),
        "may_publish": may(request.by, "disclosure.publish", within=book),
    }
    return render(request, "web/finance/disclosures.html", shown)


def _cells(one: Any) -> tuple[Cell, ...]:
    sums = (one.figures["income_fen"], one.figures["expense_fen"])
    people = one.figures["people"]
    return (
        f"{one.first} 至 {one.last}",
        one.get_state_display(),
        *map(yuan, sums),
        f"少于 {services.FEWEST}" if people is None else people,
        yuan(one.figures["surplus_to_date_fen"]),
        one.proposed_by.name,
        one.published_by.name if one.published_by else "",
        lists.minute(one.published_at),
    )


def _workbook(one: Any) -> HttpResponse:
    """What stands on the page, for anybody to reckon with."""
    span = f"{one.first} 至 {one.last}"
    sums = one.figures
    rows: list[tuple[Cell, ...]] = [("收入", name, yuan(fen)) for name, fen in sums["income"]]
    rows += [("", "收入合计", yuan(sums["income_fen"]))]
    rows += [("支出", name, yuan(fen)) for name, fen in sums["expense"]]
    rows += [("", "支出合计", yuan(sums["expense_fen"]))]
    rows += [
        ("", "帮助的职工（人）", f"少于 {services.FEWEST}" if sums["people"] is None else sums["people"])
    ]
    rows += [
        ("", words, yuan(sums[name]))
        for words, name in (
            ("到期末累计结余", "surplus_to_date_fen"),
            ("其中互助基金", "fund_fen"),
            ("其中风险备付金", "reserve_fen"),
        )
    ]
    said = f"{one.book.name}　{span}"
    return download(
        workbook(Table("账目公示", said, ("", "项目", "金额（元）"), rows)), f"账目公示_{span}.xlsx"
    )


@require_POST
@staff("payment_maker")
def propose(request: Any) -> HttpResponse:
    """A span of closed months."""
    book = _book(request)
    first, last = request.POST.get("first", ""), request.POST.get("last", "")
    with answered(request, services.REFUSALS):
        if not (_MONTH.fullmatch(first) and _MONTH.fullmatch(last)):
            raise services.CannotPublish("没有选起止月份，没有提出。请选关了账的月份。")
        services.propose(book=book, first=first, last=last, by=request.by, at=request.now)
        messages.success(request, f"{first} 至 {last} 的公示已提出，等另一个人公布。")
    return redirect("web:disclosures")


@require_POST
@staff("payment_releaser")
def publish(request: Any, pk: int) -> HttpResponse:
    """The other person publishes it, or sends it back."""
    found = get_object_or_404(queries.of_book(request.by, _book(request)), pk=pk)
    verb = services.send_back if "back" in request.POST else services.publish
    with answered(request, services.REFUSALS):
        done = verb(accounts=found, by=request.by, at=request.now)
        messages.success(request, f"{done}：{done.get_state_display()}。")
    return redirect("web:disclosures")


def _book(request: Any) -> Any:
    book = ledger.book_for(request.by)
    if book is None:
        raise Http404
    return book
