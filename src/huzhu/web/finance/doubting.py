"""Payouts in doubt: what the bank's paper says, by one person, and the word of another who has read it too."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from huzhu.files.services import MOST_BYTES, FileLost, read
from huzhu.payouts import queries, services
from huzhu.rules.units import SHANGHAI
from huzhu.web.access import answered, staff
from huzhu.web.claims.shown import file_response
from huzhu.web.finance.paying import READERS, payout_page
from huzhu.web.once import once


@require_POST
@staff("payment_maker", "payment_releaser")
@once("payouts.say_doubt")
def say(request: Any, pk: Any) -> HttpResponse:
    """Paid or not paid, when, by which paper."""
    found = get_object_or_404(queries.visible_to(request.by), pk=pk)
    try:
        file = request.FILES.get("paper")
        if file is None or file.size > MOST_BYTES:
            raise services.DoubtRefused("请附上银行的回单或证明（照片或 PDF，不超过 20 MB）。")
        services.say_doubt(
            payout=found,
            paid=_paid(request.POST.get("paid", "")),
            bank_at=_instant(request.POST.get("bank_at", "")),
            words=request.POST.get("words", ""),
            name=file.name,
            data=file.read(),
            by=request.by,
            at=request.now,
        )
    except services.REFUSALS as refused:
        return payout_page(request, found, str(refused))
    messages.success(request, "已登记，等另一个人看过银行的证明后确认。")
    return redirect("web:payout", found.pk)


def _paid(text: str) -> bool:
    if text not in {"yes", "no"}:
        raise services.DoubtRefused("请选银行的证明说的是已付还是没有付。")
    return text == "yes"


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
    except ValueError:
        raise services.DoubtRefused("请照银行的证明填写日期和时间。") from None


@require_POST
@staff("payment_maker", "payment_releaser")
@once("payouts.confirm_doubt")
def settle(request: Any, pk: int) -> HttpResponse:
    """Another person agrees, or not."""
    found = get_object_or_404(queries.answers_visible_to(request.by), pk=pk)
    agree = request.POST.get("agree") == "yes"
    with answered(request, services.REFUSALS):
        services.confirm_doubt(answer=found, agree=agree, by=request.by, at=request.now)
        messages.success(request, "已确认，这一笔查明了。" if agree else "未同意，这一笔仍然存疑。")
    return redirect("web:payout", found.payout_id)


@require_safe
@staff(*READERS)
def paper(request: Any, pk: int) -> HttpResponse:
    """The bank's paper as it came in."""
    found = get_object_or_404(queries.answers_visible_to(request.by), pk=pk)
    try:
        data = read(found.paper)
    except FileLost:
        raise Http404 from None
    services.saw_paper(answer=found, by=request.by, at=request.now)
    return file_response(found.paper, data)
