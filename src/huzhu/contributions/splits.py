"""How the fee of one person is shared among payers: pure arithmetic on fen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from huzhu.core.money import spoken

WORKER = "worker"
WORKER_NAME = "职工"


class SplitOverFee(ValueError):
    """The payers together would pay more than the fee."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One payer who is not the worker; `basis` is percent, fixed or cash_back."""

    payer: str
    payer_name: str
    basis: str
    basis_points: int = 0
    fixed_fen: int = 0

    def amount(self, fee_fen: int) -> int:
        """Fen for one person: a share of the fee is cut down to whole fen, the rest stays with the worker."""
        return self.fixed_fen + fee_fen * self.basis_points // 10_000


@dataclass(frozen=True, slots=True)
class Part:
    """What one payer pays for one person; cash back is paid to the worker afterwards and is no part of the fee."""

    payer: str
    payer_name: str
    amount_fen: int
    cash_back_fen: int = 0

    def times(self, heads: int) -> "Part":
        return Part(self.payer, self.payer_name, self.amount_fen * heads, self.cash_back_fen * heads)


def split(fee_fen: int, rules: Iterable[Rule]) -> list[Part]:
    """Parts that sum to the fee, the worker's last; SplitOverFee where the payers would pay or give back more than it."""
    parts = [_part(fee_fen, rule) for rule in rules]
    rest = fee_fen - sum(part.amount_fen for part in parts)
    if rest < sum(part.cash_back_fen for part in parts) or rest < 0:
        names = "、".join(part.payer_name for part in parts)
        raise SplitOverFee(
            f"{names}承担的合计超过了会费 {fee_fen // 100}.{fee_fen % 100:02d} 元：请把比例或定额改小。"
        )
    return [*parts, Part(WORKER, WORKER_NAME, rest)] if rest or not parts else parts


def _part(fee_fen: int, rule: Rule) -> Part:
    amount = rule.amount(fee_fen)
    if rule.basis == "cash_back":
        return Part(rule.payer, rule.payer_name, 0, amount)
    return Part(rule.payer, rule.payer_name, amount)


def in_words(parts: Sequence[Part]) -> str:
    """Who pays what, as one sentence for a confirmation."""
    said = [f"{part.payer_name} {spoken(part.amount_fen)} 元" for part in parts if part.amount_fen]
    back = [
        f"另由{part.payer_name}补给职工现金 {spoken(part.cash_back_fen)} 元"
        for part in parts
        if part.cash_back_fen
    ]
    return "，".join([*said, *back])
