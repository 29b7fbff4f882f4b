"""The generated SQL on a PostgreSQL server: everything in temporary tables of one session, gone when it closes."""

from pathlib import Path

import psycopg

from huzhu.batch.dialect import POSTGRES
from huzhu.batch.engines import EngineMissing, Job, TooLarge
from huzhu.batch.sql import query

_KINDS = {"VARCHAR": POSTGRES.text, "BOOLEAN": "BOOLEAN"}
_BLOCK = 50_000


def run(job: Job, path: Path) -> None:
    """Writes the answer to `path` as csv."""
    if not job.url:
        raise EngineMissing("没有写数据库的地址 → 设环境变量 DATABASE_URL=postgresql://用户@主机/库名")
    try:
        with psycopg.connect(job.url) as connection, connection.cursor() as cursor:
            _load_facts(job, cursor)
            made = query(job.edition, POSTGRES, keep=job.keep)
            for table in made.tables:
                cursor.execute(
                    f"CREATE TEMP TABLE {table.name} (since BIGINT, until BIGINT, code {POSTGRES.text}, value BIGINT)".encode()
                )
                with cursor.copy(f"COPY {table.name} FROM STDIN".encode()) as copy:
                    for row in table.rows:
                        copy.write_row(row)
                cursor.execute(f"ANALYZE {table.name}".encode())
            with (
                path.open("wb") as target,
                cursor.copy(f"COPY ({made.text}) TO STDOUT (FORMAT csv)".encode()) as copy,
            ):
                for block in copy:
                    target.write(block)
            connection.rollback()
    except psycopg.errors.NumericValueOutOfRange:
        raise TooLarge from None
    except psycopg.OperationalError as error:
        raise EngineMissing(
            f"连不上 PostgreSQL（{str(error).splitlines()[0]}） → 检查 DATABASE_URL 和服务"
        ) from None


def _load_facts(job: Job, cursor: psycopg.Cursor[tuple[object, ...]]) -> None:
    kinds = job.con.execute("SELECT column_name, column_type FROM (DESCRIBE facts)").fetchall()
    columns = ", ".join(f"{name} {_KINDS.get(kind, 'BIGINT')}" for name, kind in kinds)
    cursor.execute(f"CREATE TEMP TABLE facts ({columns})".encode())
    source = job.con.cursor()
    source.execute("SELECT * FROM facts")
    with cursor.copy(b"COPY facts FROM STDIN") as copy:
        while block := source.fetchmany(_BLOCK):
            for row in block:
                copy.write_row(row)
    cursor.execute("ANALYZE facts")
