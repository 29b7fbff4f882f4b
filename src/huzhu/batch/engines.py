"""The four ways to run an edition over the relation `facts`; each leaves a statement DuckDB can read the outcome from."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

from huzhu.batch.columns import fact_columns
from huzhu.batch.dialect import DUCKDB
from huzhu.batch.files import text
from huzhu.batch.sql import CLAIM, MEMBER, TOTAL, Query, paid_columns, query
from huzhu.rules.edition import Edition
from huzhu.rules.facts import order_key
from huzhu.rules.program import program_of

NAMES = ("duckdb", "python", "postgres", "spark")
_BLOCK = 50_000


class EngineMissing(RuntimeError):
    """The engine is not installed or cannot be reached; the message says what to do."""


class TooLarge(ValueError):
    """A figure left 64 bits: some member has more events than the edition's keys allow."""

    def __init__(self) -> None:
        super().__init__(
            "有会员的累计超出 64 位整数：件数多于方案声明的上限（keys 的 at_most） → 检查会员编号是否都写成了同一个"
        )


class TooLittleMemory(RuntimeError):
    """The work does not fit in the memory that was allowed, even with what can be put on disk put there."""

    def __init__(self, allowed: str) -> None:
        super().__init__(
            f"内存不够（最多用 {allowed or '全部'}），没有写出结果 → 用 --memory 多给一些，或用 --threads 少用几个核"
        )


@dataclass(frozen=True, slots=True)
class Job:
    """What an engine is given: a connection that holds `facts`, the edition, and a folder for what it needs on the way."""

    con: duckdb.DuckDBPyConnection
    edition: Edition
    scratch: Path
    keep: tuple[str, ...] = ()
    threads: int = 0
    url: str = ""
    rows: int = 0  # of `facts`, where known


def by_duckdb(job: Job) -> str:
    """The generated SQL itself, read where it is written."""
    made = query(job.edition, DUCKDB, keep=job.keep, rows=job.rows)
    make_tables(job.con, made)
    return made.text


def make_tables(con: duckdb.DuckDBPyConnection, made: Query) -> None:
    """The long code tables of a statement, as tables of the connection."""
    for table in made.tables:
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {table.name} (since BIGINT, until BIGINT, code VARCHAR, value BIGINT)"
        )
        for start in range(0, len(table.rows), 1_000):
            block = table.rows[start : start + 1_000]
            marks = ", ".join(["(?, ?, ?, ?)"] * len(block))
            con.execute(f"INSERT INTO {table.name} VALUES {marks}", [cell for row in block for cell in row])


def by_python(job: Job) -> str:
    """One claim after the other by the plain evaluation: the yardstick of the others."""
    path = job.scratch / "python.csv"
    with path.open("w", encoding="utf-8", newline="") as target:
        csv.writer(target).writerows(one_by_one(job))
    return read_back(job, path)


def one_by_one(job: Job) -> Iterator[list[Any]]:
    """A row a claim in the shape of the generated SQL's answer; members one after the other."""
    names = fact_columns(job.edition)
    program, paid = program_of(job.edition), list(program_of(job.edition).final_slots.values())
    heads = [MEMBER, *names.values(), *job.keep]
    rows = _fetched(job.con, f"SELECT {', '.join(heads)} FROM facts ORDER BY {MEMBER}")
    unique, count = job.edition.order[-1], len(names)
    for member, events in groupby(rows, key=lambda row: row[0]):
        told = [(dict(zip(names, event[1:], strict=False)), event[1 + count :]) for event in events]
        running: list[dict[object, int]] = [{} for _ in program.totals]
        for row, kept in sorted(told, key=lambda one: order_key(job.edition, one[0])):
            slots = program.filled(row)
            for step in program.steps:
                step(slots, running)
            amounts = [slots[slot] for slot in paid]
            yield [member, row[unique], *kept, *amounts, sum(amounts)]


def _fetched(con: duckdb.DuckDBPyConnection, statement: str) -> Iterator[tuple[Any, ...]]:
    cursor = con.cursor()
    cursor.execute(statement)
    while block := cursor.fetchmany(_BLOCK):
        yield from block


def read_back(job: Job, path: Path) -> str:
    """The statement that reads an engine's csv with the types of its columns."""
    kinds = dict(job.con.execute("SELECT column_name, column_type FROM (DESCRIBE facts)").fetchall())
    claim = fact_columns(job.edition)[job.edition.order[-1]]
    heads = {MEMBER: kinds[MEMBER], CLAIM: kinds[claim]} | {name: kinds[name] for name in job.keep}
    heads |= dict.fromkeys([*paid_columns(job.edition).values(), TOTAL], "BIGINT")
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in heads.items())
    how = "header = false, auto_detect = false, delim = ',', quote = '\"', escape = '\"'"
    return f"SELECT * FROM read_csv({text(path)}, {how}, columns = {{{columns}}})"


def by_postgres(job: Job) -> str:
    """Facts are copied into a temporary table of the server named by DATABASE_URL, and the answer copied back."""
    from huzhu.batch import postgres  # noqa: PLC0415 - loaded only when asked for

    path = job.scratch / "postgres.csv"
    postgres.run(job, path)
    return read_back(job, path)


def by_spark(job: Job) -> str:
    """Facts go to Spark as parquet, and the answer comes back as parquet."""
    from huzhu.batch import spark  # noqa: PLC0415 - loaded only when asked for

    return spark.run(job)


ENGINES: dict[str, Callable[[Job], str]] = {
    "duckdb": by_duckdb,
    "python": by_python,
    "postgres": by_postgres,
    "spark": by_spark,
}
