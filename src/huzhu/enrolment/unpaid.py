"""Applications of individuals that were approved and whose fee has not come: until when it may, and which are overdue."""

from datetime import date, datetime, time, timedelta

from django.conf import settings

from huzhu.enrolment.models import Application, Enrolment
from huzhu.rules.units import SHANGHAI


def pay_by(application: Application) -> date:
    """The last day on which the fee of an approved application may come."""
    approved_at = application.settled_at
    assert approved_at is not None  # noqa: S101  it was approved
    return approved_at.astimezone(SHANGHAI).date() + timedelta(days=settings.HUZHU_PAY_WITHIN_DAYS)


def unpaid_since(at: datetime, days: int) -> list[Application]:
    """Approved at least so many days ago, and the cover still waits for all of its money; oldest first."""
    first = at.astimezone(SHANGHAI).date() - timedelta(days=days)
    end_of_day = datetime.combine(first, time.max, tzinfo=SHANGHAI)
    waiting = Application.objects.filter(
        state=Application.State.APPROVED,
        settled_at__lte=end_of_day,
        roster__enrolments__state=Enrolment.State.AWAITING_PAYMENT,
    )
    return list(waiting.select_related("edition", "agency", "roster").order_by("settled_at", "pk").distinct())
