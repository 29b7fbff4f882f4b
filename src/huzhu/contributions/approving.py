"""The last approval of a roster accepts it, by the same verb as a confirmation without approval."""

from datetime import datetime

from django.db import transaction

from huzhu.contributions.models import ContributionDue
from huzhu.contributions.services import accept_roster
from huzhu.enrolment import approval
from huzhu.enrolment.models import Roster
from huzhu.users.models import Role


@transaction.atomic
def approve_roster(*, roster: Roster, by: Role, at: datetime) -> list[ContributionDue]:
    """One office agrees; dues when it was the last. RowsChanged takes the approval back as well."""
    if not approval.approve(roster=roster, by=by, at=at):
        return []
    return accept_roster(roster=roster, good_only=approval.good_only(roster), by=by, at=at)
