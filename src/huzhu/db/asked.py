"""Questions that are asked again and again with other keys: composed once, by Django, and kept with what reads the answer."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import BigIntegerField, Expression, Model, QuerySet, Subquery, TextField

from huzhu.db.engines import IS_POSTGRESQL
from huzhu.db.sealed import Digest

Key = UUID | Digest
Kinds = tuple[type[Key], ...]
Composed = tuple[
    str, list[Any], list[Any], list[Any]
]  # SQL, what is given to it, what stands for the keys, converters


class Rows(Subquery):
    """The rows of another `values_list` in one column of a statement, as the text of a JSON list of lists; days as text."""

    output_field = TextField()

    def __init__(self, found: QuerySet[Any, Any]) -> None:
        super().__init__(found)
        self._width = len(found.query.values_select) + len(found.query.annotation_select)

    def as_sql(self, compiler: Any, connection: Any, template: Any = None, **more: Any) -> Any:  # noqa: ARG002  Django's signature
        names = ", ".join(f"c{place}" for place in range(self._width))
        listed = f"JSON_GROUP_ARRAY(JSON_ARRAY({names}))"
        if connection.vendor == "postgresql":
            listed = f"JSON_AGG(JSON_BUILD_ARRAY({names}))::text"
        found = f"(WITH one({names}) AS (%(subquery)s) SELECT COALESCE({listed}, '[]') FROM one)"  # noqa: S608  our own names
        return super().as_sql(compiler, connection, found, **more)


class NextKey(Expression):
    """The number that the database gives the next row of a table, taken beforehand; on SQLite in the transaction that writes it."""

    output_field = BigIntegerField()

    def __init__(self, model: type[Model]) -> None:
        super().__init__()
        self._of = model._meta  # noqa: SLF001  Django's documented name for it

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[()]]:  # noqa: ARG002  Django's signature
        table = self._of.db_table
        if connection.vendor == "postgresql":
            return f"NEXTVAL(PG_GET_SERIAL_SEQUENCE('{table}', '{self._of.pk.column}'))", ()
        return f"(SELECT COALESCE(MAX(seq), 0) + 1 FROM sqlite_sequence WHERE name = '{table}')", ()  # noqa: S608  our own name


class Asked:
    """A `values_list` of some keys (UUIDs, blind indexes), whose SQL is the same whatever the keys are.

    To compose a statement costs ten times what it costs to ask it. Not for lists and None, whose SQL varies.
    """

    def __init__(self, compose: Callable[..., Any]) -> None:
        self._compose = compose
        self._known: dict[Kinds, Composed] = {}

    def __call__(self, *keys: Key) -> list[tuple[Any, ...]]:
        """The rows, as the query would give them."""
        held, kinds = connections[DEFAULT_DB_ALIAS], tuple(map(type, keys))
        statement, given, marks, converters = self._known.get(kinds) or self._composed(kinds)
        own = dict(zip(marks, map(_prepared, keys), strict=True))
        with held.cursor() as cursor:
            cursor.execute(statement, [own.get(one, one) for one in given])
            rows = cursor.fetchall()
        return [tuple(_read(list(row), converters, held)) for row in rows] if converters else rows

    def _composed(self, kinds: Kinds) -> Composed:
        marks = [_mark(place, kind) for place, kind in enumerate(kinds)]
        compiler = self._compose(*marks).query.get_compiler(connection=connection)
        statement, given = compiler.as_sql()
        prepared = list(map(_prepared, marks))
        if not set(prepared) <= set(given):
            raise TypeError("a key that is asked for is not in the statement")
        converters = compiler.get_converters([one[0] for one in compiler.select])
        self._known[kinds] = found = statement, list(given), prepared, list(converters.items())
        return found


def _mark(place: int, kind: type[Key]) -> Key:
    """What stands for the key of this place while the statement is composed."""
    return UUID(int=(0x5EED << 112) + place) if kind is UUID else Digest(f"key {place}")


def _prepared(key: Key) -> Any:
    return key if IS_POSTGRESQL or isinstance(key, Digest) else key.hex


def _read(row: list[Any], converters: list[Any], held: Any) -> list[Any]:
    for place, (steps, expression) in converters:
        for step in steps:
            row[place] = step(row[place], expression, held)
    return row
