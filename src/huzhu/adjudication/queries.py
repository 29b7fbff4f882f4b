"""Questions about decisions, always asked for someone."""

import json
from datetime import datetime

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Sum

from huzhu.adjudication.automatic import waiting
from huzhu.adjudication.models import (
    Adjudication,
    AutomaticLine,
    AutomaticRun,
    Correction,
    Decision,
    FirstOpinion,
)
from huzhu.claims import queries as claims
from huzhu.claims.models import Claim, SettlementChange, State
from huzhu.claims.queries import Clock, newest_first
from huzhu.members.models import Member
from huzhu.rules.adjudicate import explain
from huzhu.rules.reasoning import Reasoning, from_json
from huzhu.schemes.queries import engine
from huzhu.users.models import Role
from huzhu.users.permissions import may

_OPEN = Decision.objects.filter(claim=OuterRef("pk"), state=Decision.State.PROPOSED)
_LINES = AutomaticLine.objects.filter(claim=OuterRef("pk"))
# what came from the bureau waits for a run first; a person has what a run left, unless another run holds it
_FOR_PERSONS = ~Q(channel=Claim.Channel.BUREAU) | (
    Exists(_LINES.filter(outcome=AutomaticLine.Outcome.LEFT))
    & ~Exists(_LINES.filter(outcome=AutomaticLine.Outcome.PAYS))
)


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
            return seen.filter(state=State.SUBMITTED, office=by.organisation_id)
        case Role.Code.REVIEWER:
            return seen.filter(~Exists(_OPEN), _FOR_PERSONS, state=State.REPORTED)
        case Role.Code.SECOND_REVIEWER:
            return seen.filter(Exists(_OPEN), state=State.REPORTED)
        case _:
            return seen.none()


def queue(by: Role, now: datetime) -> list[tuple[Claim, Clock]]:
    """What waits for this role, urgent first, then by working hours left."""
    return claims.by_urgency(waiting_for(by), now)


def standing(claim: Claim) -> Decision | None:
    """The decision that holds: proposed or final, neither overruled nor corrected."""
    found = Decision.objects.standing().filter(claim=claim)
    return found.select_related("decided_by", "second_by").first()


def overruled(claim: Claim) -> list[Decision]:
    """Decisions that the second person did not agree with, oldest first."""
    found = Decision.objects.filter(claim=claim, state=Decision.State.OVERRULED)
    return list(found.select_related("decided_by", "second_by").order_by("pk"))


def corrected(claim: Claim) -> list[Decision]:
    """Decisions that a later one has corrected, oldest first."""
    found = Decision.objects.filter(claim=claim, state=Decision.State.CORRECTED)
    return list(found.select_related("decided_by", "second_by").order_by("pk"))


# ── corrections ──

CHANGE_STATES = SettlementChange.State.choices


def changes_visible_to(by: Role) -> QuerySet[SettlementChange]:
    """Settlements that were reversed or settled anew, in the asker's branch, newest first."""
    if not may(by, "corrections.see"):
        return SettlementChange.objects.none()
    found = SettlementChange.objects.filter(claim__office__path__startswith=by.organisation.path)
    return found.select_related(
        "claim__member", "claim__office", "claim__settlement", "noted_by", "paper"
    ).order_by("-noted_at", "-pk")


def changes_waiting_for(by: Role) -> QuerySet[SettlementChange]:
    """Those that wait for this role: to be reckoned again, or to be confirmed."""
    proposed = Correction.objects.filter(change=OuterRef("pk"), state=Correction.State.PROPOSED)
    found = changes_visible_to(by).filter(state=SettlementChange.State.OPEN)
    if may(by, "corrections.confirm"):
        return found.filter(Exists(proposed))
    return found.filter(~Exists(proposed)) if may(by, "corrections.propose") else found.none()


def corrections_of(change: SettlementChange) -> list[Correction]:
    """What was proposed on a change that the asker was let see, newest first."""
    return list(change.corrections.select_related("proposed_by", "settled_by").order_by("-pk"))


def changes_of(claim: Claim) -> list[SettlementChange]:
    """What the bureau changed of a claim that the asker was let see, oldest first."""
    found = claim.settlement_changes.exclude(state=SettlementChange.State.DROPPED)
    return list(found.select_related("noted_by").order_by("noted_at"))


