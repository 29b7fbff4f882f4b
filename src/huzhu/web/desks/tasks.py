"""What else waits for a clerk: renewals, approvals, moves, voids; one line each, with the page that deals with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from huzhu.contributions import matching
from huzhu.contributions import queries as contributions
from huzhu.enrolment import approval, certifying, expiring
from huzhu.members import queries as members
from huzhu.web.desks.tiles import address

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Task:
    """A sentence, and the way to deal with it: a page, or a renewal to begin."""

    words: str
    opens: str = ""
    button: str = "办理"
    begins: expiring.Due | None = None
    tone: str = "amber"


def tasks(request: Any) -> list[Task]:
    """In the order in which they press."""
    by = request.by
    return [*_account(by), *_credits(by), *_approvals(by), *_moves(request), *_voids(by), *_renewals(request)]


def _account(by: Any) -> Iterator[Task]:
    """An agency that says nowhere where fees are to be paid gets none."""
    if by.code != "agency_clerk":
        return
    waiting = contributions.accounts_visible_to(by).filter(confirmed_at=None, ended_at=None).first()
    if waiting and waiting.proposed_by != by.actor_id:
        yield Task("收款账户有人登记，等您确认", address("web:collecting"))
    elif not waiting and not contributions.account_of(by.organisation):
        words = "还没有登记收款账户：缴费通知单上写不出会费汇到哪里"
        yield Task(words, address("web:collecting"), "去登记")


def _approvals(by: Any) -> Iterator[Task]:
    for step in approval.waiting_for(by)[:SHOWN]:
        roster = step.roster
        yield Task(
            f"名册等您审批：{roster.employer.name}，{roster.cover_starts_on} 起",
            address("web:roster", roster.pk),
            "去审批",
        )
    more = approval.waiting_for(by).count() - SHOWN
    if more > 0:
        yield Task(f"还有 {more} 份名册等您审批", address("web:approvals"), "看全部")
    if by.code == "employer_clerk":
        yield from _own_rosters(by)


def _own_rosters(by: Any) -> Iterator[Task]:
    """An employer sees where its rosters are, and those that came back."""
    for step in approval.under_way(by)[:SHOWN]:
        words = f"{step.roster.cover_starts_on} 起的名册等{step.office.name}审批"
        yield Task(words, address("web:roster", step.roster.pk), "看进度", tone="blue")
    for step in approval.returned_to(by)[:SHOWN]:
        words = f"{step.roster.cover_starts_on} 起的名册由{step.office.name}退回：{step.reason}"
        yield Task(words, address("web:roster", step.roster.pk), "去改正", tone="red")


def _credits(by: Any) -> Iterator[Task]:
    """Money on the bank's statement that nobody has claimed."""
    if by.code == "agency_clerk" and (number := matching.waiting(by).count()):
        yield Task(f"银行有 {number} 笔来款还没有认领", address("web:credits"), "去认领")


def _moves(request: Any) -> Iterator[Task]:
    if number := members.moves_to_settle(request.by).count():
        yield Task(f"有 {number} 位职工等您接收调入", address("web:moves"))
    if request.by.code != "employer_clerk":
        return
    crossings = list(expiring.crossings(request.by, request.today))
    gone = {one.enrolment.member_id for one in crossings if not one.arrived}
    come = {one.enrolment.member_id for one in crossings if one.arrived}
    if gone:
        yield Task(
            f"{len(gone)} 人已调出或由别的单位报名，在本单位参加的保障到期满为止",
            address("web:moves", which="gone"),
            "看名单",
            tone="grey",
        )
    if come:
        yield Task(
            f"{len(come)} 人从别的单位调入，保障还挂在原单位，到期满为止",
            address("web:moves", which="come"),
            "看名单",
            tone="grey",
        )


def _voids(by: Any) -> Iterator[Task]:
    if number := certifying.to_confirm(by).count():
        yield Task(f"有 {number} 份保障书的作废等您复核", address("web:voids"))


def _renewals(request: Any) -> Iterator[Task]:
    due = expiring.due(request.by, request.today)
    if request.by.code != "employer_clerk":
        if todo := [one for one in due if one.roster is None]:
            people = sum(one.people for one in todo)
            words = f"{len(todo)} 家单位共 {people:,} 人的保障 60 天内到期或刚到期，还没有提交续保"
            yield Task(words, address("web:renewals"), "看名单")
        return
    for one in due[:SHOWN]:
        yield _renewal(one)
    if len(due) > SHOWN:
        yield Task(f"还有 {len(due) - SHOWN} 批保障快到期", address("web:renewals"), "看全部")


def _renewal(one: expiring.Due) -> Task:
    when = f"已在 {one.last_day} 期满" if one.is_over else f"保障到 {one.last_day}，还有 {one.days} 天"
    words = f"{one.people:,} 人{when}"
    if one.roster is not None:
        said = one.roster.get_state_display()
        return Task(f"{words}；续保名册{said}", address("web:roster", one.roster.pk), "看名册", tone="blue")
    if one.renewal is not None:
        return Task(f"{words}；续保名单还没有提交", address("web:renewal", one.renewal.pk), "接着办续保")
    return Task(f"{words}；按时续保，保障不间断", button="续保", begins=one)
