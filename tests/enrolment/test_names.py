"""Names as people type them: what is invisible goes, what is rare stays, and reading again changes nothing."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huzhu.enrolment.line import name_of

HAN = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF)
RARE = st.one_of(
    st.characters(min_codepoint=0x3400, max_codepoint=0x4DBF),
    st.characters(min_codepoint=0x20000, max_codepoint=0x323AF),
    st.characters(min_codepoint=0xE000, max_codepoint=0xF8FF),  # older fonts keep rare letters privately
    st.characters(
        min_codepoint=0xF900, max_codepoint=0xFAD9
    ),  # compatibility ideographs stand on identity cards
)
NAMES = st.text(st.one_of(HAN, RARE), min_size=1, max_size=8)
NOISE = st.sampled_from([" ", "\u3000", "\u200b", "\ufeff", "\t"])
DOTS = st.sampled_from("·•‧∙⋅・．")


@given(NAMES)
def test_common_and_rare_letters_stay_as_they_are(name):
    assert name_of(name) == name


@given(NAMES, st.lists(st.tuples(st.integers(0, 8), NOISE), max_size=5))
def test_spaces_and_invisible_letters_go_wherever_they_stand(name, noise):
    typed = name
    for at, letter in noise:
        typed = typed[:at] + letter + typed[at:]
    assert name_of(typed) == name


@given(NAMES, NAMES, DOTS)
def test_all_middle_dots_are_one(first, last, dot):
    assert name_of(f"{first}{dot}{last}") == f"{first}·{last}"


@given(st.text(max_size=40))
def test_read_again_a_name_stays_as_it_was(text):
    assert name_of(name_of(text)) == name_of(text)


@given(
    st.text(
        st.characters(min_codepoint=0xC0, max_codepoint=0x24F, categories=("Lu", "Ll")),
        min_size=1,
        max_size=8,
    )
)
def test_letters_with_marks_are_composed(name):
    assert name_of(unicodedata.normalize("NFD", name)) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize("letter", ["郞", "凉", "﨎", "𠮷"])
def test_a_variant_is_not_exchanged_for_its_relative(letter):
    assert name_of(f"王{letter}") == f"王{letter}"
