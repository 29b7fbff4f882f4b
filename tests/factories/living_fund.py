"""A fund that lives: what goes up to the province, claims, payouts and months, done by the services and put down on paper."""

from datetime import date, datetime, time, timedelta

from factories.bureau import a_record, consenting, quietly
from factories.living_contributions import MINUTE, LivingContributions
from huzhu.adjudication import bureau
from huzhu.adjudication import services as adjudication
from huzhu.claims.models import Claim
from huzhu.enrolment.models import Enrolment
from huzhu.ledger import periods, remitting
from huzhu.ledger.models import Period, Remittance
from huzhu.payouts import services as payouts
from huzhu.payouts.demobank import reply_for
from huzhu.payouts.models import Payout, PayoutBatch
from huzhu.rules.units import SHANGHAI
from reference import plain_fund as plain
from reference.plain_fund import Sum

PAPER = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


class LivingFund(LivingContributions):
    """All of it."""

    # ── up to the province ──────────────────────────────────────────────────────────────────────────

    def collected(self, at: int) -> int:
        held = self.paper.held(plain.COLLECTED, self.cities[at].pk)
        return max(0, sum(held.values()))

    def sends_up(self, at: int, fen: int) -> None:
        office = self.cities[at]
        sent = remitting.send(
            office=office,
            amount_fen=fen,
            sent_on=self.today,
            bank_reference=f"R{self.next_number()}",
            by=self.agents[office.pk],
            at=self.later(),
        )
        self.paper.sends_up(sent.pk, office.pk, fen, self.today)

    def remittance_ends(self, number: int, *, arrives: bool) -> None:
        sent = Remittance.objects.select_related("office").get(pk=number)
        if arrives:
            remitting.arrive(remittance=sent, arrived_on=self.today, by=self.maker, at=self.later())
        else:
            remitting.give_back(remittance=sent, reason="银行退回", by=self.maker, at=self.later())
        state = "arrived" if arrives else "returned"
        self.paper.settles_remittance(number, sent.office_id, state, self.today)

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
        """A stay: the fund pays 60 % of what the insurance left, which is less than 20 % of what it paid."""
        admitted_on = self._night(enrolment)
        self.stays[enrolment.pk] += 1
        figures = {
            "inscp_scp_amt": f"{11 * yuan_paid_by_self}",
            "act_pay_dedc": "0",
            "hifp_pay": f"{10 * yuan_paid_by_self}",
        }
        record = a_record(
            enrolment.member,
            admitted_on=admitted_on,
            discharged_on=admitted_on + timedelta(1),
            settled_at=datetime.combine(admitted_on + timedelta(1), time(8), SHANGHAI),
            figures=figures,
        )
        office = self.paper.rosters[enrolment.roster_id].office
        consenting(enrolment.member, at=self.later())
        said = bureau.take_in(found=[record], by=self.agents[office], at=self.later(), tell=quietly)
        assert said["taken"] == 1, said["refused"]
        claim = Claim.objects.get(settlement__setl_id_index=record.setl_id)
        key = (office, enrolment.scheme_slug, enrolment.cover_starts_on.year)
        self.paper.claims[claim.pk] = Sum(key, 60 * yuan_paid_by_self, "reported")

    def reported(self) -> list[object]:
        return [number for number, one in self.paper.claims.items() if one.state == "reported"]

    def decides(self, number: object, verdict: str, *, agrees: bool) -> None:
        """By the reviewer; a large sum waits for the second person, who may not agree."""
        claim = self.paper.claims[number]
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
        claim.state = "decided"
        self.paper.decisions[decision.pk] = Sum(claim.key, claim.fen, "decided")
        self.paper.claim_of[decision.pk] = number

    # ── payouts ─────────────────────────────────────────────────────────────────────────────────────

    def schedules(self) -> None:
        payouts.schedule(at=self.later())
        self.paper.moves_on(self.paper.decided("decided"), "scheduled", self.today)

    def batches(self, numbers: list[int]) -> None:
        found = Payout.objects.filter(state="scheduled", decision__in=numbers)
        payouts.make_batch(payouts=found, by=self.maker, at=self.later())
        self.paper.moves_on(numbers, "in_batch", self.today)

    def releases(self, *, back: bool) -> None:
        """The first batch that waits for it; or it goes back to the maker."""
        batch = PayoutBatch.objects.filter(state="made").order_by("number").first()
        numbers = list(batch.payouts.values_list("decision", flat=True))
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

    def pays_again(self) -> None:
        payout = Payout.objects.filter(state="failed", replaced_by=None).order_by("decision").first()
        payouts.pay_again(payout=payout, by=self.maker, at=self.later())
        self.paper.moves_on([payout.decision_id], "scheduled", self.today)
        self.paper.replaced += 1

    # ── months ──────────────────────────────────────────────────────────────────────────────────────

    def locks(self) -> None:
        month = self.paper.next_to_lock()
        periods.lock(book=self.province, month=month, by=self.maker, at=self.later())
        self.paper.months[month] = "locked"

    def months(self, state: str) -> list[str]:
        return sorted(month for month, held in self.paper.months.items() if held == state)

    def closes(self) -> None:
        month = self.months("locked")[0]
        periods.close(period=Period.objects.get(month=month), by=self.releaser, at=self.later())
        self.paper.months[month] = "closed"

    def reopens(self) -> None:
        month = self.months("locked")[-1]
        periods.reopen(
            period=Period.objects.get(month=month), reason="漏记一笔", by=self.releaser, at=self.later()
        )
        self.paper.months[month] = "open"
