"""What would be if a scheme were otherwise: the same claims, other rules; many scenarios in one scan of the member-years.

Mechanical only: who joins, who falls ill and who goes to hospital stay as they were. A scenario that changes what acts after
the totals is answered from the table, to the fen; one that changes what acts before them is computed again, and says why.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from huzhu.batch import onetable
from huzhu.batch.columns import ColumnsMissing, columns_of, fact_columns, identifier, source_of
from huzhu.batch.files import open_table, scratch_folder
from huzhu.batch.forms import Forms, NotOfTotals, period_of
from huzhu.batch.onetable import YEARS, OnTable, Table
from huzhu.batch.run import TABLE, Asked, Say, checked, connected, make_facts, nothing
from huzhu.rules.edition import Benefit, Edition

SAME, FROM_TOTALS, AGAIN = "未变", "由累计直接得出", "逐件重算"
TENTHS = "[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]"
ALL = "全部"


@dataclass(frozen=True, slots=True)
class How:
    """Which way a benefit of a scenario was answered, and why where it had to be computed again."""

    benefit: str
    way: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One scenario over one group: amounts in fen a member-year; winners and losers are member-years against the baseline."""

    scenario: str
    group: str
    value: str
    cost_fen: int
    beneficiaries: int
    deciles_fen: tuple[int, ...]
    winners: int
    won_fen: int
    losers: int
    lost_fen: int

    @property
    def mean_fen(self) -> int:
        """Cost a beneficiary, half up to the fen."""
        return (
            (2 * self.cost_fen + self.beneficiaries) // (2 * self.beneficiaries) if self.beneficiaries else 0
        )


@dataclass(frozen=True, slots=True)
class Simulated:
    """Every answer, and how each scenario's benefits were answered."""

    claims: int
    member_years: int
    answers: tuple[Answer, ...]
    how: Mapping[str, tuple[How, ...]]


def simulate(
    edition: Edition,
    asked: Asked,
    scenarios: Sequence[tuple[str, Edition]],
    by: Sequence[str] = (),
    say: Say = nothing,
) -> Simulated:
    """Answers for the baseline and each scenario (label, edition), overall and by group; raises as adjudicate_file does."""
    with (
        scratch_folder() as scratch,
        connected(scratch, memory=asked.memory, threads=asked.threads) as con,
    ):
        say("读取", con.query_progress)
        table = open_table(con, asked.source, scratch, TABLE)
        groups = _groups(edition, table, by)
        rows = _facts(con, edition, table, asked, tuple(groups.values()), "facts")
        say("建累计表", con.query_progress)
        con.execute("SET preserve_insertion_order = false")
        laboratory = Laboratory(con, edition, tuple(f"group_{number}" for number in range(len(groups))))
        for number, (label, supposed) in enumerate(scenarios):
            say(f"情景 {label}", con.query_progress)
            _facts(con, supposed, table, asked, (), f"facts_{number}")
            laboratory.add(label, supposed, f"facts_{number}")
        answers = laboratory.answers(tuple(groups))
        (years,) = con.execute(f"SELECT COUNT(*) FROM {YEARS}").fetchone() or (0,)
        return Simulated(rows, years, answers, laboratory.how)


def _facts(
    con: duckdb.DuckDBPyConnection,
    edition: Edition,
    table: Mapping[str, str],
    asked: Asked,
    keep: tuple[str, ...],
    name: str,
) -> int:
    columns = columns_of(edition, table)
    found = checked(con, edition, columns, asked.out)
    make_facts(con, columns, found, keep=keep, name=name)
    return found.rows


def _groups(edition: Edition, table: Mapping[str, str], by: Sequence[str]) -> dict[str, str]:
    """Name → expression over the table of each group asked for: a declared fact, or any column of the table."""
    found: dict[str, str] = {}
    for name in by:
        fact = edition.facts.get(name) or next((f for f in edition.facts.values() if f.label == name), None)
        source = source_of(table, name, *([fact.name, fact.label] if fact else []))
        if source is None:
            raise ColumnsMissing(f"没有可分组的列“{name}”。表里有：{'、'.join(table)}")
        value = f"COALESCE(TRIM(CAST({identifier(source)} AS VARCHAR)), '未填')"
        found.setdefault(fact.label if fact else name, f"{value} AS group_{len(found)}")
    return found


