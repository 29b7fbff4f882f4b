"""A calendar held in memory: the plain week, but for the days that differ. Day 0 is never counted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils.timezone import get_default_timezone

OPENS, CLOSES = time(9), time(17)
PROMISE_DAYS = 3
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def in_plain_week(day: date) -> bool:
    """Whether a week without holidays works on this day: Monday to Friday."""
    return day.weekday() < 5


@dataclass(frozen=True)
class Calendar:
    """`differing`: each day that is not as in a plain week, and whether it is worked."""

    differing: Mapping[date, bool]

    def is_working(self, day: date) -> bool:
        return self.differing.get(day, in_plain_week(day))

    def add_working_days(self, day: date, count: int) -> date:
        """The count-th working day after the day (before it, when negative); of 0, the day itself."""
        step = DAY if count > 0 else -DAY
        for _ in range(abs(count)):
            day += step
            while not self.is_working(day):
                day += step
        return day

    def working_days_between(self, first: date, last: date) -> int:
        """Working days after the first up to and with the last: 1 from Thursday to Friday; negative backwards."""
        if last < first:
            return -self.working_days_between(last, first)
        return sum(self.is_working(day) for day in _days(first + DAY, last))

    def due_on(self, complete_on: date) -> date:
        """The last day of the promise: three working days after the papers were complete."""
        return self.add_working_days(complete_on, PROMISE_DAYS)

    def open_on(self, moment: datetime) -> date:
        """The day on which what comes at this moment can still be done: its own, or after its close the next working day."""
        local = moment.astimezone(get_default_timezone())
        return self.add_working_days(local.date(), int(local.time() >= CLOSES))

    def hours_left(self, now: datetime, due_on: date, *, is_urgent: bool = False) -> int:
        """Whole working hours (9 to 17) until the close of the due day; negative, at least by one, when overdue.

        An urgent claim's due day is worked even where the calendar rests.
        """
        local = now.astimezone(get_default_timezone()).replace(tzinfo=None)
        due = datetime.combine(due_on, CLOSES)
        worked = {due_on} if is_urgent else set()
        if local <= due:
            return self._hours(local, due, worked) // HOUR
        return -max(1, -(-self._hours(due, local, worked) // HOUR))

    def _hours(self, start: datetime, end: datetime, worked: set[date]) -> timedelta:
        """The working time from start to end."""
        total = timedelta()
        for day in _days(start.date(), end.date()):
            if self.is_working(day) or day in worked:
                opens, closes = datetime.combine(day, OPENS), datetime.combine(day, CLOSES)
                total += max(timedelta(), min(end, closes) - max(start, opens))
        return total


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += DAY
