"""Questions about long work, always asked for someone."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from huzhu.jobs.models import JobRun, WorkerBeat
from huzhu.users.permissions import may

STATES = JobRun.State.choices


def visible_to(by: Any) -> QuerySet[JobRun]:
    """What the asker has asked for, newest first; for who looks after the system, what anybody in the branch has."""
    if not getattr(by, "is_current", False):
        return JobRun.objects.none()
    runs = JobRun.objects.whole().select_related("asked_by__user", "asked_by__organisation")
    if may(by, "jobs.watch"):
        return runs.filter(asked_by__organisation__path__startswith=by.organisation.path)
    return runs.filter(asked_by=by)


def unfinished_about(kinds: Collection[str], about: Collection[Any]) -> JobRun | None:
    """A run of these kinds about one of these things that is still waiting or running."""
    return JobRun.objects.unfinished().filter(kind__in=kinds, about__in=list(map(str, about))).first()


def last_done(kind: str, about: Any) -> JobRun | None:
    """The newest run of this kind about this thing that came to its end."""
    return JobRun.objects.filter(kind=kind, about=str(about), state=JobRun.State.DONE).order_by("-pk").first()


def waits_since(now: datetime) -> datetime | None:
    """When the oldest run was asked for that a worker could do at this real instant; None when none waits."""
    due = Q(not_before=None) | Q(not_before__lte=now)
    waiting = JobRun.objects.whole().filter(due, state=JobRun.State.WAITING).order_by("pk")
    return waiting.values_list("asked_at", flat=True).first()


def worker_seen_at() -> datetime | None:
    """When a worker last said that it is there."""
    return WorkerBeat.objects.order_by("-seen_at").values_list("seen_at", flat=True).first()


def other_hosts(host: str, now: datetime) -> list[str]:
    """Machines other than this one whose workers were there within a minute."""
    lately = WorkerBeat.objects.filter(seen_at__gt=now - timedelta(minutes=1)).exclude(host=host)
    return sorted(set(lately.values_list("host", flat=True)))
