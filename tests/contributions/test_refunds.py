"""Money given back before cover begins: three hands, one payee or many, paid and brought back by the bank, books in balance."""

from datetime import date, timedelta

import pytest

from factories.bank import told
from factories.office import AT, Office, all_of, held, paid, shares, states
from factories.users import a_role
from huzhu.audit.services import SYSTEM
from huzhu.bank import stops
from huzhu.bank.files import NotForTheBank, digest
from huzhu.bank.payforms import forms
from huzhu.bank.sealing import SealBroken
from huzhu.contributions import claiming, refunds, repaying, unpaid
from huzhu.contributions.given_back import Refund, RefundList
from huzhu.contributions.giving_back import RefundRefused
from huzhu.contributions.models import OfficialReceipt, Prepaid
from huzhu.enrolment.models import Enrolment
from huzhu.ledger.queries import balances
from huzhu.users.permissions import NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files", "totals_verified")]
TO = refunds.Payee("美溪林业局公司", "工商银行", "6222 0209 0301 2345")


@pytest.fixture
def office(db):
    return Office()


def released(office, *proposed, at=AT):
    listed = refunds.make_list(refunds=proposed, by=office.maker, at=at)
    return refunds.release(listed=listed, by=office.releaser, at=at)


def parts_of(refund):
    return list(refund.parts.filter(state="waiting"))


def test_a_whole_roster_is_given_back_before_cover_begins(office):
    roster = office.owes()
    paid(office, roster)
    asked = refunds.propose(roster=roster, payees=[TO], reason="单位撤销", by=office.agency, at=AT)
    assert states(roster) == {"in_force"}
    listed = released(office, asked)
    assert (states(roster), held("4001") + held("4004"), held("2103"), held("1003")) == (
        {"void"},
        0,
        36_000,
        36_000,
    )
    first, red = OfficialReceipt.objects.order_by("number")
    assert (red.red_of, red.amount_fen) == (first, -36_000)
    assert b"6222020903012345" in refunds.hand_out(listed=listed, by=office.maker, at=AT)
    [line] = office.bank_more(told("2022-12-01", "B1", "-360.00", TO.name))
    refunds.pay(parts=parts_of(Refund.objects.get()), line=line, by=office.maker, at=AT)
    assert (held("2103"), held("1003"), Refund.objects.get().state) == (0, 0, "paid")


def test_one_who_leaves_before_the_start_gets_one_head_back_and_the_others_stay(office):
    roster = office.owes(payer="employer", basis_points=7500)
    paid(office, roster)
    one = Enrolment.objects.filter(roster=roster).order_by("pk").first()
    asked = refunds.propose(enrolment=one, payees=[TO], reason="离职", by=office.agency, at=AT)
    assert asked.amount_fen == 12_000
    with pytest.raises(RefundRefused, match="已经有退费在办"):
        refunds.propose(enrolment=one, payees=[TO], reason="离职", by=office.agency, at=AT)
    released(office, asked)
    due = roster.dues.get()
    assert (due.heads, due.amount_fen, due.left_fen) == (2, 24_000, 0)
    assert sorted(roster.enrolments.values_list("state", flat=True)) == ["in_force", "in_force", "void"]
    assert sorted(share.received_fen for share in shares(roster)) == [6_000, 18_000]


def test_what_was_paid_too_much_is_given_back(office):
    roster = office.owes(
        starts_on=date(2022, 11, 20)
    )  # cover has begun: the rest is the employer's all the same
    paid(office, roster, extra=5_000)
    rest = Prepaid.objects.get()
    asked = refunds.propose(prepaid=rest, payees=[TO], reason="多汇了", by=office.agency, at=AT)
    released(office, asked)
    assert (held("2101"), held("2103"), states(roster)) == (0, 5_000, {"in_force"})
    [line] = office.bank_more(told("2022-12-01", "B1", "-50.00", TO.name))
    refunds.pay(parts=parts_of(asked), line=line, by=office.maker, at=AT)
    [back] = office.bank_more(told("2022-12-01", "B2", "50.00", TO.name, "", "退汇"))
    unpaid.returned(part=asked.parts.get(), line=back, payee=TO, by=office.maker, at=AT)
    assert (held("2103"), Refund.objects.get().state) == (5_000, "proposed")
    with pytest.raises(RefundRefused, match="不能不办"):
        refunds.decline(refund=Refund.objects.get(), reason="不退了", by=office.agency, at=AT)
    again = Refund.objects.get()
    released(office, again, at=AT + timedelta(days=1))
    assert (held("2103"), Refund.objects.get().state, OfficialReceipt.objects.count()) == (
        5_000,
        "released",
        2,
    )


