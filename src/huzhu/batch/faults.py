"""Bad rows: found by one scan of the table, told with row, column, value and reason."""

from dataclasses import dataclass

import duckdb

from huzhu.batch.columns import Column
from huzhu.batch.files import ROW
from huzhu.batch.sql import CLAIM

FAULTS = "faults"
HEADS = ("行", "列", "值", "原因")


@dataclass(frozen=True, slots=True)
class Found:
    """How many rows the table has, how many of them are bad in any cell, and which columns are in their plain form."""

    rows: int
    bad: int
    plain: frozenset[str] = frozenset()


def find(con: duckdb.DuckDBPyConnection, table: str, columns: list[Column], claim: Column) -> Found:
    """Counts the rows; where any cell is bad, makes the table `faults` (row, column, value, reason) anew."""
    tests = [f"COALESCE({test}, FALSE)" for column in columns for test, _ in column.faults]
    counted = ", ".join(f"COUNT(*) FILTER ({test})" for test in tests)
    distinct = f"COUNT(*) - COUNT(DISTINCT HASH({claim.value}))"
    plainly = [column for column in columns if column.plain]
    odd = "".join(f", COUNT(*) FILTER ({column.value} IS DISTINCT FROM {column.plain})" for column in plainly)
    row = con.execute(f"SELECT COUNT(*), {distinct}, {counted}{odd} FROM {table}").fetchone() or (0, 0)
    rows, repeated, wrong = row[0], row[1], row[2 : 2 + len(tests)]
    plain = frozenset(
        column.name for column, differing in zip(plainly, row[2 + len(tests) :], strict=True) if not differing
    )
    if not repeated and not any(wrong):
        return Found(rows, 0, plain)
    con.execute(f"CREATE OR REPLACE TABLE {FAULTS} ({ROW} BIGINT, col VARCHAR, val VARCHAR, reason VARCHAR)")
    counts = iter(wrong)
    for column in columns:
        if sum(next(counts) for _ in column.faults):
            _tell(con, table, column)
    if repeated:
        _tell_repeated(con, table, claim)
    (bad,) = con.execute(f"SELECT COUNT(DISTINCT {ROW}) FROM {FAULTS}").fetchone() or (0,)
    return Found(rows, bad, plain)


def _tell(con: duckdb.DuckDBPyConnection, table: str, column: Column) -> None:
    """The first fault of each bad cell of a column."""
    reasons = " ".join(f"WHEN {test} THEN ?" for test, _ in column.faults)
    con.execute(
        f"INSERT INTO {FAULTS} SELECT * FROM (SELECT {ROW}, ?, CAST({column.raw} AS VARCHAR),"
        f" CASE {reasons} END AS reason FROM {table}) WHERE reason IS NOT NULL",
        [column.source, *(reason for _, reason in column.faults)],
    )


def _tell_repeated(con: duckdb.DuckDBPyConnection, table: str, claim: Column) -> None:
    con.execute(
        f"INSERT INTO {FAULTS} SELECT {ROW}, ?, CAST({claim.raw} AS VARCHAR), ? FROM {table}"
        f" WHERE {claim.value} IN (SELECT {claim.value} FROM {table} GROUP BY 1 HAVING COUNT(*) > 1)",
        [claim.source, f"{claim.label}重复：同一{claim.label}（{CLAIM}）只能出现一次"],
    )


def listed() -> str:
    """The statement that lists the faults for people, by row."""
    cells = ", ".join(
        f'{name} AS "{head}"' for name, head in zip((ROW, "col", "val", "reason"), HEADS, strict=True)
    )
    return f"SELECT {cells} FROM {FAULTS} ORDER BY {ROW}, col"
