"""The states of a claim, of a change of its settlement and of a paper, their exits and who owns each; the pages and the server ask the same body."""

from dataclasses import dataclass

from huzhu.claims.models import Evidence, SettlementChange, State


class CannotMove(ValueError):
    """The claim is not in a state from which it can go there."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Who must act while a claim stands here, and where it can go."""

    owner: str
    exits: tuple[State, ...]


LIFECYCLE: dict[State, Stage] = {
    State.DRAFT: Stage("申请人", (State.SUBMITTED, State.WITHDRAWN)),
    State.SUBMITTED: Stage("代办处", (State.RETURNED, State.REPORTED, State.WITHDRAWN)),
    State.RETURNED: Stage("申请人", (State.SUBMITTED, State.REPORTED, State.WITHDRAWN)),
    State.REPORTED: Stage("省办", (State.RETURNED, State.DECIDED, State.REFUSED)),
    State.DECIDED: Stage(
        "财务", (State.PAYING, State.REFUSED)
    ),  # refused: nothing is left after a correction
    State.PAYING: Stage("银行", (State.PAID, State.REFUSED)),
    State.PAID: Stage("已办结", (State.PAYING,)),  # the bank gave the money back after all
    State.REFUSED: Stage("已办结", ()),
    State.WITHDRAWN: Stage("已办结", ()),
}
SETTLEMENT_CHANGE = {
    SettlementChange.State.OPEN: {
        SettlementChange.State.DONE: "更正的提出人和确认人",
        SettlementChange.State.DROPPED: "代办处经办",
    },
    SettlementChange.State.DONE: {},
    SettlementChange.State.DROPPED: {},
}
# until the claim is decided anything may be seen otherwise
EVIDENCE = {
    one: {other: "申请人、代办处经办" for other in Evidence.State if other != one} for one in Evidence.State
}
DONE = tuple(state for state, stage in LIFECYCLE.items() if stage.owner == "已办结")
EDITABLE = (State.DRAFT, State.SUBMITTED, State.RETURNED)
COUNTED = (State.DECIDED, State.PAYING, State.PAID)  # decided to be paid: what later claims must reckon with
CLAIMED = tuple(state for state in State if state not in {State.DRAFT, State.WITHDRAWN})


def can_move(state: str, to: str) -> bool:
    """Whether a claim in this state may go to that one."""
    return State(to) in LIFECYCLE[State(state)].exits


def check_move(number: str, state: str, to: str) -> None:
    """Raise CannotMove with a sentence, or do nothing."""
    if can_move(state, to):
        return
    stage = LIFECYCLE[State(state)]
    ways = "、".join(str(exit_.label) for exit_ in stage.exits) or "没有下一步"
    raise CannotMove(
        f"申请 {number} 现在是“{State(state).label}”（由{stage.owner}办理），不能变为“{State(to).label}”。"
        f"可能别人刚刚办过，请刷新后再看；现在可以：{ways}。"
    )
