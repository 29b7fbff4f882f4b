"""What the province decides: who may not, what is shown is what is decided, and nothing above a cap."""

import itertools
import json
from datetime import date

import pytest

from factories.adjudication import a_decided, a_reported
from factories.claims import HOUR, WEDNESDAY, a_covered_member, a_submitted, yichun
from factories.enrolment import an_enrolment
from factories.schemes import the_capped_scheme, the_inpatient_scheme
from factories.users import a_role
from huzhu.adjudication import queries, services
from huzhu.adjudication.amounts import amounts_of
from huzhu.adjudication.models import Adjudication, BenefitResult, Decision, RunningTotal
from huzhu.audit.models import Event
from huzhu.claims import services as claims
from huzhu.claims.models import Claim, State
from huzhu.notices.models import Notice
from huzhu.rules.reasoning import as_json
from huzhu.users.permissions import NotAllowed

pytestmark = pytest.mark.django_db
LATER = WEDNESDAY + 2 * HOUR
SMALL = {
    "kinds": ["inpatient"],
    "figures": {"inscp_scp_amt": "12000", "act_pay_dedc": "0", "hifp_pay": "10000"},
}


def decide(claim, by, verdict="pay", reason="", **more):
    return services.decide(claim=claim, verdict=verdict, reason=reason, by=by, at=LATER, **more)


# ── who may not ──


@pytest.mark.parametrize(
    "code", ["employer_clerk", "reviewer", "second_reviewer", "payment_maker", "auditor"]
)
def test_only_the_agency_gives_the_first_opinion(place, liu, code):
    claim = a_submitted(liu)
    with pytest.raises(NotAllowed):
        services.give_opinion(
            claim=claim, text="好", supports=True, by=a_role(code, place.province), at=WEDNESDAY
        )
    claim.refresh_from_db()
    assert claim.state == State.SUBMITTED


@pytest.mark.parametrize(
    "code", ["agency_clerk", "second_reviewer", "payment_maker", "payment_releaser", "auditor"]
)
def test_only_a_reviewer_decides(place, liu, code):
    claim = a_reported(place, liu)
    with pytest.raises(NotAllowed):
        decide(claim, a_role(code, place.province))
    assert not Decision.objects.exists()


def test_only_a_second_reviewer_confirms(place, liu):
    decision = decide(a_reported(place, liu), place.reviewer())
    for code in ("agency_clerk", "reviewer", "auditor"):
        with pytest.raises(NotAllowed):
            services.confirm(
                decision=decision, agree=True, reason="", by=a_role(code, place.province), at=LATER
            )


def test_the_province_next_door_decides_nothing_here(place, liu):
    claim = a_reported(place, liu)
    with pytest.raises(NotAllowed):
        decide(claim, yichun().reviewer())


ROLES = {
    "opinion": ("agency_clerk", "city"),
    "decision": ("reviewer", "province"),
    "second": ("second_reviewer", "province"),
}


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(ROLES, 2)))
def test_no_person_does_two_acts_on_one_claim(place, liu, first, second):
    """The same person with two roles; the acts of payment are tried upstairs, against the same table."""
    people = {
        act: a_role(code, getattr(place, where)) for act, (code, where) in ROLES.items() if act != second
    }
    code, where = ROLES[second]
    people[second] = a_role(code, getattr(place, where), user=people[first].user)

    def walk():
        claim = a_reported(place, liu, by=people["opinion"])
        decision = decide(claim, people["decision"])
        services.confirm(decision=decision, agree=True, reason="", by=people["second"], at=LATER)

    with pytest.raises(services.NoPersonTwice, match="五个不同的人"):
        walk()


@pytest.mark.parametrize("other", ["opinion", "decision", "second", "batch_maker", "batch_releaser"])
@pytest.mark.parametrize("act", ["opinion", "decision", "second", "batch_maker", "batch_releaser"])
def test_every_pair_of_the_five_acts_asks_for_two_people(place, liu, act, other):
    claim, by = a_submitted(liu), a_role("agency_clerk", place.city)
    done = {other: by.user_id}
    if act == other:
        services.check_person_is_new(claim, act, by, done)
    else:
        with pytest.raises(services.NoPersonTwice):
            services.check_person_is_new(claim, act, by, done)


