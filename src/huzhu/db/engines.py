"""What only one of the two engines has, in words that both can answer."""

from typing import Any

from django.db import OperationalError, connection
from django.db.backends.signals import connection_created

# a process has one; the connection of the thread need not be looked up to ask it which
IS_POSTGRESQL = connection.vendor == "postgresql"


def plan_each_time() -> None:
    """For the rest of this process statements are planned for the tables as they are, for its work fills them meanwhile.

    PostgreSQL otherwise keeps for the whole connection the plan that a prepared statement was given when they were empty.
    """
    connection_created.connect(_plan_each_time, dispatch_uid=__name__)
    connection.close()


def _plan_each_time(connection: Any, **_: Any) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET plan_cache_mode = force_custom_plan")


def numbers_as_text() -> None:
    """PostgreSQL is told whole numbers as text, and refuses what its column does not hold.

    Its driver writes a number of a declared width in binary, and silently leaves away what lies above the width.
    """
    connection_created.connect(_numbers_as_text, dispatch_uid=f"{__name__}.numbers")


def _numbers_as_text(connection: Any, **_: Any) -> None:
    if connection.vendor == "postgresql":
        from psycopg.types import numeric  # noqa: PLC0415  an office on SQLite may not have it

        for width in ("Int2", "Int4", "Int8"):
            dumper = getattr(numeric, f"{width}Dumper")
            connection.connection.adapters.register_dumper(getattr(numeric, width), dumper)


def is_busy(problem: Exception) -> bool:
    """Whether others held what this transaction waited for, so that it was given up as a whole and may be tried again."""
    state = str(getattr(problem.__cause__, "sqlstate", None) or "")
    taken = (
        state.startswith("40") or state == "55P03"
    )  # a deadlock, a conflict; a lock that was not given in time
    return isinstance(problem, OperationalError) and (taken or "is locked" in str(problem))


def others_wrote() -> int | None:
    """A number that is another one once another connection has written anything; None where no such number is known.

    SQLite's data_version. The same before reading and in the transaction that writes: what was read stands.
    """
    if connection.vendor != "sqlite":
        return None
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA data_version")
        return int(cursor.fetchone()[0])
