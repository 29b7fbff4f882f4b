"""Cash that an employer gives its workers back: no money of the fund, a memo beside the books, and a list of who is owed what."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet, Sum

from huzhu.audit.services import Actor
from huzhu.contributions.models import ContributionDue, Share
from huzhu.contributions.queries import visible_to
from huzhu.contributions.withdrawing import of_each_payer
from huzhu.core.identity import masked
from huzhu.enrolment.models import Enrolment
from huzhu.ledger import accounts
from huzhu.ledger import services as ledger
from huzhu.ledger.models import LedgerEntry
from huzhu.organisations.queries import agency_of
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role


@dataclass(frozen=True, slots=True)
class Owed:
    """What an employer owes the workers of one due, all together and each."""

    due: ContributionDue
    payer: str
    total_fen: int
    each_fen: int | None  # none where some take more shares than others
    is_due: bool  # the workers have paid: until then nothing is owed back


@dataclass(frozen=True, slots=True)
class Worker:
    """One person who is owed cash by the employer."""

    name: str
    id_number: str
    amount_fen: int


@transaction.atomic
def settle(*, due: ContributionDue, by: Actor, at: datetime) -> None:
    """Bring the memo of a due to what its workers are owed now: all of it once the fee is in, nothing before."""
    shares = Share.objects.filter(due=due)
    back = shares.aggregate(fen=Sum("cash_back_fen"))["fen"] or 0
    owed = 0 if shares.filter(received_fen__lt=F("amount_fen")).exists() else back
    source = f"cashback:{due.pk}:"
    mine = LedgerEntry.objects.filter(source__startswith=source)
    count, noted = mine.count(), _net(mine)
    if owed == noted:
        return
    roster = due.roster
    pair = (accounts.MEMO_OWED, accounts.MEMO_ADVANCED)
    debit, credit = pair if owed > noted else pair[::-1]
    row = ledger.Row(
        debit,
        credit,
        abs(owed - noted),
        due.edition.slug,
        roster.cover_starts_on.year,
        agency_of(roster.employer),
    )
    note = f"备查 {roster.employer.name}补给职工的现金"
    day = at.astimezone(SHANGHAI).date()
    ledger.post(source=f"{source}{count + 1}", posted_on=day, note=note, rows=[row], by=by, at=at)


def _net(entries: QuerySet[LedgerEntry]) -> int:
    sums = dict(entries.order_by().values_list("debit").annotate(Sum("amount_fen")))
    return sums.get(accounts.MEMO_OWED, 0) - sums.get(accounts.MEMO_ADVANCED, 0)


def dues(by: Role) -> QuerySet[ContributionDue]:
    """Dues of the branch with cash to give back, newest first."""
    return visible_to(by).filter(shares__cash_back_fen__gt=0).distinct().order_by("-pk")


def owed(found: Iterable[ContributionDue]) -> list[Owed]:
    """What each of them comes to."""
    return [_owed(one) for one in found]


def _owed(due: ContributionDue) -> Owed:
    shares = [one for one in due.shares.all() if one.cash_back_fen]
    total = sum(one.cash_back_fen for one in shares)
    payers = "、".join(dict.fromkeys(one.payer_name for one in shares))
    each = total // due.heads if due.heads and due.units == due.heads else None
    return Owed(due, payers, total, each, not due.left_fen)


def workers(due: ContributionDue) -> list[Worker]:
    """Who is owed, and how much: everybody of the due whose participation stands, by name."""
    shares = list(due.shares.all())
    held = Enrolment.objects.filter(roster=due.roster, edition=due.edition).exclude(
        state=Enrolment.State.VOID
    )
    found = list(held.select_related("member").order_by("member__name", "pk"))
    each = {
        units: sum(back for _, back in of_each_payer(due, shares, units).values())
        for units in {one.shares for one in found}
    }
    return [Worker(one.member.name, masked(one.member.id_number), each[one.shares]) for one in found]
