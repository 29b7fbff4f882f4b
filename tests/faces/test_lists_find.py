"""What each list finds: by name, initials, last digits, and by what its filters ask for."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from factories.adjudication import a_reported
from factories.claims import WEDNESDAY, a_covered_member, a_submitted
from factories.contributions import an_accepted_roster
from factories.enrolment import a_staged_roster, some_workers
from factories.members import a_member
from factories.organisations import a_county, an_employer
from factories.schemes import the_inpatient_scheme
from factories.users import a_role
from factories.web import as_staff, rows_of, text_of
from huzhu.adjudication import services as deciding
from huzhu.claims import services as claims
from huzhu.enrolment import approval
from huzhu.enrolment.models import Enrolment
from huzhu.members import corrections, moving
from huzhu.members import services as members
from huzhu.notices import services as notices
from huzhu.web import clock

pytestmark = pytest.mark.django_db
NOW = WEDNESDAY + timedelta(hours=6)


@pytest.fixture(autouse=True)
def _a_wednesday(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def agency(place):
    return as_staff(place.agency())


def rows_seen(desk, address):
    """The first cell of each row of the page's lists."""
    page = desk.get(address).content.decode()
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<tr>\s*<td[^>]*>(.*?)</td>", page)]


def test_moves_are_sifted_by_whom_they_wait_for_and_by_name(place):
    new = an_employer(place.city, name="铁力林业局公司")
    one = the_inpatient_scheme()
    liu, wang = a_covered_member(place, "刘女士", one), a_covered_member(place, "王小明", one, initials="wxm")
    there, agency = as_staff(a_role("employer_clerk", new)), as_staff(place.agency())
    moves = [moving.propose(member=one, target=new, by=place.clerk(), at=NOW) for one in (liu, wang)]
    assert set(rows_seen(there, "/desk/moves/")) == {"王小明", "刘女士"}
    assert rows_seen(there, "/desk/moves/?q=wxm") == ["王小明"]
    assert len(rows_seen(as_staff(place.clerk()), "/desk/moves/?which=others")) == 2
    moving.settle(move=moves[0], agree=True, by=a_role("employer_clerk", new), at=NOW)
    assert rows_seen(there, "/desk/moves/?which=settled") == ["刘女士"]
    assert rows_seen(there, "/desk/moves/?which=come&q=lns") == ["刘女士"]
    assert rows_seen(as_staff(place.clerk()), "/desk/moves/?which=gone") == ["刘女士"]
    assert rows_seen(agency, "/desk/moves/?which=gone") == []  # she stays within the agency
    assert "没有找到“xyz”" in text_of(there.get("/desk/moves/?q=xyz"))


def test_corrections_and_accounts_are_found_by_the_members_last_digits(place):
    liu, clerk = a_covered_member(place), place.agency()
    agency = as_staff(clerk)
    asked = corrections.ask(
        member=liu, field="phone", value="13700000002", reason="丢了", photo=None, by=clerk, at=NOW
    )
    members.add_account(
        member=liu, holder=liu.name, bank_name="建设银行", number="6217000010000012345", by=liu, at=NOW
    )
    other = as_staff(place.agency("周代办"))
    last4 = liu.id_number[-4:]
    assert rows_seen(other, f"/desk/changes/?q={last4}") == ["刘女士", "刘女士"]  # to confirm, and to approve
    assert rows_seen(agency, "/desk/changes/?which=others&q=lns") == ["刘女士"]
    assert rows_seen(agency, f"/desk/changes/?which=accounts&q={last4}") == ["刘女士"]
    assert rows_seen(agency, "/desk/changes/?which=accounts&q=0000") == []
    corrections.refuse(correction=asked, reason="没有带证件", by=place.agency("周代办"), at=NOW)
    assert rows_seen(agency, "/desk/changes/?which=settled") == ["刘女士"]
    (row,) = rows_of(agency.get("/desk/changes/?which=settled&as=xlsx"))
    assert "13700000002" not in row  # the value asked for is shown one by one, to who checks it
    county = as_staff(a_role("county_clerk", a_county(place.city)))
    assert rows_seen(county, "/desk/changes/?which=accounts") == []


