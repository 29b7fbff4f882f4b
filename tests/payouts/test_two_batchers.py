"""Two people put the same payout into a batch, two hundred times; and what happens to those who do not lock it."""

from functools import partial

import pytest
from django.db import connection

from factories.at_once import in_rounds
from factories.many_payouts import many_scheduled
from factories.payouts import DECIDED_AT, Desk
from factories.users import a_role
from huzhu.payouts import services
from huzhu.payouts.models import Payout, PayoutBatch

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 200
NAIVE_ROUNDS = 40


def raced(desk: Desk, rounds: int) -> int:
    """In how many rounds something was wrong: not one batch and one refusal, or a batch without its payout."""
    other = a_role("payment_maker", desk.province, "孙制单")
    wrong = 0
    batching = [
        [partial(services.make_batch, payouts=[one], by=by, at=DECIDED_AT) for by in (desk.maker, other)]
        for one in many_scheduled(desk, rounds)
    ]
    for results in in_rounds(batching):
        made = [one for one in results if isinstance(one, PayoutBatch)]
        refused = [one for one in results if isinstance(one, services.AlreadyInABatch)]
        kept = all(one.payouts.count() == one.count for one in made)
        wrong += not (len(made) == len(refused) == 1 and kept)
    return wrong


def test_of_two_batchers_one_is_refused_two_hundred_times():
    assert raced(Desk(), ROUNDS) == 0
    assert PayoutBatch.objects.count() == Payout.objects.filter(state="in_batch").count() == ROUNDS


def test_without_the_lock_a_batch_is_made_that_pays_nobody(monkeypatch):
    """The naive twin. SQLite lets one writer in at a time, so it shows on PostgreSQL alone."""
    monkeypatch.setattr(Payout.objects, "select_for_update", lambda **_: Payout.objects.all())
    wrong = raced(Desk(), NAIVE_ROUNDS)
    print(f"{wrong} of {NAIVE_ROUNDS} rounds wrong without the lock")
    assert (wrong > 0) == (connection.vendor == "postgresql")
