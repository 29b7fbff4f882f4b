"""Nothing is paid twice, and nothing that was decided is forgotten."""

import pytest
from django.db import IntegrityError, transaction

from factories.members import an_account
from factories.organisations import a_province
from factories.payouts import (
    ANSWERED_AT,
    DECIDED_AT,
    HOUR,
    a_batch,
    a_final_decision,
    a_payout,
    a_released,
    an_answered,
)
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.ledger import queries as books
from huzhu.ledger.models import Voucher
from huzhu.ledger.services import AlreadyPosted
from huzhu.members.models import BankAccount
from huzhu.notices.models import Notice
from huzhu.payouts import queries, services
from huzhu.payouts.demobank import reply_for
from huzhu.payouts.lifecycle import CannotMove
from huzhu.payouts.models import Payout, PayoutBatch


def balance(code: str) -> int:
    return next(one.balance_fen for one in books.balances() if one.line.code == code)


def test_a_second_schedule_finds_nothing(desk):
    decision = a_final_decision(desk)
    assert len(services.schedule(at=DECIDED_AT)) == 1
    assert services.schedule(at=DECIDED_AT + HOUR) == []
    decision.claim.refresh_from_db()
    assert decision.claim.state == "paying"
    assert Voucher.objects.count() == 1


def test_scheduling_books_the_expense_by_benefit_against_what_is_payable(desk):
    a_final_decision(
        desk, 3_171_400, benefits={"inpatient": 171_400, "critical": 1_500_000, "women": 1_500_000}
    )
    services.schedule(at=DECIDED_AT)
    assert [balance(code) for code in ("5001", "5002", "5003", "2001")] == [
        171_400,
        1_500_000,
        1_500_000,
        3_171_400,
    ]
    entry = Voucher.objects.get().entries.first()
    assert (entry.scheme_slug, entry.fund_year, entry.month) == ("yichun-120", 2022, "2022-07")
    assert entry.office == desk.city


def test_a_decision_without_an_account_waits_and_says_why(desk):
    decision = a_final_decision(desk, account=False)
    assert services.schedule(at=DECIDED_AT) == []
    [due] = queries.to_schedule(desk.maker, DECIDED_AT)
    assert "没有收款账户" in due.objection
    an_account(decision.claim.member)
    assert len(services.schedule(at=DECIDED_AT)) == 1


def test_a_decision_whose_parts_do_not_add_up_is_not_scheduled_and_holds_up_nobody(desk):
    a_final_decision(desk, 100, benefits={"inpatient": 99})
    a_final_decision(desk, 200)
    assert [payout.amount_fen for payout in services.schedule(at=DECIDED_AT)] == [200]
    [due] = queries.to_schedule(desk.maker, DECIDED_AT)
    assert "两者不等" in due.objection


@pytest.mark.parametrize("state", ["proposed", "overruled"])
def test_what_is_not_final_is_not_scheduled(desk, state):
    decision = a_final_decision(desk)
    type(decision).objects.filter(pk=decision.pk).update(state=state)
    assert services.schedule(at=DECIDED_AT) == []


def test_the_database_knows_one_living_payout_a_decision(desk):
    payout = a_payout(desk)
    for replaces in (None, payout):
        with pytest.raises(IntegrityError), transaction.atomic():
            Payout.objects.create(
                decision=payout.decision,
                replaces=replaces,
                amount_fen=1,
                holder="刘女士",
                bank_name="工商银行",
                account_number="6222020903000012345",
                scheduled_at=DECIDED_AT,
            )


@pytest.mark.parametrize("change", [{"state": "in_batch"}, {"state": "paid"}, {"line": 1}, {"amount_fen": 0}])
def test_the_database_refuses_half_a_step(desk, change):
    payout = a_payout(desk)
    with pytest.raises(IntegrityError), transaction.atomic():
        Payout.objects.filter(pk=payout.pk).update(**change)


def test_a_payout_goes_into_one_batch(desk):
    batch = a_batch(desk)
    with pytest.raises(services.AlreadyInABatch, match="以免重复付款"):
        a_batch(desk, batch.payouts.get())
    assert PayoutBatch.objects.count() == 1


