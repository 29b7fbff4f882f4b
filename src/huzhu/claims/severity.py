"""The class of an illness (轻症, 重症 …), where a scheme reads it: claimed by the member, raised by a reviewer.

A scheme that pays by class declares a fact `severity` whose codes stand from the lightest to the gravest.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from huzhu.audit import services as audit
from huzhu.claims.lifecycle import CannotMove
from huzhu.claims.locks import lock
from huzhu.claims.models import Claim, Evidence, Raise, State
from huzhu.enrolment.models import Enrolment
from huzhu.members.models import Member
from huzhu.schemes import queries as schemes
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

FACT = "severity"
ILLNESSES = {"critical", "women"}


class NotARaise(ValueError):
    """The class is not above the one that stands, or nothing says why it should be."""


@dataclass(frozen=True, slots=True)
class Raised:
    """One raise as people read it."""

    was: str
    became: str
    paper: str
    reason: str
    by: str
    at: datetime

    def __str__(self) -> str:
        return f"由“{self.was}”改为“{self.became}”，凭{self.paper}：{self.reason}"


def classes_for(member: Member) -> dict[str, str]:
    """Code → label, lightest first, of the schemes that cover the member; empty where none of them pays by class."""
    covers = Enrolment.objects.filter(member=member).in_force().select_related("edition")
    found: dict[str, str] = {}
    for edition in {cover.edition_id: cover.edition for cover in covers}.values():
        fact = schemes.engine(edition).facts.get(FACT)
        found |= dict(fact.type.codes) if fact else {}
    return found


def higher_than(claim: Claim) -> dict[str, str]:
    """What the class of this claim can be raised to."""
    classes = classes_for(claim.member) if ILLNESSES & set(claim.kinds) else {}
    codes = list(classes)
    above = codes.index(claim.severity) + 1 if claim.severity in classes else 0
    return {code: classes[code] for code in codes[above:]}


@transaction.atomic
def raise_severity(*, claim: Claim, to: str, paper: str, reason: str, by: Role, at: datetime) -> Raise:
    """A reviewer finds a graver class in the papers than was claimed. It only goes up: less is refused or returned."""
    check_may(by, "claims.decide", within=claim.office)
    lock(claim)
    if claim.state != State.REPORTED:
        raise CannotMove(
            f"申请 {claim.number} 现在是“{claim.get_state_display()}”，不能改病情类别。请刷新后再看。"
        )
    _check_higher(claim, to)
    shown = claim.papers.filter(kind=paper, state=Evidence.State.RECEIVED).first()
    said = reason.strip()[:200]
    if shown is None or not said:
        raise NotARaise("没有改。请选凭哪一份已收的材料，并写明材料上怎么说，例如“病理报告：浸润性癌”。")
    made = Raise.objects.create(
        claim=claim,
        was=claim.severity or "",
        became=to,
        paper=shown.label,
        reason=said,
        raised_by=by.user,
        raised_at=at,
    )
    claim.severity = to
    claim.save(update_fields=["severity"])
    audit.record(by=by, verb="claims.raise_severity", on=claim, at=at, detail={"paper": shown.label})
    return made


def _check_higher(claim: Claim, to: str) -> None:
    above = higher_than(claim)
    if to in above:
        return
    if not above:
        raise NotARaise("没有改：这件申请没有更重的类别可以改，或会员参加的方案不分轻重。")
    ways = "、".join(above.values())
    raise NotARaise(
        f"没有改：只能往重改，可选 {ways}。材料达不到申请的类别，请退回补正，或不予给付并写明理由。"
    )


def raises_of(claim: Claim) -> list[Raised]:
    """Every raise, the first one first: what was claimed stands in it as `was`."""
    made = list(claim.raises.select_related("raised_by").order_by("raised_at", "pk"))
    labels = classes_for(claim.member) if made else {}
    return [
        Raised(
            was=label_in(labels, one.was),
            became=label_in(labels, one.became),
            paper=one.paper,
            reason=one.reason,
            by=one.raised_by.name,
            at=one.raised_at,
        )
        for one in made
    ]


def label_in(labels: dict[str, str], code: str) -> str:
    return labels.get(code, code) or "没有填"


def problem(claim: Claim, code: str) -> str:
    """Why this cannot be the claimed class; empty when it can."""
    if code == (claim.severity or ""):
        return ""
    if claim.raises.exists():
        return "省办已按材料把病情类别往重改过，不能再改"
    classes = classes_for(claim.member)
    return "" if not code or code in classes else _choose(classes.values())


def _choose(labels: Iterable[str]) -> str:
    return f"没有这个类别，可选 {'、'.join(labels)}" if labels else "会员参加的方案不分轻重，请空着"
