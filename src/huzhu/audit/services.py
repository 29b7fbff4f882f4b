"""What writes to the trail: acts as they happen, and the one sealer afterwards."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from django.db import OperationalError, connection, models, transaction

from huzhu.audit import chain
from huzhu.audit.models import Event, Seal
from huzhu.core.hashing import check_canonical
from huzhu.db.rows import Ready, composed, write

PATIENCE_MS = 2000
READ_AGAIN = timedelta(hours=1)
LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL's code for patience that ran out
# numbers of persons, cards and phones that stand alone: their middle has no place in the trail
_SENSITIVE = re.compile(
    r"(?<![0-9A-Za-z])(?:[1-9]\d{5}(?:18|19|20)\d{9}[\dXx]|62\d{14,17}|1[3-9]\d{9})(?![0-9A-Za-z])"
)


class Thing(NamedTuple):
    """What an act was on, where its row was not read as a whole: kind (app_label.model), key and name."""

    kind: str
    pk: Any
    name: str


Act = tuple[str, models.Model | Thing, dict[str, Any]]  # verb, object, detail


class Actor(Protocol):
    """Whoever acts: a role of staff, a member, or the system."""

    @property
    def actor_id(self) -> str: ...
    @property
    def actor_name(self) -> str: ...


class System:
    """The actor of what no person does: jobs that take what waits."""

    actor_id = "system"
    actor_name = "系统"


SYSTEM = System()


class RecordedApart(RuntimeError):
    """A change was to be recorded outside the transaction of the change."""


def record(
    *,
    by: Actor,
    verb: str,
    on: models.Model,
    at: datetime,
    detail: dict[str, Any] | None = None,
    kind: str = "change",
) -> None:
    """Write one event in the caller's transaction; numbers of persons, cards and phones are masked.

    `detail` holds text, integers, booleans, None, lists and dicts only: else core.hashing.NotCanonical.
    """
    write(_ready(by, at, Event.Kind(kind), [(verb, on, detail or {})]))


def record_each(*, by: Actor, at: datetime, acts: Iterable[Act]) -> None:
    """The same for several acts of one moment, in their order, by one statement."""
    write(ready_each(by=by, at=at, acts=acts))


def ready_each(*, by: Actor, at: datetime, acts: Iterable[Act]) -> Ready:
    """The same made ready, to be written together with the change and in its transaction."""
    return _ready(by, at, Event.Kind.CHANGE, acts)


COLUMNS = (
    "at",
    "kind",
    "actor_id",
    "actor_name",
    "verb",
    "object_type",
    "object_id",
    "object_name",
    "detail",
)


def _ready(by: Actor, at: datetime, kind: Event.Kind, acts: Iterable[Act]) -> Ready:
    who = at, kind, by.actor_id, by.actor_name[:80]
    found = [(*who, *_spelled(*act)) for act in acts]
    if found and kind == Event.Kind.CHANGE and not connection.in_atomic_block:
        raise RecordedApart(
            f"“{found[0][4]}”的审计记录不在变更的事务里：两者可能只成一半。请用 transaction.atomic。"
        )
    return composed(Event, COLUMNS, found)


def _spelled(verb: str, on: models.Model | Thing, detail: dict[str, Any]) -> tuple[Any, ...]:
    """Verb, kind, key and name of the object, and the detail, without what must not stand in the trail."""
    masked = _masked(detail)
    check_canonical(masked)
    label, pk, name = on if isinstance(on, Thing) else _thing(on)
    return verb, label, str(pk), _masked(name)[:120], masked


def _thing(on: models.Model) -> Thing:
    return Thing(on._meta.label_lower, on.pk, _name(on))  # noqa: SLF001  Django's documented name for it


def record_read(
    *, by: Actor, verb: str, on: models.Model, at: datetime, detail: dict[str, Any] | None = None
) -> None:
    """A look at somebody's data: once per person, act, object (with its detail) and hour, so that the trail stays readable."""
    earlier = Event.objects.filter(
        object_type=on._meta.label_lower,  # noqa: SLF001
        object_id=str(on.pk),
        actor_id=by.actor_id,
        verb=verb,
        at__gt=at - READ_AGAIN,
        at__lte=at,
    )
    if _masked(detail or {}) not in earlier.values_list("detail", flat=True):
        record(by=by, verb=verb, on=on, at=at, detail=detail, kind=Event.Kind.READ)


def seal(*, at: datetime) -> Seal | None:
    """Chain what was not yet sealed; None when there is nothing, or when somebody is still writing (next time)."""
    try:
        with transaction.atomic():
            _alone()
            return _next_link(at)
    except OperationalError as problem:
        if getattr(problem.__cause__, "sqlstate", "") == LOCK_NOT_AVAILABLE:
            return None
        raise


def _alone() -> None:
    """Wait until every event with a number so far is written or given up, and be the only sealer.

    SQLite's transactions are alone from their start. On PostgreSQL a number may be committed after a higher one.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE_MS}ms'")
        cursor.execute("LOCK TABLE audit_event IN SHARE ROW EXCLUSIVE MODE")


def _next_link(at: datetime) -> Seal | None:
    before = Seal.objects.order_by("upto").last()
    new = Event.objects.filter(pk__gt=before.upto) if before else Event.objects.all()
    upto = new.aggregate(last=models.Max("pk"))["last"]
    if upto is None:
        return None
    link = Seal(upto=upto, sealed_at=at)
    link.digest = chain.digest(before.digest if before else chain.START, link, chain.events_of(link, before))
    link.save(force_insert=True)
    return link


def _name(on: models.Model) -> str:
    if type(on).__str__ is models.Model.__str__:
        return f"{on._meta.verbose_name} {on.pk}"  # noqa: SLF001
    return str(on)


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return _SENSITIVE.sub(_middle_hidden, value)
    if isinstance(value, dict):
        return {key: _masked(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(part) for part in value]
    return value


def _middle_hidden(found: re.Match[str]) -> str:
    text = found.group()
    shown = 3 if len(text) == 11 else 6
    return text[:shown] + "*" * (len(text) - shown - 4) + text[-4:]
