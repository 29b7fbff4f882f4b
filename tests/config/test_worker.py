"""The worker's loop outlives what goes wrong in it, and does not spin meanwhile."""

import pytest
from django import db

from factories.jobs import a_run
from huzhu.config import work, worker
from huzhu.jobs import services
from huzhu.jobs.models import WorkerBeat
from huzhu.jobs.working import Kind

pytestmark = pytest.mark.django_db


@pytest.fixture
def slept(monkeypatch):
    """A worker that has one kind of work and nothing at intervals; the pauses it made, none of which takes time."""
    pauses = []
    monkeypatch.setattr(work, "KINDS", {"count": Kind(lambda *_: {})})
    monkeypatch.setattr(work, "INTERVALS", ())
    monkeypatch.setattr(db, "close_old_connections", lambda: None)
    monkeypatch.setattr(worker.time, "sleep", pauses.append)
    return pauses


def turned(times, loop=worker.run):
    left = iter(range(times))
    loop(name="w", stopped=lambda: next(left, None) is None)


def test_work_of_an_unknown_kind_does_not_stop_the_worker(slept):
    unknown, after = a_run(kind="of a later version"), a_run()
    turned(3)
    for run, state in ((unknown, "failed"), (after, "done")):
        run.refresh_from_db()
        assert run.state == state
    assert slept == [worker.IDLE_SECONDS]
    assert WorkerBeat.objects.get().name == "w"


@pytest.mark.parametrize("loop", [worker.run, worker.help_with_parts])
@pytest.mark.parametrize("problem", [KeyError("a bug"), db.DatabaseError("gone")])
def test_whatever_goes_wrong_is_told_and_the_next_turn_comes_after_a_pause(
    slept, monkeypatch, caplog, loop, problem
):
    def broken(**_):
        raise problem

    with monkeypatch.context() as patch:
        patch.setattr(services, "take", broken)
        turned(3, loop)
    assert slept == [worker.TROUBLE_SECONDS] * 3
    assert len(caplog.records) == 3
    turned(1, loop)
    assert slept[3:] == [worker.IDLE_SECONDS]


def test_a_run_whose_end_cannot_be_written_is_taken_again_and_the_worker_goes_on(slept, monkeypatch):
    monkeypatch.setattr(work, "KINDS", {"count": Kind(lambda *_: {"made": object()})})
    run = a_run()
    turned(2)
    run.refresh_from_db()
    assert (run.state, run.attempts) == ("running", 1)
    assert slept == [worker.TROUBLE_SECONDS, worker.IDLE_SECONDS]


def test_what_goes_wrong_at_an_interval_holds_up_no_work(slept, monkeypatch):
    def broken(_):
        raise KeyError("a bug")

    monkeypatch.setattr(work, "INTERVALS", ((60.0, broken),))
    first, second = a_run(), a_run()
    turned(2)
    for run in (first, second):
        run.refresh_from_db()
        assert run.state == "done"
    assert slept == []
