"""Resident identity numbers (GB 11643): what they say of a person, what is wrong with one, and masks.

The first six digits (a place) are not checked: places are merged and renamed, and generated people carry
places that do not exist.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from stdnum.iso7064 import mod_11_2

from huzhu.core.periods import years_between

_NUMBER = re.compile(r"[0-9]{17}[0-9X]", re.ASCII)
_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?E\+?[0-9]{1,2}", re.ASCII)
_FIRST_YEAR = 1900


class NotAnIdentity(ValueError):
    """The text is not an identity number; the message says what is wrong and never repeats the number."""


@dataclass(frozen=True, slots=True)
class Identity:
    """An identity number that reads well, with the birthday and sex it holds ("female" or "male")."""

    number: str
    born_on: date
    sex: str

    @classmethod
    def read(cls, text: str) -> "Identity":
        """Read 18 characters (any width, x or X, spaces around or between); else raise NotAnIdentity."""
        number = tidy(text)
        _refuse_shape(number)
        born_on = _born_on(number)
        if number[17] != (right := str(mod_11_2.calc_check_digit(number[:17]))):
            raise NotAnIdentity(_wrong_check_digit(number, right))
        return cls(number, born_on, "male" if int(number[16]) % 2 else "female")

    @property
    def cannot_be_real(self) -> bool:
        """No place in the country has a code that begins with 0 or 9: such numbers are made for demonstration."""
        return self.number[0] in "09"

    def age_on(self, day: date) -> int:
        """Whole years on that day."""
        return years_between(self.born_on, day)


def tidy(text: str) -> str:
    """The number as it is kept: half-width, without spaces, X in capitals."""
    return re.sub(r"[\s\u200b-\u200f\ufeff'`‘’]", "", unicodedata.normalize("NFKC", text)).upper()


def masked(number: str) -> str:
    """The first six and last four characters of an identity number."""
    return f"{number[:6]}{'*' * 8}{number[-4:]}" if len(number) == 18 else "*" * len(number)


def mask_phone(phone: str) -> str:
    """The first three and last four digits of a phone."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) == 11 else "*" * len(phone)


def mask_account(number: str) -> str:
    """The last four digits of a bank account."""
    return f"**** {number[-4:]}" if len(number) >= 8 else "*" * len(number)


def mask_name(name: str) -> str:
    """The first character of a name: 刘**."""
    return f"{name[:1]}**" if name else ""


def _refuse_shape(number: str) -> None:
    if not number:
        raise NotAnIdentity("没有填身份证号")
    if _SCIENTIFIC.fullmatch(number):
        raise NotAnIdentity(
            "身份证号变成了科学计数（如 2.3E+17），末几位已经丢失：请把这一列设为“文本”，重新填写"
        )
    if re.fullmatch(r"[0-9]{15}", number, re.ASCII):
        raise NotAnIdentity("这是 15 位的旧身份证号：请填现在使用的 18 位号码")
    if len(number) != 18:
        raise NotAnIdentity(f"身份证号应是 18 位，这里是 {len(number)} 位")
    if not _NUMBER.fullmatch(number):
        raise NotAnIdentity("身份证号只能是 17 位数字加一位数字或 X，这里有别的字符")


def _born_on(number: str) -> date:
    year, month, day = number[6:10], number[10:12], number[12:14]
    try:
        born_on = date(int(year), int(month), int(day))
    except ValueError:
        born_on = date.min
    if born_on.year < _FIRST_YEAR:
        raise NotAnIdentity(f"第 7 到 14 位应是出生日期，{year}-{month}-{day} 不是一个日期")
    return born_on


def _wrong_check_digit(number: str, right: str) -> str:
    if number.endswith("000"):
        return "末三位是 000，多半是表格软件把号码当成数字、丢了末几位：请把这一列设为“文本”，重新填写"
    return f"校验位不对：前 17 位若没有写错，末位应是 {right}，这里是 {number[17]}。请对照身份证核对每一位"
