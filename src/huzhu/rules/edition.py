"""A scheme edition as the engine holds it: typed, resolved, proved. Built by reader.py, never by hand."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from huzhu.core.hashing import sha256_text
from huzhu.rules.problems import Place
from huzhu.rules.tree import Fact, Line, Node, Paid, Parameter, Total
from huzhu.rules.units import Type, Value

ENGINE = "huzhu-engine/1"
GROUPS = ("person", "cover", "event")
ENTRY_GROUPS = ("entrant", "roster")  # what entry reads beside the person; no benefit can

Bands = tuple[tuple[int | None, int], ...]  # (upper bound in fen or None, rate at the parameter's scale)
Table = Mapping[str, int]  # code → value at the parameter's scale
Listed = frozenset[str]
Dated = Value | Bands | Table | Listed


@dataclass(frozen=True, slots=True)
class Caution:
    """A value that is not the office's published word: `kind` is 演示值, 假定 or 未公布, `text` says why."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Clause:
    """The words a line rests on, and where they were published."""

    name: str
    label: str
    text: str
    source: str
    place: Place


@dataclass(frozen=True, slots=True)
class FactDef:
    """One column the scheme may read: its group in the JSON is person, cover or event; at entry entrant or roster."""

    name: str
    group: str
    label: str
    type: Type
    unique: bool
    help: str
    place: Place


@dataclass(frozen=True, slots=True)
class ParameterDef:
    """A value with dates of effect, oldest first. `shape` is one, bands, table or list."""

    name: str
    label: str
    shape: str
    type: Type
    clause: str
    values: tuple[tuple[int, Dated], ...]
    caution: Caution | None
    place: Place

    def at(self, day: int) -> tuple[int, Dated]:
        """(in force since, value) on that day; IndexError before the first."""
        index = bisect_right(self.values, day, key=lambda dated: dated[0]) - 1
        if index < 0:
            raise IndexError(self.name)
        return self.values[index]


