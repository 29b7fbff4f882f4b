"""Ways of sharing a fee: who may set them, from which day they hold, what they inherit, what they never change."""

from datetime import date

import pytest

from factories.contributions import a_split, an_accepted_roster
from factories.enrolment import UPLOADED_AT, some_workers
from factories.organisations import a_county, an_employer
from factories.schemes import the_inpatient_scheme
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.contributions import queries, terms
from huzhu.contributions.models import Share, SplitRule, SplitTerms
from huzhu.contributions.splits import Rule, SplitOverFee
from huzhu.schemes.models import SchemeEdition
from huzhu.users.permissions import NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
SLUG = "yichun-120"
DAY = date(2022, 3, 1)


@pytest.fixture
def employer(group):
    return an_employer(group)


@pytest.fixture(autouse=True)
def inpatient():
    return the_inpatient_scheme()


def payers(place, day=DAY):
    """Name and amount for one person of the 120 yuan."""
    return [
        (part.payer_name, part.amount_fen)
        for part in queries.parts_of(queries.terms_for(place, SLUG, day), 12_000)
    ]


# ── who may not ─────────────────────────────────────────────────────────────────────────────────────


def test_an_employers_clerk_sets_no_split(employer):
    clerk = a_role("employer_clerk", employer)
    with pytest.raises(NotAllowed):
        a_split(employer, by=clerk)
    with pytest.raises(NotAllowed):
        terms.inherit(employer=employer, scheme_slug=SLUG, valid_from=DAY, by=clerk, at=UPLOADED_AT)
    assert not SplitTerms.objects.exists()
    assert queries.terms_visible_to(clerk, DAY) == []


def test_a_county_sets_no_split_outside_its_branch(employer, city, agency):
    county = a_role("county_clerk", a_county(city))
    with pytest.raises(NotAllowed):
        a_split(employer, by=county)
    a_split(employer, by=agency)
    assert queries.terms_visible_to(county, DAY) == []
    assert len(queries.terms_visible_to(agency, DAY)) == 1


# ── what does not hold together ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "fields",
    [
        {"payer": "worker"},
        {"payer": "nobody"},
        {"basis": "shares"},
        {"basis_points": 10_001},
        {"basis_points": 0},
        {"basis_points": 5000, "fixed_fen": 100},
        {"basis": "fixed", "basis_points": 0, "fixed_fen": -1},
        {"least_own_fen": -1},
        {"payer": "upper_union"},  # which one?
        {"payer": "sponsor", "payer_name": "  "},
    ],
)
def test_a_rule_that_does_not_hold_together_is_refused(employer, agency, fields):
    with pytest.raises(terms.SplitRefused):
        a_split(employer, by=agency, **fields)
    assert not SplitTerms.objects.exists()


def test_the_same_payer_twice_is_refused(employer, agency):
    twice = [Rule("upper_union", "省总工会", "fixed", fixed_fen=100)] * 2
    with pytest.raises(terms.SplitRefused, match="写了两次"):
        terms.set_split(
            employer=employer, scheme_slug=SLUG, rules=twice, valid_from=DAY, by=agency, at=UPLOADED_AT
        )


def test_payers_together_never_pay_more_than_the_fee(employer, agency):
    a_split(employer, by=agency)
    with pytest.raises(SplitOverFee):
        a_split(employer, by=agency, payer="sponsor", payer_name="好心人")
    assert SplitRule.objects.count() == 1
    with pytest.raises(SplitOverFee, match="至少缴"):
        a_split(employer, by=agency, least_own_fen=12_001)


# ── whose terms hold, and when ──────────────────────────────────────────────────────────────────────


def test_terms_that_individuals_follow_fit_their_lower_fee(employer, city, agency, monkeypatch):
    lower = {"group": 12_000, "platform": 12_000, "individual": 4_000}
    monkeypatch.setattr(SchemeEdition, "fee_for", lambda _, way: lower[way])
    fixed = {"basis": "fixed", "basis_points": 0, "fixed_fen": 6_000}
    a_split(employer, by=agency, **fixed)  # nobody comes alone there
    with pytest.raises(SplitOverFee, match=r"40\.00"):
        a_split(city, by=agency, payer="upper_union", **fixed)


