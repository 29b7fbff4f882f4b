"""The two acts of payment beside the three of the decision: no person twice on one claim."""

from collections.abc import Iterable

from django.db.models import Q

from huzhu.adjudication.acts import ACTS, acts_of, check_person_is_new
from huzhu.claims.models import Claim
from huzhu.payouts.models import Payout, PayoutBatch
from huzhu.users.models import Role, User


def acts_with_payment(claim: Claim) -> dict[str, int]:
    """Act → user of all five; of a payment made again, the last."""
    done = acts_of(claim)
    for batch in PayoutBatch.objects.filter(payouts__decision__claim=claim).order_by("pk"):
        done |= _acts(batch)
    return done


def who_did(claim: Claim) -> list[tuple[str, str]]:
    """The word of each act done and the name of who did it, in the order of the walk."""
    done = acts_with_payment(claim)
    names = dict(User.objects.filter(pk__in=done.values()).values_list("pk", "name"))
    return [(word, names[done[act]]) for act, word in ACTS.items() if act in done]


def check_payer_is_new(payouts: Iterable[Payout], act: str, by: Role) -> None:
    """Raise NoPersonTwice where this person did another act on one of the claims, in this batch or in an earlier one.

    Two questions for all claims together; only where one of them has an answer is that claim looked at by itself.
    """
    claims = {payout.decision.claim_id: payout.decision.claim for payout in payouts}
    me = by.user_id
    decided = Q(opinion__given_by=me) | Q(decisions__decided_by=me) | Q(decisions__second_by=me)
    found = Claim.objects.filter(decided, pk__in=claims).order_by("number")
    for claim_id in found.values_list("pk", flat=True):
        check_person_is_new(claims[claim_id], act, by)
    paid = Payout.objects.filter(Q(batch__made_by=me) | Q(batch__released_by=me), decision__claim__in=claims)
    for payout in paid.select_related("batch", "decision"):
        if payout.batch is not None:
            check_person_is_new(claims[payout.decision.claim_id], act, by, _acts(payout.batch))


def _acts(batch: PayoutBatch) -> dict[str, int]:
    done = {"batch_maker": batch.made_by_id}
    return done | {"batch_releaser": batch.released_by_id} if batch.released_by_id else done
