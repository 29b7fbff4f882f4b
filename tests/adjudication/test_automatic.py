"""免申即享: who may not, what a machine may pay, what it leaves, and nothing twice."""

import json
from datetime import date

import pytest

from factories.adjudication import a_reported
from factories.bureau import SMALL, a_bureau_claim, a_record, quietly, taken_in
from factories.claims import HOUR, WEDNESDAY, a_covered_member, yichun
from factories.members import a_member
from factories.schemes import the_capped_scheme
from factories.users import a_role
from huzhu.adjudication import automatic, queries, services, workings
from huzhu.adjudication.acts import NoPersonTwice, acts_of
from huzhu.adjudication.models import (
    Adjudication,
    AutomaticLine,
    AutomaticRun,
    BenefitResult,
    Decision,
    RunningTotal,
)
from huzhu.audit.models import Event
from huzhu.claims.bureau import records
from huzhu.claims.models import Claim
from huzhu.core.hashing import canonical_json
from huzhu.enrolment.models import Enrolment
from huzhu.files.tables import TableRefused
from huzhu.notices.models import Notice
from huzhu.rules.reasoning import as_json
from huzhu.users.permissions import NotAllowed

pytestmark = pytest.mark.django_db
LATER = WEDNESDAY + 2 * HOUR


@pytest.fixture
def place():
    return yichun()


def reviewed(place, by=None):
    """A run, looked at and waiting for the second person."""
    by = by or place.reviewer()
    run = automatic.start(by=by, at=WEDNESDAY + HOUR)
    return automatic.review(run=run, by=by, at=WEDNESDAY + HOUR, tell=quietly)


def agreed(run, by):
    shown = (run.found_count, run.found_fen)
    return automatic.settle(run=run, agree=True, reason="", shown=shown, by=by, at=LATER)


def decided(place, run=None, by=None):
    run, by = run or reviewed(place), by or place.second()
    return automatic.take_effect(run=agreed(run, by), by=by, at=LATER, tell=quietly)


def line_of(claim):
    return AutomaticLine.objects.get(claim=claim)


# ── who may not ──


@pytest.mark.parametrize("code", ["employer_clerk", "reviewer", "second_reviewer", "auditor"])
def test_only_the_agency_brings_records_in(place, wang, code):
    with pytest.raises(NotAllowed):
        taken_in(place, a_record(wang), by=a_role(code, place.city))
    assert not Claim.objects.exists()


@pytest.mark.parametrize("code", ["agency_clerk", "second_reviewer", "payment_maker", "auditor"])
def test_only_a_reviewer_starts_a_run(place, wang, code):
    a_bureau_claim(place, wang)
    with pytest.raises(NotAllowed):
        automatic.start(by=a_role(code, place.province), at=LATER)
    assert not AutomaticRun.objects.exists()


def test_who_started_a_run_does_not_confirm_it(place, wang):
    a_bureau_claim(place, wang)
    reviewer = place.reviewer()
    run = reviewed(place, reviewer)
    with pytest.raises(NotAllowed):
        agreed(run, reviewer)
    as_second = a_role("second_reviewer", place.province, user=reviewer.user)
    with pytest.raises(NoPersonTwice):
        agreed(run, as_second)
    assert line_of(Claim.objects.get()).outcome == "pays"


def test_who_brought_the_records_in_neither_decides_nor_confirms(place, wang):
    importer = place.agency()
    taken_in(place, a_record(wang), by=importer)
    run = reviewed(place, a_role("reviewer", place.province, user=importer.user))
    assert line_of(Claim.objects.get()).reason.startswith("发起人给过")
    automatic.drop(run=run, by=place.reviewer(), at=LATER)
    run = reviewed(place)
    with pytest.raises(NoPersonTwice):
        agreed(run, a_role("second_reviewer", place.province, user=importer.user))


def test_nothing_is_decided_before_another_person_has_confirmed(place, wang):
    claim = a_bureau_claim(place, wang)
    run = reviewed(place)
    with pytest.raises(automatic.RunIsOver):
        automatic.take_effect(run=run, by=place.second(), at=LATER, tell=quietly)
    claim.refresh_from_db()
    assert (claim.state, Decision.objects.count()) == ("reported", 0)


