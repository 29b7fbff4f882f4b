"""SQL text of an edition: layers of sub-selects, one window for all running totals of a key.

Reads a relation with `member_id` and a column for each fact the edition reads (see columns.py); answers a row a claim
with fen per benefit. Every window is ordered to its last tie, framed by rows, and every sum is cast to 64 bits.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from huzhu.batch.cells import Cell, Cells, CodeTable, Sum
from huzhu.batch.dialect import Dialect
from huzhu.batch.names import Names
from huzhu.rules.edition import Edition
from huzhu.rules.units import INT64, NUMBERS

MEMBER = "member_id"
CLAIM = "claim_id"
TOTAL = "total_fen"
_WORD, _QUOTED = re.compile(r"[a-z_][a-z0-9_]*"), re.compile(r"'(?:[^']|'')*'")
_NONE: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Query:
    """What an engine runs: long code tables to make first, the text, and its columns of fen by benefit."""

    text: str
    tables: tuple[CodeTable, ...]
    paid: dict[str, str]


def paid_columns(edition: Edition) -> dict[str, str]:
    """Benefit → column of fen in every output."""
    names = Names()
    names.taken |= {MEMBER, CLAIM, TOTAL}
    return {benefit: names.new(f"{benefit}_fen") for benefit in edition.benefits}


def query(
    edition: Edition, dialect: Dialect, *, source: str = "facts", keep: Iterable[str] = (), rows: int = 0
) -> Query:
    """The whole statement; `keep` are further columns of the source to hand through, `rows` how many it has if known."""
    cells, keep = Cells(edition, dialect), tuple(keep)
    paid = {name: cells.paid(name) for name in edition.benefits}
    columns = paid_columns(edition)
    body = {MEMBER: MEMBER, CLAIM: cells.facts[edition.order[-1]], **{name: name for name in keep}}
    body |= {column: paid[name].name for name, column in columns.items()}
    body[TOTAL] = " + ".join(cell.name for cell in paid.values())
    return Query(statement(cells, source, body, keep=keep, rows=rows), tuple(cells.tables.values()), columns)


def statement(
    cells: Cells,
    source: str,
    columns: Mapping[str, str],
    *,
    keep: Iterable[str] = (),
    rows: int = 0,
    grouped: Iterable[str] = (),
) -> str:
    """The text that computes the columns given as name → expression, and of the cells made so far what they need.

    `keep` are columns of the source beside its facts.
    """
    layers = _Layers(cells, source, keep, rows)
    layers.stack()
    ctes = ",\n".join(layers.written({*grouped, *words(" ".join(columns.values()))}))
    listed = ", ".join(text if text == name else f"{text} AS {name}" for name, text in columns.items())
    by = f"\nGROUP BY {', '.join(grouped)}" if grouped else ""
    return f"WITH {ctes}\nSELECT {listed}\nFROM {layers.top}{by}"


@dataclass(frozen=True, slots=True)
class Packed:
    """Two running totals in one sum: the large one above so many bits, the small one in them."""

    name: str
    large: Sum
    small: Sum
    bits: int


def words(text: str) -> set[str]:
    """Everything in a text that may be the name of a column."""
    return set(_WORD.findall(_QUOTED.sub("", text)))


@dataclass(frozen=True, slots=True)
class _Layer:
    """A sub-select: columns computed over those of `below`, which it hands through as far as layers above need them."""

    name: str
    below: str
    computed: Mapping[str, str]
    joins: Mapping[str, str]  # column → the join it stands on
    tail: str

    def text(self, wanted: set[str]) -> tuple[str, set[str]]:
        """The select with the columns wanted of it, and what it needs of the layer below."""
        own = {name: text for name, text in self.computed.items() if name in wanted}
        through = sorted(wanted - own.keys())
        joins = "".join(dict.fromkeys(self.joins[name] for name in own if name in self.joins))
        listed = [*(f"p.{name}" for name in through), *(f"{text} AS {name}" for name, text in own.items())]
        needs = {*through, *words(" ".join([*own.values(), joins, self.tail]))}
        return f"SELECT {', '.join(listed)}\nFROM {self.below} AS p{joins}{self.tail}", needs


@dataclass(frozen=True, slots=True)
class _Join:
    """What `few` found laid beside the rows of `below`, by claim; of the rows it lacks, every gate is shut."""

    name: str
    below: str
    few: str
    claim: str
    computed: Mapping[str, str]

    def text(self, wanted: set[str]) -> tuple[str, set[str]]:
        through = sorted(wanted - self.computed.keys())
        listed = [f"p.{name}" for name in through]
        listed += [f"{text} AS {name}" for name, text in self.computed.items() if name in wanted]
        on = f"LEFT JOIN {self.few} ON {self.few}.id = p.{self.claim}"
        return f"SELECT {', '.join(listed)}\nFROM {self.below} AS p {on}", {*through, self.claim}


class _Layers:
    """Common table expressions, each reading the one before."""

    def __init__(self, cells: Cells, source: str, keep: Iterable[str], rows: int) -> None:
        self.cells = cells
        self.known = {MEMBER, *cells.facts.values(), *keep}  # the columns there are
        self.edition = cells.edition
        self.claim = cells.facts[cells.edition.order[-1]]
        self.top = source
        self.rows = rows
        self.made: list[_Layer | _Join] = []

    def stack(self) -> None:
        cells = sorted(self.cells.made.values(), key=lambda cell: (cell.level, cell.depth))
        sums = list(self.cells.sums.values())
        top = max([cell.level for cell in cells])
        for level in range(top + 1):
            if here := [made for made in sums if made.level == level]:
                self.totals(here)
            for _, layer in groupby([c for c in cells if c.level == level], key=lambda cell: cell.depth):
                self.columns(list(layer))

    def written(self, wanted: set[str]) -> list[str]:
        """The text of every layer, from the columns wanted of the last down to the source."""
        dialect, texts = self.cells.dialect, []
        asked: dict[str, set[str]] = {layer.name: set() for layer in self.made}
        asked[self.top] |= wanted & self.known
        for layer in reversed(self.made):
            text, needs = layer.text(asked[layer.name])
            if layer.below in asked:
                asked[layer.below] |= needs & self.known
            if isinstance(layer, _Join):
                asked[layer.few] |= {"id", *(asked[layer.name] & layer.computed.keys())}
            texts.append(f"{layer.name} AS {dialect.inlined}({text}{dialect.fence})")
        return texts[::-1]

    def add(
        self,
        computed: Mapping[str, str],
        joins: Mapping[str, str] = _NONE,
        *,
        below: str = "",
        tail: str = "",
    ) -> str:
        name = f"s{len(self.made)}"
        self.made.append(_Layer(name, below or self.top, computed, joins, tail))
        self.known |= computed.keys()
        return name

    def columns(self, layer: list[Cell]) -> None:
        joins = {cell.name: cell.join for cell in layer if cell.join}
        self.top = self.add({cell.name: cell.text for cell in layer}, joins)

    def totals(self, sums: list[Sum]) -> None:
        """One window a key over all rows; a key whose gates all let few rows pass is sorted apart and joined back."""
        by_key = {key: [s for s in sums if s.key == key] for key in dict.fromkeys(s.key for s in sums)}
        below = self.top
        apart = {
            key: self.few(below, key, found)
            for key, found in by_key.items()
            if all(made.selective and made.level == 1 for made in found)
        }
        windows = {
            key: f"w{number}" for number, key in enumerate([key for key in by_key if key not in apart])
        }
        if windows:  # before the join, so that the sort carries fewer columns
            named = ", ".join(f"{window} AS ({self.window(key)})" for key, window in windows.items())
            computed: dict[str, str] = {}
            split: dict[str, str] = {}
            for key, window in windows.items():
                for made in self.pairs(by_key[key]):
                    computed |= self.summed(made, window)
                    split |= self.split(made)
            self.top = self.add(computed, tail=f"\nWINDOW {named}")
            self.top = self.add(split) if split else self.top
        for key, few in apart.items():
            name = f"s{len(self.made)}"
            self.made.append(_Join(name, self.top, few, self.claim, self.brought(few, by_key[key])))
            self.top = name

    def few(self, below: str, key: str, found: list[Sum]) -> str:
        """The totals of the rows alone that pass a gate, by claim; elsewhere nobody reads them."""
        gates = list(dict.fromkeys(made.gate.name for made in found if made.gate))
        read = [*gates, *(made.contribution.name for made in found)]
        computed = {"id": self.claim} | {name: name for name in read}
        computed |= {made.name: self.running(made, "w") for made in found}
        tail = f"\nWHERE {' OR '.join(gates)}\nWINDOW w AS ({self.window(key)})"
        return self.add(computed, below=below, tail=tail)

    def brought(self, few: str, found: list[Sum]) -> dict[str, str]:
        """The columns a join brings: totals, and beside them gates and contributions, so that no other row computes those."""
        zero = self.cells.dialect.integer(0)
        columns = {made.name: f"{few}.{made.name}" for made in found}
        columns |= {made.gate.name: f"COALESCE({few}.{made.gate.name}, FALSE)" for made in found if made.gate}
        return columns | {
            made.contribution.name: f"COALESCE({few}.{made.contribution.name}, {zero})" for made in found
        }

    def pairs(self, sums: list[Sum]) -> list[Packed | Sum]:
        """Totals of one key two by two, the large with the small, where no number of the table's rows can mix them up."""
        waiting = sorted(sums, key=lambda made: -made.most)
        found: list[Packed | Sum] = []
        while waiting:
            large = waiting.pop(0)
            small = waiting[-1] if waiting and self.rows and self.cells.dialect.narrow else None
            bits = (small.most * self.rows).bit_length() if small else 0
            if small and (large.most + 1) << bits <= INT64:
                waiting.pop()
                found.append(Packed(self.cells.names.new("u"), large, small, bits))
            else:
                found.append(large)
        return found

    def summed(self, made: Packed | Sum, window: str) -> dict[str, str]:
        if isinstance(made, Sum):
            return {made.name: self.running(made, window)}
        raised = f"{made.large.contribution.name} * {self.cells.dialect.integer(1 << made.bits)}"
        return {made.name: f"SUM({raised} + {made.small.contribution.name}) OVER {window}"}

    def split(self, made: Packed | Sum) -> dict[str, str]:
        if isinstance(made, Sum):
            return {}
        number = self.cells.dialect.number
        return {
            made.large.name: f"CAST({made.name} >> {made.bits} AS {number})",
            made.small.name: f"CAST({made.name} & {(1 << made.bits) - 1} AS {number})",
        }

    def running(self, made: Sum, window: str) -> str:
        return f"CAST(SUM({made.contribution.name}) OVER {window} AS {self.cells.dialect.number})"

    def window(self, key: str) -> str:
        by = [MEMBER, *(self.cells.facts[name] for name in self.edition.keys[key].by)]
        order = [self.place(name) for name in self.edition.order]
        return (
            f"PARTITION BY {', '.join(by)} ORDER BY {', '.join(order)}"
            " ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
        )

    def place(self, name: str) -> str:
        """A missing value comes first, as in the plain evaluation; engines differ where they are not told."""
        column, kind = self.cells.facts[name], self.edition.facts[name].type
        if self.cells.dialect.narrow and kind.unit in NUMBERS and kind.lo >= -(2**31) and kind.hi < 2**31:
            column = f"CAST({column} AS INTEGER)"
        return f"{column} ASC NULLS FIRST" if kind.missing else column
