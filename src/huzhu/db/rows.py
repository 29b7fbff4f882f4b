"""Many rows written by one statement, from plain values: what a model instance costs is paid by nobody who needs none."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, lru_cache, partial
from typing import Any
from uuid import UUID

from django.db import DataError, connection, models

from huzhu.db.engines import IS_POSTGRESQL
from huzhu.db.fields import BlindIndexField, EncryptedTextField
from huzhu.db.sealed import PlacedField
from huzhu.db.sqlite import together

# columns whose values go to the database as they are
PLAIN = {"CharField", "TextField", "BooleanField", "IntegerField", "BigIntegerField", "PositiveIntegerField"}
NATIVE = {str, int, bool, type(None)}
ROW, LISTS, COPY = "row", "lists", "copy"
COPIED = 20  # rows from which on COPY costs less than one statement with all values
ESCAPES = {"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"}  # of what separates columns and rows in COPY
Column = Sequence[Any]


class NoRow(ValueError):
    """A sealed column needs the keys of its rows."""


def insert(
    model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]], *, or_else: str = ""
) -> int:
    """Insert rows whose values stand in the order of `names` (a foreign key by its key).

    Sealed columns are given as text and sealed to their rows, blind indexes follow from them; a column that is not
    named takes its default. Constraints and triggers hold as ever. `or_else` is the end of the statement: ON CONFLICT and so on.
    How many rows were written.
    """
    return write(composed(model, names, rows, or_else=or_else))


@dataclass(frozen=True, slots=True)
class Ready:
    """Rows as the driver takes them, column by column: sealed, and only the statement is left."""

    model: type[models.Model]
    columns: list[list[Any]]
    later: str = ""  # a column that is still open
    or_else: str = ""  # the end of the statement: ON CONFLICT and so on
    is_numbered: bool = False  # with the number that the database would have given


@dataclass(frozen=True, slots=True)
class Change:
    """A row that is changed if it still stands as it did; sealed columns and their indexes refuse it."""

    row: models.Model
    was: Mapping[str, Any]
    becomes: Mapping[str, Any]

    def statement(self) -> tuple[str, list[Any]]:
        """As one UPDATE, and what is given to it."""
        options: Any = self.row._meta  # noqa: SLF001  Django's documented name for it
        sets, news = self._spelled(self.becomes)
        asks, olds = self._spelled({"pk": self.row.pk, **self.was})
        statement = f'UPDATE "{options.db_table}" SET {", ".join(sets)} WHERE {" AND ".join(asks)}'  # noqa: S608  our own names
        return statement, news + olds

    def _spelled(self, values: Mapping[str, Any]) -> tuple[list[str], list[Any]]:
        spelled, given = [], []
        for name, value in values.items():
            field: Any = self.row._meta.pk if name == "pk" else self.row._meta.get_field(name)  # noqa: SLF001
            if isinstance(field, PlacedField):
                raise field.refusal()
            spelled.append(f'"{field.column}" = %s')
            given += _prepared(field, [value])
        return spelled, given


def composed(
    model: type[models.Model],
    names: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    later: str = "",
    or_else: str = "",
) -> Ready:
    """What `insert` inserts, made ready; `later` is the column that only the transaction will know."""
    given = list(zip(*rows, strict=True))
    if not given:
        return Ready(model, [])
    columns = [fill(given) for fill in _filling(model, tuple(names), later)]
    return Ready(model, columns, later, or_else)


def ready(model: type[models.Model], rows: Sequence[models.Model]) -> Ready:
    """New instances made ready outside of the transaction that will `write` them; they do not learn a number the database gives."""
    numbered = bool(rows) and isinstance(model._meta.pk, models.AutoField) and rows[0].pk is not None  # noqa: SLF001
    columns = [_of_each(field, rows) for field in _written(model, numbered=numbered)] if rows else []
    return Ready(model, columns, is_numbered=numbered)


def sealed(rows: Sequence[models.Model]) -> None:
    """The sealed columns of new instances alone, where they lack something that only their transaction will know."""
    for field in _written(type(rows[0])) if rows else ():
        if isinstance(field, PlacedField):
            for one in rows:
                field.pre_save(one, True)


def _of_each(field: Any, rows: Sequence[models.Model]) -> list[Any]:
    values = [field.pre_save(one, True) for one in rows]
    if isinstance(field, PlacedField):
        return [field.get_prep_value(one) for one in values]
    return _prepared(field, values)


def write(rows: Ready, *, later: Column = ()) -> int:
    """The one statement; `later` fills the column that was left open. How many rows were written."""
    if not rows.columns:
        return 0
    named = zip(_written(rows.model, numbered=rows.is_numbered), rows.columns, strict=True)
    columns = [_prepared(one, later) if one.name == rows.later else values for one, values in named]
    if IS_POSTGRESQL and not rows.or_else and _are_many(columns):
        return _copy(_statement(rows.model, COPY, rows.is_numbered), columns)
    with connection.cursor() as cursor:
        if IS_POSTGRESQL:
            cursor.execute(*_of_few(replace(rows, columns=columns)))
        else:
            statement = _statement(rows.model, ROW, rows.is_numbered) + rows.or_else
            cursor.executemany(statement, list(zip(*columns, strict=True)))
        return int(cursor.rowcount)


def write_each(every: Iterable[Ready], *, first: Ready | Change | None = None) -> bool:
    """Rows of several tables, none with an open column, as far as there are any; few of them by one statement.

    All are checked at its end, so that one may refer to another; which is written first is not said. But where there is a
    `first` (one row) that writes nothing, because it stands there or no longer stands as it did, nothing is written: False.
    """
    found = [rows for rows in every if rows.columns]
    is_few = not any(_are_many(rows.columns) for rows in found)
    if is_few and len(found) + bool(first) > 1:
        return _write_together(found, first)
    if first and not _write_first(first):
        return False
    for rows in found:
        write(rows)
    return True


def _write_first(first: Ready | Change) -> bool:
    if isinstance(first, Ready):
        return bool(write(first))
    with connection.cursor() as cursor:
        cursor.execute(*first.statement())
        return bool(cursor.rowcount)


def _write_together(found: list[Ready], first: Ready | Change | None) -> bool:
    """One statement for few rows of several tables: on PostgreSQL with parts, on SQLite by a trigger."""
    firsts = [_of_few(first) if isinstance(first, Ready) else first.statement()] if first else []
    if not IS_POSTGRESQL:
        return together.run([*firsts, *map(_of_few, found)], follow=bool(first))
    parts = [f"first AS ({statement} RETURNING 1)" for statement, _ in firsts]
    given = [value for _, values in firsts for value in values]
    for place, rows in enumerate(found):
        statement, values = _of_few(rows, follows=bool(first))
        parts.append(f"w{place} AS ({statement})")
        given += values
    asked = "EXISTS (SELECT FROM first)" if first else "true"
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {', '.join(parts)} SELECT {asked}", given)
        return bool(cursor.fetchone()[0])


def _are_many(columns: list[list[Any]]) -> bool:
    return len(columns[0]) >= COPIED


def _of_few(rows: Ready, *, follows: bool = False) -> tuple[str, list[Any]]:
    """One row as it is, several as one JSON text; or only if the first was written.

    What is NULL in one row stands in its text: of more than fifty values PostgreSQL's driver reads the text anew each time.
    """
    if len(rows.columns[0]) > 1:
        text = json.dumps(list(zip(*rows.columns, strict=True)), ensure_ascii=False, default=_written_out)
        if "\\u0000" in text:
            raise DataError("a text with NUL: PostgreSQL takes none, and SQLite would cut it there")
        return _statement(rows.model, LISTS, rows.is_numbered, follows) + rows.or_else, [text]
    values = [found[0] for found in rows.columns]
    empty = tuple(place for place, value in enumerate(values) if value is None) if IS_POSTGRESQL else ()
    statement = _statement(rows.model, ROW, rows.is_numbered, follows, empty) + rows.or_else
    return statement, [value for place, value in enumerate(values) if place not in empty]


def _copy(statement: str, columns: list[list[Any]]) -> int:
    """To PostgreSQL as the text of COPY; who watches statements sees this one too."""
    rows = zip(*map(_spelled, columns), strict=True)
    text = "".join(["\t".join(row) + "\n" for row in rows])

    def send(statement: str, *_: Any) -> int:
        with connection.cursor() as cursor, connection.wrap_database_errors:
            with cursor.copy(statement) as copy:
                copy.write(text)
            return int(cursor.rowcount)

    for watching in reversed(connection.execute_wrappers):
        send = partial(watching, send)
    return send(statement, None, False, {"connection": connection})


def _spelled(column: list[Any]) -> list[str]:
    """A column as COPY reads it; most have nothing to escape, which is asked of all values at once."""
    texts = [r"\N" if one is None else _written_out(one) for one in column]
    joined = "".join(one for one in column if isinstance(one, str))
    if not any(mark in joined for mark in ESCAPES):
        return texts
    table = str.maketrans(ESCAPES)
    return [r"\N" if one is None else text.translate(table) for one, text in zip(column, texts, strict=True)]


def _written_out(value: Any) -> str:
    kind = type(value)
    if kind is UUID:
        return str(value.hex)
    if isinstance(value, date):  # and instants, with their offset
        return value.isoformat()
    return str(value)


@lru_cache(maxsize=256)
def _filling(
    model: type[models.Model], names: tuple[str, ...], later: str
) -> list[Callable[[Sequence[Column]], list[Any]]]:
    """How each column of a table comes from those that are given by these names."""
    place, fields = {name: at for at, name in enumerate(names)}, _written(model)
    if astray := place.keys() - {one.name for one in fields}:
        raise TypeError(f"{model.__name__} 没有这些列：{'、'.join(sorted(astray))}")
    return [(lambda _: []) if one.name == later else _column(one, place) for one in fields]


def _column(field: Any, place: dict[str, int]) -> Callable[[Sequence[Column]], list[Any]]:
    at, prepare = place.get(field.name), _preparing(field)
    if isinstance(field, BlindIndexField):
        source = place.get(field.source)
        return lambda given: field.digests_of(() if source is None else given[source], len(given[0]))
    if at is None and callable(field.default):
        return lambda given: prepare([field.get_default() for _ in given[0]])
    if at is None:
        always = prepare([field.get_default()])
        return lambda given: always * len(given[0])
    if isinstance(field, EncryptedTextField):
        key = place.get(field.options.pk.name)
        if key is None:
            raise NoRow(f"{field} 要加密到具体的一行，请把主键一起给出。")
        return lambda given: field.tokens_of(given[at], given[key])
    return lambda given: prepare(given[at])


def _prepared(field: Any, values: Column) -> list[Any]:
    return _preparing(field)(values)


@lru_cache(maxsize=1024)
def _preparing(field: Any) -> Callable[[Column], list[Any]]:
    """How this engine's driver takes the values of a column."""
    target = field.target_field if field.is_relation else field
    kind = target.get_internal_type()
    if kind in PLAIN or kind.endswith("AutoField"):
        return _plain
    if kind == "UUIDField":
        return list if IS_POSTGRESQL else lambda values: [one and one.hex for one in values]
    if kind == "JSONField" and IS_POSTGRESQL:
        return lambda values: [json.dumps(one, cls=field.encoder, ensure_ascii=False) for one in values]
    prepare: Callable[[Any], Any] = lambda value: field.get_db_prep_save(value, connection)  # noqa: E731
    # days and instants repeat
    each = prepare if kind == "JSONField" else lru_cache(maxsize=1024)(prepare)
    return lambda values: list(map(each, values))


