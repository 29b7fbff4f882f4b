"""A bank's file becomes movements in the bank's order, each with the balance after it; or every fault is named by its line."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Context, Decimal
from itertools import pairwise

from huzhu.bank.formats import NEWEST, Form
from huzhu.core import serials
from huzhu.core.hashing import canonical_json, sha256_text
from huzhu.core.money import spoken
from huzhu.files import tables

MOST_ROWS = 100_000
MOST_FEN = 10**15
HEAD_WITHIN = tables.HEADS_WITHIN
MOST_SAID = 50
CENT = Decimal("0.01")
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(?:\.[0-9]{1,17})?", re.ASCII)
EXACT = Context(prec=40)
NEARLY = Decimal("0.000001")  # what a spreadsheet's arithmetic leaves behind
_NUMBERED = {"reference": "流水号", "number": "对方账号"}
MOST_DIGITS = 15  # which a spreadsheet keeps of a number
_LOST = re.compile(r"[0-9](?:\.[0-9]+)?E\+[0-9]+", re.ASCII | re.IGNORECASE)
# in the bank's letterhead; a number that it shows in part has stars
_ACCOUNT = re.compile(
    r"(?<!对方)(?:(?:[账帐]号|卡号|[账帐]户号码?)[^0-9*期日]{0,12}|[账帐]户: ?)([0-9*][0-9* -]{6,40}[0-9*])",
    re.ASCII,
)


class StatementRefused(ValueError):
    """A statement cannot be taken in; `problems` names every fault, by line where it has one."""

    def __init__(self, problems: Sequence[str]) -> None:
        said = list(problems[:MOST_SAID])
        if len(problems) > MOST_SAID:
            said.append(f"……还有 {len(problems) - MOST_SAID} 处")
        super().__init__("；".join(said))
        self.problems = said


@dataclass(frozen=True, slots=True)
class Movement:
    """One line as the file says it; `row` is its row in the file."""

    row: int
    booked_on: date
    amount_fen: int
    balance_fen: int | None
    reference: str
    name: str
    number: str
    remark: str
    written: str = ""  # its numbers as they were kept together once

    @property
    def told(self) -> list[str | int | None]:
        """What the line says, for its fingerprint."""
        day, money = self.booked_on.isoformat(), [self.amount_fen, self.balance_fen]
        return [day, *money, self.reference, self.name, self.number, self.remark]


@dataclass(frozen=True, slots=True)
class Keyed:
    """A movement that can be known again: by the bank's number or by all it says, counted where that is not unique."""

    movement: Movement
    key: str
    older: str  # the key of lines that were taken in before one number of a row was its number
    reference: str


def parse(data: bytes, name: str, form: Form, account: str = "") -> list[Movement]:
    """Every movement, oldest first; raises StatementRefused, with every row that cannot be read.

    A file whose letterhead names accounts must name `account` among them.
    """
    try:
        rows = tables.read(data, name, [head for heads in form.columns.values() for head in heads])
        if len(rows) > MOST_ROWS:
            raise StatementRefused(
                [f"文件有 {len(rows):,} 行，最多 {MOST_ROWS:,} 行：请分月导出，分几次导入"]
            )
        head, columns = _heads(rows, form)
        _refuse_another_account(rows[:head], account)
        problems: list[str] = []
        found = list(_movements(rows, head, columns, form, problems))
    except tables.TableRefused as refused:
        raise StatementRefused([str(refused)]) from None
    if problems:
        raise StatementRefused(problems)
    return found[::-1] if form.order == NEWEST else found


def keyed(movements: Sequence[Movement]) -> list[Keyed]:
    """Each with the key it had in every earlier file: equal ones of a day are counted in the bank's order."""
    now: dict[str, int] = {}
    once: dict[str, int] = {}
    found = []
    for one in movements:
        made = "" if one.reference else sha256_text(canonical_json(one.told))[:32]
        key = _counted(now, f"{one.booked_on:%Y%m%d}:{one.reference or made}")
        older = _counted(once, f"{one.booked_on:%Y%m%d}:{one.written or made}")
        found.append(Keyed(one, key, older, key[9:]))
    return found


def _counted(counts: dict[str, int], base: str) -> str:
    counts[base] = counts.get(base, 0) + 1
    return base if counts[base] == 1 else f"{base}:{counts[base]}"