# ── the bureau's records ──


def test_a_record_becomes_a_complete_claim_that_waits_at_the_province(place, wang):
    claim = a_bureau_claim(place, wang)
    assert (claim.state, claim.channel, claim.kinds) == ("reported", "bureau", ["inpatient"])
    assert claim.complete_at
    assert claim.account.member_id == wang.pk
    assert claim.opinion.supports
    assert {paper.state for paper in claim.papers.all()} == {"received", "waived"}
    assert json.loads(claim.settlement.figures) == SMALL
    assert Event.objects.filter(verb="settlements.enter", object_id=str(claim.pk)).count() == 1


def test_what_cannot_become_a_claim_is_told_line_by_line(place, wang):
    stranger = a_member("李陌生")
    poor = a_covered_member(place, "赵无账", sex="male")
    poor.accounts.all().delete()
    good = a_record(wang)
    said = taken_in(
        place,
        good,
        a_record(wang, row=11, setl_id=good.setl_id),
        a_record(wang, row=12),
        a_record(wang, row=13, name="王小朋"),
        a_record(stranger, row=14),
        a_record(poor, row=15),
        a_record(wang, row=16, admitted_on=date(2021, 6, 1), discharged_on=date(2021, 6, 9)),
        a_record(wang, row=17, admitted_on=date(2022, 5, 1), discharged_on=date(2022, 4, 1)),
        a_record(wang, row=18, admitted_on=date(2022, 3, 1), discharged_on=date(2022, 3, 2), figures={}),
        a_record(
            wang,
            row=19,
            admitted_on=date(2022, 3, 1),
            discharged_on=date(2022, 3, 2),
            figures=SMALL | {"hifp_pay": "-5.00"},
        ),
        a_record(wang, row=20, setl_id="'; --"),
    )
    assert (said["taken"], said["known"]) == (1, 1)
    why = dict(said["refused"])
    assert why.keys() == set(range(12, 21))
    assert "重叠" in why[12]
    assert "姓名" in why[13]
    assert why[14] == "不是本代办处的会员"
    assert "收款账户" in why[15]
    assert "不在保障期内" in why[16]
    assert "早于入院日期" in why[17]
    assert "统筹基金支出" in why[18]
    assert "统筹基金支出" in why[19]
    assert "结算编号" in why[20]


def test_the_same_file_again_changes_nothing(place, wang):
    record = a_record(wang)
    taken_in(place, record)
    before = Event.objects.count()
    said = taken_in(place, record)
    assert (said["taken"], said["known"], said["refused"]) == (0, 1, [])
    assert (Claim.objects.count(), Event.objects.count()) == (1, before)


def test_a_file_bears_the_names_of_the_bureau(place, wang):
    with pytest.raises(TableRefused, match="certno（证件号码）"):
        records("姓名,身份证号\n王小明,1".encode(), "a.csv")
    head = "setl_id,certno,psn_name,begntime,endtime,setl_time,inscp_scp_amt,act_pay_dedc,hifp_pay,clr_way"
    row = f'b1,{wang.id_number.lower()},王小明,2022-06-20 08:30:00,2022/06/30,,"12,000.00",0,10000,01'
    [found] = records(f"{head}\n{row}\n,,,,,,,,,\n".encode(), "结算.csv")
    assert (found.row, found.setl_id, found.certno) == (2, "B1", wang.id_number)
    assert (found.admitted_on, found.discharged_on) == (date(2022, 6, 20), date(2022, 6, 30))
    assert found.figures == {"inscp_scp_amt": "12000.00", "act_pay_dedc": "0", "hifp_pay": "10000"}
    [wrong] = records(f"{head}\n{row.replace('2022-06-20', '20 Juni')}".encode(), "结算.csv")
    assert "入院时间“20 Juni 08:30:00”不是时间" in wrong.fault


# ── what a machine may pay ──


