"""What the bank leaves unclear is held: never sent again by itself, resolved by the bank's paper and two people."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from factories.payouts import ANSWERED_AT, DECIDED_AT, HOUR, a_payout, a_released
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.bank.files import ReplyRefused
from huzhu.ledger import queries as books
from huzhu.notices.models import Notice
from huzhu.payouts import queries, services
from huzhu.payouts.demobank import reply_for
from huzhu.payouts.lifecycle import PAYOUT
from huzhu.payouts.models import DoubtAnswer, Payout
from huzhu.payouts.services import CannotPayAgain, DoubtRefused, NeverSentAgain
from huzhu.users.models import Role
from huzhu.users.permissions import NotAllowed

PAPER = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
LATER = ANSWERED_AT + HOUR


def balance(code: str) -> int:
    return next(one.balance_fen for one in books.balances() if one.line.code == code)


@pytest.fixture
def payout(desk) -> Payout:
    """In doubt, by the bank's own words."""
    batch = a_released(desk)
    data = reply_for(batch, ANSWERED_AT, unclear_lines={1})
    services.apply_reply(batch=batch, data=data, by=desk.maker, at=ANSWERED_AT)
    return batch.payouts.get()


def said(payout, by, *, paid=True, **more) -> DoubtAnswer:
    told = {"bank_at": ANSWERED_AT, "words": "银行回单 8801", "name": "回单.pdf", "data": PAPER, "at": LATER}
    return services.say_doubt(payout=payout, paid=paid, by=by, **told | more)


@pytest.mark.parametrize("code", [c for c in Role.Code if c not in {"payment_maker", "payment_releaser"}])
def test_who_may_not_resolve_a_doubt(desk, payout, code):
    with pytest.raises(NotAllowed):
        said(payout, a_role(code, desk.province))
    answer = said(payout, desk.maker)
    with pytest.raises(NotAllowed):
        services.confirm_doubt(answer=answer, agree=True, by=a_role(code, desk.province), at=LATER)


def test_who_said_it_does_not_confirm_it(desk, payout):
    answer = said(payout, desk.maker)
    turned = a_role("payment_releaser", desk.province, user=desk.maker.user)
    with pytest.raises(DoubtRefused, match="另一个人"):
        services.confirm_doubt(answer=answer, agree=True, by=turned, at=LATER)
    with pytest.raises(IntegrityError), transaction.atomic():
        DoubtAnswer.objects.filter(pk=answer.pk).update(
            state="confirmed", settled_by=desk.maker.user, settled_at=LATER
        )
    payout.refresh_from_db()
    assert payout.state == "in_doubt"


def test_an_unclear_answer_is_held_with_the_banks_words_and_its_age(desk, payout):
    assert (payout.state, payout.bank_words, payout.doubted_at) == (
        "in_doubt",
        "处理中，银行系统处理中",
        ANSWERED_AT,
    )
    assert (balance("2001"), balance("2003"), balance("1001")) == (0, 171_400, 0)
    assert list(queries.in_doubt(desk.auditor)) == [payout]
    assert payout.decision.claim.state == "paying"
    assert payout.batch.state == "released"
    assert not Notice.objects.filter(purpose="payout").exists()


def test_what_is_in_doubt_is_not_paid_again(desk, payout):
    with pytest.raises(CannotPayAgain):
        services.pay_again(payout=payout, by=desk.maker, at=LATER)
    with pytest.raises(services.AlreadyInABatch):
        services.make_batch(payouts=[payout], by=desk.maker, at=LATER)
    assert PAYOUT["in_doubt"].exits == ("paid", "failed")


def test_its_file_is_not_given_out_again(desk, payout):
    with pytest.raises(NeverSentAgain, match="可能付两次"):
        services.hand_out(batch=payout.batch, by=desk.maker, at=LATER)


def test_to_a_bank_that_tells_a_second_sending_from_the_first_the_same_file_goes_again(desk):
    first = a_payout(desk)
    batch = services.make_batch(payouts=[first], by=desk.maker, at=DECIDED_AT, form="fixed-txt")
    services.release(batch=batch, by=desk.releaser, at=DECIDED_AT + HOUR)
    data = services.hand_out(batch=batch, by=desk.maker, at=DECIDED_AT + 2 * HOUR)
    assert services.hold_unanswered(at=DECIDED_AT + timedelta(hours=26)) == 1
    assert services.hand_out(batch=batch, by=desk.maker, at=LATER) == data
    first.refresh_from_db()
    assert first.state == "in_doubt"
    told = Event.objects.filter(verb="payouts.hand_out").order_by("pk").last()
    assert told.detail["in_doubt"] == 1


def test_a_bank_that_says_nothing_by_its_day_is_in_doubt_once(desk):
    batch = a_released(desk, a_payout(desk), a_payout(desk, 500))
    released = DECIDED_AT + 2 * HOUR
    assert services.hold_unanswered(at=released + timedelta(hours=24)) == 0
    assert services.hold_unanswered(at=released + timedelta(hours=25)) == 2
    assert services.hold_unanswered(at=released + timedelta(hours=50)) == 0
    assert set(batch.payouts.values_list("bank_words", flat=True)) == {"放行后 24 小时银行没有回音"}
    assert balance("2003") == 171_900


