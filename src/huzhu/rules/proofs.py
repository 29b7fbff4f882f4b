"""What is proved of a whole edition, beside what checker.py proves of each expression."""

import re
from collections.abc import Iterator

from huzhu.rules.edition import Benefit, Cap, Condition, Edition, LineDef, ParameterDef, names_in
from huzhu.rules.problems import Place, Problem, SchemeRefused
from huzhu.rules.tree import (
    Both,
    Choice,
    Compare,
    Either,
    Negated,
    Node,
)
from huzhu.rules.units import NUMBERS, Unit

MOST_TERM = 120  # months, or shares
PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}", re.ASCII)


def prove(edition: Edition) -> None:
    """Raises SchemeRefused with everything that cannot be proved of the edition."""
    problems = [
        Problem(*problem)
        for proof in (_dates, _order, _keys, _used, _placeholders, _reachable, _entry)
        for problem in proof(edition)
    ]
    if problems:
        raise SchemeRefused(problems)


Found = Iterator[tuple[Place, str, str]]


def _dates(edition: Edition) -> Found:
    if edition.closes_on <= edition.opens_on:
        yield edition.place, "closes_on 不晚于 opens_on", "版次的终日（不含）要晚于起日"
    for parameter in edition.parameters.values():
        if parameter.values[0][0] > edition.opens_on:
            yield (
                parameter.place,
                f"参数“{parameter.name}”最早的生效日晚于版次起日，中间没有值",
                "加一个不晚于 opens_on 的日期和值",
            )


def _order(edition: Edition) -> Found:
    for name in (*edition.order, edition.version_by):
        if name not in edition.facts:
            yield edition.place, f"order 或 version_by 里的“{name}”不是已声明的事实", "只写 facts 里的名称"
            return
    last = edition.facts[edition.order[-1]] if edition.order else None
    if last is None or not last.unique or last.type.missing:
        yield (
            edition.place,
            "order 的最后一项不是唯一且必填的，同一天的两件分不出先后",
            "最后一项写 claim_no 这样 unique: true 的事实",
        )
    picks = edition.facts[edition.version_by]
    if picks.type.unit is not Unit.DATE or picks.type.missing:
        yield edition.place, f"version_by 的“{picks.name}”不是必填的日期", "写 cover_starts_on 这样的日期"


def _keys(edition: Edition) -> Found:
    for key in edition.keys.values():
        for name in key.by:
            if edition.facts[name].type.missing:
                yield edition.place, f"口径 {key.name} 用的“{name}”可能未填", "口径只用必填的事实"


def _used(edition: Edition) -> Found:
    named = {name for expression in edition.expressions() for name in names_in(expression)}
    named |= {name for condition in edition.entry_conditions() for name in names_in(condition.test)}
    named |= set(edition.entry.terms.values()) if edition.entry else set()
    named |= {match for text in edition.about.values() for match in PLACEHOLDER.findall(text)}
    named |= set(edition.columns)
    for kind, things in (("行", edition.lines), ("参数", edition.parameters), ("事实", edition.facts)):
        for name, thing in things.items():
            if name not in named and _own(edition, thing.place):
                yield thing.place, f"{kind}“{name}”没有被用到", "在算式里用它，或删去"
    cited = {thing.clause for thing in _citing(edition)}
    for clause in edition.clauses.values():
        if clause.name not in cited and _own(edition, clause.place):
            yield clause.place, f"条款“{clause.name}”没有任何一行引用", "在引用它的行上写 clause，或删去"
    for parameter in edition.parameters.values():
        if parameter.clause not in edition.clauses:
            yield (
                parameter.place,
                f"没有条款“{parameter.clause}”",
                "在 clauses 里写出条款原文和出处，或改成已有的名称",
            )


def _own(edition: Edition, place: Place) -> bool:
    """What a scheme inherits is a shelf to take from; what it writes itself must serve."""
    return place.file == edition.place.file


def _citing(edition: Edition) -> Iterator[LineDef | ParameterDef | Benefit | Cap | Condition]:
    yield from edition.caps.values()
    yield from edition.lines.values()
    yield from edition.parameters.values()
    for benefit in edition.benefits.values():
        yield benefit
        yield from benefit.conditions
    yield from edition.entry_conditions()


