"""The states of payouts, batches, what people say of them and what clears a debt, their exits and owners; pages and verbs ask the same."""

from dataclasses import dataclass

from huzhu.payouts.models import BankReturn, Clearing, DoubtAnswer, Payout, PayoutBatch


class CannotMove(ValueError):
    """A payout or a batch is not in a state from which it can go there."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Who must act while it stands here, and where it can go."""

    owner: str
    exits: tuple[str, ...]


P, B = Payout.State, PayoutBatch.State
PAYOUT: dict[str, Stage] = {
    P.SCHEDULED: Stage(
        "出纳制单", (P.IN_BATCH, P.REPLACED)
    ),  # replaced: its decision was corrected meanwhile
    P.IN_BATCH: Stage("出纳放行", (P.SENT, P.SCHEDULED)),
    P.SENT: Stage("银行", (P.PAID, P.FAILED, P.IN_DOUBT)),
    P.IN_DOUBT: Stage("出纳", (P.PAID, P.FAILED)),  # by the bank's later word, or by its paper and two people
    P.PAID: Stage("已办结", (P.FAILED,)),  # the bank gave the money back: by its statement and two people
    P.FAILED: Stage("出纳制单", (P.REPLACED,)),  # else another payout takes its place
    P.SET_OFF: Stage("已办结", ()),
    P.REPLACED: Stage("已办结", ()),
}
BATCH: dict[str, Stage] = {
    B.MADE: Stage("出纳放行", (B.RELEASED, B.VOID)),
    B.RELEASED: Stage("银行", (B.CLOSED,)),
    B.CLOSED: Stage("已办结", ()),
    B.VOID: Stage("已办结", ()),
}

DOUBT_ANSWER: dict[str, Stage] = {
    DoubtAnswer.State.SAID: Stage("另一位出纳", (DoubtAnswer.State.CONFIRMED, DoubtAnswer.State.DECLINED)),
    DoubtAnswer.State.CONFIRMED: Stage("已办结", ()),
    DoubtAnswer.State.DECLINED: Stage("已办结", ()),
}
BANK_RETURN: dict[str, Stage] = {
    BankReturn.State.SAID: Stage("另一位出纳", (BankReturn.State.CONFIRMED, BankReturn.State.DECLINED)),
    BankReturn.State.CONFIRMED: Stage("已办结", ()),
    BankReturn.State.DECLINED: Stage("已办结", ()),
}
C = Clearing.State
CLEARING: dict[str, Stage] = {
    C.SAID: Stage("出纳放行", (C.CONFIRMED, C.DECLINED)),
    C.CONFIRMED: Stage("已办结", (C.UNDONE,)),  # a set-off whose payout is not made after all
    C.DECLINED: Stage("已办结", ()),
    C.UNDONE: Stage("已办结", ()),
}

OPEN = tuple(state for state, stage in PAYOUT.items() if P.PAID in stage.exits)  # the bank's word is awaited


def can_release(batch: PayoutBatch) -> bool:
    return _can(batch, B.RELEASED)


def can_answer(batch: PayoutBatch) -> bool:
    """Whether a bank's reply to this batch may still come."""
    return _can(batch, B.CLOSED)


def check_batch(batch: PayoutBatch, to: str) -> None:
    """Raise CannotMove with a sentence, or do nothing."""
    if batch.state == to == B.CLOSED:
        raise CannotMove(
            f"批次 {batch.number} 的每一笔都有了答复，没有再导入。银行说已到账的又退回来了，"
            "等发放户的对账单上有了来款，打开那一笔登记银行退回。"
        )
    if not _can(batch, to):
        raise CannotMove(
            f"批次 {batch.number} 现在是“{batch.get_state_display()}”，没有再办。可能别人刚刚办过，请刷新后再看。"
        )


def _can(batch: PayoutBatch, to: str) -> bool:
    return to in BATCH[batch.state].exits
