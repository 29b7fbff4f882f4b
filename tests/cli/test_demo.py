"""The demonstration: who may load it, that its people cannot be real, and that it adds up to what was published."""

import json
from datetime import UTC, date, datetime
from random import Random

import pytest

from factories.members import a_member
from factories.organisations import a_city
from huzhu.claims.models import Claim, State
from huzhu.cli import demo
from huzhu.cli.yichun import loading, places, rosters, sheets, today, visiting, year
from huzhu.cli.yichun.people import Registry
from huzhu.core import money
from huzhu.insight import figures, people
from huzhu.members.models import Member
from huzhu.organisations.models import Organisation
from huzhu.outreach import queries as outreach
from huzhu.outreach.lines import lines
from huzhu.rules.adjudicate import explain
from huzhu.schemes.library import Library
from huzhu.users import services as users
from huzhu.users.models import Role, User

AT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


def seeded(number):
    return Random(number)  # noqa: S311  the same people every time is the point


@pytest.fixture
def _site(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    settings.HUZHU_DEMO = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # twelve logins, no secret


@pytest.fixture
def _small(monkeypatch):
    """The same story in a small town."""
    monkeypatch.setattr(places, "UNITS_OF_COUNTIES", (2, 1, 1, 1, 15, 1, 1, 1))
    monkeypatch.setattr(places, "MUNICIPAL", places.MUNICIPAL[:3])
    monkeypatch.setattr(places, "BUREAUS", places.BUREAUS[:3])
    monkeypatch.setattr(places, "STORY_STAFF", 160)
    monkeypatch.setattr(places, "STORY_ENROLLED", 100)
    monkeypatch.setattr(rosters, "STORY_WOMEN", 52)
    small = {"municipal": (90, 40), "county": (200, 60), "enterprise": (80, 30), "forestry": (400, 220)}
    monkeypatch.setattr(places, "SPREAD", small)
    few = {"municipal": (2, 10), "county": (1, 10), "enterprise": (2, 10), "forestry": (2, 10)}
    monkeypatch.setattr(places, "OTHERS", few)
    monkeypatch.setattr(visiting, "NOT_VISITED", 2)
    monkeypatch.setattr(year, "HELPED", 13)
    monkeypatch.setattr(year, "GRAVE", 1)
    monkeypatch.setattr(year, "PAID_FEN", 3_171_400 + 1_000_000 + 12 * 180_000)
    monkeypatch.setattr(today, "IN_HARDSHIP", 25)


# ── who may load it ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_without_the_switch_nothing_is_loaded(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    with pytest.raises(loading.DemoRefused, match="HUZHU_DEMO=1"):
        demo.load_once(AT)
    assert not Organisation.objects.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("_site")
def test_beside_a_real_person_it_is_refused():
    a_member("王小明", sex="male")
    Member.objects.filter(pk=a_member().pk).update(is_synthetic=False)
    with pytest.raises(loading.DemoRefused, match="真实的会员"):
        demo.load_once(AT)


@pytest.mark.django_db
@pytest.mark.usefixtures("_site")
def test_a_database_that_is_in_use_is_left_alone():
    a_city()
    with pytest.raises(loading.DemoRefused, match="不是空的"):
        demo.load_once(AT)


# ── people who cannot be real ───────────────────────────────────────────────────────────────────────


def test_generated_people_cannot_be_real_and_none_comes_twice():
    registry = Registry(seeded(1))
    found = list(registry.people(2_000, 900))
    assert all(one.identity.cannot_be_real for one in found)
    assert len({one.identity.number for one in found}) == len({one.phone for one in found}) == 2_000
    assert sum(one.identity.sex == "female" for one in found) == 900
    assert all(16 <= one.identity.age_on(date(2022, 1, 1)) < 60 for one in found)
    assert all(one.phone.startswith("140") for one in found)


def test_the_same_seed_makes_the_same_people():
    first, second = (
        [(one.name, one.identity.number) for one in Registry(seeded(7)).people(50)] for _ in range(2)
    )
    assert first == second


# ── figures that add up ─────────────────────────────────────────────────────────────────────────────


def test_the_spread_adds_up_to_what_was_published():
    assert sum(staff for staff, _ in places.SPREAD.values()) == 133_000
    assert sum(enrolled for _, enrolled in places.SPREAD.values()) == 23_076
    assert sum(places.UNITS_OF_COUNTIES) == 194
    assert (len(places.COUNTIES), len(places.MUNICIPAL), len(places.ENTERPRISES)) == (8, 34, 8)


@pytest.mark.parametrize(
    ("total", "weights"), [(10, [1, 1, 1]), (7, [5]), (0, [3, 4]), (1_000, list(range(1, 60)))]
)
def test_shares_sum_to_the_whole(total, weights):
    assert sum(places.spread(total, weights)) == total


def test_a_sheet_comes_to_exactly_the_benefit_it_was_made_for():
    edition, seed = Library().edition("yichun-120"), seeded(3)
    for wanted in [*sheets.benefits(seed, 40, 7_200_000), 3, 1_199_997]:
        illness = sheets.illness(seed, wanted, grave=False)
        event = {"claim_no": "1", "occurred_on": "2022-06-20", "admitted_on": "2022-06-20", **illness.figures}
        facts = {
            "format": "huzhu-facts/1",
            "person": {"sex": "female"},
            "cover": COVER,
            "history": [],
            "event": event,
        }
        (reasoning,) = explain([edition], facts)
        assert (reasoning.total_fen, reasoning.warnings) == (wanted, ()), illness.figures


COVER = {"cover_starts_on": "2022-01-28", "cover_ends_on": "2023-01-28", "covered_since_on": "2022-01-28"}


def test_benefits_sum_to_the_total():
    found = sheets.benefits(seeded(5), 231, 41_628_600)
    assert sum(found) == 41_628_600
    assert min(found) > 0
    assert all(one % 3 == 0 for one in found)


# ── the story itself ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
@pytest.mark.usefixtures("_site", "_small")
def test_the_story_is_told_once_and_adds_up(capsys, settings):
    demo.load_once(AT)
    _the_figures_hold(helped=13, paid_fen=year.PAID_FEN, staff=770, enrolled=350)
    _liu_has_her_money()
    _every_desk_has_something_to_do()
    before = Organisation.objects.count(), User.objects.count()
    demo.load_once(AT)
    assert (Organisation.objects.count(), User.objects.count()) == before
    said = capsys.readouterr().out
    kept = json.loads((settings.VAR_DIR / "demo.json").read_text())
    assert said.count(kept["password"]) == 2
    assert users.check_password(username="zhao", password=kept["password"], at=AT).name == "赵经办"
    assert not people.are_real()


@pytest.mark.long
@pytest.mark.django_db
@pytest.mark.usefixtures("_site")
def test_the_whole_town_has_the_published_figures():
    demo.load_once(AT)
    _the_figures_hold(helped=232, paid_fen=54_800_000, staff=133_000, enrolled=23_076)
    found = _figures()
    assert found.coverage == "17.35%"
    assert 278_000_000 <= found.fees_fen < 279_000_000
    group = figures.figures_of(Organisation.objects.get(kind="group"), date(2022, 11, 30))
    assert (group.staff, group.coverage) == (24_000, "51.67%")
    leader = Role.objects.get(code="leader")
    found = outreach.standing(leader, lines(leader, visiting.TODAY), visiting.TODAY)
    assert (found.funnel.visited, found.funnel.paid, found.leaflets) == (902, 252, 8_260)


def _figures():
    return figures.figures(Role.objects.get(code="leader"), date(2022, 11, 30))


def _the_figures_hold(**wanted):
    found = _figures()
    assert {name: getattr(found, name) for name in wanted} == wanted
    assert "0.9" < found.mean_days <= "3.0"


def _liu_has_her_money():
    liu = people.heroine()
    claim = liu.claims.get()
    assert claim.paid_at.isoformat() == "2022-07-15T08:24:00+00:00"
    decision = claim.decisions.get()
    assert money.yuan(decision.total_fen) == "31714.00"
    acts = {decision.decided_by_id, decision.second_by_id, claim.opinion.given_by_id}
    batch = decision.payouts.get().batch
    assert len(acts | {batch.made_by_id, batch.released_by_id}) == 5
    assert liu.enrolments.count() == 2


def _every_desk_has_something_to_do():
    assert set(Claim.objects.values_list("state", flat=True)) == set(State.values)
