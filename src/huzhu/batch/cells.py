"""An edition's named figures as columns: each has its SQL text, and the layer of sub-selects it belongs to.

A cell of a level may read all cells of lower levels, the totals of its own, and cells of its own level of less depth.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from huzhu.batch.dialect import Dialect
from huzhu.batch.levels import Levels
from huzhu.batch.names import Names
from huzhu.rules import tree
from huzhu.rules.edition import Bands, Dated, Edition, ParameterDef
from huzhu.rules.tree import Node
from huzhu.rules.units import Unit

LONGEST_CASE = 1_000  # codes; beyond it an engine's CASE grows slow, and a join takes over


@dataclass(frozen=True, slots=True)
class CodeTable:
    """A table of codes too long to write out: (since, until, code, value) a row, to be joined."""

    name: str
    rows: tuple[tuple[int, int, str, int], ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One computed column; `join` is the text of the join its expression stands on."""

    name: str
    level: int
    depth: int
    text: str
    join: str = ""


@dataclass(frozen=True, slots=True)
class Sum:
    """One running total as a column, of a contribution that is 0 where the gate is shut."""

    name: str
    level: int
    key: str
    contribution: Cell
    gate: Cell | None
    selective: bool
    most: int  # of one row's contribution


@dataclass(slots=True)
class Uses:
    """What an expression under work reads, and at which level it will be computed."""

    level: int
    cells: set[Cell] = field(default_factory=set)