# ── Ms Liu ──


def test_ms_liu_gets_31714_from_two_enrolments_in_three_benefits(place, liu):
    claim = a_reported(place, liu)
    shown = services.evaluate(claim=claim)
    assert (shown.total, shown.warnings) == ("31,714.00", ())
    zhang, chen = place.reviewer(), place.second()
    decision = decide(claim, zhang, shown=shown.digest)
    assert (decision.state, decision.total_fen) == ("proposed", 3_171_400)
    claim.refresh_from_db()
    assert claim.state == State.REPORTED
    assert not RunningTotal.objects.filter(used_fen__gt=0).exists()
    services.confirm(decision=decision, agree=True, reason="", by=chen, at=LATER + HOUR)
    claim.refresh_from_db()
    assert (decision.state, claim.state, claim.decided_at) == ("final", State.DECIDED, LATER + HOUR)
    paid = {(r.adjudication.enrolment.scheme_slug, r.name): r.amount_fen for r in BenefitResult.objects.all()}
    assert paid == {
        ("yichun-120", "inpatient"): 671_400,
        ("yichun-120", "critical"): 1_000_000,
        ("yichun-women", "women"): 1_500_000,
    }
    assert sum(one.total_fen for one in Adjudication.objects.all()) == decision.total_fen
    used = dict(RunningTotal.objects.filter(used_fen__gt=0).values_list("benefit", "used_fen"))
    assert used == {"inpatient": 671_400, "critical": 1_000_000, "women": 1_500_000}
    acts = services.acts_of(claim)
    assert set(acts) == {"opinion", "decision", "second"}
    assert (acts["decision"], acts["second"]) == (zhang.user_id, chen.user_id)
    assert "31,714.00 元" in Notice.objects.filter(purpose="decision").get().text


def test_what_is_stored_reproduces_the_decision(place, liu):
    decision = a_decided(place, liu)
    shown = {as_json(slip)["slug"]: as_json(slip) for slip in queries.slips(decision)}
    for kept in decision.adjudications.all():
        facts = json.loads(kept.facts)
        assert facts["event"]["claim_no"] == decision.claim.number
        assert kept.edition.identity == shown[kept.edition.slug]["identity"]
        assert json.loads(kept.reasoning) == json.loads(json.dumps(shown[kept.edition.slug]))


def test_a_small_sum_is_final_with_one_reviewer(place, liu):
    decision = a_decided(place, liu, **SMALL)
    assert (decision.state, decision.total_fen, decision.second_by) == ("final", 120_000, None)


def test_the_limit_is_a_setting(place, liu, settings):
    settings.HUZHU_SECOND_DECISION_FEN = 119_999
    assert decide(a_reported(place, liu, **SMALL), place.reviewer()).state == "proposed"


# ── opinion ──


def test_no_opinion_before_the_papers_are_complete(place, liu):
    claim = a_submitted(liu, but=["receipts"])
    with pytest.raises(claims.PapersMissing, match="住院票据（缺）"):
        services.give_opinion(claim=claim, text="好", supports=True, by=place.agency(), at=WEDNESDAY)


def test_no_opinion_without_the_three_figures(place, liu):
    claim = a_submitted(liu, figures={"inscp_scp_amt": "75400"})
    with pytest.raises(claims.FieldsNeedWork) as refused:
        services.give_opinion(claim=claim, text="好", supports=True, by=place.agency(), at=WEDNESDAY)
    assert refused.value.problems.keys() == {"act_pay_dedc", "hifp_pay"}


