"""Units are types: what an integer of the engine means, how people write it and how it is read aloud."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum

from huzhu.core import money

INT64 = 2**63 - 1
SHANGHAI = timezone(timedelta(hours=8))
MOST_SCALE = 12


class Unit(StrEnum):
    """The kinds of value a scheme can speak of, by the word that scheme files use."""

    MONEY = "money"
    RATE = "rate"
    COUNT = "count"
    DAYS = "days"
    DATE = "date"
    INSTANT = "instant"
    CODE = "code"
    ICD = "icd"
    TEXT = "text"
    FLAG = "flag"


NAMES = {
    Unit.MONEY: "金额",
    Unit.RATE: "比例",
    Unit.COUNT: "个数",
    Unit.DAYS: "天数",
    Unit.DATE: "日期",
    Unit.INSTANT: "时刻",
    Unit.CODE: "代码",
    Unit.ICD: "疾病编码",
    Unit.TEXT: "文字",
    Unit.FLAG: "是否",
}
NUMBERS = frozenset({Unit.MONEY, Unit.RATE, Unit.COUNT, Unit.DAYS})
ORDERED = NUMBERS | {Unit.DATE, Unit.INSTANT}

Value = int | str | bool
Codes = tuple[tuple[str, str], ...]  # (code, Chinese label)


@dataclass(frozen=True, slots=True)
class Type:
    """Unit, bounds [lo, hi] of the integer, decimal digits kept beyond the base unit, and whether it may be missing.

    The base unit is fen for money, one for rates, counts and days, the proleptic ordinal for dates, UTC seconds
    for instants; codes, texts and flags have no bounds.
    """

    unit: Unit
    lo: int = 0
    hi: int = 0
    scale: int = 0
    missing: bool = False
    codes: Codes = ()

    def known(self) -> "Type":
        return replace(self, missing=False)

    @property
    def name(self) -> str:
        return NAMES[self.unit]


FLAG = Type(Unit.FLAG)


class NotAValue(ValueError):
    """The text is not a value of the unit; the message says how to write one."""


_AMOUNT = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)\s*(元|万元|%|‰|天|日|次|份|人|条|岁)?", re.ASCII)
_SUFFIX = {
    "元": (Unit.MONEY, 2),
    "万元": (Unit.MONEY, 6),
    "%": (Unit.RATE, -2),
    "‰": (Unit.RATE, -3),
    "天": (Unit.DAYS, 0),
    "日": (Unit.DAYS, 0),
    "次": (Unit.COUNT, 0),
    "份": (Unit.COUNT, 0),
    "人": (Unit.COUNT, 0),
    "条": (Unit.COUNT, 0),
    "岁": (Unit.COUNT, 0),
    None: (Unit.COUNT, 0),
}
_HOW = {
    Unit.MONEY: "金额写成 500元 或 1.5万元，最多到分",
    Unit.RATE: "比例写成 60% 或 12.5%",
    Unit.COUNT: "个数写成整数，例如 2次、4份 或 2",
    Unit.DAYS: "天数写成 30天",
    Unit.DATE: "日期写成 2022-01-28",
    Unit.INSTANT: "时刻写成 2022-07-13T09:30:00+08:00",
    Unit.FLAG: "是否写成 true 或 false",
    Unit.ICD: "疾病编码写成 C50 或 C50.9",
    Unit.CODE: "代码写成已声明的一个",
    Unit.TEXT: "写一段 1 到 64 个字的文字",
}


def how_to_write(unit: Unit) -> str:
    """The remedy's sentence for a value of this unit."""
    return _HOW[unit]


def quantity(text: str) -> tuple[Unit, int, int]:
    """Read "500元", "60%", "30天", "2" as (unit, integer, scale), exactly; raises NotAValue."""
    match = _AMOUNT.fullmatch(text.strip())
    if not match or len(text) > 24:
        raise NotAValue(f"“{text[:30]}”不是数量：写成 500元、60%、30天、2次 这样")
    number, suffix = match.groups()
    unit, shift = _SUFFIX[suffix]
    whole, _, decimals = number.partition(".")
    digits = len(decimals.rstrip("0"))
    value, scale = int(whole + decimals[:digits]), digits - shift
    if scale <= 0:
        return unit, value * 10**-scale, 0
    if unit is not Unit.RATE:
        raise NotAValue(f"“{text}”不是整数个最小单位：{_HOW[unit]}")
    if scale > MOST_SCALE:
        raise NotAValue(f"“{text}”小数太多：{_HOW[unit]}")
    while scale and value % 10 == 0:
        value, scale = value // 10, scale - 1
    return unit, value, scale


