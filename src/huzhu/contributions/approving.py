"""The last approval of a roster accepts it, by the same verb as a confirmation without approval."""

from datetime import datetime

from django.db import transaction

from huzhu.contributions.models import ContributionDue
from huzhu.contributions.services import accept_roster
from huzhu.enrolment import approval
from huzhu.enrolment.models import Roster
from huzhu.enrolment.slices import Tell
from huzhu.users.models import Role


def approve_roster(
    *, roster: Roster, by: Role, at: datetime, tell: Tell | None = None
) -> list[ContributionDue]:
    """One office agrees; dues when it was the last. RowsChanged takes the approval back as well.

    With `tell` the last word accepts in slices: until all are ready the roster still waits for this office.
    """
    if tell and approval.is_last(roster):
        chosen = approval.good_only(roster)
        return accept_roster(roster=roster, good_only=chosen, by=by, at=at, tell=tell, approves=True)
    return _approved(roster, by, at)


@transaction.atomic
def _approved(roster: Roster, by: Role, at: datetime) -> list[ContributionDue]:
    if not approval.approve(roster=roster, by=by, at=at):
        return []
    return accept_roster(roster=roster, good_only=approval.good_only(roster), by=by, at=at)
