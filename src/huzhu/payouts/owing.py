"""What a member owes back, as the member reads it: how much, why, and how it can be returned. It asks for nothing by a day."""

from dataclasses import dataclass

from huzhu.bank.models import OwnAccount
from huzhu.bank.queries import paying
from huzhu.members.models import Member
from huzhu.organisations.models import Organisation
from huzhu.payouts.models import Clearing, Receivable


@dataclass(frozen=True, slots=True)
class Owing:
    """Debts that still stand, oldest first; of them so much was sent back and waits to be booked."""

    debts: tuple[Receivable, ...]
    said_fen: int
    account: OwnAccount | None  # to which it can be returned
    office: Organisation

    @property
    def left_fen(self) -> int:
        return sum(one.left_fen for one in self.debts)


def of_member(member: Member) -> Owing | None:
    """None where nothing is owed."""
    found = Receivable.objects.open().filter(member=member).order_by("since", "pk")
    debts = tuple(found.select_related("difference__decision__claim__office"))
    if not debts:
        return None
    said = Clearing.objects.filter(
        receivable__in=debts, kind=Clearing.Kind.RETURNED, state=Clearing.State.SAID
    )
    office = debts[0].difference.decision.claim.office
    return Owing(debts, sum(said.values_list("amount_fen", flat=True)), paying(office), office)
