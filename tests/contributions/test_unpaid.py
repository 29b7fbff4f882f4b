"""A part of a refund that the bank did not take, or sent back while others wait: owed once, to another account, by others."""

from datetime import timedelta

import pytest

from factories.bank import a_statement, an_own_account, told
from factories.office import AT, Office, all_of, held, paid
from factories.organisations import a_city
from factories.users import a_role
from huzhu.bank.models import OwnAccount
from huzhu.contributions import claiming, refunds, repaying, services, undoing, unpaid
from huzhu.contributions.claiming import ClaimRefused
from huzhu.contributions.given_back import Refund, RefundList
from huzhu.contributions.giving_back import RefundRefused
from huzhu.contributions.models import Prepaid
from huzhu.ledger.queries import balances
from huzhu.users.permissions import NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files", "totals_verified")]
RIGHT = refunds.Payee("职工代表王小明", "农业银行", "6228 0003 0000 0001")
RELEASED_AT = AT - timedelta(days=2)  # of which the bank has told the day after
LATER = AT


@pytest.fixture
def office(db):
    return Office()


@pytest.fixture
def first(office):
    """A released part of 270.00 to the employer; beside it one of 90.00 to its workers."""
    roster = office.owes(payer="employer", basis_points=7500)
    paid(office, roster)
    to = [
        refunds.Payee("美溪林业局公司", "工商银行", "62220001", 27_000),
        refunds.Payee("职工代表王小明", "工商银行", "62220002", 9_000),
    ]
    asked = refunds.propose(roster=roster, payees=to, reason="单位撤销", by=office.agency, at=RELEASED_AT)
    released(office, asked, at=RELEASED_AT)
    return asked.parts.get(amount_fen=27_000)


@pytest.fixture
def second(first):
    return first.refund.parts.get(amount_fen=9_000)


def released(office, refund, at=AT):
    listed = refunds.make_list(refunds=[refund], by=office.maker, at=at)
    listed = refunds.release(listed=listed, by=office.releaser, at=at)
    refunds.hand_out(listed=listed, by=office.maker, at=at)
    return listed


def not_paid(part, by, *, payee=RIGHT, reason="户名账号不符", at=LATER):
    unpaid.not_paid(part=part, payee=payee, reason=reason, by=by, at=at)


def states(refund):
    return [Refund.objects.get(pk=refund.pk).state, *refund.parts.values_list("state", flat=True)]


def debit(office, day="2022-11-30", reference="B1", amount="-270.00"):
    [line] = office.bank_more(told(day, reference, amount))
    return line


def test_who_may_not_say_it_and_what_is_not_enough(office, first, second):
    for stranger in (a_role("agency_clerk", a_city()), office.releaser, a_role("auditor", office.city)):
        with pytest.raises(NotAllowed):
            not_paid(second, stranger)
    with pytest.raises(RefundRefused, match=r"只到 2022-11-\d\d，看不出"):
        not_paid(second, office.agency)
    line = debit(office)
    with pytest.raises(RefundRefused, match="没有写银行为什么"):
        not_paid(second, office.agency, reason=" ")
    with pytest.raises(RefundRefused, match="账号"):
        not_paid(second, office.agency, payee=refunds.Payee("王小明", "农行", "12"))
    refunds.pay(parts=[first], line=line, by=office.maker, at=LATER)
    with pytest.raises(RefundRefused, match="不在等银行付出"):
        not_paid(first, office.agency)
    assert states(first.refund) == ["released", "paid", "waiting"]


def test_each_account_that_may_have_paid_it_must_have_told(office, second):
    debit(office)
    an_own_account(office.province, by=office.maker)  # the province pays for its agencies
    with pytest.raises(RefundRefused, match="还没有导入过"):
        not_paid(second, office.agency)


@pytest.mark.parametrize("amount", ["-90.00", "-360.00"])
def test_a_debit_that_may_be_it_must_be_looked_at_first(office, second, amount):
    """The part alone, or with all of its list."""
    line = debit(office, amount=amount)
    with pytest.raises(RefundRefused, match="流水号 B1"):
        not_paid(second, office.agency)
    claiming.post_line(line=line, kind="fee", by=office.agency, at=LATER)
    not_paid(second, office.agency)
    assert states(second.refund)[0] == "proposed"


def test_what_the_province_pays_is_it_only_under_the_payees_name(office, second):
    debit(office)
    account = an_own_account(office.province, by=office.maker)
    a_statement(account, told("2022-11-30", "P1", "-90.00", "刘淑芬"), by=office.maker, opening="500.00")
    not_paid(second, office.agency)
    unpaid.paid_after_all(part=second, by=office.agency, at=LATER)
    more = told("2022-12-01", "P2", "-90.00", second.payee)
    a_statement(account, more, by=office.maker, opening="410.00")
    with pytest.raises(RefundRefused, match="流水号 P2"):
        not_paid(second, office.agency)


