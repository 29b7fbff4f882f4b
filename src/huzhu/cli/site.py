"""The one door from the shell to the site: Django is loaded here, and only when a verb needs it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
PRIVATE = ("HUZHU_SECRET_KEY", "HUZHU_KEYS")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the data of a site lies: the engine (sqlite or postgresql), how it is reached, and the folder beside it."""

    engine: str
    database: dict[str, str]
    var: Path


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


def wrong_keys() -> list[str]:
    """A sentence where these keys are not those of the database."""
    from huzhu.db import services  # noqa: PLC0415

    return services.wrong_keys()


def lost_anchors(lines: list[str]) -> list[str]:
    """A sentence for each kept anchor that the chain has lost."""
    from huzhu.audit import queries  # noqa: PLC0415

    return queries.lost_anchors(lines)


def lost_files() -> list[str]:
    """A sentence for each upload whose bytes are gone from the disk."""
    from huzhu.files import queries  # noqa: PLC0415

    return queries.lost()


def anchor() -> str:
    """The line to keep outside the database."""
    from huzhu.audit import queries  # noqa: PLC0415

    return queries.anchor()


def place() -> Place:
    """Where the data of this site lies."""
    from django.conf import settings  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    if connection.vendor == "sqlite":
        return Place("sqlite", {"NAME": str(connection.settings_dict["NAME"])}, settings.VAR_DIR)
    # as the driver gets them: part of an address may stand in its query
    kept: dict[str, Any] = connection.get_connection_params()
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    names |= {"sslmode": "SSLMODE", "sslrootcert": "SSLROOTCERT"}
    database = {ours: str(kept.get(theirs) or "") for theirs, ours in names.items()}
    return Place("postgresql", database, settings.VAR_DIR)


def kept_with() -> dict[str, Any]:
    """What a backup must say of itself: the chain's anchor, the key versions it needs, and how far it was migrated."""
    from huzhu.db import queries, services  # noqa: PLC0415

    had = queries.migrations_had()
    return {"anchor": anchor(), "key_versions": services.key_versions(), "migrations": had}


def migrations_known() -> list[str]:
    """The migrations of this version."""
    from huzhu.db import queries  # noqa: PLC0415

    return queries.migrations_known()


def note_backup(*, name: str, size: int, sha256: str, at: datetime) -> None:
    """So that the health page knows its age."""
    from huzhu.db import services  # noqa: PLC0415

    services.note_backup(name=name, size=size, sha256=sha256, at=at)


def note_drill(*, name: str, at: datetime) -> None:
    """So that the health page knows when one was last tried."""
    from huzhu.db import services  # noqa: PLC0415

    services.note_drill(name=name, at=at)