def test_the_nearest_terms_win_and_can_be_given_up_again(group, employer, agency):
    assert payers(employer) == [("职工", 12_000)]
    a_split(group, by=agency, payer="upper_union", payer_name="森工集团工会")
    assert payers(employer) == [("森工集团工会", 9_000), ("职工", 3_000)]
    a_split(employer, by=agency, basis="fixed", basis_points=0, fixed_fen=3000)
    assert payers(employer) == [(employer.name, 3_000), ("职工", 9_000)]
    assert queries.terms_above(employer, SLUG, DAY).employer == group
    terms.inherit(employer=employer, scheme_slug=SLUG, valid_from=DAY, by=agency, at=UPLOADED_AT)
    assert payers(employer) == [("森工集团工会", 9_000), ("职工", 3_000)]
    assert payers(employer, date(2022, 2, 28)) == [(employer.name, 3_000), ("职工", 9_000)]
    assert [one.inherits for one in queries.history_of(employer, SLUG)] == [True, False]
    assert queries.terms_for(employer, "yichun-women", DAY) is None


def test_an_employer_may_leave_all_to_the_worker_although_the_group_pays(group, employer, agency):
    a_split(group, by=agency)
    terms.set_split(employer=employer, scheme_slug=SLUG, rules=[], valid_from=DAY, by=agency, at=UPLOADED_AT)
    assert payers(employer) == [("职工", 12_000)]


def test_the_group_that_pays_is_named(group, agency):
    assert a_split(group, by=agency, payer="upper_union").rules.get().payer_name == group.name


def test_terms_of_a_later_day_take_over_on_that_day_even_when_set_first(employer, agency):
    a_split(employer, by=agency, basis_points=5_000, valid_from=date(2023, 1, 1))
    a_split(employer, by=agency, basis_points=7_500, valid_from=date(2022, 1, 1))
    a_split(employer, by=agency, basis_points=2_500, valid_from=date(2022, 1, 1))  # corrected
    assert payers(employer, date(2021, 12, 31)) == [("职工", 12_000)]
    assert payers(employer, date(2022, 12, 31))[0][1] == 3_000
    assert payers(employer, date(2023, 1, 1))[0][1] == 6_000
    assert Event.objects.filter(verb="contributions.split").count() == 3


def test_a_change_acts_on_rosters_that_start_later_and_leaves_dues_as_they_are(employer, agency):
    clerk = a_role("employer_clerk", employer)
    edition = the_inpatient_scheme()
    a_split(employer, by=agency, valid_from=date(2022, 1, 1))
    first = an_accepted_roster(employer, [edition], some_workers(2), by=clerk)
    a_split(employer, by=agency, basis_points=5_000, valid_from=DAY)
    second = an_accepted_roster(employer, [edition], some_workers(2), by=clerk)
    third = an_accepted_roster(employer, [edition], some_workers(2), by=clerk, starts_on=DAY)

    def owed(roster):
        return list(
            Share.objects.filter(due__roster=roster).order_by("pk").values_list("amount_fen", flat=True)
        )

    assert [owed(one) for one in (first, second, third)] == [
        [18_000, 6_000],
        [18_000, 6_000],
        [12_000, 12_000],
    ]


def test_two_unions_above_are_two_payers_of_a_due(employer, agency):
    rules = [
        Rule("upper_union", "省教育工会", "fixed", fixed_fen=1_500),
        Rule("upper_union", "市总工会", "fixed", fixed_fen=1_000),
    ]
    terms.set_split(
        employer=employer, scheme_slug=SLUG, rules=rules, valid_from=DAY, by=agency, at=UPLOADED_AT
    )
    clerk = a_role("employer_clerk", employer)
    roster = an_accepted_roster(employer, [the_inpatient_scheme()], some_workers(2), by=clerk, starts_on=DAY)
    shares = Share.objects.filter(due__roster=roster).order_by("pk").values_list("payer_name", "amount_fen")
    assert list(shares) == [("省教育工会", 3_000), ("市总工会", 2_000), ("职工", 19_000)]