def test_a_batch_holds_the_sum_that_was_agreed_to(desk):
    payouts = [a_payout(desk, 100), a_payout(desk, 250)]
    with pytest.raises(services.NotAsShown, match=r"2 笔 3.40 元.*2 笔 3.50 元"):
        services.make_batch(payouts=payouts, by=desk.maker, at=DECIDED_AT, shown=(2, 340))
    batch = services.make_batch(payouts=payouts, by=desk.maker, at=DECIDED_AT, shown=(2, 350))
    assert (batch.number, batch.count, batch.total_fen) == ("20220714-001", 2, 350)
    assert a_batch(desk).number == "20220714-002"
    PayoutBatch.objects.filter(pk=batch.pk).update(number="20220714-999")
    assert [a_batch(desk).number for _ in range(2)] == ["20220714-1000", "20220714-1001"]


def test_an_empty_batch_is_not_made(desk):
    with pytest.raises(services.NothingChosen):
        services.make_batch(payouts=[], by=desk.maker, at=DECIDED_AT)


def test_a_batch_that_was_sent_back_pays_nothing_and_its_payouts_wait_again(desk):
    batch = a_batch(desk)
    payout = batch.payouts.get()
    with pytest.raises(services.ReasonNeeded):
        services.send_back(batch=batch, reason=" ", by=desk.releaser, at=DECIDED_AT)
    services.send_back(batch=batch, reason="户名有误", by=desk.releaser, at=DECIDED_AT)
    payout.refresh_from_db()
    assert (payout.state, payout.batch, payout.line) == ("scheduled", None, None)
    with pytest.raises(CannotMove, match="已退回"):
        services.release(batch=batch, by=desk.releaser, at=DECIDED_AT)
    a_batch(desk, payout)


def test_a_batch_is_released_once(desk):
    batch = a_released(desk)
    with pytest.raises(CannotMove, match="已放行"):
        services.release(batch=batch, by=desk.releaser, at=DECIDED_AT + 3 * HOUR)
    with pytest.raises(CannotMove):
        services.send_back(batch=batch, reason="户名有误", by=desk.releaser, at=DECIDED_AT + 3 * HOUR)


def test_a_batch_whose_total_was_tampered_with_is_not_released(desk):
    batch = a_batch(desk)
    Payout.objects.filter(batch=batch).update(amount_fen=999_999)
    with pytest.raises(services.BatchDoesNotAddUp, match="数据被动过"):
        services.release(batch=batch, by=desk.releaser, at=DECIDED_AT + 2 * HOUR)


def test_paid_moves_payable_to_the_bank_and_the_claim_to_the_banks_time(desk):
    batch = an_answered(desk)
    payout = batch.payouts.get()
    claim = payout.decision.claim
    assert (batch.state, payout.state, payout.answered_at) == ("closed", "paid", ANSWERED_AT)
    assert (claim.state, claim.paid_at) == ("paid", ANSWERED_AT)
    assert (balance("2001"), balance("1001")) == (0, -171_400)
    voucher = Voucher.objects.get(source=f"decision:{payout.decision_id}:paid")
    assert voucher.posted_on.isoformat() == "2022-07-15"
    told = Notice.objects.get()
    assert "1,714.00 元已于 2022-07-15 16:24 到账" in told.text
    assert payout.account_number not in told.text


def test_the_same_reply_twice_changes_nothing(desk):
    batch = a_released(desk)
    data = reply_for(batch, ANSWERED_AT)
    first = services.apply_reply(batch=batch, data=data, by=desk.maker, at=ANSWERED_AT)
    before = (Voucher.objects.count(), Event.objects.count(), Notice.objects.count())
    assert services.apply_reply(batch=batch, data=data, by=desk.maker, at=ANSWERED_AT + HOUR) == first
    assert (Voucher.objects.count(), Event.objects.count(), Notice.objects.count()) == before


def test_what_failed_stays_payable_and_keeps_the_banks_words(desk):
    batch = an_answered(desk, a_payout(desk), a_payout(desk, 500, name="王小明"), fail_lines=[1])
    payout = batch.payouts.get(line=1)
    claim = payout.decision.claim
    assert (payout.state, payout.bank_words, claim.state) == ("failed", "账号与户名不符", "paying")
    assert (balance("2001"), balance("2002")) == (0, payout.amount_fen)
    [failed] = queries.failed(desk.maker, ANSWERED_AT)
    assert failed.payout == payout
    assert not failed.is_mended
    assert any("没有付成，银行说：账号与户名不符" in notice.text for notice in Notice.objects.all())


