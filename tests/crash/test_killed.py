"""Workers killed at any moment while they approve, batch, send and take in replies: nothing is paid twice, and nothing is lost.

Every death is a real SIGKILL of a child forked from this process. Where it falls is drawn from a seed, which is printed:
`CRASH_SEED=… ./test tests/crash` falls at the same statements again.
"""

import asyncio
import os
import random

import pytest
from django.db import connection, connections

from factories.crashing import KILLED, WELL, Office, die, forked, wrongs
from huzhu.bank import sealing
from huzhu.payouts import answering, bankfile, services
from huzhu.payouts.models import Payout, PayoutBatch

pytestmark = pytest.mark.django_db(transaction=True)
SEED = os.environ.get("CRASH_SEED") or str(random.randrange(10**9))  # noqa: S311  where to fall, no secret
# before and after each statement of a claim's walk from decision to reply, and a little beyond
POINTS = 220


@pytest.fixture
def office(settings, tmp_path) -> Office:
    settings.VAR_DIR = tmp_path
    return Office()


def killed(office: Office, kills: int) -> None:
    """Two workers at the same claims, until so many have died; after each round what must hold, then the rest of the work."""
    print(f"CRASH_SEED={SEED}")
    seed = random.Random(SEED)  # noqa: S311
    deaths = rounds = 0
    while deaths < kills:
        rounds += 1
        office.takes(1)
        fuses = (seed.randint(1, POINTS), seed.randint(1, 2 * POINTS))
        ends = forked(office.works, *fuses)
        assert set(ends) <= {KILLED, WELL}
        deaths += ends.count(KILLED)
        assert wrongs() == [], f"CRASH_SEED={SEED}, round {rounds}, fuses {fuses}"
        office.works()
        assert wrongs() == []
        assert set(Payout.objects.values_list("state", flat=True)) == {"paid"}
        assert Payout.objects.count() == office.count
    print(f"{deaths} killed in {rounds} rounds")


def test_nothing_is_lost_or_paid_twice_whoever_is_killed(office):
    killed(office, 50)


@pytest.mark.long
def test_two_hundred_and_fifty_are_killed(office):
    killed(office, 250)


@pytest.mark.long
def test_every_point_of_the_walk_is_survived(office):
    """One worker is killed at each point, one after the other, until one gets through."""
    end, point = KILLED, 0
    while end == KILLED:
        point += 1
        office.takes(1)
        [end] = forked(office.works, point)
        assert wrongs() == [], f"at point {point}"
        office.works()
        assert wrongs() == [], f"after point {point}"
    print(f"{point - 1} points")
    assert set(Payout.objects.values_list("state", flat=True)) == {"paid"}
    assert point > POINTS // 2


# ── what the harness must catch ─────────────────────────────────────────────────────────────────────


def half_way(*_) -> None:
    """A transaction commits in its middle, and whoever was at it dies."""
    with connection.cursor() as cursor:
        cursor.execute("COMMIT")
        die()
        cursor.execute("BEGIN")


def before(what, name, act, monkeypatch) -> None:
    """Something happens before a verb does."""
    was = getattr(what, name)

    def seeded(*args, **more):
        act(*args)
        return was(*args, **more)

    monkeypatch.setattr(what, name, seeded)


def after(what, name, act, monkeypatch) -> None:
    """Something happens after a verb has."""
    was = getattr(what, name)

    def seeded(*args, **more):
        done = was(*args, **more)
        act(*args)
        return done

    monkeypatch.setattr(what, name, seeded)


def batch_made_before_its_payouts(monkeypatch) -> None:
    before(services, "_lay_in", half_way, monkeypatch)


def released_before_its_payouts_are_sent(monkeypatch) -> None:
    after(PayoutBatch, "save", half_way, monkeypatch)
    monkeypatch.setattr(PayoutBatch.objects, "create", _inserted)


def file_before_its_hash(monkeypatch) -> None:
    def written(batch) -> None:
        sealing.keep(bankfile.seal_of(batch), bankfile.render(batch))
        die()

    before(PayoutBatch, "save", written, monkeypatch)
    monkeypatch.setattr(PayoutBatch.objects, "create", _inserted)


def _inserted(**columns) -> PayoutBatch:
    """A batch that is made does not pass by what is seeded into its release."""
    return PayoutBatch.objects.bulk_create([PayoutBatch(**columns)])[0]


def scheduled_in_two_steps(monkeypatch) -> None:
    after(services.ledger, "post_many", half_way, monkeypatch)


def reply_in_two_steps(monkeypatch) -> None:
    before(answering.claims, "arrived", half_way, monkeypatch)


def sent_again_after_a_crash(monkeypatch) -> None:
    """Whoever finds a batch at the bank without an answer lays its payouts into a new one."""
    before(services, "apply_reply", lambda *_: die(), monkeypatch)
    was = Office.works

    def naive(office: Office) -> None:
        for batch in PayoutBatch.objects.filter(state="released"):
            batch.payouts.update(state="scheduled", batch=None, line=None)
            PayoutBatch.objects.filter(pk=batch.pk).update(state="void", sha256="", sent_back_reason="再发")
        was(office)

    monkeypatch.setattr(Office, "works", naive)


SEEDED = (
    batch_made_before_its_payouts,
    released_before_its_payouts_are_sent,
    file_before_its_hash,
    scheduled_in_two_steps,
    reply_in_two_steps,
    sent_again_after_a_crash,
)


@pytest.mark.parametrize("bug", SEEDED)
def test_a_seeded_bug_is_caught(office, monkeypatch, bug):
    """Killed where the bug leaves a door open, the same invariants as everywhere else find it."""
    office.takes(1)
    with monkeypatch.context() as patched:
        bug(patched)
        assert forked(office.works, 10**6) == [KILLED]
        found = wrongs()
        if bug is sent_again_after_a_crash:
            office.works()
            found = wrongs()
    print(f"{bug.__name__}: {found[:2]}")
    assert found


def test_a_child_that_would_speak_on_its_parents_line_does_not_begin(monkeypatch):
    """Beside Playwright's loop a parent cannot see, and so not close, the connection it had before; its child can."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    before, loop = asyncio._get_running_loop(), asyncio.new_event_loop()
    asyncio._set_running_loop(None)
    connection.ensure_connection()
    asyncio._set_running_loop(loop)
    try:
        assert forked(lambda: None, 10**6) == [3]
    finally:
        connections.close_all()
        asyncio._set_running_loop(None)
        loop.close()
        connections.close_all()
        asyncio._set_running_loop(before)


def test_without_a_bug_the_same_deaths_leave_nothing_wrong(office, monkeypatch):
    """The other half of the proof: the harness does not complain of death itself."""
    doors = ((services, "_lay_in"), (services.ledger, "post_many"), (answering.claims, "arrived"))
    for what, name in doors:
        office.takes(1)
        with monkeypatch.context() as patched:
            before(what, name, lambda *_: die(), patched)
            assert forked(office.works, 10**6) == [KILLED]
        assert wrongs() == []
    office.works()
    assert set(Payout.objects.values_list("state", flat=True)) == {"paid"}
