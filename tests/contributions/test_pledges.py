"""Pledges: who may know the sponsor, whom they pay for, and that the shares of a due still sum to the fee."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories.contributions import a_split, all_paid, an_accepted_roster
from factories.enrolment import START, UPLOADED_AT, a_staged_roster, some_workers
from factories.organisations import a_county, an_employer
from factories.schemes import the_inpatient_scheme, the_women_scheme
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.audit.services import SYSTEM
from huzhu.contributions import pledges, queries, sponsors
from huzhu.contributions.models import Gift, Pledge, Share
from huzhu.contributions.splits import Part, Promise, gifts, sponsored
from huzhu.members import hardship
from huzhu.members import services as members
from huzhu.members.models import Member
from huzhu.members.queries import by_numbers
from huzhu.users.permissions import NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]


@pytest.fixture
def employer(county):
    return an_employer(county)


def registered(employer, rows):
    """The people of the rows, known before they join."""
    from huzhu.core.identity import Identity  # noqa: PLC0415

    people = [members.Person(Identity.read(number), name, phone) for name, number, phone in rows]
    members.register_all(people=people, employer=employer, by=SYSTEM, at=UPLOADED_AT)
    return [by_numbers([number])[number] for _, number, _ in rows]


def a_pledge(*, by, at=UPLOADED_AT, **terms):
    told = {"sponsor_name": "王包联", "sponsor_kind": "person", "is_named": False, "from_year": 2022}
    return pledges.pledge(by=by, at=at, **told | terms)


def shares(roster):
    found = Share.objects.filter(due__roster=roster).order_by("pk")
    return list(found.values_list("payer", "payer_name", "amount_fen"))


# ── who may not ─────────────────────────────────────────────────────────────────────────────────────


def test_only_agency_and_county_keep_pledges_of_their_branch(city, employer, clerk):
    for stranger in (clerk, a_role("cadre", city), a_role("county_clerk", a_county(city)), a_role("auditor")):
        with pytest.raises(NotAllowed):
            a_pledge(by=stranger, place=employer)
    assert not Pledge.objects.exists()


def test_the_sponsor_is_known_to_agency_and_cadre_only(city, county, employer, clerk, agency):
    keeper = a_role("county_clerk", county)
    held = a_pledge(by=agency, place=employer)
    assert sponsors.sponsor_for(agency, held) == "王包联"
    assert sponsors.sponsor_for(a_role("cadre", county), held) == "王包联"
    assert sponsors.sponsor_for(keeper, held) == "爱心资助"
    assert sponsors.sponsor_for(keeper, a_pledge(by=keeper, place=employer, sponsor_name="李某")) == "李某"
    for stranger in (clerk, a_role("auditor"), a_role("cadre", a_county(city))):
        assert not sponsors.visible_to(stranger).exists()
    assert sponsors.sponsor_for(keeper, a_pledge(by=agency, place=county, is_named=True)) == "王包联"
    assert "王包联" not in str([(one.object_name, one.detail) for one in Event.objects.all()])


def test_a_pledge_of_another_branch_is_not_taken_back(city, employer, agency):
    held = a_pledge(by=agency, place=employer)
    with pytest.raises(NotAllowed):
        pledges.withdraw(held=held, reason="x", by=a_role("county_clerk", a_county(city)), at=UPLOADED_AT)
    assert Pledge.objects.get().withdrawn_at is None


# ── what does not fit ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "terms",
    [
        {"sponsor_name": " "},
        {"sponsor_kind": "x"},
        {"fixed_fen": 0},
        {"fixed_fen": 10**12},
        {"from_year": 2019},
        {"from_year": 2099},
        {"place": None},
    ],
)
def test_a_pledge_that_says_too_little_is_refused(employer, agency, terms):
    with pytest.raises(pledges.PledgeRefused):
        a_pledge(by=agency, **{"place": employer} | terms)
    assert not Pledge.objects.exists()


def test_the_same_pledge_twice_and_a_withdrawal_twice_are_refused(employer, agency):
    held = a_pledge(by=agency, place=employer)
    with pytest.raises(pledges.PledgeRefused, match="已经登记过"):
        a_pledge(by=agency, place=employer)
    with pytest.raises(pledges.PledgeRefused, match="没有写撤回的原因"):
        pledges.withdraw(held=held, reason=" ", by=agency, at=UPLOADED_AT)
    pledges.withdraw(held=held, reason="退休了", by=agency, at=UPLOADED_AT)
    with pytest.raises(pledges.PledgeRefused, match="已经撤回过"):
        pledges.withdraw(held=held, reason="退休了", by=agency, at=UPLOADED_AT)


# ── on a roster ─────────────────────────────────────────────────────────────────────────────────────


def test_one_workers_part_becomes_the_sponsors(employer, clerk, agency):
    a_split(employer, by=agency)
    rows = some_workers(3)
    [liu] = registered(employer, rows[:1])
    held = a_pledge(by=agency, member=liu)
    told = queries.plans(a_staged_roster(employer, [the_inpatient_scheme()], rows, by=clerk))
    assert told[0].said == "美溪林业局公司 270.00 元，爱心资助 30.00 元，职工 60.00 元"
    roster = an_accepted_roster(
        employer, [the_inpatient_scheme()], [*rows], by=clerk, starts_on=date(2022, 1, 29)
    )
    # 3 × 120 = 360 = 270 + 30 + 60
    assert shares(roster) == [
        ("employer", "美溪林业局公司", 27_000),
        ("sponsor", "爱心资助", 3_000),
        ("worker", "职工", 6_000),
    ]
    gift = Gift.objects.get()
    assert (gift.enrolment.member, gift.amount_fen) == (liu, 3_000)
    assert sponsors.gifts_of([gift.enrolment]) == {gift.enrolment_id: "爱心资助"}
    assert sponsors.sums_of([held]) == {held.pk: (3_000, 0)}
    all_paid(roster, by=agency)
    assert sponsors.sums_of([held]) == {held.pk: (3_000, 3_000)}
    assert set(roster.enrolments.values_list("state", flat=True)) == {"in_force"}


def test_all_in_hardship_of_a_place_and_nobody_else(county, employer, clerk, agency):
    rows = some_workers(4)
    poor = registered(employer, rows[:2])
    hardship.mark(members=poor, by=agency, at=UPLOADED_AT)
    a_pledge(by=agency, place=county, fixed_fen=5_000, is_named=True, sponsor_name="伊春慈善总会")
    roster = an_accepted_roster(employer, [the_inpatient_scheme()], rows, by=clerk)
    assert shares(roster) == [("sponsor", "伊春慈善总会", 10_000), ("worker", "职工", 38_000)]
    assert set(Gift.objects.values_list("enrolment__member", flat=True)) == {one.pk for one in poor}


def test_two_pledges_share_one_workers_part_the_personal_one_first(employer, clerk, agency):
    rows = some_workers(1)
    [liu] = registered(employer, rows)
    hardship.mark(members=[liu], by=agency, at=UPLOADED_AT)
    a_pledge(by=agency, place=employer, sponsor_name="慈善总会", is_named=True)
    a_pledge(by=agency, member=liu, fixed_fen=5_000)
    roster = an_accepted_roster(employer, [the_inpatient_scheme()], rows, by=clerk)
    assert shares(roster) == [("sponsor", "爱心资助", 5_000), ("sponsor", "慈善总会", 7_000)]


def test_only_the_schemes_that_a_worker_joins_and_only_from_the_year(employer, clerk, agency):
    rows = [*some_workers(1, sex="male"), *some_workers(1)]
    [he, _] = registered(employer, rows)
    a_pledge(by=agency, member=he, from_year=2023)
    both = [the_inpatient_scheme(), the_women_scheme()]
    early = an_accepted_roster(employer, both, rows, by=clerk)
    assert {payer for payer, *_ in shares(early)} == {"worker"}
    late = an_accepted_roster(employer, both, rows, by=clerk, starts_on=date(2023, 1, 28))
    assert shares(late) == [
        ("sponsor", "爱心资助", 12_000),
        ("worker", "职工", 12_000),
        ("worker", "职工", 2_500),
    ]


def test_a_pledge_taken_back_pays_no_later_roster_and_leaves_what_is_due(employer, clerk, agency):
    rows = some_workers(1)
    [liu] = registered(employer, rows)
    held = a_pledge(by=agency, member=liu)
    first = an_accepted_roster(employer, [the_inpatient_scheme()], rows, by=clerk)
    pledges.withdraw(held=held, reason="资助人调走了", by=agency, at=UPLOADED_AT)
    second = an_accepted_roster(
        employer, [the_inpatient_scheme()], rows, by=clerk, starts_on=START.replace(year=2023)
    )
    assert [one[0] for one in (*shares(first), *shares(second))] == ["sponsor", "worker"]


def test_where_the_employer_pays_all_there_is_nothing_to_give(employer, clerk, agency):
    rows = some_workers(1)
    [liu] = registered(employer, rows)
    a_split(employer, by=agency, basis_points=10_000)
    a_pledge(by=agency, member=liu)
    roster = an_accepted_roster(employer, [the_inpatient_scheme()], rows, by=clerk)
    assert [one[0] for one in shares(roster)] == ["employer"]


def test_who_is_to_be_reminded_before_the_renewal(county, employer, clerk, agency):
    rows = some_workers(1)
    [liu] = registered(employer, rows)
    held = a_pledge(by=agency, member=liu)
    all_paid(an_accepted_roster(employer, [the_inpatient_scheme()], rows, by=clerk), by=agency)
    cadre = a_role("cadre", county)
    assert sponsors.to_renew(cadre, date(2022, 11, 28)) == []
    [(gift, sponsor)] = sponsors.to_renew(cadre, date(2022, 11, 29))  # 60 days before 2023-01-28
    assert (gift.enrolment.member, sponsor) == (Member.objects.get(), "王包联")
    assert sponsors.to_renew(clerk, date(2022, 11, 29)) == []
    pledges.withdraw(held=held, reason="x", by=agency, at=UPLOADED_AT)
    assert sponsors.to_renew(cadre, date(2022, 11, 29)) == []


# ── arithmetic ──────────────────────────────────────────────────────────────────────────────────────

PROMISES = st.builds(
    Promise, st.integers(1, 5), st.just("爱心资助"), st.one_of(st.none(), st.integers(1, 20_000))
)


@given(
    st.integers(0, 20_000),
    st.integers(0, 20_000),
    st.lists(st.lists(PROMISES, max_size=3, unique=True), max_size=6),
    st.integers(0, 30),
)
def test_the_sum_stays_and_nobody_gives_more_than_the_workers_part(others, own, people, more):
    heads = len(people) + more
    parts = [Part("employer", "单位", others * heads), Part("worker", "职工", own * heads)]
    given_to = [gifts(own, promises) for promises in people]
    after = sponsored(parts, given_to)
    assert sum(part.amount_fen for part in after) == (others + own) * heads
    assert all(part.amount_fen >= 0 for part in after)
    for one in given_to:
        assert sum(one.values()) <= own
        assert all(fen <= (promise.most_fen or own) for promise, fen in one.items())


def test_each_year_of_a_pledge_says_what_was_due_what_came_and_what_is_short(employer, clerk, agency):
    [rows] = [some_workers(2)]
    registered(employer, rows)
    held = [a_pledge(by=agency, member=one) for one in by_numbers([row[1] for row in rows]).values()]
    first = an_accepted_roster(employer, [the_inpatient_scheme()], rows, by=clerk)
    all_paid(first, by=agency)
    an_accepted_roster(
        employer, [the_inpatient_scheme()], rows, by=clerk, starts_on=START.replace(year=START.year + 1)
    )
    found = [(one.year, one.people, one.due_fen, one.short_fen) for one in sponsors.years_of(held)]
    later, year = START.year + 1, START.year
    assert found == [(later, 1, 12_000, 12_000)] * 2 + [(year, 1, 12_000, 0)] * 2


def test_one_whom_somebody_pays_for_leaves_and_the_money_goes_back_by_who_paid(employer, clerk, agency):
    from huzhu.contributions.giving_back import pieces_of  # noqa: PLC0415

    rows = some_workers(3)
    registered(employer, rows)
    [sponsored_one] = by_numbers([rows[0][1]]).values()
    a_pledge(by=agency, member=sponsored_one, fixed_fen=5_000)
    roster = an_accepted_roster(employer, [the_inpatient_scheme()], rows, by=clerk)
    all_paid(roster, by=agency)
    given = {
        one.member_id == sponsored_one.pk: sorted(
            (piece.share.payer, piece.amount_fen) for piece in pieces_of(enrolment=one, at=UPLOADED_AT)
        )
        for one in roster.enrolments.all()
    }
    assert given == {True: [("sponsor", 5_000), ("worker", 7_000)], False: [("worker", 12_000)]}
