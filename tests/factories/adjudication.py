"""Claims that the agency has reported up, and claims that were decided."""

from factories.claims import HOUR, WEDNESDAY, Yichun, a_submitted
from huzhu.adjudication import services
from huzhu.adjudication.models import Decision
from huzhu.claims.models import Claim
from huzhu.members.models import Member


def a_reported(place: Yichun, member: Member, *, by=None, at=WEDNESDAY, **event) -> Claim:
    """Complete papers, first opinion given, waiting at the province."""
    claim = a_submitted(member, at=at, **event)
    services.give_opinion(
        claim=claim, text="材料齐全，建议给付", supports=True, by=by or place.agency(), at=at + HOUR
    )
    return claim


def a_decided(place: Yichun, member: Member, *, at=WEDNESDAY, **event) -> Decision:
    """Decided to be paid, by two people where the sum asks for it."""
    claim = a_reported(place, member, at=at, **event)
    decision = services.decide(claim=claim, verdict="pay", reason="", by=place.reviewer(), at=at + 2 * HOUR)
    if decision.state == Decision.State.PROPOSED:
        services.confirm(decision=decision, agree=True, reason="", by=place.second(), at=at + 3 * HOUR)
    return decision
