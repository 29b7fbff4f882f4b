"""The two acts of payment beside the three of the decision: no person twice on one claim."""

from collections.abc import Iterator

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


def check_payer_is_new(payout: Payout, act: str, by: Role) -> None:
    """Raise NoPersonTwice where this person did another act on the claim, in this batch or in one the bank sent back."""
    claim = payout.decision.claim
    check_person_is_new(claim, act, by)
    for batch in _batches(payout):
        check_person_is_new(claim, act, by, _acts(batch))


def _batches(payout: Payout | None) -> Iterator[PayoutBatch]:
    while payout is not None:
        if payout.batch is not None:
            yield payout.batch
        payout = payout.replaces


def _acts(batch: PayoutBatch) -> dict[str, int]:
    done = {"batch_maker": batch.made_by_id}
    return done | {"batch_releaser": batch.released_by_id} if batch.released_by_id else done
