"""Who waits for whom: what a decision reads is changed under the lock of the member, and after it that of the claim.

While nobody can decide the claim yet, the lock of the claim is enough: who brings it to a decision waits for that.
"""

from typing import Any

from django.db import connection

from huzhu.claims.models import Claim
from huzhu.claims.papers import lock_claim
from huzhu.db.asked import Asked
from huzhu.members.models import Member

_LOCK = Asked(lambda key: Member.objects.select_for_update(no_key=True).filter(pk=key).values_list("pk"))


def lock_member(claim: Claim) -> None:
    """Claims of one member are decided, and checked against each other, one at a time; SQLite has no locks of rows to take."""
    if connection.features.has_select_for_update:
        _LOCK(claim.member_id)


def lock_members(keys: Any) -> None:
    """The same for many members (a query of their keys), always locked in their order."""
    if connection.features.has_select_for_update:
        found = Member.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk")
        list(found.values_list("pk"))


def lock(claim: Claim) -> None:
    """Nobody decides the claim meanwhile, nor changes it; it is read anew."""
    lock_member(claim)
    lock_claim(claim)
