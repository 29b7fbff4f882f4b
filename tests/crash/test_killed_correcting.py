"""Killed while a correction is confirmed, taken and kept from a payout: every debt once, or not at all; and at once, the same.

Where each death falls is drawn from a seed, which is printed: `CRASH_SEED=… ./test tests/crash` falls at the same statements again.
"""

import os
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
SEED = os.environ.get("CRASH_SEED") or str(random.randrange(10**9))  # noqa: S311  where to fall, no secret
# before and after each statement from the second person's word to the payout that is smaller for it
POINTS, ROUNDS = 240, 10


@pytest.fixture
def office(settings, tmp_path) -> Office:
    settings.VAR_DIR = tmp_path
    return Office(yichun())


def a_debtor(office: Office, number: int) -> Correction:
    """Paid, reversed and proposed to be corrected; another small claim of theirs is decided."""
    member = a_covered_member(office.place, f"王{chr(0x4E00 + number)}", sex="male")
    change = office.changed(office.paid(member, number=10 * number).claim)
    stay = {"admitted_on": office.at.date(), "discharged_on": office.at.date()}
    office.decided(member, LEAST, number=10 * number + 1, **stay)
    return office.proposed(change)


def wrongs() -> list[str]:
    return [one.title for one in map(compared, CHECKS) if one.differing]


def confirmed_and_taken(office: Office) -> None:
    for one in Correction.objects.filter(state="proposed"):
        correcting.settle(correction=one, agree=True, reason="", by=office.second, at=office.at)
    services.schedule(at=office.at)


def killed(office: Office, deaths_wanted: int) -> None:
    """One worker, until so many have died; after each what must hold, then the rest of the work."""
    print(f"CRASH_SEED={SEED}")
    seed = random.Random(SEED)  # noqa: S311
    deaths = rounds = 0
    while deaths < deaths_wanted:
        rounds += 1
        a_debtor(office, rounds)
        fuse = seed.randint(1, POINTS)
        [end] = forked(lambda: confirmed_and_taken(office), fuse)
        assert end in {KILLED, WELL}
        deaths += end == KILLED
        assert wrongs() == [], f"CRASH_SEED={SEED}, round {rounds}, fuse {fuse}"
        confirmed_and_taken(office)
        assert wrongs() == []
        assert Receivable.objects.count() == Clearing.objects.count() == rounds
        assert balance("1101") == rounds * 60_000
    print(f"{deaths} killed in {rounds} rounds")


def test_whoever_is_killed_a_debt_arises_and_is_kept_once(office):
    killed(office, 8)


@pytest.mark.long
def test_a_hundred_killed_at_a_debt(office):
    killed(office, 100)


def test_two_workers_take_a_correction_once_and_keep_no_more_than_is_owed(office):
    for number in range(1, ROUNDS + 1):
        proposed = a_debtor(office, number)
        correcting.settle(correction=proposed, agree=True, reason="", by=office.second, at=office.later())
        taken = at_once(*[lambda: differences.take(at=office.at)] * 2)
        assert sorted(taken) == [0, 1]
        made = at_once(*[lambda: services.schedule(at=office.at)] * 2)
        assert sum(map(len, made)) == 1
    assert Receivable.objects.count() == Clearing.objects.count() == ROUNDS
    assert balance("1101") == ROUNDS * 60_000
    assert wrongs() == []
    connection.close()
