"""Rows written past the mapper are the rows that the mapper would have written, and nothing slips in that it would refuse."""

import json
import uuid
from datetime import UTC, date, datetime

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import CharField, OuterRef
from sealed_tables import Person

from factories.enrolment import an_enrolment
from factories.members import a_member
from factories.organisations import a_city
from factories.schemes import the_inpatient_scheme
from factories.statements import sent
from huzhu.adjudication import totals
from huzhu.adjudication.models import RunningTotal
from huzhu.audit.models import Event
from huzhu.core.ciphers import CannotOpen
from huzhu.db import rows
from huzhu.db.asked import Asked, NextKey, Rows
from huzhu.db.fields import PlaintextRefused
from huzhu.db.rows import Change, NoRow, composed, insert, ready, write, write_each
from huzhu.enrolment.models import Enrolment
from huzhu.organisations.models import Organisation

pytestmark = pytest.mark.django_db
NOON = datetime(2022, 7, 13, 4, 30, 15, 123456, tzinfo=UTC)
LIU = "230702196803150028"
EVENT = {
    "at": NOON,
    "kind": Event.Kind.READ,
    "actor_id": "user:1",
    "actor_name": "孙县工会",
    "verb": "x.y",
    "object_type": "a.b",
    "object_id": "7",
    "object_name": "甲'; --",
    "detail": {"甲": [1, True, None, {"b": "％s %s"}]},
}


def covered() -> Enrolment:
    return an_enrolment(a_member(), the_inpatient_scheme())


@pytest.mark.usefixtures("sealed_tables", "first_key")
class TestSealed:
    def person(self, **changes):
        row = {"id": uuid.uuid4(), "name": "刘女士", "id_number": LIU, "diagnosis": None} | changes
        insert(Person, list(row), [list(row.values())])
        return Person.objects.get(pk=row["id"])

    def test_a_sealed_row_is_found_and_opened_like_any_other(self):
        made, other = self.person(), Person.objects.create(name="刘女士", id_number=LIU)
        assert (made.id_number, made.diagnosis) == (LIU, None)
        assert set(Person.objects.filter(id_number_index=LIU, id_number_tail="0028")) == {made, other}
        assert made.id_number_index == other.id_number_index

    def test_it_is_sealed_to_its_row(self):
        made, other = self.person(), self.person()
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, id_number FROM sealed_tables_person")
            tokens = {str(uuid.UUID(str(key))): token for key, token in cursor.fetchall()}
        field = Person._meta.get_field("id_number")
        held = type("Held", (), {"token": tokens[str(made.pk)]})
        assert field.text_in(held, made.pk) == LIU
        with pytest.raises(CannotOpen):
            field.text_in(held, other.pk)

    def test_instances_made_ready_beforehand_are_the_rows_the_mapper_writes(self):
        Person.objects.create(name="刘女士", id_number=LIU)
        made = Person(name="刘女士", id_number=LIU)
        rows = ready(Person, [made])
        assert Person.objects.count() == 1
        write(rows)
        one, other = Person.objects.filter(id_number_index=LIU, id_number_tail="0028")
        assert {one.pk, other.pk} > {made.pk}
        assert (one.id_number, one.name, one.diagnosis) == (other.id_number, other.name, other.diagnosis)

    def test_what_cannot_be_sealed_is_refused(self):
        with pytest.raises(NoRow):
            insert(Person, ("name", "id_number"), [("刘女士", LIU)])
        with pytest.raises(PlaintextRefused):
            self.person(id_number=230702)
        assert not Person.objects.exists()


def test_every_kind_of_value_comes_back_as_from_the_mapper():
    Event.objects.create(**EVENT)
    insert(Event, list(EVENT), [list(EVENT.values())])
    one, other = Event.objects.order_by("pk").values(*EVENT)
    assert one == other
    assert one["detail"] == EVENT["detail"]


def test_an_event_made_ready_is_the_event_of_the_mapper():
    Event.objects.create(**EVENT)
    write(ready(Event, [Event(**EVENT), Event(**EVENT)]))
    one, *others = Event.objects.order_by("pk").values(*EVENT)
    assert others == [one, one]
    write(ready(Event, []))
    assert Event.objects.count() == 3


