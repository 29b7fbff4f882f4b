"""What a worker does with one run: does it, holds on to it meanwhile, and ends it whichever way it goes."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.db import DatabaseError, connection
from django.db.models import Q

from huzhu.jobs import services
from huzhu.jobs.models import JobRun

log = logging.getLogger(__name__)
BEAT_SECONDS = 5.0
SAID_EVERY = 0.5  # seconds between two writes of progress
LOOKED_EVERY = 0.05  # seconds between two looks at parts that others are doing
NEVER_ENDED = f"做了 {services.MOST_TAKEN} 次，每次都没有做完后台进程就停了，没有再做。请把时间告诉系统管理员，查明后再试一次。"
UNKNOWN = (
    "后台进程的版本不认识这种任务，没有做，什么也没有改变：可能换回过旧版本，或有一个后台进程没有随升级重新启动。"
    "请系统管理员让网站和所有后台进程用同一个版本，然后再试一次。"
)
Parts = Callable[[], Sequence[dict[str, Any]]]


class PartFailed(ValueError):
    """A part of the work did not come to its end; in the words in which it was told."""


class Tell(Protocol):
    """How long work says how far it is: so many done of so many, and what it is at. May raise RunCancelled, RunLost."""

    def __call__(self, done: int, total: int, words: str = "") -> None: ...


def quietly(done: int, total: int, words: str = "") -> None:
    """For work so small that nobody watches it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of work is done, and which errors are a person's to mend: told in their own words, not tried again.

    `run(run, at, tell)` may be started again from the beginning at any time, also when it has done all and its worker was
    killed before that was written down, and must then come to the same end.
    Its result may hold `address` (where to look) and `words` (what to say).
    """

    run: Callable[[JobRun, datetime, "Work"], dict[str, Any] | None]
    refusals: tuple[type[Exception], ...] = ()
    called_off: str = ""  # what stays when it is called off; nothing unless said


@dataclass(frozen=True, slots=True)
class Clock:
    """Two times, handed down by the face: people's, and the real one for leases."""

    at: Callable[[], datetime]
    real: Callable[[], datetime]


def do_next(
    kinds: Mapping[str, Kind],
    *,
    worker: str,
    clock: Clock,
    among: Q = services.ANY,
    above: "Work | None" = None,
) -> JobRun | None:
    """Take the next run (of those meant) and bring it to an end; None when nothing waits."""
    run = services.take(worker=worker, now=clock.real(), among=among)
    if run is None:
        return None
    try:
        if words := _why_never(run, kinds):
            services.fail(run=run, words=words, at=clock.at(), now=clock.real(), final=True)
            return run
        with _heart(run, clock):
            _done(kinds[run.kind], run, clock, Work(run, clock, kinds, above))
    except services.RunLost:
        log.warning("job %s was taken over by another worker", run.pk)
    return run


def _why_never(run: JobRun, kinds: Mapping[str, Kind]) -> str:
    """Why it is put down without being done; empty where it is done."""
    if run.kind not in kinds:
        log.error("job %s is of an unknown kind: %s", run.pk, run.kind)
        return UNKNOWN
    return NEVER_ENDED if run.attempts > services.MOST_TAKEN else ""


def _done(kind: Kind, run: JobRun, clock: Clock, work: "Work") -> None:
    refusals: tuple[type[Exception], ...] = (PartFailed, *kind.refusals)
    try:
        result = kind.run(run, clock.at(), work) or {}
    except services.RunLost:
        raise
    except services.RunCancelled:
        services.end_cancelled(run=run, words=kind.called_off, at=clock.at(), now=clock.real())
    except refusals as refusal:
        services.fail(run=run, words=str(refusal), at=clock.at(), now=clock.real(), final=True)
    except Exception:
        log.exception("job %s (%s) went wrong, attempt %s", run.pk, run.kind, run.attempts)
        said = "系统在做这件事时出了错，什么也没有改变。会自动再试；一直不成，请把时间告诉系统管理员。"
        services.fail(run=run, words=said, at=clock.at(), now=clock.real(), final=False)
    else:
        services.finish(run=run, result=result, at=clock.at(), now=clock.real())


class Work:
    """A run that this worker holds: called it tells how far it is (Tell), and it may be done by several workers together."""

    def __init__(
        self, run: JobRun, clock: Clock, kinds: Mapping[str, Kind], above: "Work | None" = None
    ) -> None:
        self.run, self.clock, self.kinds, self.above = run, clock, kinds, above
        self._last: datetime | None = None

    def __call__(self, done: int, total: int, words: str = "") -> None:
        if self._is_due() or done >= total:
            services.tell(run=self.run, done=done, total=total, words=words, now=self.clock.real())
        if self.above:
            self.above.add_up()

    def together(self, kind: str, parts: Parts, words: str) -> None:
        """Do the work by parts, each a run of this kind with a `count` of things, here and in whatever worker is free.

        First what an attempt before this one has handed out is brought to its end, then `parts` says what is left.
        A part is told no person and is nobody's history; one that is stopped is taken again when its lease has passed.
        """
        self._words = words
        try:
            self._until_all_ended()
            services.hand_out(run=self.run, kind=kind, parts=parts())
            _check_all_done(self._until_all_ended())
            self.add_up(last=True)
        except services.RunLost:
            raise  # the parts are the other worker's now
        except Exception:
            services.call_parts_off(run=self.run, now=self.clock.real())
            raise

    def add_up(self, *, last: bool = False) -> None:
        """Tell now and then, and at last, how far all parts are together."""
        if last or self._is_due():
            done, total = services.sums_of_parts(self.run)
            services.tell(run=self.run, done=done, total=total, words=self._words, now=self.clock.real())

    def _until_all_ended(self) -> Sequence[JobRun]:
        """Do parts as long as one waits, then wait for the others; those that have not come to a good end."""
        mine, worker = Q(part_of=self.run), self.run.worker
        while True:
            part = do_next(self.kinds, worker=worker, clock=self.clock, among=mine, above=self)
            if part and part.state == JobRun.State.CANCELLED:  # is it the whole that was called off?
                services.keep(run=self.run, now=self.clock.real())
            if part:
                continue
            self.add_up()
            left = services.parts_not_done(self.run)
            if all(part.is_over for part in left):
                return left
            time.sleep(LOOKED_EVERY)

    def _is_due(self) -> bool:
        now = self.clock.real()
        if self._last and (now - self._last).total_seconds() < SAID_EVERY:
            return False
        self._last = now
        return True


def _check_all_done(left: Sequence[JobRun]) -> None:
    for part in left:
        raise services.RunCancelled if part.state == JobRun.State.CANCELLED else PartFailed(part.words)


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
