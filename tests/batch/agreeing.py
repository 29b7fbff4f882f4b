"""One table of claims on several engines: their answers as {claim: {column: fen}}."""

import os
from pathlib import Path

import duckdb

from huzhu.batch.run import Asked, adjudicate_file
from huzhu.rules.edition import Edition

Answer = dict[str, dict[str, int]]


def server() -> str:
    """The PostgreSQL of ./test, or nothing on its SQLite round."""
    return os.environ.get("DATABASE_URL", "").replace("/huzhu?", "/postgres?")


def engines() -> list[str]:
    return ["duckdb", "postgres"] if server() else ["duckdb"]


def answer(edition: Edition, table: Path, engine: str, threads: int = 2) -> Answer:
    out = table.with_name(f"{engine}.parquet")
    summary = adjudicate_file(edition, Asked(table, out, engine=engine, url=server(), threads=threads))
    con = duckdb.connect()
    con.execute(f"SELECT * EXCLUDE (member_id) FROM '{out}'")
    heads = [column[0] for column in con.description]
    rows = [dict(zip(heads, row, strict=True)) for row in con.fetchall()]
    found = {row.pop("claim_id"): row for row in rows}
    assert len(found) == len(rows) == summary.written == summary.rows
    assert summary.total_fen == sum(row["total_fen"] for row in rows)
    return found


def differences(one: Answer, other: Answer) -> list[tuple[str, dict[str, int], dict[str, int] | None]]:
    assert one.keys() == other.keys()
    return [(claim, row, other[claim]) for claim, row in one.items() if row != other[claim]]
