"""Syntax becomes typed tree here: names are resolved, units checked, bounds and missing values followed.

What cannot be proved safe is refused with its place and a remedy: arithmetic on a value that may be missing,
units that do not fit, int64 overflow, totals of negative values, a change that reads more than totals.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from difflib import get_close_matches

from huzhu.rules.arithmetic import (
    added,
    aligned,
    banded,
    codes_of,
    rounded,
    subtracted,
    units_differ,
    within_bounds,
)
from huzhu.rules.edition import Bands, ParameterDef
from huzhu.rules.motion import RISING, STEADY, direction, is_steady
from huzhu.rules.parser import Syntax
from huzhu.rules.problems import SchemeRefused, refuse
from huzhu.rules.scope import Scope, known_if
from huzhu.rules.tree import (
    Both,
    Change,
    Choice,
    Coalesce,
    Compare,
    Constant,
    Either,
    Greatest,
    InBands,
    IsMissing,
    Least,
    Lookup,
    Multiply,
    Negated,
    Node,
    Parameter,
    Total,
    Within,
)
from huzhu.rules.units import FLAG, MOST_SCALE, NUMBERS, ORDERED, Type, Unit, quantity

_NOTHING = {Unit.MONEY: "0元", Unit.RATE: "0%", Unit.COUNT: "0次", Unit.DAYS: "0天"}


def check(syntax: Syntax, scope: Scope) -> Node:
    """The typed tree of an expression; raises SchemeRefused at the first part that cannot be proved."""
    node = _CHECKS[syntax.op](syntax, scope)
    return within_bounds(node, syntax)


def flag(syntax: Syntax, scope: Scope) -> Node:
    """An expression that must be a condition."""
    node = check(syntax, scope)
    if node.type.unit is not Unit.FLAG:
        raise refuse(syntax.place, f"这里要一个条件，却是{node.type.name}", "写成比较，例如 S > 0元")
    if node.type.missing:
        raise refuse(syntax.place, "条件本身可能未填", "写成 coalesce(名称, …) 或先问 is not none")
    return node


def payment(syntax: Syntax, scope: Scope) -> Node:
    """The amount of a benefit: money that is there, never negative, rounded once."""
    node = present(syntax, scope, what="给付")
    if node.type.unit is not Unit.MONEY:
        raise refuse(
            syntax.place,
            f"给付要是金额，这里是{node.type.name}",
            "金额乘比例得金额；次数和天数要乘每次、每天的金额",
        )
    if node.type.lo < 0:
        raise refuse(syntax.place, "给付可能为负数", "写成 max(0元, …)")
    return rounded(node, scope.rounding)


def present(syntax: Syntax, scope: Scope, *, what: str) -> Node:
    """An expression whose value is proved to be there."""
    node = check(syntax, scope)
    if node.type.missing:
        name = syntax.text if syntax.op == "name" else "名称"
        nothing = _NOTHING.get(node.type.unit)
        instead = f"，或写 coalesce({name}, {nothing})" if nothing else ""
        raise refuse(syntax.place, f"{what}用到的值可能未填", f"先问 {name} is not none{instead}")
    return node


def number(syntax: Syntax, scope: Scope) -> Node:
    """An operand of arithmetic: a quantity that is not missing."""
    node = present(syntax, scope, what="运算")
    if node.type.unit not in NUMBERS | {Unit.DATE}:
        raise refuse(syntax.place, f"{node.type.name}不能参加运算", "运算只用金额、比例、个数、天数和日期")
    return node


# --- leaves ---


def _name(syntax: Syntax, scope: Scope) -> Node:
    name = syntax.text
    if name in scope.names:
        node = scope.names[name]
        return replace(node, type=node.type.known()) if name in scope.known else node
    if name in {"true", "false"}:
        return Constant(FLAG, name == "true")
    if name in scope.later:
        raise refuse(
            syntax.place,
            f"“{name}”在这里还没有算出来",
            "项目按书写的先后算：用到它的项目写在它后面，它自己的条件和算式不能用它",
        )
    if name in scope.tables:
        raise refuse(syntax.place, f"“{name}”是一张表，不能直接参加运算", "用 bands(…)、lookup(…) 或 in")
    raise unknown_name(syntax, [*scope.names, *scope.tables])


def unknown_name(syntax: Syntax, names: list[str]) -> SchemeRefused:
    """The refusal of a name nobody declared, with the nearest one that was."""
    near = get_close_matches(syntax.text, names, 1)
    hint = (
        f"是不是 {near[0]}？"
        if near
        else "在 facts、parameters 或 lines 里先声明它（福利项目自己的行只在该项目内可用）"
    )
    return refuse(syntax.place, f"没有“{syntax.text}”这个名称", hint)


def _quantity(syntax: Syntax, _: Scope) -> Node:
    try:
        unit, value, scale = quantity(syntax.text)
    except ValueError as error:
        raise refuse(syntax.place, str(error), "改写这个数量") from None
    return Constant(Type(unit, value, value, scale), value)


def _code(syntax: Syntax, _: Scope) -> Node:
    return Constant(Type(Unit.CODE, codes=((syntax.text, syntax.text),)), syntax.text)


# --- arithmetic ---


def _plus(syntax: Syntax, scope: Scope) -> Node:
    left, right = (number(arg, scope) for arg in syntax.args)
    return added(syntax, left, right)


def _minus(syntax: Syntax, scope: Scope) -> Node:
    left, right = (number(arg, scope) for arg in syntax.args)
    return subtracted(syntax, left, right)


_PRODUCTS = {
    frozenset({Unit.MONEY, Unit.RATE}): Unit.MONEY,
    frozenset({Unit.MONEY, Unit.COUNT}): Unit.MONEY,
    frozenset({Unit.MONEY, Unit.DAYS}): Unit.MONEY,
    frozenset({Unit.RATE, Unit.COUNT}): Unit.RATE,
    frozenset({Unit.RATE}): Unit.RATE,
    frozenset({Unit.COUNT}): Unit.COUNT,
    frozenset({Unit.DAYS, Unit.COUNT}): Unit.DAYS,
}


def _times(syntax: Syntax, scope: Scope) -> Node:
    left, right = (number(arg, scope) for arg in syntax.args)
    unit = _PRODUCTS.get(frozenset({left.type.unit, right.type.unit}))
    if unit is None:
        raise units_differ(syntax, [left, right])
    scale = left.type.scale + right.type.scale
    if scale > MOST_SCALE:
        raise refuse(
            syntax.place, f"连乘后要保留 {scale} 位小数，太多", f"最多 {MOST_SCALE} 位：减少比例的小数位"
        )
    if scale:
        refuse_second_rounding(syntax, scope, left, right)
    ends = [a * b for a in (left.type.lo, left.type.hi) for b in (right.type.lo, right.type.hi)]
    return Multiply(Type(unit, min(ends), max(ends), scale), left, right)


def refuse_second_rounding(syntax: Syntax, scope: Scope, *parts: Node) -> None:
    """A change is rounded already; a rate on it would round again."""
    if any(scope.holds_change(part) for part in parts):
        raise refuse(syntax.place, "change(…) 已经舍入到分，再乘比例会舍入两次", "把比例写进 change(…) 里面")


def _ratio(syntax: Syntax, scope: Scope) -> Node:
    product = _times(syntax, scope)
    if not isinstance(product, Multiply) or product.right.type.unit is not Unit.RATE:
        raise refuse(syntax.args[1].place, "ratio 的第二部分要比例", "写成 ratio(金额, 60%)")
    return product


def _ordered(syntax: Syntax, scope: Scope) -> list[Node]:
    return aligned(syntax, [number(arg, scope) for arg in syntax.args])


def _least(syntax: Syntax, scope: Scope) -> Node:
    nodes = _ordered(syntax, scope)
    kind = replace(nodes[0].type, lo=min(n.type.lo for n in nodes), hi=min(n.type.hi for n in nodes))
    return Least(kind, tuple(nodes))


def _greatest(syntax: Syntax, scope: Scope) -> Node:
    nodes = _ordered(syntax, scope)
    kind = replace(nodes[0].type, lo=max(n.type.lo for n in nodes), hi=max(n.type.hi for n in nodes))
    return Greatest(kind, tuple(nodes))


# --- tables ---


def _table(syntax: Syntax, scope: Scope, shape: str) -> ParameterDef:
    if syntax.op != "name" or syntax.text not in scope.tables:
        if syntax.op == "name" and syntax.text not in scope.names:
            raise unknown_name(syntax, list(scope.tables))
        raise refuse(
            syntax.place, f"这里要一个 shape: {shape} 的参数", "在 parameters 里声明它，这里只写名称"
        )
    table = scope.tables[syntax.text]
    if table.shape != shape:
        raise refuse(
            syntax.place, f"“{table.name}”是 {table.shape}，这里要 {shape}", "换一个参数或改它的 shape"
        )
    return table


def _bands(syntax: Syntax, scope: Scope) -> Node:
    base, table = number(syntax.args[0], scope), _table(syntax.args[1], scope, "bands")
    if base.type.unit is not Unit.MONEY or base.type.lo < 0:
        raise refuse(syntax.args[0].place, "分段的基数要非负的金额", "写成 max(0元, …)")
    refuse_second_rounding(syntax, scope, base)
    scale = base.type.scale + table.type.scale
    most = max(banded(base.type.hi, bands, base.type.scale) for _, bands in _dated_bands(table))
    return InBands(Type(Unit.MONEY, 0, most, scale), base, Parameter(table.type, table.name))


def _dated_bands(table: ParameterDef) -> list[tuple[int, Bands]]:
    return [(day, value) for day, value in table.values if isinstance(value, tuple)]


def _lookup(syntax: Syntax, scope: Scope) -> Node:
    table, code = _table(syntax.args[0], scope, "table"), check(syntax.args[1], scope)
    if code.type.unit is not Unit.CODE or not code.type.codes:
        raise refuse(syntax.args[1].place, "查表要用有代码表的代码", "换成一个 unit: code 的事实")
    for _, values in table.values:
        lacking = [c for c, _ in code.type.codes if isinstance(values, Mapping) and c not in values]
        if strangers := sorted(values.keys() - dict(code.type.codes)) if isinstance(values, Mapping) else []:
            raise refuse(
                table.place,
                f"表“{table.name}”里的代码 {'、'.join(strangers)} 不在代码表中",
                "改成代码表里的，或删去",
            )
        if lacking:
            raise refuse(
                table.place,
                f"表“{table.name}”缺代码 {'、'.join(lacking)}",
                "补上每个代码的值，没有给付的写 0元",
            )
    return Lookup(replace(table.type, missing=code.type.missing), Parameter(table.type, table.name), code)


def _within(syntax: Syntax, scope: Scope) -> Node:
    code, listed = check(syntax.args[0], scope), _table(syntax.args[1], scope, "list")
    if code.type.unit is not listed.type.unit:
        raise refuse(syntax.place, f"{code.type.name}不能在{listed.type.name}的目录里找", "两边要同一种代码")
    if known := dict(code.type.codes):
        strangers = {
            entry for _, entries in listed.values if isinstance(entries, frozenset) for entry in entries
        }
        if strangers := strangers - known.keys():
            raise refuse(
                listed.place,
                f"目录“{listed.name}”里的 {'、'.join(sorted(strangers))} 不在代码表中",
                "可写：" + "、".join(known),
            )
    return Within(FLAG, code, Parameter(listed.type, listed.name))


# --- conditions ---


def _compare(syntax: Syntax, scope: Scope) -> Node:
    left, right = (check(arg, scope) for arg in syntax.args)
    unit = left.type.unit
    if unit is not right.type.unit:
        raise units_differ(syntax, [left, right])
    if unit not in ORDERED and syntax.op not in {"==", "!="}:
        raise refuse(syntax.place, f"{left.type.name}没有大小之分", "代码和文字只用 == 或 !=")
    if unit in NUMBERS:
        left, right = aligned(syntax, [left, right])
    for node, other in ((left, right), (right, left)):
        codes = dict(other.type.codes)
        if isinstance(node, Constant) and unit is Unit.CODE and codes and node.value not in codes:
            raise refuse(syntax.place, f"代码“{node.value}”不在代码表中", "可写：" + "、".join(codes))
    return Compare(FLAG, syntax.op, left, right)


def _missing(syntax: Syntax, scope: Scope) -> Node:
    value = check(syntax.args[0], scope)
    if not value.type.missing:
        raise refuse(syntax.place, "问的这个值到这里一定有，不必再问", "删去这个条件")
    return IsMissing(FLAG, value)


def _and(syntax: Syntax, scope: Scope) -> Node:
    left, right = syntax.args
    return Both(FLAG, flag(left, scope), flag(right, scope.with_known(known_if(left, truth=True))))


def _or(syntax: Syntax, scope: Scope) -> Node:
    left, right = syntax.args
    return Either(FLAG, flag(left, scope), flag(right, scope.with_known(known_if(left, truth=False))))


def _not(syntax: Syntax, scope: Scope) -> Node:
    return Negated(FLAG, flag(syntax.args[0], scope))


def _if(syntax: Syntax, scope: Scope) -> Node:
    asked, yes, no = syntax.args
    condition = flag(asked, scope)
    then = check(yes, scope.with_known(known_if(asked, truth=True)))
    otherwise = check(no, scope.with_known(known_if(asked, truth=False)))
    if then.type.unit in NUMBERS:
        then, otherwise = aligned(syntax, [then, otherwise])
    elif then.type.unit is not otherwise.type.unit:
        raise units_differ(syntax, [then, otherwise])
    kind = replace(
        then.type,
        lo=min(then.type.lo, otherwise.type.lo),
        hi=max(then.type.hi, otherwise.type.hi),
        missing=then.type.missing or otherwise.type.missing,
        codes=codes_of(then, otherwise),
    )
    return Choice(kind, condition, then, otherwise)


def _coalesce(syntax: Syntax, scope: Scope) -> Node:
    value, fallback = check(syntax.args[0], scope), present(syntax.args[1], scope, what="补的值")
    if not value.type.missing:
        raise refuse(syntax.place, "这个值到这里一定有，不必用 coalesce", "直接写名称")
    if value.type.unit in NUMBERS:
        value, fallback = aligned(syntax, [value, fallback])
    elif value.type.unit is not fallback.type.unit:
        raise units_differ(syntax, [value, fallback])
    kind = replace(
        value.type,
        lo=min(value.type.lo, fallback.type.lo),
        hi=max(value.type.hi, fallback.type.hi),
        missing=False,
        codes=codes_of(value, fallback),
    )
    return Coalesce(kind, value, fallback)


# --- state ---


def _total(syntax: Syntax, scope: Scope) -> Node:
    of, key = number(syntax.args[0], scope.of_every_event()), syntax.args[1]
    if key.op != "name" or key.text not in scope.keys:
        raise refuse(
            key.place, f"total 的第二部分不是已声明的口径“{key.text}”", "可写：" + "、".join(scope.keys)
        )
    if of.type.unit is Unit.DATE or of.type.lo < 0:
        raise refuse(syntax.place, "累计的值可能为负", "写成 max(0元, …)，累计只加不减")
    if scope.holds_change(of):
        raise refuse(syntax.place, "累计里面又用了 change(…)", "累计原始的行，再对总数用 change")
    hi = of.type.hi * scope.keys[key.text].at_most
    return Total(replace(of.type, lo=0, hi=hi), of, key.text, scope.gate)


def _change(syntax: Syntax, scope: Scope) -> Node:
    of = present(syntax.args[0], scope, what="change ")
    if of.type.unit is not Unit.MONEY:
        raise refuse(syntax.place, f"change 只用于金额，这里是{of.type.name}", "对次数用 total(…) 直接比较")
    if not is_steady(of, scope.steady):
        raise refuse(
            syntax.place,
            "change(…) 里读了只属于这一次的值，“之前”没有定义",
            "把它放进 total(…) 里；change 里只写累计、参数和本人、保障期的事实",
        )
    if of.type.lo < 0:
        raise refuse(syntax.place, "change(…) 里的金额可能为负数", "写成 change(max(0元, …))")
    if direction(of, scope.rising) not in {RISING, STEADY}:
        raise refuse(
            syntax.place,
            "累计增加时这个算式可能变小，给付会成为负数",
            "只用 min、max、加法、乘非负比例和 bands",
        )
    inner = rounded(of, scope.rounding)
    return Change(inner.type, inner)


_CHECKS: dict[str, Callable[[Syntax, Scope], Node]] = {
    "name": _name,
    "quantity": _quantity,
    "code": _code,
    "+": _plus,
    "-": _minus,
    "*": _times,
    "ratio": _ratio,
    "min": _least,
    "max": _greatest,
    "bands": _bands,
    "lookup": _lookup,
    "in": _within,
    "missing": _missing,
    "and": _and,
    "or": _or,
    "not": _not,
    "if": _if,
    "coalesce": _coalesce,
    "total": _total,
    "change": _change,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), _compare),
}
