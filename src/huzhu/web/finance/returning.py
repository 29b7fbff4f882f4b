"""Payments that came back after the bank had said that they were paid: by which credit, and the word of another."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from huzhu.payouts import queries, services
from huzhu.web.access import answered, staff
from huzhu.web.finance.paying import payout_page
from huzhu.web.finance.recovering import line_asked
from huzhu.web.once import once


@require_POST
@staff("payment_maker", "payment_releaser")
@once("payouts.say_return")
def say(request: Any, pk: Any) -> HttpResponse:
    """This credit brought it back, for what reason."""
    found = get_object_or_404(queries.visible_to(request.by), pk=pk)
    try:
        line = line_asked(request)
        if line is None:
            raise services.ReturnRefused("请选银行是用哪一笔来款退回的；对账单还没有的，请先导入。")
        words = request.POST.get("words", "")
        services.say_return(payout=found, line=line, words=words, by=request.by, at=request.now)
    except services.REFUSALS as refused:
        return payout_page(request, found, str(refused))
    messages.success(request, "已登记银行退回，等另一个人看过对账单后确认。")
    return redirect("web:payout", found.pk)


@require_POST
@staff("payment_maker", "payment_releaser")
@once("payouts.confirm_return")
def settle(request: Any, pk: int) -> HttpResponse:
    """Another person agrees, or not; who said it may take it back."""
    found = get_object_or_404(queries.returns_visible_to(request.by), pk=pk)
    agree = request.POST.get("agree") == "yes"
    with answered(request, services.REFUSALS):
        services.confirm_return(found=found, agree=agree, by=request.by, at=request.now)
        done = "已确认，款回到账上，可以重新排款。" if agree else "没有办理退回，那一笔来款回到没有认领。"
        messages.success(request, done)
    return redirect("web:payout", found.payout_id)
