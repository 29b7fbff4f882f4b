"""Money is an integer number of fen; outside the house it is a decimal text in yuan."""

import re
from typing import NewType

Fen = NewType("Fen", int)

_YUAN = re.compile(r"(-?)([0-9]{1,13})(?:\.([0-9]{1,2}))?", re.ASCII)


class NotMoney(ValueError):
    """The text is not an amount in yuan with at most two decimals."""


def fen(yuan: str) -> Fen:
    """Read "31714", "31714.5" or "31714.00" (yuan) as fen; anything else raises NotMoney."""
    match = _YUAN.fullmatch(yuan)
    if not match:
        raise NotMoney(f"“{yuan[:40]}”不是金额：请写成以元为单位的数字，最多两位小数，例如 1234.50")
    sign, whole, cents = match.groups()
    amount = int(whole) * 100 + int((cents or "0").ljust(2, "0"))
    return Fen(-amount if sign else amount)


def yuan(amount: int) -> str:
    """Fen as plain decimal text for machines: 3171400 becomes "31714.00"."""
    sign = "-" if amount < 0 else ""
    whole, cents = divmod(abs(amount), 100)
    return f"{sign}{whole}.{cents:02d}"


def spoken(amount: int, scale: int = 0) -> str:
    """Fen (times ten to the power of scale) as people read it: thousands separated, exact, at least two decimals."""
    sign = "-" if amount < 0 else ""
    whole, rest = divmod(abs(amount), 100 * 10**scale)
    decimals = f"{rest:0{2 + scale}d}"
    return f"{sign}{whole:,}.{decimals[:2]}{decimals[2:].rstrip('0')}"
