"""Money that a member sent back: between one person's word and another's it is told apart, and stops nothing."""

from datetime import date, timedelta

import pytest

from factories.bank import a_statement, an_own_account, as_csv, rows_of, told
from factories.claims import a_covered_member
from factories.clawing import Office, balance
from huzhu.bank.models import StatementLine, Stop
from huzhu.bank.services import Typed, take
from huzhu.core.money import yuan
from huzhu.payouts import receivables
from huzhu.payouts.models import Clearing, Receivable
from huzhu.reconciliation import queries, services
from huzhu.reconciliation.models import Difference
from huzhu.reconciliation.sides import sides_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
DAY = date(2022, 7, 20)


@pytest.fixture
def office(place):
    return Office(place)


@pytest.fixture
def line(office, place):
    """A claim was paid 1,200.00 and taken back to nothing, and as much comes in from the member."""
    paid = office.paid(a_covered_member(place, "王小明", sex="male"))
    office.corrected(paid.claim)
    office.scheduled()
    office.at += timedelta(days=8)
    account = an_own_account(place.province, by=office.maker, since=date(2022, 7, 16))
    lies = yuan(balance("1001"))
    a_statement(
        account,
        told(f"{DAY}", "R1", "1200.00", "王小明"),
        by=office.maker,
        opening=lies,
        last_on=DAY,
        at=office.later(),
    )
    return StatementLine.objects.select_related("account__organisation").get()


@pytest.fixture
def said(office, line):
    receivables.record_return(
        receivable=Receivable.objects.get(), line=line, by=office.maker, at=office.later()
    )
    return Clearing.objects.get()


def run(office, line):
    return services.run(account=line.account, by=office.maker, at=office.later())


def stands():
    return [(one.kind, one.state) for one in Difference.objects.exclude(state="gone")]


def test_before_anybody_has_said_what_it_is_it_stops_payouts(office, line):
    run(office, line)
    assert stands() == [("bank_extra", "open")]
    assert Stop.objects.open().exists()


def test_said_and_not_confirmed_it_waits_by_name_and_stops_nothing(office, line, said):
    made = run(office, line)
    assert stands() == [("to_confirm", "said")]
    [one] = queries.to_confirm(office.releaser)
    assert "已登记为会员退回" in one.words
    assert said.receivable.difference.decision.claim.number in one.words
    assert not Stop.objects.open().exists()
    assert "待第二人确认 1 条" in services.said(made, 0, queries.awaits_count(line.account))
    with pytest.raises(services.ExplanationRefused, match="待第二人确认"):
        services.explain(difference=one, cause="timing", reason="等确认", by=office.releaser, at=office.at)


def test_confirmed_it_is_gone(office, line, said):
    run(office, line)
    receivables.settle(clearing=said, agree=True, by=office.releaser, at=office.later())
    made = run(office, line)
    assert (stands(), made.difference_fen, made.found_count) == ([], 0, 0)


def test_not_agreed_to_it_is_unexplained_again(office, line, said):
    run(office, line)
    receivables.settle(
        clearing=said, agree=False, reason="不是这位会员", by=office.releaser, at=office.later()
    )
    run(office, line)
    assert stands() == [("bank_extra", "open")]
    receivables.record_return(receivable=said.receivable, line=line, by=office.maker, at=office.later())
    run(office, line)
    assert stands() == [("to_confirm", "said")]
    assert not Stop.objects.open().exists()


def test_a_week_without_the_second_word_makes_it_unexplained(office, line, said):
    for days, kind in ((6, "to_confirm"), (9, "bank_extra")):
        until = DAY + timedelta(days=days)
        office.at += timedelta(days=days + 1)
        _further(line.account, told(f"{until}", f"I{days}", "0.01", "", "", "结息"), office)
        run(office, line)
        assert (kind, "said" if kind == "to_confirm" else "open") in stands()


def test_whoever_said_it_explains_it_no_more_than_whoever_confirmed_it(office, line, said):
    """Before the second word and after it."""
    office.at += timedelta(days=9)
    _further(line.account, told(f"{DAY + timedelta(days=9)}", "I9", "0.01", "", "", "结息"), office)
    run(office, line)
    waits = Difference.objects.get(kind="bank_extra", line=line)
    assert f"user:{said.said_by_id}" in waits.caused_by
    receivables.settle(clearing=said, agree=True, by=office.releaser, at=office.later())
    [book] = [one for one in sides_of(line.account, DAY).book if one.reference == "R1"]
    assert book.caused_by == {office.maker.actor_id, office.releaser.actor_id}


def _further(account, line, office):
    last = account.lines.order_by("-position").first()
    data = as_csv(rows_of([line], yuan(last.balance_fen)))
    take(account=account, name="a.csv", data=data, typed=Typed(), by=office.maker, at=office.later())
