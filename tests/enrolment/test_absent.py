"""去年参加、今年没有: counted for the roster as a whole, whoever it is that is missing."""

from datetime import timedelta

import pytest

from factories.enrolment import START, UPLOADED_AT, a_staged_roster, an_enrolment, some_workers
from factories.members import a_member
from factories.organisations import a_city, an_employer
from factories.schemes import the_inpatient_scheme, the_women_scheme
from factories.users import a_role
from huzhu.core.periods import a_year_after
from huzhu.enrolment import services
from huzhu.enrolment.expiring import absent, last_covers

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
NEXT = a_year_after(START)


@pytest.fixture
def employer():
    return an_employer(a_city())


@pytest.fixture
def clerk(employer):
    return a_role("employer_clerk", employer)


def covered(employer, name, starts_on=START):
    member = a_member(name, employer=employer)
    an_enrolment(member, the_inpatient_scheme(), starts_on=starts_on)
    return member


def this_year(employer, clerk, *people):
    rows = [(one.name, one.id_number, "") for one in people] + some_workers(1)
    at = UPLOADED_AT + timedelta(days=360)
    return a_staged_roster(employer, [the_inpatient_scheme()], rows, by=clerk, starts_on=NEXT, at=at)


def names(roster, by):
    return [one.name for one in absent(roster, by)]


def test_who_sees_nobody_counts_nobody(employer, clerk):
    covered(employer, "王小明")
    roster = this_year(employer, clerk)
    assert names(roster, a_role("leader", employer.parent)) == []
    assert names(roster, a_role("employer_clerk", an_employer(a_city()))) == []


def test_whoever_is_missing_is_counted_once_with_their_last_cover(employer, clerk):
    liu, wang = covered(employer, "刘女士"), covered(employer, "王小明")
    an_enrolment(wang, the_women_scheme())
    roster = this_year(employer, clerk, liu)
    assert names(roster, clerk) == ["王小明"]
    assert len(last_covers([wang], roster)[wang.pk]) == 2


def test_who_is_covered_on_elsewhere_or_long_gone_is_not_missing(employer, clerk):
    covered(employer, "早年的人", starts_on=START - timedelta(days=800))
    on = covered(employer, "已续保的人")
    on.employer = an_employer(employer.parent, name="铁力林业局公司")
    on.save(update_fields=["employer"])
    an_enrolment(on, the_inpatient_scheme(), starts_on=NEXT)
    assert names(this_year(employer, clerk), clerk) == []


def test_a_mended_number_takes_its_bearer_off_the_list_and_a_wrong_one_puts_them_on(employer, clerk):
    wang = covered(employer, "王小明")
    roster = this_year(employer, clerk, wang)
    assert names(roster, clerk) == []
    row = roster.rows.get(member=wang)
    change = {str(row.pk): {"id_number": some_workers(1)[0][1]}}
    services.mend(roster=roster, changes=change, by=clerk, at=UPLOADED_AT)
    assert names(roster, clerk) == ["王小明"]
    change = {str(row.pk): {"id_number": wang.id_number}}
    services.mend(roster=roster, changes=change, by=clerk, at=UPLOADED_AT)
    assert names(roster, clerk) == []


def test_a_supplement_in_mid_year_misses_nobody(employer, clerk):
    covered(employer, "王小明")
    day = START + timedelta(days=100)
    late = a_staged_roster(
        employer,
        [the_inpatient_scheme()],
        some_workers(1),
        by=clerk,
        starts_on=day,
        at=UPLOADED_AT + timedelta(days=90),
    )
    assert names(late, clerk) == []
