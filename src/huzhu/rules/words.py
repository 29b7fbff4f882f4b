"""Expressions in Chinese, walked from the tree: how a figure was got, what a condition says, what would change it."""

from collections.abc import Callable, Mapping
from typing import Any

from huzhu.rules import tree
from huzhu.rules.edition import Edition
from huzhu.rules.program import Outcome
from huzhu.rules.units import ORDERED, Type, Unit, rounded, spoken

_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_DATE_SIGNS = {"==": "就是", "!=": "不是", "<": "早于", ">=": "不早于", ">": "晚于", "<=": "不晚于"}
_NUMBER_SIGNS = {"==": "等于", "!=": "不等于", "<": "小于", ">=": "不小于", ">": "大于", "<=": "不超过"}
_CODE_SIGNS = {"==": "是", "!=": "不是"}
_LOOSE = (tree.Add, tree.Subtract, tree.Choice, tree.Least, tree.Greatest)  # phrases that need brackets


class Speaker:
    """Says the edition's expressions with the values of one outcome, or (with `bare`) with labels only."""

    def __init__(self, outcome: Outcome, *, bare: bool = False) -> None:
        self.outcome = outcome
        self.edition: Edition = outcome.program.edition
        self.bare = bare
        self.labels = self if bare else Speaker(outcome, bare=True)

    def say(self, node: tree.Node) -> str:
        """The expression as a phrase; exact, with units."""
        return _PHRASES[type(node)](self, node)

    def value(self, node: tree.Node, *, before: bool = False) -> str:
        return spoken(self.outcome.value(node, before=before), node.type)

    def holds(self, node: tree.Node) -> bool:
        return bool(self.outcome.value(node))

    def labelled(self, label: str, node: tree.Node) -> str:
        return label if self.bare else f"{label} {self.value(node)}"

    # --- phrases of quantities ---

    def constant(self, node: tree.Constant) -> str:
        return spoken(node.value, node.type)

    def fact(self, node: tree.Fact) -> str:
        label = self.edition.facts[node.name].label
        return label if self.bare else f"{label} {rounded(self.outcome.value(node), node.type)}"

    def parameter(self, node: tree.Parameter) -> str:
        if node.type.unit is Unit.RATE:
            return self.value(node)
        if node.type.unit is Unit.FLAG:
            return self.edition.parameters[node.name].label
        return f"{self.edition.parameters[node.name].label} {self.value(node)}"

    def line(self, node: tree.Line) -> str:
        return self.labelled(self.edition.lines[node.name].label, node)

    def paid(self, node: tree.Paid) -> str:
        return self.labelled(f"本次的{self.edition.benefits[node.benefit].label}", node)

    def scaled(self, node: tree.Scaled) -> str:
        return self.say(node.value)

    def add(self, node: tree.Add) -> str:
        left, right = self.worth_saying(node.left), self.worth_saying(node.right)
        return " + ".join(self.say(part) for part in (left, right) if part) or self.value(node)

    def subtract(self, node: tree.Subtract) -> str:
        right = self.worth_saying(node.right)
        left = self.bracketed(node.left, (tree.Least, tree.Greatest, tree.Choice))
        return f"{left} − {self.bracketed(right)}" if right else left

    def worth_saying(self, node: tree.Node) -> tree.Node | None:
        """A term of a sum, or None where it is a figure nobody filled in."""
        inner = node.value if isinstance(node, tree.Scaled) else node
        if self.bare:
            return inner
        silent = isinstance(inner, tree.Coalesce) and self.outcome.value(inner.value) is None
        silent |= (
            isinstance(inner, tree.Add)
            and not self.worth_saying(inner.left)
            and not self.worth_saying(inner.right)
        )
        silent |= isinstance(inner, tree.Line) and not self.outcome.value(inner)
        return None if silent else inner

    def bracketed(self, node: tree.Node, kinds: tuple[type[tree.Node], ...] = _LOOSE) -> str:
        inner = node.value if isinstance(node, tree.Scaled) else node
        phrase = self.say(inner)
        floor = isinstance(inner, tree.Greatest) and phrase[:2] != "取较"
        return f"（{phrase}）" if isinstance(inner, kinds) and not floor else phrase

    def multiply(self, node: tree.Multiply) -> str:
        return f"{self.bracketed(node.left)} × {self.bracketed(node.right)}"

    def least(self, node: tree.Least) -> str:
        return "取较小的：" + " 与 ".join(self.bracketed(choice) for choice in node.choices)

    def greatest(self, node: tree.Greatest) -> str:
        floors = [
            choice for choice in node.choices if isinstance(choice, tree.Constant) and choice.value == 0
        ]
        others = [choice for choice in node.choices if choice not in floors]
        if floors and len(others) == 1:
            below = not self.bare and self.outcome.value(others[0]) < 0
            return self.say(others[0]) + ("，不足 0 的按 0" if below else "")
        return "取较大的：" + " 与 ".join(self.bracketed(choice) for choice in node.choices)

    def in_bands(self, node: tree.InBands) -> str:
        return f"{self.say(node.base)} 按{self.edition.parameters[node.bands.name].label}分段"

    def lookup(self, node: tree.Lookup) -> str:
        return f"{self.edition.parameters[node.table.name].label}，{self.say(node.code)}"

    def choice(self, node: tree.Choice) -> str:
        if self.bare:
            return f"（若{self.say(node.condition)}）{self.say(node.then)}，否则{self.say(node.otherwise)}"
        chosen = node.then if self.holds(node.condition) else node.otherwise
        return f"{self.say(chosen)}（因{self.states(node.condition)}）"

    def coalesce(self, node: tree.Coalesce) -> str:
        if self.bare or self.outcome.value(node.value) is not None:
            return self.say(node.value)
        return f"{self.labels.say(node.value)}未填，按 {self.value(node.fallback)}"

    def total(self, node: tree.Total) -> str:
        key = self.edition.keys[node.key].label
        if isinstance(node.of, tree.Constant) and node.of.value == 1:
            return f"{key}内的次数" if self.bare else f"{key}内第 {self.value(node)} 次"
        what = self.labels.say(node.of)
        if self.bare:
            return f"{key}累计的{what}"
        before, after = self.outcome.value(node, before=True), self.outcome.value(node)
        return f"之前 {spoken(before, node.type)} + 本次 {spoken(after - before, node.type)}"

    def change(self, node: tree.Change) -> str:
        if self.bare:
            return self.say(node.of)
        return (
            f"本次后 {self.value(node.of)} − 之前 {self.value(node.of, before=True)}（{self.say(node.of)}）"
        )

    def rounded(self, node: tree.Rounded) -> str:
        phrase = self.say(node.value)
        if self.bare:
            return phrase
        exact = self.outcome.value(node.value)
        if exact % (node.step * 10**node.value.type.scale) == 0:
            return phrase
        how = "舍去" if node.cut else "四舍五入"
        return f"{phrase} = {spoken(exact, node.value.type)}，{how}到{'分' if node.step == 1 else '元'}"

    # --- phrases of conditions ---

    def compare(self, node: tree.Compare) -> str:
        return self.compared(node, node.sign)

    def compared(self, node: tree.Compare, sign: str) -> str:
        right = node.right
        code = isinstance(right, tree.Constant) and isinstance(right.value, str)
        if isinstance(right, tree.Constant) and isinstance(right.value, str):
            other = dict(node.left.type.codes).get(right.value, right.value)
        else:
            other = self.say(right)
        comma = "，" if isinstance(node.left, tree.Total) or code else " "
        return f"{self.say(node.left)}{comma}{_signs(node.left.type)[sign]} {other}"

    def within(self, node: tree.Within) -> str:
        return f"{self.say(node.code)} 在{self.edition.parameters[node.listed.name].label}内"

    def is_missing(self, node: tree.IsMissing) -> str:
        return f"{self.labels.say(node.value)}未填"

    def both(self, node: tree.Both) -> str:
        return f"{self.say(node.left)}，且{self.say(node.right)}"

    def either(self, node: tree.Either) -> str:
        return f"{self.say(node.left)}，或{self.say(node.right)}"

    def negated(self, node: tree.Negated) -> str:
        return self.denied(node.condition)

    def denied(self, node: tree.Node) -> str:
        """The opposite of a condition."""
        if isinstance(node, tree.Compare):
            return self.compared(node, _OPPOSITE[node.sign])
        if isinstance(node, tree.IsMissing):
            return f"{self.labels.say(node.value)}已填"
        if isinstance(node, tree.Within):
            return f"{self.say(node.code)} 不在{self.edition.parameters[node.listed.name].label}内"
        if isinstance(node, tree.Negated):
            return self.say(node.condition)
        if isinstance(node, tree.Both | tree.Either):
            word = "，或" if isinstance(node, tree.Both) else "，且"
            return word.join(self.denied(part) for part in (node.left, node.right))
        return f"{self.labels.say(node)}为否"

    # --- what is so, and what would change it ---

    def states(self, node: tree.Node) -> str:
        """What is the case about a condition: the parts that make it hold, or the first that fails."""
        if isinstance(node, tree.Both | tree.Either):
            return self.states_of_two(node)
        if isinstance(node, tree.Negated) and (missing := self.unfilled(node.condition)):
            return f"{missing}未填"
        if self.holds(node):
            same = isinstance(node, tree.Compare) and node.sign == "==" and node.left.type.unit is Unit.CODE
            return self.say(node.left) if same else self.say(node)  # type: ignore[attr-defined]
        missing = self.unfilled(node)
        return f"{missing}未填" if missing else self.denied(node)

    def states_of_two(self, node: tree.Both | tree.Either) -> str:
        holding, any_side = self.holds(node), isinstance(node, tree.Either)
        if holding is any_side:  # one side decides: the first that holds, or the first that fails
            return self.states(node.left if self.holds(node.left) is holding else node.right)
        sides = _changeable(node) if any_side else [node.left, node.right]
        return ("，" if any_side else "，且").join(self.states(side) for side in sides)

    def unfilled(self, node: tree.Node) -> str:
        """Label of the first missing value a failing comparison reads."""
        if isinstance(node, tree.Compare | tree.Within):
            for part in node.parts():
                if part.type.missing and self.outcome.value(part) is None:
                    return self.labels.say(part)
        return ""

    def would_change(self, node: tree.Node) -> str:
        """What would make a failing condition hold."""
        if isinstance(node, tree.Both):
            return "，".join(self.would_change(part) for part in self.failing(node))
        if isinstance(node, tree.Either):
            return "；或者".join(self.would_change(part) for part in _changeable(node))
        if missing := self.unfilled(node):
            return f"填写{missing}后再算"
        if isinstance(node, tree.Negated) and isinstance(node.condition, tree.IsMissing):
            return f"填写{self.labels.say(node.condition.value)}后再算"
        return f"若{self.wished(node)}"

    def enough(self, node: tree.Node) -> bool:
        """Whether the wish that `would_change` names is known to be all that is lacking."""
        if isinstance(node, tree.Both):
            if self.holds(node.left):
                return self.enough(node.right)
            return self.can_be_asked(node.right) and self.holds(node.right) and self.enough(node.left)
        if isinstance(node, tree.Either):
            return all(self.enough(part) for part in _changeable(node))
        missing = isinstance(node, tree.Negated) and isinstance(node.condition, tree.IsMissing)
        return not (missing or self.unfilled(node))

    def can_be_asked(self, node: tree.Node) -> bool:
        """Whether nothing is missing that the condition reads: it may rely on what stands before it."""
        named = (part for part in node.walk() if isinstance(part, tree.Fact | tree.Line))
        return all(self.outcome.value(part) is not None for part in named)

    def failing(self, node: tree.Both) -> list[tree.Node]:
        """The sides that fail; the right one is asked only where the left holds, or where it asks for a value."""
        left, right = node.left, node.right
        if self.holds(left):
            return [right]
        asks = isinstance(right, tree.Negated) and isinstance(right.condition, tree.IsMissing)
        return [left, right] if asks and not self.holds(right) else [left]

    def wished(self, node: tree.Node) -> str:
        """A condition as a wish: labels on the left, the figure to reach on the right."""
        if isinstance(node, tree.Compare):
            right = node.right
            code = isinstance(right, tree.Constant) and isinstance(right.value, str)
            goal = self.labels.say(node).rpartition(" ")[2] if code else self.value(right)
            return f"{self.labels.say(node.left)}{_signs(node.left.type)[node.sign]} {goal}"
        if isinstance(node, tree.Parameter):
            return f"{self.edition.parameters[node.name].label}改为“是”"
        return self.labels.say(node)


