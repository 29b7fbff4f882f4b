"""Lists: who takes them away, how much of them, what stands in the address, and what each page asks of the database."""

import io
import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qsl

import pytest
from python_calamine import CalamineWorkbook

from factories.adjudication import a_reported
from factories.claims import WEDNESDAY, a_covered_member, a_draft, a_submitted, yichun
from factories.contributions import a_receipt, an_accepted_roster
from factories.enrolment import a_staged_roster, some_workers
from factories.members import a_member
from factories.organisations import a_county, an_employer
from factories.schemes import the_inpatient_scheme
from factories.users import a_role
from factories.web import as_staff
from huzhu.adjudication import services as deciding
from huzhu.audit.models import Event
from huzhu.claims import services as claims
from huzhu.contributions.models import Share
from huzhu.enrolment import approval
from huzhu.enrolment.models import Enrolment
from huzhu.members import corrections, moving
from huzhu.members import services as members
from huzhu.web import clock, lists

pytestmark = pytest.mark.django_db
NOW = WEDNESDAY + timedelta(hours=6)
LISTS = (
    ("employer_clerk", "/desk/members/", "会员"),
    ("auditor", "/desk/rosters/", "名册"),
    ("agency_clerk", "/desk/renewals/", "续保"),
    ("county_clerk", "/desk/approvals/", "名册审批"),
    ("employer_clerk", "/desk/moves/", "调动"),
    ("employer_clerk", "/desk/moves/?which=gone", "调动"),
    ("agency_clerk", "/desk/voids/", "保障书作废"),
    ("county_clerk", "/desk/changes/", "资料变更"),
    ("agency_clerk", "/desk/changes/?which=accounts", "资料变更"),
    ("agency_clerk", "/desk/splits/", "分担办法"),
    ("auditor", "/desk/claims/", "给付申请"),
    ("reviewer", "/desk/queue/", "等核定的申请"),
    ("second_reviewer", "/desk/queue/", "等复核的申请"),
    ("leader", "/desk/employers/", "单位"),
    ("leader", "/desk/insured/", "医保统计对照"),
    ("county_clerk", "/desk/outreach/", "走访工作清单"),
    ("payment_maker", "/desk/dues/", "待缴会费"),
    ("auditor", "/desk/receipts/", "会费收据"),
    ("county_clerk", "/desk/pledges/", "资助承诺"),
    ("agency_clerk", "/desk/applications/", "个人参加"),
    ("payment_releaser", "/payouts/batches/", "发放批次"),
    ("payment_maker", "/payouts/all/", "发放明细"),
    ("auditor", "/desk/trail/", "审计记录"),
    ("agency_clerk", "/desk/outbox/", "发件箱"),
    ("administrator", "/desk/people/", "人员"),
    ("administrator", "/desk/places/", "机构"),
)


@pytest.fixture(autouse=True)
def _a_wednesday(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def place():
    return yichun()


@pytest.fixture
def agency(place):
    return as_staff(place.agency())


def text_of(answer):
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())))


