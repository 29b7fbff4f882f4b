"""What a program reads: the same figures as the pages, masked alike; looks at health data are on the trail."""

import json

import pytest
from django.utils import timezone

from factories.adjudication import a_decided
from factories.claims import a_covered_member, a_draft, a_submitted
from factories.contributions import all_paid, an_accepted_roster
from factories.enrolment import some_workers
from factories.payouts import Desk, a_payout, an_answered
from factories.schemes import the_inpatient_scheme
from factories.tokens import Program
from huzhu.adjudication.queries import slips
from huzhu.audit.models import Event
from huzhu.claims import services as claims
from huzhu.ledger import queries as ledger
from huzhu.rules.reasoning import as_json

pytestmark = pytest.mark.django_db


@pytest.fixture
def agency(place):
    return Program("agency_clerk", place.city)


def test_a_member_is_masked_as_on_the_pages(agency, liu):
    shown = agency.get(f"members/{liu.pk}")
    text = shown.content.decode()
    account = liu.accounts.get().number
    assert not any(secret in text for secret in (liu.id_number, liu.phone, account))
    assert shown.json()["id_number"] == f"{liu.id_number[:6]}********{liu.id_number[-4:]}"
    assert shown.json()["account"]["number"].endswith(account[-4:])


def test_what_an_illness_lacks_is_not_told_to_who_sees_states_only(place, liu):
    claim = a_submitted(liu)
    claims.return_for_papers(claim=claim, reason="缺病理报告", by=place.agency(), at=timezone.now())
    [shown] = Program("employer_clerk", place.employer).get("claims").json()["items"]
    assert (shown["number"], shown["clock"]) == (claim.number, "等补材料")
    [shown] = Program("agency_clerk", place.city).get("claims").json()["items"]
    assert "缺病理报告" in shown["clock"]


def test_a_member_is_found_by_number_without_the_number_in_an_address(agency, liu):
    found = agency.post("members/search", {"text": liu.id_number}, key=None).json()
    assert [one["id"] for one in found["items"]] == [str(liu.pk)]
    assert liu.id_number not in str(found)


def test_covers_are_found_by_member_and_day(agency, liu):
    shown = agency.get("enrolments", member=str(liu.pk), covering="2022-06-20").json()
    assert {one["scheme"] for one in shown["items"]} == {"yichun-120", "yichun-women"}
    assert agency.get("enrolments", covering="2023-01-28").json()["count"] == 0


def test_a_list_of_claims_holds_no_health_data_and_a_claim_does_and_the_look_is_written_down(agency, liu):
    claim = a_submitted(liu)
    listed = agency.get("claims").json()["items"][0]
    assert (listed["number"], listed["state"], listed["due_on"]) == (claim.number, "submitted", "2022-07-18")
    assert "C50.9" not in str(listed)
    assert not Event.objects.filter(verb="claims.read").exists()
    shown = agency.get(f"claims/{claim.number}").json()
    assert shown["event"]["diagnosis"] == "C50.9"
    assert shown["settlement"]["figures"]["inscp_scp_amt"] == "75400.00"
    look = Event.objects.get(verb="claims.read")
    assert look.actor_name == "人事系统（代办处经办）"


def test_an_employers_program_sees_states_only(place, liu):
    claim = a_submitted(liu)
    program = Program("employer_clerk", place.employer)
    assert program.get("claims").json()["items"][0]["state"] == "submitted"
    assert program.get(f"claims/{claim.number}").status_code == 404


def test_the_reasoning_is_the_very_same_json(place, liu):
    decision = a_decided(place, liu)
    auditor = Program("auditor", place.province)
    shown = auditor.get(f"decisions/{decision.pk}").json()
    assert shown["total"] == "31714.00"
    assert shown["reasoning"] == json.loads(json.dumps([as_json(slip) for slip in slips(decision)]))
    assert sum(float(one["total"]) for one in shown["reasoning"]) == 31714.00
    assert auditor.get("decisions", claim=decision.claim.number).json()["count"] == 1


def test_payouts_show_how_far_and_a_masked_account():
    desk = Desk()
    an_answered(desk, a_payout(desk))
    shown = Program("payment_maker", desk.province).get("payouts").json()["items"][0]
    assert (shown["state"], shown["amount"]) == ("paid", "1714.00")
    assert "*" in shown["account"]
    one = Program("auditor", desk.province).get(f"payouts/{shown['id']}").json()
    assert one == shown


def test_the_books_are_those_of_the_page(place):
    clerk = place.agency()
    roster = an_accepted_roster(place.employer, [the_inpatient_scheme()], some_workers(3), by=clerk)
    all_paid(roster, by=clerk)
    auditor = Program("payment_maker", place.province)
    role = auditor.token.role
    balances = auditor.get("ledger/balances").json()
    wanted = [
        (one.line.code, f"{one.balance_fen // 100}.{one.balance_fen % 100:02d}")
        for one in ledger.balances(by=role)
    ]
    assert [(one["account"], one["balance"]) for one in balances] == wanted
    entries = auditor.get("ledger/entries", month="2022-01").json()
    assert entries["count"] == ledger.entries(role, month="2022-01").count() > 0
    voucher = auditor.get(f"ledger/vouchers/{entries['items'][0]['voucher']}").json()
    assert voucher["entries"] == entries["items"]
    assert auditor.get("ledger/entries", month="2022-13").status_code == 422


def test_dues_and_receipts_tell_who_owes_and_what_came(place, agency):
    clerk = place.agency()
    roster = an_accepted_roster(place.employer, [the_inpatient_scheme()], some_workers(3), by=clerk)
    [due] = agency.get("contributions/dues", is_open=True).json()["items"]
    assert (due["heads"], due["left"]) == (3, due["amount"])
    all_paid(roster, by=clerk)
    assert agency.get("contributions/dues", is_open=True).json()["count"] == 0
    [receipt] = agency.get("contributions/receipts").json()["items"]
    assert receipt["amount"] == due["amount"]
    assert receipt["employer"] == place.employer.code


def test_a_draft_on_a_phone_is_nobodys_business(agency, liu):
    a_draft(liu)
    assert agency.get("claims").json()["count"] == 0


@pytest.mark.parametrize("path", ["members", "enrolments", "claims", "payouts", "contributions/receipts"])
def test_a_page_of_twenty_asks_no_more_questions_than_one_of_two(place, django_assert_max_num_queries, path):
    for number in range(6):
        member = a_covered_member(place, f"王小明{number}", the_inpatient_scheme(), sex="male")
        a_submitted(member, setl_id=f"S{number}", kinds=["inpatient"])
    agency = Program("agency_clerk", place.city)
    agency.get(path)
    with django_assert_max_num_queries(9):
        assert agency.get(path).status_code == 200
