"""What agencies send up, on both accounts: numbers that each bank gives by itself, and money that came back."""

from datetime import date, timedelta

import pytest

from factories.bank import a_statement, an_own_account, the_line, told
from factories.ledger import a_row, a_voucher
from factories.organisations import a_city
from factories.payouts import DECIDED_AT, Desk
from factories.users import a_role
from huzhu.contributions import claiming
from huzhu.ledger import remitting
from huzhu.reconciliation import services
from huzhu.reconciliation.models import Difference

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
AT = DECIDED_AT + timedelta(days=20)
JULY = date(2022, 7, 31)


@pytest.fixture
def desk():
    return Desk()


def sent_up(city, amount_fen, reference="S1"):
    """Collected on the 10th, sent on the 12th."""
    a_voucher(
        a_row(amount_fen, debit="1003", office=city), source=f"receipt:A{reference}:1", on=date(2022, 7, 10)
    )
    return remitting.send(
        office=city,
        amount_fen=amount_fen,
        sent_on=date(2022, 7, 12),
        bank_reference=reference,
        by=a_role("agency_clerk", city),
        at=DECIDED_AT,
    )


def found(account, by):
    services.run(account=account, by=by, at=AT)
    return sorted(Difference.objects.exclude(state="gone").values_list("kind", flat=True))


def test_two_agencies_send_the_same_round_sum_and_the_receiving_bank_has_its_own_numbers(desk):
    account = an_own_account(desk.province, by=desk.maker)
    for number, city in enumerate((desk.city, a_city(desk.province, "哈尔滨市代办处")), 1):
        sent = sent_up(city, 100_000, f"S{number}")
        remitting.arrive(remittance=sent, arrived_on=date(2022, 7, 13), by=desk.maker, at=DECIDED_AT)
    lines = [told("2022-07-13", f"H{number}", "1000.00", "代办处") for number in (1, 2)]
    a_statement(account, *lines, by=desk.maker, last_on=JULY)
    assert found(account, desk.maker) == []


def test_a_charge_under_the_number_of_its_transfer_is_booked_beside_it(desk):
    account = an_own_account(desk.city, by=desk.maker)
    sent_up(desk.city, 100_000)
    a_statement(
        account,
        told("2022-07-10", "AS1", "1000.00"),
        told("2022-07-12", "S1", "-5.00", "", "", "手续费"),
        told("2022-07-12", "S1", "-1000.00", "省办"),
        by=desk.maker,
        opening="5.00",
        last_on=JULY,
    )
    a_voucher(a_row(500, debit="1003", credit="4101", office=desk.city), on=date(2022, 6, 30))
    assert found(account, desk.maker) == ["bank_extra"]
    claiming.post_line(line=the_line("S1"), kind="fee", by=desk.maker, at=AT)
    assert found(account, desk.maker) == []


def given_back(desk, *lines):
    """The remittance was taken back on the 15th; the bank tells these lines after what was collected."""
    account = an_own_account(desk.city, by=desk.maker)
    sent = sent_up(desk.city, 60_000)
    remitting.give_back(
        remittance=sent, reason="户名不符，银行退回", by=desk.maker, at=DECIDED_AT + timedelta(days=1)
    )
    a_statement(account, told("2022-07-10", "AS1", "600.00"), *lines, by=desk.maker, last_on=JULY)
    return found(account, desk.maker)


@pytest.mark.parametrize("reference", ["S1", "X77"])
def test_a_remittance_that_the_bank_sent_back_is_silent(desk, reference):
    there = told("2022-07-12", reference, "-600.00", "省办")
    assert given_back(desk, there, told("2022-07-15", "S1X", "600.00", "省办", "", "退汇")) == []


@pytest.mark.parametrize(
    ("expected", "lines"),
    [
        (["bank_extra"], [told("2022-07-12", "S1", "-600.00", "省办")]),  # it did leave
        (["bank_extra"], [told("2022-07-15", "S1X", "600.00", "省办", "", "退汇")]),
        (
            ["bank_extra", "bank_extra"],  # it did leave, and an employer's fee came
            [
                told("2022-07-12", "S1", "-600.00", "省办"),
                told("2022-07-15", "F1", "600.00", "美溪林业局公司"),
            ],
        ),
        (
            ["bank_extra", "bank_extra"],
            [told("2022-07-12", "S1", "-600.00"), told("2022-07-15", "F1", "600.00")],
        ),
    ],
)
def test_a_remittance_taken_back_that_the_bank_did_not_send_back_is_told(desk, expected, lines):
    assert given_back(desk, *lines) == expected
