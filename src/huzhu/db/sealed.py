"""What lies in a sealed column, and the gate that every write to such a column passes."""

from typing import Any

from django.db import models
from django.db.models.sql.subqueries import InsertQuery, UpdateQuery


class WrittenApart(ValueError):
    """A sealed column was to be written without its blind index, or the index without its column."""


class Sealed:
    """One value as it lies in its column; it knows the row it was read from, and its text once opened."""

    __slots__ = ("row", "text", "token")

    def __init__(self, token: str, row: str | None = None, text: str | None = None) -> None:
        self.token, self.row, self.text = token, row, text

    def __repr__(self) -> str:
        return "（已加密）"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sealed) and other.token == self.token

    def __hash__(self) -> int:
        return hash(self.token)

    def __reduce__(self) -> tuple[type["Sealed"], tuple[str, str | None]]:
        return Sealed, (self.token, self.row)  # copies and pickles hold no plaintext


class Digest(str):
    """A blind index that was computed or read from its column, never typed."""

    __slots__ = ()


class PlacedField(models.Field):
    """A column whose content depends on its place; after a rename, `bound_as=(old table, old column)`."""

    source: Any  # the name of the sealed column: its own, or the one it is an index of

    def __init__(self, *args: Any, bound_as: tuple[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bound_as = bound_as

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, kwargs | ({"bound_as": self.bound_as} if self.bound_as else {})

    @property
    def options(self) -> Any:
        """The table's description; of the parent's table where a model inherits another."""
        return self.model._meta  # noqa: SLF001  Django's documented name for it

    @property
    def place(self) -> tuple[str, str]:
        """The table and column that a value is bound to."""
        return self.bound_as or (self.options.db_table, str(self.column))

    def family(self) -> set[str]:
        """The names of the sealed column and all its indexes: they are written together."""
        fields = self.options.local_concrete_fields
        return {
            field.name for field in fields if isinstance(field, PlacedField) and field.source == self.source
        }

    def get_placeholder(self, value: Any, compiler: Any, _connection: Any) -> str:
        """The last gate before the database: no expression, no other row's value, no half of a family."""
        query, kind = compiler.query, type(compiler.query)
        if hasattr(value, "as_sql") or (issubclass(kind, InsertQuery) and self in query.update_fields):
            raise self.refusal()
        if issubclass(kind, UpdateQuery):
            self._refuse_half(self.family() - {field.name for field, *_ in query.values})
        return "%s"

    def refusal(self) -> ValueError:
        """What to say to a write that came by the wrong way."""
        raise NotImplementedError

    def _refuse_half(self, missing: set[str]) -> None:
        if missing:
            raise WrittenApart(
                f"{self} 不能单独保存：还缺 {'、'.join(sorted(missing))}，否则以后按索引会查不到或查错人。"
                f"请写成 save(update_fields={sorted(self.family())})，或直接 save()；"
                "用 only()/defer() 取出的对象，要把这几列一起取出。"
            )
