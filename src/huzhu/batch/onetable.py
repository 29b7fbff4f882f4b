"""The table of member-years: final totals, how often each benefit was paid and how much; and formulas over its columns."""

from dataclasses import dataclass
from typing import Any

import duckdb

from huzhu.batch.cells import Cells, Uses
from huzhu.batch.dialect import DUCKDB
from huzhu.batch.engines import make_tables
from huzhu.batch.forms import Forms, NotOfTotals, Print
from huzhu.batch.sql import MEMBER, Query, statement
from huzhu.rules import tree
from huzhu.rules.edition import Benefit, Edition

YEARS = "years"


@dataclass(frozen=True, slots=True)
class Table:
    """What the table of a baseline holds: print → column, for totals and for gates; benefit → column of fen paid."""

    totals: dict[Print, str]
    gates: dict[Print, str]
    paid: dict[str, str]
    keys: tuple[str, ...]


def build(
    con: duckdb.DuckDBPyConnection,
    edition: Edition,
    forms: Forms,
    groups: tuple[str, ...],
    source: str = "facts",
) -> Table:
    """Makes the table `years` from the facts, a row a member and cover period."""
    cells = Cells(edition, DUCKDB)
    keys = (MEMBER, *(cells.facts[name] for name in forms.period))
    columns = {key: key for key in keys} | {group: f"MAX({group})" for group in groups}
    totals, gates, paid = {}, {}, {}
    for number, (told, total) in enumerate(forms.catalogue.items()):
        totals[told] = f"total_{number}"
        columns[totals[told]] = f"CAST(SUM({counted(cells, total)}) AS BIGINT)"
    for number, benefit in enumerate(edition.benefits.values()):
        gate = forms.gate(benefit)
        gates[forms.gate_print(benefit)] = f"times_{number}"
        test = cells.passed(gate.benefit, gate.upto).name if gate else "TRUE"
        columns[f"times_{number}"] = f"COUNT(*) FILTER ({test})"
        paid[benefit.name] = f"paid_{number}"
        columns[paid[benefit.name]] = f"CAST(SUM({cells.paid(benefit.name).name}) AS BIGINT)"
    text = statement(cells, source, columns, keep=groups, grouped=keys)
    make_tables(con, Query(text, tuple(cells.tables.values()), {}))
    con.execute(f"CREATE TABLE {YEARS} AS {text}")
    return Table(totals, gates, paid, keys)


def counted(cells: Cells, total: tree.Total) -> str:
    """What a row adds to the final total: nothing where the total's own gate is shut."""
    gate = total.gate
    level = max(cells.levels.level(total.of), cells.levels.level(gate) if gate else 0)
    made = cells.cell(
        ("counted", total), "counted", level, lambda uses: cells.contribution(total, gate, uses)
    )
    return made.name


class OnTable(Cells):
    """Writes a benefit's sum over a member-year from the columns of the table."""

    def __init__(self, edition: Edition, forms: Forms, table: Table) -> None:
        super().__init__(edition, DUCKDB)
        self.forms, self.table = forms, table

    def amount(self, benefit: Benefit) -> str | NotOfTotals:
        """The sum as SQL, or why it cannot be had from the table."""
        parts = self.forms.parts(benefit)
        if isinstance(parts, NotOfTotals):
            return parts
        times = self.table.gates.get(self.forms.gate_print(benefit))
        known = all(self.forms.print_of(total) in self.table.totals for total in self.forms.totals(benefit))
        if times is None or not known:
            return NotOfTotals("")
        uses = Uses(0)
        written = [
            self.text(part, uses) if isinstance(part, tree.Change) else f"{times} * {self.text(part, uses)}"
            for part in parts
        ]
        return " + ".join(written)

    def text(self, node: tree.Node, uses: Uses, *, before: bool = False) -> str:
        """No columns on the way: every expression is written out."""
        if isinstance(node, tree.Line):
            return self.text(self.edition.lines[node.name].body, uses, before=before)
        if isinstance(node, tree.Total):
            return self.dialect.integer(0) if before else self.table.totals[self.forms.print_of(node)]
        return self.written(node, uses, before=before)

    def varies(self, _: tree.Node) -> bool:
        return False


def recomputed(
    con: duckdb.DuckDBPyConnection,
    edition: Edition,
    benefits: list[Any],
    keys: tuple[str, ...],
    name: str,
    source: str,
) -> None:
    """Makes a table of the benefits' sums by member-year, from the claims."""
    cells = Cells(edition, DUCKDB)
    columns = {key: key for key in keys}
    for benefit in benefits:
        columns[f"paid_{benefit.name}"] = f"CAST(SUM({cells.paid(benefit.name).name}) AS BIGINT)"
    text = statement(cells, source, columns, grouped=keys)
    make_tables(con, Query(text, tuple(cells.tables.values()), {}))
    con.execute(f"CREATE TABLE {name} AS {text}")
