"""What a bank's reply says about a batch, held against the batch before anything is changed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from huzhu.core import money
from huzhu.payouts.bankfile import FAILED, PAID, Answer, ReplyRefused, digest, parse_reply
from huzhu.payouts.lifecycle import check_batch
from huzhu.payouts.models import Payout, PayoutBatch, ReplyFile
from huzhu.rules.units import SHANGHAI

# the clocks of a bank and of this house may differ by so much
CLOCKS_APART = timedelta(minutes=5)
ANSWERED = (Payout.State.PAID, Payout.State.FAILED)


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply that fits: what is new in it, and how many lines were known already."""

    sha256: str
    news: list[tuple[Payout, Answer]]
    known: int

    @property
    def paid(self) -> list[tuple[Payout, Answer]]:
        return [pair for pair in self.news if pair[1].paid]

    @property
    def failed(self) -> list[tuple[Payout, Answer]]:
        return [pair for pair in self.news if not pair[1].paid]

    @property
    def paid_fen(self) -> int:
        return sum(payout.amount_fen for payout, _ in self.paid)

    @property
    def failed_fen(self) -> int:
        return sum(payout.amount_fen for payout, _ in self.failed)


def taken_before(batch: PayoutBatch, data: bytes) -> ReplyFile | None:
    """The record of this very file, if it was taken in for this batch."""
    found = ReplyFile.objects.filter(batch=batch, sha256=digest(data))
    return found.select_related("taken_by").first()


def compare(batch: PayoutBatch, payouts: Iterable[Payout], data: bytes, now: datetime) -> Reply:
    """Hold a reply against the payouts of its batch; raises ReplyRefused with every line that does not fit."""
    answers = parse_reply(data, batch.number)
    by_line = {payout.line: payout for payout in payouts}
    problems = [
        said for answer in answers for said in _objections(batch, by_line.get(answer.line), answer, now)
    ]
    if problems:
        raise ReplyRefused(problems)
    pairs = [(by_line[answer.line], answer) for answer in answers]
    news = [(payout, answer) for payout, answer in pairs if payout.state == Payout.State.SENT]
    return Reply(digest(data), news, len(pairs) - len(news))


def preview(batch: PayoutBatch, data: bytes, now: datetime) -> Reply:
    """What the reply would do; nothing is written. Raises CannotMove where no reply can come (any more)."""
    check_batch(batch, PayoutBatch.State.CLOSED)
    return compare(batch, batch.payouts.select_related("decision__claim__member"), data, now)


def _objections(batch: PayoutBatch, payout: Payout | None, answer: Answer, now: datetime) -> Iterator[str]:
    where = f"第 {answer.row} 行"
    if payout is None:
        yield f"{where}：批次 {batch.number} 里没有序号 {answer.line}（共 {batch.count} 笔）"
        return
    if answer.amount_fen != payout.amount_fen:
        said, sent = money.spoken(answer.amount_fen), money.spoken(payout.amount_fen)
        yield f"{where}：序号 {answer.line} 的金额是 {said} 元，我们送出的是 {sent} 元"
    if payout.state in ANSWERED and answer.paid != (payout.state == Payout.State.PAID):
        said = PAID if answer.paid else FAILED
        yield f"{where}：序号 {answer.line} 先前已回“{payout.get_state_display()}”，这次说“{said}”"
    if batch.released_at and answer.at < batch.released_at - CLOCKS_APART:
        released = batch.released_at.astimezone(SHANGHAI)
        yield f"{where}：时间 {answer.at:%Y-%m-%d %H:%M} 早于放行（{released:%Y-%m-%d %H:%M}）"
    if answer.at > now + CLOCKS_APART:
        yield f"{where}：时间 {answer.at:%Y-%m-%d %H:%M} 还没有到"
