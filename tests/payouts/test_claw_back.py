"""After a reversed settlement: what was not sent is replaced, what is at the bank waits, what was paid is owed back."""

from datetime import date

import pytest

from factories.clawing import LARGE, LEAST, balance
from huzhu.claims.models import Claim
from huzhu.ledger.models import LedgerEntry
from huzhu.notices.models import Notice
from huzhu.payouts import differences, services
from huzhu.payouts.holding import SettlementInQuestion
from huzhu.payouts.models import Clearing, Difference, Payout, Receivable

pytestmark = pytest.mark.django_db
NEXT_STAY = {"admitted_on": date(2022, 7, 11), "discharged_on": date(2022, 7, 12)}


def told() -> str:
    """Every message, since two of one instant have no order."""
    return "\n".join(one.text for one in Notice.objects.all())


def state_of(claim) -> str:
    return Claim.objects.get(pk=claim.pk).state


# ── after it was paid ──


def test_what_was_paid_on_a_reversed_settlement_is_owed_back(office, wang):
    decision = office.paid(wang)
    office.corrected(decision.claim)
    assert office.scheduled() == []
    owed = Receivable.objects.get()
    assert (owed.amount_fen, owed.left_fen, owed.member) == (120_000, 120_000, wang)
    assert (balance("1101"), balance("5001"), balance("2001"), balance("1001")) == (120_000, 0, 0, -120_000)
    entry = LedgerEntry.objects.get(debit="1101")
    assert (entry.scheme_slug, entry.fund_year, entry.office) == ("yichun-120", 2022, decision.claim.office)
    assert state_of(decision.claim) == "paid"
    assert "多发了 1,200.00 元" in told()


def test_a_correction_is_taken_once(office, wang):
    office.corrected(office.paid(wang).claim)
    assert differences.take(at=office.later()) == 1
    assert differences.take(at=office.later()) == 0
    assert (Receivable.objects.count(), Difference.objects.count()) == (1, 1)


def test_what_was_paid_too_little_goes_through_the_ordinary_batch(office, wang):
    decision = office.paid(wang)
    office.corrected(decision.claim, LARGE)
    [more] = office.scheduled()
    assert (more.amount_fen, more.set_off_fen, more.state) == (120_000, 0, "scheduled")
    office.answered(office.sent())
    more.refresh_from_db()
    assert more.state == "paid"
    assert (balance("5001"), balance("1001"), balance("1101")) == (240_000, -240_000, 0)
    assert state_of(decision.claim) == "paid"


# ── before the bank has it ──


def test_what_waits_for_a_batch_is_replaced(office, wang):
    decision = office.decided(wang)
    [old] = office.scheduled()
    office.corrected(decision.claim, LEAST)
    [new] = office.scheduled()
    old.refresh_from_db()
    assert (old.state, new.amount_fen) == ("replaced", 60_000)
    assert (balance("5001"), balance("2001"), balance("1101")) == (60_000, 60_000, 0)
    assert not Receivable.objects.exists()
    office.answered(office.sent())
    assert state_of(decision.claim) == "paid"


def test_where_nothing_is_left_before_payment_the_claim_is_over(office, wang):
    decision = office.decided(wang)
    [old] = office.scheduled()
    office.corrected(decision.claim)
    assert office.scheduled() == []
    old.refresh_from_db()
    assert old.state == "replaced"
    assert state_of(decision.claim) == "refused"
    assert (balance("5001"), balance("2001")) == (0, 0)


def test_nothing_is_scheduled_or_sent_while_the_settlement_is_in_question(office, wang):
    decision = office.decided(wang)
    office.changed(decision.claim, LEAST)
    assert office.scheduled() == []
    [due] = services.dues(office.at)
    assert "重算" in due.objection


def test_a_payout_whose_settlement_is_in_question_gets_into_no_batch(office, wang):
    decision = office.decided(wang)
    [payout] = office.scheduled()
    office.changed(decision.claim)
    with pytest.raises(SettlementInQuestion, match=decision.claim.number):
        services.make_batch(payouts=[payout], by=office.maker, at=office.later())


def test_a_made_batch_is_not_released_and_sent_back_its_payout_is_replaced(office, wang):
    decision = office.decided(wang)
    batch = office.batched()
    office.corrected(decision.claim, LEAST)
    assert office.scheduled() == []  # it stands in a batch: nothing is decided about it yet
    with pytest.raises(SettlementInQuestion, match="退回这一批"):
        services.release(batch=batch, by=office.releaser, at=office.later())
    services.send_back(batch=batch, reason="医保退费", by=office.releaser, at=office.later())
    [new] = office.scheduled()
    assert new.amount_fen == 60_000
    assert balance("2001") == 60_000


# ── while the bank has it ──


def test_what_is_at_the_bank_waits_for_its_word_and_paid_is_owed_back(office, wang):
    decision = office.decided(wang)
    batch = office.sent()
    office.corrected(decision.claim, LEAST)
    assert office.scheduled() == []
    assert not Receivable.objects.exists()
    office.answered(batch)
    assert office.scheduled() == []
    assert Receivable.objects.get().amount_fen == 60_000


