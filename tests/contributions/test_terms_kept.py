"""A due keeps the terms that it was made of: who leaves takes what was owed and paid for them, whatever was agreed since."""

from importlib import import_module

import pytest
from django.apps import apps

from factories.contributions import a_split
from factories.enrolment import UPLOADED_AT, a_sheet, some_workers
from factories.office import AT, START, Office, held, paid
from factories.organisations import an_employer
from factories.schemes import a_published
from huzhu.contributions import cashback, refunds, services, withdrawing
from huzhu.contributions.models import ContributionDue, SplitTerms
from huzhu.contributions.withdrawing import EndRefused
from huzhu.enrolment import services as enrolment
from huzhu.enrolment.models import Enrolment

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files", "totals_verified")]
TO = refunds.Payee("美溪林业局公司", "工商银行", "6222 0209 0301 2345")
CASH = {"basis": "cash_back", "basis_points": 0}


@pytest.fixture
def office(db):
    return Office()


def a_due(office, **split):
    """Two people, one with three shares and one with one, of a scheme that lets them."""
    scheme, employer = a_published("changchun-critical"), an_employer(office.city)
    a_split(employer, by=office.agency, scheme_slug=scheme.slug, **split)
    people = [(*row, cell) for row, cell in zip(some_workers(2), ("3", "1"), strict=True)]
    roster = enrolment.stage(
        employer=employer,
        editions=[scheme],
        cover_starts_on=START,
        name="名册.csv",
        data=a_sheet(people, ("姓名", "身份证号", "手机", "份数")),
        by=office.agency,
        at=UPLOADED_AT,
    )
    [due] = services.accept_roster(roster=roster, good_only=False, by=office.agency, at=UPLOADED_AT)
    return due


def agreed_anew(office, due, **split):
    a_split(due.roster.employer, by=office.agency, scheme_slug=due.edition.slug, at=AT, **split)


def by_payer(due, column):
    return dict(due.shares.values_list("payer", column))


def test_who_leaves_takes_the_part_that_was_owed(office):
    due = a_due(office)
    agreed_anew(office, due, basis_points=5_000)
    withdrawing.end_before_start(
        enrolment=Enrolment.objects.get(shares=1), reason="调走了", by=office.agency, at=AT
    )
    assert by_payer(due, "amount_fen") == {"employer": 6_750, "worker": 2_250}


def test_who_is_given_back_gets_what_was_paid(office):
    due = a_due(office)
    paid(office, due.roster)
    agreed_anew(office, due, basis_points=5_000)
    one = Enrolment.objects.get(shares=1)
    asked = refunds.propose(enrolment=one, payees=[TO], reason="离职", by=office.agency, at=AT)
    listed = refunds.make_list(refunds=[asked], by=office.maker, at=AT)
    refunds.release(listed=listed, by=office.releaser, at=AT)
    assert by_payer(due, "received_fen") == {"employer": 6_750, "worker": 2_250}
    assert held("2103") == 3_000


def test_the_list_of_cash_back_sums_to_what_is_owed(office):
    due = a_due(office, **CASH, fixed_fen=1_000)
    paid(office, due.roster)
    agreed_anew(office, due, **CASH, fixed_fen=500)
    [owed] = cashback.owed([due])
    assert [one.amount_fen for one in cashback.workers(due)] == [1_000, 1_000]
    assert owed.total_fen == 2_000


def test_old_dues_find_the_terms_of_their_day_or_say_that_they_are_not_known(office):
    due = a_due(office)
    mine = due.terms
    agreed_anew(office, due, basis_points=5_000)
    tell = import_module("huzhu.contributions.migrations.0019_terms_of_old_dues").tell
    ContributionDue.objects.update(terms=None)
    tell(apps, None)
    assert ContributionDue.objects.get().terms == mine

    ContributionDue.objects.update(terms=None)
    SplitTerms.objects.filter(pk=mine.pk).update(least_own_fen=2_900)  # they would not give these shares
    tell(apps, None)
    assert ContributionDue.objects.get().terms is None
    with pytest.raises(EndRefused, match="没有留下来"):
        withdrawing.end_before_start(
            enrolment=Enrolment.objects.get(shares=1), reason="调走了", by=office.agency, at=AT
        )
