"""What is taken in, by its content; what is not, and what the person is told."""

import io
import struct
import zipfile

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from factories.files import a_png
from huzhu.files import contents
from huzhu.files.contents import CSV, JPEG, OLE, PDF, PNG, TXT, XLS, XLSX, NotAccepted, kind_of


def a_sheet(**more: bytes) -> bytes:
    """A real workbook, with more parts beside."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.add_worksheet().write_string(0, 0, "刘女士")
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as parts:
        for name, data in more.items():
            parts.writestr(name.replace("__", "/"), data)
    return out.getvalue()


def a_zip(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in parts.items():
            packed.writestr(name.replace("__", "/"), data)
    return out.getvalue()


def a_compound(*names: str) -> bytes:
    return OLE + b"\0" * 100 + b"\0\0".join(name.encode("utf-16-le") for name in names) + b"\0" * 100


SHEET = a_sheet()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7\n...", PDF),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", JPEG),
        (a_png(), PNG),
        (a_sheet(), XLSX),
        (a_compound("Root Entry", "Workbook"), XLS),
        (a_compound("Root Entry", "Book"), XLS),
        ("姓名,身份证号\n刘女士,230703\n".encode(), CSV),
        ("姓名,身份证号\r\n刘女士,230703\r\n".encode("gb18030"), CSV),
        ("姓名\t身份证号\n刘女士\t230703\n".encode("utf-16"), CSV),
        ("\ufeff姓名,电话".encode(), CSV),
        ("情况说明：本人刘女士。".encode(), TXT),
        ("第一行，有,逗号\n第二行没有".encode(), TXT),
    ],
)
def test_the_seven_kinds_are_known_by_their_content(data, kind):
    assert kind_of(data) == kind


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"MZ\x90\x00\x03" + b"\0" * 50, "认不出"),
        (b"\x7fELF" + b"\0" * 50, "认不出"),
        (b"GIF89a\x01\x00\x01\x00", "认不出"),
        (b"Rar!\x1a\x07\x00", "认不出"),
        (bytes(range(256)), "认不出"),
        (b"\x89PNG\r\n\x1a\n" + b"junk" * 9, "认不出"),
        (b"<html><table><tr><td>", "其实是网页"),
        ("\ufeff  <!DOCTYPE html>".encode(), "其实是网页"),
        (b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'a'>]>", "其实是网页"),
        (b"<svg onload=alert(1)>", "其实是网页"),
        (a_zip(a=b"1"), "压缩包"),
        (a_zip(word__document=b"1"), "压缩包"),
        (a_sheet()[:-50], "不完整"),
        (b"PK\x03\x04" + b"\0" * 60, "不完整"),
        (a_sheet(xl__vbaProject=b"1"), "带有宏"),
        (a_compound("Root Entry", "EncryptedPackage"), "密码保护"),
        (a_compound("Root Entry", "Workbook", "_VBA_PROJECT"), "带有宏"),
        (a_compound("Root Entry", "WordDocument"), "不是 Excel"),
    ],
)
def test_everything_else_is_refused_with_a_sentence(data, said):
    with pytest.raises(NotAccepted, match=said):
        kind_of(data)


def test_a_bomb_that_admits_its_size_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(contents, "_unpacked_size", lambda *_, **__: pytest.fail("unpacked"))
    bomb = a_sheet(xl__media=b"\0" * (contents.MOST_UNPACKED + 1))
    assert len(bomb) < 1024**2
    with pytest.raises(NotAccepted, match="大得不正常"):
        kind_of(bomb)


def test_a_bomb_that_lies_about_its_size_is_left_as_soon_as_it_exceeds_it():
    honest = a_sheet(xl__media=b"\0" * 50_000_000)
    place = honest.rindex(b"PK\x01\x02")  # the last entry of the directory
    lying = bytearray(honest)
    struct.pack_into("<I", lying, place + 24, 100)
    with pytest.raises(NotAccepted, match="大小不对"):
        kind_of(bytes(lying))
    assert kind_of(honest) == XLSX


def test_a_sheet_of_too_many_parts_is_refused():
    with pytest.raises(NotAccepted, match="大得不正常"):
        kind_of(a_sheet(**{f"p{number}": b"" for number in range(contents.MOST_PARTS)}))


def taken_or_refused(data: bytes) -> bool:
    """Whatever comes: a kind of ours, or a sentence; any other error fails the test."""
    try:
        return kind_of(data) in contents.KINDS
    except NotAccepted as refusal:
        return str(refusal).endswith("。")


@given(data=st.binary(max_size=400))
def test_no_bytes_break_it(data):
    for start in (b"", b"PK\x03\x04", OLE, b"\xff\xfe", b"%PDF-", SHEET[:-100]):
        assert taken_or_refused(start + data)


@given(st.data())
def test_a_sheet_with_any_byte_spoiled_is_taken_or_refused_but_never_breaks(data):
    sheet = bytearray(SHEET)
    for place in data.draw(st.lists(st.integers(4, len(sheet) - 1), min_size=1, max_size=4)):
        sheet[place] = data.draw(st.integers(0, 255))
    assert taken_or_refused(bytes(sheet))
