"""Questions about payouts, always asked for someone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, Min, OuterRef, QuerySet

from huzhu.bank.payforms import DEFAULT
from huzhu.claims.models import Claim
from huzhu.claims.queries import matching as matching_claims
from huzhu.members.accounts import must_wait
from huzhu.members.models import BankAccount, Member
from huzhu.members.queries import current_account
from huzhu.payouts import due
from huzhu.payouts.due import Due
from huzhu.payouts.models import DoubtAnswer, Payout, PayoutBatch, PayoutStop
from huzhu.users.models import Role

MONEY = frozenset({"payment_maker", "payment_releaser", "auditor"})
# who may see that a payment of a claim was sent back, and why
CLAIMS = frozenset({"agency_clerk", "reviewer", "second_reviewer"})
LATE = timedelta(days=1)
STATES = Payout.State.choices
BATCH_STATES = PayoutBatch.State.choices


@dataclass(frozen=True, slots=True)
class Failed:
    """What the bank sent back, and the account the member has now."""

    payout: Payout
    account: BankAccount | None
    waits_until: datetime | None

    @property
    def is_mended(self) -> bool:
        """Whether there is another account than the one that failed."""
        return self.account is not None and self.account.number != self.payout.account_number


def visible_to(by: Role | Member) -> QuerySet[Payout]:
    """A member's own payouts; for staff who deal with money or claims those of their branch."""
    payouts = Payout.objects.select_related("decision__claim__member", "decision__claim__office", "batch")
    if isinstance(by, Member):
        return payouts.filter(decision__claim__member=by)
    if not by.is_current or by.code not in MONEY | CLAIMS:
        return payouts.none()
    return payouts.filter(decision__claim__office__path__startswith=by.organisation.path)


def matching(payouts: QuerySet[Payout], text: str) -> QuerySet[Payout]:
    """Payouts whose claim or member fits what was typed."""
    claims = matching_claims(Claim.objects.order_by(), text)
    return payouts.filter(decision__claim__in=claims) if text else payouts


def batches(by: Role) -> QuerySet[PayoutBatch]:
    """Batches made in the asker's branch, newest first."""
    found = PayoutBatch.objects.select_related("made_by", "released_by", "organisation").order_by("-number")
    if not by.is_current or by.code not in MONEY:
        return found.none()
    return found.filter(organisation__path__startswith=by.organisation.path)


def lines(batch: PayoutBatch) -> QuerySet[Payout]:
    """A batch's payouts in the order of its file."""
    found = batch.payouts.select_related("decision__claim__member", "decision__claim__office")
    return found.order_by("line")


def to_schedule(by: Role, now: datetime) -> list[Due]:
    """Final decisions without a payout, with what stands in the way of some."""
    if not by.is_current or by.code not in MONEY:
        return []
    return due.dues(now, by.organisation.path)


def waiting(by: Role) -> QuerySet[Payout]:
    """What may go into the next batch, by claim number."""
    return _money(by).filter(state=Payout.State.SCHEDULED).order_by("decision__claim__number")


def failed(by: Role | Member, now: datetime) -> list[Failed]:
    """What the bank sent back and was not paid again, oldest first."""
    again = Payout.objects.filter(replaces=OuterRef("pk"))
    found = visible_to(by).filter(~Exists(again), state=Payout.State.FAILED).order_by("answered_at", "pk")
    accounts = [(payout, current_account(payout.decision.claim.member)) for payout in found]
    return [Failed(one, account, must_wait(account, now) if account else None) for one, account in accounts]


def in_doubt(by: Role) -> QuerySet[Payout]:
    """Payouts of which nobody knows whether the bank has paid them, longest first."""
    return _money(by).filter(state=Payout.State.IN_DOUBT).order_by("doubted_at", "pk")


def oldest_doubt_at() -> datetime | None:
    """Since when the oldest payout is in doubt, over all branches; for the health page."""
    return Payout.objects.filter(state=Payout.State.IN_DOUBT).aggregate(at=Min("doubted_at"))["at"]


def answers_visible_to(by: Role) -> QuerySet[DoubtAnswer]:
    """What was said of payouts in doubt, for who deals with money."""
    found = DoubtAnswer.objects.filter(payout__in=_money(by).order_by())
    return found.select_related("payout__decision__claim__office", "paper", "said_by", "settled_by")


def doubt_answers(payout: Payout) -> QuerySet[DoubtAnswer]:
    """What was said of a payout that the asker was let see, newest first."""
    return payout.doubt_answers.select_related("said_by", "settled_by").order_by("-pk")


def last_form(by: Role) -> str:
    """The form of the last batch made in the asker's branch."""
    last = batches(by).order_by("-pk").values_list("form", flat=True).first()
    return last or DEFAULT


def unanswered(by: Role, now: datetime) -> list[tuple[PayoutBatch, timedelta, bool]]:
    """Batches at the bank without a full answer: how long, and whether that is too long. They are never sent again."""
    found = batches(by).filter(state=PayoutBatch.State.RELEASED).order_by("released_at")
    return [(one, now - at, now - at > LATE) for one in found if (at := one.released_at) is not None]


def stops(by: Role) -> QuerySet[PayoutStop]:
    """Open stops, oldest first, for who deals with money."""
    found = PayoutStop.objects.open().order_by("stopped_at", "pk")
    return found if by.is_current and by.code in MONEY else found.none()


def of_claim(claim: Claim) -> list[Payout]:
    """Every payout of a claim that the asker was let see, oldest first."""
    found = Payout.objects.filter(decision__claim=claim).select_related("batch")
    return list(found.order_by("scheduled_at", "pk"))


def parts_of(payout: Payout) -> list[tuple[str, str, int]]:
    """What a payment is made of: scheme, benefit, amount; nothing of the person's health beyond that."""
    parts = payout.decision.adjudications.defer("facts", "reasoning").select_related("edition")
    found = parts.order_by("edition__slug", "pk")
    return [
        (part.edition.short, result.label, result.amount_fen)
        for part in found
        for result in part.results.order_by("pk")
        if result.amount_fen
    ]


def _money(by: Any) -> QuerySet[Payout]:
    return visible_to(by) if by.code in MONEY else Payout.objects.none()