def test_it_goes_out_again_by_other_hands_and_the_first_list_stays_as_it_was(office, first, second):
    listed = second.list
    file = refunds.hand_out(listed=listed, by=office.maker, at=AT)
    line = debit(office)
    not_paid(second, office.maker)
    assert states(first.refund) == ["proposed", "waiting", "unpaid", "waiting"]
    assert repaying.paid_by(office.maker, line) == [[first]]  # what the list paid is without it
    refunds.pay(parts=[first], line=line, by=office.maker, at=LATER)
    assert (held("2103"), states(first.refund)[0]) == (9_000, "proposed")
    again = refunds.make_list(refunds=[Refund.objects.get()], by=office.maker, at=LATER)
    assert (again.count, again.total_fen, states(first.refund)[0]) == (1, 9_000, "listed")
    both = a_role("payment_releaser", office.province, user=office.maker.user)
    with pytest.raises(refunds.SamePerson):
        refunds.release(listed=again, by=both, at=LATER)
    again = refunds.release(listed=again, by=office.releaser, at=LATER)
    assert refunds.hand_out(listed=listed, by=office.maker, at=LATER) == file
    assert b"6228000300000001" in refunds.hand_out(listed=again, by=office.maker, at=LATER)
    rest = debit(office, "2022-12-01", "B2", "-90.00")
    [[new]] = repaying.paid_by(office.maker, rest)
    refunds.pay(parts=[new], line=rest, by=office.maker, at=LATER)
    assert (held("2103"), states(first.refund)) == (0, ["paid", "paid", "unpaid", "paid"])


def test_paid_after_all_it_waits_as_before_unless_the_other_is_on_a_list(office, first, second):
    debit(office)
    not_paid(second, office.agency)
    with pytest.raises(NotAllowed):
        unpaid.paid_after_all(part=second, by=a_role("agency_clerk", a_city()), at=LATER)
    unpaid.paid_after_all(part=second, by=office.agency, at=LATER)
    assert states(first.refund) == ["released", "waiting", "waiting"]
    with pytest.raises(RefundRefused, match="没有改回"):
        unpaid.paid_after_all(part=second, by=office.agency, at=LATER)
    not_paid(second, office.agency)
    listed = refunds.make_list(refunds=[Refund.objects.get()], by=office.maker, at=LATER)
    with pytest.raises(RefundRefused, match="退回那张清单"):
        unpaid.paid_after_all(part=second, by=office.agency, at=LATER)
    refunds.send_back(listed=listed, reason="银行付了", by=office.releaser, at=LATER)
    unpaid.paid_after_all(part=second, by=office.agency, at=LATER)
    assert states(first.refund) == ["released", "waiting", "waiting"]


def test_one_comes_back_while_another_waits_and_each_goes_its_own_way(office, first, second):
    out, back = office.bank_more(told("2022-11-30", "B1", "-270.00"), told("2022-11-30", "B2", "270.00"))
    refunds.pay(parts=[first], line=out, by=office.maker, at=LATER)
    unpaid.returned(part=first, line=back, payee=RIGHT, by=office.maker, at=LATER)
    assert (held("2103"), states(first.refund)) == (
        36_000,
        ["proposed", "returned", "waiting", "waiting"],
    )
    rest = debit(office, "2022-11-30", "B3", "-90.00")
    refunds.pay(parts=[second], line=rest, by=office.maker, at=LATER)
    assert (held("2103"), states(first.refund)[0]) == (27_000, "proposed")
    released(office, Refund.objects.get(), at=LATER)
    assert states(first.refund)[0] == "released"


def test_lines_of_one_refund_are_taken_back_from_the_last_so_that_each_scheme_keeps_its_own(
    office, first, second
):
    lines = [("B1", "-270.00"), ("B2", "-90.00"), ("B3", "270.00")]
    out, other, back = office.bank_more(*(told("2022-11-30", *one) for one in lines))
    refunds.pay(parts=[first], line=out, by=office.maker, at=LATER)
    second_paid = refunds.pay(parts=[second], line=other, by=office.maker, at=LATER)
    came = unpaid.returned(part=first, line=back, payee=RIGHT, by=office.maker, at=LATER)
    released(office, Refund.objects.get(), at=LATER)
    with pytest.raises(ClaimRefused, match="从最后一笔开始"):
        undoing.undo(use=second_paid, reason="认错了", by=office.agency, at=LATER)
    with pytest.raises(ClaimRefused, match="已经重新制了清单"):
        undoing.undo(use=came, reason="认错了", by=office.agency, at=LATER)
    assert {one.line.code: one.balance_fen for one in balances() if one.balance_fen} == {
        "1003": 27_000,
        "2103": 27_000,
    }


# ── what an audit has found ──


