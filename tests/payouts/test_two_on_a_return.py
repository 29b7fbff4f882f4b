"""Two at the same moment at what the bank gave back: two who say it, and two who confirm it."""

from collections import Counter
from datetime import date
from functools import partial

import pytest
from django.db import connection

from factories.at_once import in_rounds
from factories.bank import a_statement, an_own_account, told
from factories.clawing import balance
from factories.many_payouts import many_scheduled
from factories.payouts import ANSWERED_AT, HOUR, Desk, an_answered
from factories.users import a_role
from huzhu.bank.models import StatementLine
from huzhu.contributions.models import LineUse
from huzhu.payouts import services
from huzhu.payouts.models import BankReturn, Payout

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 100 if connection.vendor == "postgresql" else 10  # SQLite has one writer at a time
LATER = ANSWERED_AT + 5 * 24 * HOUR


def paid_and_lines(desk: Desk, count: int, lines: int) -> tuple[list[Payout], list[StatementLine]]:
    """So many payments of 1,714.00 each, and credits of as much."""
    batch = an_answered(desk, *many_scheduled(desk, count))
    account = an_own_account(desk.province, by=desk.maker)
    credits_ = [told("2022-07-18", f"B{n:04d}", "1714.00", "龙江银行") for n in range(lines)]
    a_statement(account, *credits_, by=desk.maker, last_on=date(2022, 7, 31))
    found = batch.payouts.select_related("decision__claim__office").order_by("line")
    return list(found), list(StatementLine.objects.select_related("account").order_by("reference"))


def kinds(rounds: list[list[object]]) -> Counter[str]:
    return Counter(type(one).__name__ for pair in rounds for one in pair)


def test_of_two_who_say_it_by_two_lines_one_is_told_that_it_is_said():
    desk = Desk()
    payouts, lines = paid_and_lines(desk, ROUNDS, 2 * ROUNDS)
    say = partial(services.say_return, words="退票", at=LATER)
    answers = in_rounds(
        [
            [
                partial(say, payout=one, line=lines[n], by=desk.maker),
                partial(say, payout=one, line=lines[ROUNDS + n], by=desk.releaser),
            ]
            for n, one in enumerate(payouts)
        ]
    )
    assert kinds(answers) == {"BankReturn": ROUNDS, "ReturnRefused": ROUNDS}
    assert BankReturn.objects.count() == LineUse.objects.filter(ended_at=None).count() == ROUNDS


def test_of_two_who_say_it_of_two_payments_by_one_line_one_is_told_that_the_line_is_taken():
    desk = Desk()
    payouts, lines = paid_and_lines(desk, 2 * ROUNDS, ROUNDS)
    say = partial(services.say_return, words="退票", at=LATER)
    answers = in_rounds(
        [
            [
                partial(say, payout=payouts[n], line=line, by=desk.maker),
                partial(say, payout=payouts[ROUNDS + n], line=line, by=desk.releaser),
            ]
            for n, line in enumerate(lines)
        ]
    )
    assert kinds(answers) == {"BankReturn": ROUNDS, "ReturnRefused": ROUNDS}
    assert BankReturn.objects.count() == LineUse.objects.filter(ended_at=None).count() == ROUNDS


def test_of_two_who_confirm_it_or_do_not_one_is_heard():
    """Agreed, it is in the books once; not agreed, not at all."""
    desk = Desk()
    payouts, lines = paid_and_lines(desk, ROUNDS, ROUNDS)
    other = a_role("payment_releaser", desk.province)
    pairs = zip(payouts, lines, strict=True)
    said = [
        services.say_return(payout=one, line=line, words="", by=desk.maker, at=LATER) for one, line in pairs
    ]
    confirm = partial(services.confirm_return, at=LATER)
    answers = in_rounds(
        [
            [
                partial(confirm, found=one, agree=True, by=desk.releaser),
                partial(confirm, found=one, agree=bool(n % 2), by=other),
            ]
            for n, one in enumerate(said)
        ]
    )
    assert kinds(answers) == {"BankReturn": ROUNDS, "ReturnRefused": ROUNDS}
    back = BankReturn.objects.filter(state="confirmed").count()
    assert Payout.objects.filter(state="failed").count() == back
    assert LineUse.objects.filter(ended_at=None, voucher__isnull=False).count() == back
    assert balance("2002") == back * 171_400
