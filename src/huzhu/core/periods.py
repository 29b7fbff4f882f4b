"""Periods of cover are half-open: [start, same date next year)."""

from datetime import date


def a_year_after(start: date) -> date:
    """The first day no longer covered by a year that begins on `start`; 29 February runs to 1 March."""
    try:
        return start.replace(year=start.year + 1)
    except ValueError:
        return date(start.year + 1, 3, 1)