class Laboratory:
    """A baseline's table of member-years, and a column of fen for each scenario laid on it."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, edition: Edition, groups: tuple[str, ...] = ()
    ) -> None:
        self.con, self.baseline, self.groups = con, edition, groups
        self.forms = Forms(edition, period_of(edition))
        self.table: Table = onetable.build(con, edition, self.forms, groups)
        self.amounts: dict[str, str] = {"基准": " + ".join(self.table.paid.values())}
        self.joins: list[str] = []
        self.how: dict[str, tuple[How, ...]] = {}

    def add(self, label: str, edition: Edition, source: str) -> None:
        """Lays a scenario on the table; what cannot be had from it is computed again from the facts of `source`."""
        forms = Forms(edition, self.forms.period)
        written, again, how = [], [], []
        for benefit in edition.benefits.values():
            found = self._amount(forms, benefit)
            if isinstance(found, NotOfTotals):
                again.append(benefit)
                how.append(How(benefit.label, AGAIN, self._why(forms, benefit, found)))
            else:
                same = found == self.table.paid.get(benefit.name)
                written.append(found)
                how.append(How(benefit.label, SAME if same else FROM_TOTALS))
        if again:
            name = f"again_{len(self.joins)}"
            keys = (self.table.keys[0], *(fact_columns(edition)[fact] for fact in self.forms.period))
            onetable.recomputed(self.con, edition, again, keys, name, source)
            self.joins.append(
                f"LEFT JOIN {name} ON "
                + " AND ".join(
                    f"{name}.{new} = {YEARS}.{old}" for new, old in zip(keys, self.table.keys, strict=True)
                )
            )
            written += [f"COALESCE({name}.paid_{benefit.name}, 0)" for benefit in again]
        self.amounts[label] = " + ".join(f"({text})" for text in written) or "0"
        self.how[label] = tuple(how)

    def _amount(self, forms: Forms, benefit: Benefit) -> str | NotOfTotals:
        old, new = self.baseline, forms.edition
        if (old.order, old.version_by) != (new.order, new.version_by):
            return NotOfTotals("先后次序或取值的日期有变")
        before = old.benefits.get(benefit.name)
        if before and self.forms.benefit_print(before) == forms.benefit_print(benefit):
            return self.table.paid[benefit.name]
        return OnTable(forms.edition, forms, self.table).amount(benefit)

    def _why(self, forms: Forms, benefit: Benefit, found: NotOfTotals) -> str:
        """The benefit's own form, or the names of what the scenario changes before the totals."""
        if found.why:
            return found.why
        before = self.baseline.benefits.get(benefit.name)
        if before is None:
            return "基准里没有这一项"
        old, new = self.forms.acting_before(before), forms.acting_before(benefit)
        changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
        return f"在累计之前起作用的有变：{'、'.join(changed)}" if changed else "用到的累计基准里没有"

    def laid(self) -> str:
        """The member-years with a column of fen for each scenario, in one scan."""
        columns = ", ".join(f"{text} AS s{number}" for number, text in enumerate(self.amounts.values()))
        groups = "".join(f", {YEARS}.{group}" for group in self.groups)
        return f"SELECT {columns}{groups} FROM {YEARS} {' '.join(self.joins)}"

    def costs(self) -> dict[str, int]:
        """Scenario → cost in fen, and nothing else: the quick question."""
        sums = ", ".join(
            f"CAST(COALESCE(SUM(s{number}), 0) AS HUGEINT)" for number in range(len(self.amounts))
        )
        row = self.con.execute(f"SELECT {sums} FROM ({self.laid()})").fetchone() or ()
        return dict(zip(self.amounts, map(int, row), strict=True))

    def answers(self, names: tuple[str, ...] = ()) -> tuple[Answer, ...]:
        """Every scenario, overall and by each group."""
        figures = ", ".join(_figures(f"s{number}") for number in range(len(self.amounts)))
        sets = ", ".join(["()", *(f"({group})" for group in self.groups)])
        which = "".join(f", GROUPING({group}), {group}" for group in self.groups)
        rows = self.con.execute(
            f"SELECT {figures}{which} FROM ({self.laid()}) GROUP BY GROUPING SETS ({sets})"
        ).fetchall()
        width = len(self.amounts) * _WIDTH
        found = []
        for row in rows:
            told = row[width:]
            here = [number for number in range(len(self.groups)) if told[2 * number] == 0]
            group, value = (names[here[0]], str(told[2 * here[0] + 1])) if here else (ALL, "")
            for number, label in enumerate(self.amounts):
                found.append(_answer(label, group, value, row[number * _WIDTH : (number + 1) * _WIDTH]))
        order = {name: number for number, name in enumerate((ALL, *names))}
        places = {label: number for number, label in enumerate(self.amounts)}
        return tuple(sorted(found, key=lambda one: (order[one.group], one.value, places[one.scenario])))


_WIDTH = 7


def _figures(column: str) -> str:
    more, less = f"{column} > s0", f"{column} < s0"
    return ", ".join(
        [
            f"CAST(COALESCE(SUM({column}), 0) AS HUGEINT)",
            f"COUNT(*) FILTER ({column} > 0)",
            f"QUANTILE_DISC({column}, {TENTHS}) FILTER ({column} > 0)",
            f"COUNT(*) FILTER ({more})",
            f"CAST(COALESCE(SUM({column} - s0) FILTER ({more}), 0) AS HUGEINT)",
            f"COUNT(*) FILTER ({less})",
            f"CAST(COALESCE(SUM(s0 - {column}) FILTER ({less}), 0) AS HUGEINT)",
        ]
    )


def _answer(label: str, group: str, value: str, figures: Sequence[object]) -> Answer:
    cost, count, deciles, winners, won, losers, lost = figures
    tenths = tuple(map(int, deciles)) if isinstance(deciles, list) else ()
    whole = [int(str(figure)) for figure in (cost, count, winners, won, losers, lost)]
    return Answer(label, group, value, whole[0], whole[1], tenths, *whole[2:])
