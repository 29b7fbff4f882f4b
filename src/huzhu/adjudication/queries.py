"""Questions about decisions, always asked for someone."""

import json
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from huzhu.adjudication.models import Adjudication, Decision, FirstOpinion
from huzhu.claims import queries as claims
from huzhu.claims.models import Claim, State
from huzhu.claims.queries import Clock
from huzhu.members.models import Member
from huzhu.rules.reasoning import Reasoning, from_json
from huzhu.users.models import Role

_OPEN = Decision.objects.filter(claim=OuterRef("pk"), state=Decision.State.PROPOSED)


def visible_to(by: Role | Member) -> QuerySet[Decision]:
    """Decisions on the claims the asker may see; a member sees what is final."""
    decisions = Decision.objects.filter(claim__in=claims.visible_to(by).values("pk"))
    if isinstance(by, Member):
        decisions = decisions.filter(state=Decision.State.FINAL)
    return decisions.select_related("claim__member", "claim__office", "decided_by", "second_by")


def waiting_for(by: Role) -> QuerySet[Claim]:
    """Claims on which this role must act now: untouched at the agency, reported to the province, proposed for a second word."""
    seen = claims.visible_to(by)
    match by.code:
        case Role.Code.AGENCY_CLERK:
            return seen.filter(state=State.SUBMITTED)
        case Role.Code.REVIEWER:
            return seen.filter(~Exists(_OPEN), state=State.REPORTED)
        case Role.Code.SECOND_REVIEWER:
            return seen.filter(Exists(_OPEN), state=State.REPORTED)
        case _:
            return seen.none()


def queue(by: Role, now: datetime) -> list[tuple[Claim, Clock]]:
    """What waits for this role, urgent first, then by working hours left."""
    return claims.by_urgency(waiting_for(by), now)


def standing(claim: Claim) -> Decision | None:
    """The decision that holds: proposed or final, never overruled."""
    found = Decision.objects.filter(claim=claim).exclude(state=Decision.State.OVERRULED)
    return found.select_related("decided_by", "second_by").first()


def overruled(claim: Claim) -> list[Decision]:
    """Decisions that the second person did not agree with, oldest first."""
    found = Decision.objects.filter(claim=claim, state=Decision.State.OVERRULED)
    return list(found.select_related("decided_by", "second_by").order_by("pk"))


def opinion_on(claim: Claim) -> FirstOpinion | None:
    return FirstOpinion.objects.filter(claim=claim).select_related("given_by").first()


def slips(decision: Decision) -> list[Reasoning]:
    """The workings as they were when it was decided, in a fixed order."""
    kept = Adjudication.objects.filter(decision=decision).select_related("edition")
    return [from_json(json.loads(one.reasoning)) for one in kept.order_by("edition__slug", "pk")]


def earlier_of(claim: Claim) -> list[Claim]:
    """The member's other claims, newest first: what a reviewer looks at beside this one."""
    others = Claim.objects.filter(member=claim.member_id).exclude(pk=claim.pk).exclude(state=State.DRAFT)
    return list(others.prefetch_related("decisions").order_by("-number")[:20])
