"""Who waits for whom: what a decision reads is changed under the lock of the member, and after it that of the claim.

While nobody can decide the claim yet, the lock of the claim is enough: who brings it to a decision waits for that.
"""

from huzhu.claims.models import Claim
from huzhu.claims.papers import lock_claim
from huzhu.members.locks import lock_one


def lock_member(claim: Claim) -> None:
    """Claims of one member are decided, and checked against each other, one at a time."""
    lock_one(claim.member_id)


def lock(claim: Claim) -> None:
    """Nobody decides the claim meanwhile, nor changes it; it is read anew."""
    lock_member(claim)
    lock_claim(claim)