def test_figures_that_do_not_add_up_are_a_warning_not_a_refusal(place, liu):
    claim = a_reported(
        place,
        liu,
        kinds=["inpatient"],
        figures={
            "inscp_scp_amt": "75400",
            "act_pay_dedc": "800",
            "hifp_pay": "63410",
            "psn_part_amt": "22390",
            "acct_pay": "2390",
            "psn_cash_pay": "19000",
        },
    )
    shown = services.evaluate(claim=claim)
    assert shown.warnings == ("个人负担总金额应等于 个人账户支出 + 个人现金支出",)
    assert decide(claim, place.reviewer(), shown=shown.digest).state == "final"


def test_an_opinion_against_paying_is_reported_up_all_the_same(place, liu):
    claim = a_submitted(liu)
    services.give_opinion(claim=claim, text="疑似外伤", supports=False, by=place.agency(), at=WEDNESDAY)
    assert claim.state == State.REPORTED


# ── refusing ──


def test_a_refusal_is_a_persons_word_with_a_reason(place, liu):
    claim = a_reported(place, liu)
    by = place.reviewer()
    with pytest.raises(claims.ReasonNeeded):
        decide(claim, by, verdict="refuse", reason=" ")
    decision = decide(claim, by, verdict="refuse", reason="诊断证明与病理报告不符")
    claim.refresh_from_db()
    assert (decision.state, decision.total_fen, claim.state) == ("final", 0, State.REFUSED)
    assert not BenefitResult.objects.exists()
    assert not RunningTotal.objects.filter(used_fen__gt=0).exists()
    assert "不予给付" in Notice.objects.filter(purpose="decision").get().text


def test_zero_is_never_decided_as_a_payment(place, liu):
    claim = a_reported(
        place,
        liu,
        kinds=["inpatient"],
        figures={"inscp_scp_amt": "600", "act_pay_dedc": "600", "hifp_pay": "0"},
    )
    with pytest.raises(services.NothingToPay, match="机器不作"):
        decide(claim, place.reviewer())
    claim.refresh_from_db()
    assert claim.state == State.REPORTED


# ── two people, one claim ──


def test_the_second_reviewer_who_does_not_agree_sends_it_back_to_be_decided_anew(place, liu):
    claim = a_reported(place, liu)
    zhang, chen = place.reviewer(), place.second()
    first = decide(claim, zhang)
    with pytest.raises(claims.ReasonNeeded):
        services.confirm(decision=first, agree=False, reason="", by=chen, at=LATER)
    services.confirm(decision=first, agree=False, reason="起付线抄错", by=chen, at=LATER)
    claim.refresh_from_db()
    assert (first.state, claim.state) == ("overruled", State.REPORTED)
    again = decide(claim, zhang)
    services.confirm(decision=again, agree=True, reason="", by=chen, at=LATER)
    assert again.state == "final"
    assert [one.pk for one in queries.overruled(claim)] == [first.pk]
    assert queries.standing(claim).pk == again.pk


def test_the_second_of_two_reviewers_on_one_claim_is_told_who_was_first(place, liu):
    claim = a_reported(place, liu)
    stale = Claim.objects.get(pk=claim.pk)
    decide(claim, place.reviewer())
    with pytest.raises(services.AlreadyDecided, match="张审核"):
        decide(stale, place.reviewer("李审核"))
    assert Decision.objects.count() == 1


def test_a_decision_is_confirmed_once(place, liu):
    decision = decide(a_reported(place, liu), place.reviewer())
    services.confirm(decision=decision, agree=True, reason="", by=place.second(), at=LATER)
    with pytest.raises(services.AlreadyDecided):
        services.confirm(decision=decision, agree=False, reason="再看", by=place.second("周复核"), at=LATER)
    used = dict(RunningTotal.objects.values_list("benefit", "used_fen"))
    assert used["women"] == 1_500_000


# ── what was shown ──


