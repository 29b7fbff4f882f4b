"""Who has done which act on a claim: first opinion, decision, second decision; no person twice.

The two acts of payment (making and releasing a batch) are kept upstairs; they ask here before they act.
"""

from collections.abc import Iterator

from huzhu.claims.models import Claim
from huzhu.users.models import Role

ACTS = {
    "opinion": "初审",
    "decision": "核定",
    "second": "复核",
    "batch_maker": "制单",
    "batch_releaser": "放行",
}


class NoPersonTwice(PermissionError):
    """This person has already done another act on the claim."""


def acts_of(claim: Claim) -> dict[str, int]:
    """Act → user, of the acts up to the decision; of a claim decided again, the last."""
    return dict(_done(claim))


def check_person_is_new(claim: Claim, act: str, by: Role, others: dict[str, int] | None = None) -> None:
    """Raise NoPersonTwice where this person did another act on the claim; `others` are acts known upstairs."""
    for other, user_id in (*_done(claim), *(others or {}).items()):
        if user_id == by.user_id and other != act:
            raise NoPersonTwice(
                f"您已经办过申请 {claim.number} 的{ACTS[other]}，不能再由您{ACTS[act]}："
                "初审、核定、复核、制单、放行须由五个不同的人办。请交给同事办理。"
            )


def _done(claim: Claim) -> Iterator[tuple[str, int]]:
    """By one statement; an opinion stands once, however often it was decided anew."""
    people = ("opinion__given_by", "decisions__decided_by", "decisions__second_by")
    found = Claim.objects.filter(pk=claim.pk).order_by("decisions").values_list(*people)
    for row in found:
        for act, user_id in zip(("opinion", "decision", "second"), row, strict=True):
            if user_id:
                yield act, user_id
