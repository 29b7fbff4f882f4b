"""Payment files to a bank and its replies, by the bank's form: bytes out of an order, answers out of bytes.

The same order makes the same bytes, in every process and on every day.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import xlsxwriter  # type: ignore[import-untyped]

from huzhu.bank.payforms import FIXED, SEPARATED, WORKBOOK, Column, Form, Sheet
from huzhu.core import money
from huzhu.files import tables
from huzhu.files.tables import TableRefused
from huzhu.rules.units import SHANGHAI

TIME = "%Y-%m-%d %H:%M:%S"
MOST_BYTES = 5 * 1024 * 1024
# what a spreadsheet would run as a formula, and what would break a line
_FORMULA = ("=", "+", "-", "@")
_LABELS = {"holder": "户名", "account": "账号", "bank": "开户行", "remark": "附言", "line": "序号"}
_CHECKED = ("holder", "bank", "account")


class NotForTheBank(ValueError):
    """Something that a file to this bank must not or cannot carry."""


class ReplyRefused(ValueError):
    """The reply does not fit the batch: nothing of it was taken in. `problems` has a sentence for each bad line."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__(
            f"这份回盘有 {len(self.problems)} 处对不上，一笔也没有入账。请向银行要正确的文件后再导入。"
            + "；".join(self.problems)
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One payment of an order; `about` names it to a person where something is wrong with it."""

    line: int
    holder: str
    account: str
    bank: str
    amount_fen: int
    remark: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """What the bank is asked to pay."""

    number: str
    made_on: date
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Answer:
    """One line of a reply: the row in the file, and what the bank says; `paid` is None where it says neither."""

    row: int
    line: int
    amount_fen: int
    paid: bool | None
    words: str
    at: datetime


def digest(data: bytes) -> str:
    """SHA-256 of a file's bytes."""
    return hashlib.sha256(data).hexdigest()


# ── out ─────────────────────────────────────────────────────────────────────────────────────────────


def render(form: Form, order: Order) -> bytes:
    """The order as this bank gets it; raises NotForTheBank where a name, bank or account does not fit its form."""
    for one in order.lines:
        _check_writable(form.order, one)
    total = sum(one.amount_fen for one in order.lines)
    whole = _whole(order.number, order.made_on, len(order.lines), total)
    rows = ({**_values(one), "number": order.number} for one in order.lines)
    try:
        return _written(form.order, whole, rows, order.made_on)
    except UnicodeEncodeError as problem:
        letter = problem.object[problem.start]
        raise NotForTheBank(f"“{letter}”写不进“{form.name}”的编码。请给这一批换一种代发格式。") from problem


def write_reply(form: Form, number: str, answers: Iterable[Answer]) -> bytes:
    """A reply as a bank would write it."""
    lines = list(answers)
    day = max((one.at for one in lines), default=datetime(2000, 1, 1, tzinfo=SHANGHAI)).date()
    whole = _whole(number, day, len(lines), sum(one.amount_fen for one in lines))
    rows = (
        {
            "number": number,
            "line": one.line,
            "amount": one.amount_fen,
            "result": form.result_word(one.paid),
            "words": one.words,
            "at": one.at,
        }
        for one in lines
    )
    return _written(form.reply, whole, rows, day)


def _whole(number: str, made_on: date, count: int, total: int) -> dict[str, object]:
    return {"number": number, "made_on": made_on, "count": count, "total": total}


def _values(one: Line) -> dict[str, object]:
    return {
        "line": one.line,
        "holder": one.holder,
        "account": one.account,
        "bank": one.bank,
        "amount": one.amount_fen,
        "remark": one.remark,
    }


