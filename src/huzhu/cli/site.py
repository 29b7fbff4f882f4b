"""The one door from the shell to the site: Django is loaded here, and only when a verb needs it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
PRIVATE = ("HUZHU_SECRET_KEY", "HUZHU_KEYS")


class SiteClosed(RuntimeError):
    """The site cannot be opened from here; the message says why and what to do."""


def ready() -> None:
    """Load Django with the settings of this site; raises SiteClosed. Twice is the same as once."""
    import django  # noqa: PLC0415
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415

    _read_local_env()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "huzhu.config.settings")
    try:
        django.setup()
    except ImproperlyConfigured as problem:
        raise SiteClosed(str(problem)) from None


def _read_local_env() -> None:
    """The secrets `./run` made for this machine; the environment wins, and the file is read as text."""
    written = ROOT / "var" / "local.env"
    if not written.is_file():
        return
    for line in written.read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition("=")
        if name in PRIVATE:
            os.environ.setdefault(name, value)


@contextmanager
def snapshot() -> Iterator[None]:
    """One moment of the database: whatever is written meanwhile is not seen, and nobody is kept waiting."""
    from django.db import DatabaseError, connection  # noqa: PLC0415

    try:
        if connection.in_atomic_block:
            yield
            return
        with connection.cursor() as cursor:
            reads = " ISOLATION LEVEL REPEATABLE READ READ ONLY" if connection.vendor == "postgresql" else ""
            cursor.execute(f"BEGIN{reads}")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
    except DatabaseError as problem:
        raise SiteClosed(
            f"数据库不能读：{problem}。请检查数据库是否在运行、DATABASE_URL 是否正确、是否已经 ./run 或 migrate 过。"
        ) from None


def rows(statement: str) -> list[tuple[Any, ...]]:
    """What the database answers to a statement of ours."""
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def new_setup_code(at: datetime) -> str:
    """A one-time code for the first start of a blank site; raises SiteClosed where somebody is here already."""
    from django.db import DatabaseError  # noqa: PLC0415

    from huzhu.users import opening  # noqa: PLC0415

    try:
        return opening.new_code(at=at)
    except opening.SetUpAlready as already:
        raise SiteClosed(str(already)) from None
    except DatabaseError as problem:
        raise SiteClosed(f"数据库不能用：{problem}。请先执行 migrate，再印开业码。") from None


def broken_links() -> list[str]:
    """A sentence for each break in the chain of the audit trail."""
    from huzhu.audit import queries  # noqa: PLC0415

    return queries.broken_links()


def unguarded() -> list[str]:
    """Append-only tables whose guards are gone."""
    from huzhu.db import guards  # noqa: PLC0415

    return guards.missing()
