"""What is typed of a person, as it is kept."""

import re
import unicodedata


class NotAPhone(ValueError):
    """The text is not a mobile number."""


def phone_number(text: str) -> str:
    """Eleven digits of a mobile number, freed of spaces, dashes and +86; else NotAPhone."""
    digits = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text))
    digits = re.sub(r"^(\+?86)(?=1[0-9]{10}$)", "", digits)
    if not re.fullmatch(r"1[3-9][0-9]{9}", digits, re.ASCII):
        raise NotAPhone("手机号应是 11 位数字，以 13 到 19 开头")
    return digits