def _plain(values: Column) -> list[Any]:
    if set(map(type, values)) <= NATIVE:
        return list(values)
    return [str(one) if isinstance(one, str) else one for one in values]


@cache
def _written(model: type[models.Model], *, numbered: bool = False) -> list[Any]:
    """Every column, mostly without a number that the database gives."""
    known = model._meta.local_concrete_fields  # noqa: SLF001  Django's documented name for it
    return [one for one in known if numbered or not isinstance(one, models.AutoField)]


@lru_cache(maxsize=512)
def _statement(
    model: type[models.Model], way: str, numbered: bool, follows: bool = False, empty: tuple[int, ...] = ()
) -> str:
    """For a row; for a JSON list of rows; for the text of many rows."""
    fields = _written(model, numbered=numbered)
    table, names = model._meta.db_table, ", ".join(f'"{one.column}"' for one in fields)  # noqa: SLF001
    if way == COPY:
        return f'COPY "{table}" ({names}) FROM STDIN'
    into, first = f'INSERT INTO "{table}" ({names})', "first, " if follows else ""
    if way == LISTS and not IS_POSTGRESQL:
        parts = ", ".join(f"json_extract(value, '$[{place}]')" for place in range(len(fields)))
        return f"{into} SELECT {parts} FROM json_each(%s) WHERE true"  # noqa: S608  ON CONFLICT would be a join's
    # without the length of a varchar: cast to it, a text that is too long would be cut instead of refused
    kinds = [str(one.db_type(connection)).partition("(")[0] for one in fields]
    if way == LISTS:
        parts = ", ".join(f"(one->>{place})::{kind}" for place, kind in enumerate(kinds))
        return f"{into} SELECT {parts} FROM {first}json_array_elements(%s) AS one"  # noqa: S608  our own names
    values = ["NULL" if place in empty else "%s" for place in range(len(fields))]
    if follows:
        typed = ", ".join(f"{value}::{kind}" for value, kind in zip(values, kinds, strict=True))
        return f"{into} SELECT {typed} FROM first"  # noqa: S608
    return f"{into} VALUES ({', '.join(values)})"
