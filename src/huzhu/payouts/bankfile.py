"""Files to and from the bank, neutral between banks: CSV in GB18030, with control totals at the end.

Out: a head, the words of the columns, a line a payout, a foot with count and total.
In:  the words of the columns, a line a payout (批次号, 序号, 金额, 结果, 说明, 时间), a foot with count and total.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from huzhu.core import money
from huzhu.payouts.models import Payout, PayoutBatch
from huzhu.rules.units import SHANGHAI

FORMAT = "职工互助代发文件/1"
COLUMNS = ("序号", "户名", "账号", "开户行", "金额", "附言")
REPLY_COLUMNS = ("批次号", "序号", "金额", "结果", "说明", "时间")
FOOT = "合计"
PAID, FAILED = "成功", "失败"
TIME = "%Y-%m-%d %H:%M:%S"
MOST_BYTES = 5 * 1024 * 1024
# what a spreadsheet would run as a formula, and what would break a line
_FORMULA = ("=", "+", "-", "@")


class NotForTheBank(ValueError):
    """A name that a file to the bank must not carry."""


class ReplyRefused(ValueError):
    """The reply does not fit the batch: nothing of it was taken in. `problems` has a sentence for each bad line."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__(
            f"这份回盘有 {len(self.problems)} 处对不上，一笔也没有入账。请向银行要正确的文件后再导入。"
            + "；".join(self.problems)
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """One line of a reply: the row in the file, and what the bank says."""

    row: int
    line: int
    amount_fen: int
    paid: bool
    words: str
    at: datetime


def render(batch: PayoutBatch) -> bytes:
    """The batch as the bank gets it: the same bytes every time."""
    payouts = list(batch.payouts.select_related("decision__claim").order_by("line"))
    made_on = batch.made_at.astimezone(SHANGHAI).date().isoformat()
    total = sum(payout.amount_fen for payout in payouts)
    return _written(
        (FORMAT, batch.number, made_on, len(payouts), money.yuan(total)),
        COLUMNS,
        *(_line(payout) for payout in payouts),
        (FOOT, len(payouts), money.yuan(total)),
    )


def digest(data: bytes) -> str:
    """SHA-256 of a file's bytes."""
    return hashlib.sha256(data).hexdigest()


def _line(payout: Payout) -> tuple[object, ...]:
    return (
        payout.line,
        payout.holder,
        payout.account_number,
        payout.bank_name,
        money.yuan(payout.amount_fen),
        f"互助金 {payout.decision.claim.number}",
    )


def check_writable(payout: Payout) -> None:
    """Raise NotForTheBank where name, bank or account would be a formula, a second line or no text."""
    wanted = {"户名": payout.holder, "开户行": payout.bank_name, "账号": payout.account_number}
    for label, text in wanted.items():
        if not text or not text.isprintable() or text.startswith(_FORMULA):
            raise NotForTheBank(
                f"申请 {payout.decision.claim.number} 的{label}不能写进代发文件：为空，或有换行、控制符、"
                "以 = + - @ 开头。请代办处改正账户后再制单。"
            )


def write_reply(number: str, answers: Iterable[Answer]) -> bytes:
    """A reply as a bank would write it."""
    lines = list(answers)
    total = money.yuan(sum(answer.amount_fen for answer in lines))
    rows = (
        (
            number,
            answer.line,
            money.yuan(answer.amount_fen),
            PAID if answer.paid else FAILED,
            answer.words,
            answer.at.astimezone(SHANGHAI).strftime(TIME),
        )
        for answer in lines
    )
    return _written(REPLY_COLUMNS, *rows, (FOOT, len(lines), total))


def _written(*rows: Iterable[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("gb18030")


def parse_reply(data: bytes, number: str) -> list[Answer]:
    """The answers to the batch with this number; raises ReplyRefused with every line that cannot be read."""
    rows = _rows(data)
    problems: list[str] = []
    answers = list(_answers(rows[1:-1], number, problems))
    if not problems:
        problems += _control(rows[-1], answers)
    if problems:
        raise ReplyRefused(problems)
    return answers


def _rows(data: bytes) -> list[list[str]]:
    """Lines with their cells; the head must be ours and the foot must be there."""
    if len(data) > MOST_BYTES:
        raise ReplyRefused(["文件超过 5 MB，不像回盘文件"])
    try:
        text = data.decode("utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else "gb18030")
        rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), strict=True)]
    except (UnicodeDecodeError, csv.Error):
        raise ReplyRefused(["文件读不出来：要 GB18030 编码的 CSV，不要用 Excel 打开后另存"]) from None
    while rows and not any(rows[-1]):
        rows.pop()
    if not rows or tuple(rows[0][: len(REPLY_COLUMNS)]) != REPLY_COLUMNS:
        raise ReplyRefused([f"第 1 行不是回盘的表头，应当是：{'、'.join(REPLY_COLUMNS)}"])
    if len(rows) < 2 or rows[-1][0] != FOOT:
        raise ReplyRefused(["最后一行不是合计，文件可能没有传完"])
    return rows


def _answers(rows: list[list[str]], number: str, problems: list[str]) -> Iterator[Answer]:
    seen: set[int] = set()
    for row, cells in enumerate(rows, 2):
        try:
            answer = _answer(row, cells, number)
        except ValueError as problem:
            problems.append(f"第 {row} 行：{problem}")
            continue
        if answer.line in seen:
            problems.append(f"第 {row} 行：序号 {answer.line} 前面已经有过")
        seen.add(answer.line)
        yield answer


def _answer(row: int, cells: list[str], number: str) -> Answer:
    if len(cells) < len(REPLY_COLUMNS):
        raise ValueError(f"只有 {len(cells)} 格，应有 {len(REPLY_COLUMNS)} 格")
    batch, line, amount, result, words, at = cells[: len(REPLY_COLUMNS)]
    if batch != number:
        raise ValueError(f"批次号是“{batch[:20]}”，不是本批 {number}")
    if not (line.isascii() and line.isdecimal() and len(line) < 10):
        raise ValueError(f"序号“{line[:20]}”不是整数")
    if result not in {PAID, FAILED}:
        raise ValueError(f"结果“{result[:20]}”既不是“{PAID}”也不是“{FAILED}”")
    said = "".join(letter for letter in words if letter.isprintable())[:120]
    return Answer(row, int(line), money.fen(amount), result == PAID, said, _instant(at))


def _instant(text: str) -> datetime:
    try:
        return datetime.strptime(text, TIME).replace(tzinfo=SHANGHAI)
    except ValueError:
        raise ValueError(f"时间“{text[:30]}”不对，要写成 2022-07-15 16:24:00") from None


def _control(foot: list[str], answers: list[Answer]) -> list[str]:
    """The bank's own count and total against its lines."""
    total = money.yuan(sum(answer.amount_fen for answer in answers))
    if foot[1:3] == [str(len(answers)), total]:
        return []
    said = "、".join(foot[1:3])
    return [f"合计行是 {said[:40]}，各行相加是 {len(answers)}、{total}：文件可能不完整或被改过"]
