"""What only one of the two engines has, in words that both can answer."""

from typing import Any

from django.db import connection
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


def others_wrote() -> int | None:
    """A number that is another one once another connection has written anything; None where no such number is known.

    SQLite's data_version. The same before reading and in the transaction that writes: what was read stands.
    """
    if connection.vendor != "sqlite":
        return None
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA data_version")
        return int(cursor.fetchone()[0])
