"""Who has done which act on a claim: first opinion, decision, second decision; no person twice.

The two acts of payment (making and releasing a batch) are kept upstairs; they ask here before they act.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from huzhu.adjudication.models import Decision
from huzhu.claims.models import Claim
from huzhu.db.asked import Asked
from huzhu.users.models import Role

ACTS = {
    "opinion": "初审",
    "decision": "核定",
    "second": "复核",
    "batch_maker": "制单",
    "batch_releaser": "放行",
}


# of a claim's rows, one a decision: who gave the opinion, decided, gave the second word; and how the decision stands
PEOPLE = ("opinion__given_by", "decisions__decided_by", "decisions__second_by", "decisions__state")
Done = list[tuple[Any, ...]]


class NoPersonTwice(PermissionError):
    """This person has already done another act on the claim."""


def acts_of(claim: Claim) -> dict[str, int]:
    """Act → user, of the acts up to the decision; of a claim decided again, the last."""
    return dict(_done(_PEOPLE(claim.pk)))


def check_person_is_new(
    claim: Claim, act: str, by: Role, others: dict[str, int] | None = None, done: Done | None = None
) -> bool:
    """Raise NoPersonTwice where this person did another act on the claim; `others` are acts known upstairs.

    `done` is what stands of it (PEOPLE), where the caller has just read it. Says whether a decision stands on the claim.
    """
    rows = _PEOPLE(claim.pk) if done is None else done
    for other, user_id in (*_done(rows), *(others or {}).items()):
        if user_id == by.user_id and other != act:
            raise NoPersonTwice(
                f"您已经办过申请 {claim.number} 的{ACTS[other]}，不能再由您{ACTS[act]}："
                "初审、核定、复核、制单、放行须由五个不同的人办。请交给同事办理。"
            )
    return any(state and state != Decision.State.OVERRULED for *_, state in rows)


def _people(claim: Any) -> Any:
    return Claim.objects.filter(pk=claim).order_by("decisions").values_list(*PEOPLE)


_PEOPLE = Asked(_people)


def _done(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[str, int]]:
    """An opinion stands once, however often it was decided anew."""
    for *people, _ in rows:
        for act, user_id in zip(("opinion", "decision", "second"), people, strict=True):
            if user_id:
                yield act, user_id
