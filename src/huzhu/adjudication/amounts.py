"""The amount of each claim on a list: as it was decided, else as the rules give it today; nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import prefetch_related_objects

from huzhu.adjudication.evaluation import evaluate
from huzhu.adjudication.models import Decision
from huzhu.claims.facts import known_of_each
from huzhu.claims.models import Claim, State
from huzhu.rules.facts import FactsRefused

UNDECIDED = (State.SUBMITTED, State.RETURNED, State.REPORTED)


@dataclass(frozen=True, slots=True)
class Amount:
    """Fen, and the decision they come from; without one an estimate, and None where the figures cannot be read yet."""

    fen: int | None
    decision: Decision | None = None

    @property
    def yuan(self) -> Decimal | None:
        """For a cell of a workbook."""
        return None if self.fen is None else Decimal(self.fen) / 100


def amounts_of(claims: Sequence[Claim]) -> dict[Any, Amount]:
    """By the key of the claim: five statements for all of them."""
    held = Decision.objects.standing().filter(claim__in=claims)
    decided = {one.claim_id: Amount(one.total_fen, one) for one in held.select_related("decided_by")}
    open_ones = [one for one in claims if one.pk not in decided and one.state in UNDECIDED]
    prefetch_related_objects(open_ones, "settlement")
    known = known_of_each({one.member_id for one in open_ones}) if open_ones else {}
    found = {one.pk: Amount(None) for one in claims}
    for one in open_ones:
        try:
            found[one.pk] = Amount(evaluate(claim=one, known=known[one.member_id]).total_fen)
        except FactsRefused:
            continue
    return found | decided
