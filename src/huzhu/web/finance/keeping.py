"""Keeping the books: months locked and closed, the fund year and its reserve, the cash desk's day."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from huzhu.ledger import closing, dayclose, lifecycle, periods, queries
from huzhu.users.permissions import NotAllowed, may
from huzhu.web.access import answered, staff
from huzhu.web.finance.books import READERS
from huzhu.web.once import once

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
    rows = queries.months(book)
    year = max((int(one.month[:4]) for one in rows), default=request.today.year)
    year = (
        year - 1 if closing.objection(book, year, request.now) and request.GET.get("year") is None else year
    )
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isascii() and asked.isdecimal() and 2000 < int(asked) < 2200 else year
    shown = {
        "book": book,
        "rows": rows,
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
            points = int(Decimal(request.POST.get("percent", "")) * 100)
            since = date.fromisoformat(request.POST.get("valid_from", ""))
        except (InvalidOperation, ValueError, OverflowError):
            raise closing.BadRate("起用日或比例没有填对，没有保存。比例写成百分数，例如 5 或 2.5。") from None
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
    shown = {
        "book": book,
        "found": found,
        "entries": dayclose.entries(book, after)[:500],
        "signed": queries.day_closes(book)[:60],
        "may_sign": may(request.by, "books.day", within=book)
        and not (found.before and found.before.day >= request.today),
    }
    return render(request, "web/finance/days.html", shown)


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
    shown = {"found": found, "entries": dayclose.entries(found.book, after, found.upto)[:2000]}
    return render(request, "web/finance/day.html", shown)
