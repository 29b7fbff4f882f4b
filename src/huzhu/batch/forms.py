"""Which benefits are functions of a member-year's final totals, and whether a scenario only changes what acts after them.

Summed over a key, change(F) is F of the final totals less F of none. That holds where every total in F counts just the events
the benefit pays for, and F reads beside them only what is the same in every row of the key.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from huzhu.rules import tree
from huzhu.rules.edition import Benefit, Edition, Key, through_lines

Print = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class NotOfTotals:
    """Why a benefit cannot be answered from totals."""

    why: str


def period_of(edition: Edition) -> tuple[str, ...]:
    """The facts that make a member's year: those of the finest key in use, else the date that picks the values."""
    keys: list[Key] = [edition.keys[node.key] for node in edition.nodes() if isinstance(node, tree.Total)]
    return max((key.by for key in keys), key=len, default=()) or (edition.version_by,)


class Forms:
    """The benefits of one edition, seen as functions of totals."""

    def __init__(self, edition: Edition, period: tuple[str, ...]) -> None:
        self.edition = edition
        self.period = period

    # --- what a figure is, however it is named ---

    def print_of(self, node: tree.Node | None) -> Print:
        """The structure of an expression with its lines written out and the values of its parameters in it."""
        if node is None:
            return ()
        if isinstance(node, tree.Line):
            return self.print_of(self.edition.lines[node.name].body)
        if isinstance(node, tree.Parameter):
            made = self.edition.parameters[node.name]
            return ("parameter", made.type.unit, made.type.scale, repr(made.values))
        if isinstance(node, tree.Paid | tree.Passed):
            return self._print_of_benefit(node)
        names = [getattr(node, name) for name in node.__slots__]
        own = tuple(repr(value) for value in names if not isinstance(value, tree.Node | tuple | None))
        if isinstance(node, tree.Total):
            return ("total", self.edition.keys[node.key].by, self.print_of(node.of), self.print_of(node.gate))
        return (
            type(node).__name__,
            node.type.unit,
            node.type.scale,
            own,
            *(self.print_of(part) for part in node.parts()),
        )

    def _print_of_benefit(self, node: tree.Paid | tree.Passed) -> Print:
        benefit = self.edition.benefits[node.benefit]
        if isinstance(node, tree.Paid):
            return ("paid", *self.due_print(benefit))
        return ("passed", *(self.print_of(condition.test) for condition in benefit.conditions[: node.upto]))

    def gate(self, benefit: Benefit) -> tree.Passed | None:
        """The gate of all the benefit's conditions."""
        count = len(benefit.conditions)
        return tree.Passed(benefit.pays.type, benefit.name, count) if count else None

    def gate_print(self, benefit: Benefit) -> Print:
        return self.print_of(self.gate(benefit))

    def due_print(self, benefit: Benefit) -> Print:
        return (self.gate_print(benefit), self.print_of(benefit.pays))

    def benefit_print(self, benefit: Benefit) -> Print:
        cap = self.edition.cap_over(benefit.name)
        return (*self.due_print(benefit), self.print_of(cap.pays[benefit.name]) if cap else ())

    # --- whether it telescopes ---

    def parts(self, benefit: Benefit) -> list[tree.Node] | NotOfTotals:
        """The payment as a sum of changes and of fixed amounts; or why it is none."""
        if cap := self.edition.cap_over(benefit.name):
            return NotOfTotals(f"和别的项目一起受“{cap.label}”限制")
        return self._due(benefit)

    def _due(self, benefit: Benefit) -> list[tree.Node] | NotOfTotals:
        """The same of what is due, before a cap over several benefits."""
        found: list[tree.Node] = []
        for part in self._added(benefit.pays):
            why = self._unfit(benefit, part)
            if why:
                return NotOfTotals(why)
            found.append(part)
        return found

    def _added(self, node: tree.Node) -> Iterator[tree.Node]:
        if isinstance(node, tree.Line):
            yield from self._added(self.edition.lines[node.name].body)
        elif isinstance(node, tree.Add):
            yield from self._added(node.left)
            yield from self._added(node.right)
        else:
            yield node

    def _unfit(self, benefit: Benefit, part: tree.Node) -> str:
        if isinstance(part, tree.Change):
            return self._unfit_change(benefit, part)
        inside = through_lines(self.edition, part)
        if any(
            isinstance(node, tree.Fact | tree.Total | tree.Paid | tree.Passed | tree.Change)
            for node in inside
        ):
            return "金额逐件算出，不是累计的函数"
        return self._unsteady(inside)

    def _unfit_change(self, benefit: Benefit, change: tree.Change) -> str:
        outside = list(self._outside(change.of))
        for node in outside:
            if isinstance(node, tree.Total):
                if tuple(sorted(self.edition.keys[node.key].by)) != tuple(sorted(self.period)):
                    return "累计跨保障期"
                if self.print_of(node.gate) != self.gate_print(benefit):
                    return "累计里有不给付的件"
            if isinstance(node, tree.Fact) and node.name not in self.period:
                return f"还要看{self.edition.facts[node.name].label}"
        return self._unsteady(outside)

    def _unsteady(self, nodes: list[tree.Node]) -> str:
        if self.edition.version_by in self.period:
            return ""
        dated = [self.edition.parameters[node.name] for node in nodes if isinstance(node, tree.Parameter)]
        return next((f"{made.label}在一个保障期内会变" for made in dated if len(made.values) > 1), "")

    def _outside(self, node: tree.Node) -> Iterator[tree.Node]:
        """The nodes of an expression, through lines, that do not stand inside a running total."""
        yield node
        if isinstance(node, tree.Line):
            yield from self._outside(self.edition.lines[node.name].body)
        elif not isinstance(node, tree.Total):
            for part in node.parts():
                yield from self._outside(part)

    def totals(self, benefit: Benefit) -> list[tree.Total]:
        """The totals in the benefit's changes; none where what is due is no function of totals."""
        parts = self._due(benefit)
        if isinstance(parts, NotOfTotals):
            return []
        changes = [part for part in parts if isinstance(part, tree.Change)]
        return [node for part in changes for node in self._outside(part.of) if isinstance(node, tree.Total)]

    @cached_property
    def catalogue(self) -> dict[Print, tree.Total]:
        """Every total that some benefit is a function of."""
        found = [total for benefit in self.edition.benefits.values() for total in self.totals(benefit)]
        return {self.print_of(total): total for total in found}

    def acting_before(self, benefit: Benefit) -> dict[str, Print]:
        """Label → print of the parameters and lines that act in the benefit's conditions or inside its totals."""
        roots: list[tree.Node] = [condition.test for condition in benefit.conditions]
        roots += [
            node
            for part in self._added(benefit.pays)
            for node in self._outside(part)
            if isinstance(node, tree.Total)
        ]
        found: dict[str, Print] = {}
        for root in roots:
            for node in [root, *through_lines(self.edition, root)]:
                if isinstance(node, tree.Parameter):
                    found[self.edition.parameters[node.name].label] = self.print_of(node)
                if isinstance(node, tree.Line):
                    found.setdefault(self.edition.lines[node.name].label, self.print_of(node))
        for condition in benefit.conditions:
            found.setdefault(condition.label, self.print_of(condition.test))
        return found
