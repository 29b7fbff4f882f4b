"""The bureau's settlement records come in: whoever brings a file answers for it, and gives the first opinion on its claims."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from huzhu.adjudication.models import FirstOpinion
from huzhu.audit import services as audit
from huzhu.claims import bureau
from huzhu.claims.bureau import Entered, Record
from huzhu.db.rows import insert
from huzhu.jobs.working import Tell
from huzhu.organisations.models import Organisation
from huzhu.organisations.queries import visible_to
from huzhu.rules.edition import FactDef
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

SLICE = 500
MOST_TOLD = 2_000  # refused lines kept for the person
OPINION = "医保局结算数据，项目齐全，建议给付。"
TRIES = 5


def take_in(*, found: Sequence[Record], by: Role, at: datetime, tell: Tell) -> dict[str, Any]:
    """Every good record becomes a claim that waits at the province; how many, and why not the others.

    In slices, each a transaction; the same file again, or a run that was killed, goes on with what is not there yet.
    """
    check_may(by, "settlements.import")
    offices = {place.path: place for place in visible_to(by).filter(kind=Organisation.Kind.CITY)}
    read = bureau.readable()
    taken, changed, known, refused = 0, 0, 0, []
    for start in range(0, len(found), SLICE):
        entered = _entered(found[start : start + SLICE], by, offices, read, at)
        taken += len(entered.claims)
        changed += entered.changed
        known += entered.known
        refused += entered.refused
        tell(min(start + SLICE, len(found)), len(found), "正在转入")
    return {
        "taken": taken,
        "changed": changed,
        "known": known,
        "refused": refused[:MOST_TOLD],
        "refused_count": len(refused),
    }


def _entered(
    found: Sequence[Record],
    by: Role,
    offices: dict[str, Organisation],
    read: dict[str, FactDef],
    at: datetime,
) -> Entered:
    for attempt in range(1, TRIES + 1):
        try:
            return _slice(found, by, offices, read, at)
        except IntegrityError:  # somebody else took the next number, or the same settlement
            if attempt == TRIES:
                raise
    raise AssertionError("unreachable")


@transaction.atomic
def _slice(
    found: Sequence[Record],
    by: Role,
    offices: dict[str, Organisation],
    read: dict[str, FactDef],
    at: datetime,
) -> Entered:
    entered = bureau.enter_each(found=found, by=by, offices=offices, read=read, at=at)
    opinions = [(claim.pk, OPINION, True, by.user_id, at) for claim in entered.claims]
    insert(FirstOpinion, ("claim", "text", "supports", "given_by", "given_at"), opinions)
    acts = [("settlements.enter", claim, {"from": "draft", "to": claim.state}) for claim in entered.claims]
    audit.record_each(by=by, at=at, acts=acts)
    return entered
