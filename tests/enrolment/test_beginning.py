"""Cover of a large roster begins when its money is in: all of it or none, whatever breaks off meanwhile."""

from datetime import timedelta

import pytest

from factories.contributions import all_paid, an_accepted_roster
from factories.enrolment import START, UPLOADED_AT, some_workers
from factories.schemes import the_inpatient_scheme, the_women_scheme
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.enrolment import beginning, queries
from huzhu.enrolment.models import Beginning, Enrolment

pytestmark = pytest.mark.django_db


class Power(BaseException):
    """Nothing that any except clause expects."""


@pytest.fixture(autouse=True)
def _small(settings, tmp_path, monkeypatch):
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr("huzhu.enrolment.services.AT_ONCE", 2)
    monkeypatch.setattr(beginning, "SLICE", 2)
    monkeypatch.setattr("huzhu.enrolment.slices.PAUSE_SECONDS", 0)


@pytest.fixture
def agency(employer):
    return a_role("agency_clerk", employer.parent)


def broken_off(monkeypatch, after):
    """The worker is killed after so many slices."""
    left = iter(range(after - 1))

    def pause():
        if next(left, None) is None:
            raise Power

    with monkeypatch.context() as patch:
        patch.setattr(beginning, "pause", pause)
        with pytest.raises(Power):
            beginning.begin_what_waits(at=UPLOADED_AT)


def in_force(employer):
    return Enrolment.objects.in_force().filter(employer=employer).count()


def test_nobody_is_in_force_before_everybody_is(employer, clerk, agency, monkeypatch):
    roster = an_accepted_roster(employer, [the_inpatient_scheme()], some_workers(5), by=clerk)
    all_paid(roster, by=agency)
    assert (in_force(employer), Beginning.objects.count()) == (0, 1)
    broken_off(monkeypatch, after=2)
    assert Enrolment.unready.filter(state="in_force").count() == 4
    assert in_force(employer) == 0
    someone = Enrolment.objects.filter(state="in_force").first()
    assert not queries.covering(someone.member, START + timedelta(days=30))
    assert not someone.is_in_force
    assert beginning.begin_what_waits(at=UPLOADED_AT) == 5
    assert (in_force(employer), Beginning.objects.count()) == (5, 0)
    assert Enrolment.objects.get(pk=someone.pk).is_in_force
    assert beginning.begin_what_waits(at=UPLOADED_AT) == 0
    begun = Event.objects.get(verb="rosters.begin_cover")
    assert (begun.actor_id, begun.detail["heads"]) == ("system", 5)


def test_one_scheme_that_begins_hides_no_other(employer, clerk, agency, monkeypatch):
    inpatient, women = the_inpatient_scheme(), the_women_scheme()
    roster = an_accepted_roster(employer, [inpatient], some_workers(3), by=clerk)
    all_paid(roster, by=agency)
    beginning.begin_what_waits(at=UPLOADED_AT)
    later = an_accepted_roster(employer, [women], some_workers(4), by=clerk)
    all_paid(later, by=agency)
    broken_off(monkeypatch, after=1)
    assert in_force(employer) == 3


def test_who_was_struck_meanwhile_stays_struck(employer, clerk, agency):
    roster = an_accepted_roster(employer, [the_inpatient_scheme()], some_workers(4), by=clerk)
    all_paid(roster, by=agency)
    one = Enrolment.objects.first()
    Enrolment.objects.filter(pk=one.pk).update(state="void")
    assert beginning.begin_what_waits(at=UPLOADED_AT) == 3
    assert Enrolment.objects.get(pk=one.pk).state == "void"


def test_a_small_roster_begins_with_its_money(employer, clerk, agency):
    roster = an_accepted_roster(employer, [the_inpatient_scheme()], some_workers(2), by=clerk)
    all_paid(roster, by=agency)
    assert (in_force(employer), Beginning.objects.count()) == (2, 0)
