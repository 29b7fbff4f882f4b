"""What the bank's paper says becomes fees, interest or money that waits to be known; and is taken back by reversal."""

from datetime import date, timedelta

import pytest

from factories.bank import told
from factories.contributions import a_receipt
from factories.office import AT, Office, all_of, held, paid, shares, states
from factories.organisations import a_city, an_employer
from factories.users import a_role
from huzhu.contributions import claiming, matching, queries, undoing
from huzhu.contributions.claiming import ClaimRefused, LineUsed
from huzhu.contributions.models import LineUse, OfficialReceipt, Prepaid, Receipt
from huzhu.contributions.services import Money, RecordedBefore
from huzhu.users.permissions import NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files", "totals_verified")]


@pytest.fixture
def office(db):
    return Office()


@pytest.mark.parametrize("code", ["employer_clerk", "county_clerk", "auditor", "payment_releaser"])
def test_who_does_not_receive_money_claims_none(code, office):
    roster = office.owes()
    [line] = office.bank(told("2022-11-28", "A1", "360.00"))
    place = (
        roster.employer
        if code == "employer_clerk"
        else office.city
        if code != "payment_releaser"
        else office.province
    )
    by = a_role(code, place)
    with pytest.raises(NotAllowed):
        claiming.claim(line=line, parts=all_of(roster), by=by, at=AT)
    with pytest.raises(NotAllowed):
        claiming.post_line(line=line, kind="suspense", by=by, at=AT)
    assert not Receipt.objects.exists()


def test_one_transfer_pays_many_employers_and_each_has_its_own_paper(office):
    rosters = [office.owes(), office.owes(2)]
    [line] = office.bank(told("2022-11-28", "A1", "600.00", "某某集团"))
    claiming.claim(line=line, parts=all_of(*rosters), by=office.agency, at=AT)
    assert [states(one) for one in rosters] == [{"in_force"}, {"in_force"}]
    papers = OfficialReceipt.objects.order_by("number")
    assert [(one.employer, one.amount_fen) for one in papers] == [
        (rosters[0].employer, 36_000),
        (rosters[1].employer, 24_000),
    ]
    clerk = a_role("employer_clerk", rosters[0].employer)
    assert [one.amount_fen for one in queries.official_visible_to(clerk)] == [36_000]
    assert [len(queries.receipts_of(one)) for one in papers] == [1, 1]


def test_many_transfers_pay_one_due_in_parts(office):
    roster = office.owes()
    [share] = shares(roster)
    for at, line in enumerate(
        office.bank(told("2022-11-28", "A1", "100.00"), told("2022-11-29", "A2", "260.00"))
    ):
        claiming.claim(line=line, parts=[Money(share, line.amount_fen)], by=office.agency, at=AT)
        assert states(roster) == ({"awaiting"} if at == 0 else {"in_force"})


def test_what_one_employer_paid_too_much_pays_no_others_due_but_one_below_it(office):
    roster, other = office.owes(), office.owes(1)
    paid(office, roster, extra=12_000)
    rest = Prepaid.objects.get()
    with pytest.raises(ClaimRefused, match="不抵别家"):
        claiming.use_prepaid(prepaid=rest, parts=all_of(other), by=office.agency, at=AT)
    below = office.owes(1, employer=an_employer(roster.employer))
    claiming.use_prepaid(prepaid=rest, parts=all_of(below), by=office.agency, at=AT)
    assert (states(other), states(below), held("2101")) == ({"awaiting"}, {"in_force"}, 0)


def test_what_is_above_the_dues_rests_with_the_employer_and_pays_the_next_due(office):
    roster = office.owes()
    [line] = office.bank(told("2022-11-28", "A1", "500.00"))
    claiming.claim(line=line, parts=all_of(roster), by=office.agency, at=AT)
    rest = Prepaid.objects.get()
    assert (rest.left_fen, held("2101"), held("1003")) == (14_000, 14_000, 50_000)
    [paper] = OfficialReceipt.objects.all()
    assert (paper.amount_fen, paper.prepaid.get().amount_fen) == (50_000, 14_000)
    more = office.owes(1, employer=roster.employer)
    with pytest.raises(ClaimRefused, match="只差"):
        claiming.use_prepaid(prepaid=rest, parts=[Money(shares(more)[0], 12_001)], by=office.agency, at=AT)
    claiming.use_prepaid(prepaid=rest, parts=all_of(more), by=office.agency, at=AT)
    rest.refresh_from_db()
    assert (rest.left_fen, held("2101"), held("1003"), states(more)) == (2_000, 2_000, 50_000, {"in_force"})
    with pytest.raises(ClaimRefused, match="还剩 20"):
        claiming.use_prepaid(prepaid=rest, parts=[Money(shares(more)[0], 2_001)], by=office.agency, at=AT)


