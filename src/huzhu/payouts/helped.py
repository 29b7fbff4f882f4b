"""Whom the fund has helped and with how much: what arrived or was kept against a debt, less what a correction asks back.

So it is the expense in the books, but for what is still on its way. A claim of which nothing is left has helped nobody.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery, Sum

from huzhu.claims.models import Claim
from huzhu.payouts.differences import GONE
from huzhu.payouts.models import Payout, Receivable

CLAIM, OWED = "decision__claim", "difference__decision__claim"
WHOLE = F("amount_fen") + F("set_off_fen")


@dataclass(slots=True)
class Aid:
    """Fen that arrived, fen that were kept against debts, and fen that are or were owed back."""

    arrived_fen: int = 0
    kept_fen: int = 0
    owed_fen: int = 0

    @property
    def net_fen(self) -> int:
        return self.arrived_fen + self.kept_fen - self.owed_fen


def aid(path: str) -> defaultdict[int, Aid]:
    """By the employer of the claim, of the branch with this path."""
    found: defaultdict[int, Aid] = defaultdict(Aid)
    gone = _gone(path).order_by().values_list(f"{CLAIM}__employer")
    for employer, arrived, kept in gone.annotate(Sum("amount_fen"), Sum("set_off_fen")):
        found[employer].arrived_fen, found[employer].kept_fen = arrived, kept
    owed = Receivable.objects.filter(**{f"{OWED}__employer__path__startswith": path}).order_by()
    for employer, fen in owed.values_list(f"{OWED}__employer").annotate(Sum("amount_fen")):
        found[employer].owed_fen = fen
    return found


def whole(found: Iterable[Aid]) -> Aid:
    """All of it together."""
    every = list(found)
    return Aid(
        sum(one.arrived_fen for one in every),
        sum(one.kept_fen for one in every),
        sum(one.owed_fen for one in every),
    )


def helping(path: str) -> QuerySet[Payout]:
    """The payments of a branch that have helped somebody."""
    return _gone(path).exclude(decision__claim__in=_nothing_left(path))


def _gone(path: str) -> QuerySet[Payout]:
    return Payout.objects.filter(state__in=GONE, decision__claim__employer__path__startswith=path)


def _nothing_left(path: str) -> QuerySet[Any]:
    """Claims that were paid, and whose whole aid a correction asks back."""
    got = Payout.objects.filter(decision__claim=OuterRef("pk"), state__in=GONE).order_by().values(CLAIM)
    owed = Receivable.objects.filter(**{OWED: OuterRef("pk")}).order_by().values(OWED)
    found = Claim.objects.filter(
        employer__path__startswith=path, decisions__differences__receivable__isnull=False
    ).annotate(
        got=Subquery(got.annotate(fen=Sum(WHOLE)).values("fen")),
        owed=Subquery(owed.annotate(fen=Sum("amount_fen")).values("fen")),
    )
    return found.filter(owed__gte=F("got")).values("pk")
