"""Any scheme put together from the families, reckoned with decimals straight from its description; no code of the product.

A description is plain values: a list of benefits, each with conditions, a base, a form and a mode, perhaps a cap over
several. Events are told in order. Written to be read, not to be fast.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

ZERO = Decimal(0)
ROUNDINGS = {
    "四舍五入到分": (Decimal("0.01"), ROUND_HALF_UP),
    "舍去到元": (Decimal(1), ROUND_DOWN),
    "四舍五入到元": (Decimal(1), ROUND_HALF_UP),
}


@dataclass(frozen=True)
class Benefit:
    """conditions: of urgent, listed, positive, (“at most”, n); base: S, x, least of both, days;

    form: (rate, r), (falling, first, later), (tiers, [(top or None, rate)…]), (by grade, {grade: yuan});
    mode: (each,), (capped, yuan, key), (deductible, yuan, rate, yuan), (whole tiers, [...]), (top up, yuan, [names]).
    """

    name: str
    conditions: tuple[Any, ...]
    base: str
    form: tuple[Any, ...]
    mode: tuple[Any, ...]
    least: Decimal | None = None
    uplift: Decimal | None = None


@dataclass(frozen=True)
class Scheme:
    benefits: tuple[Benefit, ...]
    rounding: str = "四舍五入到分"
    cap: tuple[Decimal, tuple[str, ...]] | None = None


@dataclass
class Member:
    """What has run up so far, by benefit and key."""

    passed: dict[Any, int] = field(default_factory=lambda: defaultdict(int))
    asked: dict[Any, int] = field(default_factory=lambda: defaultdict(int))
    used: dict[Any, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    due: dict[Any, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    capped: dict[Any, Decimal] = field(default_factory=lambda: defaultdict(Decimal))


def whole(scheme: Scheme, amount: Decimal) -> Decimal:
    step, how = ROUNDINGS[scheme.rounding]
    return (amount / step).quantize(Decimal(1), rounding=how) * step


def in_tiers(amount: Decimal, tiers: list[tuple[Decimal | None, Decimal]]) -> Decimal:
    found = below = ZERO
    for top, rate in tiers:
        end = amount if top is None else min(amount, top)
        found += max(ZERO, end - below) * rate
        below = max(below, end)
    return found


def reckon(scheme: Scheme, events: list[dict[str, Any]]) -> list[dict[str, Decimal]]:
    """Yuan by benefit for each event, in order."""
    member = Member()
    return [_event(scheme, member, event) for event in events]


def _event(scheme: Scheme, member: Member, event: dict[str, Any]) -> dict[str, Decimal]:
    period = event["period"]
    due: dict[str, Decimal] = {}
    for benefit in scheme.benefits:
        due[benefit.name] = (
            _benefit(scheme, member, benefit, event) if _passes(member, benefit, event) else ZERO
        )
        member.due[benefit.name, period] += due[benefit.name]
    return _under_cap(scheme, member, period, due)


def _passes(member: Member, benefit: Benefit, event: dict[str, Any]) -> bool:
    for number, condition in enumerate(benefit.conditions):
        if isinstance(condition, tuple):
            member.asked[benefit.name, number, event["period"]] += 1
            if member.asked[benefit.name, number, event["period"]] > condition[1]:
                return False
        elif not {"urgent": event["urgent"], "listed": event["listed"], "positive": event["S"] > 0}[
            condition
        ]:
            return False
    member.passed[benefit.name, event["period"]] += 1
    return True


def _base(benefit: Benefit, event: dict[str, Any]) -> Decimal:
    x = event["x"] if event["x"] is not None else ZERO
    return {
        "S": event["S"],
        "x": x,
        "least": min(event["S"], x),
        "days": Decimal(max(0, min(event["stay"], 180) - 3)) * 40,
    }[benefit.base]


def _share(member: Member, benefit: Benefit, event: dict[str, Any]) -> Decimal:
    base, kind = _base(benefit, event), benefit.form[0]
    if kind == "tiers":
        share = in_tiers(base, benefit.form[1])
    elif kind == "by grade":
        share = benefit.form[1].get(event["grade"], ZERO)
    elif kind == "falling":
        share = base * benefit.form[1 if member.passed[benefit.name, event["period"]] == 1 else 2]
    else:
        raised = benefit.uplift is not None and event["hardship"]
        share = base * (benefit.uplift if raised else benefit.form[1])
    if benefit.least is not None and share > 0:
        share = max(share, benefit.least)
    return share


def _benefit(scheme: Scheme, member: Member, benefit: Benefit, event: dict[str, Any]) -> Decimal:
    kind, *words = benefit.mode
    period = event["period"]
    if kind == "each":
        return whole(scheme, _share(member, benefit, event))
    if kind == "top up":
        had = sum((member.due[name, period] for name in words[1]), ZERO)
        return whole(scheme, max(ZERO, words[0] - had))
    key = (benefit.name, period if kind != "capped" or words[1] == "period" else "life")
    before = member.used[key]
    member.used[key] += _share(member, benefit, event) if kind == "capped" else _base(benefit, event)

    def paid_for(used: Decimal) -> Decimal:
        if kind == "capped":
            return whole(scheme, min(used, words[0]))
        if kind == "deductible":
            return whole(scheme, min(max(ZERO, used - words[0]) * words[1], words[2]))
        return whole(scheme, in_tiers(used, words[0]))

    return paid_for(member.used[key]) - paid_for(before)


def _under_cap(scheme: Scheme, member: Member, period: str, due: dict[str, Decimal]) -> dict[str, Decimal]:
    if scheme.cap is None:
        return due
    most, over = scheme.cap
    before = member.capped[period]
    member.capped[period] += sum(due[name] for name in over)
    left = min(member.capped[period], most) - min(before, most)
    paid = dict(due)
    for name in over:
        paid[name] = min(due[name], left)
        left -= paid[name]
    return paid
