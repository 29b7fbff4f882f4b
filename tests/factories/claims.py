"""刘女士's claim and others, from an empty draft to complete papers at the agency."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from factories.enrolment import an_enrolment
from factories.files import a_file
from factories.members import a_member, an_account
from factories.organisations import a_city, a_group, a_province, an_employer
from factories.schemes import the_inpatient_scheme, the_women_scheme
from factories.users import a_role
from huzhu.claims import services
from huzhu.claims.models import Claim
from huzhu.members.models import Member
from huzhu.organisations.models import Organisation

# Wednesday 2022-07-13, 09:30 in Yichun
WEDNESDAY = datetime(2022, 7, 13, 1, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIU_FIGURES = {
    "inscp_scp_amt": "75400.00",
    "act_pay_dedc": "800.00",
    "hifp_pay": "63410.00",
    "medfee_sumamt": "85800.00",
    "fulamt_ownpay_amt": "6180.00",
    "overlmt_selfpay": "1260.00",
    "preselfpay_amt": "2960.00",
    "fund_pay_sumamt": "63410.00",
    "psn_part_amt": "22390.00",
    "acct_pay": "2390.00",
    "psn_cash_pay": "20000.00",
}
SETTLED_AT = datetime(2022, 7, 11, 7, 20, tzinfo=UTC)
LIU_EVENT = {
    "kinds": ["inpatient", "critical", "women"],
    "hospital_name": "伊春林业中心医院",
    "hospital_grade": "three",
    "admitted_on": date(2022, 6, 20),
    "discharged_on": date(2022, 7, 10),
    "diagnosed_on": date(2022, 6, 23),
    "diagnosis": "C50.9",
}


@dataclass
class Yichun:
    """The province, its Yichun agency, the forestry employer, and the people of one claim's walk."""

    province: Organisation
    city: Organisation
    employer: Organisation

    def clerk(self, name="赵经办"):
        return a_role("employer_clerk", self.employer, name)

    def agency(self, name="孙代办"):
        return a_role("agency_clerk", self.city, name)

    def reviewer(self, name="张审核"):
        return a_role("reviewer", self.province, name)

    def second(self, name="陈复核"):
        return a_role("second_reviewer", self.province, name)


def yichun() -> Yichun:
    province = a_province()
    city = a_city(province)
    return Yichun(province, city, an_employer(a_group(city)))


def a_covered_member(place: Yichun, name="刘女士", *schemes, **fields) -> Member:
    """A worker of the forestry employer with an account, covered from 2022-01-28; women by both schemes of the story."""
    member = a_member(name, employer=place.employer, **fields)
    an_account(member)
    usual = [the_inpatient_scheme(), *([the_women_scheme()] if member.sex == "female" else [])]
    for scheme in schemes or usual:
        an_enrolment(member, scheme)
    return member


def a_draft(member: Member, *, by=None, at=WEDNESDAY, channel="phone", **event) -> Claim:
    """A draft filled in with Ms Liu's event, or another."""
    by = by or member
    claim = services.start(member=member, channel=channel, applicant="self", applicant_name="", by=by, at=at)
    return services.fill(claim=claim, by=by, at=at, **(LIU_EVENT | event))


def with_settlement(claim: Claim, *, by=None, at=WEDNESDAY, setl_id="S20220711001", figures=None) -> Claim:
    services.put_settlement(
        claim=claim,
        setl_id=setl_id,
        figures=figures or LIU_FIGURES,
        settled_at=SETTLED_AT,
        by=by or claim.member,
        at=at,
    )
    return claim


def with_papers(claim: Claim, *, by, at=WEDNESDAY, but=()) -> Claim:
    """Every paper on the list received, but some."""
    for paper in claim.papers.exclude(kind__in=but):
        services.put_paper(
            claim=claim, kind=paper.kind, file=a_file(by=by, at=at), state="received", by=by, at=at
        )
    return claim


def a_submitted(member: Member, *, by=None, at=WEDNESDAY, but=(), setl_id="S20220711001", **event) -> Claim:
    """Handed in with its settlement and all its papers, but some."""
    figures = event.pop("figures", None)
    claim = a_draft(member, by=by, at=at, **event)
    with_settlement(claim, by=by, at=at, setl_id=setl_id, figures=figures)
    with_papers(claim, by=by or member, at=at, but=but)
    return services.submit(claim=claim, by=by or member, at=at)
