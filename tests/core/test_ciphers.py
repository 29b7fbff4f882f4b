import base64
import hashlib
import hmac
import string

import pytest
from cryptography.hazmat.primitives import ciphers
from cryptography.hazmat.primitives.ciphers import modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import example, given
from hypothesis import strategies as st

from huzhu.core.ciphers import ALGORITHMS, BadKeyring, CannotOpen, CannotSeal, Cipher, Keyring

FIRST, SECOND = bytes(range(32)), bytes(range(32, 64))
HERE = ("members_member", "id_number", "0001")
ID_NUMBER = "230702199001011234"


def ring(*entries: tuple[int, bytes]) -> Keyring:
    return Keyring.parse(",".join(f"{version}:{base64.b64encode(key).decode()}" for version, key in entries))


OLD, NEW = ring((1, FIRST)), ring((1, FIRST), (2, SECOND))
BOTH = [pytest.param(Cipher(OLD, algorithm), id=algorithm) for algorithm in ALGORITHMS]


def hkdf(master: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869 by hand, for one block of output and no salt."""
    extracted = hmac.digest(bytes(32), master, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")[:length]


def framed(*parts: str) -> bytes:
    return b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)


def body_of(token: str) -> bytes:
    text = token.split(".")[3]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# --- sealing and opening


@pytest.mark.parametrize("cipher", BOTH)
@given(text=st.text())
@example(text="")
@example(text="张䶮，住𠮷林路")
@example(text="\x00 a NUL that PostgreSQL would refuse")
def test_what_was_sealed_opens_as_it_was(cipher, text):
    assert cipher.open(cipher.seal(text, bound_to=HERE), bound_to=HERE) == text


@pytest.mark.parametrize("cipher", BOTH)
def test_a_token_says_how_it_was_sealed_and_nothing_of_what(cipher):
    token = cipher.seal(ID_NUMBER, bound_to=HERE)
    assert token.startswith(f"h1.{cipher.algorithm}.1.")
    assert token.isascii()
    assert ID_NUMBER not in token
    assert ID_NUMBER.encode() not in body_of(token)


@pytest.mark.parametrize("cipher", BOTH)
def test_the_same_text_never_gives_the_same_token(cipher):
    tokens = [cipher.seal(ID_NUMBER, bound_to=HERE) for _ in range(1000)]
    assert len({body_of(token)[:12] for token in tokens}) == 1000
    assert len(set(tokens)) == 1000


@pytest.mark.parametrize("cipher", BOTH)
@pytest.mark.parametrize(
    "elsewhere",
    [
        ("members_member", "id_number", "0002"),
        ("members_member", "bank_account", "0001"),
        ("claims_claim", "id_number", "0001"),
        ("members_memberid_number", "", "0001"),
        ("members_member", "id_number0001"),
        ("members_member", "id_number", "0001", ""),
        ("0001", "id_number", "members_member"),
        (),
    ],
)
def test_a_token_moved_to_another_place_does_not_open(cipher, elsewhere):
    token = cipher.seal(ID_NUMBER, bound_to=HERE)
    with pytest.raises(CannotOpen, match="挪来"):
        cipher.open(token, bound_to=elsewhere)


@given(one=st.lists(st.text(max_size=3), max_size=4), other=st.lists(st.text(max_size=3), max_size=4))
@example(one=["a", "bc"], other=["ab", "c"])
def test_two_places_are_never_taken_for_one(one, other):
    token = BOTH[0].values[0].seal(ID_NUMBER, bound_to=tuple(one))
    if one == other:
        assert BOTH[0].values[0].open(token, bound_to=tuple(other)) == ID_NUMBER
    else:
        with pytest.raises(CannotOpen):
            BOTH[0].values[0].open(token, bound_to=tuple(other))


@pytest.mark.parametrize("cipher", BOTH)
@pytest.mark.parametrize("text", ["", "1", "12", "123"], ids=len)
def test_no_character_of_a_token_can_be_changed(cipher, text):
    token = cipher.seal(text, bound_to=HERE)
    for place, character in enumerate(token):
        for other in set(string.ascii_letters + string.digits + "-_.=+/ \n１") - {character}:
            with pytest.raises(CannotOpen):
                cipher.open(token[:place] + other + token[place + 1 :], bound_to=HERE)


@pytest.mark.parametrize("cipher", BOTH)
def test_no_bit_of_a_token_can_be_turned(cipher):
    token = cipher.seal(ID_NUMBER, bound_to=HERE)
    header, body = token.rsplit(".", 1)[0], body_of(token)
    for bit in range(len(body) * 8):
        turned = bytearray(body)
        turned[bit // 8] ^= 1 << bit % 8
        with pytest.raises(CannotOpen):
            cipher.open(f"{header}.{base64.urlsafe_b64encode(turned).decode().rstrip('=')}", bound_to=HERE)


@pytest.mark.parametrize("cipher", BOTH)
def test_a_token_cannot_be_cut_or_lengthened(cipher):
    token = cipher.seal(ID_NUMBER, bound_to=HERE)
    for wrong in [token[:length] for length in range(len(token))] + [token + "A", token + "\n", token + "="]:
        with pytest.raises(CannotOpen):
            cipher.open(wrong, bound_to=HERE)


def test_a_token_cannot_change_its_algorithm_or_key_version():
    cipher = Cipher(NEW)
    token = cipher.seal(ID_NUMBER, bound_to=HERE)
    for wrong in [token.replace("AES", "SM4"), token.replace("GCM.2", "GCM.1"), token.replace("h1", "h2")]:
        with pytest.raises(CannotOpen):
            cipher.open(wrong, bound_to=HERE)


def test_text_that_is_not_unicode_is_refused_without_being_shown():
    with pytest.raises(CannotSeal) as refusal:
        Cipher(OLD).seal(f"{ID_NUMBER}\ud800", bound_to=HERE)
    assert ID_NUMBER not in str(refusal.value)
    assert refusal.value.__suppress_context__


# --- two algorithms


@pytest.mark.parametrize(("writer", "reader"), [("AES-GCM", "SM4-GCM"), ("SM4-GCM", "AES-GCM")])
def test_either_algorithm_reads_what_the_other_wrote(writer, reader):
    token = Cipher(OLD, writer).seal("张䶮", bound_to=HERE)
    assert Cipher(OLD, reader).open(token, bound_to=HERE) == "张䶮"
    assert Cipher(OLD, writer).is_current(token)
    assert not Cipher(OLD, reader).is_current(token)


def test_an_unknown_algorithm_is_refused_with_the_names_of_the_known():
    with pytest.raises(ValueError, match="AES-GCM、SM4-GCM"):
        Cipher(OLD, "ROT13")


def test_the_seal_is_plain_aes_gcm_over_an_hkdf_subkey():
    token = Cipher(OLD).seal(ID_NUMBER, bound_to=HERE)
    key, body = hkdf(FIRST, b"huzhu/seal/AES-GCM", 32), body_of(token)
    opened = AESGCM(key).decrypt(body[:12], body[12:], framed("h1.AES-GCM.1", *HERE))
    assert opened.decode() == ID_NUMBER


def test_the_sm4_used_is_that_of_the_standard():
    # RFC 8998, appendix A.1
    block, length = ALGORITHMS["SM4-GCM"]
    key = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    lock = ciphers.Cipher(block(key), modes.GCM(bytes.fromhex("00001234567800000000ABCD"))).encryptor()
    lock.authenticate_additional_data(bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2"))
    plain = b"".join(bytes([byte]) * 8 for byte in bytes.fromhex("AABBCCDDEEFFEEAA"))
    sealed = lock.update(plain) + lock.finalize()
    assert len(key) == length
    assert sealed.hex().startswith("17f399f08c67d5ee19d0dc9969c4bb7d")
    assert lock.tag.hex() == "83de3541e4c2b58177e065a9bf7b62ec"


@pytest.mark.parametrize(
    "token",
    [
        "h1.AES-GCM.1.L3d5ITo3xwtDPdxzW-bBDpP0PKrEIvyiDWvT6c9LUTESoQ",
        "h1.SM4-GCM.1.3yLXcpqK5F3hedQr_PY7FPW23_y-QYsOOCn-gwK8emoa3g",
    ],
)
def test_a_token_of_the_first_release_opens_for_ever(token):
    assert Cipher(NEW).open(token, bound_to=HERE) == "张䶮"


# --- keys


def test_the_highest_version_writes_and_every_version_reads():
    before = Cipher(OLD).seal(ID_NUMBER, bound_to=HERE)
    cipher = Cipher(ring((2, SECOND), (1, FIRST)))
    after = cipher.seal(ID_NUMBER, bound_to=HERE)
    assert after.startswith("h1.AES-GCM.2.")
    assert [cipher.open(token, bound_to=HERE) for token in (before, after)] == [ID_NUMBER, ID_NUMBER]
    assert [cipher.is_current(token) for token in (before, after)] == [False, True]


def test_versions_are_numbers_not_texts():
    cipher = Cipher(ring((9, FIRST), (10, SECOND)))
    assert cipher.keyring.newest == 10
    assert not Cipher(ring((1, FIRST))).is_current(cipher.seal("", bound_to=HERE))


def test_a_missing_key_version_is_named_with_what_to_do():
    token = Cipher(NEW).seal(ID_NUMBER, bound_to=HERE)
    with pytest.raises(CannotOpen, match=r"密钥第 2 版.*放回 HUZHU_KEYS"):
        Cipher(OLD).open(token, bound_to=HERE)


def test_another_key_under_the_same_version_does_not_open_and_shows_nothing():
    token = Cipher(OLD).seal(ID_NUMBER, bound_to=HERE)
    with pytest.raises(CannotOpen, match="核对 HUZHU_KEYS") as refusal:
        Cipher(ring((1, SECOND))).open(token, bound_to=HERE)
    assert ID_NUMBER not in str(refusal.value)
    assert "members_member / id_number / 0001" in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "没有任何密钥"),
        (" \n", "没有任何密钥"),
        ("c2VjcmV0", "第 1 个"),
        (f"1:{base64.b64encode(FIRST).decode()},", "第 2 个"),
        (f"0:{base64.b64encode(FIRST).decode()}", "从 1 起"),
        (f"-1:{base64.b64encode(FIRST).decode()}", "从 1 起"),
        (f"１:{base64.b64encode(FIRST).decode()}", "从 1 起"),
        (f"1:{base64.b64encode(FIRST).decode()},1:{base64.b64encode(SECOND).decode()}", "出现了两次"),
        ("1:c2VjcmV0", "6 字节"),
        ("1:c2Vjc*V0", "不是 Base64"),
        ("1:c2VjcmV", "不是 Base64"),
        ("1:密c2VjcmV0", "不是 Base64"),
    ],
)
def test_a_faulty_ring_is_refused_without_repeating_it(text, said):
    with pytest.raises(BadKeyring, match=said) as refusal:
        Keyring.parse(text)
    assert "c2Vjc" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_spaces_and_line_ends_around_keys_do_no_harm():
    first, second = (base64.b64encode(key).decode() for key in (FIRST, SECOND))
    assert Keyring.parse(f" 1:{first} ,\n 2:{second}\n").versions == (2, 1)


def test_a_ring_never_shows_its_keys():
    cipher = Cipher(NEW)
    cipher.seal("", bound_to=HERE)
    shown = f"{NEW!r} {NEW} {cipher!r}"
    assert "Keyring(versions=(2, 1))" in shown
    assert base64.b64encode(FIRST).decode()[:8] not in shown
    assert repr(FIRST)[2:-1] not in shown


def test_each_purpose_has_a_key_of_its_own():
    purposes = {"seal/AES-GCM": 32, "seal/SM4-GCM": 16, "blind-index": 32}
    for purpose, length in purposes.items():
        assert NEW.subkey(2, purpose, length) == hkdf(SECOND, f"huzhu/{purpose}".encode(), length)
    assert (
        len({NEW.subkey(version, *purpose)[:16] for version in (1, 2) for purpose in purposes.items()}) == 6
    )


# --- blind indexes


def test_a_blind_index_is_the_first_half_of_an_hmac_anyone_with_the_key_can_repeat():
    key = hkdf(FIRST, b"huzhu/blind-index", 32)
    message = framed("members_member.id_number_index", ID_NUMBER)
    expected = hmac.new(key, message, hashlib.sha256).hexdigest()[:32]
    index = Cipher(OLD).blind_index(ID_NUMBER, purpose="members_member.id_number_index")
    assert index == f"1.{expected}"


def test_a_blind_index_does_not_depend_on_the_algorithm_that_seals():
    aes, sm4 = Cipher(OLD), Cipher(OLD, "SM4-GCM")
    assert aes.blind_index("x", purpose="a.b") == sm4.blind_index("x", purpose="a.b")


def test_the_same_value_has_other_indexes_in_other_columns_and_under_other_keys():
    cipher = Cipher(NEW)
    found = {
        index for purpose in ("a.b", "a.c", "ab.c") for index in cipher.blind_indexes("x", purpose=purpose)
    }
    assert len({index.split(".")[1] for index in found}) == 6


def test_the_indexes_of_all_versions_begin_with_the_one_that_is_written():
    cipher = Cipher(NEW)
    newest, oldest = cipher.blind_indexes(ID_NUMBER, purpose="a.b")
    assert newest == cipher.blind_index(ID_NUMBER, purpose="a.b")
    assert oldest == Cipher(OLD).blind_index(ID_NUMBER, purpose="a.b")
