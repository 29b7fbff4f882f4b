"""A bank for trying things out: it answers a released batch as a bank would, with the lines it is told to refuse."""

from collections.abc import Container
from datetime import datetime

from huzhu.payouts.bankfile import Answer, write_reply
from huzhu.payouts.models import Payout, PayoutBatch

REFUSAL = "账号与户名不符"


def reply_for(batch: PayoutBatch, at: datetime, fail_lines: Container[int] = ()) -> bytes:
    """The reply to every line of the batch that is still without an answer."""
    waiting = batch.payouts.filter(state=Payout.State.SENT).order_by("line")
    return write_reply(batch.number, [_answer(payout, at, fail_lines) for payout in waiting])


def _answer(payout: Payout, at: datetime, fail_lines: Container[int]) -> Answer:
    line = payout.line or 0
    fails = line in fail_lines
    return Answer(0, line, payout.amount_fen, not fails, REFUSAL if fails else "已入账", at)