def _check_writable(sheet: Sheet, one: Line) -> None:
    """Nothing that would be a formula, a second line, another column, no text, or too long."""
    for name in _CHECKED:
        text = str(getattr(one, name))
        if not text or not text.isprintable() or text.startswith(_FORMULA):
            raise NotForTheBank(
                f"{one.about} 的{_LABELS[name]}不能写进代发文件：为空，或有换行、控制符、"
                "以 = + - @ 开头。请改正账户后再制单。"
            )
    for column in sheet.columns:
        if column.says not in _LABELS:
            continue
        said = _said(column, _values(one)[column.says])
        if sheet.kind == SEPARATED and not sheet.quotes and sheet.separator in said:
            raise NotForTheBank(
                f"{one.about} 的{_LABELS[column.says]}里有“{sheet.separator}”，会把一格分成两格。"
                "请改正账户，或换一种代发格式。"
            )
        if sheet.kind == FIXED and len(said.encode(sheet.encoding, "replace")) > column.width:
            raise NotForTheBank(
                f"{one.about} 的{_LABELS[column.says]}“{said}”超过 {column.width} 个字节，"
                "这种代发格式放不下。请换一种格式，不要截短。"
            )


def _written(
    sheet: Sheet, whole: dict[str, object], lines: Iterable[dict[str, object]], made_on: date
) -> bytes:
    rows: list[list[str]] = []
    if sheet.head:
        rows.append(_row(sheet, sheet.head, whole))
    if sheet.titles:
        rows.append(list(sheet.heads))
    rows += [_row(sheet, sheet.columns, one) for one in lines]
    if sheet.foot:
        rows.append(_row(sheet, sheet.foot, whole))
    if sheet.kind == WORKBOOK:
        return _workbook(rows, made_on)
    if sheet.kind == FIXED:
        return "".join("".join(row) + sheet.line_end for row in rows).encode(sheet.encoding)
    text = io.StringIO()
    if not sheet.quotes:
        return "".join(sheet.separator.join(row) + sheet.line_end for row in rows).encode(sheet.encoding)
    csv.writer(text, delimiter=sheet.separator, lineterminator=sheet.line_end).writerows(rows)
    return text.getvalue().encode(sheet.encoding)


def _row(sheet: Sheet, columns: Iterable[Column], values: dict[str, object]) -> list[str]:
    return [_fitted(sheet, one, _said(one, values[one.says]) if one.says else one.text) for one in columns]


def _said(column: Column, value: object) -> str:
    """A value in the way this column writes it."""
    if column.says in {"amount", "total"} and isinstance(value, int):
        return str(value) if column.how == "fen" else money.yuan(value)
    if isinstance(value, datetime):
        return value.astimezone(SHANGHAI).strftime(column.how or TIME)
    if isinstance(value, date):
        return value.strftime(column.how) if column.how else value.isoformat()
    text = str(value)
    if column.says == "account" and column.how == "fours":
        return " ".join(text[at : at + 4] for at in range(0, len(text), 4))
    return text


def _fitted(sheet: Sheet, column: Column, text: str) -> str:
    """In a fixed line, filled up to its width in bytes; a reply's words may be cut there, an amount never."""
    if sheet.kind != FIXED:
        return text
    while column.says == "words" and len(text.encode(sheet.encoding)) > column.width:
        text = text[:-1]
    lack = column.width - len(text.encode(sheet.encoding))
    if lack < 0:
        raise NotForTheBank(f"“{text}”超过 {column.width} 个字节，这种代发格式放不下。请换一种格式。")
    return column.pad * lack + text if column.right else text + column.pad * lack


