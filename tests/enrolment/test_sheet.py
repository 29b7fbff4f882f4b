"""The sheet an employer sends: every way it can be wrong is said in words, at the cell."""

import io
from datetime import date

import pytest
from python_calamine import CalamineWorkbook, SheetVisibleEnum

from enrolment import sheets
from factories.members import an_id_number
from factories.organisations import an_employer
from factories.schemes import the_inpatient_scheme
from huzhu.enrolment import sheet
from huzhu.enrolment.line import Line
from huzhu.files import tables

GOOD = "11010519491231002X"
START = date(2022, 1, 28)


def read(data, name="名册.xlsx"):
    return sheet.read(data, name, starts_on=START)


def the_line(*cells, header=sheets.HEADER):
    return read(sheets.an_xlsx([cells], header))[0]


# ── the template ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_the_template_comes_back_empty_and_its_sample_is_not_a_person():
    data = sheet.template(an_employer(), [the_inpatient_scheme()])
    with pytest.raises(sheet.SheetRefused, match="一行人也没有"):
        read(data)


@pytest.mark.django_db
def test_the_template_knows_its_version_on_a_page_nobody_sees():
    book = CalamineWorkbook.from_filelike(io.BytesIO(sheet.template(an_employer(), [the_inpatient_scheme()])))
    seen = [page.name for page in book.sheets_metadata if page.visible == SheetVisibleEnum.Visible]
    assert seen == ["名册", "填写说明"]
    assert book.get_sheet_by_name("huzhu").to_python()[0] == [sheet.VERSION]


# ── files that cannot be read ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"", "a.xlsx", "0 字节"),
        (b"%PDF-1.7 ...", "名册.xlsx", "不是表格文件"),
        (b"\xff\xd8\xff\xe0....", "名册.csv", "编码认不出来|这不是名册|不是表格文件"),
        (b"PK\x03\x04 broken", "名册.xlsx", "打不开"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 broken", "名册.xls", "打不开"),
        (sheets.LOCKED.read_bytes(), "名册.xlsx", "打开密码"),
        (sheets.an_xlsx([], header=()), "名册.xlsx", "没有内容"),
        (sheets.an_xlsx([]), "名册.xlsx", "一行人也没有"),
        (sheets.an_xlsx([("甲", "乙")], header=("工号", "岗位")), "名册.xlsx", "这不是名册"),
        (sheets.a_far_cell(), "名册.xlsx", "很远的格子"),
        ("工号,岗位\n1,2".encode(), "名册.csv", "这不是名册"),
        (b"a\0b", "名册.csv", "不是表格文件"),
    ],
)
def test_a_file_that_is_no_roster_gets_one_clear_sentence(data, name, said):
    with pytest.raises(tables.TableRefused, match=said):
        read(data, name)


def test_a_city_is_the_most(monkeypatch):
    monkeypatch.setattr(sheet, "MOST_ROWS", 2)
    with pytest.raises(sheet.SheetRefused, match="超过 2 行"):
        read(sheets.an_xlsx([("王小明", GOOD, "")] * 3))


def test_a_bomb_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(tables, "MOST_UNPACKED", 100)
    with pytest.raises(tables.TableRefused, match="太大"):
        read(sheets.an_xlsx([("王小明", GOOD, "")]))


# ── files that can ──────────────────────────────────────────────────────────────────────────────────


def test_rows_keep_their_number_in_the_sheet():
    data = sheets.an_xlsx([("", "", ""), ("王小明", GOOD, "13900000001")], before=2)
    line = read(data)[0]
    assert (line.number, line.name, line.id_number, line.problems) == (5, "王小明", GOOD, {})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_is_read_in_both_encodings(encoding):
    data = f"姓名,身份证号码,联系电话\n张䶮,{GOOD.lower()},139-0000-0001\n".encode(encoding)
    line = read(data, "名册.csv")[0]
    assert (line.name, line.id_number, line.phone, line.problems) == ("张䶮", GOOD, "13900000001", {})


def test_the_page_people_see_is_read():
    assert read(sheets.two_pages())[0].name == "王小明"