def opinion_on(claim: Claim) -> FirstOpinion | None:
    return FirstOpinion.objects.filter(claim=claim).select_related("given_by").first()


def slips(decision: Decision) -> list[Reasoning]:
    """The workings as they were when it was decided, in a fixed order."""
    kept = Adjudication.objects.filter(decision=decision).select_related("edition")
    return [working_of(one) for one in kept.order_by("edition__slug", "pk")]


def working_of(kept: Adjudication) -> Reasoning:
    """As it was written down; where the worker has not come to it yet, from the same facts under the same edition.

    Raises schemes.queries.NotTheSameText where the edition's file is not the one of the decision.
    """
    if kept.reasoning is not None:
        return from_json(json.loads(kept.reasoning))
    [found] = explain([engine(kept.edition)], json.loads(kept.facts))
    return found


def earlier_of(claim: Claim) -> list[Claim]:
    """The member's other claims, newest first: what a reviewer looks at beside this one."""
    others = Claim.objects.filter(member=claim.member_id).exclude(pk=claim.pk).exclude(state=State.DRAFT)
    return list(newest_first(others.prefetch_related("decisions"))[:20])


# ── 免申即享 ──

OUTCOMES = AutomaticLine.Outcome.choices
SAMPLE, LARGEST = 20, 5  # claims shown to who confirms: the largest, and others spread over the run


def runs_visible_to(by: Role) -> QuerySet[AutomaticRun]:
    """Runs of the asker's branch, newest first."""
    if not may(by, "automatic.see"):
        return AutomaticRun.objects.none()
    found = AutomaticRun.objects.filter(organisation__path__startswith=by.organisation.path)
    return found.select_related("organisation", "started_by", "settled_by").order_by("-pk")


def open_run(by: Role) -> AutomaticRun | None:
    return runs_visible_to(by).filter(state__in=("reviewing", "proposed", "confirmed")).first()


def bureau_waiting(by: Role) -> QuerySet[Claim]:
    """Claims from the bureau's records that no run holds and nobody has decided."""
    return waiting(by.organisation) if may(by, "automatic.see") else Claim.objects.none()


def lines_of(run: AutomaticRun, *, outcome: str = "", reason: str = "") -> QuerySet[AutomaticLine]:
    """The claims of a run that was found for the asker, in its order."""
    found = run.lines.select_related("claim__member", "claim__employer", "claim__office").order_by("place")
    found = found.filter(outcome=outcome) if outcome else found
    return found.filter(reason__icontains=reason) if reason else found


def sums_of(run: AutomaticRun) -> list[tuple[str, str, int, int]]:
    """(outcome, its words, claims, fen), in the order of the outcomes."""
    counted = run.lines.values_list("outcome").annotate(Count("pk"), Sum("amount_fen"))
    found = {outcome: (count, fen) for outcome, count, fen in counted.order_by()}
    return [(code, words, *found.get(code, (0, 0))) for code, words in OUTCOMES]


def reasons_of(run: AutomaticRun) -> list[tuple[str, int]]:
    """Why claims were left to persons, the most frequent first."""
    left = run.lines.filter(outcome=AutomaticLine.Outcome.LEFT).order_by().values_list("reason")
    return sorted(left.annotate(Count("pk")), key=lambda pair: (-pair[1], pair[0]))[:20]


def sample_of(run: AutomaticRun) -> list[AutomaticLine]:
    """What the second person looks at: the five largest sums, and the rest evenly spread over the run."""
    pays = lines_of(run, outcome=AutomaticLine.Outcome.PAYS)
    found = list(pays.order_by("-amount_fen", "place")[:LARGEST])
    last = pays.order_by().aggregate(last=Max("place"))["last"] or 0
    step = last // (SAMPLE - LARGEST) + 1
    spread = pays.annotate(rest=F("place") % step).filter(rest=0).exclude(pk__in=[line.pk for line in found])
    return [*found, *spread[: SAMPLE - LARGEST]]


def left_because(claim: Claim) -> str:
    """Why the last run left this claim to a person; empty where none did."""
    line = claim.automatic_lines.filter(outcome=AutomaticLine.Outcome.LEFT).order_by("-pk").first()
    return line.reason if line else ""
