"""What is final and not yet scheduled: the decision, the account, the entries it will make, and what stands in the way."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from huzhu.adjudication.models import Adjudication, BenefitResult, Decision
from huzhu.claims.models import State
from huzhu.core import money
from huzhu.enrolment.models import Enrolment
from huzhu.ledger.accounts import PAYABLE, expense_of
from huzhu.ledger.services import Row
from huzhu.members.accounts import Wait, must_wait
from huzhu.members.models import BankAccount
from huzhu.members.queries import account_to_pay
from huzhu.payouts import holding
from huzhu.payouts.models import Clearing, Difference, Payout


@dataclass(frozen=True, slots=True)
class Due:
    """One final decision that waits for its payout."""

    decision: Decision
    account: BankAccount | None
    waits: Wait | None = None
    held: str = ""  # why nothing is paid on it now
    failed_at: str = ""  # the account that the bank refused last

    @property
    def rows(self) -> list[Row]:
        """Expense to payable, a row a benefit."""
        return list(expense_rows(self.decision))

    @property
    def amount_fen(self) -> int:
        """What is to be paid: the whole, or of a correction what is more than was paid before."""
        if self.decision.corrects_id is None:
            return self.decision.total_fen
        return sum(fen for _, fen in parts_to_pay(self.decision))

    @property
    def objection(self) -> str:
        """Why it cannot be scheduled; empty when all is well."""
        if self.held:
            return self.held
        if self.account is None:
            return "没有收款账户，不能排款。请代办处为会员登记本人账户。"
        if self.account.number == self.failed_at:
            return "银行退回过这个账户，不能再付到这里。请代办处与会员核对，登记新账户。"
        if self.waits:
            return waiting_words(self.waits)
        booked = sum(row.amount_fen if row.credit == PAYABLE else -row.amount_fen for row in self.rows)
        if booked != self.amount_fen:
            return (
                f"核定合计 {money.spoken(self.amount_fen)} 元，各项相加 {money.spoken(booked)} 元，"
                "两者不等，不能排款。请经审核对后处理。"
            )
        return ""


def waiting_words(wait: Wait) -> str:
    """Why nothing is paid to a changed account yet."""
    return f"收款账户刚换：{wait.words}。" + ("" if wait.is_confirmed else "请代办处在“资料变更”里办。")


def dues(at: datetime, path: str = "") -> list[Due]:
    """Final decisions to pay without a payout, in the branch with this path, in the order of claim numbers."""
    wanted = Decision.objects.filter(
        state=Decision.State.FINAL,
        verdict=Decision.Verdict.PAY,
        payouts=None,
        claim__office__path__startswith=path,
    )
    more = Difference.objects.filter(decision=OuterRef("pk"), amount_fen__gt=0)
    plain = wanted.filter(corrects=None, claim__state=State.DECIDED)
    corrected = wanted.filter(Exists(more), corrects__isnull=False)
    found = [*_with_claims(plain), *_with_claims(corrected).prefetch_related("differences__enrolment")]
    found.sort(key=lambda one: one.claim.number)
    held = holding.held([one.claim_id for one in found]) if found else {}
    return [_due(one, at, held.get(one.claim_id, "")) for one in found]


def _with_claims(found: QuerySet[Decision]) -> QuerySet[Decision]:
    parts = Adjudication.objects.defer("facts", "reasoning").select_related("enrolment")
    related = found.select_related("claim__member", "claim__office", "claim__account", "decided_by")
    return related.prefetch_related(Prefetch("adjudications", parts.prefetch_related("results")))


def _due(decision: Decision, at: datetime, held: str) -> Due:
    """To the account in use: the one named in the claim, unless the member has changed it since."""
    account = account_to_pay(decision.claim.member, decision.claim.account)
    failed = _failed_at(decision) if decision.corrects_id else ""
    return Due(decision, account, must_wait(account, at) if account else None, held, failed)


def _failed_at(decision: Decision) -> str:
    """The account of a payout that the bank had sent back before its decision was corrected."""
    last = Payout.objects.filter(
        decision__claim=decision.claim_id, state=Payout.State.REPLACED, answered_at__isnull=False
    )
    found = last.order_by("-answered_at").first()
    return found.account_number if found else ""


def parts_to_pay(decision: Decision) -> list[tuple[Enrolment, int]]:
    """What each enrolment pays on a decision; of a correction what is more than was booked before."""
    if decision.corrects_id is None:
        return [(part.enrolment, part.total_fen) for part in decision.adjudications.all() if part.total_fen]
    return [(one.enrolment, one.amount_fen) for one in decision.differences.all() if one.amount_fen > 0]


def expense_rows(decision: Decision) -> Iterator[Row]:
    """Each benefit against what is payable."""
    if decision.corrects_id is not None:
        for difference in decision.differences.all():
            if difference.amount_fen > 0:
                yield from difference_rows(difference, PAYABLE)
        return
    for part in decision.adjudications.all():
        for result in part.results.all():
            if result.amount_fen:
                yield row(decision, part.enrolment, expense_of(result.name), PAYABLE, result.amount_fen)


def difference_rows(difference: Difference, against: str) -> Iterator[Row]:
    """Benefit by benefit what is more now, and the other way what is less."""
    for name, _, fen in more_of(difference):
        sides = (expense_of(name), against) if fen > 0 else (against, expense_of(name))
        yield row(difference.decision, difference.enrolment, *sides, abs(fen))


def more_of(difference: Difference) -> Iterator[tuple[str, str, int]]:
    """Name, label and fen of each benefit that is more or less than was booked before."""
    now = results(difference.decision_id, difference.enrolment_id)
    was = results(difference.before_id, difference.enrolment_id)
    for name in sorted(now | was):
        fen = now.get(name, ("", 0))[1] - was.get(name, ("", 0))[1]
        if fen:
            yield name, (now.get(name) or was[name])[0], fen


def results(decision: int | None, enrolment: Any) -> dict[str, tuple[str, int]]:
    """Benefit → (label, fen) of one enrolment under a decision; nothing where there is none."""
    if decision is None:
        return {}
    found = BenefitResult.objects.filter(adjudication__decision=decision, adjudication__enrolment=enrolment)
    return {name: (label, fen) for name, label, fen in found.values_list("name", "label", "amount_fen")}


def moved_rows(payout: Payout, debit: str, credit: str) -> list[Row]:
    """What a payout sends to the bank, from one account to another, a row an enrolment."""
    decision = payout.decision
    kept: dict[Any, int] = defaultdict(int)
    if payout.set_off_fen:
        for one in decision.set_offs.filter(state=Clearing.State.CONFIRMED):
            kept[one.enrolment_id] += one.amount_fen
    sums = ((enrolment, fen - kept[enrolment.pk]) for enrolment, fen in parts_to_pay(decision))
    return [row(decision, enrolment, debit, credit, fen) for enrolment, fen in sums if fen]


def with_parts(payouts: QuerySet[Payout]) -> QuerySet[Payout]:
    """Payouts with all that booking them and telling their members asks for, fetched together."""
    parts = Adjudication.objects.defer("facts", "reasoning").select_related("enrolment")
    related = payouts.select_related("decision__claim__member", "decision__claim__office")
    return related.prefetch_related(Prefetch("decision__adjudications", parts))


def row(decision: Decision, enrolment: Enrolment, debit: str, credit: str, amount_fen: int) -> Row:
    """Kept by the scheme, the year in which cover starts, and the agency."""
    return Row(
        debit,
        credit,
        amount_fen,
        enrolment.scheme_slug,
        enrolment.cover_starts_on.year,
        decision.claim.office,
    )
