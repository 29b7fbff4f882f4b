"""Money comes to, and leaves, the account on which its agency's money lies; what nobody claims goes back from there."""

from datetime import date, timedelta

import pytest

from factories.bank import TAKEN_AT, a_statement, an_own_account, the_line, told
from factories.office import AT, Office, all_of, held, paid, states
from factories.organisations import a_city, an_employer
from factories.users import a_role
from huzhu.contributions import claiming, matching, refunds, repaying, unclaimed, unpaid
from huzhu.contributions.claiming import ClaimRefused
from huzhu.contributions.given_back import Refund, RefundList
from huzhu.contributions.giving_back import RefundRefused
from huzhu.contributions.models import LineUse
from huzhu.ledger.models import LedgerEntry
from huzhu.reconciliation import services as reconciling
from huzhu.reconciliation.models import Difference
from huzhu.users.permissions import NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files", "totals_verified")]
TO = refunds.Payee("美溪林业局公司", "工商银行", "6222 0209 0301 2345")
NEXT_YEAR = AT + timedelta(days=60)


@pytest.fixture
def office(db):
    return Office()


@pytest.fixture
def neighbour(office):
    """Another agency of the same province, with an account of its own."""
    city = a_city(office.province, "黑河市代办处")
    return city, an_own_account(city, by=office.maker)


def a_line(account, by, *lines, opening="0.00"):
    a_statement(account, *lines, by=by, opening=opening)
    return [the_line(one[1]) for one in lines]


def owed_back(office, name=""):
    """A roster paid and given back, released: 360.00."""
    roster = office.owes(name=name)
    paid(office, roster)
    asked = refunds.propose(roster=roster, payees=[TO], reason="单位撤销", by=office.agency, at=AT)
    listed = refunds.make_list(refunds=[asked], by=office.maker, at=AT)
    refunds.release(listed=listed, by=office.releaser, at=AT)
    return list(asked.parts.all())


def by_office(code):
    """What lies on an account of the books, by office."""
    sums = {}
    for side, sign in (("debit", 1), ("credit", -1)):
        for one in LedgerEntry.objects.filter(**{side: code}).select_related("office"):
            sums[one.office.name] = sums.get(one.office.name, 0) + sign * one.amount_fen
    return {name: fen for name, fen in sums.items() if fen}


def test_a_refund_leaves_no_other_agencys_account(office, neighbour):
    parts = owed_back(office)
    [line] = a_line(neighbour[1], office.maker, told("2022-12-01", "N1", "-360.00"), opening="500.00")
    assert repaying.paid_by(office.maker, line) == []  # not offered
    assert line not in matching.small(office.maker)
    with pytest.raises(RefundRefused, match=r"黑河市代办处的收款户.*付错了户"):
        refunds.pay(parts=parts, line=line, by=office.maker, at=AT)
    assert (held("2103"), Refund.objects.get().state) == (36_000, "released")
    [right] = office.bank_more(told("2022-12-01", "B1", "-360.00"))
    assert repaying.paid_by(office.maker, right) == [parts]
    assert matching.small(office.maker) == [right]
    refunds.pay(parts=parts, line=right, by=office.maker, at=AT)
    assert by_office("1003") == {}


def test_a_refund_leaves_the_provinces_account_where_the_money_was_sent_up(office):
    parts = owed_back(office)
    top = an_own_account(office.province, by=office.maker)
    [line] = a_line(top, office.maker, told("2022-12-01", "P1", "-360.00"), opening="500.00")
    assert repaying.paid_by(office.maker, line) == [parts]
    refunds.pay(parts=parts, line=line, by=office.maker, at=AT)
    assert by_office("1001") == {office.city.name: -36_000}
    [back] = office.bank_more(told("2022-12-01", "B1", "360.00"))
    assert repaying.paid_by(office.maker, back) == []
    with pytest.raises(RefundRefused, match="回到付出的那个账户"):
        unpaid.returned(part=parts[0], line=back, payee=TO, by=office.maker, at=AT)


