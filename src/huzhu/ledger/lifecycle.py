"""The states of a month, a remittance, a year's closing and a voucher by hand, their exits and who owns each; pages and verbs ask the same body."""

from dataclasses import dataclass
from typing import Any

from huzhu.ledger.models import ManualVoucher, Period, Remittance, YearClosing


class CannotMove(ValueError):
    """It is not in a state from which it can go there."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Who must act while it stands here, and where it can go."""

    owner: str
    exits: tuple[str, ...]


P, R, Y, M = Period.State, Remittance.State, YearClosing.State, ManualVoucher.State
PERIOD: dict[str, Stage] = {
    P.OPEN: Stage("出纳制单锁账", (P.LOCKED,)),
    P.LOCKED: Stage("出纳放行关账", (P.CLOSED, P.OPEN)),
    P.CLOSED: Stage("已办结", ()),
}
REMITTANCE: dict[str, Stage] = {
    R.SENT: Stage("省里的出纳制单", (R.ARRIVED, R.RETURNED)),
    R.ARRIVED: Stage("已办结", ()),
    R.RETURNED: Stage("已办结", ()),
}
YEAR_CLOSING: dict[str, Stage] = {
    Y.PROPOSED: Stage("出纳放行", (Y.POSTED, Y.WITHDRAWN)),
    Y.POSTED: Stage("已办结", ()),
    Y.WITHDRAWN: Stage("已办结", ()),
}
MANUAL: dict[str, Stage] = {
    M.PROPOSED: Stage("出纳放行", (M.POSTED, M.SENT_BACK)),
    M.POSTED: Stage("已办结", ()),
    M.SENT_BACK: Stage("已办结", ()),
}
_STAGES = {Period: PERIOD, Remittance: REMITTANCE, YearClosing: YEAR_CLOSING, ManualVoucher: MANUAL}


def can(one: Any, to: str) -> bool:
    """Whether one of them may go there."""
    return to in _STAGES[type(one)][one.state].exits


def check(one: Any, to: str) -> None:
    """Raise CannotMove with a sentence, or do nothing."""
    if not can(one, to):
        name = one.month if isinstance(one, Period) else one  # a month's own words tell its state as well
        raise CannotMove(
            f"{name} 现在是“{one.get_state_display()}”，没有再办。可能别人刚刚办过，请刷新后再看。"
        )
