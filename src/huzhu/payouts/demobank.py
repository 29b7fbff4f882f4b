"""A bank for trying things out: it answers a released batch as its form says, with the lines it is told to refuse or leave unclear."""

from collections.abc import Container
from datetime import datetime

from huzhu.bank.files import Answer, write_reply
from huzhu.payouts.bankfile import form_of
from huzhu.payouts.lifecycle import OPEN
from huzhu.payouts.models import Payout, PayoutBatch

PAID, REFUSED, UNCLEAR = "已入账", "账号与户名不符", "银行系统处理中"


def reply_for(
    batch: PayoutBatch,
    at: datetime,
    fail_lines: Container[int] = (),
    unclear_lines: Container[int] = (),
) -> bytes:
    """The reply to every line of the batch that is still without a clear answer."""
    waiting = batch.payouts.filter(state__in=OPEN).order_by("line")
    answers = [_answer(payout, at, fail_lines, unclear_lines) for payout in waiting]
    return write_reply(form_of(batch), batch.number, answers)


def _answer(payout: Payout, at: datetime, fails: Container[int], unclear: Container[int]) -> Answer:
    line = payout.line or 0
    paid, words = (False, REFUSED) if line in fails else (None, UNCLEAR) if line in unclear else (True, PAID)
    return Answer(0, line, payout.amount_fen, paid, words, at)
