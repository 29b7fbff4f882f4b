"""The SQL that an act sends."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def sent() -> Iterator[list[str]]:
    """Every statement in its order, without the SAVEPOINTs that a test alone makes."""
    said: list[str] = []

    def note(execute, sql, *rest):
        if "SAVEPOINT" not in sql:
            said.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        yield said
