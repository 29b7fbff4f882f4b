"""What is owed comes back by the member's own money or is given up: one person says it, another confirms it."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from factories.bank import a_statement, an_own_account, the_line, told
from factories.claims import a_covered_member
from factories.clawing import LEAST, balance
from factories.users import a_role
from huzhu.claims.services import ReasonNeeded
from huzhu.contributions.claiming import LineUsed
from huzhu.contributions.models import LineUse
from huzhu.payouts import queries, receivables
from huzhu.payouts.models import Clearing, Receivable
from huzhu.payouts.receivables import ClearingRefused
from huzhu.reconciliation import services as reconciliation
from huzhu.reconciliation.models import Difference as Unexplained
from huzhu.users.models import Role
from huzhu.users.permissions import NotAllowed

pytestmark = pytest.mark.django_db
NEXT_STAY = {"admitted_on": date(2022, 7, 11), "discharged_on": date(2022, 7, 12)}


@pytest.fixture
def debt(office, wang):
    office.corrected(office.paid(wang).claim)
    office.scheduled()
    return Receivable.objects.get()


def came_in(office, reference="R1", yuan="1200.00"):
    """A credit on the paying account's statement, of today."""
    account = an_own_account(office.place.province, by=office.maker)
    a_statement(account, told(f"{office.at:%Y-%m-%d}", reference, yuan, "王小明"), by=office.maker)
    return the_line(reference)


def returned(office, debt, line):
    [said, *_] = receivables.record_return(receivable=debt, line=line, by=office.maker, at=office.later())
    return said


# ── who may not ──


def test_who_may_not_say_or_confirm_that_a_debt_came_back(office, debt):
    line = came_in(office)
    for code in set(Role.Code) - {"payment_maker"}:
        by = a_role(code, office.place.province)
        with pytest.raises(NotAllowed):
            receivables.record_return(receivable=debt, line=line, by=by, at=office.later())
        with pytest.raises(NotAllowed):
            receivables.give_up(receivable=debt, reason="困难", by=by, at=office.later())
    said = receivables.give_up(receivable=debt, reason="困难", by=office.maker, at=office.later())
    for code in set(Role.Code) - {"payment_releaser"}:
        by = a_role(code, office.place.province)
        with pytest.raises(NotAllowed):
            receivables.settle(clearing=said, agree=True, by=by, at=office.later())


def test_who_said_it_does_not_confirm_it(office, debt):
    said = receivables.give_up(receivable=debt, reason="困难", by=office.maker, at=office.later())
    both = Role.objects.create(
        user=office.maker.user, organisation=office.place.province, code="payment_releaser"
    )
    with pytest.raises(ClearingRefused, match="另一个人"):
        receivables.settle(clearing=said, agree=True, by=both, at=office.later())
    with pytest.raises(IntegrityError), transaction.atomic():
        Clearing.objects.filter(pk=said.pk).update(state="confirmed", settled_by=both.user)


# ── returned ──


def test_money_sent_back_is_booked_once_it_was_confirmed(office, debt):
    said = returned(office, debt, came_in(office))
    debt.refresh_from_db()
    assert (debt.left_fen, balance("1101")) == (120_000, 120_000)
    receivables.settle(clearing=said, agree=True, by=office.releaser, at=office.later())
    debt.refresh_from_db()
    assert (debt.left_fen, balance("1101"), balance("1001")) == (0, 0, 0)
    with pytest.raises(ClearingRefused, match="刚刚有人办过"):
        receivables.settle(clearing=said, agree=True, by=office.releaser, at=office.later())


def test_the_bank_and_the_books_agree_on_what_was_sent_back(office, debt):
    line = came_in(office)
    said = returned(office, debt, line)
    receivables.settle(clearing=said, agree=True, by=office.releaser, at=office.later())
    reconciliation.run(account=line.account, by=office.maker, at=office.later())
    assert not Unexplained.objects.filter(kind__in=("bank_extra", "bank_missing", "amount")).exists()