def test_a_clean_claim_is_paid_and_five_people_have_done_their_acts(place, wang):
    claim = a_bureau_claim(place, wang)
    run = decided(place)
    claim.refresh_from_db()
    decision = queries.standing(claim)
    assert (run.state, run.found_count, run.found_fen) == ("done", 1, 120_000)
    assert (claim.state, claim.decided_at, decision.total_fen, decision.state) == (
        "decided", LATER, 120_000, "final",
    )  # fmt: skip
    assert len(set(acts_of(claim).values())) == 3
    assert RunningTotal.objects.get(member=wang).used_fen == 120_000
    assert Event.objects.filter(verb="automatic.decide", object_id=str(claim.pk)).count() == 1
    [told] = Notice.objects.filter(purpose="decision")
    assert "1,200.00 元" in told.text


def test_machines_pay_and_people_refuse(place, wang, settings):
    def at(month, **changes):
        days = {"admitted_on": date(2022, month, 1), "discharged_on": date(2022, month, 9)}
        return a_bureau_claim(place, wang, **days | changes)

    nothing = at(2, figures=SMALL | {"hifp_pay": "12000.00"})
    odd = at(3, figures=SMALL | {"medfee_sumamt": "1.00", "fund_pay_sumamt": "2.00", "psn_part_amt": "3.00"})
    much = at(4, figures={"inscp_scp_amt": "90000", "act_pay_dedc": "0", "hifp_pay": "20000"})
    clean = at(5)
    settings.HUZHU_SECOND_DECISION_FEN = 200_000
    decided(place)
    assert {line.claim_id: line.outcome for line in AutomaticLine.objects.all()} == {
        nothing.pk: "left", odd.pk: "left", much.pk: "left", clean.pk: "decided",
    }  # fmt: skip
    assert "不给付只能由人决定" in line_of(nothing).reason
    assert "医疗费总额应等于" in line_of(odd).reason
    assert "复核限额" in line_of(much).reason
    assert Decision.objects.filter(verdict="refuse").count() == 0
    assert list(queries.waiting_for(place.reviewer()).order_by("number")) == [nothing, odd, much]


def test_only_claims_from_the_bureau_are_decided_by_a_machine(place, wang):
    by_hand = a_reported(place, wang, kinds=["inpatient"], figures=SMALL)
    with pytest.raises(automatic.NothingWaits):
        automatic.start(by=place.reviewer(), at=LATER)
    assert by_hand.state == "reported"


def test_automatic_and_one_by_one_come_to_the_same(place):
    """The same events of two people, decided either way: amounts, facts, totals and, word for word, the working."""
    twins = [a_covered_member(place, name, the_capped_scheme(), sex="male") for name in ("王一", "王二")]
    months = [(month, date(2022, month, 1), date(2022, month, 9)) for month in (7, 3, 5)]
    for member in twins:
        for month, first, last in months:
            figures = {"inscp_scp_amt": f"{month}000", "act_pay_dedc": "0", "hifp_pay": "1000"}
            a_bureau_claim(
                place, member, admitted_on=first, discharged_on=last, settled_at=None, figures=figures
            )
    by_hand, by_machine = twins
    reviewer = place.reviewer()
    for claim in Claim.objects.filter(member=by_hand).order_by("admitted_on"):
        if services.evaluate(claim=claim).total_fen:
            services.decide(claim=claim, verdict="pay", reason="", by=reviewer, at=LATER)
    decided(place)
    assert Adjudication.objects.filter(reasoning__isnull=True).count() == 2
    one, other = (told(member) for member in twins)
    assert one == other
    assert workings.write() == 2
    assert told(by_machine) == one
    assert Adjudication.objects.filter(reasoning__isnull=True).count() == 0


def told(member):
    """Everything that was decided for a member, without what is the claim's or the person's own."""
    numbers = dict(
        zip(
            Claim.objects.filter(member=member).order_by("number").values_list("number", flat=True),
            "abcdef",
            strict=False,
        )
    )

    def blind(text):
        for number, letter in numbers.items():
            text = text.replace(number, letter)
        return text

    found = Adjudication.objects.filter(decision__claim__member=member).select_related("edition")
    parts = [
        (
            blind(kept.facts),
            blind(canonical_json(as_json(queries.working_of(kept)))),
            kept.edition.identity,
            list(kept.results.values_list("name", "label", "amount_fen")),
        )
        for kept in found.order_by("decision__claim__number")
    ]
    totals = RunningTotal.objects.filter(member=member).values_list("benefit", "used_fen", "claims_count")
    states = Claim.objects.filter(member=member).order_by("number").values_list("state", flat=True)
    return parts, list(totals), list(states)


