"""Claims that were decided and perhaps paid, whose settlement the bureau then changes; and the people who put it right."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from factories.adjudication import a_decided
from factories.claims import HOUR, WEDNESDAY, Yichun
from factories.users import a_role
from huzhu.adjudication import correcting
from huzhu.adjudication.models import Correction, Decision
from huzhu.adjudication.replaying import replay
from huzhu.claims import reversals
from huzhu.claims.models import Claim, SettlementChange
from huzhu.claims.settlement import Sheet
from huzhu.ledger import queries as books
from huzhu.members.models import Member
from huzhu.payouts import services as payouts
from huzhu.payouts.demobank import reply_for
from huzhu.payouts.models import Payout, PayoutBatch
from huzhu.users.models import Role

PAPER = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
# Friday 2022-07-15 the money arrives; the bureau's word comes on the Monday after
NOTED_AT = WEDNESDAY + timedelta(days=5)
SMALL = {"inscp_scp_amt": "12000.00", "act_pay_dedc": "0.00", "hifp_pay": "10000.00"}  # pays 1,200.00
LARGE = {"inscp_scp_amt": "24000.00", "act_pay_dedc": "0.00", "hifp_pay": "20000.00"}  # pays 2,400.00
LEAST = {"inscp_scp_amt": "11000.00", "act_pay_dedc": "0.00", "hifp_pay": "10000.00"}  # pays 600.00

# what a fault in the tables of debts is called by `huzhu verify`
OWED_FAULTS = {
    "更正的差额": "UPDATE payouts_difference SET amount_fen = amount_fen - 1 WHERE amount_fen < 0",
    "待收回：": "UPDATE payouts_receivable SET amount_fen = amount_fen + 1",
    "已收回：": "UPDATE payouts_receivable SET cleared_fen = cleared_fen - 1",
    "应收追回：": "UPDATE ledger_ledgerentry SET debit_id = '1002' WHERE debit_id = '1101'",
    "给付的抵扣": "UPDATE payouts_payout SET set_off_fen = set_off_fen + 1 WHERE state = 'paid'",
    "给付减抵扣": "UPDATE payouts_payoutbatch SET total_fen = total_fen + 1 WHERE state = 'closed'",
}


def balance(code: str, **split: object) -> int:
    return next(one.balance_fen for one in books.balances(**split) if one.line.code == code)


@dataclass
class Office:
    """The place of one claim's walk, with its cashiers; each step moves the clock an hour on."""

    place: Yichun
    at: datetime = WEDNESDAY
    maker: Role = field(init=False)
    releaser: Role = field(init=False)
    reviewer: Role = field(init=False)
    second: Role = field(init=False)

    def __post_init__(self):
        self.maker = a_role("payment_maker", self.place.province)
        self.releaser = a_role("payment_releaser", self.place.province)
        self.reviewer = self.place.reviewer("吴重算")
        self.second = self.place.second("郑确认")

    def later(self) -> datetime:
        self.at += HOUR
        return self.at

    def decided(self, member: Member, figures=SMALL, *, number=1, **event) -> Decision:
        """Final, to be paid; another number is another settlement and needs another stay."""
        told = {"kinds": ["inpatient"], "setl_id": f"S2022{number:06d}", "figures": figures}
        decision = a_decided(self.place, member, at=self.at, **(told | event))
        self.at += 4 * HOUR
        return decision

    def scheduled(self) -> list[Payout]:
        return payouts.schedule(at=self.later())

    def batched(self) -> PayoutBatch:
        """Everything that waits, in one batch."""
        self.scheduled()
        waiting = Payout.objects.filter(state="scheduled")
        return payouts.make_batch(payouts=waiting, by=self.maker, at=self.later())

    def sent(self) -> PayoutBatch:
        return payouts.release(batch=self.batched(), by=self.releaser, at=self.later())

    def answered(self, batch: PayoutBatch, *, fail_lines=(), unclear_lines=()) -> None:
        data = reply_for(batch, self.later(), fail_lines, unclear_lines)
        payouts.apply_reply(batch=batch, data=data, by=self.maker, at=self.at)

    def paid(self, member: Member, figures=SMALL, *, number=1, **event) -> Decision:
        decision = self.decided(member, figures, number=number, **event)
        self.answered(self.sent())
        return decision

    def changed(self, claim: Claim, figures=None, *, setl_id="S2022999999") -> SettlementChange:
        """At the desk: reversed, or settled anew with these figures."""
        claim.refresh_from_db()
        return reversals.note(
            claim=claim,
            anew=Sheet(setl_id, figures, None) if figures else None,
            reason="医院重新上传费用",
            name="退费单.pdf",
            data=PAPER,
            by=self.place.agency("周登记"),
            at=self.later(),
        )

    def proposed(self, change: SettlementChange, *, by: Role | None = None) -> Correction:
        return correcting.propose(
            change=change,
            reason="医保已退费，重新核定",
            shown=replay(change).ground,
            by=by or self.reviewer,
            at=self.later(),
        )

    def corrected(self, claim: Claim, figures=None, **more) -> Correction:
        """Noted, proposed and confirmed; the money is not settled yet."""
        proposed = self.proposed(self.changed(claim, figures, **more))
        return correcting.settle(correction=proposed, agree=True, reason="", by=self.second, at=self.later())