def rows_of(answer):
    """What stands below the heads of a workbook."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    return book.get_sheet_by_index(0).to_python()[2:]


def head_of(answer):
    return CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()[0][0]


# ── who may not ─────────────────────────────────────────────────────────────────────────────────────


def test_a_cadre_looks_at_members_and_takes_none_away(place):
    a_covered_member(place)
    desk = as_staff(a_role("cadre", place.city))
    assert "data-export" not in desk.get("/desk/members/").content.decode()
    answer = desk.get("/desk/members/?as=xlsx&q=lns", follow=True)
    assert answer.redirect_chain == [("/desk/members/?q=lns", 302)]
    assert "包联干部不能导出列表" in text_of(answer)
    assert not Event.objects.filter(verb="lists.export").exists()


def test_an_employers_clerk_cannot_sift_claims_by_illness(place):
    member = a_covered_member(place)
    a_submitted(member, kinds=["inpatient"])
    clerk = as_staff(a_role("employer_clerk", member.employer))
    page = text_of(clerk.get("/desk/claims/?kind=women"))
    assert "女性特殊疾病" not in page
    assert "刘女士" in page


def test_jobs_are_not_taken_away(agency):
    assert agency.get("/desk/jobs/?as=xlsx")["Content-Type"].startswith("text/html")


# ── what is taken ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("code", "address", "what"), LISTS)
def test_every_list_is_taken_by_one_verb(code, address, what):
    role = a_role(code)
    path, _, query = address.partition("?")
    asked = dict(parse_qsl(query))
    answer = as_staff(role).get(path, {**asked, "as": "xlsx"})
    assert head_of(answer).startswith(f"{what}　{role.organisation.name} · 2022-07-13 · ")
    event = Event.objects.get(verb="lists.export")
    assert (event.kind, event.detail["what"], event.detail["asked"]) == ("read", what, asked)
    assert event.detail["rows"] <= len(rows_of(answer))


def test_an_export_is_the_list_in_the_asked_branch_and_masked(place):
    county = a_county(place.city)
    own = a_member("=1+1", employer=an_employer(county))
    a_member("王小明", employer=an_employer(place.city), initials="wxm")
    desk = as_staff(a_role("county_clerk", county))
    (row,) = rows_of(desk.get("/desk/members/?as=xlsx"))
    assert row[0] == "'=1+1"
    assert own.id_number not in row
    assert row[1][:6] == own.id_number[:6]
    assert "王小明" not in text_of(desk.get("/desk/members/"))


def test_what_is_asked_holds_for_the_export_and_is_written_down(place, agency):
    a_covered_member(place)
    a_member("王小明", employer=place.employer, initials="wxm")
    answer = agency.get("/desk/members/?q=wxm&cover=none&page=3&as=xlsx&hardship=")
    assert [row[0] for row in rows_of(answer)] == ["王小明"]
    assert "筛选出 含“wxm”；保障：没有" in head_of(answer)
    assert Event.objects.get(verb="lists.export").detail["asked"] == {"q": "wxm", "cover": "none"}


def test_a_list_that_is_too_long_is_cut_and_says_so(place, agency, monkeypatch):
    monkeypatch.setattr(lists, "MOST_ROWS", 1)
    for name in ("王小明", "刘女士"):
        a_member(name, employer=place.employer)
    answer = agency.get("/desk/members/?as=xlsx")
    assert len(rows_of(answer)) == 1
    assert "只有前 1 行，其余没有导出" in head_of(answer)


# ── what stands in the address ──────────────────────────────────────────────────────────────────────


def test_filters_survive_paging(place, agency):
    for _ in range(lists.PAGE + 1):
        a_member(employer=place.employer, in_hardship=True)
    page = agency.get("/desk/members/?hardship=1&q=lns").content.decode()
    following = unescape(re.search(r'href="(\?page=2[^"]*)"', page)[1])
    assert following == "?page=2&q=lns&hardship=1"
    second = text_of(agency.get(f"/desk/members/{following}"))
    assert "第 2 页，共 2 页" in second
    assert "筛选出 含“lns”；困难职工，共 51 人" in second


def test_what_is_not_offered_is_not_asked(agency, place):
    a_covered_member(place)
    assert "全部，共 1 人" in text_of(agency.get("/desk/members/?cover=x&page=-1&sort=x"))
    auditor = as_staff(a_role("auditor", place.province))
    for wrong in ("from=2022-13-45", "to=0001-01-01", "from=%00", "to=9999-12-31"):
        assert auditor.get(f"/desk/trail/?{wrong}").status_code == 200, wrong
    assert as_staff(a_role("payment_maker")).get("/payouts/batches/?month=2022-99").status_code == 200


def test_members_are_sifted_by_employer_cover_and_hardship(place, agency):
    covered = a_covered_member(place)
    elsewhere = an_employer(place.city, name="铁力市教育局")
    a_member("王小明", employer=elsewhere, initials="wxm", in_hardship=True)
    for query, seen in (
        ("employer=tlsj", {"王小明"}),
        ("employer=铁力", {"王小明"}),
        (f"employer={covered.employer.code}", {covered.name}),
        ("cover=held", {covered.name}),
        ("cover=none", {"王小明"}),
        ("cover=soon", set()),
        ("hardship=1", {"王小明"}),
        ("employer=tlsj&cover=held", set()),
    ):
        page = agency.get(f"/desk/members/?{query}").content.decode()
        assert {name for name in ("王小明", covered.name) if f">{name}</a>" in page} == seen, query


def test_cover_that_ends_within_sixty_days_is_found(place, agency, monkeypatch):
    a_covered_member(place)
    ends_on = Enrolment.objects.earliest("cover_ends_on").cover_ends_on
    a_month_before = NOW + (ends_on - NOW.date()) - timedelta(days=30)
    monkeypatch.setattr(clock, "now", lambda: a_month_before)
    assert "刘女士" in text_of(agency.get("/desk/members/?cover=soon"))


def test_claims_are_found_by_initials_and_kind(place, agency):
    claim = a_submitted(a_covered_member(place))
    for query, found in (
        ("q=lns", True),
        (f"q={claim.member.id_number[-4:]}", True),
        ("q=xyz", False),
        (f"kind={claim.kinds[0]}", True),
        ("kind=accident", False),
        ("kind=x", True),
    ):
        assert (claim.number in text_of(agency.get(f"/desk/claims/?{query}"))) == found, query


def test_the_trail_is_sifted_by_words_person_and_days(place):
    a_draft(a_covered_member(place), by=place.agency(), channel="counter")
    auditor = as_staff(a_role("auditor", place.province))
    for query, found in (
        ("what=新建申请", True),
        ("what=放行", False),
        (f"from={WEDNESDAY:%Y-%m-%d}&to={WEDNESDAY:%Y-%m-%d}&what=新建", True),
        ("from=2022-07-14", False),
        ("to=2022-07-12&what=新建", False),
    ):
        table = text_of(auditor.get(f"/desk/trail/?{query}")).split("共")[-1]
        assert ("新建申请" in table) == found, query


def test_receipts_are_found_by_number_employer_and_day(place, agency):
    clerk = a_role("employer_clerk", place.employer)
    an_accepted_roster(
        place.employer, [the_inpatient_scheme()], some_workers(2), by=clerk, starts_on=NOW.date(), at=NOW
    )
    paper = a_receipt(Share.objects.get(), by=place.agency())
    number = re.search(r"[A-Z0-9-]+-2022-000001", text_of(agency.get("/desk/receipts/")))[0]
    day = paper.received_on
    for query, found in (
        (f"q={number}", True),
        ("q=1", True),
        ("q=职工", True),
        ("q=不存在", False),
        (f"q={place.employer.code}", True),
        (f"from={day}&to={day}", True),
        (f"from={day + timedelta(days=1)}", False),
    ):
        assert (number in text_of(agency.get(f"/desk/receipts/?{query}"))) == found, query
    auditor = text_of(as_staff(a_role("auditor", place.province)).get("/desk/receipts/"))
    assert number in auditor
    assert "打印 PDF" not in auditor
    assert number not in text_of(as_staff(a_role("agency_clerk")).get("/desk/receipts/"))


def test_an_employer_is_chosen_by_a_few_letters_without_scripts(place, agency):
    an_employer(place.city, name="铁力市教育局")
    an_employer(place.city, name="铁力市民政局")
    an_employer(a_county(a_role("agency_clerk").organisation), name="铁力市外人局")
    found = agency.get("/desk/employers/find/?q=tls").content.decode()
    assert found.count('name="employer"') == 2
    assert "外人" not in found
    assert "没有找到" in text_of(agency.get("/desk/employers/find/?q=没有"))
    assert text_of(agency.get("/desk/employers/find/?q=")).strip() == ""
    page = agency.post("/desk/rosters/new/", {"q": "tls", "employer": ""})
    assert page.status_code == 422
    assert page.content.decode().count('type="radio" name="employer"') == 2
    chosen = agency.post("/desk/rosters/new/", {"q": "tlsj", "employer": ""}).content.decode()
    assert "请选择单位" not in chosen
    assert "铁力市教育局" in chosen


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


# ── what a page asks of the database ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("address", "most"), [("/desk/members/", 6), ("/desk/claims/", 12), ("/desk/employers/", 13)]
)
def test_a_list_asks_as_much_for_twenty_as_for_one(
    place, agency, address, most, django_assert_max_num_queries
):
    county = a_county(place.city)
    for at in range(20):
        a_submitted(a_covered_member(place, f"刘{at}"), setl_id=f"S{at}")
        an_employer(county)
    with django_assert_max_num_queries(most):
        assert agency.get(address).status_code == 200
