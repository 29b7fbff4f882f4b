"""The chain: each seal's digest runs over the digest before it, itself, and its events in order.

SHA-256 over lines of canonical JSON, so that the chain can be recomputed anywhere, from either database.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime

from django.db.models import QuerySet

from huzhu.audit.models import Event, Seal
from huzhu.core.hashing import canonical_json

START = "0" * 64  # what the first seal runs over


def digest(before: str, seal: Seal, events: Iterable[Event]) -> str:
    """The digest that this seal must bear; raises ValueError where an event cannot even be read."""
    running = hashlib.sha256(canonical_json([before, seal.upto, _instant(seal.sealed_at)]).encode())
    for event in events:
        running.update(b"\n" + _spelled(event).encode())
    return running.hexdigest()


def events_of(seal: Seal, before: Seal | None) -> QuerySet[Event]:
    """The events a seal is responsible for: after the seal before it (none for the first), up to its own last."""
    events = Event.objects.filter(pk__lte=seal.upto).order_by("pk")
    return events.filter(pk__gt=before.upto) if before else events


def _spelled(event: Event) -> str:
    # as text, since a tampered detail may hold what canonical JSON refuses
    detail = json.dumps(event.detail, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    who = [event.actor_id, event.actor_name]
    on = [event.object_type, event.object_id, event.object_name]
    return canonical_json([event.pk, _instant(event.at), event.kind, who, event.verb, on, detail])


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
