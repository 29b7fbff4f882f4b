"""The leader's figures against what can be counted by hand."""

from datetime import UTC, date, datetime

import pytest

from factories.clawing import LARGE, LEAST, balance
from factories.contributions import a_receipt, a_split, all_paid, an_accepted_roster
from factories.enrolment import an_enrolment, some_workers
from factories.members import a_member
from factories.organisations import a_city, a_county, a_group, an_employer
from factories.payouts import Desk, a_payout, an_answered
from factories.schemes import the_inpatient_scheme, the_women_scheme
from factories.users import a_role
from huzhu.contributions.models import Share
from huzhu.insight import figures, people, waiting
from huzhu.outreach.queries import progress
from huzhu.setup import tree

JULY, MARCH = date(2022, 7, 13), date(2023, 3, 1)
CLOSED_AT = datetime(2023, 3, 1, tzinfo=UTC)
NEXT_STAY = {"admitted_on": date(2022, 7, 11), "discharged_on": date(2022, 7, 12)}


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


# ── sums of people: each once ───────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_rows_count_a_worker_of_two_employers_once_as_the_page_does_that_they_open_to():
    city = a_city()
    county = a_county(city)
    first = an_employer(county, sector="county", staff_count=1, name="一中")
    second = an_employer(county, sector="county", name="二中")
    member = a_member(employer=first)
    an_enrolment(member, the_inpatient_scheme())
    member.employer = second
    member.save()
    an_enrolment(member, the_women_scheme())
    by = a_role("leader", city)
    found = figures.figures(by, JULY).lines
    opened = figures.figures_of(county, JULY)
    for row in (*figures.by_place(found, by), *figures.by_sector(found)):
        assert (row.enrolled, row.coverage) == (opened.enrolled, opened.coverage) == (1, "100.00%")


@pytest.mark.django_db
def test_rows_count_whoever_was_helped_at_two_employers_once(office, place, wang):
    office.paid(wang)
    wang.employer = an_employer(wang.employer.parent, name="乌马河林业局公司")
    wang.save()
    office.paid(wang, number=2, **NEXT_STAY)
    by = a_role("leader", place.city)
    found = figures.figures(by, JULY)
    [row] = figures.by_place(found.lines, by)
    assert [line.helped for line in found.lines] == [1, 1]
    assert row.helped == found.helped == figures.figures_of(wang.employer.parent, JULY).helped == 1


@pytest.mark.django_db
def test_the_statements_are_as_many_for_ten_employers_as_for_one(django_assert_num_queries):
    city = a_city()
    by = a_role("leader", city)
    for count in (1, 9):
        for at in range(count):
            employer = an_employer(a_county(city), sector="county", name=f"第 {at} 中学")
            an_enrolment(a_member(employer=employer), the_inpatient_scheme())
        with django_assert_num_queries(12):
            figures.by_place(figures.figures(by, JULY).lines, by)


@pytest.mark.django_db
def test_an_employer_with_employers_below_counts_them_in_its_row_as_on_its_page():
    city = a_city()
    above = an_employer(a_group(city), staff_count=10)
    below = an_employer(above, staff_count=5, name="美溪经营所")
    an_enrolment(a_member(employer=below), the_inpatient_scheme())
    found = figures.figures(a_role("leader", city), JULY)
    first, second = figures.by_employer(found.lines)
    opened = figures.figures_of(above, JULY)
    assert (second.name, second.note, second.staff, second.enrolled) == (above.name, "含下属 1 家", 15, 1)
    assert (opened.staff, opened.enrolled) == (15, 1)
    assert (first.name, first.note, first.staff) == (below.name, "", 5)
    assert found.staff == 15


@pytest.mark.django_db
def test_individuals_stand_apart_from_a_staff_of_which_they_are_no_part():
    city = a_city()
    worker = a_member(employer=an_employer(city, sector="municipal", staff_count=2))
    an_enrolment(worker, the_inpatient_scheme())
    holder = an_employer(city, sector="flexible", name="个人参加者")
    an_enrolment(a_member("王小明", employer=holder), the_inpatient_scheme())
    worker.employer = holder  # a worker who joins alone as well is a worker
    worker.save()
    an_enrolment(worker, the_women_scheme())
    found = figures.figures_of(city, JULY)
    assert (found.coverage, found.enrolled, found.individuals, found.employers) == ("50.00%", 1, 1, 1)
    alone = next(row for row in figures.by_sector(found.lines) if row.name == "灵活就业")
    assert (alone.coverage, alone.enrolled, alone.individuals) == ("—", 0, 2)


# ── money stays, and is what the books say ──────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_money_of_an_employer_that_was_closed_stays_and_its_staff_does_not():
    desk = Desk()
    desk.employer.staff_count = 7
    desk.employer.save()
    an_answered(desk, a_payout(desk, 171_400))
    tree.close(place=desk.employer, by=a_role("administrator", desk.province), at=CLOSED_AT)
    found = figures.figures_of(desk.city, MARCH)
    opens = sum(one.amount_fen for one in figures.payments(desk.city))
    assert (found.helped, found.paid_fen) == (1, opens) == (1, 171_400)
    assert (found.employers, found.staff) == (0, 0)
    assert [line.note for line in found.lines] == ["已停用"]


@pytest.mark.django_db
def test_an_employer_that_was_closed_with_nothing_is_no_row():
    city = a_city()
    empty = an_employer(city, sector="municipal")
    tree.close(place=empty, by=a_role("administrator", city), at=CLOSED_AT)
    assert figures.figures_of(city, MARCH).lines == []


@pytest.mark.django_db
def test_money_of_individuals_stays_when_their_cover_has_ended():
    desk = Desk()
    desk.employer = an_employer(desk.city, sector="flexible", name="个人参加者")
    an_answered(desk, a_payout(desk, 171_400))
    for day in (JULY, MARCH):
        found = figures.figures_of(desk.city, day)
        assert (found.helped, found.paid_fen) == (1, 171_400)


@pytest.mark.django_db
def test_fees_of_an_employer_that_was_closed_are_those_of_the_target(place):
    agency = place.agency()
    employer = an_employer(place.city, sector="municipal", name="将停用的单位")
    all_paid(an_accepted_roster(employer, [the_inpatient_scheme()], some_workers(2), by=agency), by=agency)
    before = figures.figures_of(place.city, JULY).fees_fen
    tree.close(place=employer, by=a_role("administrator", place.province), at=CLOSED_AT)
    leader = a_role("leader", place.city)
    [target] = [one.amount_fen for one in progress(leader, 2022) if one.organisation == place.city]
    assert figures.figures(leader, MARCH).fees_fen == target == before > 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("anew", "helped", "fen"), [(None, 0, 0), (LEAST, 1, 60_000), (LARGE, 1, 240_000)], ids=str
)
def test_who_was_helped_and_with_how_much_is_what_the_books_say_after_a_correction(
    anew, helped, fen, office, place, wang
):
    office.corrected(office.paid(wang).claim, anew)
    if office.scheduled():
        office.answered(office.sent())
    found = figures.figures_of(place.city, JULY)
    assert (found.helped, found.paid_fen) == (helped, fen)
    assert balance("5001") == fen


@pytest.mark.django_db
def test_what_was_kept_against_a_debt_is_help_as_the_books_say(office, place, wang):
    office.corrected(office.paid(wang).claim)
    office.scheduled()
    office.decided(wang, LEAST, number=2, **NEXT_STAY)
    office.scheduled()
    found = figures.figures_of(place.city, JULY)
    assert (found.helped, found.paid_fen) == (1, 60_000)
    assert balance("5001") == 60_000
