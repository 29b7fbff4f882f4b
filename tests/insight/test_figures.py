"""The leader's figures against what can be counted by hand."""

from datetime import date

import pytest

from factories.contributions import a_receipt, a_split, an_accepted_roster
from factories.enrolment import an_enrolment, some_workers
from factories.members import a_member
from factories.organisations import a_city, a_county, a_group, an_employer
from factories.payouts import Desk, a_payout, an_answered
from factories.schemes import the_inpatient_scheme, the_women_scheme
from factories.users import a_role
from huzhu.contributions.models import Share
from huzhu.insight import figures, people, waiting

JULY = date(2022, 7, 13)


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (23_076, 133_000, "17.35%"),
        (12_400, 24_000, "51.67%"),
        (0, 10, "0.00%"),
        (1, 8, "12.50%"),
        (5, 0, "0.00%"),
        (10, 10, "100.00%"),
    ],
)
def test_a_percentage_to_a_hundredth(part, whole, said):
    assert figures.percent(part, whole) == said


@pytest.mark.django_db
def test_a_worker_with_two_schemes_counts_once():
    member = a_member(employer=an_employer(staff_count=4))
    an_enrolment(member, the_inpatient_scheme())
    an_enrolment(member, the_women_scheme())
    found = figures.figures_of(member.employer, JULY)
    assert (found.enrolled, found.staff, found.coverage) == (1, 4, "25.00%")


@pytest.mark.django_db
def test_a_worker_who_moved_counts_once_in_the_city_and_at_both_employers():
    city = a_city()
    first, second = (
        an_employer(city, sector="municipal"),
        an_employer(city, sector="enterprise", name="热力公司"),
    )
    member = a_member(employer=first)
    an_enrolment(member, the_inpatient_scheme())
    member.employer = second
    member.save()
    an_enrolment(member, the_women_scheme())
    found = figures.figures_of(city, JULY)
    assert found.enrolled == 1
    assert sorted(line.enrolled for line in found.lines) == [1, 1]


@pytest.mark.django_db
def test_only_cover_in_force_on_the_day_counts():
    member = a_member()
    an_enrolment(member, the_inpatient_scheme(), state="awaiting")
    other = a_member("王小明", employer=member.employer, sex="male")
    an_enrolment(other, the_inpatient_scheme(), starts_on=date(2022, 7, 13))
    assert figures.figures_of(member.employer, JULY).enrolled == 1
    assert figures.figures_of(member.employer, date(2022, 7, 12)).enrolled == 0
    assert figures.figures_of(member.employer, date(2023, 7, 13)).enrolled == 0


@pytest.mark.django_db
def test_money_in_is_what_was_received_not_what_is_due():
    city = a_city()
    employer, agency = an_employer(a_group(city)), a_role("agency_clerk", city)
    a_split(employer, by=agency)
    roster = an_accepted_roster(employer, [the_inpatient_scheme()], some_workers(2), by=agency)
    a_receipt(Share.objects.get(due__roster=roster, payer="employer"), by=agency)
    assert figures.figures_of(city, JULY).fees_fen == 18_000


@pytest.mark.django_db
def test_people_helped_and_money_out_are_what_arrived():
    desk = Desk()
    a_payout(desk, name="王小明")  # scheduled, not paid
    an_answered(desk, a_payout(desk, 171_400))
    found = figures.figures_of(desk.city, JULY)
    assert (found.helped, found.paid_fen) == (1, 171_400)
    assert found.mean_days == "1.0"


@pytest.mark.django_db
def test_nothing_paid_has_no_mean():
    assert figures.figures_of(a_city(), JULY).mean_days == "—"


@pytest.mark.django_db
def test_places_add_up_to_the_city_and_the_best_covered_stands_first():
    city = a_city()
    here = an_employer(a_group(city), staff_count=10)
    there = an_employer(a_county(city), sector="county", staff_count=10, name="铁力市第一中学")
    an_employer(city, sector="municipal", staff_count=5, name="伊春市图书馆")
    for employer, count in ((here, 3), (there, 1)):
        for _ in range(count):
            an_enrolment(a_member(employer=employer), the_inpatient_scheme())
    by = a_role("leader", city)
    found = figures.figures(by, JULY)
    places = figures.by_place(found.lines, by)
    assert [line.name for line in places] == ["伊春森工集团工会", "铁力市总工会", figures.DIRECT]
    assert sum(line.staff for line in places) == found.staff == 25
    assert sum(line.enrolled for line in places) == found.enrolled == 4
    assert [line.name for line in figures.direct(found.lines, by)] == ["伊春市图书馆"]
    assert {line.name for line in figures.by_sector(found.lines)} == {"森工", "县区单位", "市直单位"}


@pytest.mark.django_db
def test_real_people_are_noticed():
    assert not people.are_real()
    member = a_member()
    assert not people.are_real()
    type(member).objects.update(is_synthetic=False)
    assert people.are_real()


@pytest.mark.django_db
def test_cover_that_ends_within_sixty_days_is_told_by_day():
    employer = an_employer()
    clerk = a_role("employer_clerk", employer)
    an_enrolment(a_member(employer=employer), the_inpatient_scheme())
    an_enrolment(a_member(employer=employer), the_inpatient_scheme(), starts_on=date(2022, 3, 1))
    found = waiting.covered(clerk, date(2022, 11, 30))
    assert [(one.ends_on, one.people, one.days) for one in found.expiring] == [(date(2023, 1, 28), 1, 59)]
