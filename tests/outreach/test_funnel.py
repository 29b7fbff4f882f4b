"""The funnel against a plain recount, and targets against the money and heads that came in."""

from collections import Counter
from datetime import date
from random import Random

import pytest

from factories.contributions import all_paid, an_accepted_roster
from factories.enrolment import a_staged_roster, some_workers
from factories.organisations import a_city, a_county, an_employer
from factories.outreach import NOON, TODAY, an_entry
from factories.schemes import the_inpatient_scheme
from factories.users import a_role
from huzhu.contributions.models import Receipt
from huzhu.employers import services as records
from huzhu.employers.models import Stance
from huzhu.enrolment.models import Enrolment, Roster
from huzhu.outreach import queries, services
from huzhu.outreach.lines import lines
from huzhu.outreach.models import Visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def town():
    """Two counties with twelve units each, some of them visited, willing, listed, paid."""
    city = a_city()
    agency = a_role("agency_clerk", city)
    edition = the_inpatient_scheme()
    seed, units = Random(11), []  # noqa: S311  the same town every time
    for name in ("铁力市总工会", "嘉荫县总工会"):
        county = a_county(under=city, name=name)
        units += [an_employer(under=county, sector="county", staff_count=50) for _ in range(12)]
    for at, unit in enumerate(units):
        for _ in range(seed.randrange(3)):
            willing, cause = seed.choice((("yes", ""), ("waiting", "unaware"), ("no", "money"), ("", "")))
            owner = agency.user if at % 3 else None
            entry = an_entry(unit, willing=willing, cause=cause, owner=owner)
            services.log(entry=entry, by=agency, at=NOON)
        if at % 4 == 0:
            records.set_profile(employer=unit, industry="P", front="unit", by=agency, at=NOON)
        if at % 5 == 1:
            a_staged_roster(unit, [edition], some_workers(1), by=agency)
        if at % 5 == 2:
            all_paid(an_accepted_roster(unit, [edition], some_workers(2), by=agency), by=agency)
    services.undo(visit=Visit.objects.order_by("-pk").first(), by=agency, at=NOON)
    return agency, units


def recount(units):
    """Each employer's furthest step, straight from the tables."""
    found = Counter()
    for unit in units:
        if not Visit.objects.filter(employer=unit, undone_at=None).exists():
            continue
        newest = Stance.objects.filter(employer=unit).order_by("-pk").first()
        paid = Enrolment.objects.filter(
            employer=unit, state="in_force", cover_starts_on__lte=TODAY, cover_ends_on__gt=TODAY
        ).exists()
        listed = paid or Roster.objects.filter(employer=unit, state__in=("staged", "accepted")).exists()
        willing = listed or (newest is not None and newest.willing == "yes")
        found.update({"visited": 1, "willing": int(willing), "listed": int(listed), "paid": int(paid)})
    return found


def test_the_funnel_is_what_a_plain_recount_finds(town):
    agency, units = town
    found = queries.funnel(lines(agency, TODAY))
    wanted = recount(units)
    assert {stage: getattr(found, stage) for stage, _ in queries.STAGES} == dict(wanted)
    assert found.employers == 24
    assert 0 < found.paid < found.listed < found.willing < found.visited < 24


@pytest.mark.parametrize("way", [way for way, _ in queries.GROUPS])
def test_groups_add_up_to_the_whole(way, town):
    agency, _ = town
    every = lines(agency, TODAY)
    whole, groups = queries.funnel(every), queries.funnels(every, way)
    assert len(groups) == 2
    for stage in ("employers", *(stage for stage, _ in queries.STAGES)):
        assert sum(getattr(one, stage) for one in groups) == getattr(whole, stage)


def test_a_county_sees_its_own_part(town):
    _, units = town
    county = a_role("county_clerk", units[0].parent)
    found = queries.funnel(lines(county, TODAY))
    assert found.employers == 12
    assert found.visited == recount(units[:12])["visited"]


def test_progress_is_the_money_and_the_heads_of_the_year(town):
    agency, _ = town
    services.aim(organisation=agency.organisation, year=2022, amount_fen=480_00, heads=20, by=agency, at=NOON)
    city, *counties = queries.progress(agency, 2022)
    money = sum(Receipt.objects.values_list("amount_fen", flat=True))
    heads = Enrolment.objects.filter(state="in_force").count()
    assert (city.amount_fen, city.heads) == (money, heads)
    assert city.of_heads == f"{heads * 5}.0%"
    assert sum(one.amount_fen for one in counties) == money
    assert queries.progress(agency, 2021)[0].amount_fen == 0
    assert (
        queries.progress(a_role("county_clerk", counties[0].organisation), 2022)[0].heads == counties[0].heads
    )


def test_what_the_landing_page_counts(town):
    agency, units = town
    entry = an_entry(units[0], next_on=TODAY, owner=agency.user, next_step="电话")
    services.log(entry=entry, by=agency, at=NOON)
    found = queries.standing(agency, lines(agency, TODAY), TODAY)
    assert (found.due, found.overdue) == (1, 0)
    later = queries.standing(agency, lines(agency, date(2022, 12, 1)), date(2022, 12, 1))
    assert (later.due, later.overdue) == (0, 1)
    assert found.leaflets == sum(Visit.objects.filter(undone_at=None).values_list("leaflets", flat=True))
