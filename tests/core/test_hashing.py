import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huzhu.core.hashing import NotCanonical, canonical_json, sha256_text

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


def test_one_value_has_one_spelling_whatever_the_order_of_its_keys():
    assert canonical_json({"b": [1, True, None], "a": "张䶮"}) == '{"a":"张䶮","b":[1,true,null]}'
    assert canonical_json({"a": "张䶮", "b": (1, True, None)}) == canonical_json(
        {"b": [1, True, None], "a": "张䶮"}
    )


@given(PLAIN)
def test_a_canonical_text_reads_back_as_the_value_and_spells_itself_again(value):
    text = canonical_json(value)
    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text


@given(st.dictionaries(st.text(), PLAIN))
def test_the_order_of_writing_leaves_no_trace(value):
    assert canonical_json(dict(reversed(value.items()))) == canonical_json(value)


@pytest.mark.parametrize("amount", [0.0, 31714.00, float("nan"), float("inf")])
def test_a_float_is_refused_and_its_place_named(amount):
    with pytest.raises(NotCanonical, match=r"\$\.bills\[1\]\.amount_fen 处是浮点数"):
        canonical_json({"bills": [{"amount_fen": 1}, {"amount_fen": amount}]})


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, object()])
def test_what_has_no_agreed_spelling_is_refused(value):
    with pytest.raises(NotCanonical, match="没有约定的写法"):
        canonical_json([value])


def test_a_key_that_is_not_text_is_refused():
    with pytest.raises(NotCanonical, match="键是 int"):
        canonical_json({1: "a", "1": "b"})


def test_the_fingerprint_is_the_published_one():
    # FIPS 180-4, example of one block
    assert sha256_text("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256_text("张䶮") != sha256_text("张龑")
