"""Questions about payouts, always asked for someone."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from huzhu.adjudication.models import Decision
from huzhu.audit.models import Event
from huzhu.audit.queries import events_on
from huzhu.bank import queries as bank
from huzhu.bank.models import OwnAccount, StatementLine
from huzhu.bank.payforms import DEFAULT
from huzhu.claims.models import Claim
from huzhu.claims.queries import matching as matching_claims
from huzhu.contributions.matching import unsaid
from huzhu.contributions.models import LineUse
from huzhu.ledger.models import Voucher
from huzhu.members.accounts import Wait, must_wait
from huzhu.members.models import BankAccount, Member
from huzhu.members.queries import current_account
from huzhu.payouts import addressing, due, holding
from huzhu.payouts.due import Due
from huzhu.payouts.models import (
    BATCH_NUMBER,
    BankReturn,
    Clearing,
    DoubtAnswer,
    Payout,
    PayoutBatch,
    Receivable,
)
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import may

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
    waits: Wait | None
    back: BankReturn | None = None  # where it had been paid before

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


def objections(found: Sequence[Payout], now: datetime) -> dict[Any, str]:
    """Of payouts that were `asked`: those (by key) that cannot go into a batch now → why."""
    return addressing.waiting(found, now) | holding.waiting(found)


def held_back(by: Role, now: datetime) -> list[Payout]:
    """What waits for a batch and cannot go into one now. Looked at are those alone that something may stand in the way of."""
    changed = BankAccount.objects.filter(
        member=OuterRef("decision__claim__member"), is_current=True, replaces__isnull=False
    )
    perhaps = Q(in_question=True) | Q(decision__state=Decision.State.CORRECTED) | Exists(changed)
    found = list(holding.asked(waiting(by)).filter(perhaps))
    held = objections(found, now)
    return [one for one in found if one.pk in held]


def sent_back(by: Role | Member) -> QuerySet[Payout]:
    """What the bank sent back and was not paid again, oldest first."""
    again = Payout.objects.filter(replaces=OuterRef("pk"))
    return visible_to(by).filter(~Exists(again), state=Payout.State.FAILED).order_by("answered_at", "pk")


def failed(by: Role | Member, now: datetime) -> list[Failed]:
    """The same with the account that each member has now."""
    found = sent_back(by)
    accounts = [(payout, current_account(payout.decision.claim.member)) for payout in found]
    returned = {
        one.payout_id: one for some in returns_of(found).values() for one in some if one.state == "confirmed"
    }
    return [
        Failed(one, account, must_wait(account, now) if account else None, returned.get(one.pk))
        for one, account in accounts
    ]


def in_doubt(by: Role) -> QuerySet[Payout]:
    """Payouts of which nobody knows whether the bank has paid them, longest first."""
    return _money(by).filter(state=Payout.State.IN_DOUBT).order_by("doubted_at", "pk")


def answers_visible_to(by: Role) -> QuerySet[DoubtAnswer]:
    """What was said of payouts in doubt, for who deals with money."""
    found = DoubtAnswer.objects.filter(payout__in=_money(by).order_by())
    return found.select_related("payout__decision__claim__office", "paper", "said_by", "settled_by")


def doubt_answers(payout: Payout) -> QuerySet[DoubtAnswer]:
    """What was said of a payout that the asker was let see, newest first."""
    return payout.doubt_answers.select_related("said_by", "settled_by").order_by("-pk")


def batch_numbers(text: str) -> list[str]:
    """What looks like the number of a batch in a bank's words."""
    return BATCH_NUMBER.findall(text)


def last_form(by: Role) -> str:
    """The form of the last batch made in the asker's branch."""
    last = batches(by).order_by("-pk").values_list("form", flat=True).first()
    return last or DEFAULT


def unanswered(by: Role, now: datetime) -> list[tuple[PayoutBatch, timedelta, bool]]:
    """Batches at the bank without a full answer: how long, and whether that is too long. They are never sent again."""
    found = at_the_bank(batches(by))
    return [(one, now - at, now - at > LATE) for one in found if (at := one.released_at) is not None]


def at_the_bank(found: QuerySet[PayoutBatch]) -> QuerySet[PayoutBatch]:
    """Those of these batches that have no full answer, oldest first; `open_count` and `open_fen` are what the answer lacks."""
    is_open = Q(payouts__state__in=(Payout.State.SENT, Payout.State.IN_DOUBT))
    lacking = {
        "open_count": Count("payouts", filter=is_open),
        "open_fen": Coalesce(Sum("payouts__amount_fen", filter=is_open), 0),
    }
    return found.filter(state=PayoutBatch.State.RELEASED).annotate(**lacking).order_by("released_at")


def of_claim(claim: Claim) -> list[Payout]:
    """Every payout of a claim that the asker was let see, oldest first."""
    found = Payout.objects.filter(decision__claim=claim).select_related("batch")
    return list(found.order_by("scheduled_at", "pk"))


