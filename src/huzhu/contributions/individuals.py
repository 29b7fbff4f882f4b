"""An individual's application approved: a roster of one, accepted by the ordinary verb, with its due."""

from datetime import datetime

from django.db import transaction

from huzhu.contributions.models import ContributionDue
from huzhu.contributions.services import accept_roster
from huzhu.enrolment import applications
from huzhu.enrolment.models import Application
from huzhu.users.models import Role


@transaction.atomic
def approve(*, application: Application, by: Role, at: datetime) -> list[ContributionDue]:
    """The person becomes a member whose cover waits for the money, and is told what to pay; ApplicationRefused."""
    roster = applications.stage(application=application, by=by, at=at)
    dues = accept_roster(roster=roster, good_only=False, by=by, at=at)
    applications.settle_approved(application=application, by=by, at=at)
    return dues
