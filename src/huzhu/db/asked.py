"""Questions that are asked again and again with other keys: composed once, by Django, and kept with what reads the answer."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import connection

_MARKS = tuple(UUID(int=0x5EED_0000_0000_0000_0000_0000_0000_0000 + place) for place in range(4))


class Asked:
    """A `values_list` of some keys (UUIDs), whose SQL is the same whatever the keys are.

    To compose a statement costs ten times what it costs to ask it. Not for lists, blind indexes and None, whose SQL varies.
    """

    def __init__(self, compose: Callable[..., Any], keys: int = 1) -> None:
        self._compose, self._keys = compose, keys
        self._known: dict[str, tuple[str, list[Any], list[Any]]] = {}  # by engine

    def __call__(self, *keys: UUID) -> list[tuple[Any, ...]]:
        """The rows, as the query would give them."""
        if len(keys) != self._keys:
            raise TypeError(f"{self._keys} keys are asked for, {len(keys)} given")
        known = self._known.get(connection.vendor) or self._composed()
        statement, given, converters = known
        own = dict(zip(map(_prepared, _MARKS), map(_prepared, keys), strict=False))
        with connection.cursor() as cursor:
            cursor.execute(statement, [own.get(one, one) for one in given])
            rows = cursor.fetchall()
        return [tuple(_read(list(row), converters)) for row in rows] if converters else rows

    def _composed(self) -> tuple[str, list[Any], list[Any]]:
        compiler = self._compose(*_MARKS[: self._keys]).query.get_compiler(connection=connection)
        statement, given = compiler.as_sql()
        if any(_prepared(mark) not in given for mark in _MARKS[: self._keys]):
            raise TypeError("a key that is asked for is not in the statement")
        converters = compiler.get_converters([one[0] for one in compiler.select])
        self._known[connection.vendor] = found = statement, list(given), list(converters.items())
        return found


def _prepared(key: UUID) -> Any:
    return key if connection.vendor == "postgresql" else key.hex


def _read(row: list[Any], converters: list[Any]) -> list[Any]:
    for place, (steps, expression) in converters:
        for step in steps:
            row[place] = step(row[place], expression, connection)
    return row
