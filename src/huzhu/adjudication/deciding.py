"""Many decisions of one moment: gathered one by one, written together."""

from dataclasses import dataclass, field
from datetime import datetime

from huzhu.adjudication.evaluation import Evaluation
from huzhu.adjudication.models import (
    Adjudication,
    AutomaticLine,
    AutomaticRun,
    BenefitResult,
    Decision,
)
from huzhu.adjudication.services import results_of, words_for
from huzhu.adjudication.totals import OverTheCap, Totals
from huzhu.claims import services as claims
from huzhu.claims.models import Claim, State
from huzhu.notices.services import send_each
from huzhu.users.models import Role


@dataclass
class Slice:
    """Decisions of a run that take effect by one transaction, under the locks of their members and totals."""

    run: AutomaticRun
    rows: Totals
    by: Role
    at: datetime
    decisions: list[Decision] = field(default_factory=list)
    kept: list[Adjudication] = field(default_factory=list)
    results: list[BenefitResult] = field(default_factory=list)
    lines: list[AutomaticLine] = field(default_factory=list)

    def pay(self, line: AutomaticLine, claim: Claim, evaluation: Evaluation) -> str:
        """Gather one decision to pay; why it cannot be, where a total would not hold it."""
        try:
            self.rows.add(claim.member_id, evaluation)
        except OverTheCap as over:
            return str(over)
        decision = Decision(
            claim=claim,
            verdict=Decision.Verdict.PAY,
            reason=f"按方案核定（免申即享{self.run}）",
            total_fen=evaluation.total_fen,
            state=Decision.State.FINAL,
            decided_by_id=self.run.started_by_id,
            decided_at=self.run.started_at,
            second_by_id=self.run.settled_by_id,
            second_at=self.run.settled_at,
        )
        self.decisions.append(decision)
        self.lines.append(line)
        for part in evaluation.parts:
            one = Adjudication(
                decision=decision,
                enrolment=part.enrolment,
                edition=part.enrolment.edition,
                facts=part.facts_text,
                total_fen=part.total_fen,
            )
            self.kept.append(one)
            self.results += results_of(one, part)
        return ""

    def leave(self, line: AutomaticLine, why: str) -> None:
        """This one is a person's."""
        AutomaticLine.objects.filter(pk=line.pk).update(
            outcome=AutomaticLine.Outcome.LEFT, amount_fen=0, reason=why[:200]
        )

    def store(self) -> None:
        """Write everything that was gathered: decisions, totals, states, trail and messages."""
        if not self.decisions:
            return
        Decision.objects.bulk_create(self.decisions)
        Adjudication.objects.bulk_create(self.kept)
        BenefitResult.objects.bulk_create(self.results)
        self.rows.store()
        done = [line.pk for line in self.lines]
        AutomaticLine.objects.filter(pk__in=done).update(outcome=AutomaticLine.Outcome.DECIDED)
        acts = [
            ("automatic.decide", one.claim, {"total_fen": one.total_fen, "run": self.run.pk})
            for one in self.decisions
        ]
        claims.advance_each(
            claims=[one.claim for one in self.decisions], to=State.DECIDED, by=self.by, at=self.at, acts=acts
        )
        told = [(one.claim.member.phone or "", words_for(one), one.claim) for one in self.decisions]
        send_each(messages=[one for one in told if one[0]], purpose="decision", at=self.at)