def test_a_failed_payment_is_mended_and_paid_again_once(desk):
    old = an_answered(desk, fail_lines=[1]).payouts.get()
    BankAccount.objects.filter(member=old.decision.claim.member).update(is_current=False)
    with pytest.raises(services.CannotPayAgain, match="没有使用中的收款账户"):
        services.pay_again(payout=old, by=desk.maker, at=ANSWERED_AT + HOUR)
    an_account(old.decision.claim.member, number="6217000000000054321", bank_name="建设银行")
    [failed] = queries.failed(desk.maker, ANSWERED_AT)
    assert failed.is_mended
    again = services.pay_again(payout=old, by=desk.maker, at=ANSWERED_AT + HOUR)
    assert (again.replaces, again.amount_fen, again.account_number) == (
        old,
        old.amount_fen,
        "6217000000000054321",
    )
    with pytest.raises(services.CannotPayAgain, match="以免付两次"):
        services.pay_again(payout=old, by=desk.maker, at=ANSWERED_AT + HOUR)
    assert queries.failed(desk.maker, ANSWERED_AT) == []
    batch = services.make_batch(payouts=[again], by=desk.maker, at=ANSWERED_AT + HOUR)
    services.release(batch=batch, by=desk.releaser, at=ANSWERED_AT + HOUR)
    data = reply_for(batch, ANSWERED_AT + 2 * HOUR)
    services.apply_reply(batch=batch, data=data, by=desk.maker, at=ANSWERED_AT + 2 * HOUR)
    again.decision.claim.refresh_from_db()
    assert again.decision.claim.state == "paid"
    assert [balance(code) for code in ("2001", "2002", "1001", "5001")] == [0, 0, -171_400, 171_400]


@pytest.mark.parametrize("traits", [{}, {"fail_lines": [9]}])
def test_what_was_not_sent_back_is_not_paid_again(desk, traits):
    payout = an_answered(desk, **traits).payouts.get()
    with pytest.raises(services.CannotPayAgain):
        services.pay_again(payout=payout, by=desk.maker, at=ANSWERED_AT + HOUR)


def test_the_books_let_a_decisions_money_leave_once_whatever_the_desk_says(desk):
    """A bug that made a payout sent again after it was paid would stop at the books."""
    batch = an_answered(desk)
    PayoutBatch.objects.filter(pk=batch.pk).update(state="released")
    batch.payouts.update(state="sent", answered_at=None)
    data = reply_for(batch, ANSWERED_AT + HOUR)
    with pytest.raises(AlreadyPosted):
        services.apply_reply(batch=batch, data=data, by=desk.maker, at=ANSWERED_AT + 2 * HOUR)


def test_every_step_is_in_the_trail(desk):
    an_answered(desk, fail_lines=[1])
    verbs = list(
        Event.objects.filter(verb__startswith="payouts.").order_by("pk").values_list("verb", flat=True)
    )
    assert sorted(verbs) == [
        "payouts.apply_reply",
        "payouts.failed",
        "payouts.make_batch",
        "payouts.release",
        "payouts.schedule",
    ]


def test_who_sees_what(desk):
    batch = an_answered(desk)
    claim = batch.payouts.get().decision.claim
    sees = {code: queries.visible_to(a_role(code, desk.province)).count() for code in PEOPLE}
    assert sees == PEOPLE
    assert queries.visible_to(claim.member).count() == 1
    assert queries.batches(desk.auditor).get() == batch
    elsewhere = a_role("auditor", a_province(name="吉林省办事处"))
    assert not queries.visible_to(elsewhere).exists()
    assert not queries.batches(elsewhere).exists()
    assert not queries.batches(a_role("agency_clerk", desk.city)).exists()


PEOPLE = {
    "employer_clerk": 0,
    "county_clerk": 0,
    "agency_clerk": 1,
    "reviewer": 1,
    "second_reviewer": 1,
    "payment_maker": 1,
    "payment_releaser": 1,
    "auditor": 1,
    "leader": 0,
    "cadre": 0,
    "policy": 0,
    "administrator": 0,
}
