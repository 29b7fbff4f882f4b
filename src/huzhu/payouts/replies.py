"""What a bank's reply says about a batch, held against the batch before anything is changed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from huzhu.bank.files import Answer, ReplyRefused, digest, read_reply
from huzhu.core import money
from huzhu.payouts.bankfile import form_of
from huzhu.payouts.lifecycle import OPEN, check_batch
from huzhu.payouts.models import BankReturn, Payout, PayoutBatch, ReplyFile
from huzhu.rules.units import SHANGHAI

# the clocks of a bank and of this house may differ by so much
CLOCKS_APART = timedelta(minutes=5)
NOT_PAID = (Payout.State.FAILED, Payout.State.REPLACED)


Pair = tuple[Payout, Answer]


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply that fits: what is new in it, and how many lines were known already."""

    sha256: str
    news: list[Pair]
    known: int
    otherwise: list[Pair]  # it was paid, and this reply says that it was not

    @property
    def paid(self) -> list[Pair]:
        return [pair for pair in self.news if pair[1].paid]

    @property
    def failed(self) -> list[Pair]:
        return [pair for pair in self.news if pair[1].paid is False]

    @property
    def unclear(self) -> list[Pair]:
        """The bank says neither paid nor failed: held, never sent again on our own."""
        return [pair for pair in self.news if pair[1].paid is None]

    @property
    def paid_fen(self) -> int:
        return sum(payout.amount_fen for payout, _ in self.paid)

    @property
    def failed_fen(self) -> int:
        return sum(payout.amount_fen for payout, _ in self.failed)

    @property
    def unclear_fen(self) -> int:
        return sum(payout.amount_fen for payout, _ in self.unclear)


def taken_before(batch: PayoutBatch, data: bytes) -> ReplyFile | None:
    """The record of this very file, if it was taken in for this batch."""
    found = ReplyFile.objects.filter(batch=batch, sha256=digest(data))
    return found.select_related("taken_by").first()


def compare(batch: PayoutBatch, payouts: Iterable[Payout], data: bytes, now: datetime) -> Reply:
    """Hold a reply against the payouts of its batch; raises ReplyRefused with every line that does not fit."""
    form = form_of(batch)
    answers = read_reply(form, data, batch.number)
    by_line = {payout.line: payout for payout in payouts}
    back = _came_back(by_line.values())
    problems = [
        said for answer in answers for said in _objections(batch, by_line.get(answer.line), answer, now, back)
    ]
    if not form.in_parts:
        problems += _missing(by_line, {answer.line for answer in answers})
    if problems:
        raise ReplyRefused(problems)
    pairs = [(by_line[answer.line], answer) for answer in answers]
    news = [(payout, answer) for payout, answer in pairs if _is_news(payout, answer)]
    otherwise = [(payout, answer) for payout, answer in pairs if _is_otherwise(payout, answer)]
    return Reply(digest(data), news, len(pairs) - len(news) - len(otherwise), otherwise)


def preview(batch: PayoutBatch, data: bytes, now: datetime) -> Reply:
    """What the reply would do; nothing is written. Raises CannotMove where no reply can come (any more)."""
    check_batch(batch, PayoutBatch.State.CLOSED)
    return compare(batch, batch.payouts.select_related("decision__claim__member"), data, now)


def _is_news(payout: Payout, answer: Answer) -> bool:
    """An answer to what is open; of what is in doubt already only a clear one."""
    return payout.state == Payout.State.SENT or (payout.state in OPEN and answer.paid is not None)


def _is_otherwise(payout: Payout, answer: Answer) -> bool:
    """The bank takes back that it has paid: its statement must show that, and two people say so."""
    return payout.state == Payout.State.PAID and not answer.paid


def _missing(by_line: dict[int | None, Payout], answered: set[int]) -> list[str]:
    """Lines this bank should have answered: it answers a batch as a whole."""
    return [
        f"缺序号 {line}（{payout.holder}，{money.spoken(payout.amount_fen)} 元）：这家银行整批回盘，不应缺行"
        for line, payout in sorted(by_line.items(), key=lambda item: item[0] or 0)
        if payout.state == Payout.State.SENT and line not in answered
    ]


def _came_back(payouts: Iterable[Payout]) -> dict[UUID, date]:
    """Payments that were made and came back → the day on which they did."""
    ended = [one.pk for one in payouts if one.state in NOT_PAID]
    if not ended:
        return {}
    found = BankReturn.objects.filter(payout__in=ended, state=BankReturn.State.CONFIRMED)
    return dict(found.values_list("payout", "line__booked_on"))


def _contradicts(payout: Payout, answer: Answer, back: Mapping[UUID, date]) -> bool:
    """It was not paid, and now it shall be; that what came back had been paid before is no news."""
    if payout.state not in NOT_PAID or answer.paid is False:
        return False
    came_on = back.get(payout.pk)
    return not (answer.paid and came_on and answer.at.astimezone(SHANGHAI).date() <= came_on)


def _objections(
    batch: PayoutBatch, payout: Payout | None, answer: Answer, now: datetime, back: Mapping[UUID, date]
) -> Iterator[str]:
    where = f"第 {answer.row} 行"
    if payout is None:
        yield f"{where}：批次 {batch.number} 里没有序号 {answer.line}（共 {batch.count} 笔）"
        return
    if answer.amount_fen != payout.amount_fen:
        said, sent = money.spoken(answer.amount_fen), money.spoken(payout.amount_fen)
        yield f"{where}：序号 {answer.line} 的金额是 {said} 元，我们送出的是 {sent} 元"
    if _contradicts(payout, answer, back):
        said = "成功" if answer.paid else "不明"
        yield f"{where}：序号 {answer.line} 先前已回“{payout.get_state_display()}”，这次说“{said}”"
    if batch.released_at and answer.at < batch.released_at - CLOCKS_APART:
        released = batch.released_at.astimezone(SHANGHAI)
        yield f"{where}：时间 {answer.at:%Y-%m-%d %H:%M} 早于放行（{released:%Y-%m-%d %H:%M}）"
    if answer.at > now + CLOCKS_APART:
        yield f"{where}：时间 {answer.at:%Y-%m-%d %H:%M} 还没有到"
