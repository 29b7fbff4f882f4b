"""Periods of cover are half-open: [start, same date next year)."""

from datetime import date


def a_year_after(start: date) -> date:
    """The first day no longer covered by a year that begins on `start`; 29 February runs to 1 March."""
    return months_after(start, 12)


def months_after(start: date, months: int) -> date:
    """The same day so many months later; where that month lacks it, the first of the next."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    try:
        return date(year, month + 1, start.day)
    except ValueError:
        return date(year, month + 2, 1)  # no short month is a December


def years_between(born_on: date, day: date) -> int:
    """Whole years on that day: the birthday itself counts."""
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))
