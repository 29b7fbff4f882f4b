"""What members owe back after a correction: the list with its age, one debt with its working, and the two words that clear it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from huzhu.bank import queries as bank
from huzhu.payouts import corrected, queries, receivables
from huzhu.users.permissions import may
from huzhu.web import lists
from huzhu.web.access import answered, staff
from huzhu.web.finance.paying import FINDS, READERS
from huzhu.web.once import once
from huzhu.web.workbooks import Cell, yuan

FILTERS = (lists.Filter("state", "状态", queries.STANDS),)
HEADS = (
    "产生时间",
    "已过（天）",
    "申请",
    "会员",
    "代办处",
    "方案",
    "多发（元）",
    "已收回（元）",
    "待收回（元）",
)


@require_safe
@staff(*READERS)
def listed(request: Any) -> HttpResponse:
    """Every debt, oldest first; above it what waits for a second word."""
    asked = lists.read(request, "待收回", *FILTERS, finds=FINDS, unit="笔")
    found = queries.of_this(queries.receivables(request.by), state=asked["state"], text=asked.text)
    if asked.takes:
        return lists.taken(request, asked, HEADS, found, lambda rows: (_cells(request, one) for one in rows))
    shown = lists.shown(request, asked, found)
    left, whole = queries.owed(found)
    shown |= {
        "rows": [(one, _days(request, one)) for one in shown["pages"]],
        "left_fen": left,
        "whole_fen": whole,
        "waiting": list(queries.clearings_to_settle(request.by)[:20]),
    }
    return render(request, "web/finance/receivables.html", shown)


def _days(request: Any, one: Any) -> int:
    return int((request.now - one.since).days)


def _cells(request: Any, one: Any) -> tuple[Cell, ...]:
    claim = one.difference.decision.claim
    whose = (claim.number, one.member.name, claim.office.name, one.difference.enrolment.edition.short)
    sums = map(yuan, (one.amount_fen, one.cleared_fen, one.left_fen))
    return (lists.minute(one.since), _days(request, one), *whose, *sums)


@require_safe
@staff(*READERS)
def one(request: Any, pk: int) -> HttpResponse:
    """How it arose, how it came back, its vouchers, and what may be done."""
    found = get_object_or_404(queries.receivables(request.by), pk=pk)
    said = queries.clearings(found)
    waits = next((one for one in said if one.state == "said"), None)
    claim = found.difference.decision.claim
    told = next(one for one in corrected.of_claim(claim) if one.decision.pk == found.difference.decision_id)
    stands = found.left_fen and waits is None
    maker = may(request.by, "receivables.return")
    shown = {
        "receivable": found,
        "claim": claim,
        "told": told,
        "days": _days(request, found),
        "clearings": said,
        "waits": waits,
        "vouchers": queries.vouchers_of(found),
        "credits": queries.came_in(found) if maker and stands else [],
        "may_say": maker and stands,
        "may_settle": may(request.by, "receivables.confirm") and waits is not None,
    }
    return render(request, "web/finance/receivable.html", shown)


@require_POST
@staff("payment_maker")
@once("receivables.say")
def say(request: Any, pk: int, verb: str) -> HttpResponse:
    """The member sent money back, or it is not asked for any more; another confirms."""
    found = get_object_or_404(queries.receivables(request.by), pk=pk)
    then = {"by": request.by, "at": request.now}
    with answered(request, receivables.REFUSALS):
        if verb == "returned":
            line = line_asked(request)
            if line is None:
                raise receivables.ClearingRefused("请选会员退回的是哪一笔来款；对账单还没有的，请先导入。")
            receivables.record_return(receivable=found, line=line, **then)
            messages.success(request, "已登记会员退回的款，等另一个人确认后入账。")
        elif verb == "give-up":
            receivables.give_up(receivable=found, reason=request.POST.get("reason", ""), **then)
            messages.success(request, "已提出不再收回，等另一个人确认。")
        else:
            raise Http404
    return redirect("web:receivable", found.pk)


def line_asked(request: Any) -> Any:
    """The line of the bank's paper that was chosen; none where it is none that the asker may see."""
    try:
        key = UUID(request.POST.get("line", ""))
    except ValueError:
        return None
    return bank.lines_visible_to(request.by).filter(pk=key).first()


@require_POST
@staff("payment_releaser")
@once("receivables.settle")
def settle(request: Any, pk: int) -> HttpResponse:
    """The second person's word."""
    found = get_object_or_404(queries.clearings_visible_to(request.by), pk=pk)
    agree = request.POST.get("agree") == "yes"
    with answered(request, receivables.REFUSALS):
        receivables.settle(
            clearing=found, agree=agree, reason=request.POST.get("reason", ""), by=request.by, at=request.now
        )
        messages.success(request, "已确认，入账了。" if agree else "未同意，待收回的数没有变。")
    return redirect("web:receivable", found.receivable_id)
