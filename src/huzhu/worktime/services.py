"""How the calendar is filled and changed."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

import chinese_calendar  # type: ignore[import-untyped]
from django.db import transaction

from huzhu.audit.services import record
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import check_may
from huzhu.worktime.calendar import in_plain_week
from huzhu.worktime.models import CalendarDay

NAMES = {holiday.value: holiday.chinese for holiday in chinese_calendar.Holiday}


class DayRefused(ValueError):
    """A day that cannot be changed so; the message says why."""


def seed(*, years: Iterable[int]) -> int:
    """Enter the published days that differ from the plain week, and say how many were new.

    A day already in the table stays as somebody set it; a year not yet announced stays a year of plain weeks.
    """
    before = CalendarDay.objects.count()
    rows = [row for year in years for row in _differing(year)]
    CalendarDay.objects.bulk_create(rows, ignore_conflicts=True)
    return CalendarDay.objects.count() - before


@transaction.atomic
def load_published(*, year: int, by: Role, at: datetime) -> int:
    """Enter a year's published days by an administrator's hand; how many were new. 0 also where nothing is published."""
    check_may(by, "calendar.change")
    count = seed(years=[year])
    if first := CalendarDay.objects.filter(day__year=year).order_by("day").first():
        record(by=by, verb="calendar.load", on=first, at=at, detail={"year": year, "days": count})
    return count


@transaction.atomic
def set_day(*, day: date, is_working: bool, note: str, by: Role, at: datetime) -> CalendarDay:
    """Make a day worked or not, for a reason; deadlines that lie behind it move with it. Raises DayRefused.

    A day that has begun stays as it is: somebody may already have counted by it.
    """
    check_may(by, "calendar.change")
    note = " ".join(note.split())
    today = at.astimezone(SHANGHAI).date()
    if day <= today:
        raise DayRefused(f"{day} 已经到了或过去了，当天和以前的日子不能改：已经按它算过期限。")
    if day.year > today.year + 2:
        raise DayRefused(f"{day} 太远，只能改到 {today.year + 2} 年底。请核对年份。")
    if not 2 <= len(note) <= 40 or not note.isprintable():
        raise DayRefused("请写明原因，2 到 40 个字，例如“按省总工会通知调休”。审计记录和日历上都会写着。")
    before = CalendarDay.objects.filter(pk=day).first()
    if is_working == (before.is_working if before else in_plain_week(day)):
        raise DayRefused(f"{day} 本来就是{'上班' if is_working else '休息'}，不用改。")
    row, _ = CalendarDay.objects.update_or_create(day=day, defaults={"is_working": is_working, "note": note})
    record(by=by, verb="calendar.set", on=row, at=at, detail={"is_working": is_working, "note": note})
    return row


def _differing(year: int) -> Iterator[CalendarDay]:
    day = date(year, 1, 1)
    while day.year == year:
        try:
            is_holiday, name = chinese_calendar.get_holiday_detail(day)
        except NotImplementedError:  # its way of saying: not announced
            return
        if is_holiday == in_plain_week(day):
            note = NAMES.get(name, "假日") if is_holiday else f"{NAMES.get(name, '')}调休上班"
            yield CalendarDay(day=day, is_working=not is_holiday, note=note)
        day += timedelta(days=1)
