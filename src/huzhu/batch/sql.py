"""SQL text of an edition: layers of sub-selects, one window for all running totals of a key.

Reads a relation with `member_id` and a column for each fact the edition reads (see columns.py); answers a row a claim
with fen per benefit. Every window is ordered to its last tie, framed by rows, and every sum is cast to 64 bits.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from huzhu.batch.cells import Cell, Cells, CodeTable, Sum
from huzhu.batch.dialect import Dialect
from huzhu.batch.names import Names
from huzhu.rules.edition import Edition

MEMBER = "member_id"
CLAIM = "claim_id"
TOTAL = "total_fen"


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


def query(edition: Edition, dialect: Dialect, *, source: str = "facts", keep: Iterable[str] = ()) -> Query:
    """The whole statement; `keep` are further columns of the source to hand through."""
    cells = Cells(edition, dialect)
    paid = {name: cells.paid(name) for name in edition.benefits}
    columns = paid_columns(edition)
    body = {MEMBER: MEMBER, CLAIM: cells.facts[edition.order[-1]], **{name: name for name in keep}}
    body |= {column: paid[name].name for name, column in columns.items()}
    body[TOTAL] = " + ".join(cell.name for cell in paid.values())
    return Query(statement(cells, source, body), tuple(cells.tables.values()), columns)


def statement(cells: Cells, source: str, columns: Mapping[str, str], *, grouped: Iterable[str] = ()) -> str:
    """The text that computes every cell made so far, and of them the columns given as name → expression."""
    dialect, layers = cells.dialect, _Layers(cells, source)
    layers.stack()
    ctes = ",\n".join(
        f"{name} AS {dialect.shared if name in layers.shared else dialect.inlined}({text}{dialect.fence})"
        for name, text in layers.made
    )
    listed = ", ".join(text if text == name else f"{text} AS {name}" for name, text in columns.items())
    by = f"\nGROUP BY {', '.join(grouped)}" if grouped else ""
    return f"WITH {ctes}\nSELECT {listed}\nFROM {layers.top}{by}"


class _Layers:
    """Common table expressions, each reading the one before."""

    def __init__(self, cells: Cells, source: str) -> None:
        self.cells = cells
        self.edition = cells.edition
        self.claim = cells.facts[cells.edition.order[-1]]
        self.top = source
        self.made: list[tuple[str, str]] = []
        self.shared: set[str] = set()  # layers that are read twice

    def stack(self) -> None:
        cells = sorted(self.cells.made.values(), key=lambda cell: (cell.level, cell.depth))
        sums = list(self.cells.sums.values())
        top = max([cell.level for cell in cells])
        for level in range(top + 1):
            if here := [made for made in sums if made.level == level]:
                self.totals(here)
            for _, layer in groupby([c for c in cells if c.level == level], key=lambda cell: cell.depth):
                self.columns(list(layer))

    def add(self, text: str) -> str:
        name = f"s{len(self.made)}"
        self.made.append((name, text))
        return name

    def columns(self, layer: list[Cell]) -> None:
        computed = ",\n  ".join(f"{cell.text} AS {cell.name}" for cell in layer)
        joins = "".join(cell.join for cell in layer)
        self.top = self.add(f"SELECT p.*,\n  {computed}\nFROM {self.top} AS p{joins}")

    def totals(self, sums: list[Sum]) -> None:
        """One window a key over all rows; a key whose gates all let few rows pass is sorted apart and joined back."""
        by_key = {key: [s for s in sums if s.key == key] for key in dict.fromkeys(s.key for s in sums)}
        below = self.top
        apart = {
            key: self.few(below, key, found)
            for key, found in by_key.items()
            if all(made.selective and made.level == 1 for made in found)
        }
        if apart:
            self.shared.add(below)
        windows = {
            key: f"w{number}" for number, key in enumerate([key for key in by_key if key not in apart])
        }
        if windows:  # before the join, so that the sort carries fewer columns
            computed = ", ".join(
                f"{self.running(made, windows[made.key])} AS {made.name}"
                for made in sums
                if made.key in windows
            )
            named = ", ".join(f"{window} AS ({self.window(key)})" for key, window in windows.items())
            self.top = self.add(f"SELECT p.*,\n  {computed}\nFROM {self.top} AS p\nWINDOW {named}")
        for key, few in apart.items():
            columns = ", ".join(f"{few}.{made.name}" for made in by_key[key])
            join = f"LEFT JOIN {few} ON {few}.id = p.{self.claim}"
            self.top = self.add(f"SELECT p.*, {columns}\nFROM {self.top} AS p {join}")

    def few(self, below: str, key: str, found: list[Sum]) -> str:
        """The totals of the rows alone that pass a gate, by claim; elsewhere nobody reads them."""
        gates = " OR ".join(dict.fromkeys(made.gate.name for made in found if made.gate))
        sums = ", ".join(f"{self.running(made, 'w')} AS {made.name}" for made in found)
        return self.add(
            f"SELECT {self.claim} AS id, {sums}\nFROM {below}\nWHERE {gates}\nWINDOW w AS ({self.window(key)})"
        )

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
        column = self.cells.facts[name]
        return f"{column} ASC NULLS FIRST" if self.edition.facts[name].type.missing else column
