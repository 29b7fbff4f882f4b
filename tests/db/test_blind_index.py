import pytest
from django.db import connection
from django.db.models import Count, F, OuterRef, Value
from sealed_tables import Person

from huzhu.db.fields import (
    BlindIndexField,
    IndexIsDerived,
    NotSearchable,
    PlaintextRefused,
)
from huzhu.db.keys import cipher
from huzhu.db.sealed import Digest, WrittenApart

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sealed_tables", "first_key")]

LIU, WANG = "230702196803150028", "23070219900101123X"


@pytest.fixture
def liu():
    return Person.objects.create(name="刘女士", id_number=LIU)


@pytest.fixture
def wang():
    return Person.objects.create(name="王小明", id_number=WANG)


def again(row):
    return Person.objects.get(pk=row.pk)


# --- finding


def test_a_person_is_found_by_the_plain_number(liu, wang):
    assert Person.objects.get(id_number_index=LIU) == liu
    assert set(Person.objects.filter(id_number_index__in=[LIU, WANG])) == {liu, wang}
    assert Person.objects.exclude(id_number_index=LIU).get() == wang


def test_the_number_itself_is_not_in_the_query(liu):
    sql, params = Person.objects.filter(id_number_index=LIU).query.sql_with_params()
    assert LIU not in f"{sql} {params}"
    assert params == (cipher().blind_index(LIU, purpose="sealed_tables_person.id_number_index"),)


@pytest.mark.parametrize(
    "spelling", ["23070219900101123x", f" {WANG}\n", "２３０７０２１９９００１０１１２３Ｘ"]
)
def test_spelling_makes_no_difference(wang, spelling):
    assert Person.objects.get(id_number_index=spelling) == wang


def test_the_last_four_find_everyone_who_has_them(liu, wang):
    namesake = Person.objects.create(name="陈复核", id_number=f"110101{LIU[6:]}")
    assert set(Person.objects.filter(id_number_tail="0028")) == {liu, namesake}
    assert Person.objects.get(id_number_tail="123x") == wang
    assert set(Person.objects.filter(id_number_tail=LIU)) == {liu, namesake}


def test_an_empty_number_has_no_index_and_is_not_found():
    row = Person.objects.create(name="赵经办", id_number="  ")
    assert (row.id_number_index, row.id_number_tail) == (None, None)
    assert Person.objects.get(id_number_index__isnull=True) == row
    assert not Person.objects.filter(id_number_index="").exists()
    assert not Person.objects.filter(id_number_index__in=[]).exists()


def test_the_same_number_twice_is_seen_without_being_read(liu):
    Person.objects.create(name="another", id_number=LIU.lower())
    [twice] = Person.objects.values("id_number_index").annotate(n=Count("pk")).filter(n__gt=1)
    assert Person.objects.filter(id_number_index=twice["id_number_index"]).count() == 2


@pytest.mark.parametrize(
    "question",
    [
        lambda: Person.objects.filter(id_number_index__contains=LIU[:6]),
        lambda: Person.objects.filter(id_number_index__iexact=LIU),
        lambda: Person.objects.filter(id_number_index__gt=LIU),
        lambda: Person.objects.filter(id_number_index__in=LIU),
        lambda: Person.objects.filter(id_number_index__in=Person.objects.values("id_number_index")),
        lambda: Person.objects.filter(id_number_index=F("name")),
        lambda: Person.objects.filter(id_number_index=OuterRef("name")),
        lambda: Person.objects.filter(id_number_index=int(LIU)),
        lambda: Person.objects.filter(id_number_index=None),
        lambda: Person.objects.filter(id_number_index__lower=LIU),
    ],
)
def test_no_other_question_is_answered(liu, question):
    with pytest.raises(NotSearchable) as refusal:
        list(question())
    assert LIU not in str(refusal.value)


# --- keeping step


def test_the_index_follows_the_number(liu):
    liu.id_number = WANG
    liu.save()
    assert Person.objects.get(id_number_index=WANG) == liu
    assert not Person.objects.filter(id_number_index=LIU).exists()
    assert not Person.objects.filter(id_number_tail=LIU).exists()


def test_bulk_create_fills_the_index():
    Person.objects.bulk_create([Person(name="a", id_number=LIU), Person(name="b", id_number=WANG)])
    assert Person.objects.get(id_number_index=WANG).name == "b"


