"""A mistake in the books is taken back by its mirror image: once, with a reason, naming the old voucher."""

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction

from factories.ledger import NOON, a_row, a_voucher
from factories.organisations import a_city
from huzhu.audit.models import Event
from huzhu.audit.services import SYSTEM
from huzhu.ledger import queries
from huzhu.ledger.accounts import CHART, purse_of
from huzhu.ledger.models import LedgerEntry, Voucher
from huzhu.ledger.services import (
    AlreadyPosted,
    CannotReverse,
    EntryRefused,
    Posting,
    ensure_chart,
    post_many,
    reverse,
)

pytestmark = pytest.mark.django_db
FRIDAY = date(2022, 8, 5)


def reversed_(voucher, reason="金额抄错", on=FRIDAY, **more):
    return reverse(voucher=voucher, reason=reason, posted_on=on, by=SYSTEM, at=NOON, **more)


def test_a_reversal_swaps_the_sides_and_keeps_what_the_entry_is_kept_by():
    city = a_city()
    old = a_voucher(a_row(9_000, office=city), a_row(3_000, credit="4004", office=city, fund_year=2021))
    mirror = reversed_(old)
    rows = mirror.entries.order_by("pk").values_list("debit", "credit", "amount_fen", "fund_year", "month")
    assert list(rows) == [("4001", "1001", 9_000, 2022, "2022-08"), ("4004", "1001", 3_000, 2021, "2022-08")]
    assert (mirror.reverses, mirror.note) == (old, f"冲销 {old.number}：金额抄错")
    assert {one.balance_fen for one in queries.balances()} == {0}


def test_it_is_done_once():
    old = a_voucher()
    mirror = reversed_(old)
    with pytest.raises(CannotReverse, match=f"已经由凭证 {mirror.number} 冲销过"):
        reversed_(old, source="another")
    with pytest.raises(IntegrityError), transaction.atomic():
        Voucher.objects.create(
            number="x", source="by hand", posted_on=FRIDAY, note="x", posted_at=NOON, reverses=old
        )
    assert Voucher.objects.count() == 2


def test_a_reversal_is_not_reversed():
    mirror = reversed_(a_voucher())
    with pytest.raises(CannotReverse, match="本身是冲销凭证"):
        reversed_(mirror)


def test_a_reason_is_asked_for():
    with pytest.raises(CannotReverse, match="没有写冲销的原因"):
        reversed_(a_voucher(), reason="  ")
    assert Voucher.objects.count() == 1


def test_who_reversed_what_and_why_is_in_the_trail():
    old = a_voucher()
    mirror = reversed_(old)
    event = Event.objects.get(verb="ledger.reverse")
    assert (event.object_id, event.detail) == (
        str(mirror.pk),
        {"reverses": old.number, "reason": "金额抄错"},
    )


def test_many_vouchers_are_posted_together_or_not_at_all(django_assert_max_num_queries):
    city = a_city()
    ensure_chart()
    many = [Posting(f"test-many:{n}", FRIDAY, "会费", [a_row(n, office=city)]) for n in range(1, 101)]
    with django_assert_max_num_queries(20):
        vouchers = post_many(postings=many, by=SYSTEM, at=NOON)
    assert [one.number[-5:] for one in vouchers] == [f"{n:05d}" for n in range(1, 101)]
    assert [one.entries.get().amount_fen for one in vouchers[::33]] == [1, 34, 67, 100]
    assert Event.objects.filter(verb="ledger.post").count() == 100
    late = [Posting("test-many:new", FRIDAY, "会费", [a_row(office=city)]), many[41]]
    with pytest.raises(AlreadyPosted, match="20220805-00042"):
        post_many(postings=late, by=SYSTEM, at=NOON)
    assert Voucher.objects.count() == 100


PURSES = [("1001", "6401"), ("6001", "7401"), ("7001", "4001"), ("8001", "4004"), ("8001", "6401")]


@pytest.mark.parametrize(("debit", "credit"), [*PURSES, *(pair[::-1] for pair in PURSES)])
def test_no_row_moves_between_two_purses(debit, credit):
    city = a_city()
    with pytest.raises(EntryRefused, match="两种资金不能互相划转"):
        a_voucher(a_row(debit=debit, credit=credit, office=city))
    voucher = a_voucher(a_row(office=city))
    columns = [field.column for field in LedgerEntry._meta.fields]
    instead = {"id": "id + 1", "source": "'x'", "debit_id": f"'{debit}'", "credit_id": f"'{credit}'"}
    picked = ", ".join(instead.get(name, name) for name in columns)
    with (
        pytest.raises(IntegrityError, match="between_no_two_purses"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            f"INSERT INTO ledger_ledgerentry ({', '.join(columns)}) SELECT {picked} FROM ledger_ledgerentry"  # noqa: S608
        )
    assert voucher.entries.count() == LedgerEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("debit", "credit"), [("1001", "1003"), ("5001", "2001"), ("6001", "6401"), ("8001", "8002")]
)
def test_within_a_purse_money_moves(debit, credit):
    a_voucher(a_row(debit=debit, credit=credit))
    assert LedgerEntry.objects.get().debit_id == debit


def test_every_account_has_one_purse():
    assert len({line.code for line in CHART}) == len(CHART)
    assert {purse_of(line.code).name for line in CHART} == {"MUTUAL", "UNION", "HARDSHIP", "MEMO"}
