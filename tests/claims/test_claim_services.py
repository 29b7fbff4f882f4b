"""A claim from draft to complete papers: who may not, what is refused, what is only a warning."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from factories.claims import (
    HOUR,
    LIU_FIGURES,
    WEDNESDAY,
    a_covered_member,
    a_draft,
    a_submitted,
    with_papers,
    with_settlement,
    yichun,
)
from factories.files import a_file
from factories.members import a_member, an_account
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.claims import services
from huzhu.claims.facts import problems
from huzhu.claims.models import Claim, Pause, Settlement, State
from huzhu.notices.models import Notice
from huzhu.users.permissions import NotAllowed

pytestmark = pytest.mark.django_db


# ── who may not ──


def test_nobody_claims_for_another_member(place, liu):
    other = a_member("王小明", employer=place.employer, sex="male")
    with pytest.raises(services.NotYours):
        services.start(
            member=liu, channel="phone", applicant="self", applicant_name="", by=other, at=WEDNESDAY
        )
    claim = a_draft(liu)
    with pytest.raises(services.NotYours):
        services.submit(claim=claim, by=other, at=WEDNESDAY)
    with pytest.raises(NotAllowed):
        with_settlement(claim, by=other)
    with pytest.raises(NotAllowed):
        services.put_paper(claim=claim, kind="form", file=a_file(), state="received", by=other, at=WEDNESDAY)


@pytest.mark.parametrize("code", ["employer_clerk", "second_reviewer", "payment_maker", "auditor", "leader"])
def test_other_roles_take_no_claims(place, liu, code):
    by = a_role(code, place.city)
    with pytest.raises(NotAllowed):
        services.start(
            member=liu, channel="counter", applicant="self", applicant_name="", by=by, at=WEDNESDAY
        )


def test_the_agency_of_another_city_takes_no_claim_here(place, liu):
    elsewhere = yichun().agency()
    with pytest.raises(NotAllowed):
        services.start(
            member=liu, channel="counter", applicant="self", applicant_name="", by=elsewhere, at=WEDNESDAY
        )


def test_a_member_cannot_waive_or_tick_a_paper(liu):
    claim = a_draft(liu)
    for state, reason in (("waived", "不想交"), ("received", "")):
        with pytest.raises(services.PaperUnfit, match="拍照"):
            services.put_paper(claim=claim, kind="receipts", state=state, reason=reason, by=liu, at=WEDNESDAY)


# ── filling in ──


def test_numbers_run_through_the_year(liu):
    numbers = [a_draft(liu, at=at).number for at in (WEDNESDAY, WEDNESDAY, WEDNESDAY.replace(year=2023))]
    assert numbers == ["2022-000001", "2022-000002", "2023-000001"]


def test_what_is_known_is_there_already(place, liu):
    claim = a_draft(liu)
    assert claim.office == place.city
    assert claim.account == liu.accounts.get()


def test_bad_fields_are_answered_each_at_its_place_and_nothing_changes(liu):
    claim = a_draft(liu)
    with pytest.raises(services.FieldsNeedWork) as refused:
        services.fill(
            claim=claim,
            by=liu,
            at=WEDNESDAY,
            admitted_on="2022-13-40",
            diagnosis="乳腺癌",
            disability_grade="11",
            kinds=["dental"],
            hospital_name="伊" * 81,
        )
    found = refused.value.problems
    assert found.keys() == {"admitted_on", "diagnosis", "disability_grade", "kinds", "hospital_name"}
    assert "2022-01-28" in found["admitted_on"]
    assert "C50" in found["diagnosis"]
    claim.refresh_from_db()
    assert claim.admitted_on == date(2022, 6, 20)


def test_bad_money_is_answered_at_the_figure(liu):
    claim = a_draft(liu)
    with pytest.raises(services.FieldsNeedWork) as refused:
        with_settlement(claim, figures={"hifp_pay": "6341O", "inscp_scp_amt": "99999999999", "tip": "1"})
    found = refused.value.problems
    assert found.keys() == {"hifp_pay", "inscp_scp_amt", "tip"}
    assert "1234.50" in found["hifp_pay"]
    assert "超出范围" in found["inscp_scp_amt"]
    assert not Settlement.objects.exists()


def test_wide_digits_commas_and_yuan_are_understood(liu):
    claim = with_settlement(a_draft(liu), figures={"hifp_pay": "６３，４１０ 元", "act_pay_dedc": ""})
    assert claim.settlement.figures == '{"hifp_pay":"63410"}'


def test_the_checklist_follows_the_kinds(liu):
    claim = a_draft(liu, kinds=["inpatient"])
    kinds = set(claim.papers.values_list("kind", flat=True))
    assert kinds == {
        "form",
        "id_card",
        "bank_card",
        "certificate",
        "discharge",
        "settlement_sheet",
        "receipts",
    }
    services.fill(claim=claim, by=liu, at=WEDNESDAY, kinds=["accident"])
    kinds = set(claim.papers.values_list("kind", flat=True))
    assert kinds == {"form", "id_card", "bank_card", "certificate", "accident_statement", "disability_proof"}


# ── handing in ──


def test_what_is_missing_is_said_field_by_field(place):
    member = a_member(employer=place.employer)
    claim = services.start(
        member=member, channel="phone", applicant="relative", applicant_name="", by=member, at=WEDNESDAY
    )
    with pytest.raises(services.FieldsNeedWork) as refused:
        services.submit(claim=claim, by=member, at=WEDNESDAY)
    assert refused.value.problems.keys() == {"kinds", "applicant_name", "account"}
    services.fill(claim=claim, by=member, at=WEDNESDAY, kinds=["inpatient", "critical"])
    with pytest.raises(services.FieldsNeedWork) as refused:
        services.submit(claim=claim, by=member, at=WEDNESDAY)
    assert {"admitted_on", "discharged_on", "hospital_name", "diagnosed_on", "diagnosis"} < set(
        refused.value.problems
    )


def test_a_day_to_come_or_a_stay_backwards_is_refused(liu):
    claim = a_draft(liu, admitted_on=date(2022, 8, 1), discharged_on=date(2022, 7, 1))
    with pytest.raises(services.FieldsNeedWork) as refused:
        services.submit(claim=claim, by=liu, at=WEDNESDAY)
    assert "还没有到" in refused.value.problems["admitted_on"]
    assert "早于" in refused.value.problems["discharged_on"]


def test_a_man_has_no_claim_for_womens_illness(place):
    wang = a_covered_member(place, "王小明", sex="male")
    with pytest.raises(services.FieldsNeedWork, match="女职工"):
        a_submitted(wang)


def test_an_event_outside_cover_names_the_date_the_cover_and_what_to_do(liu):
    claim = a_draft(liu, admitted_on=date(2022, 1, 27), diagnosed_on=date(2022, 1, 20))
    with pytest.raises(services.OutsideCover) as refused:
        services.submit(claim=claim, by=liu, at=WEDNESDAY)
    said = str(refused.value)
    for part in ("入院日期是 2022-01-27", "首次确诊日期是 2022-01-20", "2022-01-28 起一年", "代办处"):
        assert part in said


def test_without_any_cover_that_is_said(place):
    member = a_member(employer=place.employer)
    an_account(member)
    with pytest.raises(services.OutsideCover, match="没有登记过保障"):
        services.submit(claim=a_draft(member), by=member, at=WEDNESDAY)


def test_one_settlement_is_claimed_once_across_offices(liu):
    a_submitted(liu)
    elsewhere = a_covered_member(yichun(), "王小明", sex="male")
    claim = a_draft(elsewhere, kinds=["inpatient"])
    with pytest.raises(services.ClaimedBefore, match="另一位会员") as refused:
        with_settlement(claim, setl_id=" s2022 0711001")
    assert "刘女士" not in str(refused.value)


def test_an_overlapping_stay_is_claimed_once_with_another_sheet_too(liu):
    first = a_submitted(liu)
    again = a_draft(liu, admitted_on=date(2022, 7, 9), discharged_on=date(2022, 7, 12))
    with pytest.raises(services.ClaimedBefore, match=first.number):
        with_settlement(again, setl_id="S2")
    with pytest.raises(services.ClaimedBefore, match="重叠"):
        services.submit(claim=again, by=liu, at=WEDNESDAY)


def test_a_transfer_on_the_day_of_discharge_is_another_stay(liu):
    a_submitted(liu)
    second = a_submitted(liu, setl_id="S2", admitted_on=date(2022, 7, 10), discharged_on=date(2022, 7, 12))
    assert second.state == State.SUBMITTED


def test_a_withdrawn_claim_frees_its_settlement(liu):
    first = a_submitted(liu)
    services.withdraw(claim=first, by=liu, at=WEDNESDAY)
    assert a_submitted(liu).state == State.SUBMITTED


def test_submitting_twice_changes_nothing(liu):
    claim = a_submitted(liu)
    with pytest.raises(services.CannotMove):
        services.submit(claim=claim, by=liu, at=WEDNESDAY + HOUR)
    stale = Claim.objects.get(pk=claim.pk)
    stale.state = State.DRAFT  # as another worker still sees it
    with pytest.raises(services.CannotMove, match="刚刚办过"):
        services.submit(claim=stale, by=liu, at=WEDNESDAY + HOUR)
    claim.refresh_from_db()
    assert claim.submitted_at == WEDNESDAY


def test_a_relative_applies_by_name(liu):
    claim = a_draft(liu, applicant="relative", applicant_name="王先生")
    assert (claim.applicant, claim.applicant_name) == ("relative", "王先生")


# ── papers and the return ──


def test_the_clock_starts_with_the_last_paper(place, liu):
    claim = a_submitted(liu, but=["receipts"])
    assert claim.complete_at is None
    by = place.agency()
    services.put_paper(
        claim=claim, kind="receipts", file=a_file(), state="received", by=by, at=WEDNESDAY + HOUR
    )
    claim.refresh_from_db()
    assert claim.complete_at == WEDNESDAY + HOUR


def test_the_house_does_not_ask_for_its_own_certificate(liu):
    claim = a_submitted(liu, but=["certificate", "form"])
    assert claim.complete_at == WEDNESDAY
    assert "系统内已有" in claim.papers.get(kind="certificate").reason


def test_a_waiver_needs_a_reason(place, liu):
    claim = a_submitted(liu, but=["receipts"])
    by = place.agency()
    with pytest.raises(services.PaperUnfit, match="理由"):
        services.put_paper(claim=claim, kind="receipts", state="waived", by=by, at=WEDNESDAY)
    services.put_paper(
        claim=claim, kind="receipts", state="waived", reason="医保局已传来电子票据", by=by, at=WEDNESDAY
    )
    assert claim.complete_at == WEDNESDAY


def test_returned_papers_come_back_and_the_pause_closes(place, liu):
    claim = a_submitted(liu)
    by = place.agency()
    services.put_paper(claim=claim, kind="receipts", state="unclear", by=by, at=WEDNESDAY)
    services.return_for_papers(claim=claim, reason="住院票据看不清", by=by, at=WEDNESDAY + HOUR)
    assert claim.state == State.RETURNED
    assert "住院票据看不清" in Notice.objects.latest("created_at").text
    with pytest.raises(services.PapersMissing, match="住院票据（看不清）"):
        services.resume(claim=claim, by=liu, at=WEDNESDAY + 2 * HOUR)
    services.put_paper(claim=claim, kind="receipts", file=a_file(), state="received", by=liu, at=WEDNESDAY)
    services.resume(claim=claim, by=liu, at=WEDNESDAY + 2 * HOUR)
    assert claim.state == State.SUBMITTED
    pause = Pause.objects.get()
    assert (pause.from_at, pause.to_at) == (WEDNESDAY + HOUR, WEDNESDAY + 2 * HOUR)


def test_a_return_needs_a_reason_and_the_claim_in_hand(place, liu):
    claim = a_submitted(liu)
    with pytest.raises(services.ReasonNeeded):
        services.return_for_papers(claim=claim, reason=" ", by=place.agency(), at=WEDNESDAY)
    with pytest.raises(NotAllowed):
        services.return_for_papers(claim=claim, reason="缺票据", by=place.reviewer(), at=WEDNESDAY)
    services.return_for_papers(claim=claim, reason="缺票据", by=place.agency(), at=WEDNESDAY)
    with pytest.raises(services.CannotMove, match="不在您手上"):
        services.return_for_papers(claim=claim, reason="缺票据", by=place.agency(), at=WEDNESDAY)


def test_urgency_needs_a_reason(place, liu):
    claim = a_submitted(liu)
    by = place.agency()
    with pytest.raises(services.ReasonNeeded):
        services.set_urgent(claim=claim, reason="", by=by, at=WEDNESDAY)
    services.set_urgent(claim=claim, reason="急等手术费", by=by, at=WEDNESDAY)
    claim.refresh_from_db()
    assert (claim.is_urgent, claim.urgent_at) == (True, WEDNESDAY)
    with pytest.raises(services.CannotMove, match="已经设为加急"):
        services.set_urgent(claim=claim, reason="再急", by=by, at=WEDNESDAY + HOUR)


def test_only_the_urgent_became_so(liu):
    claim = a_submitted(liu)
    with pytest.raises(IntegrityError), transaction.atomic():
        Claim.objects.filter(pk=claim.pk).update(urgent_at=WEDNESDAY)
    Claim.objects.filter(pk=claim.pk).update(is_urgent=True)  # as rows stand from before the time was kept


def test_every_step_is_in_the_trail_and_no_health_or_bank_data(place, liu):
    claim = a_submitted(liu)
    services.return_for_papers(claim=claim, reason="缺票据", by=place.agency(), at=WEDNESDAY)
    events = Event.objects.filter(object_id=str(claim.pk))
    assert {
        "claims.start",
        "claims.fill",
        "claims.put_settlement",
        "claims.put_paper",
        "claims.submit",
        "claims.papers_complete",
        "claims.return_for_papers",
    } <= set(events.values_list("verb", flat=True))
    told = " ".join(str(detail) for detail in events.values_list("detail", flat=True))
    assert not [text for text in ("C50", "63410", liu.id_number, "6222020903000012345") if text in told]


def test_papers_may_be_put_while_it_waits_at_the_agency(liu):
    claim = a_submitted(liu, but=["receipts"])
    services.put_paper(claim=claim, kind="receipts", file=a_file(), state="received", by=liu, at=WEDNESDAY)
    assert claim.complete_at == WEDNESDAY


def test_single_facts_are_read_as_the_published_schemes_read_them(liu):
    assert problems(LIU_FIGURES | {"admitted_on": "2022-06-20", "diagnosis": "C50.9"}) == {}
    assert problems({"hospital_grade": "four"}).keys() == {"hospital_grade"}


def test_all_papers_and_none_left(place, liu):
    claim = with_papers(with_settlement(a_draft(liu)), by=place.agency())
    assert {paper.state for paper in claim.papers.all()} == {"received"}
