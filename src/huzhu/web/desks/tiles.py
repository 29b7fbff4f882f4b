"""A figure that opens: the words, the number, and the page behind it where there is one."""

from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode


def address(name: str, *args: object, **query: str) -> str:
    """The address of a page by name; empty where there is none."""
    try:
        found = reverse(name, args=args)
    except NoReverseMatch:
        return ""
    return f"{found}?{urlencode(query)}" if query else found


@dataclass(frozen=True, slots=True)
class Tile:
    """One of the figures at the top of a desk; `tone` is "", "waits", "warns" or "late"."""

    words: str
    figure: str | int
    unit: str = ""
    hint: str = ""
    opens: str = ""
    tone: str = ""


def of_staff(found: Any) -> str:
    """What a coverage is made of; individuals are a part of no staff."""
    alone = f"，另有灵活就业 {found.individuals:,} 人" if found.individuals else ""
    return f"{found.enrolled:,} 人 ÷ 在职 {found.staff:,} 人{alone}"


def counted(
    words: str, number: int, unit: str, *, opens: str = "", tone: str = "waits", hint: str = ""
) -> Tile:
    """A count that draws the eye only when it is not zero."""
    return Tile(words, f"{number:,}", unit, hint, opens if number else "", tone if number else "")