def gaps(movements: Sequence[Movement]) -> list[str]:
    """Where the balance does not follow from the line before."""
    found = []
    for before, one in pairwise(movements):
        if before.balance_fen is None or one.balance_fen is None:
            continue
        should = before.balance_fen + one.amount_fen
        if should != one.balance_fen:
            found.append(
                f"第 {one.row} 行：上一行余额 {spoken(before.balance_fen)} 加本行 {spoken(one.amount_fen)} 应是 "
                f"{spoken(should)}，文件写的是 {spoken(one.balance_fen)}，差 {spoken(one.balance_fen - should)}："
                "中间可能少了一行，或金额改过"
            )
    return found


def _heads(rows: tables.Table, form: Form) -> tuple[int, dict[str, list[int]]]:
    """The row of the heads, and the places of each column in it; what stands above is the bank's letterhead."""
    best: list[str] = form.must
    for at, row in enumerate(rows[:HEAD_WITHIN]):
        said = [_plain(cell) for cell in row]
        columns = {
            name: [said.index(head) for head in heads if head in said] for name, heads in form.columns.items()
        }
        lacking = [name for name in form.must if not columns[name]]
        if not lacking:
            return at, columns
        best = min(best, lacking, key=len)
    wanted = "、".join("／".join(form.columns[name][:3]) for name in best)
    raise StatementRefused(
        [
            f"前 {HEAD_WITHIN} 行里没有找到列名：还缺 {wanted}。请核对选的对账单格式（现在是“{form.name}”），或换一个格式"
        ]
    )


def _refuse_another_account(above: tables.Table, account: str) -> None:
    """The bank writes on its file whose it is: the first one of an account has no line before it to follow from."""
    written = (
        tables.text(cell) if isinstance(cell, int | float) else _plain(cell) for row in above for cell in row
    )
    found = [re.sub("[ -]", "", number) for number in _ACCOUNT.findall(" ".join(written))]
    if account and found and not any(_same_account(one, account) for one in found):
        said = (
            f"文件上写的账号是 {found[0]}，您选的账户尾号是 {account[-4:]}：不是这个账户的对账单，没有导入。"
        )
        raise StatementRefused([f"{said}请核对选的账户，或重新导出"])


def _same_account(said: str, account: str) -> bool:
    """Perhaps shown in part, or with the bank's mark of the currency behind it."""
    shown = re.escape(said).replace(r"\*", "[0-9]*")
    return bool(re.match(shown, account)) or said.startswith(account)


def _movements(
    rows: tables.Table, head: int, columns: dict[str, list[int]], form: Form, problems: list[str]
) -> Iterator[Movement]:
    for number, row in enumerate(rows[head + 1 :], head + 2):
        cells = {name: [row[at] for at in places if at < len(row)] for name, places in columns.items()}
        first = next(iter(cells["day"]), None)
        if not any(_plain(cell) for cell in row) or _is_foot(row, cells, form):
            continue
        try:
            yield _movement(number, first, cells, form)
        except _Unread as wrong:
            problems.append(f"第 {number} 行：{wrong}")


_TOTALS = ("合计", "总计", "小计", "期末", "期初", "承前页", "过次页", "本页")
_WORDS = ("打印", "备注:", "说明")


class _Unread(ValueError):
    """One row cannot be read, and why."""


def _is_foot(row: Sequence[object], cells: dict[str, list[object]], form: Form) -> bool:
    """A line of totals, or of the bank's words: it is of no day, and words move no money."""
    first = next((said for cell in row if (said := _plain(cell))), "")
    if _as_date(next(iter(cells["day"]), None), form):
        return False
    money = [cell for name in ("in", "out", "amount") for cell in cells.get(name, ())]
    return first.startswith(_TOTALS) or (first.startswith(_WORDS) and not any(map(_plain, money)))


def _movement(number: int, day: object, cells: dict[str, list[object]], form: Form) -> Movement:
    balance = _amount(cells["balance"], "余额") if form.has_balance else None
    if form.has_balance and balance is None:
        raise _Unread("没有余额：每一行都要有余额，才看得出有没有少行")
    _refuse_what_is_lost(cells)
    return Movement(
        row=number,
        booked_on=_day(day, form),
        amount_fen=_signed(cells, form),
        balance_fen=balance,
        reference=serials.normal(next(iter(_said(cells, "reference")), ""))[:40],
        written=_joined(cells, "reference")[:40],
        name=_joined(cells, "name")[:80],
        number="".join(_joined(cells, "number").split())[:40],
        remark=_joined(cells, "remark")[:200],
    )


