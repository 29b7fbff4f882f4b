"""Books, payouts and bank side by side: the last comparison, what differs and why, every day."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from huzhu.reconciliation import queries, services
from huzhu.users.permissions import NotAllowed, may
from huzhu.web import lists
from huzhu.web.access import answered, staff
from huzhu.web.finance.bank import READERS as LINE_READERS
from huzhu.web.finance.stopping import stopped
from huzhu.web.workbooks import Cell, yuan

READERS = ("payment_maker", "payment_releaser", "auditor", "leader")
DAY_HEADS = (
    "日期",
    "账面收入",
    "账面支出",
    "发放",
    "银行收入",
    "银行支出",
    "账面余额",
    "银行余额",
    "账面－银行",
)
FILTERS = (
    lists.Filter("state", "状态", queries.STATES),
    lists.Filter("kind", "类型", queries.KINDS),
)
HEADS = ("日期", "类型", "说明", "账面（元）", "发放（元）", "银行（元）", "状态", "原因", "说明人")


@require_safe
@staff(*READERS)
def reconciliation(request: Any) -> HttpResponse:
    """Each account's last comparison in one sentence, and what nobody has explained."""
    held = queries.accounts(request.by)
    accounts = [
        (one, queries.last_run(one), queries.open_count(one), queries.awaits_count(one)) for one in held
    ]
    shown = {
        "accounts": [
            (one, run, services.said(run, wait, awaits) if run else "", wait, awaits)
            for one, run, wait, awaits in accounts
        ],
        "waiting": [(one, request.by.actor_id in one.caused_by) for one in queries.waiting(request.by)],
        "to_confirm": queries.to_confirm(request.by),
        "causes": queries.CAUSES,
        "may_explain": may(request.by, "reconciliation.explain"),
        "may_run": may(request.by, "reconciliation.run"),
        "may_lines": request.by.code in LINE_READERS,
        **stopped(request),
    }
    return render(request, "web/finance/reconciliation.html", shown)


@require_safe
@staff(*READERS)
def differences(request: Any) -> HttpResponse:
    """Every difference that was ever found, and what became of it."""
    asked = lists.read(request, "对账差异", *FILTERS, unit="条")
    found = queries.differences(request.by)
    for one in ("state", "kind"):
        found = found.filter(**{one: asked[one]}) if asked[one] else found
    if asked.takes:
        return lists.taken(request, asked, HEADS, found, lambda rows: map(_cells, rows))
    return render(request, "web/finance/differences.html", lists.shown(request, asked, found))


def _cells(one: Any) -> tuple[Cell, ...]:
    sums = [None if fen is None else yuan(fen) for fen in (one.book_fen, one.paid_fen, one.bank_fen)]
    said = (one.get_state_display(), one.reason, one.explained_by_name)
    return (one.on, one.get_kind_display(), one.words, *sums, *said)


@require_safe
@staff(*READERS)
def days(request: Any, pk: int) -> HttpResponse:
    """Three columns a day, reckoned now: books, payouts, bank, and what is between them."""
    account = get_object_or_404(queries.accounts(request.by), pk=pk)
    asked = lists.read(request, f"逐日对账 {account}", lists.Filter("month", "月份", kind="month"), unit="天")
    rows = [one for one in queries.days(account) if f"{one.on}".startswith(asked["month"])]
    if asked.takes:
        return lists.taken(request, asked, DAY_HEADS, rows, lambda held: map(_day_cells, held))
    shown = lists.shown(request, asked, rows, 100) | {
        "account": account,
        "code": queries.code_of(account),
        "run": queries.last_run(account),
        "may_lines": request.by.code in LINE_READERS,
    }
    return render(request, "web/finance/reconciled_days.html", shown)


def _day_cells(day: Any) -> tuple[Cell, ...]:
    sums = (day.book_in_fen, day.book_out_fen, day.paid_fen, day.bank_in_fen, day.bank_out_fen)
    return (day.on, *map(yuan, (*sums, day.book_fen, day.bank_fen, day.difference_fen)))


@require_POST
@staff("payment_maker", "payment_releaser")
def run(request: Any, pk: int) -> HttpResponse:
    """Compare now."""
    account = get_object_or_404(queries.accounts(request.by), pk=pk)
    with answered(request, (services.NothingToCompare, NotAllowed)):
        made = services.run(account=account, by=request.by, at=request.now)
        say = messages.warning if made.open_count else messages.success
        say(request, services.said(made))
    return redirect("web:reconciliation")


@require_POST
@staff("payment_maker", "payment_releaser")
def explain(request: Any, pk: int) -> HttpResponse:
    """One difference explained by somebody who had it not in hand."""
    found = get_object_or_404(queries.differences(request.by), pk=pk)
    asked = {name: request.POST.get(name, "") for name in ("cause", "reason")}
    with answered(request, (services.ExplanationRefused, NotAllowed)):
        services.explain(difference=found, **asked, by=request.by, at=request.now)
        messages.success(request, "已记下原因。全部差异都说明后，发放自动恢复。")
    return redirect("web:reconciliation")
