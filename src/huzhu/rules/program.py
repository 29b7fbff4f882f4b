"""The plain Python evaluation: one edition's tree compiled to closures over integer slots.

A row of facts fills the slots; steps run in order of dependence; running totals carry from row to row.
Every total, and every line made of totals, has two slots: its value after this event, and before it.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from huzhu.rules import tree
from huzhu.rules.arithmetic import banded
from huzhu.rules.edition import Benefit, Dated, Edition, totals_in
from huzhu.rules.facts import Facts, Row

Slots = list[Any]
Read = Callable[[Slots], Any]
Step = Callable[[Slots, list[dict[object, int]]], None]
_SIGNS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the edition pays for one event: fen per benefit, and every slot for the working to read."""

    program: "Program"
    slots: Slots
    day: int

    @property
    def paid(self) -> dict[str, int]:
        """Fen by benefit name, after the caps over several benefits."""
        slots = self.slots
        return {name: slots[slot] for name, slot in self.program.final_slots.items()}

    @property
    def total(self) -> int:
        """Fen over all benefits."""
        return sum(self.paid.values())

    def value(self, node: tree.Node, *, before: bool = False) -> Any:
        """The value of any expression of the edition for this event."""
        return self.program.reader(node, before=before)(self.slots)


@dataclass(frozen=True, slots=True)
class Reads:
    """What stands directly in an expression, each once, in order: facts, lines and payments, parameters, totals."""

    named: tuple[tree.Fact | tree.Line | tree.Paid, ...]
    parameters: tuple[tree.Parameter, ...]
    totals: tuple[tree.Total, ...]


