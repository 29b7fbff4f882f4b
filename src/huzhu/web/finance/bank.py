"""The office's accounts at the bank: what the bank says of them, statements taken in, every line."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from huzhu.bank import queries, services
from huzhu.bank.formats import forms
from huzhu.bank.services import AccountRefused, StatementRefused, TakenBefore, Typed
from huzhu.core import money
from huzhu.core.identity import mask_account
from huzhu.files import aside
from huzhu.files.contents import NotAccepted
from huzhu.files.services import FileLost, discard
from huzhu.files.services import read as contents
from huzhu.organisations import queries as organisations
from huzhu.users.permissions import NotAllowed, may
from huzhu.web import lists, numbers
from huzhu.web.access import staff, told
from huzhu.web.once import once
from huzhu.web.workbooks import Cell, yuan

READERS = ("agency_clerk", "payment_maker", "payment_releaser", "auditor")
SIDES = lists.Filter("side", "收支", (("in", "收入"), ("out", "支出")))
MONTH = lists.Filter("month", "月份", kind="month")
HEADS = ("日期", "流水号", "对方户名", "对方账号", "摘要附言", "金额（元）", "余额（元）")
SHOWN_NEW = 200
_SUMS = ("opening", "closing")


@require_safe
@staff(*READERS)
def bank(request: Any) -> HttpResponse:
    """Accounts with what they hold by the bank's word, and the statements taken in."""
    accounts = [
        (one, one.lines.order_by("-position").first(), queries.known_until(one), mask_account(one.number))
        for one in queries.accounts_visible_to(request.by)
    ]
    shown = {
        "accounts": accounts,
        "forms": forms(),
        "statements": queries.statements_visible_to(request.by)[:20],
        "may_open": may(request.by, "bank.account"),
        "may_take": may(request.by, "bank.take"),
    }
    return render(request, "web/finance/bank.html", shown)


@require_safe
@staff(*READERS)
def lines(request: Any) -> HttpResponse:
    """Every movement, newest first."""
    asked = lists.read(request, "银行流水", SIDES, MONTH, finds="流水号、对方户名", unit="笔")
    found = queries.lines_visible_to(request.by)
    if asked.text:
        found = queries.lines_matching(found, asked.text)
    if asked["side"]:
        found = found.filter(amount_fen__gt=0) if asked["side"] == "in" else found.filter(amount_fen__lt=0)
    if since := asked.since("month"):
        found = found.filter(booked_on__gte=since, booked_on__lt=asked.before("month"))
    if asked.takes:
        return lists.taken(request, asked, HEADS, found, _cells)
    shown = lists.shown(request, asked, found)
    shown["rows"] = [(one, mask_account(one.number or "")) for one in shown["pages"]]
    return render(request, "web/finance/bank_lines.html", shown)


def _cells(rows: list[Any]) -> Iterator[tuple[Cell, ...]]:
    for one in rows:
        number = mask_account(one.number or "")
        told = (one.booked_on, one.reference, one.name, number, one.remark or "")
        yield (*told, yuan(one.amount_fen), yuan(one.balance_fen))


@require_http_methods(["GET", "HEAD", "POST"])
@staff("payment_maker")
def open_account(request: Any) -> HttpResponse:
    """Register an account of the office's own."""
    error = _opened(request) if request.method == "POST" else ""
    if request.method == "POST" and not error:
        return redirect("web:bank")
    shown = {
        "asked": request.POST,
        "error": error,
        "forms": forms(),
        "places": organisations.visible_to(request.by).exclude(kind="employer"),
        "since": request.POST.get("since") or request.today.replace(day=1).isoformat(),
    }
    return render(request, "web/finance/bank_account.html", shown, status=422 if error else 200)


def _opened(request: Any) -> str:
    """Do it, or say why not."""
    asked = request.POST
    place = asked.get("place", "")
    try:
        found = organisations.visible_to(request.by).filter(pk=numbers.sent(place)).first()
        since = _day(asked.get("since", ""))
        if found is None or since is None:
            return "没有选机构，或日期不对：请选账户归哪个机构，日期写成 2022-07-01 的样子。"
        services.open_account(
            organisation=found,
            holder=asked.get("holder", ""),
            bank_name=asked.get("bank_name", ""),
            number=asked.get("number", "")[:60],
            form=asked.get("form", ""),
            since=since,
            by=request.by,
            at=request.now,
        )
    except (AccountRefused, NotAllowed) as refused:
        return str(refused)
    messages.success(request, "账户已经登记，可以导入它的对账单了。")
    return ""


@require_http_methods(["GET", "HEAD", "POST"])
@staff("payment_maker")
@once("bank.take")
def take(request: Any, pk: int) -> HttpResponse:
    """A statement: chosen, shown, and only then taken in; a fault refuses all of it."""
    account = get_object_or_404(queries.accounts_visible_to(request.by), pk=pk)
    shown = {
        "account": account,
        "form": forms()[account.form],
        "asked": request.POST,
        "until": queries.known_until(account),
    }
    if request.method != "POST":
        return render(request, "web/finance/bank_take.html", shown)
    try:
        file = _aside(request, account) if "confirmed" in request.POST else None
        name, data = (file.name, contents(file)) if file else _file(request)
        typed = _typed(request)
        asked = {
            "account": account,
            "name": name,
            "data": data,
            "typed": typed,
            "by": request.by,
            "at": request.now,
        }
        if "confirmed" not in request.POST:
            said = services.preview(**asked)
            kept = aside.put_aside(
                name=name, data=data, about=f"statement:{account.pk}", by=request.by, at=request.now
            )
            held = {"read": said, "file": kept, "new": said.new[:SHOWN_NEW]}
            return render(request, "web/finance/bank_take.html", shown | held)
        statement = services.take(**asked)
        if file:
            discard(file=file, by=request.by, at=request.now)
    except (aside.AsideGone, FileLost, NotAccepted) as refused:
        return render(request, "web/finance/bank_take.html", shown | {"problems": [refused]}, status=422)
    except StatementRefused as refused:
        return render(
            request, "web/finance/bank_take.html", shown | {"problems": refused.problems}, status=422
        )
    except (TakenBefore, NotAllowed) as refused:
        told(request, refused)
        return redirect("web:bank")
    messages.success(
        request, f"已导入 {statement.new_count} 笔新流水，余额 {money.spoken(statement.closing_fen)} 元。"
    )
    return redirect("web:bank")


def _aside(request: Any, account: Any) -> Any:
    return aside.taken(key=request.POST.get("file", ""), about=f"statement:{account.pk}", by=request.by)


def _file(request: Any) -> tuple[str, bytes]:
    """The file that was chosen."""
    chosen = request.FILES.get("file")
    if chosen is None:
        raise StatementRefused(["没有选择文件：请选择网银导出的对账单（.xlsx、.xls 或 .csv）"])
    if chosen.size > services.MOST_BYTES:
        raise StatementRefused(["文件超过 5 MB：请分月导出，分几次导入"])
    return chosen.name or "", bytes(chosen.read())


def _typed(request: Any) -> Typed:
    asked = {name: request.POST.get(name, "").strip() for name in ("opening", "closing", "last_on")}
    try:
        opening, closing = (money.fen(asked[one].replace(",", "")) if asked[one] else None for one in _SUMS)
    except money.NotMoney as wrong:
        raise StatementRefused([f"期初或期末余额：{wrong}"]) from None
    last_on = _day(asked["last_on"])
    if asked["last_on"] and last_on is None:
        raise StatementRefused(["截止日不是日期：请写成 2022-07-31 的样子，或留空"])
    return Typed(opening, closing, last_on)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
