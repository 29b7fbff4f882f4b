"""How typed parts make one: units that fit, scales brought together, bounds that stay in 64 bits, one rounding."""

from dataclasses import replace
from datetime import date

from huzhu.rules.edition import Bands
from huzhu.rules.parser import Syntax
from huzhu.rules.problems import SchemeRefused, refuse
from huzhu.rules.scope import Rounding
from huzhu.rules.tree import Add, Change, Node, Rounded, Scaled, Subtract
from huzhu.rules.units import INT64, Codes, Type, Unit


def within_bounds(node: Node, syntax: Syntax) -> Node:
    """The node, once its integer is proved to stay in 64 bits and its date in the calendar."""
    kind = node.type
    if kind.unit is Unit.DATE and not (kind.lo >= 1 and kind.hi <= date.max.toordinal()):
        raise refuse(syntax.place, "日期可能超出日历", "给天数写更小的 most")
    if max(abs(kind.lo), abs(kind.hi)) > INT64:
        raise refuse(
            syntax.place,
            f"结果可能超出 64 位整数（上限 {kind.hi:,}）",
            "给事实写更小的 most，或减少比例的小数位",
        )
    return node


def rescaled(node: Node, scale: int) -> Node:
    """The node at a larger scale."""
    by = scale - node.type.scale
    if by == 0:
        return node
    grown = replace(node.type, scale=scale, lo=node.type.lo * 10**by, hi=node.type.hi * 10**by)
    return Scaled(grown, node, by)


def aligned(syntax: Syntax, nodes: list[Node]) -> list[Node]:
    """Parts of one unit at the largest of their scales."""
    units = {node.type.unit for node in nodes}
    if len(units) > 1:
        raise units_differ(syntax, nodes)
    scale = max(node.type.scale for node in nodes)
    return [within_bounds(rescaled(node, scale), syntax) for node in nodes]


def units_differ(syntax: Syntax, nodes: list[Node]) -> SchemeRefused:
    """The refusal of parts that cannot be put together."""
    names = "和".join(node.type.name for node in nodes)
    return refuse(
        syntax.place,
        f"{names}不能放在一起算（{syntax.op}）",
        "同类才能加减比较；金额乘比例得金额，日期加天数得日期",
    )


def added(syntax: Syntax, left: Node, right: Node) -> Node:
    """A sum; a date may grow by days."""
    if (left.type.unit, right.type.unit) == (Unit.DATE, Unit.DAYS):
        return Add(Type(Unit.DATE, left.type.lo + right.type.lo, left.type.hi + right.type.hi), left, right)
    if Unit.DATE in {left.type.unit, right.type.unit}:
        raise units_differ(syntax, [left, right])
    left, right = aligned(syntax, [left, right])
    kind = left.type
    return Add(Type(kind.unit, kind.lo + right.type.lo, kind.hi + right.type.hi, kind.scale), left, right)


def subtracted(syntax: Syntax, left: Node, right: Node) -> Node:
    """A difference; two dates make days."""
    units = (left.type.unit, right.type.unit)
    if units == (Unit.DATE, Unit.DAYS):
        unit = Unit.DATE
    elif units == (Unit.DATE, Unit.DATE):
        unit = Unit.DAYS
    else:
        left, right = aligned(syntax, [left, right])
        unit = left.type.unit
    return Subtract(
        Type(unit, left.type.lo - right.type.hi, left.type.hi - right.type.lo, left.type.scale), left, right
    )


def banded(base: int, bands: Bands, scale: int) -> int:
    """Sum over bands of the slice of the base inside the band times its rate; upper bounds are fen × 10**scale."""
    result = lower = 0
    for upper, rate in bands:
        top = base if upper is None else min(base, upper * 10**scale)
        if top > lower:
            result += (top - lower) * rate
            lower = top
    return result


def rounded(node: Node, rounding: Rounding) -> Node:
    """A non-negative amount brought to whole steps, once; an amount already whole stays as it is."""
    if node.type.scale == 0 and (rounding.step == 1 or isinstance(node, Change)):
        return node
    one = rounding.step * 10**node.type.scale
    half = 0 if rounding.cut else one // 2
    lo, hi = ((end + half) // one * rounding.step for end in (node.type.lo, node.type.hi))
    return Rounded(Type(Unit.MONEY, lo, hi), node, rounding.step, rounding.cut)


def codes_of(one: Node, other: Node) -> Codes:
    """Every code either side may be; none where one side may be anything."""
    if not (one.type.codes and other.type.codes):
        return ()
    return tuple({**dict(one.type.codes), **dict(other.type.codes)}.items())
