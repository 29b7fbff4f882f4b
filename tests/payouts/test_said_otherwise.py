"""A bank that takes its word back: what was paid stays paid by a word alone, and holds up no other line of its reply."""

from datetime import date, timedelta

import pytest

from factories.bank import a_statement, an_own_account, told
from factories.payouts import ANSWERED_AT, HOUR, a_payout, a_released
from huzhu.audit.models import Event
from huzhu.bank.files import ReplyRefused
from huzhu.bank.models import StatementLine
from huzhu.core.money import yuan
from huzhu.ledger import queries as books
from huzhu.payouts import queries, replies, services
from huzhu.payouts.lifecycle import CannotMove
from huzhu.payouts.models import Payout, ReplyFile
from huzhu.rules.units import SHANGHAI

LATER = ANSWERED_AT + HOUR
pytestmark = pytest.mark.django_db


def reply(batch, *said, at=ANSWERED_AT) -> bytes:
    """As the bank writes it: (line, fen, result, words)."""
    rows = [
        f"{batch.number},{line},{yuan(fen)},{result},{words},{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
        for line, fen, result, words in said
    ]
    foot = f"合计,{len(said)},{yuan(sum(fen for _, fen, *_ in said))}"
    return "\r\n".join(["批次号,序号,金额,结果,说明,时间", *rows, foot, ""]).encode("gb18030")


def balance(code: str) -> int:
    return next(one.balance_fen for one in books.balances() if one.line.code == code)


@pytest.fixture
def batch(desk):
    """The bank has said of the first that it is paid, and nothing of the second."""
    made = a_released(desk, a_payout(desk, 100), a_payout(desk, 250))
    services.apply_reply(batch=made, data=reply(made, (1, 100, "成功", "")), by=desk.maker, at=ANSWERED_AT)
    return made


def apply(desk, batch, *said, at=ANSWERED_AT) -> ReplyFile:
    return services.apply_reply(batch=batch, data=reply(batch, *said, at=at), by=desk.maker, at=LATER)


@pytest.mark.parametrize(("result", "kept"), [("失败", "退票"), ("处理中", "处理中，退票")])
def test_the_other_lines_of_the_reply_go_in(desk, batch, result, kept):
    taken = apply(desk, batch, (1, 100, result, "退票"), (2, 250, "成功", ""))
    first, second = batch.payouts.order_by("line")
    assert (first.state, first.later_words, first.bank_words) == ("paid", kept, "")
    assert second.state == "paid"
    assert (taken.paid_count, taken.failed_count, taken.doubt_count) == (1, 0, 0)
    assert (balance("1001"), balance("2002")) == (-350, 0)
    [event] = Event.objects.filter(verb="payouts.said_otherwise")
    assert (event.object_id, event.detail["words"]) == (str(first.pk), kept)
    assert apply(desk, batch, (1, 100, result, "退票"), (2, 250, "成功", "")) == taken


def test_before_it_is_taken_in_it_is_told_who_had_said_that_it_was_paid(desk, batch):
    found = replies.preview(batch, reply(batch, (1, 100, "失败", "退票"), (2, 250, "成功", "")), LATER)
    [(payout, answer)] = found.otherwise
    assert (payout.line, answer.words, found.known, len(found.news)) == (1, "退票", 0, 1)
    event = queries.paid_by_whom([payout])[str(payout.pk)]
    assert (event.actor_name, event.at) == (desk.maker.actor_name, ANSWERED_AT)
    assert not Event.objects.filter(verb="payouts.said_otherwise").exists()


def test_where_everything_was_answered_a_later_word_is_told_what_to_do(desk, batch):
    apply(desk, batch, (2, 250, "成功", ""))
    with pytest.raises(CannotMove, match="打开那一笔登记银行退回"):
        apply(desk, batch, (1, 100, "失败", "退票"))


def test_another_amount_is_refused_all_the_same(desk, batch):
    with pytest.raises(ReplyRefused, match="我们送出的是"):
        apply(desk, batch, (1, 101, "失败", "退票"), (2, 250, "成功", ""))
    assert batch.payouts.get(line=2).state == "sent"


def test_what_was_refused_is_not_paid_by_a_later_word(desk):
    made = a_released(desk, a_payout(desk, 100), a_payout(desk, 250))
    apply(desk, made, (1, 100, "失败", "销户"))
    with pytest.raises(ReplyRefused, match="先前已回“银行退回”，这次说“成功”"):
        apply(desk, made, (1, 100, "成功", ""), (2, 250, "成功", ""))


def came_back(desk, payout) -> None:
    account = an_own_account(desk.province, by=desk.maker)
    back = told("2022-07-16", "B1", yuan(payout.amount_fen), "龙江银行", "", "退票")
    a_statement(account, back, by=desk.maker, last_on=date(2022, 7, 31))
    found = services.say_return(
        payout=payout, line=StatementLine.objects.get(), words="", by=desk.maker, at=LATER
    )
    services.confirm_return(found=found, agree=True, by=desk.releaser, at=LATER)


def test_when_the_money_is_there_the_word_is_settled_and_old_words_are_no_news(desk, batch):
    """A reply that tells the whole batch once more says of what came back that it had been paid: so it had."""
    apply(desk, batch, (1, 100, "失败", "退票"))
    came_back(desk, batch.payouts.get(line=1))
    first = batch.payouts.get(line=1)
    assert (first.state, first.bank_words, first.later_words) == ("failed", "退票", "")
    apply(desk, batch, (1, 100, "成功", ""), (2, 250, "成功", ""))
    assert Payout.objects.get(pk=first.pk).state == "failed"
    assert batch.payouts.get(line=2).state == "paid"


def test_a_payment_after_it_came_back_is_a_contradiction(desk, batch):
    came_back(desk, batch.payouts.get(line=1))
    late = ANSWERED_AT + timedelta(days=2)
    data = reply(batch, (1, 100, "成功", ""), (2, 250, "成功", ""), at=late)
    with pytest.raises(ReplyRefused, match="先前已回“银行退回”，这次说“成功”"):
        services.apply_reply(batch=batch, data=data, by=desk.maker, at=late)
    assert batch.payouts.get(line=2).state == "sent"
