"""What a worker does: the kinds of long work, and what it takes at intervals, each a verb of a room."""

from collections.abc import Callable, Mapping
from datetime import datetime

from django.utils import timezone

from huzhu.audit import services as audit
from huzhu.jobs.working import Clock, Kind
from huzhu.payouts import services as payouts
from huzhu.web import clock

KINDS: Mapping[str, Kind] = {}


def _business_time() -> datetime:
    return clock.now()  # looked up at each call: a test moves it


CLOCK = Clock(at=_business_time, real=timezone.now)


def schedule_payouts(at: datetime) -> None:
    """Final decisions get their payouts."""
    payouts.schedule(at=at)


def seal_trail(at: datetime) -> None:
    """What was audited since the last time is chained."""
    audit.seal(at=at)


# seconds between two times, and the verb
INTERVALS: tuple[tuple[float, Callable[[datetime], object]], ...] = (
    (2.0, schedule_payouts),
    (60.0, seal_trail),
)
