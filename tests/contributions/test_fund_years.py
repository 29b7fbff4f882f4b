"""The fund year of fees is the year in which cover starts, also where cover is put off when a part was paid."""

from collections import Counter
from datetime import timedelta

import pytest

from factories.applications import APPLIED_AT, an_application
from factories.bank import a_statement, an_own_account, the_line, told
from factories.office import AT, Office
from huzhu.contributions import claiming, undoing
from huzhu.contributions import services as contributions
from huzhu.contributions.claiming import ClaimRefused
from huzhu.contributions.individuals import approve
from huzhu.contributions.models import Share
from huzhu.contributions.services import Money
from huzhu.enrolment.models import Enrolment, Roster
from huzhu.ledger.models import LedgerEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files", "totals_verified")]
LATE = AT + timedelta(days=60)


@pytest.fixture
def office(db):
    return Office()


def in_the_books():
    """By fund year: what lies at the agency, and what is income."""
    found = Counter()
    for one in LedgerEntry.objects.all():
        found[one.fund_year, one.debit.name] += one.amount_fen
        found[one.fund_year, one.credit.name] -= one.amount_fen
    return {key: fen for key, fen in found.items() if fen}


def wholly_in(year, fen):
    return {(year, "银行存款·代办处收款户"): fen, (year, "会费收入·职工"): -fen}


@pytest.fixture
def in_two_parts(office):
    """40.00 in November, which puts cover off to the day after, and what is left in January."""
    approve(application=an_application(office.city), by=office.agency, at=APPLIED_AT)
    other = an_own_account(office.city, by=office.maker)
    a_statement(office.account, told("2022-11-28", "A1", "40.00"), by=office.maker)
    a_statement(other, told("2023-01-10", "A2", "100.00"), by=office.maker, at=LATE)
    share = Share.objects.get()
    part, rest = Money(share, 4_000), Money(share, 10_000)
    use = claiming.claim(line=the_line("A1"), parts=[part], by=office.agency, at=AT)
    assert in_the_books() == wholly_in(2022, 4_000)
    day = APPLIED_AT.replace(year=2023, day=10)
    claiming.claim(line=the_line("A2"), parts=[rest], by=office.agency, at=day)
    return use, day


@pytest.mark.usefixtures("in_two_parts")
def test_what_was_paid_goes_into_the_later_year_with_the_cover():
    assert Roster.objects.get().cover_starts_on.isoformat() == "2023-01-11"
    assert Enrolment.objects.get().state == "in_force"
    assert in_the_books() == wholly_in(2023, 14_000)


def test_a_part_that_is_unsaid_leaves_the_year_in_which_it_stands_now(office, in_two_parts):
    use, day = in_two_parts
    undoing.undo(use=use, reason="认错了", by=office.agency, at=day)
    assert in_the_books() == wholly_in(2023, 10_000)
    assert Share.objects.get().received_fen == 10_000
    with pytest.raises(ClaimRefused):
        undoing.undo(use=use, reason="认错了", by=office.agency, at=day)
    assert in_the_books() == wholly_in(2023, 10_000)


def test_put_off_inside_a_year_nothing_moves(office):
    approve(application=an_application(office.city), by=office.agency, at=APPLIED_AT)
    share = Share.objects.get()
    for number, (day, fen) in enumerate(((1, 4_000), (3, 10_000))):
        contributions.record_transfer(
            parts=[Money(share, fen)],
            received_on=AT.date() - timedelta(days=10 - day),
            bank_reference=f"T{number}",
            by=office.agency,
            at=AT,
        )
    assert in_the_books() == wholly_in(2022, 14_000)
    assert LedgerEntry.objects.count() == 2
