"""Many rows written by one statement, from plain values: what a model instance costs is paid by nobody who needs none."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection, models

from huzhu.db.fields import BlindIndexField, EncryptedTextField
from huzhu.db.sealed import PlacedField

# columns whose values go to the database as they are
PLAIN = {"CharField", "TextField", "BooleanField", "IntegerField", "BigIntegerField", "PositiveIntegerField"}
NATIVE = {str, int, bool, type(None)}
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
    given: dict[str, Column] = dict(zip(names, zip(*rows, strict=True), strict=False))
    if not given:
        return 0
    count = len(given[names[0]])
    fields = _written(model)
    columns = [_column(one, given, count) for one in fields]
    if astray := given.keys() - {one.name for one in fields}:
        raise TypeError(f"{model.__name__} 没有这些列：{'、'.join(sorted(astray))}")
    return write(Ready(model, columns), or_else=or_else)


@dataclass(frozen=True, slots=True)
class Ready:
    """Rows as the driver takes them, column by column: sealed, and only the statement is left."""

    model: type[models.Model]
    columns: list[list[Any]]


def ready(model: type[models.Model], rows: Sequence[models.Model]) -> Ready:
    """New instances made ready outside of the transaction that will `write` them; they do not learn a number the database gives."""
    return Ready(model, [_of_each(field, rows) for field in _written(model)] if rows else [])


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


def write(rows: Ready, *, or_else: str = "") -> int:
    """The one statement. How many rows were written."""
    if not rows.columns:
        return 0
    statement = _statement(rows.model, connection.vendor) + or_else
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(statement, rows.columns)
        else:
            cursor.executemany(statement, list(zip(*rows.columns, strict=True)))
        return int(cursor.rowcount)


def _column(field: Any, given: dict[str, Column], count: int) -> list[Any]:
    if isinstance(field, BlindIndexField):
        return field.digests_of(given.get(field.source, ()), count)
    values = given.get(field.name)
    if values is None:
        return _prepared(field, [field.get_default() for _ in range(count)])
    if isinstance(field, EncryptedTextField):
        keys = given.get(field.options.pk.name)
        if keys is None:
            raise NoRow(f"{field} 要加密到具体的一行，请把主键一起给出。")
        return field.tokens_of(values, keys)
    return _prepared(field, values)


def _prepared(field: Any, values: Column) -> list[Any]:
    """As the driver takes them; days and instants repeat, so each is prepared once."""
    target = field.target_field if field.is_relation else field
    kind = target.get_internal_type()
    if kind in PLAIN or kind.endswith("AutoField"):
        known = set(map(type, values)) <= NATIVE
        return list(values) if known else [str(one) if isinstance(one, str) else one for one in values]
    if kind == "UUIDField":
        return list(values) if connection.vendor == "postgresql" else [one and one.hex for one in values]
    prepare: Callable[[Any], Any] = lambda value: field.get_db_prep_save(value, connection)  # noqa: E731
    if kind == "JSONField":
        return [prepare(one) for one in values]
    once = {one: prepare(one) for one in set(values)}
    return [once[one] for one in values]


def _written(model: type[models.Model]) -> list[Any]:
    """Every column but a number that the database gives."""
    known = model._meta.local_concrete_fields  # noqa: SLF001  Django's documented name for it
    return [one for one in known if not isinstance(one, models.AutoField)]


@lru_cache(maxsize=128)
def _statement(model: type[models.Model], vendor: str) -> str:
    """PostgreSQL takes a list for each column, SQLite one row after the other."""
    fields = _written(model)
    names = ", ".join(f'"{one.column}"' for one in fields)
    into = f'INSERT INTO "{model._meta.db_table}" ({names})'  # noqa: SLF001
    if vendor == "postgresql":
        # without the length of a varchar: cast to it, a text that is too long would be cut instead of refused
        kinds = [str(one.db_type(connection)).partition("(")[0] for one in fields]
        return f"{into} SELECT * FROM unnest({', '.join(f'%s::{kind}[]' for kind in kinds)})"  # noqa: S608  our own names
    return f"{into} VALUES ({', '.join(['%s'] * len(fields))})"
