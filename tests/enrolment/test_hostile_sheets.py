"""Clumsy and hostile workbooks, as they come from people and from others: each has a clear answer, and soon."""

import csv
import io
import resource
import time
import zipfile
from contextlib import contextmanager
from datetime import date

import pytest
import xlsxwriter

from enrolment import sheets
from factories.files import a_png
from huzhu.enrolment import sheet
from huzhu.enrolment.repeats import Repeats
from huzhu.files.contents import NotAccepted, kind_of
from huzhu.files.tables import TableRefused

GOOD = "11010519491231002X"
START = date(2022, 1, 28)
HEADER = ("姓名", "身份证号", "手机")
ROW = ("王小明", GOOD, "13900000001")
UYGHUR = "阿卜杜热合曼·阿卜杜克热木·买买提吐尔逊·吐尔逊江"  # names of 24 letters and more are usual
MEMORY_MB, SECONDS = 256, 5


def made(write, **options) -> bytes:
    """A workbook by a function of (book, page)."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, **options}) as book:
        page = book.add_worksheet("名册")
        write(book, page)
    return out.getvalue()


def listed(*rows, header=HEADER, first=0) -> bytes:
    def write(book, page):
        for at, row in enumerate((header, *rows), start=first):
            for place, cell in enumerate(row):
                (page.write_number if isinstance(cell, int | float) else page.write_string)(at, place, cell)

    return made(write)


def with_part(data: bytes, name: str, content: bytes, *, instead=None) -> bytes:
    """The same file with one more part, or one replaced by what `instead` makes of it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            kept = old.read(part)
            new.writestr(part.filename, instead(kept) if instead and part.filename == name else kept)
        if not instead:
            new.writestr(name, content)
    return out.getvalue()


def xml(data: bytes, change) -> bytes:
    return with_part(data, "xl/worksheets/sheet1.xml", b"", instead=change)


def text(*lines, mark=",", encoding="utf-8") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=mark).writerows(lines)
    return out.getvalue().encode(encoding)


def merged(book, page):
    page.merge_range(0, 0, 0, 2, "美溪林业局公司职工名册")
    page.merge_range(1, 0, 1, 2, "2022 年度")
    page.write_row(2, 0, HEADER)
    page.write_row(3, 0, ROW)


def two_header_rows(book, page):
    page.merge_range(0, 0, 1, 0, "姓名")
    page.merge_range(0, 1, 1, 1, "身份证号")
    page.merge_range(0, 2, 0, 3, "银行信息")
    page.write_row(1, 2, ("开户行", "银行账号"))
    page.write_row(2, 0, ("王小明", GOOD, "工行", "6222020903000012345"))


def formulas(book, page):
    page.write_row(0, 0, HEADER)
    page.write_formula(1, 0, '="王"&"小明"', None, "王小明")
    page.write_formula(1, 1, '="x"', None, GOOD)


def formulas_without_values(book, page):
    page.write_row(0, 0, HEADER)
    page.write_string(1, 0, "王小明")
    page.write_formula(1, 1, "=VLOOKUP(A2,Sheet9!A:B,2,0)", None, "")


def broken_formulas(book, page):
    page.write_row(0, 0, HEADER)
    page.write_string(1, 0, "王小明")
    page.write_formula(1, 1, "=VLOOKUP(A2,Sheet9!A:B,2,0)", None, "#N/A")


def hidden_parts(book, page):
    page.write_row(0, 0, ("序号", *HEADER))
    page.write_row(1, 0, ("1", *ROW))
    page.set_column(0, 0, 8, None, {"hidden": True})
    page.set_row(1, None, None, {"hidden": True})


def hidden_page_first(book, page):
    page.write_row(0, 0, ("别的",))
    page.hide()
    seen = book.add_worksheet("今年")
    seen.write_row(0, 0, HEADER)
    seen.write_row(1, 0, ROW)
    seen.activate()
    seen.set_first_sheet()


def a_picture(book, page):
    page.insert_image(5, 5, "a.png", {"image_data": io.BytesIO(a_png())})
    page.write_row(0, 0, HEADER)
    page.write_row(1, 0, ROW)


def a_date_as_number(book, page):
    page.write_row(0, 0, HEADER)
    page.write_string(1, 0, "王小明")
    page.write_datetime(1, 1, date(2022, 1, 28), book.add_format({"num_format": "yyyy-mm-dd"}))


