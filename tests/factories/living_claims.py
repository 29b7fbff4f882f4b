"""Claims and payouts of a fund that lives, done by the services and put down on paper."""

from datetime import date, datetime, time, timedelta

import pytest

from factories.bureau import a_record, consenting, quietly
from factories.living_books import LivingBooks
from factories.living_contributions import MINUTE
from huzhu.adjudication import bureau
from huzhu.adjudication import services as adjudication
from huzhu.claims.models import Claim
from huzhu.enrolment.models import Enrolment
from huzhu.payouts import services as payouts
from huzhu.payouts.demobank import reply_for
from huzhu.payouts.holding import SettlementInQuestion
from huzhu.payouts.models import Payout, PayoutBatch
from huzhu.rules.units import SHANGHAI
from reference.plain_payments import Decided, Stay

PAPER = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def figures_of(yuan_paid_by_self: int) -> dict[str, str]:
    """The fund pays 60 % of what the insurance left, which is less than 20 % of what it paid."""
    return {
        "inscp_scp_amt": f"{11 * yuan_paid_by_self}",
        "act_pay_dedc": "0",
        "hifp_pay": f"{10 * yuan_paid_by_self}",
    }


class LivingClaims(LivingBooks):
    """Who claims, who decides and who pays."""

    # ── claims ──────────────────────────────────────────────────────────────────────────────────────

    def covered(self) -> list[Enrolment]:
        """Who could have been in hospital for a night since cover began, and has not claimed it."""
        running = [number for number, one in self.paper.rosters.items() if one.first_day < self.today]
        held = Enrolment.objects.filter(roster__in=running, edition=self.editions[0], state="in_force")
        return [
            one
            for one in held.select_related("member").order_by("certificate_no")
            if self._night(one) < self.today
        ]

    def _night(self, enrolment: Enrolment) -> date:
        return enrolment.cover_starts_on + timedelta(2 * self.stays[enrolment.pk])

    def claims(self, enrolment: Enrolment, yuan_paid_by_self: int) -> None:
        """A stay of one night, as the bureau says."""
        admitted_on = self._night(enrolment)
        self.stays[enrolment.pk] += 1
        record = a_record(
            enrolment.member,
            admitted_on=admitted_on,
            discharged_on=admitted_on + timedelta(1),
            settled_at=datetime.combine(admitted_on + timedelta(1), time(8), SHANGHAI),
            figures=figures_of(yuan_paid_by_self),
        )
        office = self.paper.rosters[enrolment.roster_id].office
        consenting(enrolment.member, at=self.later())
        said = bureau.take_in(found=[record], by=self.agents[office], at=self.later(), tell=quietly)
        assert said["taken"] == 1, said["refused"]
        claim = Claim.objects.get(settlement__setl_id_index=record.setl_id)
        key = (office, enrolment.scheme_slug, enrolment.cover_starts_on.year)
        self.paper.claims[claim.pk] = Stay(key, enrolment.member_id, enrolment.pk, 60 * yuan_paid_by_self)

    def reported(self) -> list[object]:
        return [number for number, one in self.paper.claims.items() if one.state == "reported"]

    def decides(self, number: object, verdict: str, *, agrees: bool) -> None:
        """By the reviewer; a large sum waits for the second person, who may not agree. What comes to nothing is refused."""
        claim = self.paper.claims[number]
        verdict = verdict if claim.fen else "refuse"
        decision = adjudication.decide(
            claim=Claim.objects.get(pk=number),
            verdict=verdict,
            reason="按方案",
            by=self.reviewer,
            at=self.later(),
        )
        if verdict == "refuse":
            claim.state = "refused"
            return
        assert decision.total_fen == claim.fen
        if claim.fen > 2_000_000:
            adjudication.confirm(
                decision=decision, agree=agrees, reason="再看", by=self.second, at=self.later()
            )
            if not agrees:
                return
        claim.state, claim.holds = "decided", decision.pk
        self.paper.decisions[decision.pk] = Decided(number, claim.fen, claim.fen, "decided")

    # ── payouts ─────────────────────────────────────────────────────────────────────────────────────

    def schedules(self) -> None:
        payouts.schedule(at=self.later())
        self.paper.schedules(self.today)

    def batches(self, numbers: list[int]) -> None:
        """Whole or not at all: none of them may be in question."""
        found = Payout.objects.filter(state="scheduled", decision__in=numbers)
        if any(map(self.paper.is_in_question, numbers)):
            with pytest.raises(SettlementInQuestion):
                payouts.make_batch(payouts=found, by=self.maker, at=self.later())
            return
        payouts.make_batch(payouts=found, by=self.maker, at=self.later())
        self.paper.moves_on(numbers, "in_batch", self.today)

    def releases(self, *, back: bool) -> None:
        """The first batch that waits for it; or it goes back to the maker, as it must where something of it is in question."""
        batch = PayoutBatch.objects.filter(state="made").order_by("number").first()
        numbers = list(batch.payouts.values_list("decision", flat=True))
        if not back and any(map(self.paper.is_in_question, numbers)):
            with pytest.raises(SettlementInQuestion):
                payouts.release(batch=batch, by=self.releaser, at=self.later())
            back = True
        if back:
            payouts.send_back(batch=batch, reason="户名有误", by=self.releaser, at=self.later())
        else:
            payouts.release(batch=batch, by=self.releaser, at=self.later())
        self.paper.moves_on(numbers, "scheduled" if back else "sent", self.today)

    def bank_answers(self, results: list[str]) -> None:
        """What the bank says of each open line of the first batch it has; the same file twice changes nothing more."""
        batch = PayoutBatch.objects.filter(state="released").order_by("number").first()
        open_ones = batch.payouts.filter(state__in=("sent", "in_doubt"))
        lines = dict(open_ones.values_list("line", "decision"))
        said = {line: results[line % len(results)] for line in lines}
        fails, unclear = ({line for line in lines if said[line] == one} for one in ("failed", "in_doubt"))
        data = reply_for(batch, self.later(), fails, unclear)
        for _ in range(2):
            payouts.apply_reply(batch=batch, data=data, by=self.maker, at=self.at)
        for line, number in lines.items():
            self.paper.moves_on([number], said[line], self.today)

    def nothing_is_heard(self) -> None:
        self.days_pass(2)
        payouts.hold_unanswered(at=self.later())
        self.paper.moves_on(self.paper.decided("sent"), "in_doubt", self.today)

    def settles_doubt(self, *, paid: bool, agrees: bool) -> None:
        """One reads the bank's paper, another agrees or does not."""
        payout = Payout.objects.filter(state="in_doubt").order_by("decision").first()
        at = self.later()
        answer = payouts.say_doubt(
            payout=payout,
            paid=paid,
            bank_at=at - MINUTE,
            words="回单",
            name="回单.pdf",
            data=PAPER,
            by=self.maker,
            at=at,
        )
        payouts.confirm_doubt(answer=answer, agree=agrees, by=self.releaser, at=at)
        if agrees:
            self.paper.moves_on([payout.decision_id], "paid" if paid else "failed", self.today)

    def pays_again(self, number: int) -> None:
        """What failed; not while it is in question."""
        payout = Payout.objects.get(state="failed", replaced_by=None, decision=number)
        if self.paper.is_in_question(number):
            with pytest.raises(SettlementInQuestion):
                payouts.pay_again(payout=payout, by=self.maker, at=self.later())
            return
        payouts.pay_again(payout=payout, by=self.maker, at=self.later())
        self.paper.moves_on([number], "scheduled", self.today)
        self.paper.replaced += 1