def two_payees(office):
    """A roster of 360.00, paid 270.00 by the employer and 90.00 by its workers, each to get its own back."""
    roster = office.owes(payer="employer", basis_points=7500)
    paid(office, roster)
    to = [
        refunds.Payee("美溪林业局公司", "工商银行", "62220001", 27_000),
        refunds.Payee("职工代表王小明", "工商银行", "62220002", 9_000),
    ]
    return refunds.propose(roster=roster, payees=to, reason="单位撤销", by=office.agency, at=AT)


def test_each_payer_gets_its_own_back_line_by_line(office):
    asked = two_payees(office)
    listed = released(office, asked)
    assert (listed.count, listed.total_fen) == (2, 36_000)
    file = refunds.hand_out(listed=listed, by=office.maker, at=AT)
    rows = [row.split(",") for row in file.decode("gb18030").splitlines()]
    assert [row[2:5] for row in rows if row[0] in {"1", "2"}] == [
        ["62220001", "工商银行", "270.00"],
        ["62220002", "工商银行", "90.00"],
    ]
    first, second = parts_of(asked)
    one, other = office.bank_more(told("2022-12-01", "B1", "-270.00"), told("2022-12-01", "B2", "-90.00"))
    assert repaying.paid_by(office.maker, one) == [[first]]
    refunds.pay(parts=[first], line=one, by=office.maker, at=AT)
    assert (held("2103"), Refund.objects.get().state) == (9_000, "released")
    refunds.pay(parts=[second], line=other, by=office.maker, at=AT)
    assert (held("2103"), Refund.objects.get().state) == (0, "paid")
    assert len(repaying.paid_in(asked)) == 2


def test_a_scheme_gives_back_its_own_money_and_no_others(office):
    asked = two_payees(office)
    released(office, asked)
    second = parts_of(asked)[1]  # out of the order in which they stand
    [line, back] = office.bank_more(told("2022-12-01", "B1", "-90.00"), told("2022-12-01", "B2", "90.00"))
    refunds.pay(parts=[second], line=line, by=office.maker, at=AT)
    of_scheme = {one.line.code: one.balance_fen for one in balances(scheme="yichun-120") if one.balance_fen}
    assert of_scheme == {"1003": 27_000, "2103": 27_000}
    [rest] = office.bank_more(told("2022-12-01", "B3", "-270.00"))
    refunds.pay(parts=parts_of(asked), line=rest, by=office.maker, at=AT)
    unpaid.returned(part=second, line=back, payee=TO, by=office.maker, at=AT)
    of_scheme = {one.line.code: one.balance_fen for one in balances(scheme="yichun-120") if one.balance_fen}
    assert of_scheme == {"1003": 9_000, "2103": 9_000}


def test_a_part_that_comes_back_goes_out_again_and_the_first_list_stays_as_it_was(office):
    asked = two_payees(office)
    listed = released(office, asked)
    file = refunds.hand_out(listed=listed, by=office.maker, at=AT)
    [whole] = office.bank_more(told("2022-12-01", "B1", "-360.00"))
    refunds.pay(parts=parts_of(asked), line=whole, by=office.maker, at=AT)
    [back] = office.bank_more(told("2022-12-01", "B2", "90.00", "", "", "退汇"))
    [[part]] = repaying.paid_by(office.maker, back)
    unpaid.returned(
        part=part, line=back, payee=refunds.Payee("王小明", "农行", "62220003"), by=office.maker, at=AT
    )
    again = released(office, Refund.objects.get(), at=AT + timedelta(hours=1))
    assert (again.count, again.total_fen, held("2103")) == (1, 9_000, 9_000)
    assert refunds.hand_out(listed=listed, by=office.maker, at=AT) == file
    [line] = office.bank_more(told("2022-12-01", "B3", "-90.00"))
    refunds.pay(parts=parts_of(asked), line=line, by=office.maker, at=AT + timedelta(days=2))
    assert (held("2103"), Refund.objects.get().state) == (0, "paid")
    assert sorted(asked.parts.values_list("state", flat=True)) == ["paid", "paid", "returned"]


