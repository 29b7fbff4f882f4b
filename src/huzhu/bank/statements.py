"""A bank's file becomes movements in the bank's order, each with the balance after it; or every fault is named by its line."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Context, Decimal
from itertools import pairwise

from huzhu.bank.formats import NEWEST, Form
from huzhu.core.hashing import canonical_json, sha256_text
from huzhu.core.money import spoken
from huzhu.files import tables

MOST_ROWS = 100_000
MOST_FEN = 10**15
HEAD_WITHIN = 40  # rows in which the heads of the columns must stand
MOST_SAID = 50
CENT = Decimal("0.01")
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(?:\.[0-9]{1,17})?", re.ASCII)
EXACT = Context(prec=40)
NEARLY = Decimal("0.000001")  # what a spreadsheet's arithmetic leaves behind


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
    reference: str


def parse(data: bytes, name: str, form: Form) -> list[Movement]:
    """Every movement, oldest first; raises StatementRefused, with every row that cannot be read."""
    try:
        rows = tables.read(data, name)
        if len(rows) > MOST_ROWS:
            raise StatementRefused(
                [f"文件有 {len(rows):,} 行，最多 {MOST_ROWS:,} 行：请分月导出，分几次导入"]
            )
        head, columns = _heads(rows, form)
        problems: list[str] = []
        found = list(_movements(rows, head, columns, form, problems))
    except tables.TableRefused as refused:
        raise StatementRefused([str(refused)]) from None
    if problems:
        raise StatementRefused(problems)
    return found[::-1] if form.order == NEWEST else found


def keyed(movements: Sequence[Movement]) -> list[Keyed]:
    """Each with the key it had in every earlier file: equal ones of a day are counted in the bank's order."""
    counts: dict[str, int] = {}
    found = []
    for one in movements:
        said = one.reference or sha256_text(canonical_json(one.told))[:32]
        base = f"{one.booked_on:%Y%m%d}:{said}"
        counts[base] = counts.get(base, 0) + 1
        key = base if counts[base] == 1 else f"{base}:{counts[base]}"
        found.append(Keyed(one, key, key[9:]))
    return found


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


def _movements(
    rows: tables.Table, head: int, columns: dict[str, list[int]], form: Form, problems: list[str]
) -> Iterator[Movement]:
    for number, row in enumerate(rows[head + 1 :], head + 2):
        cells = {name: [row[at] for at in places if at < len(row)] for name, places in columns.items()}
        first = next(iter(cells["day"]), None)
        if not any(_plain(cell) for cell in row) or _is_foot(row):
            continue
        try:
            yield _movement(number, first, cells, form)
        except _Unread as wrong:
            problems.append(f"第 {number} 行：{wrong}")


class _Unread(ValueError):
    """One row cannot be read, and why."""


def _is_foot(row: Sequence[object]) -> bool:
    """A line of totals or of the bank's words under the list."""
    first = next((said for cell in row if (said := _plain(cell))), "")
    return first.startswith(
        ("合计", "总计", "小计", "期末", "期初", "承前页", "过次页", "本页", "打印", "备注:", "说明")
    )


def _movement(number: int, day: object, cells: dict[str, list[object]], form: Form) -> Movement:
    balance = _amount(cells["balance"], "余额") if form.has_balance else None
    if form.has_balance and balance is None:
        raise _Unread("没有余额：每一行都要有余额，才看得出有没有少行")
    return Movement(
        row=number,
        booked_on=_day(day, form),
        amount_fen=_signed(cells, form),
        balance_fen=balance,
        reference=_joined(cells, "reference")[:40],
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


def _joined(cells: dict[str, list[object]], name: str) -> str:
    """The cells of all columns of this kind, one after the other, without repeats."""
    said = [
        tables.text(cell) if isinstance(cell, int | float) else _plain(cell) for cell in cells.get(name, ())
    ]
    return " ".join(dict.fromkeys(text for text in said if text and text not in {"-", "--"}))


def _plain(cell: object) -> str:
    """NFKC without what cannot be seen: full-width figures and a tab before a number are a bank's habit."""
    said = unicodedata.normalize("NFKC", "" if cell is None else str(cell))
    return "".join(letter for letter in said if letter.isprintable()).strip()
