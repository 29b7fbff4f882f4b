"""Slips, receipts and the account to pay to: who may not, what does not fit, and that each happens once."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from factories.contributions import RECEIVED_ON, a_receipt, an_accepted_roster
from factories.enrolment import UPLOADED_AT, a_staged_roster, some_workers
from factories.files import a_png
from factories.organisations import a_city, an_employer
from factories.schemes import the_inpatient_scheme
from factories.users import a_role
from huzhu.contributions import collecting, queries, receipts, services, slips, undoing
from huzhu.contributions.models import BankSlip, CollectingAccount, OfficialReceipt, Receipt, Share
from huzhu.files.contents import NotAccepted
from huzhu.files.models import StoredFile
from huzhu.users.permissions import NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
LATER = UPLOADED_AT + timedelta(hours=3)


@pytest.fixture
def roster(employer, clerk):
    return an_accepted_roster(employer, [the_inpatient_scheme()], some_workers(2), by=clerk)


def a_slip(roster, *, by, **changes):
    told = {"amount_fen": 24_000, "paid_on": RECEIVED_ON, "bank_reference": "R1", "name": "回单.png"}
    return slips.upload(roster=roster, data=a_png(), by=by, at=UPLOADED_AT, **told | changes)


def register(slip, *, by, amount_fen=24_000):
    share = Share.objects.get(due__roster=slip.roster)
    return services.record_transfer(
        parts=[services.Money(share, amount_fen)],
        received_on=slip.paid_on,
        bank_reference=slip.bank_reference,
        slip=slip,
        by=by,
        at=LATER,
    )


# ── slips: who may not ──────────────────────────────────────────────────────────────────────────────


def test_only_the_employers_own_clerk_or_county_uploads(city, roster, agency):
    for stranger in (a_role("employer_clerk", an_employer(city)), agency, a_role("auditor")):
        with pytest.raises(NotAllowed):
            a_slip(roster, by=stranger)
    assert not StoredFile.objects.filter(purpose="bank_slip").exists()


def test_only_an_agency_that_registers_money_settles_a_slip(roster, clerk):
    slip = a_slip(roster, by=clerk)
    for stranger in (clerk, a_role("agency_clerk"), a_role("auditor")):
        with pytest.raises(NotAllowed):
            slips.give_back(slip=slip, reason="看不清", by=stranger, at=LATER)
        with pytest.raises(NotAllowed):
            register(slip, by=stranger)
        assert not queries.slips_waiting(stranger).exists()
    assert BankSlip.objects.get().state == "waiting"
    assert not Receipt.objects.exists()


def test_another_employer_does_not_see_the_slip(city, roster, clerk):
    a_slip(roster, by=clerk)
    assert queries.slips_visible_to(clerk).count() == 1
    assert not queries.slips_visible_to(a_role("employer_clerk", an_employer(city))).exists()


def test_a_number_that_another_agencys_bank_gave_too_is_another_transfer(roster, clerk):
    elsewhere = a_city()
    other = an_accepted_roster(
        an_employer(elsewhere),
        [the_inpatient_scheme()],
        some_workers(2),
        by=a_role("agency_clerk", elsewhere),
    )
    receipt = a_receipt(Share.objects.get(due__roster=other), by=a_role("agency_clerk", elsewhere))
    a_slip(roster, by=clerk, bank_reference=receipt.bank_reference)
    assert queries.slips_visible_to(clerk).count() == 1


# ── slips: what does not fit ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"amount_fen": 0}, "大于 0"),
        ({"amount_fen": 24_001}, "多 0.01 元"),
        ({"bank_reference": "  "}, "没有填银行流水号"),
        ({"bank_reference": "9" * 61}, "60 个字"),
        ({"paid_on": date(2022, 1, 21)}, "还没有到"),
    ],
)
def test_a_slip_that_does_not_fit_is_not_taken(roster, clerk, changes, said):
    with pytest.raises(slips.SlipRefused, match=said):
        a_slip(roster, by=clerk, **changes)
    assert not BankSlip.objects.exists()


def test_a_slip_is_a_picture_or_a_pdf(roster, clerk):
    told = {"amount_fen": 100, "paid_on": RECEIVED_ON, "bank_reference": "R1", "name": "a.csv"}
    with pytest.raises(NotAccepted, match="照片"):
        slips.upload(roster=roster, data="姓名,金额\n王,1\n".encode(), by=clerk, at=UPLOADED_AT, **told)


def test_a_roster_that_owes_nothing_takes_no_slip(employer, roster, clerk, agency):
    staged = a_staged_roster(employer, [the_inpatient_scheme()], some_workers(1), by=clerk)
    with pytest.raises(slips.SlipRefused, match="还没有确认"):
        a_slip(staged, by=clerk)
    a_receipt(Share.objects.get(due__roster=roster), by=agency)
    with pytest.raises(slips.SlipRefused, match="已经到齐"):
        a_slip(roster, by=clerk)


def test_the_same_slip_is_taken_once_and_again_only_after_it_was_given_back(roster, clerk, agency):
    slip = a_slip(roster, by=clerk)
    with pytest.raises(slips.SlipRefused, match="已经上传过"):
        a_slip(roster, by=clerk)
    with pytest.raises(slips.SlipRefused, match="没有写退回的原因"):
        slips.give_back(slip=slip, reason=" ", by=agency, at=LATER)
    slips.give_back(slip=slip, reason="看不清", by=agency, at=LATER)
    again = a_slip(roster, by=clerk)
    register(again, by=agency)
    assert list(BankSlip.objects.order_by("settled_at").values_list("state", "reason")) == [
        ("refused", "看不清"),
        ("registered", ""),
    ]


def test_a_transfer_already_in_the_books_needs_no_slip(roster, clerk, agency):
    share = Share.objects.get(due__roster=roster)
    services.record_transfer(
        parts=[services.Money(share, 100)],
        received_on=RECEIVED_ON,
        bank_reference="R1",
        by=agency,
        at=UPLOADED_AT,
    )
    with pytest.raises(slips.SlipRefused, match="已经登记到账"):
        a_slip(roster, by=clerk)


# ── slips: settled once ─────────────────────────────────────────────────────────────────────────────


def test_a_registered_slip_is_settled_with_the_money(roster, clerk, agency):
    slip = a_slip(roster, by=clerk)
    assert list(queries.slips_waiting(agency)) == [slip]
    register(slip, by=agency)
    slip.refresh_from_db()
    assert (slip.state, slip.settled_at, slip.settled_by) == ("registered", LATER, agency.actor_name)
    assert set(roster.enrolments.values_list("state", flat=True)) == {"in_force"}
    with pytest.raises(slips.SlipSettled):
        slips.give_back(slip=slip, reason="看不清", by=agency, at=LATER)


def test_a_slip_is_settled_with_its_money_whoever_typed_the_sums(roster, clerk, agency):
    slip = a_slip(roster, by=clerk)
    told = {"received_on": RECEIVED_ON, "bank_reference": "R1", "by": agency, "at": LATER}
    share = Share.objects.get(due__roster=roster)
    services.record_transfer(parts=[services.Money(share, 12_000)], **told)
    slip.refresh_from_db()
    assert slip.state == "waiting"  # another sum than it says
    undoing.undo_transfer(paper=OfficialReceipt.objects.get(), reason="少登了", by=agency, at=LATER)
    services.record_transfer(parts=[services.Money(share, 24_000)], **told)
    slip.refresh_from_db()
    assert (slip.state, slip.settled_at) == ("registered", LATER)


def test_a_slip_given_back_does_not_bring_money(roster, clerk, agency):
    slip = a_slip(roster, by=clerk)
    slips.give_back(slip=slip, reason="银行没有收到", by=agency, at=LATER)
    with pytest.raises(slips.SlipSettled):
        register(slip, by=agency)
    assert Share.objects.get(due__roster=roster).received_fen == 0
    assert not OfficialReceipt.objects.exists()


def test_another_amount_than_the_slips_is_not_registered_with_it(roster, clerk, agency):
    slip = a_slip(roster, by=clerk)
    with pytest.raises(services.ReceiptRefused, match="退回单位"):
        register(slip, by=agency, amount_fen=23_999)
    assert BankSlip.objects.get().state == "waiting"


def test_a_refused_transfer_leaves_the_slip_waiting(roster, clerk, agency):
    slip = a_slip(roster, by=clerk)
    share = Share.objects.get(due__roster=roster)
    a_receipt(share, by=agency, amount_fen=1)  # meanwhile
    with pytest.raises(services.MoreThanOwed, match="记作多缴"):
        register(slip, by=agency)
    assert BankSlip.objects.get().state == "waiting"


# ── how far it is ───────────────────────────────────────────────────────────────────────────────────


def steps(roster, by):
    found = queries.progress(
        roster, list(queries.slips_visible_to(by).filter(roster=roster)), queries.dues_of(roster)
    )
    return [(step.word[:4], step.at is not None) for step in found]


def test_the_employer_sees_each_step_with_its_time(roster, clerk, agency):
    assert steps(roster, clerk) == [("待缴", True), ("已上传回", False), ("已到齐，", False)]
    slip = a_slip(roster, by=clerk, amount_fen=10_000)
    assert [done for _, done in steps(roster, clerk)] == [True, True, False]
    register(slip, by=agency, amount_fen=10_000)
    assert steps(roster, clerk)[2:] == [("部分到账", True), ("已到齐，", False)]
    a_receipt(Share.objects.get(due__roster=roster), by=agency, amount_fen=14_000, at=LATER)
    assert [done for _, done in steps(roster, clerk)] == [True, True, True, True]


def test_a_second_slip_stands_after_what_came_before(roster, clerk, agency):
    share = Share.objects.get(due__roster=roster)
    a_receipt(share, by=agency, amount_fen=10_000, at=UPLOADED_AT - timedelta(minutes=1))
    a_slip(roster, by=clerk, amount_fen=14_000)
    words = [word for word, done in steps(roster, clerk) if done]
    assert words.index("部分到账") < words.index("已上传回")


def test_a_slip_given_back_is_no_step(roster, clerk, agency):
    slips.give_back(slip=a_slip(roster, by=clerk), reason="看不清", by=agency, at=LATER)
    assert steps(roster, clerk) == [("待缴", True), ("已上传回", False), ("已到齐，", False)]


def test_steps_that_were_not_needed_are_left_out(roster, clerk, agency):
    a_receipt(Share.objects.get(due__roster=roster), by=agency)
    assert steps(roster, clerk) == [("待缴", True), ("已到齐，", True)]


# ── receipts ────────────────────────────────────────────────────────────────────────────────────────


def test_receipts_are_numbered_without_gaps_for_each_agency_and_year(city, employer, roster, clerk, agency):
    share = Share.objects.get(due__roster=roster)
    for _ in range(2):
        a_receipt(share, by=agency, amount_fen=100)
    with pytest.raises(services.MoreThanOwed):
        a_receipt(share, by=agency, amount_fen=99_999)
    a_receipt(share, by=agency, amount_fen=100, at=datetime(2022, 12, 31, 16, 0, tzinfo=UTC))  # 2023 there
    a_receipt(share, by=agency, amount_fen=100)
    elsewhere = an_employer(other := a_city(name="鹤岗代办处"))
    theirs = an_accepted_roster(
        elsewhere, [the_inpatient_scheme()], some_workers(1), by=a_role("employer_clerk", elsewhere)
    )
    a_receipt(Share.objects.get(due__roster=theirs), by=a_role("agency_clerk", other))
    numbers = OfficialReceipt.objects.order_by("pk").values_list("agency", "year", "number")
    assert list(numbers) == [
        (city.pk, 2022, 1),
        (city.pk, 2022, 2),
        (city.pk, 2023, 1),
        (city.pk, 2022, 3),
        (other.pk, 2022, 1),
    ]
    assert str(OfficialReceipt.objects.first()) == f"{city.code}-2022-000001"


def test_a_receipt_says_when_it_is_printed_again(employer, roster, clerk, agency):
    a_receipt(Share.objects.get(due__roster=roster), by=agency)
    paper = queries.official_visible_to(clerk).get()
    told = {"receipt": paper, "within": employer, "at": LATER}
    for stranger in (a_role("employer_clerk"), a_role("auditor")):
        assert not queries.official_visible_to(stranger).exists()
        with pytest.raises(NotAllowed):
            receipts.printed(by=stranger, **told)
    assert [receipts.printed(by=clerk, **told) for _ in range(2)] == [False, True]


# ── the account to pay to ───────────────────────────────────────────────────────────────────────────


def an_account(city, *, by, number="9900 0000 1111"):
    return collecting.propose(
        agency=city, holder="伊春市总工会", bank_name="龙江银行", number=number, by=by, at=UPLOADED_AT
    )


def test_only_the_agency_writes_its_account_down(city, clerk):
    for stranger in (clerk, a_role("agency_clerk"), a_role("payment_maker", city)):
        with pytest.raises(NotAllowed):
            an_account(city, by=stranger)


def test_who_wrote_an_account_down_does_not_confirm_it(city, agency, clerk):
    account = an_account(city, by=agency)
    assert queries.account_of(city) is None
    same_person = a_role("payment_maker", city.parent, user=agency.user)
    for stranger, error in (
        (agency, collecting.SamePerson),
        (same_person, collecting.SamePerson),
        (clerk, NotAllowed),
        (a_role("payment_maker"), NotAllowed),
    ):
        with pytest.raises(error):
            collecting.confirm(account=account, by=stranger, at=LATER)
    collecting.confirm(account=account, by=a_role("payment_maker", city.parent), at=LATER)
    assert queries.account_of(city).number == "990000001111"


@pytest.mark.parametrize("number", ["", "12345", "62220209030000123x", "1" * 33])
def test_a_number_that_no_bank_gives_is_refused(city, agency, number):
    with pytest.raises(collecting.AccountRefused, match="账号"):
        an_account(city, by=agency, number=number)


def test_a_new_account_takes_over_only_when_confirmed(city, agency):
    second = a_role("agency_clerk", city)
    collecting.confirm(account=an_account(city, by=agency), by=second, at=LATER)
    wrong = an_account(city, by=agency, number="99000000222222")
    assert queries.account_of(city).number == "990000001111"
    collecting.decline(account=wrong, by=second, at=LATER)
    with pytest.raises(collecting.AccountRefused, match="已经确认或停用"):
        collecting.confirm(account=wrong, by=second, at=LATER)
    right = an_account(city, by=second, number="99000000333333")
    collecting.confirm(account=right, by=agency, at=LATER)
    assert queries.account_of(city) == right
    with pytest.raises(IntegrityError), transaction.atomic():
        CollectingAccount.objects.filter(number="990000001111").update(ended_at=None)


def test_the_slip_of_a_transfer_that_was_taken_back_waits_again(roster, clerk, agency):
    slip = a_slip(roster, by=clerk)
    [receipt] = register(slip, by=agency)
    slip.refresh_from_db()
    assert slip.state == "registered"
    undoing.undo_transfer(paper=receipt.paper, reason="登记到别家了", by=agency, at=LATER)
    slip.refresh_from_db()
    assert (slip.state, slip.settled_at, slip.settled_by) == ("waiting", None, "")
    register(slip, by=agency)
