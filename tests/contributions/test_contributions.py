"""From good rows to cover in force: dues, shares, receipts, and the books."""

from datetime import UTC, date, datetime

import pytest

from factories.contributions import RECEIVED_ON, a_receipt, a_split, all_paid, an_accepted_roster
from factories.enrolment import START, UPLOADED_AT, a_sheet, a_staged_roster, some_workers
from factories.members import an_id_number
from factories.organisations import an_employer
from factories.schemes import the_women_scheme
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.contributions import queries, services
from huzhu.contributions.models import ContributionDue, Receipt, Share
from huzhu.enrolment import services as enrolment
from huzhu.enrolment.models import Enrolment, Roster
from huzhu.ledger.models import LedgerEntry
from huzhu.members.models import BankAccount, Member
from huzhu.users.permissions import NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]


@pytest.fixture
def employer(group):
    return an_employer(group)


@pytest.fixture
def women():
    return the_women_scheme()


def accept(roster, by, good_only=False):
    return services.accept_roster(roster=roster, good_only=good_only, by=by, at=UPLOADED_AT)


# ── who may not ─────────────────────────────────────────────────────────────────────────────────────


def test_a_clerk_of_another_employer_accepts_nothing(group, employer, clerk, inpatient):
    roster = a_staged_roster(employer, [inpatient], some_workers(1), by=clerk)
    for stranger in (a_role("employer_clerk", an_employer(group)), a_role("agency_clerk"), a_role("auditor")):
        with pytest.raises(NotAllowed):
            accept(roster, stranger)
        assert not queries.visible_to(stranger).exists()
    assert not Enrolment.objects.exists()


def test_an_employers_clerk_records_no_money(employer, clerk, inpatient):
    roster = an_accepted_roster(employer, [inpatient], some_workers(1), by=clerk)
    with pytest.raises(NotAllowed):
        a_receipt(Share.objects.get(due__roster=roster), by=clerk)
    assert not LedgerEntry.objects.exists()


def test_an_agency_of_another_city_records_no_money(employer, clerk, inpatient):
    roster = an_accepted_roster(employer, [inpatient], some_workers(1), by=clerk)
    with pytest.raises(NotAllowed):
        a_receipt(Share.objects.get(due__roster=roster), by=a_role("agency_clerk"))
    assert Share.objects.get().received_fen == 0


# ── accepting ───────────────────────────────────────────────────────────────────────────────────────


def test_thirty_people_in_two_schemes_three_quarters_by_the_group(
    group, employer, clerk, agency, inpatient, women
):
    a_split(group, by=agency, payer="upper_union", payer_name="森工集团工会")
    a_split(employer, by=agency, scheme_slug="yichun-women", basis_points=10_000, payer_name="单位工会")
    rows = [*some_workers(20), *some_workers(10, sex="male")]
    roster = a_staged_roster(employer, [inpatient, women], rows, by=clerk)
    told = [(plan.edition, plan.heads, plan.amount_fen, plan.said) for plan in queries.plans(roster)]
    assert told == [
        (inpatient, 30, 360_000, "森工集团工会 2,700.00 元，职工 900.00 元"),
        (women, 20, 50_000, "单位工会 500.00 元"),
    ]
    dues = accept(roster, clerk)
    # 30 × 120 = 3,600 = 2,700 + 900; 20 × 25 = 500
    assert [(due.heads, due.amount_fen) for due in dues] == [(30, 360_000), (20, 50_000)]
    shares = [[share.amount_fen for share in due.shares.order_by("pk")] for due in dues]
    assert shares == [[270_000, 90_000], [50_000]]
    assert Member.objects.count() == 30
    assert set(Enrolment.objects.values_list("state", flat=True)) == {"awaiting"}
    assert queries.owed_fen(clerk) == 410_000


def test_the_same_rows_twice_change_nothing(employer, clerk, inpatient):
    rows = some_workers(3)
    roster = a_staged_roster(employer, [inpatient], rows, by=clerk)
    first = accept(roster, clerk)
    assert accept(roster, clerk) == first
    with pytest.raises(enrolment.SameFileAgain):
        a_staged_roster(employer, [inpatient], rows, by=clerk)
    again = a_staged_roster(employer, [inpatient], [*rows, ("", "", "13900000001")], by=clerk)  # another file
    with pytest.raises(enrolment.NobodyToEnrol):
        accept(again, clerk, good_only=True)
    assert (Enrolment.objects.count(), ContributionDue.objects.count()) == (3, 1)
    assert Event.objects.filter(verb="rosters.accept").count() == 1