@pytest.mark.parametrize("amounts", [(27_000, 9_001), (36_000, 0), (36_000, None), (36_001, -1)])
def test_payees_that_do_not_sum_to_the_refund_are_refused(office, amounts):
    roster = office.owes()
    paid(office, roster)
    to = [refunds.Payee("甲", "工行", "62220001", fen) for fen in amounts]
    with pytest.raises(RefundRefused, match=r"加起来是|大于 0"):
        refunds.propose(roster=roster, payees=to, reason="单位撤销", by=office.agency, at=AT)
    assert not Refund.objects.exists()


def test_the_proposer_and_the_maker_do_not_release(office):
    roster = office.owes()
    paid(office, roster)
    both = a_role("payment_releaser", office.province, user=office.agency.user)
    asked = refunds.propose(roster=roster, payees=[TO], reason="单位撤销", by=office.agency, at=AT)
    listed = refunds.make_list(refunds=[asked], by=office.maker, at=AT)
    for by in (office.maker, office.agency):
        with pytest.raises(NotAllowed):
            refunds.release(listed=listed, by=by, at=AT)
    with pytest.raises(refunds.SamePerson):
        refunds.release(listed=listed, by=both, at=AT)
    refunds.send_back(listed=listed, reason="账号写错", by=office.releaser, at=AT)
    assert (Refund.objects.get().state, RefundList.objects.get().state) == ("proposed", "void")
    refunds.decline(refund=asked, reason="单位不退了", by=office.agency, at=AT)
    assert (states(roster), held("2103")) == ({"in_force"}, 0)


def test_nothing_is_given_back_once_cover_has_begun(office):
    roster = office.owes(starts_on=date(2022, 12, 2))
    paid(office, roster)
    asked = refunds.propose(roster=roster, payees=[TO], reason="单位撤销", by=office.agency, at=AT)
    listed = refunds.make_list(refunds=[asked], by=office.maker, at=AT)
    with pytest.raises(RefundRefused, match="已经开始"):
        refunds.release(listed=listed, by=office.releaser, at=AT + timedelta(days=1))
    assert (states(roster), RefundList.objects.get().state) == ({"in_force"}, "made")


def test_what_the_bank_paid_must_be_what_was_released(office):
    roster = office.owes()
    paid(office, roster)
    asked = refunds.propose(roster=roster, payees=[TO], reason="单位撤销", by=office.agency, at=AT)
    [line] = office.bank_more(told("2022-12-01", "B1", "-360.00", TO.name))
    with pytest.raises(RefundRefused, match="不相等"):
        refunds.pay(parts=parts_of(asked), line=line, by=office.maker, at=AT)
    released(office, asked)
    [other] = office.bank_more(told("2022-12-01", "B2", "-0.01", TO.name))
    with pytest.raises(RefundRefused, match="不相等"):
        refunds.pay(parts=parts_of(asked), line=other, by=office.maker, at=AT)
    with pytest.raises(RefundRefused, match="不能以 ="):
        refunds.propose(
            roster=roster,
            payees=[refunds.Payee("=1+1", "工行", "62220000")],
            reason="单位撤销",
            by=office.agency,
            at=AT,
        )
    for bad in (refunds.Payee("", "工行", "62220000"), refunds.Payee("甲", "工行", "62a")):
        with pytest.raises(RefundRefused, match="8 到 32 位"):
            refunds.propose(roster=office.owes(), payees=[bad], reason="单位撤销", by=office.agency, at=AT)


def stopped(source="reconciliation"):
    return stops.stop(reason="对账有 1 条差异没有说明", by=SYSTEM, at=AT, source=source)


