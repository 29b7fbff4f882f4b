"""Money that is not the fund's own, and vouchers by hand: what each purse holds, what was booked, proposed by one and posted by another."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from huzhu.core import money
from huzhu.ledger import lifecycle, manual, periods, queries, services
from huzhu.ledger.accounts import Purse
from huzhu.schemes.queries import short_names
from huzhu.users.permissions import NotAllowed, may
from huzhu.web import lists
from huzhu.web.access import answered, staff
from huzhu.web.finance.books import READERS
from huzhu.web.once import once
from huzhu.web.workbooks import Cell, Table, yuan

REFUSALS = (
    NotAllowed,
    lifecycle.CannotMove,
    manual.ManualRefused,
    money.NotMoney,
    periods.SamePerson,
    services.CannotReverse,
    services.EntryRefused,
)
HEADS = ("日期", "记什么", "方案", "基金年度", "依据", "状态", "凭证", "提出", "确认", "金额（元）")
BALANCES = ("资金", "科目", "借方（元）", "贷方（元）", "余额（元）")
OTHERS = (("union", Purse.UNION), ("hardship", Purse.HARDSHIP))


@require_safe
@staff(*READERS)
def purses(request: Any) -> HttpResponse:
    """What the other purses hold, the reserve of each scheme, and every voucher by hand."""
    book = _book(request)
    asked = lists.read(
        request,
        "其他资金和手工凭证",
        lists.Filter("way", "记什么", manual.CHOICES),
        lists.Filter("state", "状态", manual.State.choices),
        unit="张",
    )
    found = queries.manual_vouchers(request.by)
    for name in ("way", "state"):
        found = found.filter(**{name: asked[name]}) if asked[name] else found
    held = [(key, purse, _held(request.by, purse)) for key, purse in OTHERS]
    if asked.takes:
        sums = Table("各种资金", f"{request.today}", BALANCES, _balances(held))
        return lists.taken(request, asked, HEADS, found, _cells, also=(sums,))
    shown = lists.shown(request, asked, found)
    names = short_names()
    shown |= {
        "book": book,
        "held": held,
        "reserves": _reserves(request.by),
        "rows": [(one, manual.WAYS[one.way], names.get(one.scheme_slug, "")) for one in shown["pages"]],
        "choices": manual.CHOICES,
        "schemes": list(names.items()),
        "proposes": may(request.by, "vouchers.propose", within=book),
        "confirms": may(request.by, "vouchers.confirm", within=book),
    }
    return render(request, "web/finance/purses.html", shown)


def _book(request: Any) -> Any:
    book = queries.book_for(request.by)
    if book is None:
        raise Http404
    return book


def _held(by: Any, purse: Purse) -> list[Any]:
    """The accounts of a purse as they stand."""
    return queries.balances(by=by, purse=purse)


def _reserves(by: Any) -> list[tuple[str, str, int]]:
    """The reserve of each scheme: slug, name, fen."""
    names = short_names()
    return [(slug, names.get(slug, slug), fen) for slug, fen in queries.reserves(by).items()]


def _balances(held: list[tuple[str, Purse, list[Any]]]) -> Iterator[tuple[Cell, ...]]:
    for _, purse, found in held:
        for one in found:
            sums = (one.debit_fen, one.credit_fen, one.balance_fen)
            yield (str(purse), f"{one.line.code} {one.line.name}", *map(yuan, sums))


def _cells(rows: list[Any]) -> Iterator[tuple[Cell, ...]]:
    for one in rows:
        words = ("冲销 " if one.reverses_id else "") + manual.WAYS[one.way].words
        who = (one.proposed_by.name, one.settled_by.name if one.settled_by else "")
        voucher = one.voucher.number if one.voucher else ""
        what = (one.scheme_slug, str(one.fund_year), one.basis, one.get_state_display(), voucher)
        yield (one.posted_on, words, *what, *who, yuan(one.amount_fen))


@require_POST
@staff("payment_maker")
@once("vouchers.propose")
def propose(request: Any) -> HttpResponse:
    """One person's word on something to book by hand."""
    book = _book(request)
    asked = request.POST
    with answered(request, REFUSALS):
        manual.propose(
            book=book,
            way=asked.get("way", ""),
            amount_fen=money.fen(asked.get("amount", "").strip().replace(",", "")),
            posted_on=_day(asked.get("posted_on", "")),
            basis=asked.get("basis", ""),
            scheme_slug=asked.get("scheme", ""),
            fund_year=_year(asked.get("fund_year", "")),
            by=request.by,
            at=request.now,
        )
        messages.success(request, "手工凭证已提出，等另一个人确认后入账。")
    return redirect("web:purses")


@require_POST
@staff("payment_maker")
@once("vouchers.take_back")
def take_back(request: Any, pk: int) -> HttpResponse:
    """The taking back of one is proposed."""
    held = get_object_or_404(queries.manual_vouchers(request.by), pk=pk)
    with answered(request, REFUSALS):
        manual.propose_reversal(
            manual=held, basis=request.POST.get("basis", ""), by=request.by, at=request.now
        )
        messages.success(request, "冲销已提出，等另一个人确认后入账。")
    return redirect("web:purses")


@require_POST
@staff("payment_releaser")
@once("vouchers.confirm")
def settle(request: Any, pk: int) -> HttpResponse:
    """The other person posts it, or sends it back."""
    held = get_object_or_404(queries.manual_vouchers(request.by), pk=pk)
    verb = manual.send_back if "back" in request.POST else manual.confirm
    with answered(request, REFUSALS):
        done = verb(manual=held, by=request.by, at=request.now)
        messages.success(request, f"{done}：{done.get_state_display()}。")
    return redirect("web:purses")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise manual.ManualRefused("日期没有填对，没有提出。请选择日期。") from None


def _year(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and 2000 <= int(text) < 2200 else None