def a_chart_page(book, page):
    page.write_row(0, 0, HEADER)
    page.write_row(1, 0, ROW)
    chart = book.add_chart({"type": "column"})
    chart.add_series({"values": "=名册!$C$2:$C$2"})
    book.add_chartsheet("图").set_chart(chart)


def formatted_to_the_end(book, page):
    """A million rows that hold nothing but a format: what marking a whole column and saving leaves."""
    grey = book.add_format({"bg_color": "#EEEEEE"})
    page.write_row(0, 0, HEADER)
    page.write_row(1, 0, ROW)
    for at in range(2, 1_048_576, 8):
        page.write_blank(at, 0, None, grey)


def rich_text(book, page):
    page.write_row(0, 0, HEADER)
    bold = book.add_format({"bold": True})
    page.write_rich_string(1, 0, bold, "王", "小明")
    page.write_string(1, 1, GOOD)


def in_utf_16(mark="\t") -> bytes:
    return "﻿".encode("utf-16-le") + text(HEADER, ROW, mark=mark).decode().encode("utf-16-le")


# ── files that are answered by a sentence ───────────────────────────────────────────────────────────

DTD = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
REFUSED = {
    "empty": (lambda: b"", "a.xlsx", "0 字节"),
    "blank workbook": (lambda: made(lambda *_: None), "a.xlsx", "没有内容"),
    "spaces only": (lambda: listed(("  ", " ", "\u3000"), header=(" ", "")), "a.xlsx", "没有内容"),
    "only the header": (listed, "a.xlsx", "一行人也没有"),
    "only the header, twice": (lambda: listed(HEADER), "a.xlsx", "一行人也没有"),
    "only the sample": (lambda: listed(("示例（这一行不读）", GOOD, "")), "a.xlsx", "一行人也没有"),
    "another list": (lambda: listed(("1", "钳工"), header=("工号", "岗位")), "a.xlsx", "这不是名册"),
    "a password": (sheets.LOCKED.read_bytes, "a.xlsx", "密码"),
    "half a zip": (lambda: listed(ROW)[:900], "a.xlsx", "打不开|不完整"),
    "a zip header and nothing": (lambda: b"PK\x03\x04", "a.xlsx", "打不开|不完整"),
    "a zip of photographs": (lambda: with_part(b_zip(), "b.jpg", b"x"), "a.xlsx", "打不开|压缩包"),
    "numbers": (lambda: with_part(b_zip(), "Index/Document.iwa", b"x"), "名册.numbers", "打不开|压缩包"),
    "et": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "名册.et", "打不开|不是 Excel"),
    "word": (lambda: with_part(b_zip(), "word/document.xml", b"<a/>"), "名册.docx", "打不开|压缩包"),
    "pdf": (lambda: b"%PDF-1.7 ...", "名册.pdf", "不是表格文件"),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n....IHDR", "名册.png", "不是表格文件"),
    "a picture named csv": (lambda: b"\xff\xd8\xff\xe0\x00\x10JFIF", "名册.csv", "不是表格文件"),
    "html named xls": (lambda: b"<html><table><tr><td>1</td></tr></table></html>", "名册.xls", "网页"),
    "xml named xls": (lambda: b'<?xml version="1.0"?><Workbook/>', "名册.xls", "网页"),
    "a program": (lambda: b"MZ\x90\0", "名册.exe", "不是表格文件"),
    "zeros": (lambda: bytes(5000), "名册.csv", "不是表格文件"),
    "latin 1": (lambda: "姓名,身份证号".encode("utf-16-le")[1:] + b"\xff", "名册.csv", "编码|不是"),
    "a far cell": (sheets.a_far_cell, "a.xlsx", "很远的格子"),
    "a bomb": (
        lambda: with_part(listed(ROW), "xl/media/a.bin", bytes(300_000_000)),
        "a.xlsx",
        "太大|大得不正常",
    ),
    "old template": (lambda: made(old_template), "a.xlsx", "旧版的名册模板"),
    "prose": ("尊敬的领导：\n名单随后报上。".encode, "名册.txt", "这不是名册"),
    "two lists": (lambda: made(two_lists), "a.xlsx", "认不出哪一列"),
    "macros": (lambda: with_part(listed(ROW), "xl/vbaProject.bin", b"x"), "名册.xlsm", "宏"),
}


