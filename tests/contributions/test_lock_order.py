"""Whoever posts holds the shares, then the agency's row, then the book; in another order two of them wait for each other."""

import time
from datetime import datetime
from functools import partial
from threading import Event

import pytest
from django.db import connection
from django.utils import timezone

from factories.applications import APPLIED_AT, an_application
from factories.at_once import PATIENCE, at_once
from factories.bank import told
from factories.office import AT, Office, all_of, shares
from huzhu.contributions import claiming, services, unclaimed, years
from huzhu.contributions.individuals import approve
from huzhu.contributions.models import Share
from huzhu.contributions.services import Money

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("own_files"),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time"),
]
LATER = datetime(2023, 1, 5, 10, tzinfo=timezone.get_default_timezone())


def by_hand(office, parts, reference, at=AT):
    services.record_transfer(
        parts=parts, received_on=at.date(), bank_reference=reference, by=office.agency, at=at
    )


def from_suspense(office):
    roster = office.owes()
    [line] = office.bank(told("2022-11-28", "A1", "360.00"))
    claiming.post_line(line=line, kind="suspense", by=office.agency, at=AT)
    return partial(claiming.claim, line=line, parts=all_of(roster), by=office.agency, at=AT)


def sent_back(office):
    came, gone = office.bank(told("2022-11-28", "A1", "99.00"), told("2022-11-29", "A2", "-99.00"))
    waiting = claiming.post_line(line=came, kind="suspense", by=office.agency, at=AT)
    return partial(unclaimed.send_back, waiting=waiting, line=gone, by=office.agency, at=AT)


def into_another_year(office):
    approve(application=an_application(office.city), by=office.agency, at=APPLIED_AT)
    share = Share.objects.get(due__roster__way="individual")
    by_hand(office, [Money(share, 4_000)], "P1")
    return partial(by_hand, office, [Money(share, share.amount_fen - 4_000)], "P2", at=LATER)


@pytest.mark.parametrize(
    ("act", "room", "verb"),
    [
        (from_suspense, claiming, "_leave_suspense"),
        (sent_back, unclaimed, "post_entry"),
        (into_another_year, years, "_post"),
    ],
)
def test_money_that_is_moved_and_money_that_is_registered_at_once(monkeypatch, act, room, verb):
    office = Office()
    other, mine = office.owes(), act(office)
    posted, real = Event(), getattr(room, verb)

    def slow(*said, **more):
        found = real(*said, **more)
        posted.set()
        time.sleep(0.4)  # the other has the agency's row by now, if it could get it, and waits for the book
        return found

    monkeypatch.setattr(room, verb, slow)

    def registered():
        posted.wait(PATIENCE)
        by_hand(office, all_of(other), "H1")

    at_once(mine, registered)
    assert [one.left_fen for one in shares(other)] == [0]
