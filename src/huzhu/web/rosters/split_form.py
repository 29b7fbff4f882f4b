"""The boxes of one way of sharing: read from what is held or from what was typed, and what it comes to."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from huzhu.contributions import queries
from huzhu.contributions.splits import Part, Rule, SplitOverFee, in_words, split
from huzhu.core import money

LINES = 4  # two unions above, the unit, a sponsor
MOST_LINES = 12


@dataclass(slots=True)
class Line:
    """One payer as typed."""

    number: int
    payer: str = ""
    name: str = ""
    basis: str = "percent"
    amount: str = ""
    error: str = ""


@dataclass
class Draft:
    """What stands in the boxes; `errors` by box, `whole` for what does not hold together."""

    place: Any
    edition: Any
    today: date
    held: Any = None
    asked: Any = None
    errors: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lines = self._typed() if self.asked is not None else self._held()
        self.least_text = self._text("least", self.held.least_own_fen if self.held else 0)
        self.heads_text = self.asked.get("heads", "") if self.asked is not None else str(self._usual_heads())
        self.from_text = (self.asked or {}).get("from") or self.today.isoformat()
        self.rules = [rule for line in self.lines if (rule := self._rule(line))]
        self.least_own_fen = self._fen("least", self.least_text)
        self.valid_from = self._day()
        self.parts = self._parts()

    @property
    def heads(self) -> int:
        text = self.heads_text.replace(",", "")
        return int(text) if text.isdecimal() and len(text) < 8 else 0

    @property
    def rows(self) -> list[tuple[Part, Part]]:
        """Each payer for one person and for all heads."""
        return [(part, part.times(self.heads)) for part in self.parts]

    @property
    def total_fen(self) -> int:
        return int(self.edition.fee_fen) * self.heads

    @property
    def said(self) -> str:
        """Who pays what, for one person."""
        return in_words(self.parts)

    @property
    def cuts(self) -> list[str]:
        """Whose part the least own share makes smaller."""
        asked = split_or_none(self.edition.fee_fen, self.rules) or []
        return [
            f"{now.payer_name}由 {money.spoken(was.amount_fen)} 元减为 {money.spoken(now.amount_fen)} 元"
            for was, now in zip(asked, self.parts, strict=False)
            if was.payer != "worker" and now.amount_fen < was.amount_fen
        ]

    def _typed(self) -> list[Line]:
        return [
            Line(number, *(self.asked.get(f"{box}-{number}", "").strip() for box in BOXES))
            for number in range(1, MOST_LINES + 1)
            if number <= LINES or f"payer-{number}" in self.asked
        ]

    def _held(self) -> list[Line]:
        rules = queries.rules_of(self.held) if self.held else []
        lines = [
            Line(number, rule.payer, rule.payer_name, rule.basis, _amount_text(rule))
            for number, rule in enumerate(rules, 1)
        ]
        return lines + [Line(number) for number in range(len(lines) + 1, LINES + 1)]

    def _text(self, box: str, held_fen: int) -> str:
        if self.asked is not None:
            return str(self.asked.get(box, "")).strip()
        return money.yuan(held_fen) if held_fen else ""

    def _rule(self, line: Line) -> Rule | None:
        if not line.payer and not line.amount:
            return None
        if not line.payer:
            line.error = self.errors[f"payer-{line.number}"] = "请选择由谁承担，或把金额清空"
            return None
        try:
            points, fen = _amount(line.basis, line.amount)
        except money.NotMoney as wrong:
            line.error = self.errors[f"amount-{line.number}"] = str(wrong)
            return None
        except (InvalidOperation, OverflowError):
            line.error = self.errors[f"amount-{line.number}"] = (
                "比例要写成 0 到 100 的数字，例如 75（表示 75%），最多两位小数"
            )
            return None
        return Rule(line.payer, line.name[:80] or self._name(line.payer), line.basis, points, fen)

    def _name(self, payer: str) -> str:
        return str(self.place.name) if payer == "employer" else ""

    def _fen(self, box: str, text: str) -> int:
        try:
            return money.fen(text.replace(",", "")) if text else 0
        except money.NotMoney as wrong:
            self.errors[box] = str(wrong)
            return 0

    def _day(self) -> date:
        try:
            return date.fromisoformat(self.from_text)
        except ValueError:
            self.errors["from"] = "这不是一个日期：请写成 2022-01-28 的样子"
            return self.today

    def _parts(self) -> list[Part]:
        if self.errors:
            return []
        try:
            return split(self.edition.fee_fen, self.rules, self.least_own_fen)
        except SplitOverFee as wrong:
            self.errors["whole"] = str(wrong)
            return []

    def _usual_heads(self) -> int:
        """As many as the newest roster of the place had in this scheme, else its staff."""
        return queries.usual_heads(self.place, self.edition.slug) or self.place.staff_count or 1


BOXES = ("payer", "name", "basis", "amount")


def split_or_none(fee_fen: int, rules: list[Rule]) -> list[Part] | None:
    """Without the least own share; nothing where it does not hold together."""
    try:
        return split(fee_fen, rules)
    except SplitOverFee:
        return None


def said(terms: Any) -> str:
    """Terms in a line, without the fee: 伊春森工集团 75%，其余职工."""
    if terms.inherits:
        return "恢复沿用上级的办法"
    payers = [f"{rule.payer_name} {_said_amount(rule)}" for rule in queries.rules_of(terms)]
    least = f"（至少 {money.spoken(terms.least_own_fen)} 元）" if terms.least_own_fen else ""
    return "，".join([*payers, f"其余由职工缴{least}" if payers else "全部由职工缴"])


def _said_amount(rule: Rule) -> str:
    if rule.basis == "percent":
        return f"{_percent(rule.basis_points)}%"
    return f"{'补现金 ' if rule.basis == 'cash_back' else ''}{money.spoken(rule.fixed_fen)} 元"


def _amount_text(rule: Rule) -> str:
    return _percent(rule.basis_points) if rule.basis_points else money.yuan(rule.fixed_fen)


def _percent(points: int) -> str:
    return f"{(Decimal(points) / 100).normalize():f}"


def _amount(basis: str, text: str) -> tuple[int, int]:
    """Basis points for 按比例, fen for the rest."""
    if basis != "percent":
        return 0, money.fen(text.replace(",", "") or "0")
    points = Decimal(text.rstrip("%％").strip() or "0") * 100
    if points != points.to_integral_value() or not 0 <= points <= 10_000:
        raise InvalidOperation
    return int(points), 0