class Cells:
    """Compiles expressions on demand, every figure once."""

    def __init__(self, edition: Edition, dialect: Dialect) -> None:
        self.edition = edition
        self.dialect = dialect
        self.levels = Levels(edition)
        self.names = Names()
        self.facts = {name: self.names.new(f"f_{name}") for name in edition.columns}
        self.made: dict[object, Cell] = {}
        self.sums: dict[object, Sum] = {}
        self.tables: dict[str, CodeTable] = {}

    # --- cells ---

    def cell(self, key: object, name: str, level: int, compiled: Callable[[Uses], str]) -> Cell:
        """The cell under a key, compiled at the level when first asked for."""
        if key not in self.made:
            uses = Uses(level)
            text = compiled(uses)
            depth = 1 + max((cell.depth for cell in uses.cells if cell.level == level), default=-1)
            self.made[key] = Cell(self.names.new(name), level, depth, text)
        return self.made[key]

    def line(self, name: str, *, before: bool) -> Cell:
        body = self.edition.lines[name].body
        before = before and self.levels.level(body) > 0
        return self.cell(
            (name, before),
            f"l_{name}{'_before' if before else ''}",
            self.levels.level(body),
            lambda uses: self.text(body, uses, before=before),
        )

    def passed(self, benefit: str, upto: int) -> Cell:
        gate = tree.Passed(self.edition.benefits[benefit].pays.type, benefit, upto)
        return self.cell(
            (benefit, upto),
            f"g_{benefit}_{upto}",
            self.levels.level(gate),
            lambda uses: self.all_of(gate, uses),
        )

    def all_of(self, gate: tree.Passed, uses: Uses) -> str:
        """The gate's conditions, from the last gate before it that is a column or lies a level below."""
        below = gate.upto - 1
        while below and (gate.benefit, below) not in self.made:
            if self.levels.level(tree.Passed(gate.type, gate.benefit, below)) < uses.level:
                break
            below -= 1
        conditions = self.edition.benefits[gate.benefit].conditions[below : gate.upto]
        tests = [self.text(condition.test, uses) for condition in conditions]
        return " AND ".join([self.read(self.passed(gate.benefit, below), uses), *tests] if below else tests)

    def paid(self, benefit: str) -> Cell:
        """What is paid in the end: the amount due, or what a cap over several benefits leaves of it."""
        cap = self.edition.cap_over(benefit)
        if cap is None:
            return self.due(benefit)
        pays = cap.pays[benefit]
        return self.cell(
            ("paid", benefit),
            f"capped_{benefit}",
            self.levels.level(pays),
            lambda uses: self.text(pays, uses),
        )

    def due(self, benefit: str) -> Cell:
        made = self.edition.benefits[benefit]
        gate = tree.Passed(made.pays.type, benefit, len(made.conditions)) if made.conditions else None
        level = max(self.levels.level(made.pays), self.levels.level(gate) if gate else 0)

        def compiled(uses: Uses) -> str:
            pays = self.text(made.pays, uses)
            if gate is None:
                return pays
            return f"CASE WHEN {self.text(gate, uses)} THEN {pays} ELSE {self.dialect.integer(0)} END"

        return self.cell(("due", benefit), f"paid_{benefit}", level, compiled)

    def sum(self, total: tree.Total) -> Sum:
        gate = self.levels.gate(total)
        key = (total.of, total.key, gate)
        if key not in self.sums:
            level = self.levels.level(total)
            opened = self.passed(gate.benefit, gate.upto) if gate else None
            contribution = self.cell(
                ("contribution", *key), "c", level - 1, lambda uses: self.contribution(total, gate, uses)
            )
            self.sums[key] = Sum(
                name=self.names.new("t"),
                level=level,
                key=total.key,
                contribution=contribution,
                gate=opened,
                selective=self.levels.selective(gate),
                most=total.of.type.hi,
            )
        return self.sums[key]

    def contribution(self, total: tree.Total, gate: tree.Passed | None, uses: Uses) -> str:
        """What a row adds to a total; where it fits 32 bits it is kept so, which engines carry and add up faster."""
        of = self.text(total.of, uses)
        if gate:
            of = f"CASE WHEN {self.text(gate, uses)} THEN {of} ELSE {self.dialect.integer(0)} END"
        return f"CAST({of} AS INTEGER)" if total.of.type.hi < 2**31 else of

    # --- expressions ---

    def text(self, node: Node, uses: Uses, *, before: bool = False) -> str:
        """The SQL of an expression; parts of a lower level become columns of that level."""
        if self.levels.level(node) < uses.level and self.varies(node):
            return self.part(node, uses, before=before)
        return self.written(node, uses, before=before)

    def written(self, node: Node, uses: Uses, *, before: bool = False) -> str:
        """The node's own step over the texts of its parts."""
        return _WRITERS[type(node)](self, node, uses, before)

    def part(self, node: Node, uses: Uses, *, before: bool) -> str:
        """A nameless expression as a column of its own level."""
        level = self.levels.level(node)
        before = before and level > 0
        made = self.cell(
            ("part", node, before), "x", level, lambda below: self.text(node, below, before=before)
        )
        return self.read(made, uses)

    def varies(self, node: Node) -> bool:
        """Whether the expression is worth a column: more than a name, and not the same in every row."""
        return not isinstance(node, _NAMED) and any(
            isinstance(part, _NAMED)
            or (isinstance(part, tree.Parameter) and len(self.edition.parameters[part.name].values) > 1)
            for part in node.walk()
        )

    def read(self, cell: Cell, uses: Uses) -> str:
        uses.cells.add(cell)
        return cell.name

    def constant(self, node: tree.Constant, *_: Any) -> str:
        return self.literal(node.value)

    def literal(self, value: Dated) -> str:
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        return self.dialect.integer(value) if isinstance(value, int) else self.dialect.quoted(str(value))

    def fact(self, node: tree.Fact, *_: Any) -> str:
        return self.facts[node.name]

    def parameter(self, node: tree.Parameter, *_: Any) -> str:
        return self.dated(self.edition.parameters[node.name], self.literal)

    def dated(self, definition: ParameterDef, written: Callable[[Any], str]) -> str:
        """The value in force on the row's own day; before the first date the first value."""
        (_, first), *later = definition.values
        if not later:
            return written(first)
        day = self.facts[self.edition.version_by]
        cases = " ".join(
            f"WHEN {day} >= {self.dialect.integer(since)} THEN {written(value)}"
            for since, value in reversed(later)
        )
        return f"(CASE {cases} ELSE {written(first)} END)"

    def a_line(self, node: tree.Line, uses: Uses, before: bool) -> str:
        return self.read(self.line(node.name, before=before), uses)

    def a_payment(self, node: tree.Paid, uses: Uses, _: bool) -> str:
        return self.read(self.due(node.benefit), uses)

    def a_gate(self, node: tree.Passed, uses: Uses, _: bool) -> str:
        return self.read(self.passed(node.benefit, node.upto), uses)

    def a_total(self, node: tree.Total, uses: Uses, before: bool) -> str:
        made = self.sum(node)
        if not before:
            return made.name
        return f"({made.name} - {self.read(made.contribution, uses)})"

    def scaled(self, node: tree.Scaled, uses: Uses, before: bool) -> str:
        return f"({self.text(node.value, uses, before=before)} * {self.dialect.integer(10**node.by)})"

    def infix(self, sign: str, node: Any, uses: Uses, before: bool) -> str:
        left, right = (self.text(part, uses, before=before) for part in (node.left, node.right))
        return f"({left} {sign} {right})"

    def chosen(self, word: str, node: Any, uses: Uses, before: bool) -> str:
        """LEAST and GREATEST step over NULL in every engine, so that a gap would go unseen: the low bound stands in."""
        return f"{word}({', '.join(self.filled(choice, uses, before) for choice in node.choices)})"

    def filled(self, node: Node, uses: Uses, before: bool) -> str:
        return self.without_null(node, self.text(node, uses, before=before))

    def without_null(self, node: Node, text: str) -> str:
        lowest = self.dialect.integer(node.type.lo)
        return f"COALESCE({text}, {lowest})" if self.levels.may_be_null(node) else text

    def in_bands(self, node: tree.InBands, uses: Uses, before: bool) -> str:
        named = self.part(node.base, uses, before=before) if self.varies(node.base) else None
        base = self.without_null(node.base, named or self.text(node.base, uses, before=before))
        scale = 10**node.base.type.scale

        def written(bands: Bands) -> str:
            slices, lower = [], 0
            for upper, rate in bands:
                top = base if upper is None else f"LEAST({base}, {self.dialect.integer(upper * scale)})"
                inside = f"GREATEST({top} - {self.dialect.integer(lower * scale)}, {self.dialect.integer(0)})"
                slices.append(f"{inside} * {self.dialect.integer(rate)}")
                lower = upper or 0
            return f"({' + '.join(slices)})"

        return self.dated(self.edition.parameters[node.bands.name], written)

    def choice(self, node: tree.Choice, uses: Uses, before: bool) -> str:
        asked, yes, no = (
            self.text(part, uses, before=before) for part in (node.condition, node.then, node.otherwise)
        )
        return f"(CASE WHEN {asked} THEN {yes} ELSE {no} END)"

    def coalesce(self, node: tree.Coalesce, uses: Uses, before: bool) -> str:
        return f"COALESCE({self.text(node.value, uses, before=before)}, {self.text(node.fallback, uses, before=before)})"

    def compare(self, node: tree.Compare, uses: Uses, before: bool) -> str:
        text = self.infix({"==": "=", "!=": "<>"}.get(node.sign, node.sign), node, uses, before)
        missing = node.left.type.missing or node.right.type.missing
        return f"COALESCE({text}, FALSE)" if missing else text

    def is_missing(self, node: tree.IsMissing, uses: Uses, before: bool) -> str:
        return f"({self.text(node.value, uses, before=before)} IS NULL)"

    def negated(self, node: tree.Negated, uses: Uses, before: bool) -> str:
        return f"(NOT {self.text(node.condition, uses, before=before)})"

    def change(self, node: tree.Change, uses: Uses, _: bool) -> str:
        return f"({self.text(node.of, uses)} - {self.text(node.of, uses, before=True)})"

    def rounded(self, node: tree.Rounded, uses: Uses, before: bool) -> str:
        value, one = self.text(node.value, uses, before=before), node.step * 10**node.value.type.scale
        half = 0 if node.cut else one // 2
        raised = f"({value} + {self.dialect.integer(half)})" if half else value
        quotient = self.dialect.quotient(raised, one)
        return f"({quotient} * {self.dialect.integer(node.step)})" if node.step > 1 else quotient

    # --- codes ---

    def within(self, node: tree.Within, uses: Uses, before: bool) -> str:
        definition = self.edition.parameters[node.listed.name]
        code = self.text(node.code, uses, before=before)
        if definition.type.unit is Unit.ICD:
            test = self.dated(definition, lambda listed: in_stems(code, listed))
        elif self.long(definition):
            return f"({self.joined(node.code, definition, uses, before)} IS NOT NULL)"
        else:
            test = self.dated(
                definition,
                lambda listed: f"({code} IN ({', '.join(map(self.dialect.quoted, sorted(listed)))}))",
            )
        return f"COALESCE({test}, FALSE)" if self.levels.may_be_null(node.code) else test

    def lookup(self, node: tree.Lookup, uses: Uses, before: bool) -> str:
        definition = self.edition.parameters[node.table.name]
        if self.long(definition):
            return self.joined(node.code, definition, uses, before)
        code = self.text(node.code, uses, before=before)

        def written(table: Mapping[str, int]) -> str:
            cases = " ".join(
                f"WHEN {self.dialect.quoted(key)} THEN {self.dialect.integer(value)}"
                for key, value in table.items()
            )
            return f"(CASE {code} {cases} END)"

        return self.dated(definition, written)

    def long(self, definition: ParameterDef) -> bool:
        return any(
            len(value) > LONGEST_CASE
            for _, value in definition.values
            if isinstance(value, frozenset | Mapping)
        )

    def joined(self, code: Node, definition: ParameterDef, uses: Uses, before: bool) -> str:
        """A column from the long table, joined by the code and the row's own day."""
        table = self.code_table(definition)
        level = self.levels.level(code)
        looked_up = self.cell(
            ("code", code, before), "k", level, lambda below: self.text(code, below, before=before)
        )
        key = ("joined", definition.name, code, before)
        if key not in self.made:
            alias, day = self.names.new("j"), self.facts[self.edition.version_by]
            join = (
                f" LEFT JOIN {table.name} AS {alias} ON {alias}.code = p.{looked_up.name}"
                f" AND p.{day} >= {alias}.since AND p.{day} < {alias}.until"
            )
            self.made[key] = Cell(self.names.new("v"), level, looked_up.depth + 1, f"{alias}.value", join)
        return self.read(self.made[key], uses)

    def code_table(self, definition: ParameterDef) -> CodeTable:
        if definition.name not in self.tables:
            self.tables[definition.name] = CodeTable(
                f"codes_{self.edition.slug.replace('-', '_')}_{len(self.tables)}",
                tuple(table_rows(definition)),
            )
        return self.tables[definition.name]


