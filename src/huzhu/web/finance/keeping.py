"""Keeping the books: months locked and closed, the fund year and its reserve, the cash desk's day."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from huzhu.core import money
from huzhu.ledger import closing, dayclose, lifecycle, periods, queries
from huzhu.users.permissions import NotAllowed, may
from huzhu.web import lists
from huzhu.web.access import answered, staff
from huzhu.web.finance.books import READERS
from huzhu.web.finance.workbook import ENTRY_HEADS, entry_cells
from huzhu.web.once import once
from huzhu.web.workbooks import Cell, Table, yuan

MONTH_HEADS = ("月份", "状态", "锁账", "锁账时间", "关账", "关账时间", "重新开放的原因")
CLOSING_HEADS = ("基金年度", "状态", "收入（元）", "支出（元）", "备付金（元）", "提出", "确认", "凭证")
DAY_HEADS = ("科目", "上日余额（元）", "收入（元）", "付出（元）", "余额（元）")
SHOWN, SIGNED_SHOWN = 500, 10_000  # a signed day is printed whole
KEEPERS = ("payment_maker", "payment_releaser")
REFUSALS = (
    NotAllowed,
    lifecycle.CannotMove,
    periods.NotThisMonth,
    periods.ReasonNeeded,
    periods.SamePerson,
    closing.BadRate,
    closing.CannotClose,
    dayclose.DayRefused,
)


def _book(request: Any) -> Any:
    book = queries.book_for(request.by)
    if book is None:
        raise Http404
    return book


def _entries(request: Any, book: Any, after: int, upto: int | None = None) -> tuple[Any, Any]:
    """What this person reads of a book: whose entries, and these; all, or those of their own branch."""
    own = request.by.organisation
    branch = book if own.contains(book) else own
    return branch, dayclose.entries(branch, after, upto)


def _done(request: Any, act: Callable[[], object], said: str, back: str) -> HttpResponse:
    """One act, and its word or its refusal on the page that it came from."""
    with answered(request, REFUSALS):
        act()
        messages.success(request, said)
    return redirect(back)


@require_safe
@staff(*READERS)
def months(request: Any) -> HttpResponse:
    """Every month with its state and what comes next; the years with their closings and the reserve's share."""
    book = _book(request)
    rows = queries.months(book, request.today)
    asked_list = lists.read(request, "会计月份", unit="个月")
    if asked_list.takes:
        return lists.taken(request, asked_list, MONTH_HEADS, rows, _month_cells, also=_yearly(book))
    year = max((int(one.month[:4]) for one in rows), default=request.today.year)
    before = closing.plan(book, year - 1)
    if closing.objection(book, year, request.now) and (before.income_fen or before.expense_fen):
        year -= 1
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isascii() and asked.isdecimal() and 2000 < int(asked) < 2200 else year
    shown = {
        "book": book,
        "rows": rows,
        "asked": asked_list,
        "next_to_lock": periods.next_to_lock(book),
        "next_to_close": periods.next_to_close(book),
        "this_month": f"{request.today:%Y-%m}",
        "year": year,
        "plan": closing.plan(book, year),
        "objection": closing.objection(book, year, request.now),
        "closings": queries.closings(book),
        "rates": queries.rates(book),
        "may_lock": may(request.by, "books.lock", within=book),
        "may_close": may(request.by, "books.close", within=book),
        "may_reopen": may(request.by, "books.reopen", within=book),
    }
    return render(request, "web/finance/months.html", shown)


def _month_cells(rows: list[Any]) -> Iterator[tuple[Cell, ...]]:
    for one in rows:
        locked = (one.locked_by.name, lists.minute(one.locked_at)) if one.locked_by else ("", "")
        closed = (one.closed_by.name, lists.minute(one.closed_at)) if one.closed_by else ("", "")
        yield (one.month, one.get_state_display(), *locked, *closed, one.reopened_reason)


def _yearly(book: Any) -> tuple[Table, ...]:
    """What stands below the months: closings of years, shares for the reserve."""
    closed: list[tuple[Cell, ...]] = [
        (
            str(one.fund_year),
            one.get_state_display(),
            *map(yuan, (one.income_fen, one.expense_fen, one.reserve_fen)),
            one.proposed_by.name,
            one.posted_by.name if one.posted_by else "",
            one.voucher.number if one.voucher else "",
        )
        for one in queries.closings(book)
    ]
    rates: list[tuple[Cell, ...]] = [
        (str(one), one.clause, one.proposed_by.name, one.confirmed_by.name if one.confirmed_by else "")
        for one in queries.rates(book)
    ]
    return (
        Table("年度结转", book.name, CLOSING_HEADS, closed),
        Table("备付金比例", book.name, ("比例", "依据", "提出", "确认"), rates),
    )


@require_POST
@staff("payment_maker")
def lock(request: Any, month: str) -> HttpResponse:
    """The month takes no more entries."""
    book = _book(request)
    return _done(
        request,
        lambda: periods.lock(book=book, month=month, by=request.by, at=request.now),
        f"{month} 已锁账，等另一个人关账。",
        "web:months",
    )


@require_POST
@staff("payment_releaser")
def close(request: Any, pk: int) -> HttpResponse:
    """Another person closes it for good."""
    period = get_object_or_404(queries.periods_of(request.by), pk=pk)
    return _done(
        request,
        lambda: periods.close(period=period, by=request.by, at=request.now),
        f"{period.month} 已关账。",
        "web:months",
    )


