"""The city collects and remits, the province pays: what each office took in, sent up, and what was paid for its members."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet, Sum

from huzhu.ledger.accounts import (
    BANK,
    COLLECTED,
    FEES,
    IN_DOUBT,
    IN_TRANSIT,
    MONEY,
    NAMES,
    PAYABLE,
    PREPAID,
    REFUNDABLE,
    RETURNED,
)
from huzhu.ledger.models import LedgerEntry, Remittance, Voucher
from huzhu.organisations.models import Organisation
from huzhu.users.permissions import may

TO_MEMBERS = (PAYABLE, RETURNED, IN_DOUBT)  # what is owed to members, wherever it stands
TO_PAYERS = (PREPAID, REFUNDABLE)  # what came above the fees, or is being given back
OTHER = NAMES.keys() - {
    *MONEY,
    *FEES,
    *TO_MEMBERS,
    *TO_PAYERS,
}  # interest, charges, opening balances, unclaimed, clawed back


@dataclass(frozen=True, slots=True)
class Flow:
    """One office and scheme in the months asked for; balances are those at their end.

    From the start on, fees, over and other less paid are what lies, is in transit and is at the province.
    """

    office: Organisation
    scheme_slug: str
    fees_fen: int  # contribution income as the books say it before any closing
    over_fen: int
    other_fen: int
    sent_fen: int
    arrived_fen: int
    paid_fen: int
    lying_fen: int
    in_transit_fen: int
    owed_fen: int
    at_province_fen: int


def _entries(by: Any) -> QuerySet[LedgerEntry]:
    if not may(by, "remittances.see"):
        return LedgerEntry.objects.none()
    mine = LedgerEntry.objects.filter(office__path__startswith=by.organisation.path)
    return mine.exclude(scheme_slug="").order_by()  # other purses are kept by no scheme


def flows(by: Any, since: str = "", until: str = "", office: str = "", scheme: str = "") -> list[Flow]:
    """For the offices of the asker's branch, by office and scheme; months as "2022-07", both included."""
    found = _entries(by)
    found = found.filter(office=int(office)) if office else found
    found = found.filter(scheme_slug=scheme) if scheme else found
    found = found.filter(month__lte=until) if until else found
    moved = _moved(found.filter(month__gte=since) if since else found)
    held = _moved(found)
    offices = Organisation.objects.in_bulk({place for place, _ in held})
    return [
        _flow(offices[place], slug, moved[place, slug], pairs)
        for (place, slug), pairs in sorted(
            held.items(), key=lambda item: (offices[item[0][0]].path, item[0][1])
        )
    ]


def overdrawn(by: Any) -> list[tuple[str, int]]:
    """Schemes of which a whole book has paid more than came: the pool is common, so only those who see all of it are told."""
    if by.organisation.kind != Organisation.Kind.PROVINCE:
        return []
    sums: dict[str, int] = defaultdict(int)
    for one in flows(by):
        sums[one.scheme_slug] += one.at_province_fen
    return sorted((slug, fen) for slug, fen in sums.items() if fen < 0)


def _moved(entries: QuerySet[LedgerEntry]) -> dict[tuple[int, str], dict[tuple[str, str], int]]:
    """Fen by debit and credit, for each office and scheme."""
    sums: dict[tuple[int, str], dict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))
    keys = entries.values_list("office", "scheme_slug", "debit", "credit")
    for place, slug, debit, credit, fen in keys.annotate(Sum("amount_fen")):
        sums[place, slug][debit, credit] += fen
    return sums


def _flow(
    office: Organisation,
    slug: str,
    moved: dict[tuple[str, str], int],
    held: dict[tuple[str, str], int],
) -> Flow:
    return Flow(
        office,
        slug,
        fees_fen=_net(moved, (*MONEY, *TO_PAYERS), FEES),
        over_fen=-_net(moved, TO_PAYERS),
        other_fen=_net(moved, MONEY, OTHER),
        sent_fen=_net(moved, (IN_TRANSIT,), (COLLECTED,)),
        arrived_fen=_net(moved, (BANK,), (IN_TRANSIT,)),
        paid_fen=_net(moved, TO_MEMBERS, MONEY),
        lying_fen=_net(held, (COLLECTED,)),
        in_transit_fen=_net(held, (IN_TRANSIT,)),
        owed_fen=-_net(held, TO_MEMBERS),
        at_province_fen=_net(held, (BANK,)),
    )


def _net(
    sums: dict[tuple[str, str], int], codes: Collection[str], against: Collection[str] = NAMES.keys()
) -> int:
    """Debits less credits of these accounts where the other side is one of those."""
    return sum(
        fen * ((debit in codes and credit in against) - (credit in codes and debit in against))
        for (debit, credit), fen in sums.items()
    )


def choices(by: Any) -> dict[str, list[tuple[str, str]]]:
    """Offices and schemes that occur in the asker's branch."""
    seen = _entries(by)
    offices = Organisation.objects.filter(pk__in=seen.values("office")).order_by("path")
    slugs = sorted(seen.values_list("scheme_slug", flat=True).distinct())
    return {
        "offices": [(str(one.pk), one.name) for one in offices],
        "schemes": [(slug, slug) for slug in slugs],
    }


def remittances(by: Any) -> QuerySet[Remittance]:
    """What the offices of the asker's branch sent up, newest first."""
    if not may(by, "remittances.see"):
        return Remittance.objects.none()
    found = Remittance.objects.filter(office__path__startswith=by.organisation.path)
    return found.select_related("office", "sent_by", "settled_by", "sent_voucher", "settled_voucher")


def remittances_of(by: Any, voucher: Voucher) -> QuerySet[Remittance]:
    """The remittance that a voucher sent, or brought to its end."""
    return remittances(by).filter(Q(sent_voucher=voucher) | Q(settled_voucher=voucher))
