"""Columns that hold sealed text, and the blind index by which a sealed column is searched.

A value is sealed to its table, column and row, so only `save()`, `create()` and `bulk_create()` can write it:
they know the row. Every other way of writing or comparing it raises and names the remedy.
"""

import unicodedata
from collections.abc import Sequence
from typing import Any, Literal

from django.core import checks
from django.core.exceptions import FieldError
from django.db import models
from django.db.models import lookups
from django.db.models.query_utils import DeferredAttribute

from huzhu.db import keys
from huzhu.db.sealed import Digest, PlacedField, Sealed


class PrimaryKeyNeeded(ValueError):
    """The row has no primary key yet, so nothing can be sealed to it."""


class PlaintextRefused(ValueError):
    """A value came to a sealed column by a way that cannot seal it."""


class NotSearchable(FieldError):
    """The database was asked to compare what it cannot read."""


class IndexIsDerived(ValueError):
    """A blind index was to be written by hand."""


class _OpenedWhenRead(DeferredAttribute):
    """Opens the token at the first reading, because only then the row is known."""

    field: "EncryptedTextField"

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        held = super().__get__(instance, cls)
        return self.field.text_of(instance, held) if isinstance(held, Sealed) else held

    def __set__(self, instance: Any, value: Any) -> None:
        held = instance.__dict__.get(self.field.attname)
        if isinstance(value, Sealed):
            value = Sealed(value.token, row=self.field.row_of(instance))
        elif isinstance(held, Sealed) and held.text is not None and held.text == value:
            return  # the same text again: the token stays
        instance.__dict__[self.field.attname] = value


class EncryptedTextField(PlacedField):
    """Text that the database never sees: sealed to (table, column, primary key), opened when read.

    Reading raises CannotOpen; writing raises PrimaryKeyNeeded, PlaintextRefused or WrittenApart; every lookup
    but `isnull` raises NotSearchable. `save()` keeps the token of an unchanged text, until the key or the
    algorithm that writes has changed.
    """

    descriptor_class = _OpenedWhenRead
    empty_strings_allowed = False  # what was forgotten stays NULL and fails, instead of becoming a sealed ""

    def get_internal_type(self) -> str:
        return "TextField"

    @property
    def source(self) -> str:
        """Its own name: the head of the family."""
        return self.name

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        return [*super().check(**kwargs), *self._check_row(), *self._check_options()]

    def from_db_value(self, value: str | None, *_: Any) -> Sealed | None:
        return None if value is None else Sealed(value)

    def pre_save(self, model_instance: Any, *_: Any, **__: Any) -> Sealed | None:
        text = getattr(model_instance, self.attname)
        if text is None:
            return None
        row = self._known_row(model_instance)
        held = model_instance.__dict__[self.attname]
        if not (isinstance(held, Sealed) and held.row == row and keys.cipher().is_current(held.token)):
            held = self._seal(text, row)
            model_instance.__dict__[self.attname] = held
        return held

    def get_prep_value(self, value: Any) -> str | None:
        if value is None:
            return None
        if isinstance(value, Sealed) and value.row is not None:
            return value.token
        raise self.refusal()

    def value_to_string(self, obj: Any) -> str:
        """For dumps: the token, never the text."""
        sealed = self.pre_save(obj)
        return "" if sealed is None else sealed.token

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name == "isnull":
            return super().get_lookup(lookup_name)
        indexes = sorted(self.family() - {self.name})
        remedy = (
            f"请按它的盲索引查：filter({indexes[0]}=...)。"
            if indexes
            else f'请先加一列 BlindIndexField(source="{self.name}")，再按那一列查。'
        )
        raise NotSearchable(f"{self} 是加密保存的，数据库看不到内容，不能用 {lookup_name} 查询。{remedy}")

    def get_transform(self, lookup_name: str) -> Any:
        return self.get_lookup(lookup_name)

    def row_of(self, instance: Any) -> str | None:
        """The primary key as text, as it reads after a round trip; None while it is not known."""
        key = self.options.pk
        value = instance.__dict__.get(key.attname)
        return None if value is None or hasattr(value, "as_sql") else str(key.to_python(value))

    def text_of(self, instance: Any, sealed: Sealed) -> str:
        """Open once; the text stays with the token."""
        if sealed.text is None:
            sealed.row = sealed.row or self._known_row(instance)
            sealed.text = keys.cipher().open(sealed.token, bound_to=(*self.place, sealed.row))
        return sealed.text

    def text_in(self, held: Sealed | None, row: Any) -> str | None:
        """The text of a value that was read without its model, by `values_list`; `row` is the primary key."""
        return None if held is None else keys.cipher().open(held.token, bound_to=(*self.place, str(row)))

    def tokens_of(self, texts: Sequence[str | None], rows: Sequence[Any]) -> list[str | None]:
        """Each text sealed to its row (by primary key), for who writes many (db.rows)."""
        return [
            None if text is None else self._seal(text, str(row)).token
            for text, row in zip(texts, rows, strict=True)
        ]

    def refusal(self) -> PlaintextRefused:
        return PlaintextRefused(
            f"{self} 是加密列，内容要加密到具体的一行；update()、bulk_update()、表达式、upsert、loaddata "
            "和列的默认值都做不到，所以没有写入。请取出对象，赋值后 save()，或用 create()、bulk_create()。"
        )

    def _known_row(self, instance: Any) -> str:
        row = self.row_of(instance)
        if row is None:
            raise PrimaryKeyNeeded(
                f"{self} 要加密到具体的一行，而这一行还没有主键。请让模型继承 huzhu.db.models.SealedModel，"
                "或使用保存前就有值的主键（例如 UUIDField(default=uuid4)）。"
            )
        return row

    def _seal(self, text: object, row: str) -> Sealed:
        if not isinstance(text, str):
            raise PlaintextRefused(f"{self} 只能保存文本，收到的是 {type(text).__name__}。请先转换成文本。")
        return Sealed(keys.cipher().seal(text, bound_to=(*self.place, row)), row, text)

    def _check_row(self) -> list[checks.CheckMessage]:
        key = self.options.pk
        if not (isinstance(key, models.AutoField) or key.has_db_default()):
            return []
        hint = "请继承 huzhu.db.models.SealedModel。"
        return [checks.Error("加密列要求主键在插入之前已知。", hint=hint, obj=self, id="huzhu.db.E001")]

    def _check_options(self) -> list[checks.CheckMessage]:
        if not (self.unique or self.db_index or self.has_db_default()):  # type: ignore[attr-defined]
            return []
        hint = "请去掉 unique、db_index、db_default；查询和查重用 BlindIndexField。"
        return [checks.Error("加密列不能有索引或数据库默认值。", hint=hint, obj=self, id="huzhu.db.E002")]


