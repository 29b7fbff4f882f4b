"""Pages of employers: whose record opens to whom, what is refused and kept, lists, exports, earlier statistics."""

import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from python_calamine import CalamineWorkbook

from factories.claims import WEDNESDAY, a_covered_member, a_submitted, yichun
from factories.files import a_png
from factories.organisations import a_city, a_county, an_employer
from factories.outreach import a_visit
from factories.users import a_role
from factories.web import as_staff, text_of
from huzhu.audit.models import Event
from huzhu.employers import queries, services
from huzhu.employers.models import Contact, HeadCount, InsuredYear, Stance
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
    """An agency, a county with two units, and who works there."""
    city = a_city()
    county = a_county(under=city)
    unit = an_employer(under=county, sector="county", staff_count=100, name="铁力市教育局")
    an_employer(under=county, sector="county", staff_count=50, name="铁力市民政局")
    agency = a_role("agency_clerk", city)
    a_visit(unit, by=agency, at=NOW, on=TODAY, said="要等明年预算", next_on=TODAY + timedelta(days=5))
    return agency, a_role("county_clerk", county), a_role("employer_clerk", unit), unit


def do(role, unit, verb, **asked):
    return as_staff(role).post(f"/desk/employers/{unit.pk}/do/{verb}/", asked)


# ── whose record opens to whom ──────────────────────────────────────────────────────────────────────


def test_another_branchs_employer_looks_like_a_missing_one(town):
    _, _, _, unit = town
    services.tell_count(
        employer=unit,
        year=2022,
        count=90,
        source="insurance",
        name="a.png",
        data=a_png(),
        by=town[0],
        at=NOW,
        on=TODAY,
    )
    count = HeadCount.objects.get()
    for code in ("county_clerk", "agency_clerk", "employer_clerk", "leader"):
        browser = as_staff(a_role(code, an_employer() if code == "employer_clerk" else a_city()))
        for ask in ("", f"proof/{count.pk}/"):
            assert browser.get(f"/desk/employers/{unit.pk}/{ask}").status_code == 404
        if code != "leader":
            assert browser.post(f"/desk/employers/{unit.pk}/do/contact/", {"name": "x"}).status_code == 404
        if code != "employer_clerk":
            assert "铁力市教育局" not in browser.get("/desk/employers/?q=教育").content.decode()


def test_the_employers_clerk_sees_the_own_record_without_what_the_union_notes(town):
    _, _, clerk, unit = town
    browser = as_staff(clerk)
    assert browser.get("/desk/employers/own/").url == f"/desk/employers/{unit.pk}/"
    said = text_of(browser.get(f"/desk/employers/{unit.pk}/"))
    assert "铁力市教育局" in said
    assert "联系人" in said
    for kept in ("要等明年预算", "观望", "负责人", "下一步", "经费不足"):
        assert kept not in said


def test_claims_of_own_staff_stand_as_states_only():
    place = yichun()
    member = a_covered_member(place)
    a_submitted(member)
    agency = a_role("agency_clerk", member.employer.parent.parent)
    for role in (agency, a_role("employer_clerk", member.employer)):
        said = text_of(as_staff(role).get(f"/desk/employers/{member.employer.pk}/"))
        assert "已提交" in said
        assert "刘女士" not in said
        assert "C50" not in said


def test_a_leader_reads_and_writes_nothing(town):
    agency, _, _, unit = town
    leader = a_role("leader", agency.organisation)
    page = as_staff(leader).get(f"/desk/employers/{unit.pk}/").content.decode()
    assert "要等明年预算" in page
    assert "/do/" not in page
    assert do(leader, unit, "say", willing="yes").status_code == 404


def test_the_employers_clerk_cannot_say_what_the_union_says(town):
    _, _, clerk, unit = town
    answer = do(clerk, unit, "say", willing="yes")
    assert answer.status_code == 422
    assert "不能登记单位的行业和意愿" in text_of(answer)
    assert Stance.objects.count() == 1


# ── what is refused is kept in the form ─────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("verb", "asked", "says"),
    [
        ("count", {"year": "2030", "count": "90", "source": "reported"}, "年度"),
        ("count", {"year": "2022", "count": "很多", "source": "reported"}, "职工人数"),
        ("count", {"year": "2022", "count": "90", "source": "payroll"}, "证明文件"),
        ("contact", {"name": "高主席", "phone": "12"}, "电话"),
        ("say", {"willing": "no", "willing_count": "7"}, "原因"),
        ("profile", {"industry": "Z", "front": "unit"}, "门类"),
    ],
)
def test_bad_input_is_said_and_nothing_is_lost(verb, asked, says, town):
    agency, _, _, unit = town
    answer = do(agency, unit, verb, **asked)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert says in text_of(answer)
    kept = [value for name, value in asked.items() if name in {"name", "phone", "willing_count"}]
    assert all(f'value="{value}"' in page for value in kept)
    assert not HeadCount.objects.exists()
    assert not Contact.objects.exists()


def test_what_is_unknown_is_not_there(town):
    agency, _, _, unit = town
    assert do(agency, unit, "explode").status_code == 404
    assert do(agency, unit, "prove", count="1").status_code == 404
    assert do(agency, unit, "drop", contact="x").status_code == 404


# ── the good way ────────────────────────────────────────────────────────────────────────────────────