@pytest.mark.parametrize("paid", [True, False])
def test_by_the_banks_paper_and_two_people_it_is_resolved(desk, payout, paid):
    answer = said(payout, desk.maker, paid=paid)
    payout.refresh_from_db()
    assert payout.state == "in_doubt"
    services.confirm_doubt(answer=answer, agree=True, by=desk.releaser, at=LATER)
    payout.refresh_from_db()
    claim = payout.decision.claim
    assert (payout.state, payout.bank_words) == ("paid" if paid else "failed", "查明：银行回单 8801")
    assert claim.state == ("paid" if paid else "paying")
    assert payout.batch.state == "closed"
    wanted = (0, 0, -171_400) if paid else (0, 171_400, 0)
    assert (balance("2003"), balance("2002"), balance("1001")) == wanted
    assert Notice.objects.filter(purpose="payout").count() == 1
    if not paid:
        again = services.pay_again(payout=payout, by=desk.maker, at=LATER)
        assert (again.replaces, balance("2002"), balance("2001")) == (payout, 0, 171_400)


def test_not_agreed_it_stays_in_doubt_and_may_be_said_anew(desk, payout):
    services.confirm_doubt(answer=said(payout, desk.maker), agree=False, by=desk.releaser, at=LATER)
    payout.refresh_from_db()
    assert payout.state == "in_doubt"
    second = said(payout, desk.releaser, paid=False)
    services.confirm_doubt(answer=second, agree=True, by=desk.maker, at=LATER)
    payout.refresh_from_db()
    assert payout.state == "failed"


def test_a_banks_later_clear_word_settles_it_and_what_was_said_meanwhile(desk, payout):
    answer = said(payout, desk.maker, paid=False)
    data = reply_for(payout.batch, ANSWERED_AT)
    services.apply_reply(batch=payout.batch, data=data, by=desk.maker, at=LATER)
    payout.refresh_from_db()
    answer.refresh_from_db()
    assert (payout.state, answer.state) == ("paid", "declined")
    with pytest.raises(DoubtRefused):
        services.confirm_doubt(answer=answer, agree=True, by=desk.releaser, at=LATER)
    assert balance("1001") == -171_400


def test_unclear_again_changes_nothing(desk, payout):
    data = reply_for(payout.batch, ANSWERED_AT - timedelta(minutes=1), unclear_lines={1})
    taken = services.apply_reply(batch=payout.batch, data=data, by=desk.maker, at=LATER)
    assert (taken.paid_count, taken.failed_count, taken.doubt_count) == (0, 0, 0)
    assert balance("2003") == 171_400


def test_what_was_resolved_is_not_contradicted_by_a_reply(desk):
    batch = a_released(desk, a_payout(desk), a_payout(desk, 500))
    data = reply_for(batch, ANSWERED_AT, unclear_lines={1, 2})
    services.apply_reply(batch=batch, data=data, by=desk.maker, at=ANSWERED_AT)
    payout = batch.payouts.get(line=1)
    late = reply_for(batch, ANSWERED_AT)
    answer = said(payout, desk.maker, paid=False)
    services.confirm_doubt(answer=answer, agree=True, by=desk.releaser, at=LATER)
    with pytest.raises(ReplyRefused, match="先前已回“银行退回”，这次说“成功”"):
        services.apply_reply(batch=batch, data=late, by=desk.maker, at=LATER)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"words": " "}, "凭什么"),
        ({"bank_at": DECIDED_AT}, "放行之后"),
        ({"bank_at": LATER + HOUR}, "现在之前"),
        ({"data": b"hello", "name": "a.pdf"}, "照片或 PDF"),
        ({"data": b""}, "空文件"),
    ],
)
def test_what_is_no_answer_is_refused(desk, payout, wrong, words):
    with pytest.raises(ValueError, match=words):
        said(payout, desk.maker, **wrong)
    assert not DoubtAnswer.objects.exists()


def test_two_people_do_not_both_say_it(desk, payout):
    said(payout, desk.maker)
    with pytest.raises(DoubtRefused, match="已有人登记"):
        said(payout, desk.releaser, paid=False)


def test_what_is_clear_has_no_doubt(desk):
    batch = a_released(desk)
    with pytest.raises(DoubtRefused, match="不再存疑"):
        said(batch.payouts.get(), desk.maker)


def test_what_is_at_the_bank_is_what_has_no_answer(desk):
    batch = a_released(desk, a_payout(desk), a_payout(desk, 500), a_payout(desk, 700))
    [(found, *_)] = queries.unanswered(desk.maker, ANSWERED_AT)
    assert (found.open_count, found.open_fen) == (3, batch.total_fen)
    data = reply_for(batch, ANSWERED_AT, unclear_lines={1})
    services.apply_reply(batch=batch, data=data, by=desk.maker, at=ANSWERED_AT)
    [(found, *_)] = queries.unanswered(desk.maker, LATER)
    assert (found.open_count, found.open_fen) == (1, batch.payouts.get(line=1).amount_fen)
