"""Lists: who takes them away, how much of them, what stands in the address, and what each page asks of the database."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qsl

import pytest

from factories.claims import WEDNESDAY, a_covered_member, a_draft, a_submitted
from factories.contributions import a_receipt, an_accepted_roster
from factories.enrolment import some_workers
from factories.members import a_member
from factories.organisations import a_county, an_employer
from factories.schemes import the_inpatient_scheme
from factories.users import a_role
from factories.web import as_staff, head_of, rows_of, text_of
from huzhu.audit.models import Event
from huzhu.contributions.models import Share
from huzhu.enrolment.models import Enrolment
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
    ("leader", "/desk/outreach/funnel/", "走访漏斗"),
    ("county_clerk", "/desk/outreach/occasions/", "讲座和宣传日"),
    ("agency_clerk", "/desk/outreach/targets/", "年度目标"),
    ("leader", "/desk/numbers/", "参保与互助"),
    ("auditor", "/desk/payments/", "已到账的互助金"),
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
def agency(place):
    return as_staff(place.agency())


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
    for wrong in ("from=2022-13-45", "to=0001-01-01", "from=%01", "to=9999-12-31"):
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


# ── what a page asks of the database ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("address", "most"), [("/desk/members/", 6), ("/desk/claims/", 13), ("/desk/employers/", 13)]
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
