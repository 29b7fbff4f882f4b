"""At the counter: what a member has signed about the bureau's data is written down, or taken back on the member's word."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from huzhu.files.contents import NotAccepted
from huzhu.files.services import MOST_BYTES, FileLost
from huzhu.members import consents, queries
from huzhu.users.permissions import NotAllowed
from huzhu.web.access import answered, staff
from huzhu.web.claims.shown import file_response

REFUSALS = (consents.ConsentRefused, NotAccepted, NotAllowed)


@require_POST
@staff("agency_clerk")
def consent(request: Any, pk: Any) -> HttpResponse:
    """Given with the signed sheet, or taken back."""
    found = get_object_or_404(queries.visible_to(request.by), pk=pk)
    with answered(request, REFUSALS):
        if "withdraw" in request.POST:
            consents.withdraw(member=found, by=request.by, at=request.now)
            messages.success(request, f"{found.name}撤回了同意，已记下并发短信告诉本人。")
        else:
            consents.agree_on_paper(member=found, paper=_paper(request), by=request.by, at=request.now)
            messages.success(request, f"{found.name}的同意已登记，并发短信告诉本人。")
    return redirect("web:member", pk)


def _paper(request: Any) -> tuple[str, bytes] | None:
    file = request.FILES.get("paper")
    if file is None or file.size > MOST_BYTES:
        return None
    return file.name or "", bytes(file.read())


@require_safe
@staff("agency_clerk", "auditor")
def paper(request: Any, pk: int) -> HttpResponse:
    """The signed sheet as it came in; that it was looked at is written down."""
    try:
        return file_response(*consents.open_paper(key=pk, by=request.by, at=request.now))
    except (consents.ConsentRefused, FileLost):
        raise Http404 from None
