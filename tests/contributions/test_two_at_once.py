"""Two clerks at the same moment: one roster is accepted once, one transfer is booked once."""

import time
from functools import partial
from threading import Event

import pytest
from django.db import connection

from factories.at_once import PATIENCE, at_once
from factories.contributions import RECEIVED_ON, an_accepted_roster
from factories.enrolment import UPLOADED_AT, a_staged_roster, some_workers
from factories.office import AT, Office, all_of, held, paid
from factories.organisations import a_city, an_employer
from factories.schemes import the_inpatient_scheme
from factories.users import a_role
from huzhu.contributions import claiming, giving_back, refunds, services, undoing, withdrawing
from huzhu.contributions.models import ContributionDue, LineUse, OfficialReceipt, Prepaid, Receipt, Share
from huzhu.contributions.services import ReceiptRefused
from huzhu.enrolment.models import Enrolment
from huzhu.enrolment.services import RosterRefused
from huzhu.ledger.models import LedgerEntry
from huzhu.members.models import Member

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_files")]


def accept(roster, by):
    return lambda: services.accept_roster(roster=roster, good_only=False, by=by, at=UPLOADED_AT)


def receive(share, reference, by):
    return lambda: services.record_transfer(
        parts=[services.Money(share, share.amount_fen)],
        received_on=RECEIVED_ON,
        bank_reference=reference,
        by=by,
        at=UPLOADED_AT,
    )


@pytest.mark.parametrize("turn", range(5))
def test_a_roster_accepted_twice_at_once_is_accepted_once(turn):
    employer = an_employer()
    clerk = a_role("employer_clerk", employer)
    roster = a_staged_roster(employer, [the_inpatient_scheme()], some_workers(5), by=clerk)
    first, second = at_once(accept(roster, clerk), accept(roster, clerk))
    assert first == second
    assert (Enrolment.objects.count(), Member.objects.count(), ContributionDue.objects.count()) == (5, 5, 1)


@pytest.mark.parametrize("turn", range(5))
def test_one_person_on_two_rosters_at_once_is_enrolled_once(turn):
    city = a_city()
    rows, edition = some_workers(1), the_inpatient_scheme()
    acts = []
    for employer in (an_employer(city), an_employer(city)):
        clerk = a_role("employer_clerk", employer)
        acts.append(accept(a_staged_roster(employer, [edition], rows, by=clerk), clerk))
    answers = at_once(*acts)
    assert sorted(isinstance(answer, RosterRefused) for answer in answers) == [False, True]
    assert Enrolment.objects.count() == 1


@pytest.mark.parametrize("turn", range(5))
def test_one_transfer_recorded_twice_at_once_is_booked_once(turn):
    employer = an_employer(city := a_city())
    clerk, agency = a_role("employer_clerk", employer), a_role("agency_clerk", city)
    for _ in range(2):
        an_accepted_roster(employer, [the_inpatient_scheme()], some_workers(1), by=clerk)
    first, second = Share.objects.order_by("pk")
    answers = at_once(receive(first, "R1", agency), receive(second, "R1", agency))
    assert sorted(isinstance(answer, services.RecordedBefore) for answer in answers) == [False, True]
    answers = at_once(receive(first, "R2", agency), receive(first, "R3", agency))
    assert Receipt.objects.filter(share=first).count() == 1
    assert sum(LedgerEntry.objects.values_list("amount_fen", flat=True)) == 12_000 * Receipt.objects.count()
    assert Share.objects.get(pk=first.pk).received_fen == 12_000


@pytest.mark.long
def test_thirty_thousand_rows_are_one_roster():
    employer = an_employer()
    clerk = a_role("employer_clerk", employer)
    roster = a_staged_roster(employer, [the_inpatient_scheme()], some_workers(30_000), by=clerk)
    assert accept(roster, clerk)()[0].amount_fen == 360_000_000
    assert Enrolment.objects.count() == 30_000


@pytest.mark.parametrize("turn", range(5))
def test_two_who_leave_at_once_are_two_heads_less(turn):
    office = Office()
    one, two, *_ = Enrolment.objects.filter(roster=office.owes(heads=4)).order_by("pk")
    leave = [
        partial(withdrawing.end_before_start, enrolment=each, reason="离职", by=office.agency, at=AT)
        for each in (one, two)
    ]
    assert at_once(*leave) == [None, None]
    due = ContributionDue.objects.get()
    assert (due.heads, due.units, due.amount_fen) == (2, 2, 24_000)


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
def test_what_was_too_much_is_not_spent_while_its_transfer_is_taken_back(monkeypatch):
    office = Office()
    roster, other = office.owes(), office.owes(heads=1)
    paid(office, roster, extra=12_000)
    rest, looked, real = Prepaid.objects.get(), Event(), undoing._red

    def slow(*told):
        looked.set()
        time.sleep(0.5)  # the other begins meanwhile, and waits
        return real(*told)

    monkeypatch.setattr(undoing, "_red", slow)

    def spend():
        looked.wait(PATIENCE)
        claiming.use_prepaid(prepaid=rest, parts=all_of(other), by=office.agency, at=AT)

    undo = partial(undoing.undo, use=LineUse.objects.get(), reason="认错了", by=office.agency, at=AT)
    answers = at_once(undo, spend)
    assert [isinstance(one, ReceiptRefused) for one in answers] == [False, True]
    assert held("2101") == 0


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
def test_who_takes_a_transfer_back_while_it_is_given_back_waits_and_is_refused(monkeypatch):
    """The list books one refund after the other; what it will need for the second it holds from the beginning."""
    office = Office()
    rosters = office.owes(), office.owes()
    for one, reference in zip(rosters, ("H1", "H2"), strict=True):
        receive(one.dues.get().shares.get(amount_fen=36_000), reference, office.agency)()
    to = refunds.Payee("单位", "工行", "62220000")
    asked = [
        refunds.propose(roster=one, payees=[to], reason="撤销", by=office.agency, at=AT) for one in rosters
    ]
    listed = refunds.make_list(refunds=asked, by=office.maker, at=AT)
    booked, real = Event(), giving_back._book

    def slow(*told):
        real(*told)
        booked.set()
        time.sleep(0.5)  # the other begins meanwhile, and waits

    monkeypatch.setattr(giving_back, "_book", slow)
    last = max(asked, key=lambda one: one.pk).roster
    paper = OfficialReceipt.objects.get(parts__share__due__roster=last)

    def undo():
        booked.wait(PATIENCE)
        undoing.undo_transfer(paper=paper, reason="抄错了", by=office.agency, at=AT)

    release = partial(refunds.release, listed=listed, by=office.releaser, at=AT)
    answers = at_once(release, undo)
    assert [isinstance(one, ReceiptRefused) for one in answers] == [False, True]
    assert held("2103") == 72_000
