"""Papers: nothing is printed with a character missing, and what people typed never becomes code."""

import re
import zlib
from contextlib import suppress

import pytest

from factories.enrolment import an_enrolment
from factories.members import a_member
from factories.schemes import the_inpatient_scheme
from huzhu.enrolment import certificate, paper
from huzhu.enrolment.models import Enrolment


def address_of(token: str) -> str:
    return f"https://example.org/verify/{token}/"


def test_a_text_becomes_a_pdf():
    assert paper.pdf("你好，#data.name", {"name": "刘女士"}).startswith(b"%PDF")


@pytest.mark.parametrize("letter", ["\ue863", "𠮷\U0002fa1d", "😀"])
def test_a_character_the_font_lacks_stops_the_paper(letter):
    with pytest.raises(paper.GlyphMissing, match=r"字库里没有这些字：.*U\+"):
        paper.pdf("#data.rows.at(0).name", {"rows": [{"name": f"王{letter}"}]})


def test_the_font_draws_every_character_of_gbk_and_rare_names():
    pairs = (bytes([high, low]) for high in range(0x81, 0xFF) for low in range(0x40, 0xFF))
    letters = {
        letter for pair in pairs if len(letter := pair.decode("gbk", "ignore")) == 1 and letter > "\x7f"
    }
    assert len(letters) > 21_000
    assert paper.not_drawn("".join(sorted(letters))) in {"", "≒"}  # a sign of Japanese arithmetic
    assert paper.not_drawn("张䶮 㛃 㴔 㙍 𬱖 ·•—…“”‘’×¥￥（）＋①Ⅲ") == ""


def test_what_people_typed_is_printed_and_never_run():
    hostile = '#panic("x") $ \\ ] } // #read("/etc/passwd")'
    assert paper.pdf("#data.name", {"name": hostile}).startswith(b"%PDF")


@pytest.mark.django_db
def test_no_certificate_before_the_money():
    held = an_enrolment(a_member(), the_inpatient_scheme(), state=Enrolment.State.AWAITING_PAYMENT)
    with pytest.raises(certificate.NotInForce):
        certificate.certificates([held], address_of=address_of)
    with pytest.raises(certificate.NotInForce):
        certificate.certificates([], address_of=address_of)


@pytest.mark.django_db
def test_certificates_of_an_employer_come_in_one_file_and_large_ones_in_parts(monkeypatch):
    edition = the_inpatient_scheme()
    held = [an_enrolment(a_member(), edition) for _ in range(3)]
    one = certificate.certificates(held[:1], address_of=address_of)
    three = certificate.certificates(held, address_of=address_of)
    assert (b"/Pages/Count 1/" in one, b"/Pages/Count 3/" in three) == (True, True)
    monkeypatch.setattr(certificate, "MOST", 2)
    with pytest.raises(certificate.TooManyPages, match="一次最多打印 2 份"):
        certificate.certificates(held, address_of=address_of)


def text_in(pdf: bytes) -> str:
    """Every character that the fonts of a PDF say their glyphs stand for: what copying from it would give."""
    found = ""
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        with suppress(zlib.error):
            table = zlib.decompress(packed)
            for code in re.findall(rb"<[0-9A-Fa-f]+>\s*<([0-9A-Fa-f]+)>\s*\n", table):
                found += bytes.fromhex(code.decode()).decode("utf-16-be", "ignore")
    return found


@pytest.mark.django_db
def test_a_certificate_holds_the_rare_character_of_its_name():
    member = a_member("张䶮𬱖")
    paper_of = certificate.certificates([an_enrolment(member, the_inpatient_scheme())], address_of=address_of)
    assert {"张", "䶮", "𬱖"} <= set(text_in(paper_of))
    assert "㛃" not in text_in(paper_of)


@pytest.mark.django_db
def test_a_name_that_cannot_be_drawn_is_said_and_not_printed_with_a_gap():
    member = a_member("王\ue863")
    with pytest.raises(paper.GlyphMissing, match="U\\+E863"):
        certificate.certificates([an_enrolment(member, the_inpatient_scheme())], address_of=address_of)