def b_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("a.txt", "a")
    return out.getvalue()


def old_template(book, page):
    page.write_row(0, 0, HEADER)
    page.write_row(1, 0, ROW)
    ours = book.add_worksheet("huzhu")
    ours.write_string(0, 0, "huzhu-roster/0")
    ours.very_hidden()


def two_lists(book, page):
    for one in (page, book.add_worksheet("去年")):
        one.write_row(0, 0, HEADER)
        one.write_row(1, 0, ROW)


def read(data, name="名册.xlsx"):
    """As the verb does it: what may be stored at all, then what can be read."""
    lines = sheet.read(data, name, starts_on=START)
    kind_of(data)
    return lines


@contextmanager
def soon():
    """What happens inside takes neither long nor much."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert time.perf_counter() - began < SECONDS
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024 < MEMORY_MB


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_be_taken_is_answered_in_a_sentence(case):
    make, name, said = REFUSED[case]
    data = make()
    with soon(), pytest.raises((TableRefused, NotAccepted), match=said) as told:
        read(data, name)
    assert str(told.value).endswith("。")
    assert "请" in str(told.value)


# ── files that are read all the same ────────────────────────────────────────────────────────────────

TAKEN = {
    "plain": lambda: listed(ROW),
    "titles in merged cells": lambda: made(merged),
    "formulas with their values": lambda: made(formulas),
    "hidden rows and columns": lambda: made(hidden_parts),
    "a hidden page first": lambda: made(hidden_page_first),
    "rich text": lambda: made(rich_text),
    "a page with a chart": lambda: made(a_chart_page),
    "empty rows above": lambda: listed(ROW, first=6),
    "empty columns before": lambda: listed(("", "", *ROW), header=("", "", *HEADER)),
    "empty rows between": lambda: listed(("", "", ""), ROW),
    "a header once more": lambda: listed(HEADER, ROW),
    "columns in another order": lambda: listed((ROW[2], ROW[1], ROW[0]), header=HEADER[::-1]),
    "labels with remarks": lambda: listed(ROW, header=("* 姓 名：", "身份证号码（18位）", "手机号(必填)")),
    "sixty more columns": lambda: listed((*ROW, *"x" * 60), header=(*HEADER, *map(str, range(60)))),
    "lower x": lambda: listed((ROW[0], GOOD.lower(), "")),
    "full-width digits": lambda: listed((ROW[0], "".join(chr(ord(c) + 0xFEE0) for c in GOOD), "")),
    "spaces within": lambda: listed((" 王 小 明 ", "110105 19491231 002X", "")),
    "invisible letters": lambda: listed(
        ("王\u200b小明\ufeff", f"\u202a{GOOD}".replace("\u202a", "\u200e"), "")
    ),
    "an apostrophe before": lambda: listed((ROW[0], f"'{GOOD}", "")),
    "line breaks in a cell": lambda: listed(("王小明\n", f"{GOOD}\r\n", "")),
    "no phone": lambda: listed(ROW[:2], header=HEADER[:2]),
    "a million formatted rows": lambda: made(formatted_to_the_end, constant_memory=True),
    "a document type in the xml": lambda: xml(
        listed(ROW),
        lambda old: old.replace(b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>', DTD, 1),
    ),
}


@pytest.mark.parametrize("case", TAKEN)
def test_a_clumsy_file_is_read_all_the_same(case):
    data = TAKEN[case]()
    with soon():
        lines = read(data)
    assert [(line.name, line.id_number, line.problems) for line in lines] == [("王小明", GOOD, {})]


@pytest.mark.parametrize("mark", [",", "\t", ";"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_text_is_read_whatever_parts_its_cells_and_however_it_is_written(mark, encoding):
    lines = read(text(HEADER, ROW, mark=mark, encoding=encoding), "名册.csv")
    assert [(line.name, line.id_number, line.problems) for line in lines] == [("王小明", GOOD, {})]


def test_text_with_quotes_and_breaks_keeps_its_cells():
    data = '姓名,身份证号,备注\r\n"王小明","11010519491231002X","说,\n两行"\r\n'.encode()
    assert read(data, "名册.csv")[0].problems == {}


# ── cells ───────────────────────────────────────────────────────────────────────────────────────────

CELLS = {
    "an id as a float": ((ROW[0], 110105194912310021.0, ""), "id_number", "设为“文本”"),
    "scientific text": ((ROW[0], "1.10105E+17", ""), "id_number", "科学计数"),
    "three zeros at the end": ((ROW[0], "110105194912310000", ""), "id_number", "丢了末几位"),
    "fifteen digits": ((ROW[0], "110105491231002", ""), "id_number", "15 位"),
    "a passport": ((ROW[0], "E12345678", ""), "id_number", "18 位"),
    "a day that is none": ((ROW[0], "110105194913310021", ""), "id_number", "不是一个日期"),
    "a wrong check digit": ((ROW[0], f"{GOOD[:17]}1", ""), "id_number", "末位应是 X"),
    "no id": ((ROW[0], "", "13900000001"), "id_number", "没有填"),
    "no name": (("", GOOD, ""), "name", "没有填"),
    "a name with a question mark": (("王?明", GOOD, ""), "name", "问号"),
    "a formula for a name": (("=HYPERLINK(1)", GOOD, ""), "name", "数字或符号"),
    "a phone as a float with lost digits": ((*ROW[:2], 1.39e12), "phone", "11 位"),
    "a phone of the office": ((*ROW[:2], "0458-3871234"), "phone", "11 位"),
}


@pytest.mark.parametrize("case", CELLS)
def test_a_cell_that_is_wrong_says_so_and_keeps_its_row(case):
    row, column, said = CELLS[case]
    [line] = read(listed(row))
    assert said in line.problems[column]


@pytest.mark.parametrize("make", [formulas_without_values, broken_formulas, a_date_as_number])
def test_what_a_formula_or_a_date_leaves_is_no_number(make):
    [line] = read(made(make))
    assert line.name == "王小明"
    assert line.problems.keys() == {"id_number"}


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("张䶮", "张䶮"),
        ("𬱖明", "𬱖明"),
        ("买买提·吐尔逊", "买买提·吐尔逊"),
        ("买买提•吐尔逊", "买买提·吐尔逊"),  # one dot for all the dots people type
        ("古丽•娜尔", "古丽·娜尔"),
        (UYGHUR, UYGHUR),
        ("欧阳娜娜", "欧阳娜娜"),
    ],
)
def test_names_are_kept_letter_by_letter(name, kept):
    [line] = read(listed((name, GOOD, "")))
    assert (line.name, line.problems) == (kept, {})


def test_two_header_rows_are_one():
    [line] = read(made(two_header_rows))
    assert (line.number, line.bank_name, line.account, line.problems) == (
        3,
        "工行",
        "6222020903000012345",
        {},
    )


def test_ten_thousand_equal_rows_are_one_person():
    book = sheet.opened(listed(*[ROW] * 10_000), "a.xlsx")
    repeats = Repeats()
    reading = book.understood()
    assert book.count(reading, repeats) == 10_000
    lines = [sheet.Line.of(number, cells, starts_on=START) for number, cells in book.rows(reading)]
    for line in lines:
        repeats.mark(line)
    assert [bool(line.problems) for line in lines[:3]] == [False, True, True]
    assert len(lines[9_999].problems["id_number"]) < 60


def test_a_hundred_thousand_and_one_rows_are_read_in_seconds_without_the_memory_of_all():
    data = "\n".join(["姓名,身份证号", *[f"王小明,{GOOD}"] * 100_001]).encode()
    with soon():
        book = sheet.opened(data, "a.csv")
        assert book.count(book.understood(), Repeats()) == 100_001


def test_a_city_and_one_is_too_many(monkeypatch):
    monkeypatch.setattr(sheet, "MOST_ROWS", 3)
    with pytest.raises(TableRefused, match="分成几个文件"):
        read(listed(*[ROW] * 4))


def test_a_picture_in_the_page_is_passed_over():
    assert read(made(a_picture))[0].problems == {}


def test_an_entity_in_the_xml_is_never_resolved():
    def changed(old):
        return old.replace(b'standalone="yes"?>', b'standalone="yes"?>' + DTD[21:], 1).replace(
            b"<t>", b"<t>&a;", 1
        )

    data = with_part(listed(ROW), "xl/sharedStrings.xml", b"", instead=changed)
    try:
        said = str([(line.name, line.id_number) for line in sheet.read(data, "a.xlsx")])
    except TableRefused as refused:
        said = str(refused)
    assert "root:" not in said
