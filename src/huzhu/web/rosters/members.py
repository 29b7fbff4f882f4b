"""Members for staff: found, shown masked, and one field in full after a reason."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from huzhu.core.identity import mask_account, mask_phone, masked
from huzhu.enrolment import queries as enrolment
from huzhu.members import consents, queries, services
from huzhu.organisations.queries import employers_near
from huzhu.users.permissions import NotAllowed, may
from huzhu.web import lists
from huzhu.web.access import staff
from huzhu.web.employers.choosing import named
from huzhu.web.rosters.voiding import HOLDERS
from huzhu.web.workbooks import Cell

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
FILTERS = (
    lists.Filter("employer", "单位（名称、拼音首字母、代码）", kind="text"),
    lists.Filter("cover", "保障", enrolment.COVERS),
    lists.Filter("hardship", "困难职工", kind="tick"),
)
FINDS = "姓名、拼音首字母、身份证号或末四位"
HEADS = ("姓名", "身份证号", "性别", "手机", "单位", "困难职工")


@require_safe
@staff(*READERS)
def members(request: Any) -> HttpResponse:
    """The branch's members, by name; or who was looked for."""
    asked = lists.read(request, "会员", *FILTERS, finds=FINDS, unit="人")
    found = (
        queries.search(request.by, asked.text)
        if asked.text
        else queries.visible_to(request.by).order_by("name", "pk")
    )
    if asked["employer"]:
        found = found.filter(employer__in=named(request.by, asked["employer"]))
    if asked["cover"]:
        found = enrolment.by_cover(found, request.by, request.today, asked["cover"])
    if asked["hardship"]:
        found = found.filter(in_hardship=True)
    if asked.takes:
        return lists.taken(request, asked, HEADS, found, _cells)
    shown = lists.shown(request, asked, found)
    shown["rows"] = [(one, masked(one.id_number), mask_phone(one.phone or "")) for one in shown["pages"]]
    return render(request, "web/rosters/members.html", shown)


def _cells(rows: list[Any]) -> Iterator[tuple[Cell, ...]]:
    for one in rows:
        numbers = masked(one.id_number), one.get_sex_display(), mask_phone(one.phone or "")
        yield (one.name, *numbers, one.employer.name, "是" if one.in_hardship else "")


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
        "consents": consents.history(request.by, found),
        "consent_text": consents.TEXTS[consents.EDITION],
        "may_consent": may(request.by, "members.consent", found.employer),
        "corrections": queries.corrections(request.by).filter(member=found),
        **more,
    }
    return render(request, "web/rosters/member.html", context, status=status)
