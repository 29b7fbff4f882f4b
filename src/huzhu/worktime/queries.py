"""What the table of working days says; whoever asks often loads `calendar()` once and asks that."""

from datetime import date, datetime

from huzhu.worktime.calendar import Calendar
from huzhu.worktime.models import CalendarDay


def calendar() -> Calendar:
    """The whole table, in one query: some forty rows a year."""
    return Calendar(dict(CalendarDay.objects.values_list("day", "is_working")))


def days_of(year: int) -> dict[date, CalendarDay]:
    """What the table says of a year, by day."""
    return {row.day: row for row in CalendarDay.objects.filter(day__year=year)}


def is_working(day: date) -> bool:
    return calendar().is_working(day)


def add_working_days(day: date, n: int) -> date:
    """The n-th working day after the day."""
    return calendar().add_working_days(day, n)


def working_days_between(a: date, b: date) -> int:
    """Working days after a, up to and with b."""
    return calendar().working_days_between(a, b)


def due_on(complete_on: date) -> date:
    """Three working days after the papers were complete; that day is day 0."""
    return calendar().due_on(complete_on)


def hours_left(now: datetime, due_on: date, is_urgent: bool = False) -> int:
    """Whole working hours until the close of the due day, negative when overdue."""
    return calendar().hours_left(now, due_on, is_urgent=is_urgent)
