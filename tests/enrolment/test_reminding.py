"""Reminders before cover ends: once a step, not to those who went on or left."""

from datetime import UTC, date, datetime, timedelta

import pytest

from factories.enrolment import an_enrolment
from factories.members import a_member
from factories.organisations import an_employer
from factories.schemes import the_inpatient_scheme, the_women_scheme
from huzhu.enrolment import reminding
from huzhu.notices.models import Notice

pytestmark = pytest.mark.django_db
START, END = date(2022, 1, 28), date(2023, 1, 28)


def days_before(days):
    return datetime(2023, 1, 28, 2, tzinfo=UTC) - timedelta(days=days)


@pytest.fixture
def liu():
    member = a_member("刘女士", employer=an_employer())
    an_enrolment(member, the_inpatient_scheme(), starts_on=START)
    return member


def test_nobody_is_reminded_too_early_or_afterwards(liu):
    assert reminding.remind(at=days_before(61)) == 0
    assert reminding.remind(at=days_before(0)) == 0
    assert not Notice.objects.exists()


def test_three_steps_are_three_messages_however_often_it_runs(liu):
    an_enrolment(liu, the_women_scheme(), starts_on=START)
    sent = {days: reminding.remind(at=days_before(days)) for days in (60, 59, 31, 30, 29, 8, 7, 6, 1)}
    assert {days for days, count in sent.items() if count} == {60, 30, 7}
    assert sum(sent.values()) == Notice.objects.count() == 3  # both schemes in one message
    text = Notice.objects.first().text
    assert "2023-01-27" in text
    assert "美溪林业局公司工会报名续保" in text


def test_days_on_which_nothing_ran_are_made_up_for_once(liu):
    assert reminding.remind(at=days_before(20)) == 1
    assert reminding.remind(at=days_before(19)) == 0


def test_no_reminder_for_who_went_on_left_or_has_no_phone(liu):
    scheme = the_inpatient_scheme()
    an_enrolment(liu, scheme, starts_on=END, state="awaiting")
    retired = a_member("王小明", employer=liu.employer, leaving="retired", left_on=date(2022, 6, 1))
    silent = a_member("李四", employer=liu.employer, phone=None)
    for one in (retired, silent):
        an_enrolment(one, scheme, starts_on=START)
    assert reminding.remind(at=days_before(30)) == 0