HOSTILE = ("\\N", "\\.", "a\tb\nc\rd\\", "\\\\t", '"', "", " ", "%s %%", "\x1f\u2028", "𠮷")


@pytest.fixture
def _copied(monkeypatch):
    """So few rows as well."""
    monkeypatch.setattr(rows, "COPIED", 1)


@pytest.mark.usefixtures("_copied")
@pytest.mark.parametrize("text", HOSTILE)
def test_what_separates_rows_and_columns_is_text_like_any_other(text):
    row = EVENT | {"actor_name": text, "object_name": text, "detail": {text: [text]}}
    insert(Event, list(row), [list(row.values()), list(EVENT.values())])
    one, other = Event.objects.order_by("pk").values(*EVENT)
    assert (one, other) == (row, EVENT)


def test_a_hundred_rows_and_how_many_they_were():
    assert insert(Event, list(EVENT), [list(EVENT.values())] * 100) == 100
    assert all(one == EVENT for one in Event.objects.values(*EVENT))


def test_who_watches_statements_sees_rows_go_in():
    with sent() as seen:
        insert(Event, list(EVENT), [list(EVENT.values())] * 30)
    assert len(seen) == 1
    assert "audit_event" in seen[0]


@pytest.mark.parametrize("copied", [1, 20])
def test_dates_keys_and_defaults_come_back_as_from_the_mapper(monkeypatch, copied):
    monkeypatch.setattr(rows, "COPIED", copied)
    held = covered()
    names = ("id", "member", "edition", "scheme_slug", "employer", "cover_starts_on", "cover_ends_on")
    days = date(2023, 2, 1), date(2024, 2, 1)
    row = (uuid.uuid4(), held.member_id, held.edition_id, held.scheme_slug, held.employer_id, *days)
    insert(Enrolment, (*names, "covered_since_on"), [(*row, days[0])])
    made = Enrolment.objects.get(pk=row[0])
    assert (made.member, made.cover_starts_on, made.cover_ends_on) == (held.member, *days)
    assert (made.state, made.shares, made.certificate_no, made.print_count) == ("awaiting", 1, None, 0)


def test_none_is_nothing_and_a_strange_column_is_refused():
    insert(Event, list(EVENT), [])
    assert not Event.objects.exists()
    with pytest.raises(TypeError, match="没有这些列：verbs"):
        insert(Event, (*EVENT, "verbs"), [(*EVENT.values(), "")])


@pytest.mark.parametrize("copied", [1, 20])
def test_constraints_hold(monkeypatch, copied):
    monkeypatch.setattr(rows, "COPIED", copied)
    held = covered()
    row = {f.name: getattr(held, f.attname) for f in Enrolment._meta.local_concrete_fields}
    row |= {"id": uuid.uuid4(), "certificate_no": None, "verify_token": None}
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(Enrolment, list(row), [list(row.values())])
    assert Enrolment.objects.count() == 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite keeps no lengths")
@pytest.mark.parametrize("count", [1, 30])
def test_a_text_that_is_too_long_is_refused_and_not_cut(count):
    with pytest.raises(DataError), transaction.atomic():
        insert(Event, list(EVENT), [list((EVENT | {"verb": "x" * 61}).values())] * count)


def composed_cover(**changes):
    """A cover as one that is there, under another key."""
    held = covered()
    row = {f.name: getattr(held, f.attname) for f in Enrolment._meta.local_concrete_fields}
    row |= {
        "id": uuid.uuid4(),
        "certificate_no": None,
        "verify_token": None,
        "cover_starts_on": date(2020, 1, 1),
    }
    row |= {"state": "awaiting", **changes}
    return row["id"], composed(Enrolment, list(row), [list(row.values())])


