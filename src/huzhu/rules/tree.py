"""The typed integer expression tree: the one definition from which every use of a rule is made.

Nodes are immutable and compare by structure, so that equal running totals share one slot. Two words carry all
state: Total, the running total of a non-negative integer over a key in the edition's order, and Change, an
expression of totals after this event minus the same before it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from huzhu.rules.units import Type, Value


@dataclass(frozen=True, slots=True)
class Node:
    """Every expression has a type; subclasses add their parts."""

    type: Type

    def parts(self) -> Iterator["Node"]:
        """The direct sub-expressions, in order."""
        for name in self.__slots__:  # the parts a node adds to its type, in order
            part = getattr(self, name)
            if isinstance(part, Node):
                yield part
            elif isinstance(part, tuple):
                yield from (item for item in part if isinstance(item, Node))

    def walk(self) -> Iterator["Node"]:
        """This node and all below it; a named line is a leaf."""
        yield self
        for part in self.parts():
            yield from part.walk()


@dataclass(frozen=True, slots=True)
class Constant(Node):
    value: Value


@dataclass(frozen=True, slots=True)
class Fact(Node):
    name: str


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    """A dated value of the scheme: a quantity, a date, a code or a flag."""

    name: str


@dataclass(frozen=True, slots=True)
class Line(Node):
    """A named line of the scheme; its expression stands in the edition."""

    name: str


@dataclass(frozen=True, slots=True)
class Paid(Node):
    """What an earlier benefit of the edition pays for this event: whole fen, 0 where its conditions fail."""

    benefit: str


@dataclass(frozen=True, slots=True)
class Scaled(Node):
    """The same value with more decimal digits kept: value × 10**by. Silent in the working."""

    value: Node
    by: int


@dataclass(frozen=True, slots=True)
class Add(Node):
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Subtract(Node):
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Multiply(Node):
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Least(Node):
    choices: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Greatest(Node):
    choices: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class InBands(Node):
    """Progressive bands: each slice of the base times the rate of its band."""

    base: Node
    bands: Parameter


@dataclass(frozen=True, slots=True)
class Lookup(Node):
    """The table's value for a code."""

    table: Parameter
    code: Node


@dataclass(frozen=True, slots=True)
class Choice(Node):
    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Coalesce(Node):
    """The value, or the fallback where it is missing."""

    value: Node
    fallback: Node


@dataclass(frozen=True, slots=True)
class Compare(Node):
    """One of == != < <= > >=; false where either side is missing."""

    sign: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Within(Node):
    """Whether a code stands in a list; false where the code is missing."""

    code: Node
    listed: Parameter


@dataclass(frozen=True, slots=True)
class IsMissing(Node):
    value: Node


@dataclass(frozen=True, slots=True)
class Both(Node):
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Either(Node):
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Negated(Node):
    condition: Node


@dataclass(frozen=True, slots=True)
class Passed(Node):
    """Whether the first `upto` conditions of a benefit hold, each read only where those before it hold."""

    benefit: str
    upto: int


@dataclass(frozen=True, slots=True)
class Total(Node):
    """Running total, up to and with this event, of `of` over the events of one key that pass the gate."""

    of: Node
    key: str
    gate: Passed | None


@dataclass(frozen=True, slots=True)
class Change(Node):
    """`of` after this event minus `of` before it; `of` reads running totals, parameters, person and cover only."""

    of: Node


@dataclass(frozen=True, slots=True)
class Rounded(Node):
    """A non-negative amount at its scale, brought to whole fen or yuan: half up, or cut."""

    value: Node
    step: int
    cut: bool
