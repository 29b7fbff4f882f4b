"""With what an account begins: a wrong opening balance that is taken back and put right comes to rest."""

from datetime import date, timedelta

import pytest

from factories.bank import a_statement, an_own_account, told
from factories.ledger import a_row, a_voucher
from factories.payouts import DECIDED_AT, Desk
from factories.schemes import the_inpatient_scheme
from factories.users import a_role
from huzhu.audit.services import SYSTEM
from huzhu.ledger import manual
from huzhu.ledger import services as ledger
from huzhu.reconciliation import queries, services
from huzhu.reconciliation.models import Difference

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
AT = DECIDED_AT + timedelta(days=20)


@pytest.fixture
def desk():
    """10,000.00 was booked for the 1,000.00 that the bank had at the end of June; in July there was some interest."""
    the_inpatient_scheme()
    desk = Desk()
    desk.account = an_own_account(desk.province, by=desk.maker)
    desk.wrong = begun_with(desk, 1_000_000)
    lines = [told("2022-07-20", "I1", "1.00", "利息")]
    a_statement(desk.account, *lines, by=desk.maker, opening="1000.00", last_on=date(2022, 7, 31))
    a_voucher(a_row(100, credit="4101", office=desk.province), source="interest:I1:1", on=date(2022, 7, 20))
    return desk


def begun_with(desk, amount_fen):
    one = manual.propose(
        book=desk.province,
        way="fund_opening",
        amount_fen=amount_fen,
        posted_on=date(2022, 6, 30),
        basis="期初余额表",
        scheme_slug="yichun-120",
        fund_year=2022,
        by=desk.maker,
        at=DECIDED_AT,
    )
    return manual.confirm(manual=one, by=desk.releaser, at=DECIDED_AT)


def taken_back(desk, proposed_by):
    back = manual.propose_reversal(manual=desk.wrong, basis="多写了一个零", by=proposed_by, at=DECIDED_AT)
    manual.confirm(manual=back, by=desk.releaser, at=DECIDED_AT)


def found(desk):
    services.run(account=desk.account, by=desk.maker, at=AT)
    return [(one.kind, one.book_fen, one.bank_fen) for one in Difference.objects.exclude(state="gone")]


def test_a_wrong_opening_balance_is_told(desk):
    assert found(desk) == [("opening", 1_000_000, 100_000)]


def test_taken_back_and_put_right_it_comes_to_rest(desk):
    found(desk)
    taken_back(desk, desk.maker)
    begun_with(desk, 100_000)
    assert found(desk) == []
    last = services.run(account=desk.account, by=desk.maker, at=AT)
    assert (last.difference_fen, queries.days(desk.account)[0].difference_fen) == (0, 0)


def test_taken_back_and_not_put_right_it_is_told_and_so_are_its_hands(desk):
    taken_back(desk, a_role("payment_maker", desk.province, name="另一位制单"))
    assert found(desk) == [("opening", 0, 100_000)]
    hands = Difference.objects.get().caused_by
    assert len(hands) == 3
    assert {desk.maker.actor_id, desk.releaser.actor_id} < set(hands)


def test_what_is_taken_back_of_the_same_days_is_no_matter_of_the_beginning(desk):
    taken_back(desk, desk.maker)
    begun_with(desk, 100_000)
    row = a_row(500, credit="4101", office=desk.province)
    wrong = a_voucher(row, on=date(2022, 7, 21))
    assert found(desk) == [("bank_missing", 500, None)]

    ledger.reverse(voucher=wrong, reason="记错", posted_on=date(2022, 7, 22), by=SYSTEM, at=AT)
    assert found(desk) == []


def replaced(*, emptied="-10000.00", brought="10000.00", day="2022-08-01"):
    """The province's account is emptied into one at another bank; kinds that are found there."""
    desk = Desk()
    old = an_own_account(desk.province, by=desk.maker)
    row = a_row(1_000_000, credit="1002", office=desk.city)
    a_voucher(row, source="remittance:R1:arrived", on=date(2022, 7, 14))
    told_ = [told("2022-07-14", "R1", "10000.00"), told("2022-07-31", "T1", emptied, "本会", "", "销户转出")]
    a_statement(old, *told_, by=desk.maker, last_on=date(2022, 7, 31))
    new = an_own_account(desk.province, by=desk.maker, since=date(2022, 8, 1))
    lines = [told(day, "T2", brought, "本会", "", "开户转入"), told("2022-08-20", "R2", "5.00")]
    a_statement(new, *lines, by=desk.maker, last_on=date(2022, 8, 31))
    a_voucher(
        a_row(500, credit="1002", office=desk.city), source="remittance:R2:arrived", on=date(2022, 8, 20)
    )
    services.run(account=new, by=desk.maker, at=AT + timedelta(days=60))
    assert queries.days(new)[0].difference_fen == (0 if brought == "10000.00" else 100)
    return sorted(Difference.objects.values_list("kind", flat=True))


def test_an_account_that_was_emptied_into_another_banks_goes_on_there():
    assert replaced() == []


@pytest.mark.parametrize(
    "changed",
    [
        {"emptied": "-9999.00", "brought": "9999.00"},  # something stayed behind
        {"emptied": "-10000.00", "brought": "9999.00"},  # less arrived
        {"day": "2022-08-18"},  # long after
    ],
)
def test_what_was_not_emptied_or_did_not_arrive_is_told(changed):
    assert replaced(**changed) == ["bank_extra", "opening"]
