"""What a worker does with one run: does it, holds on to it meanwhile, and ends it whichever way it goes."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.db import DatabaseError, connection

from huzhu.jobs import services
from huzhu.jobs.models import JobRun

log = logging.getLogger(__name__)
BEAT_SECONDS = 5.0
SAID_EVERY = 0.5  # seconds between two writes of progress


class Tell(Protocol):
    """How long work says how far it is: so many done of so many, and what it is at. May raise RunCancelled, RunLost."""

    def __call__(self, done: int, total: int, words: str = "") -> None: ...


def quietly(done: int, total: int, words: str = "") -> None:
    """For work so small that nobody watches it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of work is done, and which errors are a person's to mend: told in their own words, not tried again.

    `run(run, at, tell)` may be started again from the beginning at any time, and must then come to the same end.
    Its result may hold `address` (where to look) and `words` (what to say).
    """

    run: Callable[[JobRun, datetime, Tell], dict[str, Any] | None]
    refusals: tuple[type[Exception], ...] = ()
    called_off: str = ""  # what stays when it is called off; nothing unless said


@dataclass(frozen=True, slots=True)
class Clock:
    """Two times, handed down by the face: people's, and the real one for leases."""

    at: Callable[[], datetime]
    real: Callable[[], datetime]


def do_next(kinds: Mapping[str, Kind], *, worker: str, clock: Clock) -> JobRun | None:
    """Take the next run and bring it to an end; None when nothing waits."""
    run = services.take(worker=worker, now=clock.real())
    if run is None:
        return None
    try:
        with _heart(run, clock):
            _done(kinds[run.kind], run, clock)
    except services.RunLost:
        log.warning("job %s was taken over by another worker", run.pk)
    return run


def _done(kind: Kind, run: JobRun, clock: Clock) -> None:
    try:
        result = kind.run(run, clock.at(), _teller(run, clock)) or {}
    except services.RunLost:
        raise
    except services.RunCancelled:
        services.end_cancelled(run=run, words=kind.called_off, at=clock.at(), now=clock.real())
    except kind.refusals as refusal:
        services.fail(run=run, words=str(refusal), at=clock.at(), now=clock.real(), final=True)
    except Exception:
        log.exception("job %s (%s) went wrong, attempt %s", run.pk, run.kind, run.attempts)
        said = "系统在做这件事时出了错，什么也没有改变。会自动再试；一直不成，请把时间告诉系统管理员。"
        services.fail(run=run, words=said, at=clock.at(), now=clock.real(), final=False)
    else:
        services.finish(run=run, result=result, at=clock.at(), now=clock.real())


def _teller(run: JobRun, clock: Clock) -> Tell:
    last: datetime | None = None

    def tell(done: int, total: int, words: str = "") -> None:
        nonlocal last
        now = clock.real()
        if last and (now - last).total_seconds() < SAID_EVERY and done < total:
            return
        last = now
        services.tell(run=run, done=done, total=total, words=words, now=now)

    return tell


@contextmanager
def _heart(run: JobRun, clock: Clock) -> Iterator[None]:
    """A thread that holds on to the run while one step takes longer than a lease."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(BEAT_SECONDS):
            try:
                services.keep(run=run, now=clock.real())
            except (
                DatabaseError
            ) as problem:  # the database is busy; the next beat comes before the lease ends
                log.info("job %s: heartbeat missed: %s", run.pk, problem)
            except (services.RunCancelled, services.RunLost):
                break  # the work itself hears of it at its next step
        connection.close()

    thread = threading.Thread(target=beat, name=f"heart-{run.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(BEAT_SECONDS)  # a beat that waits for the database keeps nobody from the next run