def test_headers_are_found_by_other_names_and_with_remarks():
    header = ("序号", "职工姓名", "性 别", "身份证号码（18位）", "手机号：")
    line = the_line("1", "王小明", "女", GOOD, "13900000001", header=header)
    assert (line.name, line.sex, line.id_number, line.problems) == ("王小明", "女", GOOD, {})


@pytest.mark.parametrize("said", ["合计", "总 计：", "制表人：赵", "备注：离职的没有列"])
def test_what_stands_below_a_list_is_nobody(said):
    header = ("序号", *sheets.HEADER)
    rows = [("1", "王小明", GOOD, "13900000001"), (said, "", "1人", "")]
    assert [line.name for line in read(sheets.an_xlsx(rows, header=header))] == ["王小明"]


def test_a_person_is_never_taken_for_a_total():
    assert [line.name for line in read(sheets.an_xlsx([("合计", GOOD, "")]))] == ["合计"]


# ── cells ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("number", [110105194912310021, 1.10105194912e17, "1.10105E+17", "1.1E17"])
def test_a_number_a_spreadsheet_has_spoilt_says_set_the_column_to_text(number):
    line = the_line("王小明", number, "")
    assert "设为“文本”" in line.problems["id_number"]
    assert line.identity is None


def test_a_broken_check_digit_says_what_it_would_be():
    assert "末位应是 X，这里是 3" in the_line("王小明", GOOD[:17] + "3", "").problems["id_number"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "没有填姓名"),
        ("王" * 41, "超过 40 个字"),
        ("王?明", "问号"),
        ("王小明1", "数字或符号"),
        ("@王小明", "数字或符号"),
        ("=1+1", "数字或符号"),
    ],
)
def test_a_name_that_is_none_is_refused(name, said):
    problems = the_line(name, GOOD, "").problems
    assert said in problems["name"]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("张䶮", "张䶮"),
        ("𬱖明", "𬱖明"),
        ("王\ue863", "王\ue863"),
        ("买买提·吐尔逊", "买买提·吐尔逊"),
        ("王　明", "王明"),
        (" 王 小 明 ", "王小明"),
        ("王\u200b小明", "王小明"),
        ("John Smith", "John Smith"),
    ],
)
def test_rare_characters_are_kept_and_spaces_are_not(typed, kept):
    line = the_line(typed, GOOD, "")
    assert (line.name, line.problems) == (kept, {})


def test_a_phone_as_a_number_is_whole_and_may_be_missing():
    assert the_line("王小明", GOOD, 13900000001).phone == "13900000001"
    assert the_line("王小明", GOOD, "").problems == {}
    assert "11 位" in the_line("王小明", GOOD, "1390").problems["phone"]


def test_sex_is_compared_only_where_there_is_such_a_column():
    header = (*sheets.HEADER, "性别")
    assert the_line("王小明", GOOD, "", "女", header=header).problems == {}
    assert the_line("王小明", GOOD, "", "", header=header).problems == {}
    assert "性别写的是男" in the_line("王小明", GOOD, "", "男", header=header).problems["sex"]


def test_half_an_account_keeps_nobody_out():
    header = (*sheets.HEADER, "开户行", "银行账号")
    whole = the_line("王", GOOD, "", "工行", "6222 0209 0300 0012", header=header)
    assert (whole.problems, whole.half_account) == ({}, {})
    for bank, number, lacking in (("", "622202090300001", "bank_name"), ("工行", "", "account")):
        half = the_line("王", GOOD, "", bank, number, header=header)
        assert (half.problems, half.half_account.keys()) == ({}, {lacking})
    spoilt = the_line("王", GOOD, "", "工行", 6222020903000012345, header=header)
    assert "设为“文本”" in spoilt.problems["account"]


def test_nobody_joins_before_being_born():
    late, today = (an_id_number(born_on=date(2022, 1, day)) for day in (29, 28))
    assert "晚于保障起日 2022-01-28" in the_line("王", late, "").problems["id_number"]
    assert the_line("王", today, "").problems == {}


def test_a_line_read_again_from_its_own_text_stays_as_it_was():
    for number in (110105194912310021, GOOD, "1101"):
        first = the_line("王小明", number, "13900000001")
        cells = {"name": first.name, "id_number": first.id_number, "phone": first.phone}
        assert Line.of(2, cells, starts_on=START).problems == first.problems