def test_what_is_in_doubt_waits_too(office, wang):
    decision = office.decided(wang)
    batch = office.sent()
    office.answered(batch, unclear_lines={1})
    office.corrected(decision.claim)
    office.scheduled()
    assert not Difference.objects.exists()
    office.answered(batch)
    office.scheduled()
    assert Receivable.objects.get().amount_fen == 120_000


def test_what_the_bank_sent_back_is_replaced_and_never_paid_again(office, wang):
    decision = office.decided(wang)
    office.answered(office.sent(), fail_lines={1})
    failed = Payout.objects.get()
    office.corrected(decision.claim, LEAST)
    with pytest.raises(SettlementInQuestion):
        services.pay_again(payout=failed, by=office.maker, at=office.later())
    assert office.scheduled() == []
    failed.refresh_from_db()
    assert failed.state == "replaced"
    assert (balance("2002"), balance("5001"), balance("2001")) == (0, 0, 0)
    [due] = services.dues(office.at)
    assert "银行退回过这个账户" in due.objection


# ── set off ──


@pytest.fixture
def debt(office, wang):
    office.corrected(office.paid(wang).claim)
    office.scheduled()
    return Receivable.objects.get()


def test_the_next_payout_is_smaller_by_what_is_owed(office, wang, debt):
    office.decided(wang, LARGE, number=2, **NEXT_STAY)
    [payout] = office.scheduled()
    assert (payout.amount_fen, payout.set_off_fen) == (120_000, 120_000)
    debt.refresh_from_db()
    assert debt.left_fen == 0
    assert (balance("1101"), balance("2001"), balance("5001")) == (0, 120_000, 240_000)
    office.answered(office.sent())
    assert (balance("2001"), balance("1001")) == (0, -240_000)
    assert "另有 1,200.00 元抵扣" in told()


def test_a_payout_that_is_kept_whole_is_no_line_of_a_bank_but_settled_and_said(office, wang, debt):
    decision = office.decided(wang, LEAST, number=2, **NEXT_STAY)
    [payout] = office.scheduled()
    assert (payout.amount_fen, payout.set_off_fen, payout.state) == (0, 60_000, "set_off")
    assert state_of(decision.claim) == "paid"
    assert services.schedule(at=office.later()) == []
    assert not Payout.objects.filter(state="scheduled").exists()
    debt.refresh_from_db()
    assert debt.left_fen == 60_000
    assert (balance("1101"), balance("2001")) == (60_000, 0)
    assert "全部抵扣" in told()


def test_a_smaller_payout_that_the_bank_sends_back_is_paid_again_as_small(office, wang, debt):
    office.decided(wang, LARGE, number=2, **NEXT_STAY)
    batch = office.sent()
    office.answered(batch, fail_lines={1})
    failed = Payout.objects.get(state="failed")
    again = services.pay_again(payout=failed, by=office.maker, at=office.later())
    assert (again.amount_fen, again.set_off_fen) == (120_000, 120_000)
    assert (balance("2001"), balance("2002")) == (120_000, 0)


def test_a_smaller_payout_that_is_replaced_gives_the_debt_back(office, wang, debt):
    decision = office.decided(wang, LARGE, number=2, **NEXT_STAY)
    office.scheduled()
    office.corrected(decision.claim, LEAST)
    [new] = office.scheduled()
    debt.refresh_from_db()
    assert (new.amount_fen, new.set_off_fen, debt.left_fen) == (0, 60_000, 60_000)
    assert (balance("1101"), balance("5001"), balance("2001")) == (60_000, 60_000, 0)
    assert set(Clearing.objects.values_list("state", "amount_fen")) == {
        ("undone", 120_000),
        ("confirmed", 60_000),
    }


# ── twice ──


def test_a_second_correction_moves_only_its_own_difference(office, wang):
    decision = office.paid(wang)
    office.corrected(decision.claim, LARGE)
    office.answered(office.sent())
    office.corrected(decision.claim, LEAST, setl_id="S2022999998")
    office.scheduled()
    assert Receivable.objects.get().amount_fen == 180_000
    assert (balance("5001"), balance("1101"), balance("1001")) == (60_000, 180_000, -240_000)


def test_two_corrections_before_any_money_moved_settle_once(office, wang):
    decision = office.paid(wang)
    office.corrected(decision.claim, LARGE)
    office.corrected(decision.claim, LEAST, setl_id="S2022999998")
    assert office.scheduled() == []
    assert [one.amount_fen for one in Difference.objects.all()] == [-60_000]
    assert (balance("5001"), balance("1101"), balance("1001")) == (60_000, 60_000, -120_000)


def test_what_a_first_correction_would_pay_on_is_replaced_by_the_second(office, wang):
    decision = office.paid(wang)
    office.corrected(decision.claim, LARGE)
    [more] = office.scheduled()
    office.corrected(decision.claim, LEAST, setl_id="S2022999998")
    assert office.scheduled() == []
    more.refresh_from_db()
    assert more.state == "replaced"
    assert (balance("5001"), balance("1101"), balance("2001")) == (60_000, 60_000, 0)
