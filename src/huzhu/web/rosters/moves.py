"""Moves between employers, and members who retire or leave: noted on the member's page, taken in on a page of their own."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from huzhu.core.identity import masked
from huzhu.enrolment import expiring
from huzhu.members import moving, queries
from huzhu.organisations import queries as organisations
from huzhu.users.permissions import NotAllowed
from huzhu.web.access import staff, told
from huzhu.web.rosters.upload import CLERKS

REFUSED = (moving.MoveRefused, NotAllowed)


@require_safe
@staff(*CLERKS)
def moves(request: Any) -> HttpResponse:
    """Who is to be taken in, who goes, and whose cover was taken out at another employer."""
    arriving = list(queries.moves_to_settle(request.by)[:100])
    keys = {one.pk for one in arriving}
    seen = [one for one in queries.moves_visible_to(request.by)[:100] if one.pk not in keys]
    shown = {
        "arriving": [(one, masked(one.member.id_number)) for one in arriving],
        "moves": seen,
        "crossings": list(expiring.crossings(request.by, request.today)),
    }
    return render(request, "web/rosters/moves.html", shown)


@require_POST
@staff(*CLERKS)
def settle(request: Any, pk: Any) -> HttpResponse:
    """Take the member in, or not."""
    found = get_object_or_404(queries.moves_visible_to(request.by), pk=pk)
    agree = request.POST.get("agree") == "1"
    try:
        moving.settle(move=found, agree=agree, by=request.by, at=request.now)
    except REFUSED as refused:
        told(request, refused)
    else:
        said = f"已接收，{found.member.name}现在是{found.target.name}的职工，原来的保障到期满为止。"
        messages.success(
            request, said if agree else f"没有接收，{found.member.name}仍在{found.source.name}。"
        )
    return redirect("web:moves")


@require_POST
@staff(*CLERKS)
def propose(request: Any, pk: Any) -> HttpResponse:
    """Let a member go to another employer, named by name or code."""
    found = get_object_or_404(queries.visible_to(request.by), pk=pk)
    asked = request.POST.get("target", "").strip()
    target = organisations.employer_named(asked, near=found.employer)
    if target is None:
        told(request, ValueError(f"没有找到参保单位“{asked}”：请从列出的单位里选，或填单位代码。"))
        return redirect("web:member", pk)
    try:
        moving.propose(member=found, target=target, by=request.by, at=request.now)
    except REFUSED as refused:
        told(request, refused)
    else:
        messages.success(request, f"已提出调动，等{target.name}或代办处接收；接收以前仍是本单位职工。")
    return redirect("web:member", pk)


@require_POST
@staff(*CLERKS)
def leave(request: Any, pk: Any) -> HttpResponse:
    """The member retired, resigned or died; or it was noted by mistake."""
    found = get_object_or_404(queries.visible_to(request.by), pk=pk)
    why = request.POST.get("why", "")
    try:
        if why == "back":
            moving.come_back(member=found, by=request.by, at=request.now)
            said = "已改回在职。"
        else:
            on = date.fromisoformat(request.POST.get("on", ""))
            moving.leave(member=found, why=why, on=on, by=request.by, at=request.now)
            said = "已登记。现有的保障到期满为止，下次续保不再列入。"
    except REFUSED as refused:
        told(request, refused)
    except ValueError:
        told(request, ValueError("离开日期不是一个日期：请写成 2022-11-30 的样子。"))
    else:
        messages.success(request, said)
    return redirect("web:member", pk)