# ── what has changed meanwhile ──


def test_what_was_decided_by_a_person_meanwhile_is_left(place, wang):
    claim = a_bureau_claim(place, wang)
    other = a_bureau_claim(place, a_covered_member(place, "李强", sex="male"))
    run = reviewed(place)
    services.decide(claim=claim, verdict="pay", reason="", by=place.reviewer("王另"), at=LATER)
    decided(place, run)
    assert line_of(claim).reason == "已由别人办理，或不再等待核定"
    assert line_of(other).outcome == "decided"
    assert Decision.objects.filter(claim=claim).count() == 1


def test_a_sum_that_changed_since_it_was_confirmed_is_left(place, wang):
    claim = a_bureau_claim(place, wang)
    run = reviewed(place)
    Enrolment.objects.filter(member=wang).update(covered_since_on=date(2021, 1, 28))
    decided(place, run)
    assert "资料有变动" in line_of(claim).reason
    assert not Decision.objects.exists()


def test_a_total_that_would_not_hold_the_sum_is_left(place):
    wang = a_covered_member(place, "王小明", the_capped_scheme(), sex="male")
    claim = a_bureau_claim(place, wang)
    RunningTotal.objects.create(
        member=wang, scheme_slug="harbin-80", cover_starts_on=date(2022, 1, 28), benefit="inpatient",
        used_fen=799_999, cap_fen=800_000,
    )  # fmt: skip
    decided(place)
    assert "封顶 8,000.00 元" in line_of(claim).reason
    assert RunningTotal.objects.get().used_fen == 799_999


def test_other_totals_than_were_shown_are_not_confirmed(place, wang):
    a_bureau_claim(place, wang)
    run = reviewed(place)
    with pytest.raises(automatic.NotAsShown):
        automatic.settle(run=run, agree=True, reason="", shown=(1, 120_001), by=place.second(), at=LATER)


def test_not_agreed_all_of_it_is_left_and_another_run_may_begin(place, wang):
    claim = a_bureau_claim(place, wang)
    run = reviewed(place)
    automatic.settle(run=run, agree=False, reason="起付线看错", shown=(0, 0), by=place.second(), at=LATER)
    assert "起付线看错" in AutomaticLine.objects.get(run=run).reason
    decided(place)
    claim.refresh_from_db()
    assert claim.state == "decided"


def test_one_run_at_a_time(place, wang):
    a_bureau_claim(place, wang)
    automatic.start(by=place.reviewer(), at=LATER)
    with pytest.raises(automatic.RunIsOpen):
        automatic.start(by=place.reviewer("李审核"), at=LATER)


# ── stopped in the middle ──


def test_stopped_in_the_middle_it_goes_on_with_nothing_twice(place, monkeypatch):
    monkeypatch.setattr(automatic, "SLICE", 2)
    people = [a_covered_member(place, f"王{n}", sex="male") for n in range(5)]
    claims = [a_bureau_claim(place, member) for member in people]
    reviewer, second = place.reviewer(), place.second()
    run = automatic.start(by=reviewer, at=WEDNESDAY)

    def stop(done, total, words=""):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        automatic.review(run=run, by=reviewer, at=WEDNESDAY, tell=stop)
    assert run.lines.count() == 2
    run = automatic.review(run=run, by=reviewer, at=WEDNESDAY, tell=quietly)
    assert sorted(run.lines.values_list("place", flat=True)) == [1, 2, 3, 4, 5]
    agreed(run, second)
    with pytest.raises(KeyboardInterrupt):
        automatic.take_effect(run=run, by=second, at=LATER, tell=stop)
    assert Decision.objects.count() == 2
    automatic.take_effect(run=run, by=second, at=LATER, tell=quietly)
    assert Decision.objects.filter(claim__in=claims).count() == 5
    assert BenefitResult.objects.count() == 5
    assert set(RunningTotal.objects.values_list("used_fen", "claims_count")) == {(120_000, 1)}
    assert Event.objects.filter(verb="automatic.decide").count() == 5
