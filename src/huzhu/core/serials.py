"""The bank's number of a transfer in one form, whoever wrote it: the bank's file, a slip, a person's hand."""

import re
import unicodedata

# as it is written behind a number that the bank used more than once, or beside another column's
_SHARED = re.compile(r"(?::\d+|@\d{8})+$", re.ASCII)


def normal(text: str) -> str:
    """NFKC in capitals, without blanks and what cannot be seen: full-width and small letters are a habit of typing."""
    said = unicodedata.normalize("NFKC", text).upper()
    return "".join(letter for letter in said if letter.isprintable() and not letter.isspace())


def own(reference: str) -> str:
    """The bank's own number, without what tells apart the lines that share it."""
    return normal(_SHARED.sub("", reference))