def test_a_count_told_by_the_employer_is_proved_by_the_county(town):
    _, county, clerk, unit = town
    file = SimpleUploadedFile("名单.png", a_png())
    answer = do(clerk, unit, "count", year="2022", count="80", source="insurance", file=file)
    assert answer.status_code == 302
    assert "等核实" in text_of(as_staff(clerk).get(f"/desk/employers/{unit.pk}/"))
    count = HeadCount.objects.get()
    do(county, unit, "prove", count=str(count.pk))
    said = text_of(as_staff(clerk).get(f"/desk/employers/{unit.pk}/"))
    assert "0 / 80" in said
    assert "0 / 100" in said
    paper = as_staff(county).get(f"/desk/employers/{unit.pk}/proof/{count.pk}/")
    assert paper.content == a_png()
    assert Event.objects.filter(verb="employers.open_proof", kind="read").count() == 1


def test_a_number_is_masked_until_somebody_looks(town):
    agency, _, _, unit = town
    do(agency, unit, "contact", name="高主席", phone="13904580001", post="主席")
    page = as_staff(agency).get(f"/desk/employers/{unit.pk}/").content.decode()
    assert "13904580001" not in page
    contact = Contact.objects.get()
    assert "13904580001" in do(agency, unit, "show", contact=str(contact.pk)).content.decode()
    assert Event.objects.filter(verb="employers.show_contact", kind="reveal").count() == 1


def test_filters_find_what_they_say_and_nothing_else(town):
    agency, _, _, unit = town
    services.set_profile(employer=unit, industry="P", front="industry", by=agency, at=NOW)
    browser = as_staff(agency)
    both = {"铁力市教育局", "铁力市民政局"}
    for query, names in (
        ("", both),
        ("q=jyj", {"铁力市教育局"}),
        ("q=没有的", set()),
        (f"q={unit.code}", {"铁力市教育局"}),
        ("industry=P", {"铁力市教育局"}),
        ("industry=none", {"铁力市民政局"}),
        ("front=industry", {"铁力市教育局"}),
        ("stage=visited", {"铁力市教育局"}),
        ("stage=none", {"铁力市民政局"}),
        ("cause=money", {"铁力市教育局"}),
        ("willing=unknown", {"铁力市民政局"}),
        ("joined=yes", set()),
        ("lacks=any", both),
        ("lacks=cause", {"铁力市民政局"}),
        ("due=set", {"铁力市教育局"}),
        ("sector=forestry", set()),
        (f"place={unit.parent.pk}&sort=staff", both),
        ("place=nonsense&sort=nonsense", both),
    ):
        page = browser.get(f"/desk/employers/?{query}").content.decode()
        assert {name for name in both if f">{name}</a>" in page} == names, query


def test_an_export_holds_the_rows_that_are_shown_and_is_written_down(town):
    agency, _, _, _ = town
    answer = as_staff(agency).get("/desk/employers/?stage=visited&as=xlsx")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert [row[1] for row in rows[2:]] == ["铁力市教育局"]
    taken = Event.objects.get(verb="lists.export")
    assert taken.detail == {"what": "单位", "rows": 1, "asked": {"stage": "visited"}}


# ── earlier statistics ──────────────────────────────────────────────────────────────────────────────

HEAD = "年度,机构代码,机构名称,参保职工数,住院人次,统筹支付额,个人自付额\n"


def a_file(lines):
    return SimpleUploadedFile("统计.csv", (HEAD + lines).encode())


def test_a_sheet_is_previewed_then_taken_in_and_stands_beside_today(town):
    agency, _, _, unit = town
    browser = as_staff(agency)
    address = browser.post("/desk/insured/new/", {"file": a_file(f"2019,{unit.code},,120,8,,")}).url
    assert "全部 1 行都对" in text_of(browser.get(address))
    assert not InsuredYear.objects.exists()
    browser.post(f"{address}accept/")
    assert "120" in text_of(browser.get("/desk/insured/?level=employer"))
    assert browser.get("/desk/insured/").status_code == 200
    again = browser.post("/desk/insured/new/", {"file": a_file(f"2019,{unit.code},,120,8,,")})
    assert again.url == address
    assert "已经传过" in text_of(browser.get(address))
    exported = browser.get("/desk/insured/?level=employer&as=xlsx")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(exported.content)).get_sheet_by_index(0).to_python()
    assert 120 in next(row for row in rows if row[0] == unit.code)


def test_a_bad_sheet_is_explained_and_cannot_be_taken_in(town):
    agency, _, _, unit = town
    browser = as_staff(agency)
    for file in (None, SimpleUploadedFile("a.csv", b""), SimpleUploadedFile("a.csv", "无关".encode())):
        answer = browser.post("/desk/insured/new/", {"file": file} if file else {})
        assert answer.status_code == 422
    address = browser.post("/desk/insured/new/", {"file": a_file(f"2019,{unit.code},,-3,,,")}).url
    said = text_of(browser.get(address))
    assert "第 2 行" in said
    assert "不能是负数" in said
    assert "一行也没有导入" in text_of(browser.post(f"{address}accept/", follow=True))
    assert not InsuredYear.objects.exists()
    stranger = as_staff(a_role("agency_clerk"))
    assert stranger.get(address).status_code == 404
    assert stranger.post(f"{address}cancel/").status_code == 404


def test_the_template_is_read_back_without_its_sample(town):
    agency, _, _, _ = town
    data = as_staff(agency).get("/desk/insured/template/").content
    answer = as_staff(agency).post("/desk/insured/new/", {"file": SimpleUploadedFile("t.xlsx", data)})
    assert answer.status_code == 422
    assert "一行也没有" in text_of(answer)
    assert not queries.sheets_visible_to(agency).exists()
