"""One text for one value, and its fingerprint: what is hashed today must hash the same in ten years."""

import hashlib
import json
from typing import Any

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)

_TEXT, _LISTS, _LEAVES = {str}, {list, tuple}, {str, int, bool, type(None)}


class NotCanonical(TypeError):
    """The value holds something that has no single spelling."""


def canonical_json(value: object) -> str:
    """One line of JSON: keys sorted by code point, no spaces, Chinese as it is (after RFC 8785).

    Takes None, bool, int, str, and lists, tuples and text-keyed dicts of them; else raises NotCanonical.
    """
    check_canonical(value)
    return _ENCODER.encode(value)


def check_canonical(value: object) -> None:
    """NotCanonical, with the place, where `canonical_json` would have no single text for the value."""
    if not _has_one_spelling(value):
        _refuse_two_spellings(value, at="$")


def sha256_text(text: str) -> str:
    """SHA-256 of the text's UTF-8 bytes, as 64 lower-case hex digits (FIPS 180-4)."""
    return hashlib.sha256(text.encode()).hexdigest()


def _has_one_spelling(value: object) -> bool:
    """The question alone, for the many that are well; where not, the walk below says at which place."""
    waiting = [value]
    while waiting:
        part: Any = waiting.pop()
        kind = type(part)
        if kind is dict:
            if not _TEXT.issuperset(map(type, part)):
                return False
            part = part.values()
        elif kind not in _LISTS:
            if kind not in _LEAVES:
                return False
            continue
        if not _LEAVES.issuperset(map(type, part)):
            waiting += [one for one in part if type(one) not in _LEAVES]
    return True


def _refuse_two_spellings(value: object, at: str) -> None:
    if isinstance(value, float):
        raise NotCanonical(f"{at} 处是浮点数，没有唯一的写法：金额请用整数分，比例请用文本或万分数。")
    if isinstance(value, dict):
        for key, part in value.items():
            if not isinstance(key, str):
                raise NotCanonical(f"{at} 处的键是 {type(key).__name__}，排序和写法不确定：请改为文本。")
            _refuse_two_spellings(part, at=f"{at}.{key}")
    elif isinstance(value, list | tuple):
        for place, part in enumerate(value):
            _refuse_two_spellings(part, at=f"{at}[{place}]")
    elif not (value is None or isinstance(value, int | str)):
        raise NotCanonical(f"{at} 处是 {type(value).__name__}，没有约定的写法：请先转换成文本或整数。")
