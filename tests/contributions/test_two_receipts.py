"""Two clerks, one due, 200 times on PostgreSQL: one of them books it. Without the lock the same is booked twice."""

from functools import partial

import pytest
from django.db import connection

from factories.at_once import in_rounds
from factories.contributions import RECEIVED_ON
from factories.enrolment import START, UPLOADED_AT
from factories.files import a_file
from factories.organisations import a_city, an_employer
from factories.schemes import the_inpatient_scheme
from factories.users import a_role
from huzhu.contributions import services
from huzhu.contributions.models import ContributionDue, Receipt, Share
from huzhu.enrolment.models import Roster

ROUNDS, NAIVE_ROUNDS = 200, 40
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]


@pytest.fixture
def dues(settings, tmp_path):
    """A due for each round, and two clerks of one agency."""
    settings.VAR_DIR = tmp_path
    employer, edition = an_employer(city := a_city()), the_inpatient_scheme()
    told = {"file": a_file(), "cover_starts_on": START, "state": "accepted", "uploaded_at": UPLOADED_AT}
    rosters = Roster.objects.bulk_create(Roster(employer=employer, **told) for _ in range(ROUNDS))
    owed = {"edition": edition, "heads": 1, "units": 1, "amount_fen": 12_000}
    dues = ContributionDue.objects.bulk_create(ContributionDue(roster=one, **owed) for one in rosters)
    Share.objects.bulk_create(
        Share(due=one, payer="employer", payer_name="单位", amount_fen=12_000) for one in dues
    )
    return list(Share.objects.order_by("pk")), [a_role("agency_clerk", city) for _ in range(2)]


def race(shares, clerks):
    """What both clerks heard, round by round."""

    def books(share, number):
        services.record_transfer(
            parts=[services.Money(share, 12_000)],
            received_on=RECEIVED_ON,
            bank_reference=f"R{share.pk}-{number}",
            by=clerks[number],
            at=UPLOADED_AT,
        )
        return "booked"

    return in_rounds([[partial(books, share, number) for number in range(2)] for share in shares])


def heard(answer):
    return answer if isinstance(answer, str) else type(answer).__name__


def booked_twice():
    counts = [share.receipts.count() for share in Share.objects.all()]
    return sum(count > 1 for count in counts)


def test_one_due_is_booked_once_in_two_hundred_races(dues):
    answers = [sorted(map(heard, pair)) for pair in race(*dues)]
    assert answers == [["MoreThanOwed", "booked"]] * ROUNDS
    assert booked_twice() == 0
    assert Receipt.objects.count() == ROUNDS


def test_without_the_lock_the_same_due_is_booked_twice(dues, monkeypatch):
    """The naive twin: read what is left, then write it, without holding the rows."""

    def unlocked(shares):
        found = Share.objects.filter(due__in={share.due_id for share in shares})
        return {one.pk: one for one in found.select_related("due__roster__employer", "due__edition")}

    def written(share, amount_fen):
        if amount_fen > share.left_fen:
            raise services.MoreThanOwed
        share.received_fen += amount_fen
        share.save(update_fields=["received_fen"])

    monkeypatch.setattr(services, "locked", unlocked)
    monkeypatch.setattr(services, "_take", written)
    shares, clerks = dues
    race(shares[:NAIVE_ROUNDS], clerks)
    print(f"{booked_twice()} of {NAIVE_ROUNDS} dues booked twice without the lock")
    assert booked_twice() > NAIVE_ROUNDS // 10