class Program:
    """An edition made ready to run; keeps nothing between runs but the compiled closures."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self.slot: dict[object, int] = {}
        self.totals: list[tree.Total] = []
        self.steps: list[Step] = []
        self.readers: dict[tuple[int, bool], Read] = {}
        self.read_by: dict[int, Reads] = {}
        self.fact_slots = [(name, self.new(name)) for name in edition.columns]
        self.parameter_slots = [
            (definition, self.new(definition.name)) for definition in edition.parameters.values()
        ]
        self.epochs = sorted(
            {day for definition in edition.parameters.values() for day, _ in definition.values}
        )
        self.paid_slots: dict[str, int] = {}
        self.shared_lines(after="")
        for benefit in edition.benefits.values():
            self.benefit(benefit)
            self.shared_lines(after=benefit.name)
        self.final_slots = dict(self.paid_slots)
        for cap in edition.caps.values():
            for name, pays in cap.pays.items():
                self.need(pays)
                self.final_slots[name] = self.new(("capped", name))
                self.put(self.final_slots[name], self.reader(pays), None)
        for check in edition.checks:
            self.need(check.test)

    # --- slots and steps ---

    def new(self, what: object) -> int:
        return self.slot.setdefault(what, len(self.slot))

    def need(self, node: tree.Node) -> None:
        """Adds the steps of the running totals that stand in the expression, inner ones first."""
        for total in totals_in(node):
            if (total, "after") not in self.slot:
                self.total(total)

    def total(self, total: tree.Total) -> None:
        after, before = self.new((total, "after")), self.new((total, "before"))
        of, place = self.reader(total.of), len(self.totals)
        gate = self.reader(total.gate) if total.gate else None
        by = [self.slot[name] for name in self.edition.keys[total.key].by]
        self.totals.append(total)

        def step(slots: Slots, running: list[dict[object, int]]) -> None:
            key = tuple([slots[slot] for slot in by])
            was = running[place].get(key, 0)
            now = was + of(slots) if gate is None or gate(slots) else was
            slots[before], slots[after] = was, now
            running[place][key] = now

        self.steps.append(step)

    def shared_lines(self, *, after: str) -> None:
        for line in self.edition.lines.values():
            if not line.benefit and line.after == after:
                self.line(line.name, None)

    def line(self, name: str, gate: Read | None) -> None:
        body = self.edition.lines[name].body
        self.need(body)
        self.put(self.new(name), self.reader(body), gate)
        if self.follows_totals(body):
            self.put(self.new((name, "before")), self.reader(body, before=True), gate)

    def put(self, slot: int, read: Read, gate: Read | None) -> None:
        if gate is None:
            self.steps.append(lambda slots, _: slots.__setitem__(slot, read(slots)))
        else:
            self.steps.append(lambda slots, _: slots.__setitem__(slot, read(slots)) if gate(slots) else None)

    def follows_totals(self, node: tree.Node) -> bool:
        """Whether the value before this event is defined: totals, and lines made of totals."""
        return any(
            isinstance(part, tree.Total)
            or (isinstance(part, tree.Line) and (part.name, "before") in self.slot)
            for part in node.walk()
        )

    def benefit(self, benefit: Benefit) -> None:
        passed: Read | None = None
        for number, condition in enumerate(benefit.conditions, 1):
            self.need(condition.test)
            slot = self.new((benefit.name, number))
            self.put(slot, self.reader(condition.test), passed)
            passed = operator.itemgetter(slot)
        for name in benefit.lines:
            self.line(name, passed)
        self.need(benefit.pays)
        pays, paid = self.reader(benefit.pays), self.new(("paid", benefit.name))
        self.paid_slots[benefit.name] = paid
        gate = passed
        if gate is None:
            self.put(paid, pays, None)
        else:
            self.steps.append(lambda slots, _: slots.__setitem__(paid, pays(slots) if gate(slots) else 0))

    # --- running ---

    def run(self, facts: Facts) -> Outcome:
        """Evaluates the rows in order; the outcome is that of the last."""
        running: list[dict[object, int]] = [{} for _ in self.totals]
        slots: Slots = []
        for row in facts.rows:
            slots = self.filled(row)
            for step in self.steps:
                step(slots, running)
        return Outcome(self, slots, int(facts.rows[-1][self.edition.version_by] or 0))

    def filled(self, row: Row) -> Slots:
        slots: Slots = [None] * len(self.slot)
        for name, slot in self.fact_slots:
            slots[slot] = row[name]
        day = row[self.edition.version_by]
        for slot, value in self.parameters_at(int(day or 0)):
            slots[slot] = value
        return slots

    def parameters_at(self, day: int) -> list[tuple[int, Dated]]:
        """(slot, value) of every parameter in force on the day; the earliest for events before the edition's time."""
        known = [epoch for epoch in self.epochs if epoch <= day] or self.epochs[:1]
        return self.parameters_since(known[-1]) if known else []

    @lru_cache(maxsize=32)  # noqa: B019 - programs live as long as their editions
    def parameters_since(self, epoch: int) -> list[tuple[int, Dated]]:
        return [
            (slot, definition.at(max(epoch, definition.values[0][0]))[1])
            for definition, slot in self.parameter_slots
        ]

    def reads(self, node: tree.Node) -> Reads:
        """What an expression of the edition reads, found once."""
        if id(node) not in self.read_by:
            parts = list(node.walk())
            named = dict.fromkeys(
                part for part in parts if isinstance(part, tree.Fact | tree.Line | tree.Paid)
            )
            parameters = {part.name: part for part in parts if isinstance(part, tree.Parameter)}
            totals = dict.fromkeys(totals_in(node))
            self.read_by[id(node)] = Reads(tuple(named), tuple(parameters.values()), tuple(totals))
        return self.read_by[id(node)]

    # --- expressions to closures ---

    def reader(self, node: tree.Node, *, before: bool = False) -> Read:
        """The closure of an expression, made once."""
        key = (id(node), before)
        if key not in self.readers:
            self.readers[key] = _COMPILERS[type(node)](self, node, before)
        return self.readers[key]

    def named(self, node: Any, _: bool) -> Read:
        return operator.itemgetter(self.slot[node.name])

    def constant(self, node: tree.Constant, _: bool) -> Read:
        value = node.value
        return lambda _: value

    def a_line(self, node: tree.Line, before: bool) -> Read:
        slot = self.slot.get((node.name, "before")) if before else None
        return operator.itemgetter(self.slot[node.name] if slot is None else slot)

    def a_total(self, node: tree.Total, before: bool) -> Read:
        return operator.itemgetter(self.slot[node, "before" if before else "after"])

    def paid(self, node: tree.Paid, _: bool) -> Read:
        return operator.itemgetter(self.paid_slots[node.benefit])

    def passed(self, node: tree.Passed, _: bool) -> Read:
        return operator.itemgetter(self.slot[node.benefit, node.upto])

    def scaled(self, node: tree.Scaled, before: bool) -> Read:
        value, by = self.reader(node.value, before=before), 10**node.by
        return lambda slots: value(slots) * by

    def add(self, node: tree.Add, before: bool) -> Read:
        left, right = self.sides(node, before)
        return lambda slots: left(slots) + right(slots)

    def subtract(self, node: tree.Subtract, before: bool) -> Read:
        left, right = self.sides(node, before)
        return lambda slots: left(slots) - right(slots)

    def multiply(self, node: tree.Multiply, before: bool) -> Read:
        left, right = self.sides(node, before)
        return lambda slots: left(slots) * right(slots)

    def sides(self, node: Any, before: bool) -> tuple[Read, Read]:
        return self.reader(node.left, before=before), self.reader(node.right, before=before)

    def least(self, node: tree.Least, before: bool) -> Read:
        choices = [self.reader(choice, before=before) for choice in node.choices]
        return lambda slots: min([choice(slots) for choice in choices])

    def greatest(self, node: tree.Greatest, before: bool) -> Read:
        choices = [self.reader(choice, before=before) for choice in node.choices]
        return lambda slots: max([choice(slots) for choice in choices])

    def in_bands(self, node: tree.InBands, before: bool) -> Read:
        base, bands, scale = (
            self.reader(node.base, before=before),
            self.slot[node.bands.name],
            node.base.type.scale,
        )
        return lambda slots: banded(base(slots), slots[bands], scale)

    def lookup(self, node: tree.Lookup, before: bool) -> Read:
        table, code = self.slot[node.table.name], self.reader(node.code, before=before)
        return lambda slots: slots[table].get(code(slots))

    def choice(self, node: tree.Choice, before: bool) -> Read:
        condition, then, otherwise = (self.reader(part, before=before) for part in node.parts())
        return lambda slots: then(slots) if condition(slots) else otherwise(slots)

    def coalesce(self, node: tree.Coalesce, before: bool) -> Read:
        value, fallback = self.reader(node.value, before=before), self.reader(node.fallback, before=before)
        return lambda slots: fallback(slots) if (found := value(slots)) is None else found

    def compare(self, node: tree.Compare, before: bool) -> Read:
        (left, right), sign = self.sides(node, before), _SIGNS[node.sign]
        if not (node.left.type.missing or node.right.type.missing):
            return lambda slots: sign(left(slots), right(slots))

        def compared(slots: Slots) -> bool:
            one, other = left(slots), right(slots)
            return one is not None and other is not None and bool(sign(one, other))

        return compared

    def within(self, node: tree.Within, before: bool) -> Read:
        code, listed = self.reader(node.code, before=before), self.slot[node.listed.name]
        return lambda slots: code(slots) in slots[listed]

    def is_missing(self, node: tree.IsMissing, before: bool) -> Read:
        value = self.reader(node.value, before=before)
        return lambda slots: value(slots) is None

    def both(self, node: tree.Both, before: bool) -> Read:
        left, right = self.sides(node, before)
        return lambda slots: left(slots) and right(slots)

    def either(self, node: tree.Either, before: bool) -> Read:
        left, right = self.sides(node, before)
        return lambda slots: left(slots) or right(slots)

    def negated(self, node: tree.Negated, before: bool) -> Read:
        condition = self.reader(node.condition, before=before)
        return lambda slots: not condition(slots)

    def change(self, node: tree.Change, _: bool) -> Read:
        after, before = self.reader(node.of), self.reader(node.of, before=True)
        return lambda slots: after(slots) - before(slots)

    def rounded(self, node: tree.Rounded, before: bool) -> Read:
        value, one = self.reader(node.value, before=before), node.step * 10**node.value.type.scale
        half, step = 0 if node.cut else one // 2, node.step
        return lambda slots: (value(slots) + half) // one * step


