"""Final decisions laid straight into the tables, and what becomes of them at the payment desk."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count

from factories.enrolment import START, an_enrolment
from factories.members import a_member, an_account
from factories.organisations import a_city, a_group, a_province, an_employer
from factories.schemes import the_inpatient_scheme
from factories.users import a_role, a_user
from huzhu.adjudication.models import Adjudication, BenefitResult, Decision, FirstOpinion, RunningTotal
from huzhu.claims.models import Claim
from huzhu.core.hashing import canonical_json
from huzhu.organisations.models import Organisation
from huzhu.payouts import services
from huzhu.payouts.demobank import reply_for
from huzhu.payouts.models import Payout, PayoutBatch
from huzhu.rules.adjudicate import explain
from huzhu.rules.reasoning import as_json
from huzhu.schemes.queries import shelf
from huzhu.users.models import Role, User

# Thursday 2022-07-14, 15:00 in Yichun; the bank answers a day later at 16:24
DECIDED_AT = datetime(2022, 7, 14, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANSWERED_AT = datetime(2022, 7, 15, 8, 24, tzinfo=UTC)
_numbers = count(1)


@dataclass
class Desk:
    """A province with its Yichun agency, an employer, and the two people who pay."""

    province: Organisation = field(default_factory=a_province)

    def __post_init__(self):
        self.city = a_city(self.province)
        self.employer = an_employer(a_group(self.city))
        self.maker: Role = a_role("payment_maker", self.province)
        self.releaser: Role = a_role("payment_releaser", self.province)
        self.auditor: Role = a_role("auditor", self.province)


def a_final_decision(
    desk: Desk,
    amount_fen: int = 171_400,
    *,
    name: str = "刘女士",
    benefits: dict[str, int] | None = None,
    opinion_by: User | None = None,
    decided_by: User | None = None,
    second_by: User | None = None,
    account: bool = True,
) -> Decision:
    """To be paid: the claim is 已核定, amounts by benefit add up (all inpatient unless said)."""
    member = a_member(name, employer=desk.employer, phone="13900000001")
    enrolment = an_enrolment(member, the_inpatient_scheme())
    number = next(_numbers)
    claim = Claim.objects.create(
        number=f"2022-{number:06d}",
        member=member,
        employer=desk.employer,
        office=desk.city,
        state="decided",
        channel="phone",
        kinds=["inpatient"],
        account=an_account(member, number=f"6222020903{number:09d}") if account else None,
        drafted_at=DECIDED_AT,
        submitted_at=DECIDED_AT,
        complete_at=DECIDED_AT,
        reported_at=DECIDED_AT,
        decided_at=DECIDED_AT,
    )
    FirstOpinion.objects.create(
        claim=claim,
        text="材料齐全",
        supports=True,
        given_by=opinion_by or a_user("钱代办"),
        given_at=DECIDED_AT,
    )
    decision = Decision.objects.create(
        claim=claim,
        verdict="pay",
        reason="按方案核定",
        total_fen=amount_fen,
        state="final",
        decided_by=decided_by or a_user("张审核"),
        decided_at=DECIDED_AT,
        second_by=second_by,
        second_at=DECIDED_AT if second_by else None,
    )
    _with_results(decision, enrolment, benefits or {"inpatient": amount_fen})
    return decision


@cache
def a_working() -> str:
    """A reasoning as it is stored; its sums are not those of the decisions here."""
    cover = {"cover_starts_on": "2022-01-28", "cover_ends_on": "2023-01-28", "covered_since_on": "2022-01-28"}
    event = {
        "claim_no": "2022-000001",
        "occurred_on": "2022-06-20",
        "admitted_on": "2022-06-20",
        "inscp_scp_amt": "75400.00",
        "act_pay_dedc": "800.00",
        "hifp_pay": "63410.00",
    }
    facts = {"format": "huzhu-facts/1", "person": {"sex": "female"}, "cover": cover, "event": event}
    edition = shelf().edition("yichun-120")
    [reasoning] = explain([edition], facts, among=[edition])
    return canonical_json(as_json(reasoning))


def _with_results(decision, enrolment, benefits):
    part = Adjudication.objects.create(
        decision=decision,
        enrolment=enrolment,
        edition=enrolment.edition,
        facts="{}",
        reasoning=a_working(),
        total_fen=sum(benefits.values()),
    )
    for name, amount in benefits.items():
        BenefitResult.objects.create(adjudication=part, name=name, label=name, amount_fen=amount)
        RunningTotal.objects.create(
            member=decision.claim.member,
            scheme_slug=enrolment.scheme_slug,
            cover_starts_on=START,
            benefit=name,
            used_fen=amount,
            claims_count=1,
        )


def a_payout(desk: Desk, amount_fen: int = 171_400, **traits) -> Payout:
    """Scheduled, waiting for a batch."""
    decision = a_final_decision(desk, amount_fen, **traits)
    services.schedule(at=DECIDED_AT)
    return Payout.objects.get(decision=decision)


def a_batch(desk: Desk, *payouts: Payout, by: Role | None = None) -> PayoutBatch:
    """Made, waiting for release; of one payout unless some are given."""
    return services.make_batch(payouts=payouts or [a_payout(desk)], by=by or desk.maker, at=DECIDED_AT + HOUR)


def a_released(desk: Desk, *payouts: Payout) -> PayoutBatch:
    """At the bank, without an answer."""
    return services.release(batch=a_batch(desk, *payouts), by=desk.releaser, at=DECIDED_AT + 2 * HOUR)


def an_answered(desk: Desk, *payouts: Payout, fail_lines=()) -> PayoutBatch:
    """Answered by the bank: paid, but for some lines."""
    batch = a_released(desk, *payouts)
    data = reply_for(batch, ANSWERED_AT, fail_lines)
    services.apply_reply(batch=batch, data=data, by=desk.maker, at=ANSWERED_AT + HOUR)
    batch.refresh_from_db()
    return batch
