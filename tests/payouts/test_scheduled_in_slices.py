"""Many decisions are scheduled together, in as many statements as few; who is in the way of the others stays behind alone."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from factories.payouts import DECIDED_AT, HOUR, a_final_decision
from huzhu.audit.models import Event
from huzhu.claims.models import Claim, State
from huzhu.ledger import services as ledger
from huzhu.ledger.models import LedgerEntry, Voucher
from huzhu.payouts import due, services
from huzhu.payouts.models import Payout

pytestmark = pytest.mark.django_db


def scheduled(desk, count):
    decisions = [a_final_decision(desk) for _ in range(count)]
    with CaptureQueriesContext(
        connection,
    ) as sent:
        made = services.schedule(at=DECIDED_AT)
    assert {one.decision_id for one in made} == {one.pk for one in decisions}
    return len(sent)


def test_many_take_the_statements_of_few(desk):
    few, many = scheduled(desk, 2), scheduled(desk, 9)
    assert many <= few, (few, many)


def in_use(payout):
    return payout.decision.claim.member.accounts.get()


def test_slices_leave_what_each_alone_would_leave(desk, monkeypatch):
    def left():
        claims = list(Claim.objects.order_by("number").values_list("number", "state"))
        payouts = Payout.objects.order_by("decision__claim__number")
        entries = LedgerEntry.objects.order_by("pk").values_list("debit", "credit", "amount_fen", "fund_year")
        return (
            [state for _, state in claims],
            [
                (one.amount_fen, one.set_off_fen, one.state, one.account_number == in_use(one).number)
                for one in payouts
            ],
            list(entries),
            sorted(Event.objects.filter(actor_id="system").values_list("verb", flat=True)),
            [(one.posted_on, one.note[:5]) for one in Voucher.objects.order_by("pk")],
        )

    with_slices = _of_both(desk, left, monkeypatch, 200)
    alone = _of_both(desk, left, monkeypatch, 1)
    assert with_slices == alone


def _of_both(desk, left, monkeypatch, size):
    monkeypatch.setattr(services, "SLICE", size)
    with transaction.atomic():
        for amount in (100, 171_400, 3_000_000):
            a_final_decision(desk, amount)
        services.schedule(at=DECIDED_AT)
        found = left()
        transaction.set_rollback(True)
    return found


def test_one_whose_claim_was_moved_meanwhile_holds_up_nobody(desk):
    gone, stays = a_final_decision(desk), a_final_decision(desk)
    found = due.dues(DECIDED_AT)
    Claim.objects.filter(pk=gone.claim_id).update(state=State.REFUSED)
    made = [one for one in services._scheduled_each(found, DECIDED_AT) if one]
    assert [one.decision_id for one in made] == [stays.pk]
    assert not Payout.objects.filter(decision=gone).exists()
    gone.claim.refresh_from_db()
    assert gone.claim.state == State.REFUSED


def test_one_that_stands_in_the_books_already_is_said_and_the_others_before_it_are_paid(desk):
    first, second = a_final_decision(desk), a_final_decision(desk)
    [_, posted] = sorted(due.dues(DECIDED_AT), key=lambda one: one.decision.claim.number)
    ledger.post(
        source=f"decision:{posted.decision.pk}:payable",
        posted_on=DECIDED_AT.date(),
        note="先记过",
        rows=posted.rows,
        by=services.audit.SYSTEM,
        at=DECIDED_AT,
    )
    with pytest.raises(services.AlreadyPosted):
        services.schedule(at=DECIDED_AT + HOUR)
    paid = {one.decision_id for one in Payout.objects.all()}
    assert paid == {first.pk, second.pk} - {posted.decision.pk}
    posted.decision.claim.refresh_from_db()
    assert posted.decision.claim.state == State.DECIDED