def test_a_day_is_told_when_it_is_over_and_a_list_must_have_gone_to_the_bank(office, second):
    debit(office, amount="-1.00")
    with pytest.raises(RefundRefused, match="还没有过完"):
        not_paid(second, office.agency, at=AT - timedelta(days=1))
    RefundList.objects.update(handed_at=None)
    with pytest.raises(RefundRefused, match="还没有取走给银行"):
        not_paid(second, office.agency)


def test_an_account_that_was_replaced_since_must_have_told_as_well_and_there_must_be_one(office, second):
    OwnAccount.objects.update(ended_at=AT)
    with pytest.raises(RefundRefused, match="看不出银行有没有付"):
        not_paid(second, office.agency)
    OwnAccount.objects.update(ended_at=RELEASED_AT - timedelta(days=1))
    with pytest.raises(RefundRefused, match="还没有登记银行账户"):
        not_paid(second, office.agency)


@pytest.mark.parametrize("unsaid", [False, True])
def test_who_told_an_account_does_not_release_it_whatever_colleagues_say_of_other_parts(
    office, first, second, unsaid
):
    debit(office, amount="-1.00")
    thief = a_role("agency_clerk", office.city)
    not_paid(second, thief)
    not_paid(first, office.agency)
    if unsaid:
        unpaid.paid_after_all(part=first, by=office.agency, at=LATER)
    listed = refunds.make_list(refunds=[Refund.objects.get()], by=office.maker, at=LATER)
    as_releaser = a_role("payment_releaser", office.province, user=thief.user)
    with pytest.raises(refunds.SamePerson):
        refunds.release(listed=listed, by=as_releaser, at=LATER)


def test_a_place_is_given_once(office, first, second):
    out, back = office.bank_more(told("2022-11-29", "B1", "-90.00"), told("2022-11-30", "B2", "90.00"))
    refunds.pay(parts=[second], line=out, by=office.maker, at=LATER)
    not_paid(first, office.agency)
    unpaid.returned(part=second, line=back, payee=RIGHT, by=office.maker, at=LATER)
    unpaid.paid_after_all(part=first, by=office.agency, at=LATER)
    not_paid(first, office.agency)
    assert states(first.refund) == ["proposed", "unpaid", "returned", "waiting", "waiting"]


def test_a_rest_that_is_back_may_be_given_back_while_another_refund_of_it_comes_again(office):
    one = office.owes()
    paid(office, one, extra=24_000)
    two = office.owes(heads=1, employer=one.employer)
    rest = Prepaid.objects.get()
    [used] = claiming.use_prepaid(prepaid=rest, parts=all_of(two), by=office.agency, at=RELEASED_AT)
    rest.refresh_from_db()
    asked = refunds.propose(prepaid=rest, payees=[RIGHT], reason="多缴", by=office.agency, at=RELEASED_AT)
    released(office, asked, at=RELEASED_AT)
    undoing.undo_prepaid_use(receipt=used, reason="抵错了", by=office.agency, at=RELEASED_AT)
    rest.refresh_from_db()
    refunds.propose(prepaid=rest, payees=[RIGHT], reason="多缴", by=office.agency, at=RELEASED_AT)
    debit(office, amount="-1.00")
    not_paid(asked.parts.get(), office.agency)
    assert sorted(Refund.objects.values_list("state", flat=True)) == ["proposed", "proposed"]


def test_a_wrong_return_is_taken_back_when_what_replaced_it_was_not_paid_either(office, first, second):
    out, back = office.bank_more(told("2022-11-29", "B1", "-270.00"), told("2022-11-29", "B2", "270.00"))
    refunds.pay(parts=[first], line=out, by=office.maker, at=RELEASED_AT)
    use = unpaid.returned(part=first, line=back, payee=RIGHT, by=office.maker, at=RELEASED_AT)
    released(office, Refund.objects.get(), at=RELEASED_AT)
    debit(office, reference="B3", amount="-1.00")
    again = first.refund.parts.get(replaces=first)
    not_paid(again, office.agency)
    undoing.undo(use=use, reason="认错了", by=office.agency, at=LATER)
    assert states(first.refund) == ["released", "paid", "waiting", "unpaid"]
    with pytest.raises(RefundRefused, match="没有改回"):
        unpaid.paid_after_all(part=again, by=office.agency, at=LATER)


def test_what_is_registered_by_hand_is_not_taken_for_a_return(office, first):
    out, back = office.bank_more(told("2022-11-29", "B1", "-270.00"), told("2022-11-30", "B2", "270.00"))
    refunds.pay(parts=[first], line=out, by=office.maker, at=LATER)
    [money] = all_of(office.owes())
    parts = [services.Money(money.share, 27_000)]
    told_of = {"received_on": AT.date(), "bank_reference": "B2", "by": office.agency, "at": LATER}
    services.record_transfer(parts=parts, **told_of)
    with pytest.raises(ClaimRefused, match="已经登记过到账"):
        unpaid.returned(part=first, line=back, payee=RIGHT, by=office.maker, at=LATER)