def test_a_sum_that_changed_since_it_was_shown_is_not_decided(place, liu):
    claim = a_reported(place, liu)
    shown = services.evaluate(claim=claim)
    a_decided(
        place,
        liu,
        setl_id="S2",
        kinds=["critical"],
        diagnosed_on=date(2022, 5, 2),
        diagnosis="C34",
    )
    with pytest.raises(services.OutcomeChanged, match=r"21,714\.00"):
        decide(claim, place.reviewer(), shown=shown.digest)
    assert decide(claim, place.reviewer()).total_fen == 2_171_400


def test_the_second_person_agrees_only_to_what_still_holds(place, liu):
    claim = a_reported(place, liu)
    decision = decide(claim, place.reviewer())
    a_decided(place, liu, setl_id="S2", kinds=["critical"], diagnosed_on=date(2022, 5, 2), diagnosis="C34")
    with pytest.raises(services.OutcomeChanged, match="不同意"):
        services.confirm(decision=decision, agree=True, reason="", by=place.second(), at=LATER)
    decision.refresh_from_db()
    assert (decision.state, decision.second_by) == ("proposed", None)


def test_a_reviewer_adds_a_kind_with_a_reason_and_it_is_written_down(place, liu):
    claim = a_reported(place, liu, kinds=["inpatient"])
    by = place.reviewer()
    with pytest.raises(claims.ReasonNeeded):
        claims.add_kind(claim=claim, kind="critical", reason="", by=by, at=LATER)
    claims.add_kind(claim=claim, kind="critical", reason="病理报告确诊", by=by, at=LATER)
    claim.refresh_from_db()
    assert claim.kinds == ["inpatient", "critical"]
    assert Event.objects.filter(verb="claims.add_kind", detail__kind="critical").exists()
    assert services.evaluate(claim=claim).total == "31,714.00"


def test_the_notes_say_what_was_not_asked_for_and_what_gives_nothing(place, liu):
    claim = a_reported(place, liu, kinds=["critical", "accident"], accident_on=date(2022, 6, 1))
    said = services.evaluate(claim=claim).warnings
    assert "没有申请“女性特殊疾病”，但条件符合，一并计入" in said
    assert "申请了“意外伤残”，按规则为 0，请看算账单里的原因" in said


# ── caps and periods ──


def capped(place, **fields):
    return a_covered_member(place, "王小明", the_capped_scheme(), sex="male", **fields)


def a_stay(number, first, last, scope):
    return {
        "kinds": ["inpatient"],
        "setl_id": f"S{number}",
        "admitted_on": first,
        "discharged_on": last,
        "figures": {"inscp_scp_amt": scope, "act_pay_dedc": "0", "hifp_pay": "10000"},
    }


MARCH = (date(2022, 3, 1), date(2022, 3, 9))
MAY = (date(2022, 5, 1), date(2022, 5, 9))


def test_two_claims_share_the_cap_of_the_period(place):
    wang = capped(place)
    first = a_decided(place, wang, **a_stay(1, *MARCH, "20000"))
    second = a_decided(place, wang, **a_stay(2, *MAY, "20000"))
    assert (first.total_fen, second.total_fen) == (500_000, 300_000)
    row = RunningTotal.objects.get(benefit="inpatient")
    assert (row.used_fen, row.cap_fen, row.claims_count) == (800_000, 800_000, 2)


def test_an_earlier_stay_decided_late_never_breaks_the_cap(place):
    wang = capped(place)
    a_decided(place, wang, **a_stay(2, *MAY, "20000"))
    late = a_reported(place, wang, **a_stay(1, *MARCH, "20000"))
    assert services.evaluate(claim=late).warnings == (
        "后发生的申请 2022-000001 已先核定，次数和封顶请人工核对",
    )
    with pytest.raises(services.OverTheCap, match=r"8,000\.00"):
        decide(late, place.reviewer())
    assert RunningTotal.objects.get(benefit="inpatient").used_fen == 500_000
    assert not Decision.objects.filter(claim=late).exists()


