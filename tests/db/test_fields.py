import copy
import pickle
import uuid
from pathlib import Path

import pytest
from django.core import serializers
from django.db import IntegrityError, connection, models
from django.db.migrations.writer import MigrationWriter
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Upper
from django.db.models.lookups import Exact
from django.forms import modelform_factory
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sealed_tables import Careless, Official, Person, Renamed, Visitor

from factories.files import read_apart
from huzhu.core.ciphers import CannotOpen, CannotSeal
from huzhu.db.fields import EncryptedTextField, NotSearchable, PlaintextRefused, PrimaryKeyNeeded
from huzhu.db.sealed import Sealed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sealed_tables", "first_key")]

LIU, WANG = "230702196803150028", "230702199001011234"


def liu(**changes):
    return Person.objects.create(**{"name": "刘女士", "id_number": LIU, "diagnosis": "肺炎"} | changes)


def raw(row, column="id_number"):
    """What really lies in the column, read past Django."""
    table = row._meta.get_field(column).model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {column} FROM {table} WHERE {row._meta.get_field(column).model._meta.pk.column} = %s",  # noqa: S608
            [row.pk.hex if connection.vendor == "sqlite" else row.pk],
        )
        return cursor.fetchone()[0]


def put_raw(row, token, column="id_number"):
    """Write into the column past Django, as a thief would."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {row._meta.db_table} SET {column} = %s WHERE {row._meta.pk.column} = %s",  # noqa: S608
            [token, row.pk.hex if connection.vendor == "sqlite" else row.pk],
        )


def again(row):
    return type(row).objects.get(pk=row.pk)


# --- writing and reading


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(text=st.text())
@example(text="")
@example(text="张䶮，住𠮷林路\x00")
def test_any_text_comes_back_as_it_was(text):
    row = Visitor.objects.create(id_number=text)
    assert again(row).id_number == text
    assert raw(row).startswith("h1.AES-GCM.1.")


@pytest.mark.parametrize("algorithm", ["AES-GCM", "SM4-GCM"])
def test_what_lies_in_the_column_is_a_token_of_the_chosen_algorithm(settings, algorithm):
    settings.HUZHU_CIPHER = algorithm
    row = liu()
    assert raw(row).startswith(f"h1.{algorithm}.1.")
    settings.HUZHU_CIPHER = "AES-GCM"
    assert again(row).id_number == LIU


def test_nothing_stays_nothing_and_an_empty_text_stays_empty():
    nothing, empty = liu(diagnosis=None), liu(diagnosis="")
    assert again(nothing).diagnosis is None
    assert raw(nothing, "diagnosis") is None
    assert again(empty).diagnosis == ""
    assert raw(empty, "diagnosis").startswith("h1.")


def test_a_forgotten_value_is_refused_by_the_database_not_sealed_as_empty():
    with pytest.raises(IntegrityError):
        Person.objects.create(name="刘女士")


def test_a_token_is_opened_only_when_it_is_read(monkeypatch):
    liu()
    monkeypatch.setattr("huzhu.core.ciphers.Cipher.open", lambda *_, **__: pytest.fail("opened"))
    [row] = Person.objects.all()
    assert row.name == "刘女士"


def test_a_token_is_opened_once(monkeypatch):
    row = again(liu())
    assert row.id_number == LIU
    monkeypatch.setattr("huzhu.core.ciphers.Cipher.open", lambda *_, **__: pytest.fail("opened again"))
    assert row.id_number == LIU


def test_new_text_replaces_the_old():
    row = again(liu())
    row.id_number = WANG
    assert row.id_number == WANG
    row.save()
    assert row.id_number == WANG
    assert again(row).id_number == WANG


def test_update_fields_writes_the_named_column_only():
    row = liu()
    before = raw(row)
    row.diagnosis, row.name = "痊愈", "not written"
    row.save(update_fields=["diagnosis"])
    assert (again(row).diagnosis, again(row).name) == ("痊愈", "刘女士")
    assert raw(row) == before


def test_deferred_columns_are_fetched_when_read():
    row = liu()
    for found in (Person.objects.defer("id_number").get(), Person.objects.only("name").get()):
        assert "id_number" in found.get_deferred_fields()
        assert (found.id_number, found.diagnosis) == (LIU, "肺炎")
    found = Person.objects.defer("id_number", "id_number_index", "id_number_tail").get()
    before, found.name = raw(row), "刘女士（改名）"
    found.save()
    assert raw(row) == before


def test_refreshing_brings_what_another_hand_wrote():
    row = liu()
    other = again(row)
    other.id_number, other.diagnosis = WANG, None
    other.save()
    row.refresh_from_db()
    assert (row.id_number, row.diagnosis) == (WANG, None)
    row.diagnosis = "肺炎"
    row.refresh_from_db(fields=["diagnosis"])
    assert row.diagnosis is None


def test_bulk_create_seals_each_row_to_itself():
    rows = Person.objects.bulk_create(Person(name=str(n), id_number=f"{LIU}{n}") for n in range(50))
    assert {row.name: row.id_number for row in Person.objects.all()} == {
        str(n): f"{LIU}{n}" for n in range(50)
    }
    assert len({raw(row) for row in rows}) == 50


def test_get_or_create_and_update_or_create_seal_as_well():
    row, created = Person.objects.get_or_create(name="刘女士", defaults={"id_number": LIU})
    assert created
    Person.objects.update_or_create(name="刘女士", defaults={"id_number": WANG})
    assert again(row).id_number == WANG
    assert Person.objects.filter(id_number_index=WANG).get() == row


def test_a_form_reads_and_writes_plain_text():
    form_class = modelform_factory(Person, fields=["name", "id_number", "diagnosis"])
    assert form_class(instance=again(liu())).initial["id_number"] == LIU
    form = form_class({"name": "王小明", "id_number": WANG, "diagnosis": ""})
    assert again(form.save()).id_number == WANG


def test_an_inherited_column_is_sealed_to_the_table_it_lies_in():
    official = Official.objects.create(name="张审核", id_number=LIU, phone="13800000000")
    assert (again(official).id_number, again(official).phone) == (LIU, "13800000000")
    assert Person.objects.get(pk=official.pk).id_number == LIU


# --- what a token will not do


def swap(one, other, column="id_number", other_column="id_number"):
    mine, yours = raw(one, column), raw(other, other_column)
    put_raw(one, yours, column)
    put_raw(other, mine, other_column)


def test_tokens_swapped_between_rows_do_not_open():
    one, other = liu(), liu(id_number=WANG)
    swap(one, other)
    for row in (one, other):
        with pytest.raises(CannotOpen, match="挪来"):
            _ = again(row).id_number


def test_tokens_swapped_between_columns_do_not_open():
    row = liu()
    mine, yours = raw(row), raw(row, "diagnosis")
    put_raw(row, yours)
    put_raw(row, mine, "diagnosis")
    for column in ("id_number", "diagnosis"):
        with pytest.raises(CannotOpen):
            getattr(again(row), column)


def test_tokens_swapped_between_tables_do_not_open():
    person = liu()
    visitor = Visitor.objects.create(id=person.id, id_number=LIU)
    swap(person, visitor)
    for row in (person, visitor):
        with pytest.raises(CannotOpen):
            _ = again(row).id_number


def test_a_damaged_token_is_not_written_back_but_new_text_may_replace_it(refused):
    row = liu()
    put_raw(row, raw(row)[:-1])
    with refused(CannotOpen):
        again(row).save()
    mended = again(row)
    mended.id_number = LIU
    mended.save()
    assert again(row).id_number == LIU


def test_a_token_taken_from_values_cannot_be_given_to_another_row(refused):
    liu()
    [token] = Person.objects.values_list("id_number", flat=True)
    with refused(CannotOpen):
        Visitor.objects.create(id_number=token)
    with refused(PlaintextRefused):
        Visitor.objects.update(id_number=token)


def test_a_row_that_changes_its_key_is_sealed_anew():
    row = again(liu())
    clone = again(row)
    clone.pk, clone._state.adding = uuid.uuid4(), True
    clone.save()
    assert (again(clone).id_number, again(row).id_number) == (LIU, LIU)
    assert raw(clone) != raw(row)


def test_a_key_typed_in_another_spelling_is_the_same_row():
    code = uuid.uuid4()
    Renamed.objects.create(code=str(code).upper(), number=LIU)
    assert Renamed.objects.get(code=code).number == LIU


def test_a_row_without_a_key_cannot_be_sealed_and_says_what_to_do(refused):
    for write in (
        Careless(id_number=LIU).save,
        lambda: Careless.objects.bulk_create([Careless(id_number=LIU)]),
    ):
        with refused(PrimaryKeyNeeded, match="SealedModel") as refusal:
            write()
        assert LIU not in str(refusal.value)


def test_what_is_not_text_is_refused(refused):
    with refused(PlaintextRefused, match="收到的是 int"):
        Visitor.objects.create(id_number=int(LIU))
    with refused(CannotSeal):
        Visitor.objects.create(id_number="\ud800")


# --- ways past save()


@pytest.mark.parametrize(
    "write",
    [
        lambda: Person.objects.update(id_number=WANG),
        lambda: Person.objects.update(diagnosis=WANG),
        lambda: Person.objects.update(diagnosis=F("name")),
        lambda: Person.objects.update(diagnosis=F("id_number")),
        lambda: Person.objects.update(diagnosis=Value(WANG)),
        lambda: Person.objects.update(diagnosis=Upper(Value(WANG))),
        lambda: Person.objects.update(diagnosis=Case(When(name="x", then=Value(WANG)), default=F("name"))),
        lambda: Person.objects.bulk_update([Person(id=uuid.uuid4(), diagnosis=WANG)], ["diagnosis"]),
        lambda: Person.objects.create(name="x", id_number=Value(WANG)),
        lambda: Person.objects.create(name="x", id_number=F("name")),
        lambda: Person.objects.bulk_create(
            [Person(name="x", id_number=WANG)],
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=["id_number"],
        ),
    ],
)
def test_no_other_way_of_writing_reaches_the_column(refused, write):
    row = liu()
    before = raw(row), raw(row, "diagnosis")
    with refused(PlaintextRefused) as refusal:
        write()
    assert (raw(row), raw(row, "diagnosis")) == before
    assert WANG not in str(refusal.value)


def test_update_may_still_empty_a_column_and_change_others():
    row = liu()
    assert Person.objects.update(diagnosis=None, name="王小明") == 1
    assert (again(row).diagnosis, again(row).name, again(row).id_number) == (None, "王小明", LIU)


def test_a_dump_holds_the_token_and_a_load_is_refused(refused, as_an_app):
    row = Visitor.objects.create(id_number=LIU)
    text = serializers.serialize("json", [again(row)])
    assert LIU not in text
    assert raw(row) in text
    [loaded] = serializers.deserialize("json", text)
    with refused(PlaintextRefused, match="loaddata"):
        loaded.save()


# --- ways of comparing


@pytest.mark.parametrize(
    "question",
    [
        lambda: Person.objects.filter(id_number=LIU),
        lambda: Person.objects.filter(id_number=None),
        lambda: Person.objects.exclude(id_number=LIU),
        lambda: Person.objects.filter(Q(name="x") | ~Q(id_number=LIU)),
        lambda: Person.objects.filter(id_number=F("name")),
        lambda: Person.objects.filter(id_number__in=[LIU]),
        lambda: Person.objects.filter(id_number__contains=LIU[:6]),
        lambda: Person.objects.filter(id_number__startswith=LIU[:6]),
        lambda: Person.objects.filter(id_number__gt=LIU),
        lambda: Person.objects.filter(id_number__regex=LIU),
        lambda: Person.objects.filter(id_number__nothing__such=LIU),
        lambda: Person.objects.get_or_create(id_number=LIU),
        lambda: Person.objects.annotate(x=Case(When(id_number=LIU, then=1))),
        lambda: Official.objects.filter(person_ptr__id_number=LIU),
    ],
)
def test_no_lookup_compares_sealed_text_and_the_blind_index_is_named(question):
    with pytest.raises(NotSearchable, match=r"filter\(id_number_index=...\)") as refusal:
        list(question())
    assert LIU not in str(refusal.value)


def test_a_column_without_an_index_says_how_to_get_one():
    with pytest.raises(NotSearchable, match=r'BlindIndexField\(source="diagnosis"\)'):
        Person.objects.filter(diagnosis="肺炎")


def test_a_comparison_built_by_hand_finds_nobody():
    liu()
    assert not Person.objects.filter(Exact(F("id_number"), LIU)).exists()
    assert not Person.objects.filter(name=F("id_number")).exists()


def test_whether_there_is_anything_may_be_asked():
    with_diagnosis, without = liu(), liu(diagnosis=None)
    assert Person.objects.get(diagnosis__isnull=True) == without
    assert Person.objects.get(diagnosis__isnull=False) == with_diagnosis


# --- nothing leaks


def test_values_give_the_wrapper_never_the_text():
    row = liu()
    [(sealed,)] = Person.objects.values_list("id_number")
    assert isinstance(sealed, Sealed)
    assert f"{sealed} {sealed!r}" == "（已加密） （已加密）"
    assert sealed.token == raw(row)
    assert Person.objects.values("id_number").get() == {"id_number": sealed}
    assert len({sealed, Sealed(raw(row))}) == 1


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda row: pickle.loads(pickle.dumps(row))])  # noqa: S301
def test_copies_read_and_write_like_the_original(as_an_app, copied):
    row = again(liu())
    assert row.id_number == LIU
    twin = copied(row)
    assert twin.id_number == LIU
    twin.id_number = WANG
    twin.save()
    assert (row.id_number, again(row).id_number) == (LIU, WANG)


def test_a_pickled_row_holds_no_plaintext_even_after_reading_and_saving():
    row = liu()
    assert again(row).id_number == LIU
    read = again(row)
    assert read.id_number == LIU
    for kept in (row, read):
        assert LIU.encode() not in pickle.dumps(kept)


@pytest.mark.django_db(transaction=True)
def test_a_thousand_canaries_leave_no_trace_in_what_the_database_stores():
    canaries = [f"230702{n:04d}canary{uuid.uuid4().hex}" for n in range(1000)]
    try:
        Person.objects.bulk_create(
            Person(name="x", id_number=text, diagnosis=text[::-1]) for text in canaries
        )
        assert {row.id_number for row in Person.objects.all()} == set(canaries)
        stored = everything_stored(Person)
        assert sum(text in stored or text[::-1] in stored for text in canaries) == 0
        assert stored.count("h1.AES-GCM.1.") >= 2000
    finally:
        Person.objects.all().delete()


def everything_stored(model):
    """Every column as text by raw SQL; on SQLite the bytes of the file and its log as well."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {model._meta.db_table}")  # noqa: S608
        stored = [str(cursor.fetchall())]
    name = str(connection.settings_dict["NAME"])
    stored += [read_apart(path).decode("latin-1") for path in Path(name).parent.glob(f"{Path(name).name}*")]
    return "\n".join(stored)