@dataclass(frozen=True, slots=True)
class LineDef:
    """A named intermediate figure. `benefit` is "" for lines that all benefits share.

    `after` is the last benefit whose payment a shared line reads, "" where it reads none.
    """

    name: str
    label: str
    clause: str
    body: Node
    benefit: str
    place: Place
    after: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold before a benefit pays; `advice` adds to the remedy that is derived from the tree."""

    name: str
    label: str
    clause: str
    test: Node
    advice: str
    place: Place
    level: str = ""  # of a condition on a whole roster: must refuses it, warn only says so


@dataclass(frozen=True, slots=True)
class Entry:
    """Who may join, and on what terms; `terms` names the parameter that holds each (see reader.TERMS)."""

    version_by: str
    one_of: str
    late: str
    terms: Mapping[str, str]
    conditions: tuple[Condition, ...]
    roster: tuple[Condition, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Check:
    """A relation the figures should satisfy; where it does not hold the result carries a warning."""

    name: str
    label: str
    test: Node
    place: Place


@dataclass(frozen=True, slots=True)
class Benefit:
    """One kind of payment: conditions in order, own lines, and the amount."""

    name: str
    label: str
    clause: str
    plain: str
    conditions: tuple[Condition, ...]
    lines: tuple[str, ...]
    pays: Node
    caution: Caution | None
    place: Place


@dataclass(frozen=True, slots=True)
class Cap:
    """One limit over several benefits together: `pays` is what each may pay under it, in the order they are written.

    `total` is the running total of what they all come to before the limit, `most` the limit.
    """

    name: str
    label: str
    clause: str
    total: Node
    most: Node
    pays: Mapping[str, Node]
    place: Place


@dataclass(frozen=True, slots=True)
class Key:
    """What a running total is kept by: fact names beside the member, and how many events it may at most hold."""

    name: str
    label: str
    by: tuple[str, ...]
    at_most: int


@dataclass(frozen=True, slots=True)
class Variant:
    """A reading of a clause or a what-if, as an overlay on the edition."""

    name: str
    label: str
    text: str


@dataclass(frozen=True, eq=False)
class Edition:
    """A proved scheme edition in one variant. `resolved` is the canonical text after extends and variant."""

    slug: str
    edition: str
    title: str
    about: Mapping[str, str]
    opens_on: int
    closes_on: int
    version_by: str
    order: tuple[str, ...]
    keys: Mapping[str, Key]
    clauses: Mapping[str, Clause]
    facts: Mapping[str, FactDef]
    parameters: Mapping[str, ParameterDef]
    lines: Mapping[str, LineDef]
    checks: tuple[Check, ...]
    benefits: Mapping[str, Benefit]
    caps: Mapping[str, Cap]
    variants: Mapping[str, Variant]
    variant: Variant | None
    caution: Caution | None
    place: Place
    resolved: str
    identity: str
    entry: Entry | None

    @staticmethod
    def identity_of(resolved: str) -> str:
        """Hash of the fully resolved text and the engine's version, stored on every decision."""
        return sha256_text(f"{ENGINE}\n{resolved}")

    def expressions(self) -> Iterator[Node]:
        """Every expression: lines, checks, conditions and payments."""
        yield from (line.body for line in self.lines.values())
        yield from (check.test for check in self.checks)
        for benefit in self.benefits.values():
            yield from (condition.test for condition in benefit.conditions)
            yield benefit.pays
        for cap in self.caps.values():
            yield from cap.pays.values()

    def nodes(self) -> Iterator[Node]:
        """Every node of every expression."""
        for expression in self.expressions():
            yield from expression.walk()

    def entry_conditions(self) -> tuple[Condition, ...]:
        """Conditions of joining, on the person and on the roster; claims never read them."""
        return (*self.entry.conditions, *self.entry.roster) if self.entry else ()

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the facts the edition reads, in order of declaration."""
        read = {node.name for node in self.nodes() if isinstance(node, Fact)}
        read |= {self.version_by, *self.order, *(name for key in self.keys.values() for name in key.by)}
        return tuple(name for name in self.facts if name in read)

    @cached_property
    def wanted(self) -> Mapping[str, Mapping[str, FactDef]]:
        """The facts the edition reads, by group."""
        read = [self.facts[name] for name in self.columns]
        groups = (*GROUPS, *ENTRY_GROUPS)
        return {group: {fact.name: fact for fact in read if fact.group == group} for group in groups}

    def cap_over(self, benefit: str) -> Cap | None:
        """The cap that a benefit stands under together with others."""
        return next((cap for cap in self.caps.values() if benefit in cap.pays), None)

    def cautions(self) -> Iterator[tuple[str, Caution]]:
        """(label, caution) of the edition itself, its parameters and benefits, where not published as it stands."""
        if self.caution:
            yield "版次", self.caution
        things: list[ParameterDef | Benefit] = [*self.parameters.values(), *self.benefits.values()]
        for thing in things:
            if thing.caution:
                yield thing.label, thing.caution


def names_in(node: Node) -> frozenset[str]:
    """Names of facts, parameters and lines that stand directly in the expression."""
    return frozenset(part.name for part in node.walk() if isinstance(part, Fact | Parameter | Line))


def totals_in(node: Node) -> Iterator[Total]:
    """Running totals in the expression, inner before outer."""
    for part in node.parts():
        yield from totals_in(part)
    if isinstance(node, Total):
        yield node


def through_lines(edition: Edition, node: Node) -> list[Node]:
    """Every node of the expression, of the lines it names and of the benefits whose payment it reads, each once."""
    parts: list[Node] = list(node.walk())
    seen: set[object] = set()
    for part in parts:  # grows while it is walked
        if isinstance(part, Line) and part.name not in seen:
            seen.add(part.name)
            parts += edition.lines[part.name].body.walk()
        elif isinstance(part, Paid) and part not in seen:
            seen.add(part)
            parts += edition.benefits[part.benefit].pays.walk()
    return parts
