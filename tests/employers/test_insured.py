"""Earlier insurance statistics: who may bring them in, every wrong cell named, all or nothing, the same file once."""

from datetime import UTC, datetime

import pytest

from factories.organisations import a_city, a_county, an_employer
from factories.users import a_role
from huzhu.employers import insured, queries
from huzhu.employers.models import InsuredSheet, InsuredYear
from huzhu.files.tables import TableRefused
from huzhu.users.permissions import NotAllowed

pytestmark = pytest.mark.django_db
NOON = datetime(2022, 11, 30, 4, tzinfo=UTC)
HEAD = "年度,机构代码,机构名称,参保职工数,住院人次,统筹支付额（元）,个人自付额（元）"


@pytest.fixture
def town():
    """An agency, a county and two of its units."""
    city = a_city()
    county = a_county(under=city)
    first = an_employer(under=county, sector="county", name="铁力市教育局")
    second = an_employer(under=county, sector="county", name="铁力市民政局")
    return a_role("agency_clerk", city), county, first, second


def staged(by, *lines, head=HEAD, name="统计.csv"):
    return insured.stage(name=name, data="\n".join([head, *lines]).encode(), by=by, at=NOON)


def problems(sheet, by):
    return {row.number: row.problems for row in insured.checked(sheet, by, 2022).bad}


@pytest.mark.parametrize("code", ["employer_clerk", "county_clerk", "leader", "auditor"])
def test_only_the_agency_brings_statistics_in(code, town):
    by, county, first, _ = town
    stranger = a_role(code, county)
    line = f"2019,{first.code},,1200,,,"
    with pytest.raises(NotAllowed):
        staged(stranger, line)
    with pytest.raises(NotAllowed):
        insured.accept(sheet=staged(by, line), by=stranger, at=NOON, on_year=2022)
    assert not queries.sheets_visible_to(stranger).exists()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "空的"),
        ("姓名,身份证号\n刘女士,1".encode(), "不是医保统计模板"),
        (HEAD.encode(), "一行也没有"),
        (b"\x00\x01\x02", "不是表格"),
    ],
)
def test_a_file_that_is_no_such_sheet_is_refused_in_words(data, says, town):
    with pytest.raises(TableRefused, match=says):
        insured.stage(name="统计.csv", data=data, by=town[0], at=NOON)
    assert not InsuredSheet.objects.exists()


def test_every_wrong_cell_is_named_and_nothing_comes_in(town):
    by, _, first, second = town
    sheet = staged(
        by,
        f"2019,{first.code},铁力市教育局,1200,80,512345.60,98765.40",
        "2019,NO-1,铁力市教育厅,10,,,",
        "2019,,铁力市教育,10,,,",
        f"2019,{second.code},铁力市教育局,10,,,",
        f"二〇一九,{second.code},,10,,,",
        f"1999,{second.code},,10,,,",
        f"2023,{second.code},,10,,,",
        f"2020,{second.code},,-5,,,",
        f"2018,{second.code},,很多,1.5,一万,12.345",
        f"2021,{second.code},,,,,",
        "2021,,,10,,,",
        f"2019,{first.code},,1300,,,",
    )
    found = problems(sheet, by)
    assert sorted(found) == list(range(3, 14))
    assert "没有代码是“NO-1”的机构" in found[3]["code"]
    assert "铁力市教育局" in found[3]["code"]
    assert f"是不是“铁力市教育局”（代码 {first.code}）" in found[4]["name"]
    assert "和名称不一致" in found[5]["name"]
    assert [set(found[n]) for n in (6, 7, 8)] == [{"year"}] * 3
    assert found[9] == {"workers": "不能是负数"}
    assert set(found[10]) == {"workers", "stays", "pooled_fen", "own_fen"}
    assert "一个数也没有填" in found[11]["workers"]
    assert set(found[12]) == {"code"}
    assert "和第 2 行重复" in found[13]["code"]
    with pytest.raises(insured.NotAllGood, match="11 行"):
        insured.accept(sheet=sheet, by=by, at=NOON, on_year=2022)
    assert not InsuredYear.objects.exists()


def test_another_branchs_employer_looks_missing(town):
    by = town[0]
    stranger = an_employer(name="别处的单位")
    assert set(problems(staged(by, f"2019,{stranger.code},,10,,,"), by)[2]) == {"code"}


def test_a_total_that_differs_from_its_parts_is_a_warning_only(town):
    by, county, first, second = town
    sheet = staged(
        by,
        f"2019,{county.code},,2000,,,",
        f"2019,{first.code},,1200,,,",
        f"2019,{second.code},,700,,,",
        f"2020,{county.code},,1900,,,",
        f"2020,{first.code},,1900,,,",
    )
    (warning,) = insured.checked(sheet, by, 2022).warnings
    assert "2019" in warning
    assert "1,900" in warning
    assert "2,000" in warning
    assert insured.accept(sheet=sheet, by=by, at=NOON, on_year=2022) == 5


def test_blanks_stay_empty_and_amounts_become_fen(town):
    by, _, first, _ = town
    sheet = staged(by, f'2018年,{first.code},,"1,200",,512345.6,')
    insured.accept(sheet=sheet, by=by, at=NOON, on_year=2022)
    kept = queries.insured(by)[first.pk][2018]
    assert (kept.workers, kept.stays, kept.pooled_fen, kept.own_fen) == (1200, None, 51_234_560, None)


def test_the_same_file_twice_changes_nothing(town):
    by, _, first, _ = town
    line = f"2019,{first.code},,1200,,,"
    sheet = staged(by, line)
    with pytest.raises(insured.SameSheetAgain):
        staged(by, line)
    insured.accept(sheet=sheet, by=by, at=NOON, on_year=2022)
    with pytest.raises(insured.SheetSettled):
        insured.accept(sheet=sheet, by=by, at=NOON, on_year=2022)
    with pytest.raises(insured.SameSheetAgain) as again:
        staged(by, line)
    assert again.value.sheet == sheet
    assert InsuredYear.objects.count() == 1


def test_a_later_sheet_corrects_a_year_and_a_cancelled_one_does_nothing(town):
    by, _, first, _ = town
    insured.accept(sheet=staged(by, f"2019,{first.code},,1200,,,"), by=by, at=NOON, on_year=2022)
    insured.cancel(sheet=staged(by, f"2019,{first.code},,1,,,"), by=by, at=NOON)
    assert queries.insured(by)[first.pk][2019].workers == 1200
    insured.accept(sheet=staged(by, f"2019,{first.code},,1250,90,,"), by=by, at=NOON, on_year=2022)
    kept = queries.insured(by)[first.pk][2019]
    assert (kept.workers, kept.stays, InsuredYear.objects.count()) == (1250, 90, 1)
