"""A file of claims in, a file of payments out: read, checked, adjudicated, written whole or not at all."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from huzhu.batch import faults
from huzhu.batch.columns import Column, absent, columns_of, fact_columns
from huzhu.batch.engines import ENGINES, Job, TooLarge, TooLittleMemory
from huzhu.batch.files import (
    ROW,
    CannotWrite,
    check_output,
    first_line,
    open_table,
    scratch_folder,
    text,
    whole,
    write,
)
from huzhu.batch.sql import CLAIM, MEMBER, TOTAL, paid_columns
from huzhu.rules.edition import Edition

TABLE = "given"
Say = Callable[[str, Callable[[], float]], None]  # (what is being done, how far in per cent)


class RowsRefused(ValueError):
    """Some rows are bad and all were to be good; they are listed in a file."""

    def __init__(self, found: faults.Found, listed: Path) -> None:
        self.found = found
        self.listed = listed
        super().__init__(
            f"{found.rows:,} 行中有 {found.bad:,} 行不能用，没有写出结果；逐行说明在 {listed}。 → 改好后重来"
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """What to run: on which engine, with how much memory ("4GB") and how many threads (0: all)."""

    source: Path
    out: Path
    engine: str = "duckdb"
    good_only: bool = False
    memory: str = ""
    threads: int = 0
    url: str = ""
    checked: bool = True  # False only for measuring: the table is known to be good


@dataclass(frozen=True, slots=True)
class Summary:
    """Rows read, left out and written, claims that were paid, and exact sums in fen by benefit."""

    rows: int
    bad: int
    written: int
    paid_claims: int
    sums: dict[str, int]
    absent: tuple[str, ...]
    listed: Path | None = None

    @property
    def total_fen(self) -> int:
        return sum(self.sums.values())


@contextmanager
def connected(scratch: Path, *, memory: str = "", threads: int = 0) -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine of its own in the scratch folder: what memory cannot hold goes there."""
    con = duckdb.connect(str(scratch / "work.duckdb"))
    try:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(f"SET temp_directory = '{scratch}'")
        if memory:
            con.execute("SET memory_limit = ?", [memory])
        if threads:
            con.execute("SET threads = ?", [threads])
        yield con
    except duckdb.OutOfMemoryException:
        raise TooLittleMemory(memory) from None
    except RuntimeError as error:  # what the engine makes of a signal that came while it worked
        if "Query interrupted" not in str(error):
            raise
        raise KeyboardInterrupt from None
    except duckdb.IOException as error:
        raise CannotWrite(
            f"{scratch}: 临时文件写不下去（{first_line(error)}） → 腾出磁盘，或用环境变量 TMPDIR 换一个文件夹"
        ) from None
    finally:
        con.close()


def nothing(_: str, __: Callable[[], float]) -> None:
    """Says nothing."""


def adjudicate_file(edition: Edition, asked: Asked, say: Say = nothing) -> Summary:
    """Adjudicates every row; raises CannotRead, ColumnsMissing, RowsRefused, CannotWrite, EngineMissing or TooLarge."""
    check_output(asked.out, asked.source)
    with (
        scratch_folder() as scratch,
        connected(scratch, memory=asked.memory, threads=asked.threads) as con,
        whole(asked.out) as partial,
    ):
        say("读取", con.query_progress)
        columns = columns_of(edition, open_table(con, asked.source, scratch, TABLE))
        found, listed = _checked(con, edition, columns, asked, say)
        sheet = asked.out.suffix.lower() != ".parquet"
        keep = (ROW,) if sheet else ()
        make_facts(con, columns, found, keep=keep)
        con.execute("SET preserve_insertion_order = false")
        say("计算", con.query_progress)
        try:
            body = ENGINES[asked.engine](
                Job(con, edition, scratch, keep, asked.threads, asked.url, found.rows)
            )
            summary = _written(con, edition, body, partial, sheet=sheet, kind=asked.out.suffix.lower())
        except (duckdb.OutOfRangeException, duckdb.ConversionException):
            raise TooLarge from None
    return Summary(found.rows, found.bad, *summary, tuple(absent(edition, columns)), listed)


def _checked(
    con: duckdb.DuckDBPyConnection, edition: Edition, columns: list[Column], asked: Asked, say: Say
) -> tuple[faults.Found, Path | None]:
    if not asked.checked:
        (rows,) = con.execute(f"SELECT COUNT(*) FROM {TABLE}").fetchone() or (0,)
        return faults.Found(rows, 0, frozenset(column.name for column in columns)), None
    say("检查", con.query_progress)
    found = checked(con, edition, columns, asked.out, good_only=asked.good_only)
    return found, errors_beside(asked.out) if found.bad else None


def checked(
    con: duckdb.DuckDBPyConnection,
    edition: Edition,
    columns: list[Column],
    out: Path,
    *,
    good_only: bool = False,
    table: str = TABLE,
) -> faults.Found:
    """Finds the bad rows of a table and lists them beside the output; raises RowsRefused unless good ones will do."""
    unique = fact_columns(edition)[edition.order[-1]]
    found = faults.find(con, table, columns, next(column for column in columns if column.name == unique))
    if found.bad:
        listed = errors_beside(out)
        with whole(listed) as partial:
            write(con, faults.listed(), partial, listed.suffix)
        if not good_only:
            raise RowsRefused(found, listed)
    return found


def errors_beside(out: Path) -> Path:
    """Where the bad rows of an output are listed."""
    return out.with_name(f"{out.stem}.errors.csv")


def make_facts(
    con: duckdb.DuckDBPyConnection,
    columns: list[Column],
    found: faults.Found,
    *,
    keep: tuple[str, ...] = (),
    table: str = TABLE,
    name: str = "facts",
) -> None:
    """The view of typed facts over a checked table, without the rows that have faults."""
    values = [
        f"{column.plain if column.plain and column.name in found.plain else column.value} AS {column.name}"
        for column in columns
    ]
    where = f" WHERE {ROW} NOT IN (SELECT {ROW} FROM {faults.FAULTS})" if found.bad else ""
    con.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT {', '.join([*values, *keep])} FROM {table}{where}")


def _written(
    con: duckdb.DuckDBPyConnection, edition: Edition, body: str, partial: Path, *, sheet: bool, kind: str
) -> tuple[int, int, dict[str, int]]:
    """Writes the answer and adds it up from what was written."""
    paid = paid_columns(edition)
    sums = ", ".join(f"CAST(COALESCE(SUM({column}), 0) AS HUGEINT)" for column in paid.values())
    if sheet:
        con.execute(f"CREATE TABLE answer AS {body}")
        heads = ", ".join([CLAIM, MEMBER, *paid.values(), TOTAL])
        write(con, f"SELECT {heads} FROM answer ORDER BY {ROW}", partial, kind)
        source = "answer"
    else:
        write(con, body, partial, kind)
        source = f"read_parquet({text(partial)})"
    row = con.execute(f"SELECT COUNT(*), COUNT(*) FILTER ({TOTAL} > 0), {sums} FROM {source}").fetchone() or (
        0,
        0,
    )
    return row[0], row[1], {name: int(amount) for name, amount in zip(paid, row[2:], strict=True)}
