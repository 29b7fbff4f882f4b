"""Members for staff: found, shown masked, and one field in full after a reason."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from huzhu.core.identity import mask_account, mask_phone, masked
from huzhu.enrolment import queries as enrolment
from huzhu.members import queries, services
from huzhu.organisations.queries import employers_near
from huzhu.users.permissions import NotAllowed, may
from huzhu.web.access import staff
from huzhu.web.rosters.voiding import HOLDERS

READERS = (
    "employer_clerk",
    "county_clerk",
    "agency_clerk",
    "reviewer",
    "second_reviewer",
    "payment_maker",
    "auditor",
    "cadre",
)
PAGE = 50


@require_safe
@staff(*READERS)
def members(request: Any) -> HttpResponse:
    """The branch's members, by name; or who was looked for."""
    asked = request.GET.get("q", "").strip()[:40]
    seen = (
        queries.search(request.by, asked) if asked else queries.visible_to(request.by).order_by("name", "pk")
    )
    pages = Paginator(seen, PAGE).get_page(request.GET.get("page"))
    rows = [(one, masked(one.id_number), mask_phone(one.phone or "")) for one in pages]
    shown = {"pages": pages, "rows": rows, "asked": asked, "also": f"&q={asked}" if asked else ""}
    return render(request, "web/rosters/members.html", shown)


@require_safe
@staff(*READERS)
def member(request: Any, pk: Any) -> HttpResponse:
    """One member, masked, with every cover there was."""
    return _page(request, get_object_or_404(queries.visible_to(request.by), pk=pk))


@require_POST
@staff(*READERS)
def reveal(request: Any, pk: Any) -> HttpResponse:
    """One field in full on this one answer, after the reason was written down."""
    found = get_object_or_404(queries.visible_to(request.by), pk=pk)
    field, reason = request.POST.get("field", ""), request.POST.get("reason", "")
    try:
        text = services.reveal(member=found, field=field, by=request.by, reason=reason, at=request.now)
    except (services.NoReason, NotAllowed, LookupError) as refused:
        return _page(request, found, error=str(refused), status=422)
    return _page(request, found, shown=(services.REVEALED[field], text or "没有登记"))


def _page(request: Any, found: Any, *, status: int = 200, **more: Any) -> HttpResponse:
    account = queries.current_account(found)
    covers = list(enrolment.of_member(request.by, found))
    mine = enrolment.visible_to(request.by).filter(member=found)
    context = {
        "member": found,
        "id_number": masked(found.id_number),
        "phone": mask_phone(found.phone or ""),
        "account": account,
        "account_number": mask_account(account.number) if account else "",
        "covers": covers,
        "opens": set(mine.values_list("pk", flat=True)) if request.by.code in HOLDERS else (),
        "may_move": may(request.by, "members.move", found.employer),
        "moves": queries.open_moves(found),
        "leaving": queries.LEAVING,
        "targets": employers_near(found.employer) if may(request.by, "members.move") else (),
        "may_reveal": may(request.by, "members.reveal", found.employer),
        "fields": services.REVEALED.items(),
        "may_correct": may(request.by, "members.correct", found.employer),
        "corrections": queries.corrections(request.by).filter(member=found),
        **more,
    }
    return render(request, "web/rosters/member.html", context, status=status)
