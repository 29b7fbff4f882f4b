"""Pages of outreach: the visit form, the work list, the funnel, occasions, targets, the landing pages."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from factories.claims import WEDNESDAY
from factories.organisations import a_city, a_county, an_employer
from factories.outreach import a_visit
from factories.users import a_role
from factories.web import as_staff, text_of
from huzhu.outreach.models import FollowUp, Occasion, Target, Visit
from huzhu.web import clock

pytestmark = pytest.mark.django_db
NOW = WEDNESDAY + timedelta(hours=6)
TODAY = NOW.date()


@pytest.fixture(autouse=True)
def _july(monkeypatch):
    """The business clock stands in the story's week."""
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def town():
    """An agency, a county with three units, and who works there."""
    city = a_city()
    county = a_county(under=city)
    names = ("铁力市教育局", "铁力市民政局", "铁力市水务局")
    units = [an_employer(under=county, sector="county", staff_count=100, name=name) for name in names]
    return a_role("agency_clerk", city), a_role("county_clerk", county), units


def typed(unit, **more):
    asked = {"employer": str(unit.pk), "on": TODAY.isoformat(), "way": "visit", "leaflets": "9"}
    asked |= {
        "willing": "waiting",
        "cause": "money",
        "said": "要等预算",
        "next_step": "再电话",
        "key": str(uuid4()),
    }
    return asked | {"next_on": (TODAY + timedelta(days=7)).isoformat()} | more


# ── nobody else's ───────────────────────────────────────────────────────────────────────────────────


def test_another_branch_is_neither_found_nor_visited_nor_undone(town):
    agency, _, units = town
    visit = a_visit(units[0], by=agency, at=NOW, on=TODAY)
    browser = as_staff(a_role("county_clerk"))
    assert "铁力市教育局" not in browser.get("/desk/outreach/visit/find/?q=教育").content.decode()
    assert browser.post("/desk/outreach/visit/", typed(units[0])).status_code == 422
    assert browser.post(f"/desk/outreach/visit/{visit.pk}/undo/").status_code == 404
    browser.post("/desk/outreach/assign/", {"employer": [units[0].pk], "owner": agency.user.pk})
    assert FollowUp.objects.get(employer=units[0]).owner is None
    assert Visit.objects.count() == 1


def test_a_leader_reads_the_list_and_the_funnel_and_changes_nothing(town):
    agency, _, units = town
    a_visit(units[0], by=agency, at=NOW, on=TODAY)
    leader = as_staff(a_role("leader", agency.organisation))
    for page in ("", "funnel/", "occasions/", "targets/"):
        said = leader.get(f"/desk/outreach/{page}").content.decode()
        assert "<button>记下" not in said
        assert "指定负责人" not in said
    target = {"organisation": agency.organisation.pk, "amount": "1", "year": "2022"}
    assert leader.post("/desk/outreach/targets/", target).status_code == 422
    occasion = {"kind": "day", "on": "2022-07-01", "place": "广场", "organiser": agency.organisation.pk}
    assert leader.post("/desk/outreach/occasions/", occasion | {"key": str(uuid4())}).status_code == 422
    assert not Target.objects.exists()
    assert not Occasion.objects.exists()


# ── the form ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"employer": ""}, "请先选一个单位"),
        ({"employer": "", "q": "铁力"}, "请先选一个单位"),
        ({"employer": "999999999999999999999"}, "请先选一个单位"),
        ({"on": ""}, "请填日期"),
        ({"on": "昨天"}, "这不是一个日期"),
        ({"on": "2030-01-01"}, "今天之后"),
        ({"leaflets": "九"}, "要填整数"),
        ({"way": ""}, "方式"),
        ({"willing": "no", "cause": ""}, "原因"),
        ({"next_on": "2022-01-01"}, "早于"),
    ],
)
def test_a_bad_visit_comes_back_as_it_was_typed(wrong, says, town):
    agency, _, units = town
    answer = as_staff(agency).post("/desk/outreach/visit/", typed(units[0], **wrong))
    assert answer.status_code == 422
    assert says in text_of(answer)
    assert 'value="要等预算"' in answer.content.decode()
    assert not Visit.objects.exists()


def test_what_was_typed_names_the_employer_where_only_one_fits(town):
    agency, _, units = town
    browser = as_staff(agency)
    assert browser.post("/desk/outreach/visit/", typed(units[0], employer="", q="tlsjyj")).status_code == 302
    assert Visit.objects.get().employer == units[0]
    several = browser.post("/desk/outreach/visit/", typed(units[0], employer="", q="铁力")).content.decode()
    assert several.count('type="radio" name="employer"') == 3
    assert "没有找到" in browser.get("/desk/outreach/visit/find/?q=没有的").content.decode()


def test_after_saving_it_says_so_offers_undo_and_the_next(town):
    agency, _, units = town
    for unit in units[1:]:
        a_visit(unit, by=agency, at=NOW - timedelta(days=9), on=TODAY - timedelta(days=9), owner=agency.user)
    browser = as_staff(agency)
    owner = str(agency.user.pk)
    page = browser.post("/desk/outreach/visit/", typed(units[0], owner=owner), follow=True)
    said = text_of(page)
    assert "已记下" in said
    assert "下一家：铁力市民政局" in said
    visit = Visit.objects.get(employer=units[0])
    again = browser.post(f"/desk/outreach/visit/{visit.pk}/undo/", follow=True).content.decode()
    assert "已撤销" in again
    assert 'value="要等预算"' in again
    assert f'name="employer" value="{units[0].pk}"' in again
    assert browser.post("/desk/outreach/visit/", typed(units[0], said="改好了")).status_code == 302
    assert Visit.objects.filter(employer=units[0], undone_at=None).get().said == "改好了"


