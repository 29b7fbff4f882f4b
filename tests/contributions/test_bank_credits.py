"""What the bank's paper says becomes fees, interest or money that waits to be known; and is taken back by reversal."""

from datetime import date, datetime, timedelta

import pytest
from django.utils import timezone

from factories.bank import a_statement, an_own_account, the_line, told
from factories.contributions import a_receipt, a_split, an_accepted_roster
from factories.enrolment import UPLOADED_AT, some_workers
from factories.organisations import a_city, a_province, an_employer
from factories.schemes import the_inpatient_scheme
from factories.users import a_role
from huzhu.cli.checks import FEES, PAYMENTS
from huzhu.cli.verify import compared
from huzhu.contributions import claiming, lifecycle, matching, queries, refunds
from huzhu.contributions.claiming import ClaimRefused, LineUsed
from huzhu.contributions.giving_back import RefundRefused
from huzhu.contributions.models import LineUse, OfficialReceipt, Prepaid, Receipt, Refund, RefundList, Share
from huzhu.contributions.services import Money, RecordedBefore
from huzhu.enrolment.models import Enrolment
from huzhu.ledger.queries import balances
from huzhu.users.permissions import NotAllowed

pytestmark = pytest.mark.django_db
START = date(2022, 12, 20)
AT = datetime(2022, 12, 1, 10, tzinfo=timezone.get_default_timezone())
TO = refunds.Payee("美溪林业局公司", "工商银行", "6222 0209 0301 2345")


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    settings.VAR_DIR = tmp_path


@pytest.fixture(autouse=True)
def _verified(db):
    """Whatever a test does, every stored total equals its rows afterwards."""
    yield
    wrong = [found for check in (*FEES, *PAYMENTS) if (found := compared(check)).differing]
    assert not wrong


class Office:
    """An agency with its collecting account, two people who work there, and the two who pay."""

    def __init__(self):
        self.province = a_province()
        self.city = a_city(self.province)
        self.agency = a_role("agency_clerk", self.city)
        self.maker = a_role("payment_maker", self.province)
        self.releaser = a_role("payment_releaser", self.province)
        self.account = an_own_account(self.city, by=self.maker)

    def owes(self, heads=3, name="", starts_on=START, employer=None, **split):
        """A roster that waits for its money: 120.00 a head."""
        employer = employer or an_employer(self.city, **({"name": name} if name else {}))
        if split:
            a_split(employer, by=self.agency, **split)
        return an_accepted_roster(
            employer,
            [the_inpatient_scheme()],
            some_workers(heads),
            by=self.agency,
            starts_on=starts_on,
            at=UPLOADED_AT,
        )

    def bank(self, *lines):
        a_statement(self.account, *lines, by=self.maker)
        return [the_line(one[1]) for one in lines]


@pytest.fixture
def office(db):
    return Office()


def shares(*rosters):
    return list(Share.objects.filter(due__roster__in=rosters, amount_fen__gt=0).order_by("pk"))


def all_of(*rosters):
    return [Money(one, one.left_fen) for one in shares(*rosters)]


def states(roster):
    return set(roster.enrolments.values_list("state", flat=True))


def held(code):
    return next(one.balance_fen for one in balances() if one.line.code == code)


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
    claiming.undo(use=use, reason="不是手续费", by=office.agency, at=AT)
    assert (held("5101"), held("1003")) == (0, 1_234)
    assert matching.small(office.agency) == [charge]


def test_a_claim_is_taken_back_before_cover_begins_and_made_anew(office):
    wrong, right = office.owes(), office.owes()
    [line] = office.bank(told("2022-11-28", "A1", "400.00"))
    use = claiming.claim(line=line, parts=all_of(wrong), by=office.agency, at=AT)
    with pytest.raises(ClaimRefused, match="原因"):
        claiming.undo(use=use, reason=" ", by=office.agency, at=AT)
    claiming.undo(use=use, reason="认错了单位", by=office.agency, at=AT)
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
        claiming.undo(use=use, reason="再撤一次", by=office.agency, at=AT)


def test_a_claim_stays_once_cover_has_begun(office):
    roster = office.owes(starts_on=date(2022, 11, 30))
    [line] = office.bank(told("2022-11-28", "A1", "360.00"))
    use = claiming.claim(line=line, parts=all_of(roster), by=office.agency, at=AT)
    with pytest.raises(ClaimRefused, match="已经开始"):
        claiming.undo(use=use, reason="认错了单位", by=office.agency, at=AT)
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


# ── refunds ──


def test_every_state_of_a_refund_has_an_owner_for_each_exit():
    for states_of, table in ((Refund.State, lifecycle.REFUND), (RefundList.State, lifecycle.REFUND_LIST)):
        assert set(table) == set(states_of)
        assert all(owner for exits in table.values() for owner in exits.values())


