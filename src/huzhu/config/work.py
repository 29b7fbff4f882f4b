"""What a worker does: the kinds of long work, and what it takes at intervals, each a verb of a room."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone

from huzhu.audit import services as audit
from huzhu.contributions import services as contributions
from huzhu.contributions.splits import SplitOverFee
from huzhu.enrolment import printing, reminding
from huzhu.enrolment import services as enrolment
from huzhu.enrolment.certificate import NotInForce
from huzhu.enrolment.models import Roster
from huzhu.enrolment.paper import GlyphMissing
from huzhu.files.tables import TableRefused
from huzhu.jobs.models import JobRun
from huzhu.jobs.working import Clock, Kind, Tell
from huzhu.payouts import services as payouts
from huzhu.users.permissions import NotAllowed
from huzhu.web import clock


def read_roster(run: JobRun, at: datetime, tell: Tell) -> dict[str, Any]:
    """A large sheet becomes rows to look at."""
    enrolment.read_in(roster=_roster(run), by=run.asked_by, at=at, tell=tell)
    return {}


def accept_roster(run: JobRun, at: datetime, tell: Tell) -> dict[str, Any]:
    """A large roster becomes cover; where its rows have changed meanwhile, they are judged again."""
    roster, good_only = _roster(run), bool(run.arguments.get("good_only"))
    try:
        dues = contributions.accept_roster(
            roster=roster, good_only=good_only, by=run.asked_by, at=at, tell=tell
        )
    except enrolment.RowsChanged:
        enrolment.judge_again(roster=roster, by=run.asked_by, at=at)
        raise
    heads = max((due.heads for due in dues), default=0)
    return {"words": f"已确认，{heads:,} 人参加。会费到齐后保障生效。"}


def print_certificates(run: JobRun, at: datetime, tell: Tell) -> dict[str, Any]:
    """The certificates of a roster, or of all that the asker sees, as one file."""
    asked = run.arguments
    return printing.certificates_of(
        by=run.asked_by, roster=asked.get("roster"), address=asked["address"], at=at, tell=tell
    )


def _roster(run: JobRun) -> Roster:
    return Roster.objects.select_related("employer", "file").get(pk=run.about)


KINDS: Mapping[str, Kind] = {
    "rosters.read": Kind(read_roster, refusals=(TableRefused, enrolment.RosterRefused, NotAllowed)),
    "rosters.accept": Kind(accept_roster, refusals=(enrolment.RosterRefused, SplitOverFee, NotAllowed)),
    "certificates.print": Kind(print_certificates, refusals=(NotInForce, GlyphMissing)),
}


def _business_time() -> datetime:
    return clock.now()  # looked up at each call: a test moves it


CLOCK = Clock(at=_business_time, real=timezone.now)


def schedule_payouts(at: datetime) -> None:
    """Final decisions get their payouts."""
    payouts.schedule(at=at)


def seal_trail(at: datetime) -> None:
    """What was audited since the last time is chained."""
    audit.seal(at=at)


def remind_members(at: datetime) -> None:
    """Whose cover ends hears of it, once for each step."""
    reminding.remind(at=at)


# seconds between two times, and the verb
INTERVALS: tuple[tuple[float, Callable[[datetime], object]], ...] = (
    (2.0, schedule_payouts),
    (60.0, seal_trail),
    (6 * 3600.0, remind_members),
)
