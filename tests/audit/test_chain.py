"""Whoever gets past the guards is still found: every kind of tampering, at random places."""

# ruff: noqa: S608  these tests play the person who gets at the database
import json
from collections.abc import Callable
from datetime import timedelta
from random import Random
from threading import Event as Signal
from threading import Thread
from time import monotonic

import pytest
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from factories.at_once import PATIENCE, joined
from factories.audit import NOON, an_event
from huzhu.audit import chain, queries, services
from huzhu.audit.models import Event, Seal
from huzhu.audit.queries import anchor, broken_links
from huzhu.audit.services import seal
from huzhu.worktime.models import CalendarDay

pytestmark = pytest.mark.django_db
POSTGRES = connection.vendor == "postgresql"
DAY = CalendarDay(day=NOON.date(), is_working=True)
ROUNDS = 40


def sql(statement: str, *values: object) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.rowcount


def lift_guards() -> None:
    """What somebody with the owner's rights can do."""
    for table in ("audit_event", "audit_seal"):
        if POSTGRES:
            sql(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
            continue
        for act in ("update", "delete", "insert"):
            sql(f"DROP TRIGGER IF EXISTS {table}_append_only_{act}")


def a_chain() -> None:
    """Twelve events in four seals, numbered in tens, as rolled-back work leaves gaps."""
    for number in range(1, 13):
        Event.objects.create(
            pk=number * 10, at=NOON + timedelta(minutes=number), kind="change", actor_id=f"user:{number}",
            actor_name="张审核", verb="claims.decide", object_type="claims.claim", object_id=str(number),
            object_name=f"申请{number}", detail={"fen": number, "words": ["给付", None, True]},
        )  # fmt: skip
        if number % 3 == 0:
            Seal.objects.create(**_next_seal(number))


def _next_seal(number: int) -> dict[str, object]:
    before = Seal.objects.order_by("upto").last()
    link = Seal(upto=number * 10, sealed_at=NOON + timedelta(hours=number))
    digest = chain.digest(before.digest if before else chain.START, link, chain.events_of(link, before))
    return {"pk": number * 10, "upto": link.upto, "sealed_at": link.sealed_at, "digest": digest}


# ── seven kinds of tampering, and two that only an anchor finds ─────────────────────────────────────


def change_an_event(random: Random) -> None:
    column, value = random.choice(
        [
            ("verb", "claims.refuse"),
            ("actor_id", "user:99"),
            ("actor_name", "别人"),
            ("kind", "read"),
            ("object_type", "claims.other"),
            ("object_id", "99"),
            ("object_name", "别的"),
            ("at", NOON - timedelta(days=1)),
            ("detail", json.dumps({"fen": 1.5})),
            ("detail", "{}"),
        ]
    )
    assert sql(f"UPDATE audit_event SET {column} = %s WHERE id = %s", value, random.randint(1, 12) * 10) == 1


def delete_an_event(random: Random) -> None:
    assert sql("DELETE FROM audit_event WHERE id = %s", random.randint(1, 12) * 10) == 1


def insert_an_event(random: Random) -> None:
    number = random.choice([random.randint(0, 11) * 10 + random.randint(1, 9), 0, -5])
    columns = "at, kind, actor_id, actor_name, verb, object_type, object_id, object_name, detail"
    source = random.randint(1, 12) * 10
    insert = f"INSERT INTO audit_event (id, {columns}) SELECT %s, {columns} FROM audit_event WHERE id = %s"
    assert sql(insert, number, source) == 1


def swap_two_events(random: Random) -> None:
    one, other = (number * 10 for number in random.sample(range(1, 13), 2))
    for old, new in ((one, 9999), (other, one), (9999, other)):
        assert sql("UPDATE audit_event SET id = %s WHERE id = %s", new, old) == 1


def change_a_seal(random: Random) -> None:
    column, value = random.choice(
        [("digest", "f" * 64), ("sealed_at", NOON - timedelta(days=1)), ("upto", "upto - 1")]
    )
    place = random.randint(1, 4) * 30
    if column == "upto":
        assert sql("UPDATE audit_seal SET upto = upto - 1 WHERE upto = %s", place) == 1
    else:
        assert sql(f"UPDATE audit_seal SET {column} = %s WHERE upto = %s", value, place) == 1


def delete_a_seal(random: Random) -> None:
    assert sql("DELETE FROM audit_seal WHERE upto = %s", random.randint(1, 3) * 30) == 1


def insert_a_seal(random: Random) -> None:
    sql(
        "INSERT INTO audit_seal (id, upto, digest, sealed_at) VALUES (999, %s, %s, %s)",
        random.randint(0, 11) * 10 + 5, "e" * 64, NOON,
    )  # fmt: skip


def cut_the_tail(random: Random) -> None:
    last = random.randint(0, 3) * 30
    sql("DELETE FROM audit_seal WHERE upto > %s", last)
    sql("DELETE FROM audit_event WHERE id > %s", last)


def redo_the_chain(random: Random) -> None:
    change_an_event(random)
    sql("DELETE FROM audit_seal")
    for number in (3, 6, 9, 12):
        Seal.objects.create(**_next_seal(number))


SEEN = [
    change_an_event,
    delete_an_event,
    insert_an_event,
    swap_two_events,
    change_a_seal,
    delete_a_seal,
    insert_a_seal,
]
SEEN_BY_THE_ANCHOR = [cut_the_tail, redo_the_chain]


def tampered(way: Callable[[Random], None], random: Random) -> tuple[list[str], list[str]]:
    """What is found of one tampering, without and with the anchor that was kept outside."""
    with transaction.atomic():
        a_chain()
        kept = anchor()
        assert broken_links([kept]) == []
        lift_guards()
        way(random)
        found = broken_links(), broken_links([kept])
        transaction.set_rollback(True)
    return found


@pytest.mark.parametrize("way", SEEN)
@settings(max_examples=ROUNDS)
@given(random=st.randoms(use_true_random=False))
def test_every_tampering_is_found_from_the_database_alone(way, random):
    found, _ = tampered(way, random)
    assert found
    assert "请从备份核对" in found[0]


@pytest.mark.parametrize("way", SEEN_BY_THE_ANCHOR)
@settings(max_examples=ROUNDS)
@given(random=st.randoms(use_true_random=False))
def test_a_cut_tail_and_a_redone_chain_are_found_by_the_anchor_alone(way, random):
    found, by_anchor = tampered(way, random)
    assert found == []
    assert len(by_anchor) == 1


def test_a_detail_that_cannot_even_be_read_is_found_and_the_rest_still_checked():
    a_chain()
    lift_guards()
    if POSTGRES:  # which holds well-formed JSON only
        sql("UPDATE audit_event SET detail = '[1e400]' WHERE id = 20")
    else:
        sql("PRAGMA ignore_check_constraints = ON")
        sql("UPDATE audit_event SET detail = 'nonsense' WHERE id = 20")
        sql("PRAGMA ignore_check_constraints = OFF")
    sql("UPDATE audit_event SET verb = 'x' WHERE id = 80")
    assert [link.split("条")[0] for link in broken_links()] == ["第 1 至 30 ", "第 61 至 90 "]


# ── sealing ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_seal_takes_what_is_new_and_nothing_twice():
    assert seal(at=NOON) is None
    first = an_event(DAY)
    assert seal(at=NOON).upto == first.pk
    assert seal(at=NOON) is None
    last = [an_event(DAY) for _ in range(3)][-1]
    assert seal(at=NOON).upto == last.pk
    assert broken_links() == []


def test_the_anchor_names_the_last_seal_and_old_anchors_stay_good():
    empty = anchor()
    an_event(DAY)
    one = seal(at=NOON)
    first = anchor()
    assert first == f"huzhu-anchor/1 {one.upto} {one.digest}"
    an_event(DAY)
    seal(at=NOON)
    assert broken_links([empty, first, anchor() + "\n"]) == []
    assert "不是审计锚点" in broken_links(["what is this"])[0]


def test_the_digest_of_a_known_chain_never_changes():
    a_chain()
    digests = list(Seal.objects.order_by("upto").values_list("digest", flat=True))
    assert digests[0] == "51ca890175db792fed4934b8eef688c3b703af4ea73876dab0e1e5c5f3aac5b7"
    assert len(set(digests)) == 4


@pytest.mark.django_db(transaction=True)
def test_events_written_while_the_sealer_works_are_all_sealed_once():
    def write(fails: bool) -> None:
        try:
            for number in range(15):
                with transaction.atomic():
                    an_event(DAY, number=number)
                    transaction.set_rollback(fails and number % 3 == 0)
        finally:
            connection.close()

    threads = [Thread(target=write, args=[fails], daemon=True) for fails in (False, True, True)]
    for thread in threads:
        thread.start()
    end = monotonic() + PATIENCE
    while any(thread.is_alive() for thread in threads):
        assert monotonic() < end, "the writers never came through"
        seal(at=NOON)
    seal(at=NOON)
    assert Event.objects.count() == 15 + 10 + 10
    assert Seal.objects.order_by("upto").last().upto == Event.objects.order_by("pk").last().pk
    assert broken_links() == []


def _with_one_still_writing(work: Callable[[], None]) -> None:
    """Do the work while another connection has written an event and not yet committed it."""
    written, go_on = Signal(), Signal()

    def write() -> None:
        try:
            with transaction.atomic():
                an_event(DAY, verb="slow")
                written.set()
                go_on.wait(20)
        finally:
            connection.close()

    thread = Thread(target=write, daemon=True)
    thread.start()
    assert written.wait(20)
    with transaction.atomic():
        an_event(DAY, verb="quick")  # a higher number, committed first
    try:
        work()
    finally:
        go_on.set()
        joined([thread])


only_postgres = pytest.mark.skipif(not POSTGRES, reason="SQLite writes one transaction after the other")


@only_postgres
@pytest.mark.django_db(transaction=True)
def test_the_sealer_leaves_events_alone_while_a_lower_number_is_still_being_written(monkeypatch):
    monkeypatch.setattr(services, "PATIENCE_MS", 100)
    _with_one_still_writing(lambda: Seal.objects.count() == 0 and seal(at=NOON) and pytest.fail("sealed"))
    seal(at=NOON)
    assert [event.verb for event in queries.trail_of(DAY)] == ["slow", "quick"]
    assert broken_links() == []


@only_postgres
@pytest.mark.django_db(transaction=True)
def test_without_waiting_an_honest_event_would_look_like_tampering(monkeypatch):
    monkeypatch.setattr(services, "_alone", lambda: None)
    _with_one_still_writing(lambda: seal(at=NOON))
    assert len(broken_links()) == 1