def test_what_left_the_bank_before_the_release_or_came_before_it_left_is_something_else(office):
    roster = office.owes()
    paid(office, roster)
    early, credit = office.bank_more(told("2022-11-28", "B0", "-360.00"), told("2022-11-30", "B1", "360.00"))
    asked = refunds.propose(roster=roster, payees=[TO], reason="单位撤销", by=office.agency, at=AT)
    released(office, asked)
    assert repaying.paid_by(office.maker, early) == []
    with pytest.raises(RefundRefused, match="2022-12-01 才放行"):
        refunds.pay(parts=parts_of(asked), line=early, by=office.maker, at=AT)
    [line] = office.bank_more(told("2022-12-01", "B2", "-360.00"))
    refunds.pay(parts=parts_of(asked), line=line, by=office.maker, at=AT)
    with pytest.raises(RefundRefused, match="2022-12-01 才付出"):
        unpaid.returned(part=asked.parts.get(), line=credit, payee=TO, by=office.agency, at=AT)
    assert (held("2103"), asked.parts.get().state) == (0, "paid")


def test_while_a_difference_is_unexplained_no_fee_leaves(office):
    first, second, third = rosters = [office.owes(name=f"单位{n}") for n in "甲乙丙"]
    lines = office.bank(*(told("2022-11-28", f"A{n}", "360.00") for n in range(3)))
    for line, roster in zip(lines, rosters, strict=True):
        claiming.claim(line=line, parts=all_of(roster), by=office.agency, at=AT)
    out, made, asked = (
        refunds.propose(roster=one, payees=[TO], reason="单位撤销", by=office.agency, at=AT)
        for one in (first, second, third)
    )
    out, made = released(office, out), refunds.make_list(refunds=[made], by=office.maker, at=AT)
    stop = stopped()
    acts = [
        lambda: refunds.make_lists(refunds=[asked], by=office.maker, at=AT),
        lambda: refunds.release(listed=made, by=office.releaser, at=AT),
        lambda: refunds.hand_out(listed=out, by=office.maker, at=AT),
    ]
    for act in acts:
        with pytest.raises(stops.Stopped, match="对账有 1 条差异没有说明"):
            act()
    assert states(second) == states(third) == {"in_force"}
    assert set(RefundList.objects.values_list("state", flat=True)) == {"made", "released"}
    stops.resume(stop=stop, reason="对账的差异都已说明或消除", by=SYSTEM, at=AT)
    for act in acts:
        act()


def test_while_payments_are_stopped_what_the_bank_did_is_taken_in(office):
    roster = office.owes()
    paid(office, roster)
    asked = refunds.propose(roster=roster, payees=[TO], reason="单位撤销", by=office.agency, at=AT)
    released(office, asked)
    stopped()
    [line] = office.bank_more(told("2022-12-01", "B1", "-360.00", TO.name))
    refunds.pay(parts=parts_of(asked), line=line, by=office.maker, at=AT)
    assert Refund.objects.get().state == "paid"


@pytest.mark.parametrize("form", forms())
def test_a_list_goes_to_its_bank_in_its_form_and_is_the_same_each_time(office, form):
    listed = refunds.make_list(refunds=[two_payees(office)], by=office.maker, at=AT, form=form)
    listed = refunds.release(listed=listed, by=office.releaser, at=AT)
    data = refunds.hand_out(listed=listed, by=office.maker, at=AT)
    assert digest(data) == RefundList.objects.get().sha256
    assert refunds.hand_out(listed=listed, by=office.maker, at=AT + timedelta(days=1)) == data


def test_a_payee_that_was_changed_after_the_release_is_not_paid(office):
    asked = two_payees(office)
    listed = released(office, asked)
    one = asked.parts.first()
    one.number = "6222999900001111"
    one.save(update_fields=["number"])
    with pytest.raises(SealBroken, match="文件没有给出"):
        refunds.hand_out(listed=listed, by=office.maker, at=AT)


def test_what_the_bank_does_not_take_is_said_when_the_list_is_made(office):
    asked = two_payees(office)
    with pytest.raises(RefundRefused, match="没有这种代发格式"):
        refunds.make_list(refunds=[asked], by=office.maker, at=AT, form="papyrus")
    asked.parts.update(payee="长" * 41)
    with pytest.raises(NotForTheBank):
        refunds.make_list(refunds=[asked], by=office.maker, at=AT, form="fixed-txt")
    assert (Refund.objects.get().state, RefundList.objects.count()) == ("proposed", 0)


def test_a_list_whose_seal_was_taken_off_is_not_handed_out(office):
    listed = released(office, two_payees(office))
    RefundList.objects.update(sha256="")
    listed.refresh_from_db()
    with pytest.raises(RefundRefused, match="没有封存"):
        refunds.hand_out(listed=listed, by=office.maker, at=AT)
