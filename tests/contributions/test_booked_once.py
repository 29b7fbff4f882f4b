"""Found by an audit: money that was booked twice, cover that began before its money, proposals that nobody could release."""

from datetime import date, timedelta

import pytest

from factories.applications import APPLIED_AT, an_application
from factories.bank import TAKEN_AT, told
from factories.office import AT, Office, all_of, held, paid
from huzhu.audit.models import Event
from huzhu.bank import services as bank
from huzhu.bank.models import OwnAccount
from huzhu.bank.services import AccountRefused
from huzhu.contributions import claiming, matching, refunds, services, withdrawing
from huzhu.contributions.giving_back import RefundRefused
from huzhu.contributions.individuals import approve
from huzhu.contributions.models import Prepaid, Share
from huzhu.contributions.services import Money, ReceiptRefused
from huzhu.enrolment.models import Enrolment

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
TO = refunds.Payee("美溪林业局公司", "工商银行", "6222 0209 0301 2345")


@pytest.fixture
def office(db):
    return Office()


def registered(office, **changed):
    account = OwnAccount.objects.get(ended_at=None)
    told_ = {
        name: getattr(account, name) for name in ("organisation", "holder", "bank_name", "form", "since")
    }
    told_ |= {"number": account.number, **changed}
    return bank.open_account(**told_, by=office.maker, at=TAKEN_AT)


@pytest.mark.parametrize("kind", ["suspense", "interest"])
def test_a_line_that_was_booked_is_not_registered_by_hand(office, kind):
    roster = office.owes()
    [line] = office.bank(told("2022-11-28", "A1", "360.00"))
    claiming.post_line(line=line, kind=kind, by=office.agency, at=AT)
    with pytest.raises(ReceiptRefused, match="已经记为"):
        services.record_transfer(
            parts=all_of(roster), received_on=line.booked_on, bank_reference="A1", by=office.agency, at=AT
        )
    assert held("1003") == 36_000


def test_an_account_told_again_is_corrected_and_keeps_its_lines(office):
    [line] = office.bank(told("2022-11-28", "A1", "360.00"))
    again = registered(office, bank_name="工商银行伊春支行")
    assert (again, line.account) == (office.account, again)
    assert Event.objects.filter(verb="bank.correct_account").count() == 1
    registered(office, bank_name="工商银行伊春支行")
    assert Event.objects.filter(verb="bank.correct_account").count() == 1
    with pytest.raises(AccountRefused, match="已经导入到 2022-11-28"):
        registered(office, since=date(2022, 11, 1))
    assert OwnAccount.objects.get().bank_name == "工商银行伊春支行"


def test_days_that_were_told_are_not_told_again_under_the_old_number(office):
    office.bank(told("2022-11-28", "A1", "360.00"))
    old = office.account.number
    registered(office, number="99002307000088", since=date(2022, 12, 1))
    with pytest.raises(AccountRefused, match="已经导入到 2022-11-28"):
        registered(office, number=old, since=date(2022, 11, 28))
    assert registered(office, number=old, since=date(2022, 12, 1)).number == old


def test_money_that_waits_on_a_replaced_account_can_still_be_claimed(office):
    roster = office.owes()
    lines = office.bank(told("2022-11-28", "A1", "360.00"), told("2022-11-28", "A2", "120.00"))
    claiming.post_line(line=lines[1], kind="suspense", by=office.agency, at=AT)
    registered(office, number="99002307000088", since=date(2022, 12, 1))
    assert matching.waiting(office.agency).get() == lines[0]
    assert matching.in_suspense(office.agency).get().line == lines[1]
    claiming.claim(line=lines[0], parts=all_of(roster), by=office.agency, at=AT)


def test_a_fee_paid_late_out_of_what_was_too_much_puts_cover_off(office):
    approve(application=an_application(office.city, phone="13900002222"), by=office.agency, at=APPLIED_AT)
    approve(application=an_application(office.city), by=office.agency, at=APPLIED_AT)
    one, other = Share.objects.order_by("pk")
    [line] = office.bank(told("2022-11-28", "A1", f"{2 * one.amount_fen / 100:.2f}"))
    claiming.claim(line=line, parts=[Money(one, one.amount_fen)], by=office.agency, at=AT)
    late = AT + timedelta(days=60)
    part = [Money(other, other.amount_fen)]
    claiming.use_prepaid(prepaid=Prepaid.objects.get(), parts=part, by=office.agency, at=late)
    assert Enrolment.objects.get(roster=other.due.roster).cover_starts_on > late.date()


def test_what_was_too_much_is_proposed_once(office):
    paid(office, office.owes(), extra=5_000)
    rest = Prepaid.objects.get()
    refunds.propose(prepaid=rest, payees=[TO], reason="多汇了", by=office.agency, at=AT)
    with pytest.raises(RefundRefused, match="已经有退费在办"):
        refunds.propose(prepaid=rest, payees=[TO], reason="多汇了", by=office.agency, at=AT)


def test_who_left_already_gets_nothing_back(office):
    roster = office.owes()
    one = Enrolment.objects.filter(roster=roster).first()
    withdrawing.end_before_start(enrolment=one, reason="离职", by=office.agency, at=AT)
    paid(office, roster)
    one.refresh_from_db()
    with pytest.raises(RefundRefused, match="已经作废"):
        refunds.propose(enrolment=one, payees=[TO], reason="离职", by=office.agency, at=AT)


def test_of_two_employers_of_one_name_neither_is_clear(office):
    office.owes(name="第一中学")
    office.owes(name="第一中学")
    [line] = office.bank(told("2022-11-28", "A1", "360.00", "第一中学"))
    first, second, *_ = matching.guesses(line, matching.owed(office.agency, [line]))
    assert first.score == second.score >= matching.SURE
    assert not first.is_clear
