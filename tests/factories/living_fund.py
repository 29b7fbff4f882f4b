"""A fund that lives: settlements that change, corrections by two, debts and their ends, done by the services and put down on paper."""

from datetime import date

import pytest

from factories.bank import a_statement, an_own_account, told
from factories.living_claims import PAPER, LivingClaims, figures_of
from huzhu.adjudication import correcting
from huzhu.adjudication.models import Correction, Decision
from huzhu.adjudication.replaying import replay
from huzhu.bank.models import StatementLine
from huzhu.claims import reversals
from huzhu.claims.models import Claim, SettlementChange
from huzhu.claims.settlement import Sheet
from huzhu.core.money import yuan
from huzhu.members import accounts
from huzhu.members.models import Member
from huzhu.payouts import receivables
from huzhu.payouts.models import Clearing, Receivable
from reference.plain_payments import COUNTED


class LivingFund(LivingClaims):
    """All of it."""

    def __init__(self) -> None:
        super().__init__()
        self.paying = an_own_account(self.province, by=self.maker, since=date(2022, 1, 1))
        self.paid_back = 0  # what members sent to it, as its bank says

    # ── settlements that change ─────────────────────────────────────────────────────────────────────

    def changeable(self) -> list[object]:
        """Claims whose settlement the bureau may still reverse or settle anew."""
        return [
            number
            for number, one in self.paper.claims.items()
            if one.state in {"reported", *COUNTED} and not one.is_reversed and one.change is None
        ]

    def in_question(self) -> list[object]:
        return [number for number, one in self.paper.claims.items() if one.change is not None]

    def changes(self, number: object, yuan_paid_by_self: int) -> None:
        """The stay is reversed, or settled anew; where nobody has decided yet, there is nothing to reckon again."""
        claim, stay = Claim.objects.get(pk=number), self.paper.claims[number]
        figures = figures_of(yuan_paid_by_self)
        change = reversals.note(
            claim=claim,
            anew=Sheet(f"S{self.next_number():09d}", figures, None) if yuan_paid_by_self else None,
            reason="医院重新上传费用",
            name="退费单.pdf",
            data=PAPER,
            by=self.agents[claim.office_id],
            at=self.later(),
        )
        if stay.state != "reported":
            stay.change, stay.was = change.pk, (stay.fen, stay.is_dated)
        stay.fen, stay.is_reversed = 60 * yuan_paid_by_self, not yuan_paid_by_self
        stay.is_dated = stay.is_dated and stay.is_reversed

    def drops(self, number: object) -> None:
        """It was noted by mistake."""
        stay = self.paper.claims[number]
        change = SettlementChange.objects.select_related("claim").get(pk=stay.change)
        reversals.drop(
            change=change, reason="登记错了人", by=self.agents[change.claim.office_id], at=self.later()
        )
        (stay.fen, stay.is_dated), stay.is_reversed, stay.change = stay.was, False, None

    # ── reckoned again by two ───────────────────────────────────────────────────────────────────────

    def to_reckon(self) -> list[object]:
        """Claims in question of members of whom no correction waits."""
        waiting = {self.paper.claims[number].member for number, *_ in self.paper.proposals.values()}
        return [number for number in self.in_question() if self.paper.claims[number].member not in waiting]

    def reckons(self, number: object) -> None:
        stay = self.paper.claims[number]
        change = SettlementChange.objects.select_related("claim__office").get(pk=stay.change)
        found = replay(change)
        sums = [self.paper.claims[one].fen for one in self.paper.reckoned(stay.cover)]
        assert found.now_fen == sum(sums)
        made = correcting.propose(
            change=change, reason="重新核定", shown=found.ground, by=self.reviewer, at=self.later()
        )
        self.paper.proposals[made.pk] = number, stay.change, self.paper.seen(stay.member)

    def settles_correction(self, number: int, *, agrees: bool) -> None:
        """Another person agrees to what is still as it was shown; else the correction is declined."""
        correction = Correction.objects.select_related("change__claim__office").get(pk=number)
        told = {"correction": correction, "by": self.second, "reason": "期间有变"}
        if agrees and not self.paper.is_as_seen(number):
            with pytest.raises(correcting.CorrectionRefused):
                correcting.settle(agree=True, at=self.later(), **told)
            agrees = False
        correcting.settle(agree=agrees, at=self.later(), **told)
        claim, *_ = self.paper.proposals.pop(number)
        if agrees:
            self._corrected(self.paper.claims[claim].cover)

    def _corrected(self, cover: object) -> None:
        """Each claim of the member-year that comes to another sum has another decision."""
        for number in self.paper.reckoned(cover):
            stay = self.paper.claims[number]
            stay.change = None
            if stay.fen != self.paper.decisions[stay.holds].says:
                self.paper.corrects(number, Decision.objects.get(claim=number, state="final").pk)

    # ── an account the bank does not know ───────────────────────────────────────────────────────────

    def stuck(self) -> list[object]:
        """Members whose claims wait for another account, and of whom nothing stands in a batch."""
        busy = {
            self.paper.claims[self.paper.decisions[one].claim].member
            for one in self.paper.decided("in_batch")
        }
        return list(
            dict.fromkeys(
                one.member for one in self.paper.claims.values() if one.is_stuck and one.member not in busy
            )
        )

    def changes_account(self, number: object) -> None:
        """Written down by one person at the agency a day ago, confirmed by another today."""
        member = Member.objects.select_related("employer").get(pk=number)
        office = member.employer.parent_id
        added = accounts.add_account(
            member=member,
            holder=member.name,
            bank_name="工商银行伊春支行",
            number=f"6222020904{self.next_number():09d}",
            by=self.agents[office],
            at=self.later() - accounts.COOLING,
        )
        accounts.confirm_account(account=added, by=self.colleagues[office], at=self.later())
        for one in self.paper.claims.values():
            one.is_stuck = one.is_stuck and one.member != number

    # ── debts ───────────────────────────────────────────────────────────────────────────────────────

    def debtors(self) -> list[object]:
        """Who owes something of which nobody has said anything that waits."""
        owing = dict.fromkeys(one.member for one in self.paper.debts.values() if one.left)
        return [
            member
            for member in owing
            if not any(map(self.paper.is_spoken_for, self.paper.open_debts(member)))
        ]

    def owes(self, member: object) -> int:
        return sum(self.paper.debts[number].left for number in self.paper.open_debts(member))

    def pays_back(self, debt: int, fen: int) -> None:
        """The member sends money to the paying account: for this debt, and what is above it for the others by their age."""
        member = self.paper.debts[debt].member
        line = self._came_back(fen)
        said = receivables.record_return(
            receivable=_receivable(debt), line=line, by=self.maker, at=self.later()
        )
        parts = []
        for number in sorted(self.paper.open_debts(member), key=lambda one: (one != debt, one)):
            if part := min(fen, self.paper.debts[number].left):
                parts.append((number, part))
                fen -= part
        self.paper.says(said[0].pk, "returned", parts, self.today)

    def banks_tell_the_day(self, office: int) -> None:
        super().banks_tell_the_day(office)
        self._came_back(1_00)

    def _came_back(self, fen: int) -> StatementLine:
        reference = f"P{self.next_number()}"
        a_statement(
            self.paying,
            told(f"{self.today}", reference, yuan(fen)),
            last_on=self.today,
            by=self.maker,
            opening=yuan(self.paid_back),
            at=self.later(),
        )
        self.paid_back += fen
        return StatementLine.objects.select_related("account__organisation").get(reference=reference)

    def lets_off(self, debt: int) -> None:
        """One person proposes that what is left is not asked for any more."""
        said = receivables.give_up(
            receivable=_receivable(debt), reason="会员已故", by=self.maker, at=self.later()
        )
        self.paper.says(said.pk, "given_up", [(debt, self.paper.debts[debt].left)], None)

    def settles_word(self, number: int, *, agrees: bool) -> None:
        """Another person confirms what is still owed; else the word is declined."""
        told = {"clearing": Clearing.objects.get(pk=number), "by": self.releaser, "reason": "不是这位会员的"}
        if agrees and not self.paper.is_still_owed(number):
            with pytest.raises(receivables.ClearingRefused):
                receivables.settle(agree=True, at=self.later(), **told)
            agrees = False
        receivables.settle(agree=agrees, at=self.later(), **told)
        self.paper.settles(number, self.today, agrees=agrees)


def _receivable(debt: int) -> Receivable:
    related = Receivable.objects.select_related(
        "difference__decision__claim__office", "difference__enrolment"
    )
    return related.get(difference__decision=debt)