def parts_of(payout: Payout) -> list[tuple[str, str, int]]:
    """What a payment is made of: scheme, benefit, amount; nothing of the person's health beyond that.

    Of a correction what is more or less than was paid before; last what was kept against a debt.
    """
    kept = payout.decision.set_offs.filter(state=Clearing.State.CONFIRMED).order_by("pk")
    return [*_benefits_of(payout), *((_across(one), "抵扣以前多发的", -one.amount_fen) for one in kept)]


def _across(one: Clearing) -> str:
    return f"申请 {one.receivable.difference.decision.claim.number}"


def _benefits_of(payout: Payout) -> list[tuple[str, str, int]]:
    if payout.decision.corrects_id:
        more = payout.decision.differences.filter(amount_fen__gt=0).select_related("enrolment__edition")
        return [
            (one.enrolment.edition.short, label, fen)
            for one in more.order_by("enrolment__scheme_slug", "pk")
            for _, label, fen in due.more_of(one)
        ]
    parts = payout.decision.adjudications.defer("facts", "reasoning").select_related("edition")
    found = parts.order_by("edition__slug", "pk")
    return [
        (part.edition.short, result.label, result.amount_fen)
        for part in found
        for result in part.results.order_by("pk")
        if result.amount_fen
    ]


def paid_by_whom(payouts: Iterable[Payout]) -> dict[str, Event]:
    """By whom and when it was written down that these (by key, as text) were paid, as the trail has it."""
    found = events_on("payouts.payout", [one.pk for one in payouts]).filter(verb="payouts.paid")
    return {one.object_id: one for one in found}


# ── what the bank gave back ──


def returns_visible_to(by: Role) -> QuerySet[BankReturn]:
    """What was said to have come back of the branch's payments, for who deals with money."""
    found = BankReturn.objects.filter(payout__in=_money(by).order_by())
    return found.select_related(
        "payout__decision__claim__office", "payout__decision__claim__member", "line", "said_by", "settled_by"
    )


def returns_to_confirm(by: Role) -> QuerySet[BankReturn]:
    """What one person has said and another must confirm, oldest first."""
    return returns_visible_to(by).filter(state=BankReturn.State.SAID).order_by("said_at", "pk")


def returns_of(payouts: Iterable[Payout]) -> dict[Any, list[BankReturn]]:
    """What was said of these payments (by key), oldest first; the asker was let see them."""
    said: dict[Any, list[BankReturn]] = defaultdict(list)
    found = BankReturn.objects.filter(payout__in=[one.pk for one in payouts]).order_by("pk")
    for one in found.select_related("line", "said_by", "settled_by"):
        said[one.payout_id].append(one)
    return said


def may_have_come_back(payout: Payout) -> list[StatementLine]:
    """Credits that may be the money of a payment: as much, on the account that pays it, since it was paid, and nothing else yet."""
    office = payout.decision.claim.office
    if payout.state != Payout.State.PAID or payout.answered_at is None:
        return []
    found = unsaid(StatementLine.objects.all()).filter(
        account__purpose=OwnAccount.Purpose.PAYING,
        amount_fen=payout.amount_fen,
        booked_on__gte=payout.answered_at.astimezone(SHANGHAI).date(),
    )
    lines = found.select_related("account__organisation").order_by("booked_on", "position")
    return [one for one in lines if bank.holds(one.account, office)]


def that_came_back_by(by: Role, line: StatementLine) -> list[Payout]:
    """The other way about: payments of the branch whose money a credit may be, the latest first."""
    if line.amount_fen <= 0 or line.account.purpose != OwnAccount.Purpose.PAYING:
        return []
    found = _money(by).filter(state=Payout.State.PAID, amount_fen=line.amount_fen)
    return [one for one in found.order_by("-answered_at")[:20] if line in may_have_come_back(one)]


def said_to_come_back_by(by: Role, line: StatementLine) -> QuerySet[Payout]:
    """The payment whose money a credit is, by the word of one person or of two."""
    standing = (BankReturn.State.SAID, BankReturn.State.CONFIRMED)
    return _money(by).filter(bank_returns__line=line, bank_returns__state__in=standing)


def behind_return(by: Role, voucher: Voucher) -> QuerySet[Payout]:
    """The payment whose money a voucher brought back."""
    return visible_to(by).filter(bank_returns__line__uses__voucher=voucher, bank_returns__state="confirmed")


def return_vouchers(claim: Claim) -> list[str]:
    """Numbers of the vouchers that brought back what was paid on a claim."""
    back = BankReturn.objects.filter(payout__decision__claim=claim, state=BankReturn.State.CONFIRMED)
    uses = LineUse.objects.filter(line__in=back.values("line"), ended_at=None, voucher__isnull=False)
    return list(uses.values_list("voucher__number", flat=True))