class _NeverTyped(DeferredAttribute):
    """Accepts what the field computed or read, and nothing else."""

    field: "BlindIndexField"

    def __set__(self, instance: Any, value: Any) -> None:
        if not (value is None or isinstance(value, Digest)):
            raise self.field.refusal()
        instance.__dict__[self.field.attname] = value


class BlindIndexField(PlacedField):
    """A keyed fingerprint of a sealed column on the same row, to find it by `exact` and `in` with plain text.

    Text is compared after NFKC, strip and upper-case; `part="last4"` indexes the last four characters. Empty
    is None. Whoever reads the table sees which rows are equal, and nothing else. A unique constraint holds
    within one key version: after a new key, save every row once.
    """

    descriptor_class = _NeverTyped

    def __init__(self, *args: Any, source: str, part: Literal["last4"] | None = None, **kwargs: Any) -> None:
        if part not in {None, "last4"}:
            raise ValueError('BlindIndexField 的 part 只能是 None（全文）或 "last4"（末四位）。')
        kwargs.setdefault("db_index", True)
        super().__init__(*args, **kwargs | {"max_length": 44, "null": True, "blank": True, "editable": False})
        self.source, self.part = source, part

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for fixed in ("max_length", "null", "blank", "editable"):
            kwargs.pop(fixed)
        return name, path, args, kwargs | {"source": self.source, "part": self.part}

    def get_internal_type(self) -> str:
        return "CharField"

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        fields = {field.name: field for field in self.options.local_concrete_fields}
        if isinstance(fields.get(self.source), EncryptedTextField):
            return super().check(**kwargs)
        hint = "请把 source 写成同一张表里一个 EncryptedTextField 的名字。"
        return [checks.Error("盲索引没有对应的加密列。", hint=hint, obj=self, id="huzhu.db.E003")]

    def from_db_value(self, value: str | None, *_: Any) -> Digest | None:
        return None if value is None else Digest(value)

    def pre_save(self, model_instance: Any, *_: Any, **__: Any) -> Digest | None:
        digests = self._digests(getattr(model_instance, self.source))
        digest = digests[0] if digests else None
        setattr(model_instance, self.attname, digest)
        return digest

    def get_prep_value(self, value: Any) -> Digest | None:
        if value is None or isinstance(value, Digest):
            return value
        raise self.refusal()

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name in {"exact", "in", "isnull"}:
            return super().get_lookup(lookup_name)
        raise NotSearchable(f"{self} 只能整体相等地查（exact、in、isnull），不能用 {lookup_name}。")

    def get_transform(self, lookup_name: str) -> Any:
        return self.get_lookup(lookup_name)

    def refusal(self) -> IndexIsDerived:
        return IndexIsDerived(
            f"{self} 由 {self.source} 自动算出，不能直接写。请给 {self.source} 赋值后 save()。"
        )

    def wanted(self, texts: Any) -> list[Digest]:
        """The indexes, under every key version, of the texts to look for."""
        if not isinstance(texts, list | tuple | set | frozenset):
            raise NotSearchable(f"{self} 的 in 查询要给出一组文本（列表），不能给子查询或单个文本。")
        return [digest for text in texts for digest in self._digests(text)]

    def digests_of(self, texts: Sequence[str | None], count: int) -> list[Digest | None]:
        """The index of each text, None of none, for who writes many rows (db.rows)."""
        found = [self._digests(text) for text in texts] or [[]] * count
        return [digests[0] if digests else None for digests in found]

    def _digests(self, text: object) -> list[Digest]:
        """Newest key first; of a Digest itself; none of None or empty text."""
        if text is None or isinstance(text, Digest):
            return [text] if text else []
        if not isinstance(text, str):
            raise NotSearchable(f"{self} 只认文本，收到的是 {type(text).__name__}。查空值请用 isnull。")
        normal = unicodedata.normalize("NFKC", text).strip().upper()
        value = normal[-4:] if self.part else normal
        marks = keys.cipher().blind_indexes(value, purpose=".".join(self.place)) if value else []
        return [Digest(mark) for mark in marks]


@BlindIndexField.register_lookup
class _SameText(lookups.In):
    lookup_name = "exact"

    def __init__(self, lhs: Any, rhs: Any) -> None:
        if rhs is None:
            raise NotSearchable(f"{lhs.output_field} 查空值请用 isnull。")
        super().__init__(lhs, lhs.output_field.wanted([rhs]))


@BlindIndexField.register_lookup
class _OneOfTexts(lookups.In):
    lookup_name = "in"

    def __init__(self, lhs: Any, rhs: Any) -> None:
        super().__init__(lhs, lhs.output_field.wanted(rhs))
