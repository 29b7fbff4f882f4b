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
from huzhu.web import lists
from huzhu.web.access import answered, staff, told
from huzhu.web.rosters.upload import CLERKS
from huzhu.web.workbooks import Cell

REFUSED = (moving.MoveRefused, NotAllowed)
WHICH = lists.Filter(
    "which",
    "范围",
    (
        ("mine", "等您接收"),
        ("others", "等别人接收"),
        ("settled", "办过的"),
        ("gone", "已调出，保障还在原单位"),
        ("come", "已调入，保障还在原单位"),
    ),
    default="mine",
)
HEADS = ("姓名", "身份证号", "从", "到", "状态", "提出人", "提出时间", "接收人", "接收时间")
CROSSING_HEADS = ("姓名", "身份证号", "现在的单位", "参加时的单位", "方案", "保障到")


@require_safe
@staff(*CLERKS)
def moves(request: Any) -> HttpResponse:
    """Who is to be taken in, who goes, what was settled, and whose cover was taken out at another employer."""
    asked = lists.read(request, "调动", WHICH, finds="姓名、拼音首字母、身份证号或末四位", unit="项")
    crosses = asked["which"] in {"gone", "come"}
    found = _crossings(request, asked) if crosses else _moves(request.by, asked)
    if asked.takes:
        heads, cells = (CROSSING_HEADS, _crossing_cells) if crosses else (HEADS, _cells)
        return lists.taken(request, asked, heads, found, lambda rows: map(cells, rows))
    shown = lists.shown(request, asked, found)
    if asked["which"] == "mine":
        shown["rows"] = [(one, masked(one.member.id_number)) for one in shown["pages"]]
    return render(request, "web/rosters/moves.html", shown | {"crosses": crosses})


def _moves(by: Any, asked: lists.Asked) -> Any:
    mine = queries.moves_to_settle(by)
    found = mine if asked["which"] == "mine" else queries.moves_visible_to(by)
    if asked["which"] == "others":
        found = found.filter(state="proposed").exclude(pk__in=mine.values("pk"))
    if asked["which"] == "settled":
        found = found.exclude(state="proposed")
    return found.filter(member__in=queries.fitting(asked.text)) if asked.text else found


def _crossings(request: Any, asked: lists.Asked) -> list[expiring.Crossing]:
    arrived = asked["which"] == "come"
    found = [one for one in expiring.crossings(request.by, request.today) if one.arrived is arrived]
    if not asked.text:
        return found
    people = queries.fitting(asked.text).filter(pk__in={one.enrolment.member_id for one in found})
    fitting = set(people.values_list("pk", flat=True))
    return [one for one in found if one.enrolment.member_id in fitting]


def _cells(one: Any) -> tuple[Cell, ...]:
    who = one.member.name, masked(one.member.id_number), one.source.name, one.target.name
    said = one.proposed_name, lists.minute(one.proposed_at), one.settled_name, lists.minute(one.settled_at)
    return (*who, one.get_state_display(), *said)


def _crossing_cells(one: expiring.Crossing) -> tuple[Cell, ...]:
    row = one.enrolment
    where = row.member.employer.name, row.employer.name
    return (row.member.name, masked(row.member.id_number), *where, row.edition.short, one.last_day)


@require_POST
@staff(*CLERKS)
def settle(request: Any, pk: Any) -> HttpResponse:
    """Take the member in, or not."""
    found = get_object_or_404(queries.moves_visible_to(request.by), pk=pk)
    agree = request.POST.get("agree") == "1"
    with answered(request, REFUSED):
        moving.settle(move=found, agree=agree, by=request.by, at=request.now)
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
    with answered(request, REFUSED):
        moving.propose(member=found, target=target, by=request.by, at=request.now)
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