@pytest.mark.parametrize(("count", "statements"), [(1, 1), (3, 1), (30, 3)])
def test_rows_of_several_tables_go_in_together(count, statements):
    for _ in range(2):  # SQLite's connection makes the view for it at first
        (key, cover), member = composed_cover(), covered().member
        acts = composed(Event, list(EVENT), [list(EVENT.values())] * count)
        about = insured_total(member, 500)
        with sent() as seen:
            write_each([cover, composed(Event, list(EVENT), []), acts, about])
        assert Enrolment.objects.filter(pk=key).exists()
    assert len(seen) == statements
    assert [one == EVENT for one in Event.objects.values(*EVENT)] == [True] * 2 * count
    write_each([insured_total(member, 200), composed(Event, list(EVENT), [list(EVENT.values())])])
    assert RunningTotal.objects.get(member=member).used_fen == 700


def insured_total(member, fen, or_else=totals.ADD):
    row = [member.pk, "harbin-80", date(2022, 1, 28), "inpatient", 1_000, fen, 1]
    return composed(RunningTotal, totals.COLUMNS, [row], or_else=or_else)


def test_of_rows_that_go_in_together_all_do_or_none():
    _, cover = composed_cover(state="in_force")  # without a certificate
    acts = composed(Event, list(EVENT), [list(EVENT.values())])
    with pytest.raises(IntegrityError), transaction.atomic():
        write_each([acts, cover])
    with pytest.raises(IntegrityError), transaction.atomic():
        write_each([acts, insured_total(Enrolment.objects.get().member, 1_001)])
    assert not Event.objects.exists()
    assert Enrolment.objects.count() == 1


@pytest.mark.parametrize("count", [0, 1, 3, 30])
def test_what_follows_a_first_is_written_only_if_that_was(count):
    one = covered()
    acts = composed(Event, list(EVENT), [list(EVENT.values())] * count)
    stale = Change(one, {"state": "awaiting"}, {"state": "void"})
    assert one.state == "in_force"
    assert not write_each([acts], first=stale)
    about = insured_total(one.member, 500)
    assert write_each([about])
    there = insured_total(one.member, 500, or_else=" ON CONFLICT DO NOTHING")
    assert not write_each([acts], first=there)
    assert not Event.objects.exists()
    fresh = Change(one, {"state": "in_force"}, {"state": "void", "cover_ends_on": date(2022, 7, 13)})
    assert write_each([acts], first=fresh)
    one.refresh_from_db()
    assert (one.state, one.cover_ends_on, Event.objects.count()) == ("void", date(2022, 7, 13), count)
    RunningTotal.objects.all().delete()
    assert write_each([acts], first=there)
    assert (RunningTotal.objects.count(), Event.objects.count()) == (1, 2 * count)


def test_a_first_and_what_follows_are_one_statement():
    one = covered()
    acts = composed(Event, list(EVENT), [list(EVENT.values())] * 3)
    for _ in range(2):
        with sent() as seen:
            write_each([acts, insured_total(one.member, 1)], first=Change(one, {}, {"state": "void"}))
    assert len(seen) == 1


@pytest.mark.parametrize("text", HOSTILE)
def test_of_what_goes_in_together_every_text_is_as_it_was(text):
    row = EVENT | {"actor_name": text, "object_name": text, "detail": {text: [text, None, 2**53 + 1, True]}}
    for count in (1, 3):
        acts = composed(Event, list(row), [list(row.values())] * count)
        write_each([acts, insured_total(covered().member, 1)])
    assert list(Event.objects.values(*EVENT)) == [row] * 4


def test_a_text_with_a_nul_is_refused_and_not_cut():
    acts = composed(Event, list(EVENT), [list((EVENT | {"object_name": "a\x00b"}).values())] * 2)
    with pytest.raises(DataError), transaction.atomic():
        write_each([acts, insured_total(covered().member, 1)])
    assert not Event.objects.exists()


