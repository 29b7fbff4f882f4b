"""A line that was taken for the wrong refund, return or repayment is taken back: books and states stand as before."""

import pytest

from factories.bank import told
from factories.office import AT, Office, all_of, held
from factories.organisations import a_city
from factories.users import a_role
from huzhu.contributions import claiming, refunds, unclaimed, undoing, unpaid
from huzhu.contributions.claiming import ClaimRefused
from huzhu.contributions.given_back import Refund
from huzhu.contributions.models import LineUse
from huzhu.users.permissions import NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files", "totals_verified")]
TO = refunds.Payee("美溪林业局公司", "工商银行", "6222 0209 0301 2345")


@pytest.fixture
def office(db):
    return Office()


def released(office, *rosters, payees=(TO,)):
    asked = [
        refunds.propose(roster=one, payees=payees, reason="单位撤销", by=office.agency, at=AT)
        for one in rosters
    ]
    listed = refunds.make_list(refunds=asked, by=office.maker, at=AT)
    refunds.release(listed=listed, by=office.releaser, at=AT)
    return asked


def two_paid(office):
    rosters = office.owes(), office.owes()
    lines = office.bank(told("2022-11-28", "A1", "360.00"), told("2022-11-28", "A2", "360.00"))
    for line, roster in zip(lines, rosters, strict=True):
        claiming.claim(line=line, parts=all_of(roster), by=office.agency, at=AT)
    return rosters


def parts(refund, state="waiting"):
    return list(refund.parts.filter(state=state))


def undone(office, use, reason="认错了"):
    undoing.undo(use=use, reason=reason, by=office.agency, at=AT)


def states():
    return sorted(Refund.objects.values_list("state", flat=True))


def test_a_payment_that_was_taken_for_another_refund_is_free_again(office):
    first, second = released(office, *two_paid(office))
    [line] = office.bank_more(told("2022-12-01", "B1", "-360.00"))
    wrong = refunds.pay(parts=parts(first), line=line, by=office.maker, at=AT)
    assert (held("2103"), held("1003"), states()) == (36_000, 36_000, ["paid", "released"])
    with pytest.raises(NotAllowed):
        undoing.undo(use=wrong, reason="认错了", by=a_role("agency_clerk", a_city()), at=AT)
    with pytest.raises(ClaimRefused, match="没有写撤销的原因"):
        undone(office, wrong, "")
    undone(office, wrong)
    assert (held("2103"), held("1003"), states()) == (72_000, 72_000, ["released", "released"])
    with pytest.raises(ClaimRefused, match="已经撤销"):
        undone(office, wrong)
    refunds.pay(parts=parts(second), line=line, by=office.maker, at=AT)
    assert (held("2103"), held("1003"), Refund.objects.get(pk=second.pk).state) == (36_000, 36_000, "paid")


def test_parts_are_taken_back_from_the_last(office):
    to = [refunds.Payee("甲", "工行", "62220001", 27_000), refunds.Payee("乙", "工行", "62220002", 9_000)]
    roster, _ = two_paid(office)
    [asked] = released(office, roster, payees=to)
    one, other = office.bank_more(told("2022-12-01", "B1", "-270.00"), told("2022-12-01", "B2", "-90.00"))
    first, second = parts(asked)
    earlier = refunds.pay(parts=[first], line=one, by=office.maker, at=AT)
    later = refunds.pay(parts=[second], line=other, by=office.maker, at=AT)
    with pytest.raises(ClaimRefused, match="从最后一笔开始"):
        undone(office, earlier)
    undone(office, later)
    undone(office, earlier)
    assert (held("2103"), states()) == (36_000, ["released"])


def test_a_return_that_was_none_is_taken_back_unless_it_went_on(office):
    roster, _ = two_paid(office)
    [asked] = released(office, roster)
    out, back = office.bank_more(told("2022-12-01", "B1", "-360.00"), told("2022-12-01", "B2", "360.00"))
    paid = refunds.pay(parts=parts(asked), line=out, by=office.maker, at=AT)
    wrong = unpaid.returned(part=parts(asked, "paid")[0], line=back, payee=TO, by=office.maker, at=AT)
    with pytest.raises(ClaimRefused, match="从最后一笔开始"):
        undone(office, paid)
    undone(office, wrong)
    assert (held("2103"), states(), asked.parts.count()) == (0, ["paid"], 1)
    again = unpaid.returned(part=parts(asked, "paid")[0], line=back, payee=TO, by=office.maker, at=AT)
    refunds.make_list(refunds=[Refund.objects.get()], by=office.maker, at=AT)
    with pytest.raises(ClaimRefused, match="已经重新制了清单"):
        undone(office, again)
    assert (held("2103"), states()) == (36_000, ["listed"])


def test_unclaimed_money_that_was_not_what_went_back_waits_again(office):
    lines = office.bank(
        told("2022-11-28", "A1", "360.00"),
        told("2022-11-28", "A2", "360.00"),
        told("2022-11-29", "B1", "-360.00"),
    )
    one, other = (
        claiming.post_line(line=line, kind="suspense", by=office.agency, at=AT) for line in lines[:2]
    )
    wrong = unclaimed.send_back(waiting=one, line=lines[2], by=office.agency, at=AT)
    undone(office, wrong)
    assert held("2102") == 72_000
    assert set(LineUse.objects.filter(ended_at=None).values_list("pk", flat=True)) == {one.pk, other.pk}
    unclaimed.send_back(waiting=other, line=lines[2], by=office.agency, at=AT)
    roster = office.owes()
    claiming.claim(line=lines[0], parts=all_of(roster), by=office.agency, at=AT)
    assert (held("2102"), held("1003")) == (0, 36_000)
