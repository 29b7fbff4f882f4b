"""What an expression may speak of where it stands, and what its conditions let it take for granted."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace

from huzhu.rules.edition import Key, ParameterDef
from huzhu.rules.parser import Syntax
from huzhu.rules.tree import Change, Line, Node, Passed


@dataclass(frozen=True, slots=True)
class Rounding:
    """How the scheme brings an amount to whole steps: 1 fen or 100 fen (元), half up or cut."""

    step: int = 1
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression may speak of at its place in the scheme."""

    names: Mapping[str, Node]
    tables: Mapping[str, ParameterDef]
    keys: Mapping[str, Key]
    steady: Set[str]  # names a change may read: parameters, person and cover facts, lines made of totals
    rising: Mapping[str, int]  # direction of steady lines when their totals grow
    rounding: Rounding
    changing: Set[str]  # lines that hold a change: already rounded
    known: frozenset[str] = frozenset()
    vouched: frozenset[str] = frozenset()  # known of every event that passes the gate, not of this one alone
    gate: Passed | None = None
    later: Set[str] = frozenset()  # benefits, and lines made of them, that are not reckoned yet

    def with_known(self, names: frozenset[str]) -> "Scope":
        return replace(self, known=self.known | names)

    def within(self, names: frozenset[str], gate: Passed) -> "Scope":
        """The scope behind a condition: its names are known, totals count only what passes it."""
        return replace(self, known=self.known | names, vouched=self.vouched | names, gate=gate)

    def of_every_event(self) -> "Scope":
        """The scope inside a running total: what `if` found out about this event says nothing of the others."""
        return replace(self, known=self.vouched)

    def holds_change(self, node: Node) -> bool:
        """Whether a change stands in the expression, or in a line it names."""
        return any(
            isinstance(part, Change) or (isinstance(part, Line) and part.name in self.changing)
            for part in node.walk()
        )


def known_if(syntax: Syntax, *, truth: bool) -> frozenset[str]:
    """Names that must have a value when the condition comes out as `truth`."""
    if syntax.op == "not":
        return known_if(syntax.args[0], truth=not truth)
    if syntax.op in {"and", "or"}:
        left, right = (known_if(arg, truth=truth) for arg in syntax.args)
        return left | right if (syntax.op == "and") is truth else left & right
    if syntax.op == "missing":
        return frozenset() if truth else _bare(syntax.args[:1])
    if truth and syntax.op in {"==", "!=", "<", "<=", ">", ">=", "in"}:
        return _bare(syntax.args)
    return frozenset()


def _bare(args: tuple[Syntax, ...]) -> frozenset[str]:
    return frozenset(arg.text for arg in args if arg.op == "name")
