"""What is final and not yet scheduled: the decision, the account, the entries it will make, and what stands in the way."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, QuerySet

from huzhu.adjudication.models import Adjudication, Decision
from huzhu.claims.models import State
from huzhu.core import money
from huzhu.ledger.accounts import PAYABLE, expense_of
from huzhu.ledger.services import Row
from huzhu.members.accounts import must_wait
from huzhu.members.models import BankAccount
from huzhu.members.queries import account_to_pay
from huzhu.payouts.models import Payout
from huzhu.rules.units import SHANGHAI


@dataclass(frozen=True, slots=True)
class Due:
    """One final decision that waits for its payout."""

    decision: Decision
    account: BankAccount | None
    waits_until: datetime | None = None

    @property
    def rows(self) -> list[Row]:
        """Expense to payable, a row a benefit."""
        return list(expense_rows(self.decision))

    @property
    def objection(self) -> str:
        """Why it cannot be scheduled; empty when all is well."""
        if self.account is None:
            return "没有收款账户，不能排款。请代办处为会员登记本人账户。"
        if self.waits_until is not None:
            return waiting_words(self.waits_until)
        booked = sum(row.amount_fen for row in self.rows)
        if booked != self.decision.total_fen:
            return (
                f"核定合计 {money.spoken(self.decision.total_fen)} 元，各项相加 {money.spoken(booked)} 元，"
                "两者不等，不能排款。请经审核对后处理。"
            )
        return ""


def waiting_words(until: datetime) -> str:
    """Why nothing is paid to a changed account yet."""
    return (
        f"收款账户刚换，要到 {until.astimezone(SHANGHAI):%Y-%m-%d %H:%M} 才能用；"
        "代办处在“资料变更”里核实确认后马上可用。"
    )


def dues(at: datetime, path: str = "") -> list[Due]:
    """Final decisions to pay without a payout, in the branch with this path, in the order of claim numbers."""
    found = Decision.objects.filter(
        state=Decision.State.FINAL,
        verdict=Decision.Verdict.PAY,
        payouts=None,
        claim__state=State.DECIDED,
        claim__office__path__startswith=path,
    )
    parts = Adjudication.objects.defer("facts", "reasoning").select_related("enrolment")
    found = found.select_related(
        "claim__member", "claim__office", "claim__account", "decided_by"
    ).prefetch_related(Prefetch("adjudications", parts.prefetch_related("results")))
    return [_due(one, at) for one in found.order_by("claim__number")]


def _due(decision: Decision, at: datetime) -> Due:
    """To the account in use: the one named in the claim, unless the member has changed it since."""
    account = account_to_pay(decision.claim.member, decision.claim.account)
    return Due(decision, account, must_wait(account, at) if account else None)


def expense_rows(decision: Decision) -> Iterator[Row]:
    for part in decision.adjudications.all():
        for result in part.results.all():
            if result.amount_fen:
                yield _row(decision, part, expense_of(result.name), PAYABLE, result.amount_fen)


def moved_rows(decision: Decision, debit: str, credit: str) -> list[Row]:
    """What was decided, from one account to another, a row an enrolment."""
    parts = decision.adjudications.all()
    return [_row(decision, part, debit, credit, part.total_fen) for part in parts if part.total_fen]


def with_parts(payouts: QuerySet[Payout]) -> QuerySet[Payout]:
    """Payouts with all that booking them and telling their members asks for, fetched together."""
    parts = Adjudication.objects.defer("facts", "reasoning").select_related("enrolment")
    related = payouts.select_related("decision__claim__member", "decision__claim__office")
    return related.prefetch_related(Prefetch("decision__adjudications", parts))


def _row(decision: Decision, part: Adjudication, debit: str, credit: str, amount_fen: int) -> Row:
    """Kept by the scheme, the year in which cover starts, and the agency."""
    enrolment = part.enrolment
    return Row(
        debit,
        credit,
        amount_fen,
        enrolment.scheme_slug,
        enrolment.cover_starts_on.year,
        decision.claim.office,
    )
