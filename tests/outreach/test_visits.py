"""A visit: who may log it, what is refused, what follows from it, and that it can be taken back whole."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from factories.organisations import a_city, a_county, an_employer
from factories.outreach import NOON, TODAY, a_visit, an_entry
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.employers import queries as employers
from huzhu.employers.models import Stance
from huzhu.employers.services import RecordRefused
from huzhu.outreach import queries, services
from huzhu.outreach.lines import lines, work
from huzhu.outreach.models import FollowUp, Occasion, Target, Visit
from huzhu.users.models import Role
from huzhu.users.permissions import ALLOWED, NotAllowed

pytestmark = pytest.mark.django_db
CLERKS = {"county_clerk", "agency_clerk"}


@pytest.fixture
def town():
    """An agency clerk, a county clerk, and an employer of the county."""
    city = a_city()
    county = a_county(under=city)
    unit = an_employer(under=county, sector="county", staff_count=100, name="铁力市教育局")
    return a_role("agency_clerk", city), a_role("county_clerk", county), unit


def follow_up(unit):
    return FollowUp.objects.get(employer=unit)


# ── who may not ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("code", sorted(set(Role.Code.values) - CLERKS))
def test_who_does_not_go_out_writes_nothing_down(code, town):
    agency, _, unit = town
    by = a_role(code, agency.organisation)
    visit = a_visit(unit, by=agency)
    told = services.Told(agency.organisation, "talk", TODAY, "活动中心", {})
    for act in (
        lambda: a_visit(unit, by=by),
        lambda: services.log_all(entries=[an_entry(unit)], place=agency.organisation, by=by, at=NOON),
        lambda: services.undo(visit=visit, by=by, at=NOON),
        lambda: services.assign(to=[unit], owner=agency.user, by=by, at=NOON),
        lambda: services.hold(told=told, by=by, at=NOON),
        lambda: services.aim(
            organisation=agency.organisation, year=2022, amount_fen=1, heads=1, by=by, at=NOON
        ),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert Visit.objects.count() == 1


def test_another_countys_clerk_neither_writes_nor_sees(town):
    _, county, unit = town
    a_visit(unit, by=county)
    stranger = a_role("county_clerk")
    with pytest.raises(NotAllowed):
        a_visit(unit, by=stranger)
    assert not queries.visits_visible_to(stranger).exists()
    assert lines(stranger, TODAY) == []


def test_a_county_sets_no_targets(town):
    _, county, _ = town
    with pytest.raises(NotAllowed):
        services.aim(organisation=county.organisation, year=2022, amount_fen=1, heads=1, by=county, at=NOON)
    assert ALLOWED["outreach.target"] == {"agency_clerk"}


# ── what is refused ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"on": date(2022, 12, 1)}, "今天之后"),
        ({"on": date(1022, 11, 30)}, "年份"),
        ({"way": "dream"}, "方式"),
        ({"leaflets": -1}, "折页"),
        ({"leaflets": 100_001}, "折页"),
        ({"next_on": date(2022, 11, 29)}, "下一步"),
        ({"willing": "no", "cause": ""}, "原因"),
        ({"cause": "other"}, "其他"),
        ({"willing": ""}, "意愿"),
    ],
)
def test_a_visit_that_cannot_be_is_refused_and_leaves_nothing(wrong, says, town):
    agency, _, unit = town
    with pytest.raises((services.VisitRefused, RecordRefused), match=says):
        a_visit(unit, by=agency, **wrong)
    assert not Visit.objects.exists()
    assert not Stance.objects.exists()
    assert not FollowUp.objects.exists()


def test_only_a_clerk_above_the_employer_looks_after_it(town):
    agency, county, unit = town
    for stranger in (a_role("county_clerk"), a_role("leader", agency.organisation)):
        with pytest.raises(services.CannotLookAfter):
            a_visit(unit, by=agency, owner=stranger.user)
        with pytest.raises(services.CannotLookAfter):
            services.assign(to=[unit], owner=stranger.user, by=agency, at=NOON)
    assert services.assign(to=[unit], owner=county.user, by=agency, at=NOON) == 1
    assert services.assign(to=[unit], owner=county.user, by=agency, at=NOON) == 0


def test_many_are_handed_over_all_or_none(town):
    agency, county, unit = town
    elsewhere = an_employer(under=agency.organisation, sector="municipal", name="市财政局")
    with pytest.raises(services.CannotLookAfter):  # the county clerk does not stand above it
        services.assign(to=[unit, elsewhere], owner=county.user, by=agency, at=NOON)
    assert not FollowUp.objects.filter(owner__isnull=False).exists()


# ── what follows ────────────────────────────────────────────────────────────────────────────────────


def test_a_visit_brings_a_stance_an_owner_and_a_next_step(town):
    agency, county, unit = town
    visit = a_visit(
        unit,
        by=county,
        said="要等明年预算",
        next_step="送方案",
        next_on=TODAY + timedelta(days=14),
        owner=county.user,
    )
    (line,) = lines(agency, TODAY)
    assert (line.stance.willing, line.stance.cause, line.owner_name) == ("waiting", "money", county.user.name)
    assert (line.visits, line.leaflets, line.last_on, line.lacks) == (1, 9, TODAY, [])
    assert queries.stance_words(visit) == "观望 · 单位工会经费不足，或职工不愿全额自缴"
    assert Event.objects.filter(verb="outreach.log", object_id=str(unit.pk)).count() == 1


def test_the_same_form_sent_twice_is_one_visit(town):
    agency, _, unit = town
    entry = an_entry(unit, key=uuid4())
    first = services.log(entry=entry, by=agency, at=NOON)
    assert services.log(entry=entry, by=agency, at=NOON) == first
    assert (Visit.objects.count(), Stance.objects.count()) == (1, 1)


def test_a_new_willingness_keeps_the_cause_that_was_known(town):
    agency, _, unit = town
    a_visit(unit, by=agency, cause="other", cause_note="正在改制")
    a_visit(unit, by=agency, willing="no", cause="")
    kept = employers.stance_of(unit)
    assert (kept.willing, kept.cause, kept.cause_note) == ("no", "other", "正在改制")
    a_visit(unit, by=agency, willing="", cause="")
    assert employers.stance_of(unit) == kept


def test_undone_everything_is_as_before(town):
    agency, county, unit = town
    a_visit(
        unit,
        by=county,
        at=NOON - timedelta(days=1),
        on=date(2022, 11, 29),
        next_step="电话",
        owner=county.user,
    )
    visit = a_visit(
        unit, by=agency, willing="no", cause="unaware", next_step="算了", next_on=TODAY, owner=agency.user
    )
    services.undo(visit=visit, by=agency, at=NOON)
    services.undo(visit=Visit.objects.get(pk=visit.pk), by=agency, at=NOON)
    kept = follow_up(unit)
    assert (kept.owner, kept.next_step, kept.next_on) == (county.user, "电话", None)
    assert (employers.stance_of(unit).willing, employers.stance_of(unit).cause) == ("waiting", "money")
    assert employers.stances_of(unit).count() == 3  # said, said, and taken back
    (line,) = lines(agency, TODAY)
    assert (line.visits, line.leaflets) == (1, 9)


def test_an_undo_leaves_alone_what_somebody_changed_since(town):
    agency, county, unit = town
    visit = a_visit(unit, by=agency, next_step="电话", owner=agency.user)
    services.assign(to=[unit], owner=county.user, by=agency, at=NOON)
    services.undo(visit=visit, by=agency, at=NOON)
    assert follow_up(unit).owner == county.user
    assert follow_up(unit).next_step == ""


def test_only_ones_own_last_visit_of_today_is_taken_back(town):
    agency, county, unit = town
    first = a_visit(unit, by=agency)
    with pytest.raises(services.TooLateToUndo, match="别人"):
        services.undo(visit=first, by=county, at=NOON)
    with pytest.raises(services.TooLateToUndo, match="当天"):
        services.undo(visit=first, by=agency, at=NOON + timedelta(days=1))
    a_visit(unit, by=agency)
    with pytest.raises(services.TooLateToUndo, match="后面"):
        services.undo(visit=first, by=agency, at=NOON)


def test_many_visits_at_once_leave_the_newest_standing(town):
    agency, _, unit = town
    entries = [
        an_entry(unit, on=TODAY, willing="yes", cause="", next_step="签名册"),
        an_entry(unit, on=date(2022, 3, 1), next_step="再去"),
    ]
    assert services.log_all(entries=entries, place=agency.organisation, by=agency, at=NOON) == 2
    assert (employers.stance_of(unit).willing, follow_up(unit).next_step) == ("yes", "签名册")
    with pytest.raises(services.VisitRefused):
        services.log_all(entries=[an_entry(an_employer())], place=agency.organisation, by=agency, at=NOON)


# ── the work list ───────────────────────────────────────────────────────────────────────────────────


def test_overdue_first_then_what_lacks_something_then_employers_industries_society(town):
    from huzhu.employers import services as records  # noqa: PLC0415

    agency, county, unit = town
    names = ("快递公司", "旅游行业", "水务局", "民政局", "财政局")
    parcel, tourism, water, civil, finance = (
        an_employer(under=county.organisation, sector="county", name=name) for name in names
    )
    for one, front in ((parcel, "society"), (tourism, "industry")):
        records.set_profile(employer=one, industry="", front=front, by=agency, at=NOON)
    whole = {"owner": agency.user, "next_step": "再去"}
    for one in (parcel, tourism, water):
        a_visit(one, by=agency, next_on=TODAY + timedelta(days=3), **whole)
    yesterday = {"at": NOON - timedelta(days=5), "on": date(2022, 11, 25)}
    a_visit(finance, by=agency, next_on=date(2022, 11, 29), **whole, **yesterday)
    a_visit(civil, by=agency, next_on=date(2022, 11, 28), **whole, **yesterday)
    order = [line.employer.name for line in work(lines(agency, TODAY), TODAY)]
    assert order == ["民政局", "财政局", "铁力市教育局", "水务局", "旅游行业", "快递公司"]
    assert next(one for one in lines(agency, TODAY) if one.employer == unit).lacks == [
        "原因",
        "负责人",
        "下一步日期",
    ]


# ── occasions and targets ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "party"}, {"place": ""}, {"on": date(2022, 12, 1)}, {"counts": {"booklets": -1}}],
)
def test_an_occasion_that_cannot_be_is_refused(wrong, town):
    agency, _, unit = town
    told = {"organiser": agency.organisation, "kind": "day", "on": TODAY, "place": "新兴广场", "counts": {}}
    with pytest.raises(services.OccasionRefused):
        services.hold(told=services.Told(**told | wrong), by=agency, at=NOON)
    with pytest.raises(services.OccasionRefused):
        services.hold(told=services.Told(**told | {"organiser": unit}), by=agency, at=NOON)
    assert not Occasion.objects.exists()


def test_an_occasion_is_held_once_and_seen_in_its_branch(town):
    agency, county, _ = town
    told = services.Told(agency.organisation, "day", TODAY, "新兴广场", {"boards": 2, "booklets": 120})
    first = services.hold(told=told, by=agency, at=NOON)
    assert services.hold(told=told, by=agency, at=NOON) == first
    assert queries.occasions_visible_to(agency).get().booklets == 120
    assert not queries.occasions_visible_to(county).exists()


@pytest.mark.parametrize(
    "wrong", [{"amount_fen": 0, "heads": 0}, {"amount_fen": -1}, {"year": 22}, {"heads": -1}]
)
def test_a_target_that_aims_at_nothing_is_refused(wrong, town):
    agency, _, unit = town
    asked = {"organisation": agency.organisation, "year": 2022, "amount_fen": 100, "heads": 1}
    with pytest.raises(services.TargetRefused):
        services.aim(**asked | wrong, by=agency, at=NOON)
    with pytest.raises(services.TargetRefused):
        services.aim(**asked | {"organisation": unit}, by=agency, at=NOON)
    assert not Target.objects.exists()
