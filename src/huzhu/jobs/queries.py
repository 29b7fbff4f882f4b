"""Questions about long work, always asked for someone."""

from collections.abc import Collection
from typing import Any

from django.db.models import QuerySet

from huzhu.jobs.models import JobRun
from huzhu.users.permissions import may

STATES = JobRun.State.choices


def visible_to(by: Any) -> QuerySet[JobRun]:
    """What the asker has asked for, newest first; for who looks after the system, what anybody in the branch has."""
    if not getattr(by, "is_current", False):
        return JobRun.objects.none()
    runs = JobRun.objects.select_related("asked_by__user", "asked_by__organisation")
    if may(by, "jobs.watch"):
        return runs.filter(asked_by__organisation__path__startswith=by.organisation.path)
    return runs.filter(asked_by=by)


def unfinished_about(kinds: Collection[str], about: Collection[Any]) -> JobRun | None:
    """A run of these kinds about one of these things that is still waiting or running."""
    return JobRun.objects.unfinished().filter(kind__in=kinds, about__in=list(map(str, about))).first()
