"""A changed account waits for a second look: nothing is paid to it, nor to the one before, until then."""

from datetime import timedelta

import pytest

from factories.payouts import (
    ANSWERED_AT,
    DECIDED_AT,
    HOUR,
    a_batch,
    a_final_decision,
    a_payout,
    an_answered,
)
from factories.users import a_role
from huzhu.members import services as members
from huzhu.members.accounts import COOLING, Wait
from huzhu.payouts import queries, services
from huzhu.payouts.models import Payout

pytestmark = pytest.mark.django_db
NEW = "6217000010001234567"
SECOND = timedelta(seconds=1)


def changed(member, by, at):
    return members.add_account(
        member=member, holder=member.name, bank_name="建设银行", number=NEW, by=by, at=at
    )


def confirmed(account, desk, at):
    return members.confirm_account(account=account, by=a_role("agency_clerk", desk.city), at=at)


def test_a_decision_waits_for_another_person_and_while_the_new_account_cools(desk):
    member = a_final_decision(desk).claim.member
    account = changed(member, member, DECIDED_AT)
    for later, words in (
        (HOUR, "等代办处另一个人核实，并满 24 小时（2022-07-15 15:00）"),
        (9 * COOLING, "刚换：等代办处另一个人核实。请代办处"),
    ):
        assert services.schedule(at=DECIDED_AT + later) == []
        [due] = queries.to_schedule(desk.maker, DECIDED_AT + later)
        assert words in due.objection
    confirmed(account, desk, DECIDED_AT + HOUR)
    assert services.schedule(at=DECIDED_AT + COOLING - SECOND) == []
    [due] = queries.to_schedule(desk.maker, DECIDED_AT + COOLING - SECOND)
    assert "代办处已核实，2022-07-15 15:00 起可以用" in due.objection
    [payout] = services.schedule(at=DECIDED_AT + COOLING)
    assert payout.account_number == NEW


def test_an_undone_change_pays_to_the_account_before(desk):
    decision = a_final_decision(desk)
    member, before = decision.claim.member, decision.claim.account.number
    account = changed(member, member, DECIDED_AT)
    by = a_role("agency_clerk", desk.city)
    members.undo_account(account=account, reason="不是本人", by=by, at=DECIDED_AT)
    [payout] = services.schedule(at=DECIDED_AT)
    assert payout.account_number == before


def test_what_the_bank_sent_back_is_paid_again_after_the_second_look(desk):
    old = an_answered(desk, fail_lines=[1]).payouts.get()
    account = changed(old.decision.claim.member, old.decision.claim.member, ANSWERED_AT)
    [failed] = queries.failed(desk.maker, ANSWERED_AT + HOUR)
    assert (failed.is_mended, failed.waits) == (True, Wait(False, ANSWERED_AT + COOLING))
    with pytest.raises(services.CannotPayAgain, match="收款账户刚换"):
        services.pay_again(payout=old, by=desk.maker, at=ANSWERED_AT + HOUR)
    confirmed(account, desk, ANSWERED_AT + HOUR)
    with pytest.raises(services.CannotPayAgain, match="已核实"):
        services.pay_again(payout=old, by=desk.maker, at=ANSWERED_AT + HOUR)
    again = services.pay_again(payout=old, by=desk.maker, at=ANSWERED_AT + COOLING)
    assert again.account_number == NEW


def test_an_account_changed_after_scheduling_keeps_its_payout_out_of_a_batch(desk):
    payout = a_payout(desk)
    member = payout.decision.claim.member
    account = changed(member, member, DECIDED_AT)
    with pytest.raises(services.AccountChanged, match="收款账户刚换"):
        services.make_batch(payouts=[payout], by=desk.maker, at=DECIDED_AT + HOUR)
    with pytest.raises(services.AccountChanged, match="另一个人核实"):
        services.make_batch(payouts=[payout], by=desk.maker, at=DECIDED_AT + COOLING)
    confirmed(account, desk, DECIDED_AT + HOUR)
    batch = services.make_batch(payouts=[payout], by=desk.maker, at=DECIDED_AT + COOLING)
    paid_to = batch.payouts.get()
    assert (paid_to.account_number, paid_to.bank_name) == (NEW, "建设银行")
    assert Payout.objects.filter(account_last4="4567").exists()


def test_a_batch_with_an_account_changed_since_is_not_released(desk):
    batch = a_batch(desk)
    member = batch.payouts.get().decision.claim.member
    changed(member, member, DECIDED_AT + HOUR)
    with pytest.raises(services.AccountChanged, match="重新制单"):
        services.release(batch=batch, by=desk.releaser, at=DECIDED_AT + 2 * HOUR)
    batch.refresh_from_db()
    assert batch.state == "made"


def test_an_undone_change_releases_as_it_was_made(desk):
    batch = a_batch(desk)
    member = batch.payouts.get().decision.claim.member
    account = changed(member, member, DECIDED_AT + HOUR)
    members.undo_account(
        account=account, reason="不是本人", by=a_role("agency_clerk", desk.city), at=DECIDED_AT + HOUR
    )
    services.release(batch=batch, by=desk.releaser, at=DECIDED_AT + 2 * HOUR)