def _texts(edition: Edition) -> Iterator[str]:
    yield from edition.about.values()
    yield from (benefit.plain for benefit in edition.benefits.values())


def _placeholders(edition: Edition) -> Found:
    for text in _texts(edition):
        for name in PLACEHOLDER.findall(text):
            parameter = edition.parameters.get(name)
            if parameter is None or parameter.shape != "one":
                yield (
                    edition.place,
                    f"说明文字里的 {{{name}}} 不是单个值的参数",
                    "花括号里只写 parameters 里的名称",
                )


def _reachable(edition: Edition) -> Found:
    for benefit in edition.benefits.values():
        if benefit.pays.type.hi <= 0:
            yield benefit.place, f"“{benefit.label}”永远不会给付", "检查 pays：它的上限是 0"
    conditions = [condition for benefit in edition.benefits.values() for condition in benefit.conditions]
    for condition in (*conditions, *edition.entry_conditions()):
        if truth(condition.test) is False:
            yield condition.place, f"条件“{condition.label}”永远不成立", "检查比较的方向和上下限"
    for place, expression in _placed(edition):
        for node in expression.walk():
            if isinstance(node, Choice) and truth(node.condition) is not None:
                yield place, "if 的一支永远走不到", "检查条件，或删去走不到的一支"


def _placed(edition: Edition) -> Iterator[tuple[Place, Node]]:
    """Every expression with its place."""
    yield from ((line.place, line.body) for line in edition.lines.values())
    yield from ((check.place, check.test) for check in edition.checks)
    for benefit in edition.benefits.values():
        yield from ((condition.place, condition.test) for condition in benefit.conditions)
        yield benefit.place, benefit.pays
    for cap in edition.caps.values():
        yield from ((cap.place, pays) for pays in cap.pays.values())
    yield from ((condition.place, condition.test) for condition in edition.entry_conditions())


def _entry(edition: Edition) -> Found:
    if (entry := edition.entry) is None:
        return
    picks = edition.facts.get(entry.version_by)
    if picks is None or picks.group != "entrant" or picks.type.unit is not Unit.DATE or picks.type.missing:
        yield (
            entry.place,
            f"entry 的 version_by“{entry.version_by}”不是参加时必填的日期",
            "写 starts_on 这样的 entrant 事实",
        )
    for role in ("months", "shares"):
        parameter = edition.parameters.get(entry.terms.get(role, ""))
        if parameter and not 1 <= parameter.type.lo <= parameter.type.hi <= MOST_TERM:
            yield parameter.place, f"“{parameter.label}”要在 1 到 {MOST_TERM} 之间", "检查这个数字"
    for role in ("waiting", "grace", "late_window", "fee", "individual_fee"):
        parameter = edition.parameters.get(entry.terms.get(role, ""))
        if parameter and parameter.type.lo < 0:
            yield parameter.place, f"“{parameter.label}”不能是负数", "检查这个数字"
    if entry.late == "group" and "late_window" not in entry.terms:
        yield entry.place, "late: group 却没有说晚多少天还收", "在 terms 里写 late_window，并在 when 里用它"


def truth(node: Node) -> bool | None:
    """Whether the bounds alone decide a condition; None where the facts decide."""
    if isinstance(node, Negated):
        inner = truth(node.condition)
        return None if inner is None else not inner
    if isinstance(node, Both | Either):
        sides = {truth(node.left), truth(node.right)}
        decided = isinstance(node, Either)
        return decided if decided in sides else (not decided if sides == {not decided} else None)
    if isinstance(node, Compare) and node.left.type.unit in NUMBERS | {Unit.DATE}:
        return _compared(node)
    return None


def _compared(node: Compare) -> bool | None:
    left, right = node.left.type, node.right.type
    sign = {">": "<", ">=": "<="}.get(node.sign, node.sign)
    if sign != node.sign:
        left, right = right, left
    never = {
        "<": left.lo >= right.hi,
        "<=": left.lo > right.hi,
        "==": left.lo > right.hi or left.hi < right.lo,
    }
    always = {
        "<": left.hi < right.lo,
        "<=": left.hi <= right.lo,
        "!=": left.lo > right.hi or left.hi < right.lo,
    }
    if never.get(sign):
        return False
    missing = left.missing or right.missing
    return True if always.get(sign) and not missing else None
