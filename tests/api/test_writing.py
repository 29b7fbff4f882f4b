"""What a program writes: the pages' own verbs, once for each key, whole or not at all."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.utils import timezone

from factories.bureau import consenting
from factories.claims import LIU_FIGURES, a_covered_member, a_draft, yichun
from factories.contributions import an_accepted_roster
from factories.enrolment import a_sheet, some_workers
from factories.schemes import the_inpatient_scheme
from factories.tokens import Program
from huzhu.audit.models import Event, Handled
from huzhu.claims.models import Claim, Settlement
from huzhu.contributions import services
from huzhu.contributions.models import Receipt, Share
from huzhu.enrolment.models import Enrolment, Roster
from huzhu.ledger.models import Voucher
from huzhu.members import consents
from huzhu.members.models import Consent

pytestmark = pytest.mark.django_db
EVENT = {
    "hospital_name": "伊春林业中心医院",
    "hospital_grade": "three",
    "admitted_on": "2022-06-20",
    "discharged_on": "2022-07-10",
    "diagnosed_on": "2022-06-23",
    "diagnosis": "C50.9",
}


@pytest.fixture
def agency(place):
    return Program("agency_clerk", place.city)


@pytest.fixture
def shares(place):
    """Three workers who have not paid."""
    roster = an_accepted_roster(place.employer, [the_inpatient_scheme()], some_workers(3), by=place.agency())
    return list(Share.objects.filter(due__roster=roster))


def a_transfer(shares, **changed):
    parts = [{"share": share.pk, "amount": f"{share.amount_fen / 100:.2f}"} for share in shares]
    return {"bank_reference": "T00000001", "received_on": "2022-01-20", "parts": parts} | changed


def a_claim(member, **changed):
    consenting(member)
    sheet = {"setl_id": "S20220711001", "figures": LIU_FIGURES}
    return {"member": str(member.pk), "kinds": ["inpatient"], "event": EVENT, "settlement": sheet} | changed


def booked():
    return Receipt.objects.count(), Voucher.objects.count()


# ── money ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_transfer_is_booked_and_cover_begins(agency, shares):
    answer = agency.post("contributions/transfers", a_transfer(shares))
    assert answer.status_code == 201, answer.content.decode()
    assert answer.json()["amount"] == f"{sum(share.amount_fen for share in shares) / 100:.2f}"
    assert booked() == (len(shares), len(shares))
    assert Enrolment.objects.filter(state="in_force").count() == 3
    assert Event.objects.filter(verb="contributions.receive", actor_name="人事系统（代办处经办）").exists()


def test_who_met_others_in_the_database_may_send_it_again(agency, shares, monkeypatch):
    def in_the_way(*_):
        raise OperationalError("database is locked")

    with monkeypatch.context() as patched:
        patched.setattr(services, "_recorded", in_the_way)
        answer = agency.post("contributions/transfers", a_transfer(shares), key="the-same-key")
    assert (answer.status_code, answer.json()["error"]["code"], booked()) == (503, "busy", (0, 0))
    paths = agency.get("openapi.json").json()["paths"]
    assert "503" in paths["/api/v1/contributions/transfers"]["post"]["responses"]
    assert agency.post("contributions/transfers", a_transfer(shares), key="the-same-key").status_code == 201


def test_money_needs_a_key(agency, shares):
    answer = agency.post("contributions/transfers", a_transfer(shares), key=None)
    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json()["error"]["fields"]
    assert booked() == (0, 0)


def test_sent_again_it_is_the_same_answer_and_no_second_booking(agency, shares):
    first, again = (agency.post("contributions/transfers", a_transfer(shares), key="key-0001") for _ in "12")
    assert first.json() == again.json()
    assert (first.status_code, again.status_code) == (201, 201)
    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"
    assert booked() == (len(shares), len(shares))


def test_the_same_key_for_another_transfer_is_refused(agency, shares):
    agency.post("contributions/transfers", a_transfer(shares), key="key-0001")
    other = agency.post("contributions/transfers", a_transfer(shares, bank_reference="T2"), key="key-0001")
    assert other.status_code == 409
    assert other.json()["error"]["code"] == "key_used_otherwise"


def test_the_same_transfer_with_another_key_is_in_the_books_already(agency, shares):
    agency.post("contributions/transfers", a_transfer(shares))
    again = agency.post("contributions/transfers", a_transfer(shares))
    assert again.status_code == 409
    assert again.json()["error"]["code"] == "recorded_before"
    assert booked() == (len(shares), len(shares))


@pytest.mark.parametrize("amount", ["0", "0.001", "-5", "1e3", "", "９９", "999999.00"])
def test_an_amount_that_cannot_be_books_nothing_and_leaves_the_key(agency, shares, amount):
    parts = [{"share": shares[0].pk, "amount": amount}]
    answer = agency.post("contributions/transfers", a_transfer(shares, parts=parts), key="key-0001")
    assert answer.status_code == 422, answer.content.decode()
    assert booked() == (0, 0)
    assert not Handled.objects.exists()
    assert agency.post("contributions/transfers", a_transfer(shares), key="key-0001").status_code == 201


def test_a_share_of_another_branch_is_not_there(shares):
    stranger = Program("agency_clerk", yichun().city)
    assert stranger.post("contributions/transfers", a_transfer(shares)).status_code == 404
    assert booked() == (0, 0)


def test_a_role_that_may_not_receive_money_has_no_such_scope(place, shares):
    program = Program("employer_clerk", place.employer)
    assert program.post("contributions/transfers", a_transfer(shares)).status_code == 403
    assert booked() == (0, 0)


# ── claims ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_claim_is_entered_and_handed_in_with_one_request(place, agency):
    liu = a_covered_member(place)
    answer = agency.post("claims", a_claim(liu, submit=True))
    assert answer.status_code == 201, answer.content.decode()
    claim = Claim.objects.get(number=answer.json()["number"])
    assert (claim.state, claim.channel) == ("submitted", "counter")
    assert claim.diagnosis == "C50.9"


def test_papers_that_are_there_are_told_with_it(place, agency):
    there = ["form", "id_card", "bank_card", "discharge", "settlement_sheet", "receipts"]
    for name, more, complete in (("刘女士", {"submit": True}, True), ("周女士", {}, False)):
        sheet = {"setl_id": name.encode().hex(), "figures": LIU_FIGURES}
        body = a_claim(a_covered_member(place, name), papers=there, settlement=sheet, **more)
        claim = Claim.objects.get(number=agency.post("claims", body).json()["number"])
        assert set(claim.papers.filter(state="received").values_list("kind", flat=True)) >= set(there)
        assert (claim.complete_at is not None) == complete


def test_a_draft_is_handed_in_later_and_once(place, agency):
    number = agency.post("claims", a_claim(a_covered_member(place))).json()["number"]
    first, again = (agency.post(f"claims/{number}/submit", {}, key="key-0002") for _ in "12")
    assert first.json() == again.json() == {"number": number, "state": "submitted"}
    other = agency.post(f"claims/{number}/submit", {})
    assert other.status_code == 409
    assert other.json()["error"]["code"] == "not_in_this_state"


def test_entered_twice_by_one_key_it_is_one_claim(place, agency):
    liu = a_covered_member(place)
    numbers = {agency.post("claims", a_claim(liu), key="key-0001").json()["number"] for _ in range(3)}
    assert len(numbers) == Claim.objects.count() == 1


def test_one_wrong_field_leaves_no_draft_behind(place, agency):
    liu = a_covered_member(place)
    wrong = a_claim(liu, event=EVENT | {"hospital_grade": "nine", "admitted_on": "2022-06-20"})
    answer = agency.post("claims", wrong)
    assert answer.status_code == 422
    assert list(answer.json()["error"]["fields"]) == ["hospital_grade"]
    sheet = {"setl_id": "S1", "figures": {"inscp_scp_amt": "12.345"}}
    assert agency.post("claims", a_claim(liu, settlement=sheet)).status_code == 422
    assert agency.post("claims", a_claim(liu, event=EVENT | {"admitted_on": "昨天"})).status_code == 422
    assert (Claim.objects.count(), Settlement.objects.count(), Handled.objects.count()) == (0, 0, 0)


def test_one_settlement_sheet_is_claimed_once(place, agency):
    liu = a_covered_member(place)
    agency.post("claims", a_claim(liu, submit=True))
    again = agency.post("claims", a_claim(a_covered_member(place, "王小明"), submit=True))
    assert again.status_code == 409
    assert again.json()["error"]["code"] == "claimed_before"


def test_the_bureaus_figures_need_the_members_own_consent(place, agency):
    wang = a_covered_member(place, "王小明", sex="male")
    asked = a_claim(wang)
    for said in ("never", "withdrawn"):
        if said == "never":
            Consent.objects.all().delete()
        else:
            consenting(wang)
            consents.withdraw(member=wang, by=wang, at=timezone.now())
        answer = agency.post("claims", asked)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "consent_needed")
    assert (Claim.objects.count(), Settlement.objects.count()) == (0, 0)
    assert agency.post("claims", asked | {"settlement": None}).status_code == 201


def test_outside_cover_it_is_told_and_nothing_stays(place, agency):
    event = EVENT | {"admitted_on": "2021-06-20", "discharged_on": "2021-07-10"}
    answer = agency.post("claims", a_claim(a_covered_member(place), event=event, submit=True))
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "outside_cover"
    assert not Claim.objects.exists()


def test_a_member_of_another_branch_is_not_there(place):
    stranger = Program("agency_clerk", yichun().city)
    assert stranger.post("claims", a_claim(a_covered_member(place))).status_code == 404


def test_a_draft_of_another_branch_cannot_be_handed_in(place):
    claim = a_draft(a_covered_member(place), by=place.agency(), channel="counter")
    stranger = Program("agency_clerk", yichun().city)
    assert stranger.post(f"claims/{claim.number}/submit", {}).status_code == 404


def test_no_answer_that_is_kept_holds_a_number_of_a_person(place, agency):
    liu = a_covered_member(place)
    account = {"bank_name": "中国银行", "number": "6217000010001234567"}
    assert agency.post("claims", a_claim(liu, account=account, submit=True)).status_code == 201
    kept = str(list(Handled.objects.values()))
    assert not any(secret in kept for secret in (liu.id_number, liu.phone, account["number"], "C50.9"))


# ── rosters ─────────────────────────────────────────────────────────────────────────────────────────


def upload(program, place, data, **changed):
    terms = {
        "employer": place.employer.code,
        "schemes": ["yichun-120"],
        "cover_starts_on": str(timezone.localdate() + timedelta(days=30)),
    }
    return program.client.post(
        "/api/v1/rosters", terms | changed | {"file": SimpleUploadedFile("名册.csv", data)}
    )


def test_a_roster_waits_for_a_person_and_nobody_is_enrolled(place):
    the_inpatient_scheme()
    program = Program("employer_clerk", place.employer)
    data = a_sheet([*some_workers(3), ("没有号码", "123", "")])
    answer = upload(program, place, data)
    assert answer.status_code == 201, answer.content.decode()
    assert answer.json()["state"] == "staged"
    assert (answer.json()["good_rows"], answer.json()["bad_rows"]) == (3, 1)
    assert not Enrolment.objects.exists()
    assert upload(program, place, data).json()["id"] == answer.json()["id"]
    assert Roster.objects.count() == 1
    assert program.get(f"rosters/{answer.json()['id']}").json() == answer.json()


@pytest.mark.parametrize(
    ("data", "changed", "status"),
    [
        (b"", {}, 422),
        (b"\x00\x01\x02 not a sheet", {}, 422),
        (b"MZ" + b"x" * 900, {}, 422),
        (None, {"schemes": ["nothing"]}, 422),
        (None, {"employer": "NOBODY"}, 404),
        (None, {"cover_starts_on": "1.2.2022"}, 422),
    ],
)
def test_a_roster_that_cannot_be_read_leaves_nothing(place, data, changed, status):
    the_inpatient_scheme()
    program = Program("employer_clerk", place.employer)
    answer = upload(program, place, a_sheet(some_workers(1)) if data is None else data, **changed)
    assert answer.status_code == status, answer.content.decode()
    assert set(answer.json()["error"]) == {"code", "message", "fields"}
    assert not Roster.objects.exists()
