"""The brake on the payment desk: stop all payments, or let them go on."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from huzhu.bank import queries, stops
from huzhu.users.permissions import NotAllowed
from huzhu.web.access import answered, staff

REFUSALS = (stops.CannotResume, NotAllowed)


def stopped(request: Any) -> dict[str, Any]:
    """What the pages of the payment desk say of open stops."""
    found = [
        (one, stops.may_resume(one, request.by), stops.is_by_system(one)) for one in queries.stops(request.by)
    ]
    return {"stops": found, "releaser": request.by.code == "payment_releaser"}


@require_POST
@staff("payment_maker", "payment_releaser")
def stop(request: Any) -> HttpResponse:
    """Nothing more goes to the bank until another person says why it may."""
    with answered(request, REFUSALS):
        stops.stop(reason=request.POST.get("reason", ""), by=request.by, at=request.now)
        messages.success(
            request, "发放已停止：互助金和退费都不制单、不放行、不给银行文件。查明后由另一位出纳放行恢复。"
        )
    return redirect("web:payouts")


@require_POST
@staff("payment_releaser")
def resume(request: Any, pk: int) -> HttpResponse:
    """Another person has found out why."""
    found = get_object_or_404(queries.stops(request.by), pk=pk)
    with answered(request, REFUSALS):
        stops.resume(stop=found, reason=request.POST.get("reason", ""), by=request.by, at=request.now)
        messages.success(request, "这一次停发已解除。")
    return redirect("web:payouts")
