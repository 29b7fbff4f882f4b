"""Many decisions of one moment: gathered one by one, written together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from huzhu.adjudication.evaluation import Evaluation
from huzhu.adjudication.models import Adjudication, AutomaticLine, AutomaticRun, BenefitResult, Decision
from huzhu.adjudication.services import KEPT, RESULT, results_of, told_to_member
from huzhu.adjudication.totals import OverTheCap, Totals
from huzhu.audit.services import Thing
from huzhu.claims import services as claims
from huzhu.claims.facts import Told
from huzhu.claims.models import Claim
from huzhu.db.rows import insert
from huzhu.notices.services import About, send_each
from huzhu.users.models import Role

CLAIM = "claims.claim"
DECISION = (
    *("claim", "verdict", "reason", "total_fen", "state"),
    *("decided_by", "decided_at", "second_by", "second_at", "second_reason"),
)


@dataclass
class Slice:
    """Decisions of a run that take effect by one transaction, under the locks of their members and totals."""

    run: AutomaticRun
    places: tuple[int, int]  # first and last line
    phones: Mapping[Any, str]  # by member
    rows: Totals
    by: Role
    at: datetime
    paid: list[tuple[Told, Any, Evaluation]] = field(default_factory=list)  # claim, its office, what it gets

    def pay(self, claim: Told, office: Any, evaluation: Evaluation) -> str:
        """Gather one decision to pay; why it cannot be, where a total would not hold it."""
        try:
            self.rows.add(claim.member_id, evaluation)
        except OverTheCap as over:
            return str(over)
        self.paid.append((claim, office, evaluation))
        return ""

    def leave(self, place: int, why: str) -> None:
        """This one is a person's."""
        self.run.lines.filter(place=place).update(
            outcome=AutomaticLine.Outcome.LEFT, amount_fen=0, reason=why[:200]
        )

    def store(self) -> None:
        """Write everything that was gathered: decisions, totals, states, trail and messages."""
        if not self.paid:
            return
        lines = self.run.lines.filter(place__range=self.places)
        lines.filter(outcome=AutomaticLine.Outcome.PAYS).update(outcome=AutomaticLine.Outcome.DECIDED)
        decided = lines.filter(outcome=AutomaticLine.Outcome.DECIDED)
        self._decide(decided.values("claim"))
        self.rows.store()
        claims.decided_each(
            claims=Claim.objects.filter(
                pk__in=decided.values("claim"), member__in=decided.values("claim__member")
            ),
            count=len(self.paid),
            by=self.by,
            at=self.at,
            acts=[self._act(claim, evaluation.total_fen) for claim, _, evaluation in self.paid],
        )
        messages = [
            (
                phone,
                told_to_member(claim.number, Decision.Verdict.PAY, evaluation.total_fen),
                About(CLAIM, claim.pk, office),
            )
            for claim, office, evaluation in self.paid
            if (phone := self.phones[claim.member_id])
        ]
        send_each(messages=messages, purpose="decision", at=self.at)

    def _act(self, claim: Told, fen: int) -> tuple[str, Thing, dict[str, Any]]:
        return (
            "automatic.decide",
            Thing(CLAIM, claim.pk, claim.number),
            {"total_fen": fen, "run": self.run.pk},
        )

    def _decide(self, claims_decided: Any) -> None:
        """Who started the run decides, who confirmed it is the second person."""
        run = self.run
        pays, reason, final = Decision.Verdict.PAY, f"按方案核定（免申即享{run}）", Decision.State.FINAL
        who = run.started_by_id, run.started_at, run.settled_by_id, run.settled_at, ""
        insert(
            Decision,
            DECISION,
            [(one.pk, pays, reason, found.total_fen, final, *who) for one, _, found in self.paid],
        )
        standing = Decision.objects.filter(claim__in=claims_decided, state=final)
        keys = dict(standing.values_list("claim", "pk"))
        parts = [(uuid4(), keys[one.pk], part) for one, _, found in self.paid for part in found.parts]
        insert(
            Adjudication,
            KEPT,
            [
                (
                    key,
                    decision,
                    part.enrolment.pk,
                    part.enrolment.edition.pk,
                    part.facts_text,
                    None,
                    part.total_fen,
                )
                for key, decision, part in parts
            ],
        )
        insert(BenefitResult, RESULT, [row for key, _, part in parts for row in results_of(key, part)])
