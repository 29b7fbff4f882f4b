"""What a person registered without a line of the bank, and what was laid on the wrong due, is taken back by reversal."""

from datetime import date

import pytest

from factories.office import AT, START, Office, all_of, held, paid, shares, states
from factories.organisations import a_city
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.contributions import claiming, matching, refunds, services, undoing
from huzhu.contributions.claiming import ClaimRefused
from huzhu.contributions.models import OfficialReceipt, Prepaid, Receipt
from huzhu.enrolment import beginning
from huzhu.enrolment import services as enrolment
from huzhu.ledger.queries import balances
from huzhu.users.permissions import NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files", "totals_verified")]


@pytest.fixture
def office(db):
    return Office()


def registered(office, *rosters, reference="H1", slip=None):
    found = services.record_transfer(
        parts=all_of(*rosters),
        received_on=AT.date(),
        bank_reference=reference,
        slip=slip,
        by=office.agency,
        at=AT,
    )
    return found[0].paper


def undone(paper, by, reason="抄错了流水号", at=AT):
    undoing.undo_transfer(paper=paper, reason=reason, by=by, at=at)


def test_a_whole_transfer_is_taken_back_for_all_it_paid_and_may_be_registered_again(office):
    one, other = office.owes(), office.owes()
    paper = registered(office, one, other)
    assert (held("4001") + held("4004"), states(one), states(other)) == (72_000, {"in_force"}, {"in_force"})
    undone(paper, office.agency)
    assert (held("4001") + held("4004"), held("1003")) == (0, 0)
    assert (states(one), states(other)) == ({"awaiting"}, {"awaiting"})
    assert sum(OfficialReceipt.objects.values_list("amount_fen", flat=True)) == 0
    assert all(share.received_fen == 0 for share in shares(one, other))
    assert Event.objects.filter(verb="contributions.undo_transfer").count() == 1
    with pytest.raises(ClaimRefused, match="已经冲销过"):
        undone(paper, office.agency)
    registered(office, one)
    assert states(one) == {"in_force"}


def test_who_may_not_and_what_is_taken_back_elsewhere(office):
    paper = registered(office, office.owes())
    for stranger in (
        a_role("agency_clerk", a_city()),
        a_role("employer_clerk", paper.employer),
        office.releaser,
    ):
        with pytest.raises(NotAllowed):
            undone(paper, stranger)
    with pytest.raises(ClaimRefused, match="没有写撤销的原因"):
        undone(paper, office.agency, " ")
    with pytest.raises(ClaimRefused, match="已经开始"):
        undone(paper, office.agency, at=AT.replace(day=START.day))
    roster = office.owes()
    paid(office, roster)
    of_a_line = OfficialReceipt.objects.get(bank_reference="A1")
    with pytest.raises(ClaimRefused, match="来款认领"):
        undone(of_a_line, office.agency)
    assert held("1003") == 72_000


def test_once_somebody_of_it_was_given_back_it_stands(office):
    roster = office.owes()
    paper = registered(office, roster)
    to = refunds.Payee("单位", "工行", "62220000")
    one = roster.enrolments.first()
    asked = refunds.propose(enrolment=one, payees=[to], reason="离职", by=office.agency, at=AT)
    listed = refunds.make_list(refunds=[asked], by=office.maker, at=AT)
    refunds.release(listed=listed, by=office.releaser, at=AT)
    with pytest.raises(ClaimRefused, match="后来退过"):
        undone(paper, office.agency)


def laid(office, starts_on=START):
    """120.00 that were paid too much, laid on another roster of the same employer."""
    first = office.owes()
    paid(office, first, extra=12_000)
    second = office.owes(heads=1, employer=first.employer, starts_on=starts_on)
    rest = Prepaid.objects.get()
    [money] = all_of(second)
    [receipt] = claiming.use_prepaid(prepaid=rest, parts=[money], by=office.agency, at=AT)
    return second, rest, receipt


def test_what_was_laid_on_the_wrong_due_is_there_again(office):
    roster, rest, receipt = laid(office)
    assert (held("2101"), states(roster)) == (0, {"in_force"})
    assert matching.laid_on(rest) == [receipt]
    with pytest.raises(NotAllowed):
        undoing.undo_prepaid_use(receipt=receipt, reason="抵错了", by=a_role("agency_clerk", a_city()), at=AT)
    with pytest.raises(ClaimRefused, match="没有写撤销的原因"):
        undoing.undo_prepaid_use(receipt=receipt, reason="", by=office.agency, at=AT)
    undoing.undo_prepaid_use(receipt=receipt, reason="抵错了", by=office.agency, at=AT)
    rest.refresh_from_db()
    assert (held("2101"), rest.left_fen, states(roster)) == (12_000, 12_000, {"awaiting"})
    assert not matching.laid_on(rest)
    with pytest.raises(ClaimRefused, match="已经撤销过"):
        undoing.undo_prepaid_use(receipt=receipt, reason="抵错了", by=office.agency, at=AT)
    assert OfficialReceipt.objects.count() == 1  # it had its paper, and has it still
    use = Receipt.objects.filter(use__isnull=False).first().use
    undoing.undo(use=use, reason="认错了", by=office.agency, at=AT)  # now the whole transfer can be, too
    assert held("1003") == 0


def test_a_due_of_another_year_gives_its_own_year_back(office):
    """The money came in for cover of 2022, and was laid on cover of 2023."""
    roster, rest, receipt = laid(office, date(2023, 1, 10))
    assert (rest.fund_year, roster.cover_starts_on.year) == (2022, 2023)
    undoing.undo_prepaid_use(receipt=receipt, reason="抵错了", by=office.agency, at=AT)
    of_year = {
        year: {one.line.code: one.balance_fen for one in balances(fund_year=year) if one.balance_fen}
        for year in (2022, 2023)
    }
    assert (of_year[2022]["2101"], of_year[2023]) == (12_000, {})


def test_what_is_no_use_of_a_rest_is_not_taken_back_as_one(office):
    registered(office, office.owes())
    with pytest.raises(ClaimRefused):
        undoing.undo_prepaid_use(receipt=Receipt.objects.get(), reason="抵错了", by=office.agency, at=AT)


def test_a_transfer_of_two_is_not_taken_back_by_half_when_one_was_given_back(office):
    one, two = office.owes(), office.owes()
    registered(office, one, two)
    to = refunds.Payee("单位", "工行", "62220000")
    asked = refunds.propose(roster=one, payees=[to], reason="撤销", by=office.agency, at=AT)
    listed = refunds.make_list(refunds=[asked], by=office.maker, at=AT)
    refunds.release(listed=listed, by=office.releaser, at=AT)
    paper = OfficialReceipt.objects.get(employer=two.dues.get().roster.employer)
    with pytest.raises(ClaimRefused, match="后来退过"):
        undone(paper, office.agency)


def test_money_that_is_taken_back_while_cover_of_a_large_roster_begins_leaves_nobody_in_force(
    office, monkeypatch
):
    monkeypatch.setattr(enrolment, "AT_ONCE", 2)
    monkeypatch.setattr(beginning, "SLICE", 1)
    roster = office.owes(heads=4)
    paper = registered(office, roster)
    turns = []

    def meanwhile():
        turns.append("turn")
        if len(turns) == 2:
            undone(paper, office.agency)

    monkeypatch.setattr(beginning, "pause", meanwhile)
    assert beginning.begin_what_waits(at=AT) == 0
    assert (turns, states(roster), held("1003")) == (["turn"] * 2, {"awaiting"}, 0)