def test_a_line_is_used_once_and_free_again_where_nobody_agrees(office, debt):
    line = came_in(office)
    said = returned(office, debt, line)
    with pytest.raises((LineUsed, ClearingRefused)):
        returned(office, debt, line)
    with pytest.raises(ReasonNeeded):
        receivables.settle(clearing=said, agree=False, by=office.releaser, at=office.later())
    receivables.settle(
        clearing=said, agree=False, reason="不是这位会员的", by=office.releaser, at=office.later()
    )
    assert not LineUse.objects.filter(line=line, ended_at=None).exists()
    assert returned(office, debt, line).state == "said"


def test_more_than_is_owed_is_not_taken(office, debt):
    with pytest.raises(ClearingRefused, match="只欠"):
        returned(office, debt, came_in(office, yuan="1200.01"))
    assert not Clearing.objects.exists()
    assert not LineUse.objects.exists()


def test_a_part_is_taken_and_the_rest_stands(office, debt):
    receivables.settle(
        clearing=returned(office, debt, came_in(office, yuan="200.00")),
        agree=True,
        by=office.releaser,
        at=office.later(),
    )
    debt.refresh_from_db()
    assert (debt.left_fen, balance("1101")) == (100_000, 100_000)


# ── given up ──


def test_two_people_give_up_what_is_left(office, debt):
    said = receivables.give_up(receivable=debt, reason="会员已故", by=office.maker, at=office.later())
    receivables.settle(clearing=said, agree=True, by=office.releaser, at=office.later())
    debt.refresh_from_db()
    assert (debt.left_fen, balance("1101"), balance("5102")) == (0, 0, 120_000)


def test_nobody_gives_up_without_a_reason_or_twice(office, debt):
    with pytest.raises(ReasonNeeded):
        receivables.give_up(receivable=debt, reason=" ", by=office.maker, at=office.later())
    receivables.give_up(receivable=debt, reason="会员已故", by=office.maker, at=office.later())
    with pytest.raises(ClearingRefused, match="正等第二人确认"):
        receivables.give_up(receivable=debt, reason="会员已故", by=office.maker, at=office.later())


def test_what_was_kept_meanwhile_is_not_given_up_again(office, wang, debt):
    said = receivables.give_up(receivable=debt, reason="会员已故", by=office.maker, at=office.later())
    office.decided(wang, LEAST, number=2, **NEXT_STAY)
    office.scheduled()
    with pytest.raises(ClearingRefused, match="只剩"):
        receivables.settle(clearing=said, agree=True, by=office.releaser, at=office.later())
    debt.refresh_from_db()
    assert debt.left_fen == 60_000
    said.refresh_from_db()
    assert said.state == "said"


def test_the_database_refuses_more_than_is_owed(debt):
    with pytest.raises(IntegrityError), transaction.atomic():
        Receivable.objects.filter(pk=debt.pk).update(cleared_fen=debt.amount_fen + 1)


# ── across schemes, and who sees it ──


def test_a_debt_of_one_scheme_is_kept_from_another_through_the_bank_account(office, place):
    liu = a_covered_member(place, "刘女士")
    decision = office.paid(liu)
    office.corrected(decision.claim)
    office.scheduled()
    later = {
        "admitted_on": None,
        "discharged_on": None,
        "diagnosed_on": date(2022, 6, 23),
        "diagnosis": "D06.9",
    }
    office.decided(liu, number=2, kinds=["women"], **later)
    [payout] = office.scheduled()
    assert payout.set_off_fen == 120_000
    assert balance("1101") == 0
    assert balance("1001", scheme="yichun-120") == 0
    assert balance("1001", scheme="yichun-women") == -120_000
    assert balance("1001") == -120_000


def test_a_debt_is_seen_in_its_branch_only(office, debt):
    assert list(queries.receivables(office.maker)) == [debt]
    assert queries.receivables(office.place.agency()).count() == 0
    elsewhere = a_role("payment_maker", a_role("payment_maker").organisation)
    assert queries.receivables(elsewhere).count() == 0
    [voucher] = queries.vouchers_of(debt)
    assert queries.receivables_behind(office.maker, voucher.source) == [debt]
    assert queries.receivables_behind(office.maker, "receipt:R1:1") == []
