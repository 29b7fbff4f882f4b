"""Chinese names in letters: the initials that search boxes ask for, and login names."""

from collections.abc import Iterable

from pypinyin import Style, lazy_pinyin

LONGEST = 20


def initials(name: str) -> str:
    """First letters of the pinyin of a name: 刘女士 becomes lns."""
    letters = lazy_pinyin(name, style=Style.FIRST_LETTER)
    return _plain(letter[:1] for letter in letters)


def spelt(name: str) -> str:
    """The whole pinyin without tones: 刘女士 becomes liunvshi."""
    return _plain(lazy_pinyin(name))


def _plain(parts: Iterable[str]) -> str:
    text = "".join(parts)
    return "".join(letter for letter in text.lower() if letter.isascii() and letter.isalnum())[:LONGEST]
