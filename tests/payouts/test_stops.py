"""The brake: who may pull and lift it, and what stands still meanwhile."""

import pytest
from django.db import IntegrityError, transaction

from factories.payouts import ANSWERED_AT, DECIDED_AT, HOUR, a_batch, a_payout, a_released
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.audit.services import SYSTEM
from huzhu.bank import stops
from huzhu.bank.models import Stop
from huzhu.bank.stops import CannotResume, Stopped
from huzhu.payouts import services
from huzhu.payouts.demobank import reply_for
from huzhu.payouts.models import Payout, PayoutBatch
from huzhu.users.models import Role
from huzhu.users.permissions import NotAllowed

AT = DECIDED_AT + HOUR


def pulled(by, reason="银行少一笔 31,714.00 元", **more) -> Stop:
    return stops.stop(reason=reason, by=by, at=AT, **more)


@pytest.mark.parametrize("code", [c for c in Role.Code if c not in {"payment_maker", "payment_releaser"}])
def test_who_may_not_stop_or_resume(desk, code):
    stranger = a_role(code, desk.province)
    with pytest.raises(NotAllowed):
        pulled(stranger)
    stop = pulled(desk.maker)
    with pytest.raises(NotAllowed):
        stops.resume(stop=stop, reason="查明", by=stranger, at=AT)
    assert Stop.objects.open().count() == 1


def test_the_maker_stops_but_does_not_resume(desk):
    with pytest.raises(NotAllowed):
        stops.resume(stop=pulled(desk.maker), reason="查明", by=desk.maker, at=AT)


def test_nobody_lifts_their_own_stop(desk):
    stop = pulled(desk.releaser)
    with pytest.raises(CannotResume, match="另一个人"):
        stops.resume(stop=stop, reason="查明", by=desk.releaser, at=AT)
    with pytest.raises(IntegrityError), transaction.atomic():
        Stop.objects.filter(pk=stop.pk).update(
            resumed_id=desk.releaser.actor_id, resumed_at=AT, resumed_reason="查明"
        )
    stops.resume(stop=stop, reason="查明", by=a_role("payment_releaser", desk.province), at=AT)


def test_nobody_lifts_what_the_comparison_found(desk):
    stop = pulled(SYSTEM, "对账有 1 处不明", source="reconciliation")
    for by in (desk.releaser, a_role("payment_releaser", desk.province)):
        assert not stops.may_resume(stop, by)
        with pytest.raises(CannotResume, match="说明每一条差异"):
            stops.resume(stop=stop, reason="查明", by=by, at=AT)
    with pytest.raises(Stopped, match="发放自动恢复"):
        services.make_batch(payouts=[a_payout(desk)], by=desk.maker, at=AT)


def test_while_it_is_open_nothing_moves_towards_the_bank(desk):
    waiting, made, released = a_payout(desk), a_batch(desk), a_released(desk)
    pulled(desk.maker)
    with pytest.raises(Stopped, match="银行少一笔"):
        services.make_batch(payouts=[waiting], by=desk.maker, at=AT)
    with pytest.raises(Stopped):
        services.release(batch=made, by=desk.releaser, at=AT)
    with pytest.raises(Stopped):
        services.hand_out(batch=released, by=desk.maker, at=AT)
    waiting.refresh_from_db()
    made.refresh_from_db()
    assert (waiting.state, made.state) == ("scheduled", "made")


def test_what_the_bank_says_is_still_taken_in(desk):
    batch = a_released(desk)
    pulled(desk.maker)
    services.apply_reply(batch=batch, data=reply_for(batch, ANSWERED_AT), by=desk.maker, at=ANSWERED_AT)
    assert Payout.objects.get().state == "paid"


def test_it_goes_on_when_every_stop_is_lifted(desk):
    payout = a_payout(desk)
    first, second = pulled(desk.maker), pulled(SYSTEM, "对账有 1 处不明", source="reconciliation")
    for stop, by in ((first, desk.releaser), (second, SYSTEM)):
        with pytest.raises(Stopped):
            services.make_batch(payouts=[payout], by=desk.maker, at=AT)
        stops.resume(stop=stop, reason="银行漏传，已补", by=by, at=AT)
    services.make_batch(payouts=[payout], by=desk.maker, at=AT)
    assert PayoutBatch.objects.count() == 1
    assert Event.objects.filter(verb="payouts.stop").count() == 2
    assert Event.objects.filter(verb="payouts.resume").count() == 2


def test_the_system_stops_once_for_one_source_and_lifts_only_its_own(desk):
    mine = pulled(SYSTEM, source="reconciliation")
    assert pulled(SYSTEM, source="reconciliation") == mine
    stops.resume(stop=mine, reason="差异已说明", by=SYSTEM, at=AT)
    assert pulled(SYSTEM, source="reconciliation") != mine
    with pytest.raises(CannotResume, match="由人来恢复"):
        stops.resume(stop=pulled(desk.maker), reason="差异已说明", by=SYSTEM, at=AT)


@pytest.mark.parametrize("reason", ["", "  "])
def test_both_need_a_reason(desk, reason):
    with pytest.raises(CannotResume, match="写明"):
        pulled(desk.maker, reason)
    stop = pulled(desk.maker)
    with pytest.raises(CannotResume, match="写明"):
        stops.resume(stop=stop, reason=reason, by=desk.releaser, at=AT)


def test_a_stop_is_lifted_once(desk):
    stop = pulled(desk.maker)
    stops.resume(stop=stop, reason="查明", by=desk.releaser, at=AT)
    with pytest.raises(CannotResume, match="已由"):
        stops.resume(stop=stop, reason="查明", by=desk.releaser, at=AT)
