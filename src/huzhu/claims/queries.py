"""Questions about claims, always asked for someone; and the clock that everybody sees."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from huzhu.claims.lifecycle import DONE
from huzhu.claims.models import Claim, Pause, State
from huzhu.claims.numbers import NEWEST
from huzhu.members.models import Member
from huzhu.members.queries import fitting
from huzhu.organisations.models import Organisation
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.worktime.calendar import Calendar
from huzhu.worktime.queries import calendar

DETAILS = frozenset({"agency_clerk", "reviewer", "second_reviewer", "auditor"})
STATES_ONLY = frozenset({"employer_clerk", "county_clerk"})


@dataclass(frozen=True, slots=True)
class Clock:
    """The promise on one claim: the day it is due, working hours left (negative when overdue), and one sentence."""

    due_on: date | None
    hours_left: int | None
    paused: bool
    word: str

    @property
    def overdue(self) -> bool:
        return self.hours_left is not None and self.hours_left < 0

    @property
    def bare(self) -> str:
        """The sentence for those who see states only: not what is lacking, which tells of an illness."""
        return "等补材料" if self.paused else f"最晚 {self.due_on}" if self.due_on else ""


def visible_to(by: Role | Member) -> QuerySet[Claim]:
    """A member's own claims; for staff those of their branch: of its employers, and what its agencies have taken.

    An agency finishes what it has taken, wherever the employer stands by now. A draft is the business of who fills it in.
    """
    claims = Claim.objects.select_related("member", "employer", "office").prefetch_related("pauses")
    if isinstance(by, Member):
        return claims.filter(member=by)
    if not by.is_current or by.code not in DETAILS | STATES_ONLY:
        return claims.none()
    # keys beside keys: with the paths of both in one condition neither index would serve
    here = Organisation.objects.under(by.organisation).values("pk")
    if by.code in STATES_ONLY:  # below the agencies
        return claims.filter(employer__in=here).exclude(state=State.DRAFT)
    own = claims.filter(Q(employer__in=here) | Q(office__in=here))
    return own.exclude(state=State.DRAFT, channel=Claim.Channel.PHONE)


def opens_details(by: Role) -> bool:
    """Whether this role may see more of a claim than its state."""
    return by.code in DETAILS


def matching(claims: QuerySet[Claim], text: str) -> QuerySet[Claim]:
    """Claims whose number or member (name, initials, identity number or its last four) fits what was typed."""
    text = text.strip()
    if not text:
        return claims
    return claims.filter(Q(number__icontains=text) | Q(member__in=fitting(text)))


def newest_first(claims: QuerySet[Claim]) -> QuerySet[Claim]:
    """In the order in which their numbers were given, the last one first."""
    return claims.order_by(*NEWEST)


def of_kind(claims: QuerySet[Claim], kind: str) -> QuerySet[Claim]:
    """Claims with this among the kinds applied for."""
    return claims.annotate(said=Cast("kinds", TextField())).filter(said__contains=f'"{kind}"')


def by_urgency(claims: Iterable[Claim], now: datetime) -> list[tuple[Claim, Clock]]:
    """Urgent first, then by working hours left; what has no clock yet comes last, oldest first."""
    return sorted(
        timed(claims, now), key=lambda pair: (not pair[0].is_urgent, *_order(pair[1]), pair[0].number)
    )


def timed(claims: Iterable[Claim], now: datetime) -> list[tuple[Claim, Clock]]:
    """Each claim with its clock, in the order given; the calendar is asked once."""
    days = calendar()
    return [(claim, clock(claim, now, days)) for claim in claims]


def _order(clock: Clock) -> tuple[bool, int]:
    return clock.hours_left is None, clock.hours_left or 0


def clock(claim: Claim, now: datetime, days: Calendar | None = None) -> Clock:
    """From complete papers to money received, in working days, standing still while papers are asked for.

    Whoever asks for many claims hands the calendar in.
    """
    if claim.state == State.DRAFT:
        return Clock(None, None, False, "还没有提交")
    if claim.state in DONE:
        return Clock(None, None, False, _how_long(claim, days))
    if pause := open_pause(claim):
        return Clock(None, None, True, f"停表，等补材料：{pause.reason}")
    if claim.complete_at is None:
        return Clock(None, None, False, "材料齐全后开始计时")
    days = days or calendar()
    day = _due(claim, claim.complete_at, days)
    left = days.hours_left(now, day, is_urgent=claim.is_urgent)
    return Clock(day, left, False, _said(left, is_urgent=claim.is_urgent))


def open_pause(claim: Claim) -> Pause | None:
    return next((pause for pause in claim.pauses.all() if pause.to_at is None), None)


def _said(left: int, *, is_urgent: bool) -> str:
    word = f"还剩 {left} 个工作小时" if left >= 0 else f"已超时 {-left} 个工作小时"
    return f"加急，{word}" if is_urgent else word


def _due(claim: Claim, complete_at: datetime, days: Calendar) -> date:
    """Three working days after complete papers, moved on by the days it stood still; the urgent have a day of their own."""
    if claim.is_urgent and claim.reported_at:
        return _urgent_due(claim, claim.reported_at, days)
    due = days.due_on(_day(complete_at))
    still = _days_still(claim, complete_at, days)
    return days.add_working_days(due, still) if still else due


def _urgent_due(claim: Claim, reported_at: datetime, days: Calendar) -> date:
    """The day it was reported up or, later, became urgent; after a pause the day of the papers, or as late as it was."""
    start = max(reported_at, claim.urgent_at or reported_at)
    due = days.open_on(start)
    for pause in sorted(claim.pauses.all(), key=lambda one: one.from_at):
        if pause.to_at is None or pause.to_at <= start:
            continue
        late = days.working_days_between(due, _day(max(pause.from_at, start)))
        came = days.open_on(pause.to_at)
        due = days.add_working_days(came, -late) if late > 0 else max(due, came)
    return due


def _days_still(claim: Claim, start: datetime, days: Calendar) -> int:
    """Working days between each return notice and the papers that came, from `start` on."""
    pauses = [(max(pause.from_at, start), pause.to_at) for pause in claim.pauses.all()]
    return sum(days.working_days_between(_day(a), _day(b)) for a, b in pauses if b is not None and b > a)


def _how_long(claim: Claim, days: Calendar | None) -> str:
    if claim.state != State.PAID or not (claim.complete_at and claim.paid_at):
        return claim.get_state_display()
    days = days or calendar()
    taken = days.working_days_between(_day(claim.complete_at), _day(claim.paid_at))
    return f"已到账，用了 {taken - _days_still(claim, claim.complete_at, days)} 个工作日"


def _day(moment: datetime) -> date:
    return moment.astimezone(SHANGHAI).date()