def test_rosters_are_sifted_by_state_employer_and_month(place, agency):
    clerk = a_role("employer_clerk", place.employer)
    an_accepted_roster(
        place.employer, [the_inpatient_scheme()], some_workers(2), by=clerk, starts_on=NOW.date(), at=NOW
    )
    county = a_county(place.city)
    name = place.employer.name
    for query, found in (
        ("state=accepted", True),
        ("state=staged", False),
        (f"q={place.employer.code}", True),
        ("q=xyz", False),
        ("month=2022-07", True),
        ("month=2022-06", False),
        (f"place={place.employer.parent.pk}", True),
        (f"place={county.pk}", False),
        ("place=999999", True),
    ):
        assert (name in text_of(agency.get(f"/desk/rosters/?{query}")).split("共 1 份")[-1]) == found, query
    (row,) = rows_of(agency.get("/desk/rosters/?as=xlsx"))
    assert (row[1], row[5], row[7]) == (name, "已参保", 2)


def test_renewals_are_sifted_by_stage_end_and_employer(place, agency, monkeypatch):
    a_covered_member(place)
    ends_on = Enrolment.objects.earliest("cover_ends_on").cover_ends_on
    monkeypatch.setattr(clock, "now", lambda: NOW + (ends_on - NOW.date()) - timedelta(days=20))
    name = place.employer.name
    for query, found in (
        ("", True),
        ("ends=30", True),
        ("ends=7", False),
        ("stage=begun", False),
        (f"q={place.employer.code}", True),
        ("q=xyz", False),
    ):
        assert (name in rows_seen(agency, f"/desk/renewals/?{query}")) == found, query


def test_approvals_say_whose_turn_it_is(place, agency):
    county = a_county(place.city)
    employer = an_employer(county, name="铁力市教育局")
    approval.set_rule(organisation=county, steps="county", by=place.agency(), at=NOW)
    clerk = a_role("employer_clerk", employer)
    roster = a_staged_roster(employer, [the_inpatient_scheme()], some_workers(2), by=clerk)
    approval.submit(roster=roster, good_only=False, by=clerk, at=NOW)
    here = a_role("county_clerk", county)
    desk = as_staff(here)
    assert rows_seen(desk, "/desk/approvals/?q=tlsj") == ["铁力市教育局"]
    assert "没有等您审批" in text_of(agency.get("/desk/approvals/"))
    assert rows_seen(agency, "/desk/approvals/?whose=others")[0] == "铁力市教育局"
    approval.send_back(roster=roster, reason="缺三个人", by=here, at=NOW)
    assert "缺三个人" in text_of(desk.get("/desk/approvals/?whose=given"))
    assert rows_seen(desk, "/desk/approvals/") == []


def test_the_queue_has_the_urgent_first_with_hours_left_age_and_amount(place):
    liu, wang = a_covered_member(place), a_covered_member(place, "王小明", initials="wxm", sex="male")
    first = a_reported(place, liu)
    urgent = a_reported(place, wang, setl_id="S2", kinds=["inpatient"])
    claims.set_urgent(claim=urgent, reason="家中困难", by=place.agency(), at=NOW)
    desk = as_staff(place.reviewer())
    numbers = [cell.split()[0] for cell in rows_seen(desk, "/desk/queue/")]
    assert numbers == [urgent.number, first.number]
    assert rows_seen(desk, "/desk/queue/?q=lns") == [first.number]
    assert rows_seen(desk, "/desk/queue/?urgent=1")[0].startswith(urgent.number)
    rows = {row[0]: row for row in rows_of(desk.get("/desk/queue/?as=xlsx"))}
    assert rows[first.number][7] == 31714
    assert rows[first.number][8:] == ["", ""]
    page = text_of(desk.get("/desk/queue/"))
    assert "31,714.00" in page
    assert re.search(r"已等 \d+ ?[分小]", page)
    assert "个工作小时" in page


