"""Deadlines and hours left. 2022-07-13 was a Wednesday; 国庆 2022 was 1 to 7 October, 8 and 9 were worked."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huzhu.worktime import queries, services
from huzhu.worktime.calendar import Calendar
from huzhu.worktime.models import CalendarDay

CHINA = ZoneInfo("Asia/Shanghai")
PLAIN = Calendar({})
days = st.dates(date(2021, 1, 1), date(2024, 12, 31))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2022, 7, day, hour, minute, tzinfo=CHINA)


@pytest.fixture
def seeded(db):
    services.seed(years=[2022])


def test_ms_liu_applied_on_the_13th_and_was_promised_her_money_by_the_18th(seeded):
    assert queries.due_on(date(2022, 7, 13)) == date(2022, 7, 18)


def test_a_holiday_is_not_counted_and_a_worked_weekend_is(seeded):
    assert not queries.is_working(date(2022, 10, 3))
    assert queries.is_working(date(2022, 10, 8))  # a Saturday
    assert queries.due_on(date(2022, 9, 29)) == date(2022, 10, 9)
    assert queries.working_days_between(date(2022, 9, 29), date(2022, 10, 9)) == 3
    assert queries.add_working_days(date(2022, 10, 9), -3) == date(2022, 9, 29)


def test_a_claim_on_the_last_day_of_an_unannounced_year_does_not_stop_the_clock(db):
    assert services.seed(years=[2031, 1999]) == 0
    assert queries.due_on(date(2031, 12, 31)) == date(2032, 1, 5)


def test_seeding_twice_changes_nothing_and_keeps_what_somebody_set(seeded):
    CalendarDay.objects.filter(day=date(2022, 10, 8)).update(is_working=False, note="本市停工")
    assert services.seed(years=[2022]) == 0
    assert not queries.is_working(date(2022, 10, 8))


def test_the_table_says_why(seeded):
    notes = dict(CalendarDay.objects.values_list("day", "note"))
    assert notes[date(2022, 10, 3)] == "国庆节"
    assert notes[date(2022, 10, 8)] == "国庆节调休上班"
    assert date(2022, 7, 13) not in notes


@pytest.mark.parametrize(
    ("now", "left"),
    [
        (at(13, 9), 8 * 4),  # Wednesday 9:00 until Monday 17:00
        (at(13, 7), 8 * 4),  # before the doors open
        (at(13, 20), 8 * 3),  # after they closed
        (at(16, 12), 8),  # Saturday
        (at(18, 14, 20), 2),  # 2 h 40 min: never more than there is
        (at(18, 16, 30), 0),
        (at(18, 17), 0),
        (at(18, 17, 1), -1),  # overdue is never 0
        (at(18, 23), -1),
        (at(19, 10, 30), -2),
        (at(20, 9), -8),
    ],
)
def test_working_hours_left_until_monday_evening(now, left):
    assert PLAIN.hours_left(now, date(2022, 7, 18)) == left


def test_an_instant_of_another_zone_is_the_same_instant():
    assert PLAIN.hours_left(at(18, 14).astimezone(UTC), date(2022, 7, 18)) == 3


def test_an_urgent_claim_reported_on_a_saturday_is_worked_on_that_saturday():
    assert PLAIN.hours_left(at(16, 10), date(2022, 7, 16), is_urgent=True) == 7
    assert PLAIN.hours_left(at(16, 10), date(2022, 7, 16)) == 0
    assert PLAIN.hours_left(at(16, 18), date(2022, 7, 16), is_urgent=True) == -1


@given(day=days, count=st.integers(1, 40), differing=st.dictionaries(days, st.booleans(), max_size=60))
def test_counting_forth_and_between_agree(day, count, differing):
    calendar = Calendar(differing)
    later = calendar.add_working_days(day, count)
    assert calendar.is_working(later)
    assert calendar.working_days_between(day, later) == count
    assert calendar.working_days_between(later, day) == -count
    assert calendar.add_working_days(day, 0) == day


@given(day=days, minutes=st.integers(0, 60 * 24 * 9))
def test_waiting_never_gives_hours_back(day, minutes):
    due = PLAIN.due_on(day)
    first = datetime.combine(day, datetime.min.time(), CHINA)
    later = first + timedelta(minutes=minutes)
    assert PLAIN.hours_left(later, due) <= PLAIN.hours_left(first, due)


def test_one_query_serves_a_whole_queue(seeded, django_assert_num_queries):
    with django_assert_num_queries(1):
        calendar = queries.calendar()
        for day in range(1, 29):
            calendar.hours_left(at(13, 9), date(2022, 7, day))
    assert queries.hours_left(at(13, 9), date(2022, 7, 18)) == 32
