"""Identity numbers are read as people write them, and refused with what is wrong."""

import contextlib
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_11_2

from huzhu.core.identity import Identity, NotAnIdentity, mask_account, mask_name, mask_phone, masked

GOOD = "11010519491231002X"  # the example of GB 11643


def numbers() -> st.SearchStrategy[str]:
    days = st.dates(date(1900, 1, 1), date(2099, 12, 31))
    parts = st.tuples(st.integers(0, 999_999), days, st.integers(0, 999))
    bodies = parts.map(lambda p: f"{p[0]:06d}{p[1]:%Y%m%d}{p[2]:03d}")
    return bodies.map(lambda body: body + str(mod_11_2.calc_check_digit(body)))


def test_a_number_tells_birthday_and_sex():
    identity = Identity.read(GOOD)
    assert (identity.number, identity.born_on, identity.sex) == (GOOD, date(1949, 12, 31), "female")
    assert identity.age_on(date(2022, 12, 30)) == 72
    assert identity.age_on(date(2022, 12, 31)) == 73


@pytest.mark.parametrize(
    "text",
    [
        "11010519491231002x",
        " 110105 19491231 002X ",
        "１１０１０５１９４９１２３１００２Ｘ",
        "'" + GOOD,
        "\ufeff" + GOOD,
    ],
)
def test_a_number_is_read_in_any_dress(text):
    assert Identity.read(text).number == GOOD


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "没有填身份证号"),
        ("110105491231002", "15 位"),
        ("1101051949123100", "这里是 16 位"),
        ("11010519491331002X", "1949-13-31 不是一个日期"),
        ("11010518491231002X", "不是一个日期"),
        ("110105194912310021", "末位应是 X，这里是 1"),
        ("110105194912310000", "末三位是 000"),
        ("1.10105E+17", "科学计数"),
        ("11010519491231OO2X", "别的字符"),
    ],
)
def test_a_wrong_number_is_told_what_is_wrong(text, said):
    with pytest.raises(NotAnIdentity, match=said.replace("+", r"\+")):
        Identity.read(text)


@given(numbers())
def test_every_number_with_its_check_digit_is_read(number):
    assert Identity.read(number).number == number


@given(numbers(), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(number, place, by):
    wrong = number[:place] + str((int(number[place]) + by) % 10) + number[place + 1 :]
    with pytest.raises(NotAnIdentity):
        Identity.read(wrong)


@given(st.text(max_size=30))
def test_no_text_breaks_the_reader(text):
    with contextlib.suppress(NotAnIdentity):
        Identity.read(text)


def test_a_refusal_never_repeats_the_number():
    with pytest.raises(NotAnIdentity) as refused:
        Identity.read("110105194912310021")
    assert "1101051949" not in str(refused.value)


def test_generated_people_cannot_be_real():
    assert not Identity.read(GOOD).cannot_be_real
    body = "99000119820506002"
    assert Identity.read(body + str(mod_11_2.calc_check_digit(body))).cannot_be_real


def test_masks_leave_what_a_person_needs_to_recognise_their_own():
    assert masked("230703198205061234") == "230703********1234"
    assert mask_phone("13912345678") == "139****5678"
    assert mask_account("6222020903000012345") == "**** 2345"
    assert mask_name("刘女士") == "刘**"
    assert masked("12") == "**"
    assert mask_phone("1") == "*"
    assert mask_account("123") == "***"


@given(numbers(), st.integers(0, 16))
def test_neighbours_that_changed_places_are_always_noticed(number, place):
    """The check of GB 11643 sees every swap of unlike neighbours: weights beside each other differ."""
    left, right = number[place], number[place + 1]
    assume(left != right)
    swapped = number[:place] + right + left + number[place + 2 :]
    with pytest.raises(NotAnIdentity):
        Identity.read(swapped)


@given(numbers(), st.sampled_from("0123456789X"))
def test_a_wrong_check_digit_is_always_noticed_and_the_right_one_named(number, last):
    assume(last != number[17])
    with pytest.raises(
        NotAnIdentity, match=f"末位应是 {number[17]}|表格软件"
    ):  # …000 is what one leaves behind
        Identity.read(number[:17] + last)
