"""Killed while a correction is confirmed, taken and kept from a payout: every debt once, or not at all; and at once, the same."""

import random

import pytest
from django.db import connection

from factories.at_once import at_once
from factories.claims import a_covered_member, yichun
from factories.clawing import LEAST, Office, balance
from factories.crashing import KILLED, WELL, forked
from huzhu.adjudication import correcting
from huzhu.adjudication.models import Correction
from huzhu.cli.checks import CHECKS
from huzhu.cli.verify import compared
from huzhu.payouts import differences, services
from huzhu.payouts.models import Clearing, Receivable

pytestmark = pytest.mark.django_db(transaction=True)
POINTS, DEATHS, ROUNDS = 90, 6, 10


@pytest.fixture
def office(settings, tmp_path) -> Office:
    settings.VAR_DIR = tmp_path
    return Office(yichun())


def a_debtor(office: Office, number: int):
    """Paid, reversed and proposed; another small claim of theirs is decided."""
    member = a_covered_member(office.place, f"王{chr(0x4E00 + number)}", sex="male")
    change = office.changed(office.paid(member, number=10 * number).claim)
    stay = {"admitted_on": office.at.date(), "discharged_on": office.at.date()}
    proposed = office.proposed(change)
    return member, proposed, stay


def wrongs() -> list[str]:
    return [one.title for one in map(compared, CHECKS) if one.differing]


def confirmed_and_taken(office: Office) -> None:
    for one in Correction.objects.filter(state="proposed"):
        correcting.settle(correction=one, agree=True, reason="", by=office.second, at=office.at)
    services.schedule(at=office.at)


def test_whoever_is_killed_a_debt_arises_once(office):
    seed = random.Random(20221130)  # noqa: S311
    deaths = number = 0
    while deaths < DEATHS:
        number += 1
        a_debtor(office, number)
        [end] = forked(lambda: confirmed_and_taken(office), seed.randint(1, POINTS))
        assert end in {KILLED, WELL}
        deaths += end == KILLED
        assert wrongs() == [], f"after death {deaths}"
        confirmed_and_taken(office)
        assert wrongs() == []
        assert Receivable.objects.count() == number


def test_two_workers_take_a_correction_once_and_keep_no_more_than_is_owed(office):
    for number in range(1, ROUNDS + 1):
        member, proposed, stay = a_debtor(office, number)
        correcting.settle(correction=proposed, agree=True, reason="", by=office.second, at=office.later())
        taken = at_once(*[lambda: differences.take(at=office.at)] * 2)
        assert sorted(taken) == [0, 1]
        office.decided(member, LEAST, number=10 * number + 1, **stay)
        made = at_once(*[lambda: services.schedule(at=office.at)] * 2)
        assert sum(map(len, made)) == 1
    assert Receivable.objects.count() == Clearing.objects.count() == ROUNDS
    assert balance("1101") == ROUNDS * 60_000
    assert wrongs() == []
    connection.close()
