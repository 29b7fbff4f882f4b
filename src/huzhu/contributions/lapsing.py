"""An individual's application that was approved and never paid lapses: no cover, and nothing owed."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from huzhu.contributions.models import ContributionDue, Gift, Receipt, Share
from huzhu.enrolment import applications
from huzhu.enrolment import services as enrolments
from huzhu.enrolment.models import Application, Enrolment
from huzhu.enrolment.unpaid import unpaid_since

REMINDED_DAYS = 3  # before it lapses


def lapse_what_nobody_paid(*, at: datetime) -> int:
    """Remind of what is about to lapse, then let go what is due; how many lapsed. Money that came in part keeps it."""
    for one in unpaid_since(at, settings.HUZHU_PAY_WITHIN_DAYS - REMINDED_DAYS):
        if one.reminded_at is None and not Share.objects.filter(
            due__roster=one.roster_id, received_fen__gt=0
        ):
            applications.remind_to_pay(application=one, at=at)
    return sum(_lapsed(one, at) for one in unpaid_since(at, settings.HUZHU_PAY_WITHIN_DAYS + 1))


def _came(application: Application) -> bool:
    """Whether any money has come for it."""
    return Share.objects.filter(due__roster=application.roster_id, received_fen__gt=0).exists()


def _was_thought_paid(shares: list[Share], at: datetime) -> bool:
    """Money was taken back from it lately, which was somebody else's: the days to pay begin anew."""
    since = at - timedelta(days=settings.HUZHU_PAY_WITHIN_DAYS)
    return Receipt.objects.filter(share__in=shares, amount_fen__lt=0, recorded_at__gt=since).exists()


@transaction.atomic
def _lapsed(application: Application, at: datetime) -> bool:
    dues = ContributionDue.objects.filter(roster=application.roster_id)
    shares = list(Share.objects.select_for_update().filter(due__in=dues).order_by("pk"))
    waiting = Enrolment.objects.filter(
        roster=application.roster_id, state=Enrolment.State.AWAITING_PAYMENT
    ).first()
    if waiting is None or any(share.received_fen for share in shares) or _was_thought_paid(shares, at):
        return False
    enrolments.void(enrolment=waiting)
    Gift.objects.filter(enrolment=waiting).delete()
    Share.objects.filter(pk__in=[share.pk for share in shares]).update(amount_fen=0, cash_back_fen=0)
    dues.update(heads=0, units=0, amount_fen=0)
    applications.settle_lapsed(application=application, at=at)
    return True