def test_what_a_rollback_took_away_is_made_again():
    one, acts = covered(), composed(Event, list(EVENT), [list(EVENT.values())] * 2)
    for turn in range(3):
        with transaction.atomic():
            assert write_each([acts], first=Change(one, {"state": "in_force"}, {"state": "void"}))
            assert not write_each([acts], first=Change(one, {"state": "in_force"}, {"state": "void"}))
            assert Event.objects.count() == 2
            transaction.set_rollback(turn < 2)
    assert Event.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_table_is_rebuilt_after_rows_went_in_together():
    write_each([composed(Event, list(EVENT), [list(EVENT.values())]), insured_total(covered().member, 1)])
    field = RunningTotal._meta.get_field("benefit")
    other = CharField("项目", max_length=120, name="benefit")
    other.set_attributes_from_name("benefit")
    for before, after in ((field, other), (other, field)):
        with connection.schema_editor() as editor:
            editor.alter_field(RunningTotal, before, after)
    assert RunningTotal.objects.get().used_fen == 1


def test_the_rows_of_another_question_stand_in_one_column():
    one, none = covered(), covered()
    insured = RunningTotal.objects.filter(member=OuterRef("member")).order_by("-benefit")
    columns = "scheme_slug", "cover_starts_on", "benefit", "cap_fen", "used_fen"
    asked = Asked(
        lambda key: Enrolment.objects.filter(pk=key).values_list("pk", Rows(insured.values_list(*columns)))
    )
    assert asked(one.pk) == [(one.pk, "[]")]
    said = {
        "member": one.member,
        "scheme_slug": "harbin-80",
        "cover_starts_on": date(2022, 1, 28),
        "used_fen": 9_007_199_254_740_993,
    }
    for benefit in ("inpatient", "甲\"'\n"):
        RunningTotal.objects.create(**said, benefit=benefit, claims_count=1)
    [(_, text)] = asked(one.pk)
    there = ["harbin-80", "2022-01-28"]
    assert json.loads(text) == [
        [*there, "甲\"'\n", None, 9_007_199_254_740_993],
        [*there, "inpatient", None, 9_007_199_254_740_993],
    ]
    assert asked(none.pk) == [(none.pk, "[]")]


def test_a_row_may_bring_the_number_that_the_database_would_give():
    before = a_city()
    asked = Asked(lambda key: Enrolment.objects.filter(pk=key).values_list(NextKey(Organisation)))
    for turn in range(3):
        [(number,)] = asked(covered().pk)
        made = Organisation(
            pk=number, kind="county", name=f"区{turn}", code=f"X{turn}", path=f"/x{turn}/", parent=before
        )
        write_each([ready(Organisation, [made])])
        assert before.pk < Organisation.objects.get(name=f"区{turn}").pk == number < a_city().pk


@pytest.mark.usefixtures("sealed_tables", "first_key")
def test_a_question_is_asked_by_blind_index_and_a_sealed_column_is_not_changed_past_its_gate():
    insert(Person, ["id", "name", "id_number"], [[uuid.uuid4(), "刘女士", LIU]])
    field = Person._meta.get_field("id_number_index")
    asked = Asked(lambda *wanted: Person.objects.filter(id_number_index__in=wanted).values_list("name"))
    assert asked(*field.wanted([LIU])) == [("刘女士",)]
    assert asked(*field.wanted([LIU[:-1] + "6", LIU])) == [("刘女士",)]
    assert asked(*field.wanted([LIU[:-1] + "6"])) == []
    with pytest.raises(PlaintextRefused):
        write_each([], first=Change(Person.objects.get(), {}, {"id_number": "230702196803150036"}))


def test_a_question_composed_once_answers_for_every_key():
    first, second = covered(), covered()
    composed = []

    def compose(member):
        composed.append(member)
        rows = Enrolment.objects.filter(member=member, cover_ends_on__gt=date(2000, 1, 1))
        return rows.values_list("pk", "member", "cover_starts_on", "edition__slug")

    asked = Asked(compose)
    for one in (first, second, first):
        assert asked(one.member_id) == list(compose(one.member_id))
    assert asked(uuid.uuid4()) == []
    assert len(composed) == 4  # once for itself, three times for us
    with pytest.raises(TypeError):
        asked()


def test_a_key_that_is_not_in_the_statement_is_refused():
    a_city()
    with pytest.raises(TypeError):
        Asked(lambda _: Organisation.objects.values_list("pk"))(uuid.uuid4())