def test_a_line_is_said_to_be_something_once(office):
    roster = office.owes()
    [line] = office.bank(told("2022-11-28", "A1", "360.00"))
    claiming.claim(line=line, parts=all_of(roster), by=office.agency, at=AT)
    with pytest.raises(LineUsed, match="认作“会费”"):
        claiming.claim(line=line, parts=all_of(office.owes()), by=office.agency, at=AT)
    for kind in ("suspense", "interest"):
        with pytest.raises(ClaimRefused):
            claiming.post_line(line=line, kind=kind, by=office.agency, at=AT)
    assert LineUse.objects.count() == 1


def test_what_was_typed_from_a_slip_before_is_not_booked_again(office):
    roster, other = office.owes(), office.owes()
    [share] = shares(roster)
    receipt = a_receipt(share, by=office.agency, at=AT)
    [line] = office.bank(told("2022-11-28", receipt.bank_reference, "360.00"))
    with pytest.raises(RecordedBefore):
        claiming.claim(line=line, parts=all_of(other), by=office.agency, at=AT)
    with pytest.raises(ClaimRefused, match="已经登记过到账"):
        claiming.post_line(line=line, kind="suspense", by=office.agency, at=AT)
    assert not matching.waiting(office.agency).exists()
    assert not LineUse.objects.exists()


def test_two_agencies_whose_banks_gave_the_same_number_take_in_both(office):
    elsewhere = Office(office.province)
    typed, told_of = office.owes(), elsewhere.owes()
    receipt = a_receipt(shares(typed)[0], by=office.agency, at=AT)
    [line] = elsewhere.bank(told("2022-11-28", receipt.bank_reference, "360.00"))
    assert list(matching.waiting(elsewhere.agency)) == [line]
    use = claiming.claim(line=line, parts=all_of(told_of), by=elsewhere.agency, at=AT)
    assert [states(typed), states(told_of)] == [{"in_force"}, {"in_force"}]
    undoing.undo(use=use, reason="认错了", by=elsewhere.agency, at=AT)
    assert [states(typed), states(told_of)] == [{"in_force"}, {"awaiting"}]
    claiming.post_line(line=line, kind="suspense", by=elsewhere.agency, at=AT)
    assert [one.line for one in matching.in_suspense(elsewhere.agency)] == [line]


def test_money_that_nobody_knows_waits_in_the_books_until_it_is_claimed(office):
    roster = office.owes()
    [line] = office.bank(told("2022-11-28", "A1", "360.00"))
    assert list(matching.waiting(office.agency)) == [line]
    claiming.post_line(line=line, kind="suspense", by=office.agency, at=AT)
    assert (held("2102"), held("1003")) == (36_000, 36_000)
    assert [one.line for one in matching.in_suspense(office.agency)] == [line]
    claiming.claim(line=line, parts=all_of(roster), by=office.agency, at=AT + timedelta(days=3))
    assert (held("2102"), held("1003"), states(roster)) == (0, 36_000, {"in_force"})
    assert not matching.in_suspense(office.agency).exists()


def test_interest_and_charges_go_to_their_accounts_with_one_key(office):
    interest, charge = office.bank(
        told("2022-09-21", "I1", "12.34", "", "", "结息"),
        told("2022-09-30", "C1", "-5.00", "", "", "账户管理费"),
    )
    assert [matching.kind_of(one) for one in (interest, charge)] == ["interest", "fee"]
    for line, wrong in (
        (interest, "fee"),
        (charge, "interest"),
        (charge, "suspense"),
        (charge, "fees"),
        (charge, "x"),
    ):
        with pytest.raises(ClaimRefused):
            claiming.post_line(line=line, kind=wrong, by=office.agency, at=AT)
    claiming.post_line(line=interest, kind="interest", by=office.agency, at=AT)
    use = claiming.post_line(line=charge, kind="fee", by=office.agency, at=AT)
    assert (held("4101"), held("5101"), held("1003")) == (1_234, 500, 734)
    undoing.undo(use=use, reason="不是手续费", by=office.agency, at=AT)
    assert (held("5101"), held("1003")) == (0, 1_234)
    assert matching.small(office.agency) == [charge]


