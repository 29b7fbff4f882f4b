"""How the calendar is filled."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

import chinese_calendar  # type: ignore[import-untyped]

from huzhu.worktime.calendar import in_plain_week
from huzhu.worktime.models import CalendarDay

NAMES = {holiday.value: holiday.chinese for holiday in chinese_calendar.Holiday}


def seed(*, years: Iterable[int]) -> int:
    """Enter the published days that differ from the plain week, and say how many were new.

    A day already in the table stays as somebody set it; a year not yet announced stays a year of plain weeks.
    """
    before = CalendarDay.objects.count()
    rows = [row for year in years for row in _differing(year)]
    CalendarDay.objects.bulk_create(rows, ignore_conflicts=True)
    return CalendarDay.objects.count() - before


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
