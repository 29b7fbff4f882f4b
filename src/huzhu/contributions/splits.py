"""How the fee of one person is shared among payers: pure arithmetic on fen."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

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
    pledge_id: int | None = None

    def times(self, heads: int) -> "Part":
        return replace(self, amount_fen=self.amount_fen * heads, cash_back_fen=self.cash_back_fen * heads)

    def plus(self, other: "Part") -> "Part":
        amount, back = self.amount_fen + other.amount_fen, self.cash_back_fen + other.cash_back_fen
        return replace(self, amount_fen=amount, cash_back_fen=back)


def counted(heads: int, units: int) -> str:
    """So many people, and so many shares where those are more."""
    return f"{heads:,} 人" + (f"、{units:,} 份" if units != heads else "")


def merged(parts: Iterable[Part]) -> list[Part]:
    """Parts of people with different numbers of shares, a payer once; the worker last."""
    sums: dict[tuple[str, str], Part] = {}
    for part in parts:
        before = sums.get(key := (part.payer, part.payer_name))
        sums[key] = before.plus(part) if before else part
    return sorted(sums.values(), key=lambda part: part.payer == WORKER)


def split(fee_fen: int, rules: Iterable[Rule], least_own_fen: int = 0) -> list[Part]:
    """Parts that sum to the fee, the worker's last; SplitOverFee where the payers would pay or give back more than it.

    The worker keeps at least `least_own_fen`: payers are asked in order, and the last of them pay less.
    """
    asked = [_part(fee_fen, rule) for rule in rules]
    back = sum(part.cash_back_fen for part in asked)
    if fee_fen - sum(part.amount_fen for part in asked) < back:
        names = "、".join(part.payer_name for part in asked)
        raise SplitOverFee(f"{names}承担的合计超过了会费 {spoken(fee_fen)} 元：请把比例或定额改小。")
    if least_own_fen + back > fee_fen:
        raise SplitOverFee(
            f"职工至少缴的 {spoken(least_own_fen)} 元{'加上补给的现金' if back else ''}"
            f"超过了会费 {spoken(fee_fen)} 元：请改小。"
        )
    parts = _cut_to(fee_fen - least_own_fen - back, asked)
    rest = fee_fen - sum(part.amount_fen for part in parts)
    return [*parts, Part(WORKER, WORKER_NAME, rest)] if rest or not parts else parts


def _cut_to(most_fen: int, parts: Iterable[Part]) -> list[Part]:
    """The parts in order, each no more than what the ones before it leave of the most."""
    cut = []
    for part in parts:
        cut.append(replace(part, amount_fen=min(part.amount_fen, most_fen)))
        most_fen -= cut[-1].amount_fen
    return cut


def _part(fee_fen: int, rule: Rule) -> Part:
    amount = rule.amount(fee_fen)
    if rule.basis == "cash_back":
        return Part(rule.payer, rule.payer_name, 0, amount)
    return Part(rule.payer, rule.payer_name, amount)


@dataclass(frozen=True, slots=True)
class Promise:
    """A pledge as arithmetic sees it: who is named, and the most for one person; None is all of the worker's part."""

    pledge_id: int
    name: str
    most_fen: int | None = None


def gifts(own_fen: int, promises: Iterable[Promise]) -> dict[Promise, int]:
    """What each promise pays of one worker's part, in order, while something is left."""
    given = {}
    for promise in promises:
        taken = own_fen if promise.most_fen is None else min(own_fen, promise.most_fen)
        if taken:
            given[promise] = taken
        own_fen -= taken
    return given


def sponsored(parts: Sequence[Part], given: Iterable[dict[Promise, int]]) -> list[Part]:
    """The parts of all heads, with what was given to single workers taken from theirs; the sum stays."""
    totals: Counter[Promise] = Counter()
    for one in given:
        totals.update(one)
    lifted = sum(totals.values())
    left = [
        replace(part, amount_fen=part.amount_fen - lifted) if part.payer == WORKER else part for part in parts
    ]
    sponsors = [
        Part("sponsor", promise.name, fen, pledge_id=promise.pledge_id) for promise, fen in totals.items()
    ]
    kept = [part for part in left if part.payer != WORKER or part.amount_fen or not lifted]
    at = next((at for at, part in enumerate(kept) if part.payer == WORKER), len(kept))
    return [*kept[:at], *sponsors, *kept[at:]]


def in_words(parts: Sequence[Part]) -> str:
    """Who pays what, as one sentence for a confirmation."""
    said = [f"{part.payer_name} {spoken(part.amount_fen)} 元" for part in parts if part.amount_fen]
    back = [
        f"另由{part.payer_name}补给职工现金 {spoken(part.cash_back_fen)} 元"
        for part in parts
        if part.cash_back_fen
    ]
    return "，".join([*said, *back])