def test_a_claim_is_taken_back_before_cover_begins_and_made_anew(office):
    wrong, right = office.owes(), office.owes()
    [line] = office.bank(told("2022-11-28", "A1", "400.00"))
    use = claiming.claim(line=line, parts=all_of(wrong), by=office.agency, at=AT)
    with pytest.raises(ClaimRefused, match="原因"):
        undoing.undo(use=use, reason=" ", by=office.agency, at=AT)
    undoing.undo(use=use, reason="认错了单位", by=office.agency, at=AT)
    assert (states(wrong), shares(wrong)[0].received_fen, held("1003"), held("2101")) == (
        {"awaiting"},
        0,
        0,
        0,
    )
    first, red = OfficialReceipt.objects.order_by("number")
    assert (first.is_void, red.red_of, red.amount_fen) == (True, first, -40_000)
    claiming.claim(line=line, parts=all_of(right), by=office.agency, at=AT)
    assert (states(right), held("1003")) == ({"in_force"}, 40_000)
    assert list(OfficialReceipt.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3]
    with pytest.raises(ClaimRefused, match="撤销或转出过"):
        undoing.undo(use=use, reason="再撤一次", by=office.agency, at=AT)


def test_a_claim_stays_once_cover_has_begun(office):
    roster = office.owes(starts_on=date(2022, 11, 30))
    [line] = office.bank(told("2022-11-28", "A1", "360.00"))
    use = claiming.claim(line=line, parts=all_of(roster), by=office.agency, at=AT)
    with pytest.raises(ClaimRefused, match="已经开始"):
        undoing.undo(use=use, reason="认错了单位", by=office.agency, at=AT)
    assert states(roster) == {"in_force"}


def guess_of(office, line):
    found = matching.guesses(line, matching.owed(office.agency, [line]))
    return found[0] if found else None


def test_guesses_know_the_name_the_notice_the_account_and_the_sum(office):
    roster, other = office.owes(name="美溪林业局公司"), office.owes(name="友好区第一小学")
    number = f"20221128-{str(other.pk)[:8].upper()}"
    lines = office.bank(
        told("2022-11-21", "G1", "360.00", "美溪林业局公司", "6222000011112222"),
        told("2022-11-22", "G2", "100.00", "王五", "", f"会费 {number}"),
        told("2022-11-23", "G3", "360.00", "美溪林局工会"),
        told("2022-11-24", "G4", "77.77", "不相干的人"),
        told("2022-11-25", "G5", "350.00", "财务科", "6222000011112222"),
    )
    best = [guess_of(office, line) for line in lines]
    assert [one and one.parts[0].share.due.roster == roster for one in best] == [
        True,
        False,
        True,
        None,
        None,
    ]
    assert best[0].is_clear
    assert best[1].parts[0].share.due.roster == other
    assert not best[2].is_clear
    claiming.claim(line=lines[0], parts=list(best[0].parts), by=office.agency, at=AT)
    again = office.owes(employer=roster.employer)
    known = guess_of(office, lines[4])
    assert (known.parts[0].share.due.roster, known.why[0]) == (again, "这个账号以前替它付过")


def test_a_union_that_pays_for_many_is_guessed_by_the_sum(office):
    many = [
        office.owes(payer="upper_union", payer_name="伊春森工集团", basis_points=7500),
        office.owes(payer="upper_union", payer_name="伊春森工集团", basis_points=7500),
    ]
    [line] = office.bank(told("2022-11-21", "G1", "540.00", "伊春森工集团"))
    best = guess_of(office, line)
    assert {part.share.due.roster for part in best.parts} == set(many)
    assert best.is_clear


def test_somebody_of_another_branch_sees_no_line_and_gets_no_guess(office):
    office.owes()
    office.bank(told("2022-11-21", "G1", "360.00"))
    stranger = a_role("agency_clerk", a_city())
    assert not matching.waiting(stranger).exists()