def value_of(unit: Unit, text: str, codes: Codes = ()) -> tuple[Value, int]:
    """Read a text as (value, scale) of the unit, as scheme files and facts write it; raises NotAValue."""
    if unit in NUMBERS:
        found, value, scale = quantity(text)
        if found is not unit and not (found is Unit.COUNT and unit is Unit.DAYS):
            raise NotAValue(f"“{text}”是{NAMES[found]}，这里要{NAMES[unit]}：{_HOW[unit]}")
        return value, scale
    return _READERS[unit](text, codes), 0


def _date(text: str, _: Codes) -> int:
    iso = text if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII) else ""
    try:
        return date.fromisoformat(iso).toordinal()
    except ValueError:
        raise NotAValue(f"“{text[:30]}”不是日期：{_HOW[Unit.DATE]}") from None


def _instant(text: str, _: Codes) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.min  # noqa: DTZ901 - has no zone, so it is refused below
    if moment.tzinfo is None or not 1900 <= moment.year < 2200:
        raise NotAValue(f"“{text[:30]}”不是时刻：{_HOW[Unit.INSTANT]}（要带时区）")
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return since.days * 86400 + since.seconds


def _flag(text: str, _: Codes) -> bool:
    if text not in {"true", "false"}:
        raise NotAValue(f"“{text[:30]}”不是是否：{_HOW[Unit.FLAG]}")
    return text == "true"


def _icd(text: str, _: Codes) -> str:
    match = re.fullmatch(r"([A-Za-z][0-9][0-9A-Za-z])\.?[0-9A-Za-z.+*-]{0,12}", text.strip(), re.ASCII)
    if not match:
        raise NotAValue(f"“{text[:30]}”不是疾病编码：{_HOW[Unit.ICD]}")
    return match[1].upper()


def _code(text: str, codes: Codes) -> str:
    if codes and text not in dict(codes):
        raise NotAValue(
            f"“{text[:30]}”不在代码表中：可写 " + "、".join(f"{code}（{label}）" for code, label in codes)
        )
    return text


def _text(text: str, _: Codes) -> str:
    if not 1 <= len(text) <= 64 or not text.isprintable():
        raise NotAValue(f"“{text[:30]}”不能用：{_HOW[Unit.TEXT]}")
    return text


_READERS: Mapping[Unit, Callable[[str, Codes], Value]] = {
    Unit.DATE: _date,
    Unit.INSTANT: _instant,
    Unit.FLAG: _flag,
    Unit.ICD: _icd,
    Unit.CODE: _code,
    Unit.TEXT: _text,
}


def icd_list(text: str) -> frozenset[str]:
    """Read "C50" or a range "C00-C97" as three-character stems; raises NotAValue."""
    first, _, last = text.partition("-")
    low, high = _icd(first, ()), _icd(last or first, ())
    numbered = low[1:].isdigit() and high[1:].isdigit()
    if low[0] != high[0] or low > high or not (numbered or low == high):
        raise NotAValue(f"“{text[:30]}”不是疾病编码范围：写成 C00-C97，同一字母，从小到大")
    if low == high:
        return frozenset({low})
    return frozenset(f"{low[0]}{number:02d}" for number in range(int(low[1:]), int(high[1:]) + 1))


def spoken(value: Value | None, kind: Type) -> str:
    """A value as the slip prints it: money with thousands separators and 元, rates as %, dates as 2022-07-15."""
    if value is None:
        return "未填"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, str):
        return dict(kind.codes).get(value, value)
    return _NUMBERS_SPOKEN[kind.unit](value, kind.scale)


def rounded(value: Value | None, kind: Type) -> str:
    """As `spoken`, a rate to two decimals of a percent, half up; where that makes a whole percent of it, exactly."""
    if kind.unit is not Unit.RATE or kind.scale <= 4 or type(value) is not int:
        return spoken(value, kind)
    step = 10 ** (kind.scale - 4)
    shown = (value + step // 2) // step
    return spoken(value, kind) if shown % 100 == 0 else _percent(shown, 4)


def _percent(value: int, scale: int) -> str:
    digits = f"{value * 100:0{scale + 1}d}"
    whole, decimals = digits[: len(digits) - scale], digits[len(digits) - scale :].rstrip("0")
    return f"{whole}.{decimals}%" if decimals else f"{whole}%"


_NUMBERS_SPOKEN: Mapping[Unit, Callable[[int, int], str]] = {
    Unit.MONEY: lambda value, scale: f"{money.spoken(value, scale)} 元",
    Unit.RATE: _percent,
    Unit.COUNT: lambda value, _: f"{value:,}",
    Unit.DAYS: lambda value, _: f"{value:,} 天",
    Unit.DATE: lambda value, _: date.fromordinal(value).isoformat(),
    Unit.INSTANT: lambda value, _: datetime.fromtimestamp(value, SHANGHAI).strftime("%Y-%m-%d %H:%M"),
}
