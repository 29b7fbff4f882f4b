"""What every enrolment that covers a claim would pay, with the working; nothing is written."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from huzhu.claims.checks import uncovered_kinds
from huzhu.claims.facts import Known, Told, enrolments_for, facts_of, known_of, told_of
from huzhu.claims.kinds import KINDS, kinds_of, occurred_on
from huzhu.claims.models import Claim
from huzhu.core import money
from huzhu.core.hashing import canonical_json, sha256_text
from huzhu.enrolment.queries import Cover
from huzhu.rules.adjudicate import adjudicate
from huzhu.rules.program import Outcome
from huzhu.rules.reasoning import Reasoning, as_json, reasoning_of, warnings_of
from huzhu.rules.units import SHANGHAI
from huzhu.schemes import queries as schemes


@dataclass(frozen=True)
class Evaluated:
    """One enrolment's part: the facts as they were read, and what came of them; the working is written when asked for."""

    enrolment: Cover
    facts: dict[str, Any]
    outcome: Outcome

    @cached_property
    def paid(self) -> dict[str, int]:
        """Fen by benefit."""
        return self.outcome.paid

    @cached_property
    def total_fen(self) -> int:
        return sum(self.paid.values())

    @cached_property
    def reasoning(self) -> Reasoning:
        return reasoning_of(self.outcome)

    @cached_property
    def facts_text(self) -> str:
        """The facts as they are kept with a decision: canonical JSON."""
        return canonical_json(self.facts)

    @cached_property
    def stored(self) -> tuple[str, str]:
        """Facts and reasoning as they are kept with a decision."""
        return self.facts_text, canonical_json(as_json(self.reasoning))


@dataclass(frozen=True)
class Evaluation:
    """All parts of one claim, and what a reviewer should look at twice."""

    parts: tuple[Evaluated, ...]
    notes: tuple[str, ...]

    @cached_property
    def total_fen(self) -> int:
        return sum(part.total_fen for part in self.parts)

    @property
    def total(self) -> str:
        """The sum as people read it, without the unit."""
        return money.spoken(self.total_fen)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Figures that do not add up, each once; then the notes."""
        said = [warning for part in self.parts for warning in warnings_of(part.outcome)]
        return (*dict.fromkeys(said), *self.notes)

    @property
    def slips(self) -> list[Reasoning]:
        return [part.reasoning for part in self.parts]

    @cached_property
    def digest(self) -> str:
        """Two evaluations with one digest have the same facts, the same working and the same sums."""
        return digest_of((str(part.enrolment.pk), *part.stored) for part in self.parts)

    @cached_property
    def ground(self) -> str:
        """Hash of what the sums follow from: facts and edition of every part, and the sums; without the working."""
        parts = sorted(
            f"{part.enrolment.pk} {part.enrolment.edition.identity} {sorted(part.paid.items())} {part.facts_text}"
            for part in self.parts
        )
        return sha256_text("\n".join(parts))


def digest_of(parts: Any) -> str:
    """Hash of (enrolment, facts, reasoning) triples, whatever their order."""
    return sha256_text(canonical_json(sorted(list(part) for part in parts)))


def evaluate(*, claim: Claim | Told, known: Known | None = None) -> Evaluation:
    """Every enrolment in force that covers the event; raises FactsRefused where figures cannot be read.

    Whoever evaluates many claims hands in what is known of their members.
    """
    told = told_of(claim) if isinstance(claim, Claim) else claim
    known = known or known_of(told.member_id)
    covers = enrolments_for(told, known)
    parts = tuple(_evaluated(told, enrolment, known) for enrolment in covers)
    notes = (
        *_reversed(told),
        *uncovered_kinds(told, covers),
        *_out_of_order(told, known),
        *_other_kinds(told, parts),
    )
    return Evaluation(parts, notes)


def _evaluated(claim: Told, enrolment: Cover, known: Known) -> Evaluated:
    facts = facts_of(claim, enrolment, known)
    [outcome] = adjudicate([schemes.engine(enrolment.edition)], facts)
    return Evaluated(enrolment, facts, outcome)


def _reversed(claim: Told) -> list[str]:
    if claim.reversed_at is None:
        return []
    when = claim.reversed_at.astimezone(SHANGHAI)
    return [f"这张医保结算单已作废（{when:%Y-%m-%d} 登记），住院一项没有互助金"]


def _out_of_order(claim: Told, known: Known) -> list[str]:
    """A later event that was decided first: its sum did not reckon with this one."""
    day = occurred_on(claim)
    others = [one for one in known.counted if one.pk != claim.pk]
    late = [one.number for one in others if day and (occurred_on(one) or day) > day]
    return [f"后发生的申请 {number} 已先核定，次数和封顶请人工核对" for number in late]


def _other_kinds(claim: Told, parts: tuple[Evaluated, ...]) -> list[str]:
    """Where what was asked for and what the rules give are not the same."""
    paid = {name for part in parts for name, amount in part.paid.items() if amount}
    known = {name for part in parts for name in part.paid}
    asked = kinds_of(claim)
    unasked = [KINDS[name].label for name in KINDS if name in paid and name not in claim.kinds]
    unpaid = [kind.label for kind in asked if kind.name in known and kind.name not in paid]
    dated = occurred_on(claim) is not None  # before that nobody can say what covers it
    uncovered = [kind.label for kind in asked if dated and kind.name not in known]
    return [
        *(f"没有申请“{label}”，但条件符合，一并计入" for label in unasked),
        *(f"申请了“{label}”，按规则为 0，请看算账单里的原因" for label in unpaid),
        *(f"申请了“{label}”，但会员没有参加含这一项的方案" for label in uncovered),
    ]