def test_bad_rows_are_left_out_only_when_asked(employer, clerk, inpatient):
    roster = a_staged_roster(employer, [inpatient], [*some_workers(2), ("", "", "1")], by=clerk)
    with pytest.raises(enrolment.RowsToMend, match="还有 1 行有问题"):
        accept(roster, clerk)
    assert not Member.objects.exists()
    assert accept(roster, clerk, good_only=True)[0].heads == 2


def test_two_rosters_with_the_same_person_enrol_them_once(employer, clerk, inpatient):
    [worker] = some_workers(1)
    first = a_staged_roster(employer, [inpatient], [worker], by=clerk)
    second = a_staged_roster(employer, [inpatient], [worker, *some_workers(1)], by=clerk)
    accept(first, clerk)
    with pytest.raises(enrolment.RowsChanged):
        accept(second, clerk)
    enrolment.judge_again(roster=second, by=clerk, at=UPLOADED_AT)
    assert accept(second, clerk, good_only=True)[0].heads == 1
    assert Enrolment.objects.count() == 2


def test_a_cancelled_roster_is_not_accepted(employer, clerk, inpatient):
    roster = a_staged_roster(employer, [inpatient], some_workers(1), by=clerk)
    enrolment.cancel(roster=roster, by=clerk, at=UPLOADED_AT)
    with pytest.raises(enrolment.RosterSettled):
        accept(roster, clerk)


@pytest.mark.parametrize(
    "where", ["ContributionDue.objects.create", "Share.objects.bulk_create", "begin_if_paid"]
)
def test_a_crash_while_accepting_leaves_nothing(employer, clerk, inpatient, monkeypatch, where):
    roster = a_staged_roster(employer, [inpatient], some_workers(3), by=clerk)

    def crash(*_, **__):
        raise RuntimeError("断电")

    monkeypatch.setattr(f"huzhu.contributions.services.{where}", crash)
    with pytest.raises(RuntimeError):
        accept(roster, clerk)
    for table in (Member, Enrolment, ContributionDue, Share):
        assert not table.objects.exists()
    assert Roster.objects.get().state == Roster.State.STAGED
    monkeypatch.undo()
    assert accept(roster, clerk)[0].heads == 3


def test_accounts_in_the_sheet_come_along(employer, clerk, inpatient):
    data = a_sheet(
        [("王小明", an_id_number(), "", "工商银行", "6222020903000012345")],
        ("姓名", "身份证号", "手机", "开户行", "银行账号"),
    )
    roster = enrolment.stage(
        employer=employer,
        editions=[inpatient],
        cover_starts_on=START,
        name="a.csv",
        data=data,
        by=clerk,
        at=UPLOADED_AT,
    )
    accept(roster, clerk)
    account = BankAccount.objects.get()
    assert (account.number, account.holder, account.is_current) == ("6222020903000012345", "王小明", True)


# ── renewal ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("starts_on", "since_on"),
    [
        (date(2023, 1, 28), START),
        (date(2023, 2, 12), START),  # 15 days after the last cover ended
        (date(2023, 2, 13), date(2023, 2, 13)),
    ],
)
def test_renewed_within_fifteen_days_cover_is_unbroken(
    employer, clerk, agency, inpatient, starts_on, since_on
):
    rows = some_workers(1)
    all_paid(an_accepted_roster(employer, [inpatient], rows, by=clerk), by=agency)
    again = an_accepted_roster(
        employer, [inpatient], rows, by=clerk, starts_on=starts_on, at=datetime(2023, 1, 10, tzinfo=UTC)
    )
    held = again.enrolments.get()
    assert held.covered_since_on == since_on
    assert held.cover_ends_on == starts_on.replace(year=2024)
    assert Member.objects.count() == 1


def test_cover_that_was_never_paid_does_not_count_as_earlier(employer, clerk, inpatient):
    rows = some_workers(1)
    an_accepted_roster(employer, [inpatient], rows, by=clerk)
    at = datetime(2023, 1, 10, tzinfo=UTC)
    again = an_accepted_roster(employer, [inpatient], rows, by=clerk, starts_on=date(2023, 1, 28), at=at)
    assert again.enrolments.get().covered_since_on == date(2023, 1, 28)


# ── money ───────────────────────────────────────────────────────────────────────────────────────────


def test_cover_begins_when_the_last_share_is_in(employer, clerk, agency, inpatient):
    a_split(employer, by=agency)
    roster = an_accepted_roster(employer, [inpatient], some_workers(2), by=clerk)
    by_employer, by_workers = Share.objects.filter(due__roster=roster).order_by("pk")
    a_receipt(by_employer, by=agency)
    a_receipt(by_workers, by=agency, amount_fen=5999)
    assert set(roster.enrolments.values_list("state", flat=True)) == {"awaiting"}
    a_receipt(by_workers, by=agency, amount_fen=1)
    assert set(roster.enrolments.values_list("state", flat=True)) == {"in_force"}
    tokens = roster.enrolments.values_list("certificate_no", "verify_token")
    assert len(set(tokens)) == 2
    assert all(number.startswith("2022-") and len(token) >= 20 for number, token in tokens)