def test_a_list_gives_back_the_money_of_one_agency(office, neighbour):
    here = office.owes()
    paid(office, here)
    there = office.owes(employer=an_employer(neighbour[0]), by=a_role("agency_clerk", neighbour[0]))
    [line] = a_line(neighbour[1], office.maker, told("2022-11-28", "N1", "360.00"))
    claiming.claim(line=line, parts=all_of(there), by=office.maker, at=AT)
    asked = [
        refunds.propose(roster=one, payees=[TO], reason="单位撤销", by=office.maker, at=AT)
        for one in (here, there)
    ]
    with pytest.raises(RefundRefused, match="不是同一个代办处"):
        refunds.make_list(refunds=asked, by=office.maker, at=AT)
    assert not RefundList.objects.exists()
    with pytest.raises(RefundRefused, match="没有勾选"):
        refunds.make_lists(refunds=[], by=office.maker, at=AT)
    lists = refunds.make_lists(refunds=asked, by=office.maker, at=AT)
    assert [repaying.pays(one).name for one in lists] == [office.city.name, "黑河市代办处"]
    assert [one.total_fen for one in lists] == [36_000, 36_000]


def test_fees_are_claimed_from_the_account_of_their_agency(office, neighbour):
    roster = office.owes(name="美溪林业局公司")
    top = an_own_account(office.province, by=office.maker)
    for account, reference, word in ((neighbour[1], "N1", "黑河"), (top, "P1", "发放户")):
        [line] = a_line(account, office.maker, told("2022-11-28", reference, "360.00", "美溪林业局公司"))
        assert matching.guesses(line, matching.owed(office.maker, [line])) == []
        with pytest.raises(ClaimRefused, match=word):
            claiming.claim(line=line, parts=all_of(roster), by=office.maker, at=AT)
    assert (states(roster), LineUse.objects.count(), held("1003")) == ({"awaiting"}, 0, 0)


def test_suspense_leaves_the_year_that_holds_it(office):
    roster = office.owes(starts_on=date(2023, 2, 20))
    [line] = office.bank(told("2022-11-28", "A1", "360.00"))
    claiming.post_line(line=line, kind="suspense", by=office.agency, at=AT)
    claiming.claim(line=line, parts=all_of(roster), by=office.agency, at=NEXT_YEAR)
    years = {
        (one.fund_year, one.debit_id, one.credit_id)
        for one in LedgerEntry.objects.filter(debit="2102") | LedgerEntry.objects.filter(credit="2102")
    }
    assert years == {(2022, "1003", "2102"), (2022, "2102", "1003")}


def test_unclaimed_money_goes_back_once_from_where_it_came(office, neighbour):
    top = an_own_account(office.province, by=office.maker)
    came, gone, again = office.bank(
        told("2022-11-28", "A1", "99.00", "某公司"),
        told("2022-11-29", "A2", "-99.00", "某公司", "", "退回"),
        told("2022-11-30", "A3", "-99.00", "某公司"),
    )
    claiming.post_line(line=came, kind="suspense", by=office.agency, at=AT)
    use = LineUse.objects.get()
    [wrong] = a_line(neighbour[1], office.maker, told("2022-11-29", "N1", "-99.00"), opening="500.00")
    [early] = a_line(top, office.maker, told("2022-11-01", "P1", "-99.00"), opening="500.00")
    clerk = a_role("agency_clerk", neighbour[0])
    with pytest.raises(NotAllowed):
        unclaimed.send_back(waiting=use, line=gone, by=clerk, at=AT)
    with pytest.raises(ClaimRefused, match="从它到账的那个账户"):
        unclaimed.send_back(waiting=use, line=wrong, by=office.maker, at=AT)
    with pytest.raises(ClaimRefused, match="对不上"):
        unclaimed.send_back(waiting=use, line=early, by=office.maker, at=AT)
    assert list(matching.sent_back_by(office.agency, gone)) == [use]
    assert not matching.sent_back_by(office.maker, wrong).exists()
    assert gone in matching.small(office.agency)
    sent = unclaimed.send_back(waiting=use, line=gone, by=office.agency, at=NEXT_YEAR)
    assert (held("2102"), held("1003"), sent.voucher.entries.get().fund_year) == (0, 0, 2022)
    with pytest.raises(ClaimRefused, match="待查收款退回"):
        claiming.post_line(line=came, kind="suspense", by=office.agency, at=AT)
    assert not matching.waiting(office.agency).exists()
    for line in (gone, again):
        with pytest.raises(ClaimRefused, match="刚刚已经"):
            unclaimed.send_back(waiting=use, line=line, by=office.agency, at=AT)
    reconciling.run(account=office.account, by=office.maker, at=TAKEN_AT)
    assert [one.line for one in Difference.objects.all()] == [again]