def table_rows(definition: ParameterDef) -> Iterable[tuple[int, int, str, int]]:
    """Rows of a dated table or list: the first value also before its date, the last one without end."""
    starts = [0, *(since for since, _ in definition.values[1:]), 2**40]
    for index, (_, value) in enumerate(definition.values):
        listed = value if isinstance(value, Mapping) else dict.fromkeys(value, 1)  # type: ignore[arg-type]
        for code, number in listed.items():
            yield starts[index], starts[index + 1], str(code), int(number)


def in_stems(code: str, stems: frozenset[str]) -> str:
    """Whether a three-character stem is listed, by ranges; a letter in third place never lies in a range of digits."""
    numbered = sorted(stem for stem in stems if stem[2].isdigit())
    tests, start = [], 0
    for index, stem in enumerate(numbered):
        after = numbered[index + 1] if index + 1 < len(numbered) else ""
        if after[:1] == stem[0] and int(after[1:]) == int(stem[1:]) + 1:
            continue
        tests.append(_in_range(code, numbered[start], stem))
        start = index + 1
    lettered = sorted(stems - set(numbered))
    if lettered:
        tests += [f"{code} = '{stem}'" for stem in lettered]
    return f"({' OR '.join(tests)})"


def _in_range(code: str, low: str, high: str) -> str:
    if low == high:
        return f"{code} = '{low}'"
    text = f"{code} >= '{low}' AND {code} <= '{high}'"
    same_ten = low[:2] == high[:2]
    return f"({text})" if same_ten else f"({text} AND SUBSTR({code}, 3, 1) <= '9')"


