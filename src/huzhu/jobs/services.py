"""Verbs on long work: ask for it, take the next, keep it, end it, cancel it, try it again.

`at` is when people act; `now` is real time, by which queue and lease go.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from huzhu.audit import services as audit
from huzhu.jobs.models import JobRun, WorkerBeat
from huzhu.users.models import Role

State = JobRun.State
LEASE = timedelta(seconds=30)  # a worker that was killed loses its run after this
MOST_ATTEMPTS = 4
MOST_TAKEN = 10  # work whose workers keep dying is put down, or it would kill each that comes
FIRST_PAUSE = timedelta(seconds=5)  # before the second attempt; doubled each time


class RunLost(RuntimeError):
    """Another worker holds the run now: whatever this one still does must not count."""


class RunCancelled(RuntimeError):
    """Who asked for the work has called it off."""


class RunIsOver(ValueError):
    """The work has ended, or has not ended yet, so that this cannot be done to it."""


class AskedAnew(RunIsOver):
    """The same was asked for once more meanwhile, and that run is not over."""

    def __init__(self, unfinished: JobRun) -> None:
        super().__init__(
            f"同一件事后来又交办过：“{unfinished.title}”现在{unfinished.get_state_display()}，这一次不用再试。"
        )
        self.unfinished = unfinished


def ask(  # noqa: PLR0913  what, about what, for whom, and where the result will stand
    *,
    kind: str,
    about: Any,
    title: str,
    by: Role,
    at: datetime,
    address: str = "",
    arguments: dict[str, Any] | None = None,
) -> JobRun:
    """Put work into the queue; asked again about the same thing while it is unfinished, it is the same run."""
    unfinished = JobRun.objects.unfinished().filter(kind=kind, about=str(about))
    if before := unfinished.first():
        return before
    try:
        with transaction.atomic():
            run = JobRun.objects.create(
                kind=kind,
                about=str(about),
                title=title[:120],
                arguments=arguments or {},
                asked_by=by,
                asked_at=at,
                address=address,
            )
            audit.record(by=by, verb="jobs.ask", on=run, at=at, detail={"kind": kind})
    except IntegrityError:  # asked twice at the same moment
        if before := unfinished.first():
            return before
        raise
    return run


ANY, PARTS = Q(), Q(part_of__isnull=False)


def take(*, worker: str, now: datetime, among: Q = ANY) -> JobRun | None:
    """The oldest run that waits, or whose worker has gone silent, for this worker alone; None when there is none."""
    due = Q(state=State.WAITING) & (Q(not_before=None) | Q(not_before__lte=now))
    abandoned = Q(state=State.RUNNING, lease_until__lt=now)
    for run in JobRun.objects.filter(among, due | abandoned).order_by("pk")[:10]:
        same = JobRun.objects.filter(pk=run.pk, state=run.state, lease_until=run.lease_until)
        won = same.update(
            state=State.RUNNING,
            worker=worker,
            lease_until=now + LEASE,
            attempts=run.attempts + 1,
            started_at=now,
            done_count=0,
            total_count=0,
            words="",
        )
        if won:
            return JobRun.objects.select_related("asked_by__user", "asked_by__organisation").get(pk=run.pk)
    return None


def beat(*, worker: str, host: str, now: datetime) -> None:
    """The worker is there; those not seen for a day are forgotten."""
    if not WorkerBeat.objects.filter(pk=worker).update(host=host, seen_at=now):
        WorkerBeat.objects.filter(seen_at__lt=now - timedelta(days=1)).delete()
        WorkerBeat.objects.create(name=worker, host=host, seen_at=now)


def keep(*, run: JobRun, now: datetime) -> None:
    """Hold on to the run for another while. RunLost, RunCancelled."""
    if not _held(run).filter(cancel_asked=False).update(lease_until=now + LEASE):
        raise RunCancelled if _held(run).exists() else RunLost
    WorkerBeat.objects.filter(pk=run.worker).update(seen_at=now)


def tell(*, run: JobRun, done: int, total: int, words: str, now: datetime) -> None:
    """How far it is; holds on to the run as well. RunLost, RunCancelled."""
    progress = {"done_count": done, "total_count": total, "words": words[:300]}
    if not _held(run).filter(cancel_asked=False).update(lease_until=now + LEASE, **progress):
        raise RunCancelled if _held(run).exists() else RunLost


@transaction.atomic
def finish(*, run: JobRun, result: dict[str, Any], at: datetime, now: datetime) -> None:
    """It is done. RunLost where another worker took over meanwhile."""
    address = result.pop("address", run.address)
    _end(run, State.DONE, now, result=result, address=address, words=result.pop("words", ""))
    _record("jobs.finish", run, at)


@transaction.atomic
def fail(*, run: JobRun, words: str, at: datetime, now: datetime, final: bool) -> None:
    """It went wrong: tried again later, unless trying cannot help or was tried enough."""
    if not final and run.attempts < MOST_ATTEMPTS:
        pause = FIRST_PAUSE * 2 ** (run.attempts - 1)
        waits = {"state": State.WAITING, "worker": "", "lease_until": None, "not_before": now + pause}
        if not _held(run).update(words=words[:300], **waits):
            raise RunLost
        return
    _end(run, State.FAILED, now, words=words[:300])
    _record("jobs.fail", run, at, {"words": words[:300]})


@transaction.atomic
def end_cancelled(*, run: JobRun, at: datetime, now: datetime, words: str = "") -> None:
    """The worker has put everything down; what stays of it is said."""
    _end(run, State.CANCELLED, now, words=words)
    _record("jobs.cancelled", run, at)


@transaction.atomic
def cancel(*, run: JobRun, by: Role, at: datetime, now: datetime) -> None:
    """Call it off: at once while it waits; while it runs, the worker puts it down at its next step. RunIsOver."""
    waiting = JobRun.objects.filter(pk=run.pk, state=State.WAITING)
    running = JobRun.objects.filter(pk=run.pk, state=State.RUNNING)
    if not waiting.update(state=State.CANCELLED, finished_at=now) and not running.update(cancel_asked=True):
        raise RunIsOver(f"“{run.title}”已经结束，不能取消。请刷新页面查看结果。")
    audit.record(by=by, verb="jobs.cancel", on=run, at=at)


@transaction.atomic
def try_again(*, run: JobRun, by: Role, at: datetime) -> None:
    """Put a run that failed or was called off back into the queue. RunIsOver, AskedAnew."""
    same = JobRun.objects.unfinished().filter(kind=run.kind, about=run.about).exclude(pk=run.pk)
    over = JobRun.objects.filter(pk=run.pk, state__in=(State.FAILED, State.CANCELLED))
    clean = {"attempts": 0, "not_before": None, "finished_at": None, "cancel_asked": False, "words": ""}
    if unfinished := same.first():
        raise AskedAnew(unfinished)
    try:
        with transaction.atomic():
            changed = over.update(state=State.WAITING, worker="", lease_until=None, **clean)
    except IntegrityError:  # asked for anew at the same moment
        if unfinished := same.first():
            raise AskedAnew(unfinished) from None
        changed = 0  # and over already
    if not changed:
        raise RunIsOver(f"“{run.title}”不是“没有完成”的任务，不用再试。请刷新页面查看。")
    audit.record(by=by, verb="jobs.try_again", on=run, at=at)


@transaction.atomic
def hand_out(*, run: JobRun, kind: str, parts: Sequence[dict[str, Any]]) -> None:
    """Parts of a run that its worker holds, each with its `count`; those of before that have ended are forgotten. RunLost."""
    if not _held(run).update(words=""):
        raise RunLost
    JobRun.objects.filter(part_of=run).exclude(state__in=(State.WAITING, State.RUNNING)).delete()
    common = {"kind": kind, "part_of": run, "asked_by_id": run.asked_by_id, "asked_at": run.asked_at}
    JobRun.objects.bulk_create(
        JobRun(about=f"{run.pk}:{run.attempts}:{number}", title=run.title, arguments=one, **common)
        for number, one in enumerate(parts, start=1)
    )


def sums_of_parts(run: JobRun) -> tuple[int, int]:
    """How many things its parts have done so far, and of how many."""
    sums = list(JobRun.objects.filter(part_of=run).values_list("done_count", "arguments__count"))
    return sum(done for done, _ in sums), sum(count for _, count in sums)


def parts_not_done(run: JobRun) -> list[JobRun]:
    """Its parts that are not at their end, or have not come to a good one."""
    return list(JobRun.objects.filter(part_of=run).exclude(state=State.DONE).order_by("pk"))


@transaction.atomic
def call_parts_off(*, run: JobRun, now: datetime) -> None:
    """The run is put down: parts that wait end now, parts that run at their next step."""
    parts = JobRun.objects.filter(part_of=run)
    parts.filter(state=State.WAITING).update(state=State.CANCELLED, finished_at=now)
    parts.filter(state=State.RUNNING).update(cancel_asked=True)


def _record(verb: str, run: JobRun, at: datetime, detail: dict[str, Any] | None = None) -> None:
    """How it ended; a part is not written down, its run is."""
    if run.part_of_id is None:
        audit.record(by=audit.SYSTEM, verb=verb, on=run, at=at, detail=detail)


def _held(run: JobRun) -> Any:
    """The run as long as this very attempt of this worker holds it."""
    return JobRun.objects.filter(pk=run.pk, state=State.RUNNING, worker=run.worker, attempts=run.attempts)


def _end(run: JobRun, state: State, now: datetime, **changes: Any) -> None:
    if not _held(run).update(state=state, finished_at=now, lease_until=None, **changes):
        raise RunLost
    run.state = state
