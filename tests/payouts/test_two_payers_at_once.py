"""Two people, one thing, at the same moment: one of them wins and the other is told."""

import pytest

from factories.at_once import at_once
from factories.payouts import (
    ANSWERED_AT,
    DECIDED_AT,
    HOUR,
    Desk,
    a_batch,
    a_final_decision,
    a_payout,
    a_released,
    an_answered,
)
from factories.users import a_role
from huzhu.ledger.models import LedgerEntry, Voucher
from huzhu.payouts import services
from huzhu.payouts.demobank import reply_for
from huzhu.payouts.lifecycle import CannotMove
from huzhu.payouts.models import Payout, PayoutBatch, ReplyFile

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = range(5)


def kinds(results: list[object]) -> set[str]:
    return {type(result).__name__ for result in results}


@pytest.mark.parametrize("_", ROUNDS)
def test_two_makers_of_one_payout(_):
    desk = Desk()
    other = a_role("payment_maker", desk.province, "孙制单")
    both, mine, theirs = a_payout(desk), a_payout(desk), a_payout(desk)
    results = at_once(
        lambda: services.make_batch(payouts=[both, mine], by=desk.maker, at=DECIDED_AT),
        lambda: services.make_batch(payouts=[theirs, both], by=other, at=DECIDED_AT),
    )
    assert kinds(results) == {"PayoutBatch", "AlreadyInABatch"}
    batch = PayoutBatch.objects.get()
    assert (batch.count, batch.payouts.count()) == (2, 2)
    assert Payout.objects.filter(state="scheduled").count() == 1


@pytest.mark.parametrize("_", ROUNDS)
def test_two_makers_of_different_payouts_both_get_a_number(_):
    desk = Desk()
    one, two = a_payout(desk), a_payout(desk)
    other = a_role("payment_maker", desk.province, "孙制单")
    at_once(
        lambda: services.make_batch(payouts=[one], by=desk.maker, at=DECIDED_AT),
        lambda: services.make_batch(payouts=[two], by=other, at=DECIDED_AT),
    )
    numbers = sorted(PayoutBatch.objects.values_list("number", flat=True))
    assert numbers == ["20220714-001", "20220714-002"]


@pytest.mark.parametrize("_", ROUNDS)
def test_two_workers_schedule_the_same_decisions(_):
    desk = Desk()
    for _ in range(3):
        a_final_decision(desk)
    results = at_once(*[lambda: services.schedule(at=DECIDED_AT)] * 2)
    assert sum(len(made) for made in results) == 3
    assert Payout.objects.count() == Voucher.objects.count() == 3
    assert max(Voucher.objects.values_list("number", flat=True)) == "20220714-00003"


@pytest.mark.parametrize("_", ROUNDS)
def test_one_releases_and_one_sends_back(_):
    desk = Desk()
    batch = a_batch(desk)
    results = at_once(
        lambda: services.release(batch=batch, by=desk.releaser, at=DECIDED_AT + 2 * HOUR),
        lambda: services.send_back(batch=batch, reason="户名有误", by=desk.maker, at=DECIDED_AT + 2 * HOUR),
    )
    assert kinds(results) == {"PayoutBatch", "CannotMove"}
    batch.refresh_from_db()
    states = {"released": {"sent"}, "void": {"scheduled"}}
    assert set(Payout.objects.values_list("state", flat=True)) == states[batch.state]


@pytest.mark.parametrize("_", ROUNDS)
def test_two_people_take_in_the_same_reply(_):
    desk = Desk()
    batch = a_released(desk, a_payout(desk), a_payout(desk))
    data = reply_for(batch, ANSWERED_AT, [2])
    results = at_once(
        *[lambda: services.apply_reply(batch=batch, data=data, by=desk.maker, at=ANSWERED_AT)] * 2
    )
    assert kinds(results) == {"ReplyFile"}
    assert ReplyFile.objects.count() == 1
    assert LedgerEntry.objects.filter(credit="1001").count() == 1


@pytest.mark.parametrize("_", ROUNDS)
def test_two_people_pay_again_what_failed_once(_):
    desk = Desk()
    payout = an_answered(desk, fail_lines=[1]).payouts.get()
    results = at_once(*[lambda: services.pay_again(payout=payout, by=desk.maker, at=ANSWERED_AT + HOUR)] * 2)
    assert kinds(results) == {"Payout", "CannotPayAgain"}
    assert Payout.objects.filter(replaces=payout).count() == 1


@pytest.mark.parametrize("_", ROUNDS)
def test_two_different_replies_at_once_do_not_contradict_each_other(_):
    desk = Desk()
    batch = a_released(desk)
    good, bad = reply_for(batch, ANSWERED_AT), reply_for(batch, ANSWERED_AT, [1])
    results = at_once(
        lambda: services.apply_reply(batch=batch, data=good, by=desk.maker, at=ANSWERED_AT),
        lambda: services.apply_reply(batch=batch, data=bad, by=desk.maker, at=ANSWERED_AT),
    )
    assert len([one for one in results if isinstance(one, CannotMove)]) == 1
    assert ReplyFile.objects.count() == 1
