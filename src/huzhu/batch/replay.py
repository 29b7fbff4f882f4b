"""A late, changed or withdrawn claim: its member's claims are computed again, and what differs from the posted is netted.

Nothing posted is rewritten: the answer is a row for each member and cover period whose sum changed, with what to post more
(positive) or to set against later payments (negative).
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from huzhu.batch.columns import ColumnsMissing, columns_of, fact_columns, source_of
from huzhu.batch.engines import ENGINES, Job, TooLarge
from huzhu.batch.files import CannotRead, check_output, open_table, scratch_folder, whole, write
from huzhu.batch.forms import period_of
from huzhu.batch.run import TABLE, Asked, Say, checked, connected, make_facts, nothing
from huzhu.batch.sql import CLAIM, MEMBER, TOTAL, paid_columns
from huzhu.rules.edition import Edition
from huzhu.rules.units import Unit

WITHDRAWN = ("withdrawn", "撤回")
GONE = "withdrawn_here"  # no name a table of claims would have


@dataclass(frozen=True, slots=True)
class Differences:
    """How many members were computed again, whose periods changed, and the sums of what is due more and less in fen."""

    members: int
    periods: int
    claims: int
    more_fen: int
    less_fen: int


def replay(
    edition: Edition, asked: Asked, late: Path | None, posted: Path, say: Say = nothing
) -> Differences:
    """Writes the netted differences; `late` has new and changed claims, and withdrawn ones where that column is true.

    Without `late` every member of the table is computed again. Raises as adjudicate_file does.
    """
    check_output(asked.out, asked.source, late, posted)
    with (
        scratch_folder() as scratch,
        connected(scratch, memory=asked.memory, threads=asked.threads) as con,
        whole(asked.out) as partial,
    ):
        say("读取", con.query_progress)
        _load(con, edition, asked, asked.source, scratch, TABLE)
        _load_posted(con, edition, posted, scratch)
        if late is None:
            con.execute(f"CREATE VIEW facts AS SELECT * FROM facts_{TABLE}")
            con.execute(f"CREATE TABLE touched AS SELECT DISTINCT {MEMBER} FROM facts")
        else:
            _load(con, edition, asked, late, scratch, "late")
            _lay_over(con, edition)
        say("重算", con.query_progress)
        periods = tuple(fact_columns(edition)[name] for name in period_of(edition))
        try:
            body = ENGINES[asked.engine](Job(con, edition, scratch, periods, asked.threads, asked.url))
            con.execute(f"CREATE TABLE again AS {body}")
        except (duckdb.OutOfRangeException, duckdb.ConversionException):
            raise TooLarge from None
        _find_periods(con, edition, periods)
        write(con, _netted(edition, periods), partial, asked.out.suffix.lower())
        return _summary(con, edition, periods)


def _load(
    con: duckdb.DuckDBPyConnection, edition: Edition, asked: Asked, path: Path, scratch: Path, name: str
) -> None:
    """A checked table as the view facts_<name>, with the flag of withdrawn claims."""
    table = open_table(con, path, scratch, name)
    columns = columns_of(edition, table)
    found = checked(con, edition, columns, asked.out, table=name)
    source = source_of(table, *WITHDRAWN)
    flag = (
        f"COALESCE(LOWER(TRIM(CAST(\"{source}\" AS VARCHAR))) IN ('true', '1', '是'), FALSE)"
        if source
        else "FALSE"
    )
    con.execute(f"CREATE VIEW flagged_{name} AS SELECT *, {flag} AS {GONE} FROM {name}")
    make_facts(con, columns, found, keep=(GONE,), table=f"flagged_{name}", name=f"typed_{name}")
    con.execute(
        f"CREATE TABLE facts_{name} AS SELECT * REPLACE (CAST({MEMBER} AS VARCHAR) AS {MEMBER}) FROM typed_{name}"
    )


def _load_posted(con: duckdb.DuckDBPyConnection, edition: Edition, posted: Path, scratch: Path) -> None:
    table = open_table(con, posted, scratch, "posted_file")
    wanted = [CLAIM, MEMBER, *paid_columns(edition).values()]
    if missing := [name for name in wanted if source_of(table, name) is None]:
        raise ColumnsMissing(f"{posted}: 缺列 {'、'.join(missing)} → 用 huzhu adjudicate 写出的结果")
    amounts = ", ".join(f"CAST({name} AS BIGINT) AS {name}" for name in wanted[2:])
    con.execute(
        f"CREATE TABLE posted AS SELECT CAST({CLAIM} AS VARCHAR) AS {CLAIM}, CAST({MEMBER} AS VARCHAR) AS {MEMBER},"
        f" {amounts} FROM posted_file"
    )


def _lay_over(con: duckdb.DuckDBPyConnection, edition: Edition) -> None:
    """Late rows replace those of the same claim; their members, old and new, are the ones to compute again."""
    claim = fact_columns(edition)[edition.order[-1]]
    con.execute(
        f"CREATE TABLE touched AS SELECT {MEMBER} FROM facts_late UNION"
        f" SELECT {MEMBER} FROM facts_{TABLE} WHERE {claim} IN (SELECT {claim} FROM facts_late)"
    )
    con.execute(
        f"CREATE VIEW facts AS SELECT * FROM facts_late WHERE NOT {GONE} UNION ALL BY NAME"
        f" SELECT * FROM facts_{TABLE} WHERE {MEMBER} IN (SELECT {MEMBER} FROM touched)"
        f" AND {claim} NOT IN (SELECT {claim} FROM facts_late)"
    )


def _find_periods(con: duckdb.DuckDBPyConnection, edition: Edition, periods: tuple[str, ...]) -> None:
    """What was posted for the members computed again, with the period each claim then stood in; raises CannotRead."""
    claim = fact_columns(edition)[edition.order[-1]]
    con.execute(
        f"CREATE TABLE before AS SELECT p.*, {', '.join(f'f.{name}' for name in periods)}, f.{claim} IS NOT NULL AS known"
        f" FROM posted p LEFT JOIN facts_{TABLE} f ON CAST(f.{claim} AS VARCHAR) = p.{CLAIM}"
        f" WHERE p.{MEMBER} IN (SELECT {MEMBER} FROM touched)"
    )
    (lost,) = con.execute("SELECT COUNT(*) FROM before WHERE NOT known").fetchone() or (0,)
    if lost:
        raise CannotRead(
            f"已入账的结果里有 {lost:,} 件在申请表里找不到 → --in 要用入账时的那张表，改动写在 --late 里"
        )


def _differences(edition: Edition, periods: tuple[str, ...]) -> str:
    """Differences by member and period, also those of 0."""
    amounts = list(paid_columns(edition).values())
    keys = ", ".join([MEMBER, *periods])
    more = ", ".join(amounts)
    less = ", ".join(f"-{name} AS {name}" for name in amounts)
    sums = ", ".join(f"CAST(SUM({name}) AS BIGINT) AS {name}" for name in amounts)
    total = " + ".join(amounts)
    return (
        f"SELECT {keys}, {sums}, CAST(SUM({total}) AS BIGINT) AS {TOTAL} FROM"
        f" (SELECT {keys}, {more} FROM again UNION ALL SELECT {keys}, {less} FROM before) GROUP BY {keys}"
    )


def _netted(edition: Edition, periods: tuple[str, ...]) -> str:
    amounts = list(paid_columns(edition).values())
    heads = [MEMBER]
    for name, column in zip(period_of(edition), periods, strict=True):
        day = f"DATE '0001-01-01' + CAST({column} - 1 AS INTEGER)"
        heads.append(f"{day if edition.facts[name].type.unit is Unit.DATE else column} AS {name}")
    changed = " OR ".join(f"{name} <> 0" for name in amounts)
    return (
        f"SELECT {', '.join([*heads, *amounts, TOTAL])} FROM ({_differences(edition, periods)}) WHERE {changed}"
        f" ORDER BY {', '.join([MEMBER, *periods])}"
    )


def _summary(con: duckdb.DuckDBPyConnection, edition: Edition, periods: tuple[str, ...]) -> Differences:
    one = f"{_differences(edition, periods)}"
    row = (
        con.execute(
            f"SELECT (SELECT COUNT(*) FROM touched), COUNT(*) FILTER ({TOTAL} <> 0), (SELECT COUNT(*) FROM again),"
            f" COALESCE(SUM({TOTAL}) FILTER ({TOTAL} > 0), 0), COALESCE(SUM({TOTAL}) FILTER ({TOTAL} < 0), 0) FROM ({one})"
        ).fetchone()
        or (0,) * 5
    )
    return Differences(*map(int, row))