def test_two_periods_of_one_scheme_never_pay_the_same_illness_twice(place):
    liu = a_covered_member(place, "刘女士", the_inpatient_scheme())
    an_enrolment(liu, the_inpatient_scheme(), starts_on=date(2023, 1, 28), covered_since_on=date(2022, 1, 28))
    at = WEDNESDAY.replace(year=2023)
    claim = a_reported(
        place,
        liu,
        at=at,
        kinds=["inpatient", "critical"],
        diagnosed_on=date(2023, 1, 20),
        admitted_on=date(2023, 1, 30),
        discharged_on=date(2023, 2, 9),
    )
    shown = services.evaluate(claim=claim)
    assert {(str(p.enrolment.cover_starts_on), p.total_fen) for p in shown.parts} == {
        ("2022-01-28", 1_000_000),
        ("2023-01-28", 671_400),
    }


# ── queues ──


def test_each_queue_holds_what_waits_for_its_role(place, liu):
    by, zhang, chen = place.agency(), place.reviewer(), place.second()
    claim = a_submitted(liu)

    def waiting():
        return [len(queries.queue(role, WEDNESDAY)) for role in (by, zhang, chen)]

    assert waiting() == [1, 0, 0]
    services.give_opinion(claim=claim, text="齐全", supports=True, by=by, at=WEDNESDAY)
    assert waiting() == [0, 1, 0]
    decision = decide(claim, zhang)
    assert waiting() == [0, 0, 1]
    services.confirm(decision=decision, agree=True, reason="", by=chen, at=LATER)
    assert waiting() == [0, 0, 0]
    assert queries.queue(place.clerk(), WEDNESDAY) == []


def test_a_member_sees_only_what_is_final(place, liu):
    decision = decide(a_reported(place, liu), place.reviewer())
    assert not queries.visible_to(liu).exists()
    services.confirm(decision=decision, agree=True, reason="", by=place.second(), at=LATER)
    assert queries.visible_to(liu).get() == decision


def test_the_province_returns_for_papers_and_gets_it_back(place, liu):
    claim = a_reported(place, liu)
    services.return_for_papers(claim=claim, reason="请补病理报告", by=place.reviewer(), at=LATER)
    assert claim.state == State.RETURNED
    claims.resume(claim=claim, by=liu, at=LATER + HOUR)
    assert claim.state == State.REPORTED


def test_who_may_not_return_a_reported_claim(place, liu):
    claim = a_submitted(liu)
    with pytest.raises(claims.CannotMove, match="不在您手上"):
        services.return_for_papers(claim=claim, reason="缺票据", by=place.reviewer(), at=LATER)
    services.give_opinion(claim=claim, text="齐", supports=True, by=place.agency(), at=WEDNESDAY)
    for by in (place.second(), place.agency("周代办"), place.clerk(), yichun().reviewer()):
        with pytest.raises(NotAllowed):
            services.return_for_papers(claim=claim, reason="缺票据", by=by, at=LATER)
    with pytest.raises(claims.CannotMove, match="不在您手上"):
        claims.return_for_papers(claim=claim, reason="缺票据", by=place.agency("周代办"), at=LATER)
    claim.refresh_from_db()
    assert claim.state == State.REPORTED


def test_a_claim_whose_decision_waits_is_returned_after_the_second_person_has_said_no(place, liu):
    claim, li = a_reported(place, liu), place.reviewer("李审核")
    decision = decide(claim, place.reviewer())
    assert decision.state == "proposed"
    with pytest.raises(services.AlreadyDecided, match=r"张审核核定，在等复核.*先选“不同意”"):
        services.return_for_papers(claim=claim, reason="缺票据", by=li, at=LATER)
    with pytest.raises(claims.CannotMove):
        claims.withdraw(claim=claim, by=liu, at=LATER)
    services.confirm(decision=decision, agree=False, reason="缺票据", by=place.second(), at=LATER)
    services.return_for_papers(claim=claim, reason="缺票据", by=li, at=LATER)
    claims.withdraw(claim=claim, by=liu, at=LATER + HOUR)
    assert amounts_of([claim])[claim.pk].fen is None