_COMPILERS: Mapping[type[tree.Node], Callable[[Program, Any, bool], Read]] = {
    tree.Constant: Program.constant,
    tree.Fact: Program.named,
    tree.Parameter: Program.named,
    tree.Line: Program.a_line,
    tree.Total: Program.a_total,
    tree.Paid: Program.paid,
    tree.Passed: Program.passed,
    tree.Scaled: Program.scaled,
    tree.Add: Program.add,
    tree.Subtract: Program.subtract,
    tree.Multiply: Program.multiply,
    tree.Least: Program.least,
    tree.Greatest: Program.greatest,
    tree.InBands: Program.in_bands,
    tree.Lookup: Program.lookup,
    tree.Choice: Program.choice,
    tree.Coalesce: Program.coalesce,
    tree.Compare: Program.compare,
    tree.Within: Program.within,
    tree.IsMissing: Program.is_missing,
    tree.Both: Program.both,
    tree.Either: Program.either,
    tree.Negated: Program.negated,
    tree.Change: Program.change,
    tree.Rounded: Program.rounded,
}


@lru_cache(maxsize=256)
def program_of(edition: Edition) -> Program:
    """The edition's program, compiled once."""
    return Program(edition)


def evaluate(edition: Edition, facts: Facts) -> Outcome:
    """What the edition pays for the last of the rows, with what it needs to show the working."""
    return program_of(edition).run(facts)
