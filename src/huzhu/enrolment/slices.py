"""Long work on a roster in slices, each a short transaction, with a pause in which other people write."""

import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.db.models import Min

from huzhu.enrolment.models import Roster
from huzhu.jobs.working import Tell, quietly

__all__ = ["Tell", "quietly"]  # of long work in general, named here for the verbs on rosters

SLICE = 500
PAUSE_SECONDS = 0.01  # SQLite has one writer at a time; whoever waits at the gate asks every few milliseconds


class TakenOver(RuntimeError):
    """Somebody else fills this roster now: what this one still writes must not count."""


def sliced(things: Iterable[Any]) -> Iterator[list[Any]]:
    """Lists of at most SLICE; between two of them the database belongs to others."""
    rest = iter(things)
    while part := list(islice(rest, SLICE)):
        yield part
        if len(part) == SLICE:
            pause()


def pause() -> None:
    """On SQLite outside of a transaction; anywhere else it would help nobody."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        time.sleep(PAUSE_SECONDS)


def take(roster: Roster, states: Sequence[str], to: str) -> uuid.UUID | None:
    """Begin to fill the roster, and whoever did so before has lost it; None where it is in another state."""
    mine = uuid.uuid4()
    found = Roster.objects.filter(pk=roster.pk, state__in=states)
    return mine if found.update(state=to, draft=mine) else None


def hold(roster: Roster, mine: uuid.UUID) -> None:
    """In the transaction of a slice: it is still mine, and stays so until the commit. TakenOver."""
    if not Roster.objects.filter(pk=roster.pk, draft=mine).update(draft=mine):
        raise TakenOver(f"名册 {roster.pk} 已由另一个后台接手")


def cleared(roster: Roster, mine: uuid.UUID, rows: Any, number: str) -> None:
    """Delete the rows of this query in slices by their number, as long as the roster is mine. TakenOver."""
    while (first := rows.aggregate(first=Min(number))["first"]) is not None:
        with transaction.atomic():
            hold(roster, mine)
            rows.filter(**{f"{number}__lt": first + SLICE}).delete()
        pause()