def test_the_second_reviewer_sees_the_amount_and_who_decided(place):
    liu = a_covered_member(place)
    claim = a_reported(place, liu)
    deciding.decide(claim=claim, verdict="pay", reason="", by=place.reviewer(), at=NOW)
    second = as_staff(place.second())
    for address in ("/desk/queue/", "/desk/"):
        page = text_of(second.get(address))
        assert re.search(rf"{claim.number}.*31,714\.00 张审核", page), address
    (row,) = rows_of(second.get("/desk/queue/?as=xlsx"))
    assert row[7:9] == [31714, "张审核"]


def test_what_an_agency_must_do_shows_its_estimate_and_a_return_keeps_it(place, agency):
    claim = a_submitted(a_covered_member(place))
    assert re.search(rf"{claim.number}.*试算 31,714\.00", text_of(agency.get("/desk/")))
    with_no_figures = a_submitted(a_covered_member(place, "王小明"), setl_id="S9", figures={})
    assert with_no_figures.number in text_of(agency.get("/desk/"))


def test_the_ranking_is_of_the_employers_that_were_looked_for(place):
    county = a_county(place.city)
    for name, sector in (("铁力市教育局", "county"), ("铁力市民政局", "municipal")):
        an_employer(county, name=name, sector=sector, staff_count=10)
    leader = as_staff(a_role("leader", place.city))
    for query, names in (
        ("by=employer&q=tlsj", ["铁力市教育局"]),
        ("by=employer&sector=municipal&q=铁力", ["铁力市民政局"]),
        ("by=employer&direct=1&q=铁力", []),
        ("q=铁力", ["铁力市总工会"]),
        ("by=x&q=铁力", ["铁力市总工会"]),
    ):
        rows = rows_of(leader.get(f"/desk/numbers/?{query}&as=xlsx"))
        assert [row[0] for row in rows] == names, query
    assert rows_of(leader.get("/desk/numbers/?q=铁力&as=xlsx"))[0][1:3] == [2, 20]


def test_a_message_is_found_by_the_whole_phone_only(place, agency):
    liu = a_covered_member(place)
    notices.send(phone=liu.phone, text="您的申请已受理", purpose="claim", about=place.employer, at=NOW)
    last4 = f"****{liu.phone[-4:]}"
    assert last4 in text_of(agency.get("/desk/outbox/", {"q": f"{liu.phone[:3]} {liu.phone[3:]}"}))
    assert last4 not in text_of(agency.get("/desk/outbox/", {"q": liu.phone[-4:]}))
    assert last4 not in text_of(agency.get("/desk/outbox/?to=2022-07-12"))


def test_occasions_are_sifted_by_place_kind_and_day(place, agency):
    form = {
        "kind": "talk",
        "on": "2022-07-13",
        "place": "铁力剧院",
        "organiser": place.city.pk,
        "key": uuid4(),
    }
    agency.post("/desk/outreach/occasions/", form)
    for query, found in (
        ("q=剧院", True),
        ("q=公园", False),
        ("what=talk", True),
        ("what=day", False),
        ("from=2022-07-14", False),
        ("to=2022-07-13", True),
    ):
        rows = rows_seen(agency, f"/desk/outreach/occasions/?{query}")
        assert (rows == ["2022-07-13"]) == found, query


def test_a_cadre_sees_how_many_are_without_cover_and_opens_them(place):
    for at in range(25):
        a_member(f"困{at}", employer=place.employer, in_hardship=True)
    a_covered_member(place, in_hardship=True)
    desk = as_staff(a_role("cadre", place.city))
    page = text_of(desk.get("/desk/"))
    assert "困难职工 26 人" in page
    assert "没有保障的 25 人" in page
    assert "看全部 26 人" in page
    assert "共 25 人" in text_of(desk.get("/desk/members/?hardship=1&cover=none"))