# --- rotation


def test_an_unchanged_text_keeps_its_token():
    row = again(liu())
    before = raw(row)
    row.save()
    assert row.id_number == LIU
    row.id_number = LIU
    row.save()
    assert raw(row) == before


def test_a_new_key_seals_anew_whatever_is_saved_and_still_reads_the_rest(rotated):
    row, untouched = again(liu()), liu(id_number=WANG)
    rotated()
    row.save()
    assert (raw(row)[:13], raw(untouched)[:13]) == ("h1.AES-GCM.2.", "h1.AES-GCM.1.")
    assert (again(row).id_number, again(untouched).id_number) == (LIU, WANG)


def test_a_dropped_key_is_named_when_its_text_is_read(only_second_key):
    row = liu()
    only_second_key()
    with pytest.raises(CannotOpen, match="密钥第 1 版"):
        _ = again(row).id_number


# --- schema


def test_the_field_comes_back_from_a_migration_as_it_was():
    field = Renamed._meta.get_field("number")
    _, path, args, kwargs = field.deconstruct()
    assert path == "huzhu.db.fields.EncryptedTextField"
    assert EncryptedTextField(*args, **kwargs).deconstruct()[1:] == (path, args, kwargs)
    assert "bound_as=('sealed_tables_visitor', 'id_number')" in MigrationWriter.serialize(field)[0]


def test_a_renamed_column_still_reads_what_was_sealed_under_the_old_name():
    old = Visitor.objects.create(id_number=LIU)
    new = Renamed.objects.create(code=old.pk, number=WANG)
    put_raw(new, raw(old), "number")
    assert again(new).number == LIU


def test_a_sealed_column_joins_a_filled_table_only_if_it_may_be_empty():
    with pytest.raises(PlaintextRefused, match="列的默认值"):
        connection.schema_editor().effective_default(EncryptedTextField(default=""))
    assert connection.schema_editor().effective_default(EncryptedTextField(null=True)) is None


def test_the_system_check_warns_before_the_first_row_is_written():
    found = {error.id for error in Careless.check()}
    assert found >= {"huzhu.db.E001", "huzhu.db.E002", "huzhu.db.E003"}
    assert [Model.check() for Model in (Person, Visitor, Renamed)] == [[], [], []]


def test_the_sealed_column_is_plain_text_to_the_database():
    assert Person._meta.get_field("id_number").db_type(connection) == models.TextField().db_type(connection)
