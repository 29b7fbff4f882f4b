"""Sealing of sensitive text, and keyed indexes by which sealed text is found again.

GCM: NIST SP 800-38D; SM4: GB/T 32907 and RFC 8998; a key of its own for each purpose: HKDF, RFC 5869.
A nonce is 96 random bits, so one key version seals at most 2**32 texts (SP 800-38D, 8.3); then add a version.
"""

import base64
import hmac
import re
import secrets
from collections.abc import Mapping
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import ciphers, hashes
from cryptography.hazmat.primitives.ciphers import algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
INDEX_BYTES = 16
# each name with its block cipher and the length of its subkey
ALGORITHMS: dict[str, tuple[type[algorithms.AES] | type[algorithms.SM4], int]] = {
    "AES-GCM": (algorithms.AES, 32),
    "SM4-GCM": (algorithms.SM4, 16),
}

_ENTRY = re.compile(r"([1-9][0-9]{0,8}):(.*)", re.ASCII | re.DOTALL)
_TOKEN = re.compile(rf"(h1\.({'|'.join(ALGORITHMS)})\.([1-9][0-9]{{0,8}}))\.([A-Za-z0-9_-]+)", re.ASCII)


class BadKeyring(ValueError):
    """The text of the keys cannot be read; the message never repeats any of it."""


class CannotSeal(ValueError):
    """The text cannot be written as UTF-8; the message never repeats it."""


class CannotOpen(ValueError):
    """The token does not open here; the message says what may have happened and never any content."""


class Keyring:
    """Master keys by version; the highest version writes, all of them read."""

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        self._keys = dict(keys)
        self._subkeys: dict[tuple[int, str], bytes] = {}
        self.versions = tuple(sorted(keys, reverse=True))

    def __repr__(self) -> str:
        return f"Keyring(versions={self.versions})"

    @classmethod
    def parse(cls, text: str) -> "Keyring":
        """Read "1:<base64 of 32 bytes>,2:<base64 of 32 bytes>"; anything else raises BadKeyring."""
        if not text.strip():
            raise BadKeyring("没有任何密钥：请把密钥写成“1:Base64 密钥”，多个版本之间用英文逗号分开。")
        keys: dict[int, bytes] = {}
        for place, entry in enumerate(text.split(","), start=1):
            version, key = _entry(entry.strip(), place)
            if version in keys:
                raise BadKeyring(
                    f"密钥第 {version} 版出现了两次：同一版本只能有一个密钥，请删去写错的那一个。"
                )
            keys[version] = key
        return cls(keys)

    @property
    def newest(self) -> int:
        """The version that writes."""
        return self.versions[0]

    def subkey(self, version: int, purpose: str, length: int) -> bytes:
        """The key of one purpose: HKDF-SHA256 of that version's master key, `length` bytes."""
        if (version, purpose) not in self._subkeys:
            kdf = HKDF(hashes.SHA256(), length=length, salt=None, info=f"huzhu/{purpose}".encode())
            self._subkeys[version, purpose] = kdf.derive(self._keys[version])
        return self._subkeys[version, purpose]


class _BlockGCM:
    """GCM over a block cipher that the library has no ready-made sealing for: nonce apart, tag at the end."""

    def __init__(self, block: algorithms.AES | algorithms.SM4) -> None:
        self._block = block

    def encrypt(self, nonce: bytes, data: bytes, bound: bytes) -> bytes:
        lock = ciphers.Cipher(self._block, modes.GCM(nonce)).encryptor()
        lock.authenticate_additional_data(bound)
        return lock.update(data) + lock.finalize() + lock.tag

    def decrypt(self, nonce: bytes, sealed: bytes, bound: bytes) -> bytes:
        text, tag = sealed[:-TAG_BYTES], sealed[-TAG_BYTES:]
        lock = ciphers.Cipher(self._block, modes.GCM(nonce, tag)).decryptor()
        lock.authenticate_additional_data(bound)
        return lock.update(text) + lock.finalize()


