"""Members are told that their cover ends: 60, 30 and 7 days before, once for each step."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction

from huzhu.enrolment.expiring import SOON, ending, grouped
from huzhu.enrolment.models import Enrolment, Reminder, Way
from huzhu.notices import services as notices
from huzhu.rules.units import SHANGHAI

STEPS = (7, 30, 60)
SLICE = 200


def remind(*, at: datetime) -> int:
    """One message for a member, end and step; nobody who has gone on, left or has no phone. How many were sent."""
    day = at.astimezone(SHANGHAI).date()
    held = ending(day + timedelta(days=1), day + SOON).filter(member__leaving="", member__phone__isnull=False)
    people = sorted(set(held.values_list("cover_ends_on", "member").order_by()), key=str)
    sent = 0
    for start in range(0, len(people), SLICE):
        sent += _told(people[start : start + SLICE], day, at)
    return sent


@transaction.atomic
def _told(people: Sequence[tuple[date, UUID]], day: date, at: datetime) -> int:
    members = {member for _, member in people}
    told = Reminder.objects.filter(member__in=members)
    before = set(told.values_list("member", "ends_on", "step_days"))
    held = ending(day + timedelta(days=1), day + SOON).filter(member__in=members)
    rows = grouped(held.select_related("member__employer", "edition", "roster").order_by("scheme_slug"))
    sent = 0
    for ends_on, member in people:
        step = step_on(ends_on, day)
        covers = [row for row in rows.get(member, ()) if row.cover_ends_on == ends_on]
        if not covers or (member, ends_on, step) in before:
            continue
        Reminder.objects.create(member=covers[0].member, ends_on=ends_on, step_days=step, sent_at=at)
        about = covers[0].member
        notices.send(phone=about.phone or "", text=words(covers), purpose="expiry", about=about, at=at)
        sent += 1
    return sent


def step_on(ends_on: date, day: date) -> int:
    """The step that this day belongs to: a day on which nothing ran is made up for, and no step comes late."""
    return next(step for step in STEPS if (ends_on - day).days <= step)


def words(covers: list[Enrolment]) -> str:
    """Until when, and what to do."""
    names = "、".join(row.edition.short for row in covers)
    alone = all(row.roster is not None and row.roster.way == Way.INDIVIDUAL for row in covers)
    whom = "代办处" if alone else f"{covers[0].member.employer.name}工会"
    last_day = covers[0].cover_ends_on - timedelta(days=1)
    return (
        f"【职工互助保障】您参加的{names}保障到 {last_day} 为止。要继续参加，请在这一天以前向"
        f"{whom}报名续保；按时续保，保障不间断，观察期不用重新计算。"
    )