_NAMED = (tree.Fact, tree.Line, tree.Paid, tree.Passed, tree.Total)

_WRITERS: Mapping[type[Node], Callable[[Cells, Any, Uses, bool], str]] = {
    tree.Constant: Cells.constant,
    tree.Fact: Cells.fact,
    tree.Parameter: Cells.parameter,
    tree.Line: Cells.a_line,
    tree.Paid: Cells.a_payment,
    tree.Passed: Cells.a_gate,
    tree.Total: Cells.a_total,
    tree.Scaled: Cells.scaled,
    tree.Add: lambda cells, *given: cells.infix("+", *given),
    tree.Subtract: lambda cells, *given: cells.infix("-", *given),
    tree.Multiply: lambda cells, *given: cells.infix("*", *given),
    tree.Least: lambda cells, *given: cells.chosen("LEAST", *given),
    tree.Greatest: lambda cells, *given: cells.chosen("GREATEST", *given),
    tree.InBands: Cells.in_bands,
    tree.Lookup: Cells.lookup,
    tree.Choice: Cells.choice,
    tree.Coalesce: Cells.coalesce,
    tree.Compare: Cells.compare,
    tree.Within: Cells.within,
    tree.IsMissing: Cells.is_missing,
    tree.Both: lambda cells, *given: cells.infix("AND", *given),
    tree.Either: lambda cells, *given: cells.infix("OR", *given),
    tree.Negated: Cells.negated,
    tree.Change: Cells.change,
    tree.Rounded: Cells.rounded,
}
