"""What the books say of each claim: the expense of aid, from the vouchers that decisions and payouts have made."""

from collections import Counter
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q

from huzhu.adjudication.models import Decision
from huzhu.ledger.accounts import AID, CLOSING
from huzhu.ledger.books import entries_of
from huzhu.organisations.models import Organisation
from huzhu.payouts.models import Payout


class Aid(NamedTuple):
    """Where an expense stands, and for whom."""

    month: str
    account: str
    claim: Any
    member: Any


def aid(book: Organisation, first: str, last: str) -> Counter[Aid]:
    """Fen of each claim by month and account, from the first month to the last; what was taken back is below zero."""
    entries = entries_of(book).filter(Q(debit__in=AID) | Q(credit__in=AID), month__gte=first, month__lte=last)
    rows = entries.exclude(debit=CLOSING).exclude(credit=CLOSING)
    columns = ("voucher__source", "month", "debit_id", "credit_id", "amount_fen")
    found = list(rows.values_list(*columns))
    whose = _claims(book, {source for source, *_ in found})
    sums: Counter[Aid] = Counter()
    for source, month, debit, credit, fen in found:
        if source in whose:
            for account, moved in ((debit, fen), (credit, -fen)):
                if account in AID:
                    sums[Aid(month, account, *whose[source])] += moved
    return sums


def _claims(book: Organisation, sources: set[str]) -> dict[str, tuple[Any, Any]]:
    """Source → claim and member: `decision:7:payable`, or `payout:…:replaced` of what was not paid after all."""
    parts = [source.split(":") for source in sources]
    decided = {source: int(source.split(":")[1]) for source in sources if source.startswith("decision:")}
    if any(kind == "payout" for kind, *_ in parts):
        gone = Payout.objects.filter(
            state=Payout.State.REPLACED, decision__claim__office__path__startswith=book.path
        )
        of_payout: dict[UUID, int] = dict(gone.values_list("pk", "decision"))
        decided |= {
            f"payout:{pk}:replaced": decision
            for pk, decision in of_payout.items()
            if f"payout:{pk}:replaced" in sources
        }
    if not decided:
        return {}
    # keys lie close together: a range is asked for, not a list of a year's decisions
    rows = Decision.objects.filter(pk__gte=min(decided.values()), pk__lte=max(decided.values()))
    people = {pk: (claim, member) for pk, claim, member in rows.values_list("pk", "claim", "claim__member")}
    return {source: people[decision] for source, decision in decided.items()}
