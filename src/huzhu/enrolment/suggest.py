"""What a cell should probably say, where the number itself tells: offered to a person, never done by itself."""

import re

from huzhu.core.identity import Identity, NotAnIdentity, tidy
from huzhu.enrolment.line import INSURED, SEXES
from huzhu.enrolment.models import RosterRow

_MISREAD = str.maketrans({"O": "0", "Q": "0", "D": "0", "I": "1", "L": "1", "Z": "2", "S": "5", "B": "8"})
_LAST = "0123456789X"


def suggestions(row: RosterRow, most_shares: int = 1) -> dict[str, str]:
    """Column → the text that would be right, of the cells that have a problem."""
    found = {}
    number = tidy(row.id_number or "")
    if "id_number" in row.problems and (right := _number(number)) and right != number:
        found["id_number"] = right
    if "sex" in row.problems and (identity := _read(number)):
        found["sex"] = SEXES[identity.sex]
    if "insured" in row.problems and (word := _insured(row.insured)):
        found["insured"] = word
    if "shares" in row.problems:
        count = re.sub(r"\D", "", row.shares)[:3]
        found["shares"] = str(min(max(int(count or 1), 1), most_shares))
    return {column: text for column, text in found.items() if text != getattr(row, column)}


def _insured(text: str) -> str:
    """是 or 否 where a longer name of the insurance tells it; nobody is said to be insured who was not looked up."""
    if text.upper() in INSURED:
        return ""
    if re.search(r"居民|农合|未参|没参|没有|不参|停保|断保", text):
        return "否"
    return "是" if re.search(r"职工|在职|已|参保", text) else ""


def _number(text: str) -> str:
    """Letters that stand for digits mended; else another check digit, unless a spreadsheet has eaten the last three."""
    mended = text[:17].translate(_MISREAD) + text[17:].translate(_MISREAD)
    if mended != text and _read(mended):
        return mended
    if len(text) != 18 or not text[:17].isdigit() or text.endswith("000"):
        return ""
    return next((text[:17] + last for last in _LAST if _read(text[:17] + last)), "")


def _read(number: str) -> Identity | None:
    try:
        return Identity.read(number)
    except NotAnIdentity:
        return None
