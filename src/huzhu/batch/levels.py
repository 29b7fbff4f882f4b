"""How deep running totals stand in one another, and which of them one sort can serve.

An expression of level 0 reads the row alone; one of level 1 reads totals of level-0 figures; and so on. Each level above
0 costs a sort of all rows, so a gate that only cuts a key's tail is taken for the gate before it: where a condition says
"the running total is at most so much", the rows it lets pass come before those it stops, and no total is read where its
own gate is shut.
"""

from huzhu.rules import tree
from huzhu.rules.edition import Edition, through_lines


class Levels:
    """Answers about the expressions of one edition, each found once."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self.found: dict[tree.Node, int] = {}
        self.nulls: dict[str, bool] = {}

    def level(self, node: tree.Node) -> int:
        if node not in self.found:
            self.found[node] = self._level(node)
        return self.found[node]

    def _level(self, node: tree.Node) -> int:
        if isinstance(node, tree.Line):
            return self.level(self.edition.lines[node.name].body)
        if isinstance(node, tree.Paid):
            benefit = self.edition.benefits[node.benefit]
            return max(self.level(part) for part in (benefit.pays, *(c.test for c in benefit.conditions)))
        if isinstance(node, tree.Passed):
            conditions = self.edition.benefits[node.benefit].conditions[: node.upto]
            return max(self.level(condition.test) for condition in conditions)
        if isinstance(node, tree.Total):
            gate = self.gate(node)
            return 1 + max(self.level(node.of), self.level(gate) if gate else 0)
        return max([self.level(part) for part in node.parts()], default=0)

    def gate(self, total: tree.Total) -> tree.Passed | None:
        """The gate that lets pass all the total must count, and beyond it only rows at which nobody reads the total."""
        gate = total.gate
        while gate is not None and self.cuts_a_tail(gate, total.key):
            gate = tree.Passed(gate.type, gate.benefit, gate.upto - 1) if gate.upto > 1 else None
        return gate

    def cuts_a_tail(self, gate: tree.Passed, key: str) -> bool:
        """Whether the gate's last condition holds on a first stretch of each key's rows, and not after it."""
        test = self.edition.benefits[gate.benefit].conditions[gate.upto - 1].test
        if not isinstance(test, tree.Compare) or not isinstance(test.left, tree.Total):
            return False
        counted, keys = test.left, self.edition.keys
        same_stretch = set(keys[counted.key].by) <= set(keys[key].by)
        first_only = test.sign == "==" and _is(counted.of, 1) and _is(test.right, 1)
        return same_stretch and (
            first_only or (test.sign in {"<", "<="} and self.steady_within(test.right, counted.key))
        )

    def steady_within(self, limit: tree.Node, key: str) -> bool:
        """Whether a limit is the same for all rows of a key."""
        if isinstance(limit, tree.Scaled):
            return self.steady_within(limit.value, key)
        if isinstance(limit, tree.Parameter):
            dated = self.edition.parameters[limit.name].values
            return len(dated) == 1 or self.edition.version_by in self.edition.keys[key].by
        return isinstance(limit, tree.Constant)

    def selective(self, gate: tree.Passed | None) -> bool:
        """Whether few rows pass: some condition looks a code up in a list."""
        if gate is None:
            return False
        conditions = self.edition.benefits[gate.benefit].conditions[: gate.upto]
        return any(
            isinstance(part, tree.Within)
            for condition in conditions
            for part in through_lines(self.edition, condition.test)
        )

    def may_be_null(self, node: tree.Node) -> bool:
        """Whether SQL may see NULL here in a row whose conditions do not hold; the checker speaks only of those that do."""
        if isinstance(node, tree.Fact):
            return self.edition.facts[node.name].type.missing
        if isinstance(node, tree.Line):
            if node.name not in self.nulls:
                self.nulls[node.name] = self.may_be_null(self.edition.lines[node.name].body)
            return self.nulls[node.name]
        if isinstance(node, tree.Coalesce):
            return self.may_be_null(node.fallback)
        if isinstance(node, tree.Total):
            return self.selective(self.gate(node))
        return any(self.may_be_null(part) for part in node.parts())


def _is(node: tree.Node, value: int) -> bool:
    return isinstance(node, tree.Constant) and node.value == value and node.type.scale == 0
