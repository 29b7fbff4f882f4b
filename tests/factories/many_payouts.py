"""A thousand people with a final decision each, laid straight into the tables, scheduled and booked."""

from datetime import date

from factories.enrolment import START
from factories.members import LONG_AGO, an_id_number
from factories.payouts import DECIDED_AT, Desk
from factories.schemes import the_inpatient_scheme
from factories.users import a_user
from huzhu.adjudication.models import Adjudication, BenefitResult, Decision, FirstOpinion, RunningTotal
from huzhu.audit.services import SYSTEM
from huzhu.claims.models import Claim
from huzhu.core.periods import a_year_after
from huzhu.enrolment.models import Enrolment
from huzhu.ledger import services as ledger
from huzhu.ledger.services import Posting
from huzhu.members.models import BankAccount, Member
from huzhu.payouts.due import expense_rows, with_parts
from huzhu.payouts.models import Payout


def many_scheduled(desk: Desk, count: int, amount_fen: int = 171_400, start: int = 0) -> list[Payout]:
    """Waiting for a batch, in the order of their claims."""
    numbers = range(start + 1, start + count + 1)
    members = [_member(desk, number) for number in numbers]
    Member.objects.bulk_create(members)
    accounts = [_account(member, number) for member, number in zip(members, numbers, strict=True)]
    BankAccount.objects.bulk_create(accounts)
    edition = the_inpatient_scheme()
    enrolments = [_enrolment(member, edition, n) for member, n in zip(members, numbers, strict=True)]
    Enrolment.objects.bulk_create(enrolments)
    claims = [
        a_claim(desk, one, account, n) for one, account, n in zip(members, accounts, numbers, strict=True)
    ]
    Claim.objects.bulk_create(claims)
    clerk, reviewer = a_user("钱代办"), a_user("张审核")
    FirstOpinion.objects.bulk_create(
        FirstOpinion(claim=one, text="材料齐全", supports=True, given_by=clerk, given_at=DECIDED_AT)
        for one in claims
    )
    decisions = Decision.objects.bulk_create(
        Decision(
            claim=one,
            verdict="pay",
            reason="按方案核定",
            total_fen=amount_fen,
            state="final",
            decided_by=reviewer,
            decided_at=DECIDED_AT,
        )
        for one in claims
    )
    _results(decisions, enrolments, amount_fen)
    return _scheduled(decisions, accounts)


def _member(desk: Desk, number: int) -> Member:
    return Member(
        name=f"王{chr(0x4E00 + number)}",
        initials="w",
        id_number=an_id_number(order=100_000 + number),
        phone=f"139{number:08d}",
        sex="female",
        born_on=date(1982, 5, 6),
        employer=desk.employer,
        is_synthetic=True,
    )


def _account(member: Member, number: int) -> BankAccount:
    return BankAccount(
        member=member,
        number=f"6222020903{number:09d}",
        holder=member.name,
        bank_name="工商银行伊春支行",
        added_at=LONG_AGO,
    )


def _enrolment(member: Member, edition, number: int) -> Enrolment:
    return Enrolment(
        member=member,
        edition=edition,
        scheme_slug=edition.slug,
        employer=member.employer,
        cover_starts_on=START,
        cover_ends_on=a_year_after(START),
        covered_since_on=START,
        state="in_force",
        certificate_no=f"2022-M{number:09d}",
        verify_token=f"many-token-{number:09d}",
    )


def a_claim(desk: Desk, member: Member, account: BankAccount, number: int) -> Claim:
    return Claim(
        number=f"2022-{500_000 + number:06d}",
        member=member,
        employer=desk.employer,
        office=desk.city,
        state="paying",
        channel="phone",
        kinds=["inpatient"],
        account=account,
        drafted_at=DECIDED_AT,
        submitted_at=DECIDED_AT,
        complete_at=DECIDED_AT,
        reported_at=DECIDED_AT,
        decided_at=DECIDED_AT,
    )


def _results(decisions: list[Decision], enrolments: list[Enrolment], amount_fen: int) -> None:
    parts = [
        Adjudication(
            decision=decision,
            enrolment=enrolment,
            edition=enrolment.edition,
            facts="{}",
            reasoning="{}",
            total_fen=amount_fen,
        )
        for decision, enrolment in zip(decisions, enrolments, strict=True)
    ]
    Adjudication.objects.bulk_create(parts)
    BenefitResult.objects.bulk_create(
        BenefitResult(adjudication=one, name="inpatient", label="住院", amount_fen=amount_fen)
        for one in parts
    )
    RunningTotal.objects.bulk_create(
        RunningTotal(
            member=one.member,
            scheme_slug=one.scheme_slug,
            cover_starts_on=START,
            benefit="inpatient",
            used_fen=amount_fen,
            claims_count=1,
        )
        for one in enrolments
    )


def _scheduled(decisions: list[Decision], accounts: list[BankAccount]) -> list[Payout]:
    payouts = [
        Payout(
            decision=decision,
            amount_fen=decision.total_fen,
            holder=account.holder,
            bank_name=account.bank_name,
            account_number=account.number,
            scheduled_at=DECIDED_AT,
        )
        for decision, account in zip(decisions, accounts, strict=True)
    ]
    Payout.objects.bulk_create(payouts)
    found = list(
        with_parts(Payout.objects.filter(pk__in=[one.pk for one in payouts])).order_by("decision_id")
    )
    postings = [
        Posting(
            f"decision:{one.decision_id}:payable",
            DECIDED_AT.date(),
            f"核定给付 申请 {one.decision.claim.number}",
            list(expense_rows(one.decision)),
        )
        for one in found
    ]
    ledger.post_many(postings=postings, by=SYSTEM, at=DECIDED_AT)
    return found
