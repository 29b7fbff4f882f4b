"""Nobody explains what went through their own hands: not by moving the first day, not by letting another confirm it."""

from datetime import date, timedelta

import pytest

from factories.bank import a_statement, an_own_account, told
from factories.ledger import a_row, a_voucher
from factories.payouts import DECIDED_AT, Desk
from factories.reconciling import Month
from factories.schemes import the_inpatient_scheme
from factories.users import a_role
from huzhu.bank import services as bank
from huzhu.bank.models import Stop
from huzhu.bank.services import AccountRefused
from huzhu.ledger import manual
from huzhu.reconciliation import services
from huzhu.reconciliation.models import Difference

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
AT = DECIDED_AT + timedelta(days=20)


def registered(account, by, **changed):
    told_ = {
        name: getattr(account, name)
        for name in ("organisation", "holder", "bank_name", "number", "form", "since")
    }
    return bank.open_account(**told_ | changed, by=by, at=AT)


def refuses(difference, by):
    with pytest.raises(services.SamePerson):
        services.explain(difference=difference, cause="timing", reason="过几天会对上", by=by, at=AT)


def explains(difference, by):
    services.explain(difference=difference, cause="timing", reason="过几天会对上", by=by, at=AT)


@pytest.fixture
def month():
    """The bank never paid 张三, whom the maker's books call paid."""
    month = Month()
    month.told_by_the_bank(*month.lines[:-1])
    services.run(account=month.account, by=month.desk.maker, at=AT)
    return month


@pytest.mark.parametrize("since", [date(2022, 6, 1), date(2022, 7, 20), date(2022, 8, 1)])
def test_once_the_bank_has_told_anything_the_first_day_stays_and_so_does_the_difference(month, since):
    with pytest.raises(AccountRefused, match=r"从 2022-07-01 起对账.*起始日照填 2022-07-01.*查明、说明"):
        registered(month.account, month.desk.maker, since=since)
    month.account.refresh_from_db()
    assert month.account.since == date(2022, 7, 1)
    services.run(account=month.account, by=month.desk.maker, at=AT)
    [one] = Difference.objects.all()
    assert (one.kind, one.state) == ("not_paid", "open")
    refuses(one, month.desk.maker)
    assert Stop.objects.open().exists()


def test_before_the_bank_has_told_anything_the_first_day_can_be_put_right():
    desk = Desk()
    account = an_own_account(desk.province, by=desk.maker)
    assert registered(account, desk.maker, since=date(2022, 7, 10)) == account
    account.refresh_from_db()
    assert account.since == date(2022, 7, 10)


def test_whoever_registered_corrected_or_first_read_the_account_does_not_explain_how_it_begins():
    desk = Desk()
    corrector, reader, innocent = (
        a_role("payment_maker", desk.province, name=name) for name in ("甲", "乙", "丙")
    )
    account = an_own_account(desk.province, by=desk.maker)
    a_statement(
        account, told("2022-07-20", "I1", "1.00"), by=reader, opening="500.00", last_on=date(2022, 7, 31)
    )
    a_voucher(a_row(100, credit="4101", office=desk.province), source="interest:I1:1", on=date(2022, 7, 20))
    services.run(account=account, by=desk.maker, at=AT)
    one = Difference.objects.get()
    assert one.kind == "opening"
    registered(account, corrector, bank_name="工商银行伊春支行")
    services.run(account=account, by=innocent, at=AT)  # known before, and somebody's hand has come to it
    for hand in (desk.maker, corrector, reader):
        refuses(one, hand)
    explains(one, innocent)


def test_whoever_proposed_a_voucher_by_hand_explains_it_no_more_than_whoever_confirmed_it():
    the_inpatient_scheme()
    desk = Desk()
    other = a_role("payment_maker", desk.province, name="另一位制单")
    account = an_own_account(desk.province, by=other)
    a_statement(account, told("2022-07-20", "I1", "1.00"), by=other, last_on=date(2022, 7, 31))
    a_voucher(a_row(100, credit="4101", office=desk.province), source="interest:I1:1", on=date(2022, 7, 20))
    by_hand = manual.propose(
        book=desk.province,
        way="fund_opening",
        amount_fen=900_000,
        posted_on=date(2022, 7, 14),
        basis="期初余额表",
        scheme_slug="yichun-120",
        fund_year=2022,
        by=desk.maker,
        at=DECIDED_AT,
    )
    manual.confirm(manual=by_hand, by=desk.releaser, at=DECIDED_AT)
    services.run(account=account, by=other, at=AT)
    [one] = Difference.objects.all()
    assert one.kind == "bank_missing"
    for hand in (desk.maker, desk.releaser):
        refuses(one, hand)
    explains(one, other)