# ── what is owed back ──

STANDS = (("open", "待收回"), ("done", "已结清"))


def receivables(by: Role) -> QuerySet[Receivable]:
    """What members of the branch owe back, oldest first."""
    found = Receivable.objects.select_related(
        "member", "difference__decision__claim__office", "difference__enrolment__edition"
    ).order_by("since", "pk")
    if not may(by, "receivables.see"):
        return found.none()
    return found.filter(difference__decision__claim__office__path__startswith=by.organisation.path)


def of_this(found: QuerySet[Receivable], *, state: str = "", text: str = "") -> QuerySet[Receivable]:
    """By what still stands, and by claim or member."""
    left = Q(cleared_fen__lt=F("amount_fen"))
    found = found.filter(left if state == "open" else ~left) if state else found
    claims = matching_claims(Claim.objects.order_by(), text)
    return found.filter(difference__decision__claim__in=claims) if text else found


def owed(found: QuerySet[Receivable]) -> tuple[int, int]:
    """Fen that still stand, and fen that were owed at first."""
    sums = found.order_by().aggregate(left=Sum(F("amount_fen") - F("cleared_fen")), whole=Sum("amount_fen"))
    return sums["left"] or 0, sums["whole"] or 0


def clearings(receivable: Receivable) -> list[Clearing]:
    """How a debt that the asker was let see came back, oldest first."""
    found = receivable.clearings.select_related("decision__claim", "line", "said_by", "settled_by")
    return list(found.order_by("pk"))


def clearings_visible_to(by: Role) -> QuerySet[Clearing]:
    return Clearing.objects.filter(receivable__in=receivables(by).order_by()).select_related(
        "receivable__difference__decision__claim__office", "line__account__organisation"
    )


def clearings_to_settle(by: Role) -> QuerySet[Clearing]:
    """What one person has said and another must confirm."""
    return clearings_visible_to(by).filter(state=Clearing.State.SAID).order_by("said_at", "pk")


def vouchers_of(receivable: Receivable) -> QuerySet[Voucher]:
    """Every voucher that moved a debt: from its correction on."""
    decision = receivable.difference.decision_id
    sources = [f"decision:{decision}:corrected"]
    for one in receivable.clearings.exclude(state__in=(Clearing.State.SAID, Clearing.State.DECLINED)):
        if one.kind == Clearing.Kind.SET_OFF:
            sources.append(f"decision:{one.decision_id}:set_off")
        elif one.kind == Clearing.Kind.GIVEN_UP:
            sources.append(f"given-up:{one.pk}")
    returned = Q(pk__in=[])
    for one in receivable.clearings.filter(kind=Clearing.Kind.RETURNED, state=Clearing.State.CONFIRMED):
        returned |= Q(source__startswith=f"claw-back:{one.line.reference}:") if one.line else returned
    undone = receivable.clearings.filter(state=Clearing.State.UNDONE).values("decision")
    gone = Payout.objects.filter(decision__in=undone, state=Payout.State.REPLACED)
    sources += [f"payout:{pk}:replaced" for pk in gone.values_list("pk", flat=True)]
    return Voucher.objects.filter(Q(source__in=sources) | returned).order_by("number")


def receivables_behind(by: Role, source: str) -> list[Receivable]:
    """The debts of the branch that a voucher with this source made or cleared."""
    kind, _, rest = source.partition(":")
    key, _, what = rest.partition(":")
    if kind == "decision" and what == "corrected":
        wanted = Q(difference__decision=int(key))
    elif kind == "decision" and what == "set_off":
        wanted = Q(clearings__decision=int(key))
    elif kind == "given-up":
        wanted = Q(clearings=int(key))
    elif kind == "claw-back":
        wanted = Q(clearings__line__reference=rest.rpartition(":")[0])
    else:
        return []
    return list(receivables(by).filter(wanted).distinct())


def came_in(receivable: Receivable) -> list[StatementLine]:
    """Money that came into the paying account and that nobody has placed: what the member may have sent back, likeliest first."""
    office = receivable.difference.decision.claim.office
    used = LineUse.objects.filter(line=OuterRef("pk"), ended_at=None)
    found = StatementLine.objects.filter(
        ~Exists(used), account__purpose="paying", amount_fen__gt=0, booked_on__gte=receivable.since.date()
    ).select_related("account__organisation")
    ours = [
        one for one in found.order_by("-booked_on", "-pk")[:200] if one.account.organisation.contains(office)
    ]
    likely = {receivable.left_fen, receivable.amount_fen}
    ours.sort(key=lambda one: (one.name != receivable.member.name, one.amount_fen not in likely))
    return ours[:20]


def _money(by: Any) -> QuerySet[Payout]:
    return visible_to(by) if by.code in MONEY else Payout.objects.none()