def _signed(cells: dict[str, list[object]], form: Form) -> int:
    if "amount" in form.columns:
        amount = _amount(cells["amount"], "金额")
        if not amount:
            raise _Unread("没有金额，或金额是 0")
        return amount if "side" not in form.columns else amount * _side(cells["side"], form)
    came, went = _amount(cells["in"], "收入"), _amount(cells["out"], "支出")
    if bool(came) == bool(went):
        raise _Unread("收入和支出要正好有一个" if came else "收入和支出都是空的")
    return (came or 0) - (went or 0)


def _side(found: list[object], form: Form) -> int:
    said = _plain(found[0] if found else "").upper()
    for word, sign in (("in", 1), ("out", -1)):
        if said in form.sides[word]:
            return sign
    ways = "、".join([*form.sides["in"][:2], *form.sides["out"][:2]])
    raise _Unread(f"借贷标志“{said[:10]}”认不出：应是 {ways} 之一")


def _day(cell: object, form: Form) -> date:
    found = _as_date(cell, form)
    if found is None or not 2000 <= found.year < 2100:
        raise _Unread(f"日期“{_plain(cell)[:20]}”认不出：应写成 2022-07-15 的样子")
    return found


def _as_date(cell: object, form: Form) -> date | None:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    said = tables.text(cell) if isinstance(cell, int | float) else _plain(cell)
    for way in form.dates:
        for text in (said, said.split(" ")[0]):
            try:
                return datetime.strptime(text, way).date()  # noqa: DTZ007  a day has no zone
            except ValueError:
                continue
    return None


def _amount(found: list[object], what: str) -> int | None:
    """Fen, exactly; None for an empty cell. Brackets mean less than zero."""
    cell = found[0] if found else None
    if isinstance(cell, bool):
        raise _Unread(f"{what}“{cell}”不是金额")
    said = repr(cell) if isinstance(cell, float) else _plain(cell)
    said = said.replace(",", "").lstrip("¥￥").replace("元", "")
    if said in {"", "-", "--"}:
        return None
    if said.startswith("(") and said.endswith(")"):
        said = f"-{said[1:-1]}"
    if not _NUMBER.fullmatch(said):
        raise _Unread(f"{what}“{said[:20]}”不是金额")
    exact = Decimal(said)
    whole = exact.quantize(CENT, context=EXACT)
    if abs(whole) >= MOST_FEN // 100:
        raise _Unread(f"{what}“{said[:20]}”太大，不像真的")
    if abs(whole - exact) > NEARLY:
        raise _Unread(f"{what}“{said[:20]}”不止两位小数")
    return int(whole * 100)


def _refuse_what_is_lost(cells: dict[str, list[object]]) -> None:
    """A number that a spreadsheet has kept as a figure has lost its last digits, and many become one."""
    for name, what in _NUMBERED.items():
        for cell in cells.get(name, ()):
            said = tables.text(cell) if isinstance(cell, int | float) else _plain(cell)
            if _LOST.fullmatch(said):
                raise _Unread(
                    f"{what}成了 {said[:20]}：表格软件把号码当作数字，{MOST_DIGITS} 位以后的已经丢了。"
                    "请从网银重新导出，不要另存；要另存的，先把这一列设成文本"
                )


def _said(cells: dict[str, list[object]], name: str) -> list[str]:
    """What the columns of this kind say, in the order of the form."""
    said = [
        tables.text(cell) if isinstance(cell, int | float) else _plain(cell) for cell in cells.get(name, ())
    ]
    return [text for text in said if text and text not in {"-", "--"}]


def _joined(cells: dict[str, list[object]], name: str) -> str:
    """The cells of all columns of this kind, one after the other, without repeats."""
    return " ".join(dict.fromkeys(_said(cells, name)))


def _plain(cell: object) -> str:
    """NFKC without what cannot be seen: full-width figures and a tab before a number are a bank's habit."""
    said = unicodedata.normalize("NFKC", "" if cell is None else str(cell))
    return "".join(letter for letter in said if letter.isprintable()).strip()