def _workbook(rows: list[list[str]], made_on: date) -> bytes:
    """Texts only: an account that became a number would lose its last digits. Nothing in it tells when it was written."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        book.set_properties({"created": datetime(made_on.year, made_on.month, made_on.day)})  # noqa: DTZ001  the writer wants it bare
        page = book.add_worksheet("代发")
        page.set_column(0, 7, 22, book.add_format({"num_format": "@"}))
        for at, row in enumerate(rows):
            for column, text in enumerate(row):
                page.write_string(at, column, text)
    return out.getvalue()


# ── in ──────────────────────────────────────────────────────────────────────────────────────────────


def read_reply(form: Form, data: bytes, number: str) -> list[Answer]:
    """The answers to the batch with this number; raises ReplyRefused with every line that cannot be read."""
    sheet = form.reply
    rows = _rows(sheet, data)
    first = bool(sheet.head) + sheet.titles
    last = len(rows) - bool(sheet.foot)
    problems: list[str] = []
    answers = list(_answers(form, rows[first:last], first + 1, number, problems))
    around = [(sheet.head, rows[0], 1)] if sheet.head else []
    around += [(sheet.foot, rows[-1], len(rows))] if sheet.foot else []
    for columns, cells, at in around:
        problems += _control(columns, cells, at, number, answers if not problems else None)
    if problems:
        raise ReplyRefused(problems)
    return answers


def _rows(sheet: Sheet, data: bytes) -> list[list[str]]:
    """Lines with their cells; the titles must be ours and head and foot must be there."""
    if len(data) > MOST_BYTES:
        raise ReplyRefused(["文件超过 5 MB，不像回盘文件"])
    rows = {SEPARATED: _separated, FIXED: _fixed, WORKBOOK: _paged}[sheet.kind](sheet, data)
    while rows and not any(rows[-1]):
        rows.pop()
    at = bool(sheet.head)
    if sheet.titles and (len(rows) <= at or tuple(rows[at][: len(sheet.heads)]) != sheet.heads):
        raise ReplyRefused([f"第 {at + 1} 行不是回盘的表头，应当是：{'、'.join(sheet.heads)}"])
    if len(rows) < at + sheet.titles + bool(sheet.foot) or not rows:
        raise ReplyRefused(["最后一行不是合计，文件可能没有传完"] if sheet.foot else ["这份文件里没有回盘"])
    for columns, row, said in (
        (sheet.head, rows[0], "第 1 行不是这种回盘的首行"),
        (sheet.foot, rows[-1], "最后一行不是合计，文件可能没有传完"),
    ):
        marks = [(place, one.text) for place, one in enumerate(columns) if one.text]
        if any(len(row) <= place or row[place] != text for place, text in marks):
            raise ReplyRefused([said])
    return rows


def _separated(sheet: Sheet, data: bytes) -> list[list[str]]:
    try:
        text = data.decode("utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else sheet.encoding)
        if not sheet.quotes:
            return [[cell.strip() for cell in row.split(sheet.separator)] for row in text.splitlines()]
        rows = csv.reader(io.StringIO(text), delimiter=sheet.separator, strict=True)
        return [[cell.strip() for cell in row] for row in rows]
    except (UnicodeDecodeError, csv.Error):
        kind = "CSV" if sheet.ending == "csv" else "文本"
        raise ReplyRefused(
            [f"文件读不出来：要 {sheet.encoding.upper()} 编码的 {kind}，不要用 Excel 打开后另存"]
        ) from None


def _fixed(sheet: Sheet, data: bytes) -> list[list[str]]:
    """Cut by bytes: a Chinese character is two or four of them."""
    rows = []
    found = [line.rstrip(b"\r") for line in data.split(b"\n")]
    while found and not found[-1].strip():
        found.pop()
    for at, line in enumerate(found):
        is_head, is_foot = bool(sheet.head) and at == 0, bool(sheet.foot) and at == len(found) - 1
        columns = sheet.head if is_head else sheet.foot if is_foot else sheet.columns
        try:
            rows.append(_cut(sheet, columns, line))
        except UnicodeDecodeError:
            raise ReplyRefused(
                [f"第 {at + 1} 行读不出来：要 {sheet.encoding.upper()} 编码的定长文本"]
            ) from None
    return rows


def _cut(sheet: Sheet, columns: Iterable[Column], line: bytes) -> list[str]:
    cells, start = [], 0
    for column in columns:
        if start >= len(line):
            break
        text = line[start : start + column.width].decode(sheet.encoding)
        cells.append((text.lstrip(column.pad) or column.pad) if column.right else text.strip())
        start += column.width
    return cells


def _paged(sheet: Sheet, data: bytes) -> list[list[str]]:
    try:
        found = tables.read(data, f"reply.{sheet.ending}")
    except TableRefused as refusal:
        raise ReplyRefused([str(refusal).rstrip("。")]) from None
    return [[tables.text(cell) for cell in row] for row in found]


def _answers(
    form: Form, rows: list[list[str]], before: int, number: str, problems: list[str]
) -> Iterator[Answer]:
    seen: set[int] = set()
    for row, cells in enumerate(rows, before):
        try:
            answer = _answer(form, row, cells, number)
        except ValueError as problem:
            problems.append(f"第 {row} 行：{problem}")
            continue
        if answer.line in seen:
            problems.append(f"第 {row} 行：序号 {answer.line} 前面已经有过")
        seen.add(answer.line)
        yield answer


def _answer(form: Form, row: int, cells: list[str], number: str) -> Answer:
    columns = form.reply.columns
    needed = len(columns) - (form.reply.kind == FIXED and columns[-1].says == "words")
    if len(cells) < needed:
        raise ValueError(f"只有 {len(cells)} 格，应有 {len(columns)} 格")
    cell = {column.says: text for column, text in zip(columns, cells, strict=False) if column.says}
    marks = [
        (one.text, text) for one, text in zip(columns, cells, strict=False) if one.text and one.text != text
    ]
    if marks:
        raise ValueError(f"开头是“{marks[0][1][:10]}”，应当是“{marks[0][0]}”")
    if cell.get("number", number) != number:
        raise ValueError(f"批次号是“{cell['number'][:20]}”，不是本批 {number}")
    line, result = cell["line"], cell["result"]
    if not (line.isascii() and line.isdecimal() and len(line) < 10):
        raise ValueError(f"序号“{line[:20]}”不是整数")
    if not result:
        raise ValueError("没有写结果")
    paid = {"paid": True, "failed": False}.get(form.results.get(result, ""))
    how = {column.says: column.how for column in columns}
    said = cell.get("words", "") or form.words.get(result, "")
    words = _shown(said if paid is not None else "，".join(filter(None, (result, said))))
    return Answer(
        row, int(line), _fen(cell["amount"], how["amount"]), paid, words, _instant(cell["at"], how["at"])
    )


def _shown(words: str) -> str:
    return "".join(letter for letter in words if letter.isprintable())[:120]


def _fen(text: str, how: str) -> int:
    if how != "fen":
        return money.fen(text)
    if not re.fullmatch(r"[0-9]{1,15}", text, re.ASCII):
        raise ValueError(f"金额“{text[:20]}”不是整数（分）")
    return int(text)


def _instant(text: str, how: str) -> datetime:
    try:
        return datetime.strptime(text, how or TIME).replace(tzinfo=SHANGHAI)
    except ValueError:
        shown = datetime(2022, 7, 15, 16, 24, tzinfo=SHANGHAI).strftime(how or TIME)
        raise ValueError(f"时间“{text[:30]}”不对，要写成 {shown}") from None


def _control(
    columns: tuple[Column, ...], cells: list[str], row: int, number: str, answers: list[Answer] | None
) -> list[str]:
    """The bank's own number, count and total against its lines (where these could be read)."""
    told = {column.says: (text, column) for column, text in zip(columns, cells, strict=False) if column.says}
    if "number" in told and told["number"][0] != number:
        return [f"第 {row} 行：批次号是“{told['number'][0][:20]}”，不是本批 {number}"]
    if answers is None or not {"count", "total"} & {column.says for column in columns}:
        return []
    total = sum(answer.amount_fen for answer in answers)
    wanted = {"count": str(len(answers)), "total": total}
    said = {name: text for name, (text, _) in told.items() if name in wanted}
    fits = said.get("count") == wanted["count"] and "total" in told
    if fits and said["total"] == _said(told["total"][1], total):
        return []
    return [
        f"合计行是 {'、'.join(said.values())[:40]}，各行相加是 {len(answers)}、{money.yuan(total)}：文件可能不完整或被改过"
    ]
