"""Cover of a large roster begins: its rows are written in slices that nobody sees, and one deletion shows all of them.

In one update, 200,000 rows would keep every other writer of SQLite out for seconds.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Max

from huzhu.audit import services as audit
from huzhu.enrolment.models import Beginning, Enrolment
from huzhu.enrolment.slices import SLICE, pause

AWAITING, IN_FORCE = Enrolment.State.AWAITING_PAYMENT, Enrolment.State.IN_FORCE


def begin_what_waits(*, at: datetime) -> int:
    """Whatever was paid for and waits; how many came in force. Broken off, it goes on from where it was."""
    waiting = Beginning.objects.select_related("roster", "edition").order_by("pk")
    return sum(_begun(one, at) for one in waiting)


def _begun(one: Beginning, at: datetime) -> int:
    mine = Enrolment.unready.filter(roster=one.roster_id, edition=one.edition_id)
    last = mine.aggregate(last=Max("ordinal"))["last"] or 0
    for start in range(1, last + 1, SLICE):
        with transaction.atomic():
            if Beginning.objects.select_for_update(of=("self",)).filter(pk=one.pk).first() is None:
                return 0  # the money was taken back meanwhile
            mine.filter(ordinal__range=(start, start + SLICE - 1), state=AWAITING).update(state=IN_FORCE)
        pause()
    return _shown(one, at)


@transaction.atomic
def _shown(one: Beginning, at: datetime) -> int:
    """The one change; of two workers one makes it."""
    if not Beginning.objects.filter(pk=one.pk).delete()[0]:
        return 0
    held = Enrolment.unready.filter(roster=one.roster_id, edition=one.edition_id, state=IN_FORCE)
    heads = held.count()
    detail = {"scheme": one.edition.slug, "heads": heads}
    audit.record(by=audit.SYSTEM, verb="rosters.begin_cover", on=one.roster, at=at, detail=detail)
    return heads