def test_schemes_of_a_roster_begin_each_when_paid(employer, clerk, agency, inpatient, women):
    roster = an_accepted_roster(employer, [inpatient, women], some_workers(1), by=clerk)
    a_receipt(Share.objects.get(due__edition=women), by=agency)
    states = dict(roster.enrolments.values_list("scheme_slug", "state"))
    assert states == {"yichun-120": "awaiting", "yichun-women": "in_force"}


def test_each_payer_has_an_account_of_their_own_in_the_books(employer, clerk, agency, inpatient):
    a_split(employer, by=agency)
    a_split(
        employer,
        by=agency,
        payer="sponsor",
        payer_name="好心人",
        basis="fixed",
        basis_points=0,
        fixed_fen=1000,
    )
    all_paid(an_accepted_roster(employer, [inpatient], some_workers(1), by=clerk), by=agency)
    rows = LedgerEntry.objects.order_by("pk").values_list(
        "debit", "credit", "amount_fen", "scheme_slug", "fund_year", "office__name"
    )
    assert sorted(row[:3] for row in rows) == [
        ("1003", "4001", 9000),
        ("1003", "4003", 1000),
        ("1003", "4004", 2000),
    ]
    assert {row[3:] for row in rows} == {("yichun-120", 2022, "伊春市代办处")}


def test_one_transfer_pays_several_shares_and_is_recorded_once(employer, clerk, agency, inpatient):
    a_split(employer, by=agency)
    roster = an_accepted_roster(employer, [inpatient], some_workers(2), by=clerk)
    parts = [services.Money(share, share.amount_fen) for share in Share.objects.filter(due__roster=roster)]
    told = {
        "parts": parts,
        "received_on": RECEIVED_ON,
        "bank_reference": "20220120A1",
        "by": agency,
        "at": UPLOADED_AT,
    }
    receipts = services.record_transfer(**told)
    assert [receipt.part for receipt in receipts] == [1, 2]
    with pytest.raises(services.RecordedBefore, match="20220120A1"):
        services.record_transfer(**told)
    assert sum(LedgerEntry.objects.values_list("amount_fen", flat=True)) == 24_000
    assert set(roster.enrolments.values_list("state", flat=True)) == {"in_force"}


def test_a_bank_reference_never_pays_another_share_later(employer, clerk, agency, inpatient, women):
    an_accepted_roster(employer, [inpatient, women], some_workers(1), by=clerk)
    first, second = Share.objects.order_by("pk")
    told = {"received_on": RECEIVED_ON, "bank_reference": " X1 ", "by": agency, "at": UPLOADED_AT}
    services.record_transfer(parts=[services.Money(first, 100)], **told)
    with pytest.raises(services.RecordedBefore):
        services.record_transfer(parts=[services.Money(second, 100)], **told)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"amount_fen": 12_001}, services.MoreThanOwed),
        ({"amount_fen": 0}, services.ReceiptRefused),
        ({"amount_fen": -1}, services.ReceiptRefused),
        ({"bank_reference": " "}, services.ReceiptRefused),
        ({"bank_reference": "9" * 61}, services.ReceiptRefused),
        ({"received_on": date(2022, 1, 21)}, services.ReceiptRefused),
        ({"received_on": date(1922, 1, 20)}, services.ReceiptRefused),
        ({"received_on": date(22, 1, 20)}, services.ReceiptRefused),
    ],
)
def test_money_that_does_not_fit_is_not_recorded(employer, clerk, agency, inpatient, changes, error):
    an_accepted_roster(employer, [inpatient], some_workers(1), by=clerk)
    told = {"amount_fen": 100, "received_on": RECEIVED_ON, "bank_reference": "X1"} | changes
    parts = [services.Money(Share.objects.get(), told.pop("amount_fen"))]
    with pytest.raises(error):
        services.record_transfer(parts=parts, **told, by=agency, at=UPLOADED_AT)
    assert Share.objects.get().received_fen == 0
    assert not Receipt.objects.exists()
    assert not LedgerEntry.objects.exists()


def test_a_transfer_names_each_share_once(employer, clerk, agency, inpatient):
    an_accepted_roster(employer, [inpatient], some_workers(1), by=clerk)
    money = services.Money(Share.objects.get(), 100)
    with pytest.raises(services.ReceiptRefused, match="选了两次"):
        services.record_transfer(
            parts=[money, money], received_on=RECEIVED_ON, bank_reference="X", by=agency, at=UPLOADED_AT
        )