def test_the_same_form_sent_twice_is_one_visit(town):
    agency, _, units = town
    browser, asked = as_staff(agency), typed(units[0])
    for _ in range(2):
        assert browser.post("/desk/outreach/visit/", asked).status_code == 302
    assert Visit.objects.count() == 1


# ── list, funnel, owners ────────────────────────────────────────────────────────────────────────────


def test_many_are_handed_to_one_person(town):
    agency, county, units = town
    browser = as_staff(agency)
    asked = {"employer": [unit.pk for unit in units[:2]], "owner": county.user.pk}
    assert "2 家单位交给" in text_of(browser.post("/desk/outreach/assign/?lacks=any", asked, follow=True))
    assert FollowUp.objects.filter(owner=county.user).count() == 2
    for nothing in (
        {"owner": county.user.pk},
        {"employer": [units[2].pk], "owner": "999"},
        {"employer": ["x"]},
    ):
        assert "没有改动" in text_of(browser.post("/desk/outreach/assign/", nothing, follow=True))
    mine = browser.get(f"/desk/outreach/?owner={county.user.pk}").content.decode()
    assert [unit.name in mine for unit in units] == [True, True, False]


def test_each_number_of_the_funnel_opens_its_rows(town):
    agency, _, units = town
    a_visit(units[0], by=agency, at=NOW, on=TODAY, willing="yes", cause="", owner=agency.user)
    a_visit(units[1], by=agency, at=NOW, on=TODAY)
    browser = as_staff(agency)
    for way in ("place", "industry", "owner"):
        page = browser.get(f"/desk/outreach/funnel/?by={way}").content.decode()
        links = re.findall(r'href="(/desk/employers/\?[^"]*stage=\w+)">([\d,]+)</a>', page)
        assert len(links) >= 8
        for address, number in links:
            rows = browser.get(address.replace("&amp;", "&")).content.decode()
            assert len(re.findall(r'<td><a href="/desk/employers/\d+/">', rows)) == int(number), address


# ── occasions and targets ───────────────────────────────────────────────────────────────────────────


def test_a_publicity_day_is_written_down_once(town):
    agency, _, _ = town
    browser = as_staff(agency)
    asked = {"kind": "day", "on": "2022-07-01", "place": "新兴广场", "organiser": agency.organisation.pk}
    asked |= {"boards": "2", "booklets": "120", "posters": "24", "questions": "23", "key": str(uuid4())}
    for wrong in ({"boards": "两块"}, {"on": "x"}, {"on": "2022-12-01"}, {"organiser": ""}, {"place": ""}):
        answer = browser.post("/desk/outreach/occasions/", asked | wrong)
        assert answer.status_code == 422
        assert 'value="120"' in answer.content.decode()
    for _ in range(2):
        assert browser.post("/desk/outreach/occasions/", asked).status_code == 302
    held = Occasion.objects.get()
    assert (held.boards, held.booklets, held.posters, held.questions, held.attendance) == (2, 120, 24, 23, 0)
    assert "新兴广场" in text_of(browser.get("/desk/outreach/occasions/"))


def test_a_target_is_set_and_corrected(town):
    agency, county, _ = town
    browser = as_staff(agency)
    asked = {"organisation": county.organisation.pk, "amount": "30,000", "heads": "250", "year": "2022"}
    wrongs = (
        {"amount": "三万"},
        {"heads": "x"},
        {"organisation": "0"},
        {"amount": "", "heads": ""},
        {"year": "22"},
    )
    for wrong in wrongs:
        assert browser.post("/desk/outreach/targets/", asked | wrong).status_code == 422
    assert not Target.objects.exists()
    for heads in ("250", "300"):
        assert browser.post("/desk/outreach/targets/", asked | {"heads": heads}).status_code == 302
    target = Target.objects.get()
    assert (target.amount_fen, target.heads) == (3_000_000, 300)
    assert "30,000.00" in text_of(as_staff(county).get("/desk/outreach/targets/?year=2022"))


# ── the landing pages ───────────────────────────────────────────────────────────────────────────────


BLOCK = "/desk/outreach/block/"  # fetched by the landing pages when they stand already


def test_landing_pages_say_what_is_due_and_where_it_stands(town):
    agency, county, units = town
    late = {"at": NOW - timedelta(days=9), "on": TODAY - timedelta(days=9), "owner": agency.user}
    a_visit(units[0], by=agency, next_on=TODAY - timedelta(days=1), **late)
    a_visit(units[1], by=agency, next_on=TODAY, **late)
    for role in (agency, county, a_role("leader", agency.organisation)):
        assert f'hx-get="{BLOCK}"' in as_staff(role).get("/desk/").content.decode()
    said = text_of(as_staff(agency).get(BLOCK))
    assert "我负责的，已过期 1 家" in said
    assert "我负责的，今天要办 1 家" in said
    assert "走访过 2 家" in said
    assert "我负责的，已过期 0 家" in text_of(as_staff(county).get(BLOCK))
    read = text_of(as_staff(a_role("leader", agency.organisation)).get(BLOCK))
    assert "走访过 2 家" in read
    assert "单位工会经费不足，或职工不愿全额自缴 2" in read
    assert "我负责的" not in read