@require_POST
@staff(*KEEPERS)
def reopen(request: Any, pk: int) -> HttpResponse:
    """Opened again, with a reason."""
    period = get_object_or_404(queries.periods_of(request.by), pk=pk)
    return _done(
        request,
        lambda: periods.reopen(
            period=period, reason=request.POST.get("reason", ""), by=request.by, at=request.now
        ),
        f"{period.month} 已重新开放，补记以后请再锁账。",
        "web:months",
    )


@require_POST
@staff("payment_maker")
def rate(request: Any) -> HttpResponse:
    """A new share for the reserve, from a day on."""
    book = _book(request)

    def act() -> None:
        try:
            points = money.fen(
                request.POST.get("percent", "").strip()
            )  # hundredths of a percent, as fen are of a yuan
            since = date.fromisoformat(request.POST.get("valid_from", ""))
        except ValueError:
            raise closing.BadRate(
                "起用日或比例没有填对，没有保存。比例写成百分数，最多两位小数，例如 5 或 2.5。"
            ) from None
        closing.propose_rate(
            book=book,
            valid_from=since,
            basis=request.POST.get("basis", ""),
            basis_points=points,
            clause=request.POST.get("clause", ""),
            by=request.by,
            at=request.now,
        )

    return _done(request, act, "比例已提出，等另一个人确认。", "web:months")


@require_POST
@staff("payment_releaser")
def confirm_rate(request: Any, pk: int) -> HttpResponse:
    """The other person's word on it."""
    found = get_object_or_404(queries.rates(_book(request)), pk=pk)
    return _done(
        request,
        lambda: closing.confirm_rate(rate=found, by=request.by, at=request.now),
        "比例已确认。",
        "web:months",
    )


@require_POST
@staff("payment_maker")
@once("ledger.close_year")
def close_year(request: Any, year: int) -> HttpResponse:
    """The closing of a fund year is proposed."""
    book = _book(request)
    return _done(
        request,
        lambda: closing.propose(book=book, fund_year=year, by=request.by, at=request.now),
        f"{year} 基金年度的结转已提出，等另一个人确认。",
        "web:months",
    )


@require_POST
@staff("payment_releaser")
@once("ledger.confirm_year")
def confirm_year(request: Any, pk: int) -> HttpResponse:
    """It is posted, or sent back."""
    found = get_object_or_404(queries.closings(_book(request)), pk=pk)
    back = "back" in request.POST
    verb = closing.withdraw if back else closing.confirm
    return _done(
        request,
        lambda: verb(closing=found, by=request.by, at=request.now),
        "结转已退回，没有记账。" if back else f"{found.fund_year} 基金年度已结转。",
        "web:months",
    )


@require_safe
@staff(*READERS)
def days(request: Any) -> HttpResponse:
    """The cash book since the last signed day, and the days signed before."""
    book = _book(request)
    found = dayclose.cash_book(book)
    after = found.before.upto if found.before else 0
    asked = lists.read(request, "收付明细", unit="笔")
    branch, rows = _entries(request, book, after)
    if asked.takes:
        sums = [_balance(one.line.name, one) for one in found.accounts]
        said = f"{book.name} 上一个日结以后"
        return lists.taken(
            request, asked, ENTRY_HEADS, rows, entry_cells, also=(Table("余额", said, DAY_HEADS, sums),)
        )
    shown = {
        "book": book,
        "branch": branch,
        "found": found,
        "asked": asked,
        "entries": rows[:SHOWN],
        "count": rows.count(),
        "signed": queries.day_closes(book)[:60],
        "may_sign": may(request.by, "books.day", within=book)
        and not (found.before and found.before.day >= request.today),
    }
    return render(request, "web/finance/days.html", shown)


def _balance(name: str, one: Any) -> tuple[Cell, ...]:
    return (name, *map(yuan, (one.opening_fen, one.in_fen, one.out_fen, one.closing_fen)))


@require_POST
@staff("payment_maker")
def sign(request: Any) -> HttpResponse:
    """Today is signed."""
    book = _book(request)
    return _done(
        request,
        lambda: dayclose.sign(book=book, day=request.today, by=request.by, at=request.now),
        f"{request.today} 已日结。",
        "web:days",
    )


@require_safe
@staff(*READERS)
def day(request: Any, pk: int) -> HttpResponse:
    """One signed day with its cash book, to print."""
    found = get_object_or_404(queries.day_closes(_book(request)), pk=pk)
    after = found.before.upto if found.before else 0
    asked = lists.read(request, f"{found.day} 日结", unit="笔")
    branch, rows = _entries(request, found.book, after, found.upto)
    if asked.takes:
        sums = [_balance(str(one.account), one) for one in found.balances.all()]
        said = f"{found.book.name}　{found.signed_by.name} {lists.minute(found.signed_at)} 签字"
        return lists.taken(
            request, asked, ENTRY_HEADS, rows, entry_cells, also=(Table("余额", said, DAY_HEADS, sums),)
        )
    shown = {
        "book": found.book,
        "branch": branch,
        "found": found,
        "asked": asked,
        "entries": rows[:SIGNED_SHOWN],
        "count": rows.count(),
    }
    return render(request, "web/finance/day.html", shown)