@pytest.mark.parametrize(
    "named",
    [
        ["id_number"],
        ["id_number_index"],
        ["id_number", "id_number_index"],
        ["id_number", "id_number_tail"],
        ["name", "id_number_tail"],
    ],
)
def test_the_number_and_its_indexes_are_never_saved_apart(refused, liu, named):
    liu.id_number = WANG
    with refused(WrittenApart, match=r"save\(update_fields=\['id_number', 'id_number_index', ") as refusal:
        liu.save(update_fields=named)
    assert WANG not in str(refusal.value)
    assert again(liu).id_number == LIU


def test_all_of_them_together_may_be_saved_alone(liu):
    liu.id_number, liu.name = WANG, "not written"
    liu.save(update_fields=["id_number", "id_number_index", "id_number_tail"])
    assert Person.objects.get(id_number_index=WANG).name == "刘女士"


def test_a_row_fetched_without_its_index_cannot_save_its_number(refused, liu):
    for partial in (Person.objects.only("id_number"), Person.objects.defer("id_number_index")):
        row = partial.get()
        row.id_number = WANG
        with refused(WrittenApart, match="一起取出"):
            row.save()
    row = Person.objects.only("name").get()
    row.name = "刘女士（改名）"
    row.save()
    assert Person.objects.get(id_number_index=LIU).name == "刘女士（改名）"


@pytest.mark.parametrize(
    ("write", "refusal"),
    [
        (lambda: Person(name="x", id_number=LIU, id_number_index=LIU), IndexIsDerived),
        (lambda: Person.objects.update(id_number_index=LIU), IndexIsDerived),
        (lambda: Person.objects.update(id_number_index=None), WrittenApart),
        (lambda: Person.objects.update(id_number_index=Digest("1.00")), WrittenApart),
        (lambda: Person.objects.update(id_number_index=F("name")), IndexIsDerived),
        (lambda: Person.objects.update(id_number_index=Value("1.00")), IndexIsDerived),
        (lambda: Person.objects.bulk_update(Person.objects.all(), ["id_number_index"]), IndexIsDerived),
        (lambda: Person.objects.bulk_update(Person.objects.all(), ["id_number"]), PlaintextRefused),
        (
            lambda: Person.objects.bulk_create(
                [Person(name="x", id_number=LIU)],
                update_conflicts=True,
                unique_fields=["id"],
                update_fields=["id_number_index"],
            ),
            IndexIsDerived,
        ),
    ],
)
def test_nobody_writes_an_index_by_hand(refused, liu, write, refusal):
    before = again(liu).id_number_index
    with refused(refusal) as said:
        write()
    assert LIU not in str(said.value)
    assert again(liu).id_number_index == before


def test_assigning_an_index_names_the_column_to_assign(liu):
    with pytest.raises(IndexIsDerived, match="给 id_number 赋值"):
        liu.id_number_index = "1.00"


# --- keys


def test_while_keys_rotate_old_and_new_rows_are_found_together(liu, rotated):
    rotated()
    newer = Person.objects.create(name="newer", id_number=LIU)
    assert set(Person.objects.filter(id_number_index=LIU)) == {liu, newer}
    assert (again(liu).id_number_index[:2], newer.id_number_index[:2]) == ("1.", "2.")


def test_saving_a_row_moves_its_index_to_the_newest_key(liu, rotated, only_second_key):
    rotated()
    again(liu).save()
    only_second_key()
    assert Person.objects.get(id_number_index=LIU).id_number == LIU


def test_another_key_finds_nobody(liu, wrong_key):
    wrong_key()
    assert not Person.objects.filter(id_number_index=LIU).exists()


# --- schema


def test_the_field_comes_back_from_a_migration_as_it_was():
    _, path, args, kwargs = Person._meta.get_field("id_number_tail").deconstruct()
    assert path == "huzhu.db.fields.BlindIndexField"
    assert kwargs == {
        "verbose_name": "身份证号末四位索引",
        "source": "id_number",
        "part": "last4",
        "db_index": True,
    }
    assert BlindIndexField(*args, **kwargs).deconstruct()[1:] == (path, args, kwargs)


def test_the_column_has_an_index_and_the_sealed_one_has_none():
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, Person._meta.db_table)
    indexed = {tuple(each["columns"]) for each in found.values() if each["index"]}
    assert ("id_number_index",) in indexed
    assert ("id_number",) not in indexed


def test_only_the_whole_or_the_last_four_can_be_indexed():
    with pytest.raises(ValueError, match="last4"):
        BlindIndexField(source="id_number", part="first6")
