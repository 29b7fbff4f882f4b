"""Many corrected decisions, and what was paid too much on them, laid straight into the tables."""

from factories.bank import a_statement, an_own_account, told
from factories.many_payouts import a_claim, many_scheduled
from factories.payouts import DECIDED_AT, HOUR, Desk
from factories.users import a_user
from huzhu.adjudication.models import Adjudication, BenefitResult, Correction, Decision
from huzhu.audit.services import SYSTEM
from huzhu.bank.models import StatementLine
from huzhu.claims.models import Claim, SettlementChange
from huzhu.core.money import yuan
from huzhu.ledger import services as ledger
from huzhu.ledger.accounts import CLAW_BACK
from huzhu.ledger.services import Posting
from huzhu.payouts.due import difference_rows
from huzhu.payouts.models import Difference, Receivable

PAID, NOW = 171_400, 51_400  # and 1,200.00 is between them


def many_corrected(desk: Desk, count: int) -> list[Decision]:
    """Each corrects a decision whose payout waits; none was taken by the payouts yet."""
    old = [one.decision for one in many_scheduled(desk, count, PAID)]
    reviewer, second = a_user("吴重算"), a_user("郑确认")
    changes = [
        SettlementChange(
            claim=one.claim,
            kind="corrected",
            state="done",
            source="bureau",
            was_setl_id=f"M{one.pk}",
            was_figures="{}",
            reason="医保重新结算",
            noted_by=reviewer,
            noted_at=DECIDED_AT,
            ended_at=DECIDED_AT,
        )
        for one in old
    ]
    SettlementChange.objects.bulk_create(changes)
    corrections = Correction.objects.bulk_create(
        Correction(
            change=change,
            member=one.claim.member,
            state="confirmed",
            reason="重新核定",
            was_fen=PAID,
            now_fen=NOW,
            ground="-",
            proposed_by=reviewer,
            proposed_at=DECIDED_AT,
            settled_by=second,
            settled_at=DECIDED_AT,
        )
        for one, change in zip(old, changes, strict=True)
    )
    Decision.objects.filter(pk__in=[one.pk for one in old]).update(state="corrected")
    second_word = {"second_by": second, "second_at": DECIDED_AT}
    made = [
        _decision(one.claim, NOW, reviewer, corrects=one, correction=correction, **second_word)
        for one, correction in zip(old, corrections, strict=True)
    ]
    Decision.objects.bulk_create(made)
    _parts(made, old, NOW)
    return made


def many_debts(desk: Desk, count: int) -> list[Receivable]:
    """Of each corrected decision, whose payout the bank has, the difference is owed and in the books."""
    made = many_corrected(desk, count)
    differences = [
        Difference(
            decision=one,
            enrolment=one.adjudications.get().enrolment,
            before=one.corrects,
            amount_fen=NOW - PAID,
            taken_at=DECIDED_AT,
        )
        for one in made
    ]
    Difference.objects.bulk_create(differences)
    day = DECIDED_AT.date()
    postings = [
        Posting(
            f"decision:{one.decision_id}:corrected", day, "核定更正", list(difference_rows(one, CLAW_BACK))
        )
        for one in differences
    ]
    ledger.post_many(postings=postings, by=SYSTEM, at=DECIDED_AT)
    return Receivable.objects.bulk_create(
        Receivable(
            difference=one, member=one.decision.claim.member, amount_fen=-one.amount_fen, since=DECIDED_AT
        )
        for one in differences
    )


def another_decided(desk: Desk, debts: list[Receivable], fen: int) -> list[Decision]:
    """Another claim of each debtor was decided, and is being scheduled."""
    reviewer = a_user("张审核")
    before = [one.difference.decision for one in debts]
    claims = [
        a_claim(desk, one.claim.member, one.claim.account, 1_000 + number)
        for number, one in enumerate(before)
    ]
    Claim.objects.bulk_create(claims)
    made = Decision.objects.bulk_create(_decision(one, fen, reviewer) for one in claims)
    _parts(made, before, fen)
    return made


def lines_in(desk: Desk, count: int, fen: int) -> list[StatementLine]:
    """So many lines_in on the paying account."""
    account = an_own_account(desk.province, by=desk.maker)
    at = DECIDED_AT + HOUR
    a_statement(
        account, *(told(f"{at:%Y-%m-%d}", f"R{n:04d}", yuan(fen), "王") for n in range(count)), by=desk.maker
    )
    return list(StatementLine.objects.filter(account=account).order_by("reference"))


def _decision(claim: Claim, fen: int, by: object, **more: object) -> Decision:
    return Decision(
        claim=claim,
        verdict="pay",
        reason="按方案核定",
        total_fen=fen,
        state="final",
        decided_by=by,
        decided_at=DECIDED_AT,
        **more,
    )


def _parts(made: list[Decision], like: list[Decision], fen: int) -> None:
    """One enrolment each, the one of the decision that stands beside it in the other list."""
    before = Adjudication.objects.filter(decision__in=like).select_related("enrolment")
    enrolments = {one.decision_id: one.enrolment for one in before}
    parts = [
        Adjudication(
            decision=one,
            enrolment=enrolments[other.pk],
            edition_id=enrolments[other.pk].edition_id,
            facts="{}",
            reasoning="{}",
            total_fen=fen,
        )
        for one, other in zip(made, like, strict=True)
    ]
    Adjudication.objects.bulk_create(parts)
    BenefitResult.objects.bulk_create(
        BenefitResult(adjudication=one, name="inpatient", label="住院", amount_fen=fen) for one in parts
    )