def _changeable(node: tree.Both | tree.Either) -> list[tree.Node]:
    """The sides of an alternative that facts can change; a switch of the scheme is said only where it stands alone."""
    sides = [node.left, node.right]
    return [side for side in sides if not isinstance(side, tree.Parameter)] or sides


def _signs(kind: Type) -> Mapping[str, str]:
    if kind.unit in {Unit.DATE, Unit.INSTANT}:
        return _DATE_SIGNS
    return _NUMBER_SIGNS if kind.unit in ORDERED else _CODE_SIGNS


_PHRASES: Mapping[type[tree.Node], Callable[[Speaker, Any], str]] = {
    tree.Constant: Speaker.constant,
    tree.Fact: Speaker.fact,
    tree.Parameter: Speaker.parameter,
    tree.Line: Speaker.line,
    tree.Paid: Speaker.paid,
    tree.Scaled: Speaker.scaled,
    tree.Add: Speaker.add,
    tree.Subtract: Speaker.subtract,
    tree.Multiply: Speaker.multiply,
    tree.Least: Speaker.least,
    tree.Greatest: Speaker.greatest,
    tree.InBands: Speaker.in_bands,
    tree.Lookup: Speaker.lookup,
    tree.Choice: Speaker.choice,
    tree.Coalesce: Speaker.coalesce,
    tree.Total: Speaker.total,
    tree.Change: Speaker.change,
    tree.Rounded: Speaker.rounded,
    tree.Compare: Speaker.compare,
    tree.Within: Speaker.within,
    tree.IsMissing: Speaker.is_missing,
    tree.Both: Speaker.both,
    tree.Either: Speaker.either,
    tree.Negated: Speaker.negated,
}