class Cipher:
    """Seals with one algorithm and the newest key; opens both algorithms and every key of the ring."""

    def __init__(self, keyring: Keyring, algorithm: str = "AES-GCM") -> None:
        if algorithm not in ALGORITHMS:
            raise ValueError(f"没有名为“{algorithm}”的加密算法：可选 {'、'.join(ALGORITHMS)}。")
        self.keyring = keyring
        self.algorithm = algorithm
        self._aeads: dict[tuple[str, int], AESGCM | _BlockGCM] = {}

    def seal(self, plaintext: str, *, bound_to: tuple[str, ...], version: int | None = None) -> str:
        """A token "h1.<algorithm>.<key version>.<base64url of nonce, ciphertext, tag>" in ASCII.

        `bound_to` names the place (table, column, row); the token opens nowhere else. Seals with the newest
        key unless a version is given. Text that is not valid Unicode raises CannotSeal.
        """
        version = version or self.keyring.newest
        header = self._header(version)
        nonce = secrets.token_bytes(NONCE_BYTES)
        lock = self._aead(self.algorithm, version)
        sealed = lock.encrypt(nonce, _utf8(plaintext), _framed(header, *bound_to))
        return f"{header}.{_base64(nonce + sealed)}"

    def open(self, token: str, *, bound_to: tuple[str, ...]) -> str:
        """The text of a token sealed for this very place; anything else raises CannotOpen."""
        header, algorithm, version, body = _parts(token, bound_to)
        if version not in self.keyring.versions:
            raise CannotOpen(
                f"密文（{_spot(bound_to)}）用密钥第 {version} 版加密，而现有密钥中没有这一版。"
                "数据没有损坏：请把这一版密钥放回 HUZHU_KEYS，然后重新启动。"
            )
        nonce, sealed = body[:NONCE_BYTES], body[NONCE_BYTES:]
        lock = self._aead(algorithm, version)
        try:
            return lock.decrypt(nonce, sealed, _framed(header, *bound_to)).decode()
        except InvalidTag:
            raise CannotOpen(
                f"密文（{_spot(bound_to)}）打不开：它可能被改动，可能从别的表、列或行挪来，"
                f"也可能密钥第 {version} 版已不是加密时的那一个。请先核对 HUZHU_KEYS；"
                "密钥无误，就从备份取回这一行，并查明是谁改动了数据库。"
            ) from None

    def is_current(self, token: str) -> bool:
        """Whether the token was sealed with the algorithm and key version that would seal today."""
        return token.startswith(f"{self._header(self.keyring.newest)}.")

    def blind_index(self, value: str, *, purpose: str) -> str:
        """HMAC-SHA256 of the value for this purpose, cut to 128 bits: "<key version>.<32 hex digits>"."""
        return self._index(value, purpose, self.keyring.newest)

    def blind_indexes(self, value: str, *, purpose: str) -> list[str]:
        """The index under every key version, newest first: what to look for while keys rotate."""
        return [self._index(value, purpose, version) for version in self.keyring.versions]

    def _header(self, version: int) -> str:
        return f"h1.{self.algorithm}.{version}"

    def _aead(self, algorithm: str, version: int) -> "AESGCM | _BlockGCM":
        """Made once for each key: to expand a key costs more than to seal a short text with it."""
        if (algorithm, version) not in self._aeads:
            block, length = ALGORITHMS[algorithm]
            key = self.keyring.subkey(version, f"seal/{algorithm}", length)
            self._aeads[algorithm, version] = (
                AESGCM(key) if block is algorithms.AES else _BlockGCM(block(key))
            )
        return self._aeads[algorithm, version]

    def _index(self, value: str, purpose: str, version: int) -> str:
        key = self.keyring.subkey(version, "blind-index", KEY_BYTES)
        return f"{version}.{hmac.digest(key, _framed(purpose, value), 'sha256')[:INDEX_BYTES].hex()}"


def _entry(entry: str, place: int) -> tuple[int, bytes]:
    match = _ENTRY.fullmatch(entry)
    if not match:
        raise BadKeyring(f"第 {place} 个密钥不是“版本:密钥”的样子：版本是从 1 起的整数，后接英文冒号。")
    try:
        key = base64.b64decode(match[2], validate=True)
    except ValueError:
        raise BadKeyring(f"第 {place} 个密钥不是 Base64 文本：请检查是否抄漏或多了字符。") from None
    if len(key) != KEY_BYTES:
        raise BadKeyring(f"第 {place} 个密钥是 {len(key)} 字节：必须正好 {KEY_BYTES} 字节。")
    return int(match[1]), key


def _parts(token: str, bound_to: tuple[str, ...]) -> tuple[str, str, int, bytes]:
    """The header, algorithm, key version and body of a token spelled in its one right way."""
    match = _TOKEN.fullmatch(token)
    body = _bytes(match[4]) if match else b""
    if not match or len(body) < NONCE_BYTES + TAG_BYTES:
        raise CannotOpen(
            f"{_spot(bound_to)} 里存的不是完整的密文：它可能被截断、改动，或由别的程序写入。"
            "请从备份取回这一行。"
        )
    return match[1], match[2], int(match[3]), body


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    """Decode base64url; another spelling of the same bytes counts as nothing: no character may change."""
    if len(text) % 4 == 1:
        return b""
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return data if _base64(data) == text else b""


def _framed(*parts: str) -> bytes:
    """Each part after its own length in four bytes: ("a", "bc") and ("ab", "c") stay apart."""
    return _frames(parts[:-1]) + _frame(parts[-1])


@lru_cache(maxsize=1024)
def _frames(parts: tuple[str, ...]) -> bytes:
    """All but the last, which is the row: table and column are the same for thousands of rows."""
    return b"".join(map(_frame, parts))


def _frame(part: str) -> bytes:
    encoded = _utf8(part)
    return len(encoded).to_bytes(4, "big") + encoded


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:  # it carries the whole text with it: never let it travel on
        raise CannotSeal("文本里有残缺的字符（单独的代理项），无法加密保存：请重新输入这一项。") from None


def _spot(bound_to: tuple[str, ...]) -> str:
    return " / ".join(bound_to)