def released(office, *proposed, at=AT):
    listed = refunds.make_list(refunds=proposed, by=office.maker, at=at)
    return refunds.release(listed=listed, by=office.releaser, at=at)


def paid(office, roster, reference="A1", extra=0):
    fen = sum(one.left_fen for one in shares(roster)) + extra
    [line] = office.bank(told("2022-11-28", reference, f"{fen // 100}.{fen % 100:02d}"))
    claiming.claim(line=line, parts=all_of(roster), by=office.agency, at=AT)


def test_a_whole_roster_is_given_back_before_cover_begins(office):
    roster = office.owes()
    paid(office, roster)
    asked = refunds.propose(roster=roster, payee=TO, reason="单位撤销", by=office.agency, at=AT)
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
    [line] = office.bank_more(told("2022-11-30", "B1", "-360.00", TO.name))
    refunds.pay(refunds=[Refund.objects.get()], line=line, by=office.maker, at=AT)
    assert (held("2103"), held("1003"), Refund.objects.get().state) == (0, 0, "paid")


def bank_more(self, *lines):
    from factories.bank import TAKEN_AT, as_csv, rows_of  # noqa: PLC0415
    from huzhu.bank.services import Typed, take  # noqa: PLC0415
    from huzhu.core.money import yuan  # noqa: PLC0415

    last = self.account.lines.order_by("-position").first()
    data = as_csv(rows_of(lines, yuan(last.balance_fen)))
    take(account=self.account, name="a.csv", data=data, typed=Typed(), by=self.maker, at=TAKEN_AT)
    return [the_line(one[1]) for one in lines]


Office.bank_more = bank_more


def test_one_who_leaves_before_the_start_gets_one_head_back_and_the_others_stay(office):
    roster = office.owes(payer="employer", basis_points=7500)
    paid(office, roster)
    one = Enrolment.objects.filter(roster=roster).order_by("pk").first()
    asked = refunds.propose(enrolment=one, payee=TO, reason="离职", by=office.agency, at=AT)
    assert asked.amount_fen == 12_000
    with pytest.raises(RefundRefused, match="已经有退费在办"):
        refunds.propose(enrolment=one, payee=TO, reason="离职", by=office.agency, at=AT)
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
    asked = refunds.propose(prepaid=rest, payee=TO, reason="多汇了", by=office.agency, at=AT)
    released(office, asked)
    assert (held("2101"), held("2103"), states(roster)) == (0, 5_000, {"in_force"})
    [line] = office.bank_more(told("2022-11-30", "B1", "-50.00", TO.name))
    refunds.pay(refunds=[asked], line=line, by=office.maker, at=AT)
    [back] = office.bank_more(told("2022-11-30", "B2", "50.00", TO.name, "", "退汇"))
    refunds.returned(refund=asked, line=back, payee=TO, by=office.maker, at=AT)
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


def test_the_proposer_and_the_maker_do_not_release(office):
    roster = office.owes()
    paid(office, roster)
    both = a_role("payment_releaser", office.province, user=office.agency.user)
    asked = refunds.propose(roster=roster, payee=TO, reason="单位撤销", by=office.agency, at=AT)
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
    asked = refunds.propose(roster=roster, payee=TO, reason="单位撤销", by=office.agency, at=AT)
    listed = refunds.make_list(refunds=[asked], by=office.maker, at=AT)
    with pytest.raises(RefundRefused, match="已经开始"):
        refunds.release(listed=listed, by=office.releaser, at=AT + timedelta(days=1))
    assert (states(roster), RefundList.objects.get().state) == ({"in_force"}, "made")


def test_what_the_bank_paid_must_be_what_was_released(office):
    roster = office.owes()
    paid(office, roster)
    asked = refunds.propose(roster=roster, payee=TO, reason="单位撤销", by=office.agency, at=AT)
    [line] = office.bank_more(told("2022-11-30", "B1", "-360.00", TO.name))
    with pytest.raises(RefundRefused, match="不相等"):
        refunds.pay(refunds=[asked], line=line, by=office.maker, at=AT)
    released(office, asked)
    [other] = office.bank_more(told("2022-11-30", "B2", "-0.01", TO.name))
    with pytest.raises(RefundRefused, match="不相等"):
        refunds.pay(refunds=[asked], line=other, by=office.maker, at=AT)
    with pytest.raises(RefundRefused, match="不能以 ="):
        refunds.propose(
            roster=roster,
            payee=refunds.Payee("=1+1", "工行", "62220000"),
            reason="单位撤销",
            by=office.agency,
            at=AT,
        )
    for bad in (refunds.Payee("", "工行", "62220000"), refunds.Payee("甲", "工行", "62a")):
        with pytest.raises(RefundRefused, match="8 到 32 位"):
            refunds.propose(roster=office.owes(), payee=bad, reason="单位撤销", by=office.agency, at=AT)
