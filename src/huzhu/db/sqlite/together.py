"""Statements that go in as one: a view of this connection alone, whose trigger does with its one row what they say.

A view and its trigger are made where a connection first needs them, and again where a rollback took them away.
"""

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db import IntegrityError, OperationalError, connection

NAMED = "together_"
NOT_FIRST = "the first wrote nothing"

Part = tuple[str, Sequence[Any]]  # a statement with %s for each value


def run(parts: Sequence[Part], *, follow: bool) -> bool:
    """All or none; where the others `follow` the first and that writes nothing, none: False."""
    name, making, row = _view(tuple(statement for statement, _ in parts), follow)
    values = [one for _, given in parts for one in given]
    with connection.cursor() as cursor:
        try:
            try:
                cursor.execute(row, values)
            except OperationalError as unknown:
                if f"no such table: {name}" not in str(unknown):
                    raise
                for statement in making:
                    cursor.execute(statement)
                cursor.execute(row, values)
        except IntegrityError as refused:
            if NOT_FIRST not in str(refused):
                raise
            return False
    return True


def forget(held: Any) -> None:
    """Take the views of a connection away: SQLite renames no table while a trigger names one that is being rebuilt."""
    with held.cursor() as cursor:
        cursor.execute(f"SELECT name FROM temp.sqlite_master WHERE type = 'view' AND name LIKE '{NAMED}%'")  # noqa: S608  our own names
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP VIEW temp.{name}")


@lru_cache(maxsize=256)
def _view(statements: tuple[str, ...], follow: bool) -> tuple[str, tuple[str, str], str]:
    """The name, what makes it, and the statement that is given the values."""
    body = list(statements)
    if follow:
        body.insert(1, f"SELECT RAISE(ABORT, '{NOT_FIRST}') WHERE changes() = 0")
    text = "; ".join(body)
    given = [f"v{place}" for place in range(text.count("%s"))]
    places = iter(given)
    does = re.sub("%s", lambda _: f"NEW.{next(places)}", text)
    name = NAMED + hashlib.sha256(text.encode()).hexdigest()[:16]
    making = (
        f"CREATE TEMP VIEW {name} AS SELECT {', '.join(f'NULL AS {one}' for one in given)}",
        f"CREATE TEMP TRIGGER {name}_does INSTEAD OF INSERT ON {name} BEGIN {does}; END",
    )
    return name, making, f"INSERT INTO {name} VALUES ({', '.join(['%s'] * len(given))})"  # noqa: S608
