"""Writing in the books: once for each source, balanced by construction, and nobody can change it afterwards."""

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction

from factories.ledger import a_row, a_voucher
from factories.organisations import a_city
from huzhu.audit.models import Event
from huzhu.ledger.accounts import CHART, expense_of, income_of
from huzhu.ledger.models import Account, LedgerEntry, Voucher
from huzhu.ledger.services import AlreadyPosted, EntryRefused, check_rows, ensure_chart

pytestmark = pytest.mark.django_db


def by_hand(statement: str, values: tuple = ()) -> None:
    """What somebody with a database prompt would type."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_ledgerentry SET amount_fen = 1",
        "UPDATE ledger_ledgerentry SET debit_id = credit_id, credit_id = debit_id",
        "DELETE FROM ledger_ledgerentry",
        "UPDATE ledger_voucher SET posted_on = '2021-01-01'",
        "UPDATE ledger_voucher SET source = 'another'",
        "DELETE FROM ledger_voucher",
    ],
)
def test_the_books_cannot_be_changed_by_hand(statement):
    voucher = a_voucher()
    with pytest.raises(IntegrityError):
        by_hand(statement)
    assert Voucher.objects.get().source == voucher.source
    assert LedgerEntry.objects.get().amount_fen == 12_000


def test_the_books_cannot_be_emptied_or_written_over_by_hand():
    a_voucher(source="once")
    statement = (
        "SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE ledger_ledgerentry, ledger_voucher CASCADE"
        if connection.vendor == "postgresql"
        else "INSERT OR REPLACE INTO ledger_ledgerentry SELECT id, source, 1, month, scheme_slug, fund_year, "
        "credit_id, debit_id, office_id, voucher_id FROM ledger_ledgerentry"
    )
    with pytest.raises(IntegrityError):
        by_hand(statement)
    assert LedgerEntry.objects.get().amount_fen == 12_000


@pytest.mark.parametrize("table", ["ledger_voucher", "ledger_ledgerentry"])
def test_a_second_row_of_one_source_is_refused_by_the_database(table):
    a_voucher(source="once")
    columns = [field.column for field in (Voucher if "voucher" in table else LedgerEntry)._meta.fields]
    taken = ", ".join(
        "id + 1" if name == "id" else "'20990101-00001'" if name == "number" else name for name in columns
    )
    with pytest.raises(IntegrityError):
        by_hand(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {taken} FROM {table}")  # noqa: S608


@pytest.mark.parametrize("change", [{"amount_fen": 0}, {"amount_fen": -1}, {"credit_id": "1001"}])
def test_an_entry_that_moves_nothing_is_refused_by_the_database(change):
    voucher = a_voucher()
    entry = voucher.entries.get()
    fields = {"debit_id": "1001", "credit_id": "4001", "amount_fen": 5} | change
    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerEntry.objects.create(
            voucher=voucher,
            source="by hand",
            scheme_slug="yichun-120",
            fund_year=2022,
            month="2022-07",
            office=entry.office,
            **fields,
        )


def test_one_source_is_posted_once():
    a_voucher(source="receipt:1")
    with pytest.raises(AlreadyPosted, match="已经记过账（凭证 20220714-00001"):
        a_voucher(source="receipt:1")
    with pytest.raises(AlreadyPosted):
        a_voucher(source="receipt:1", on=date(2022, 7, 15))
    assert Voucher.objects.count() == 1
    assert LedgerEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"amount_fen": 0}, "不是正的整数"),
        ({"amount_fen": -12_000}, "借贷对调"),
        ({"amount_fen": 120.0}, "不是正的整数"),
        ({"amount_fen": True}, "不是正的整数"),
        ({"credit": "1001"}, "借方和贷方都是 1001"),
        ({"credit": "4999"}, "科目表里没有 4999"),
    ],
)
def test_a_row_that_cannot_stand_is_refused_with_a_sentence(row, said):
    with pytest.raises(EntryRefused, match=said):
        a_voucher(a_row(office=a_city()), a_row(**row, office=a_city()))
    assert not Voucher.objects.exists()


def test_a_voucher_without_entries_is_refused():
    with pytest.raises(EntryRefused, match="空凭证"):
        check_rows([])


def test_vouchers_are_numbered_from_one_each_day_without_a_gap():
    a_voucher(source="first")
    with pytest.raises(AlreadyPosted):
        a_voucher(source="first")
    a_voucher(source="second")
    a_voucher(on=date(2022, 7, 15))
    numbers = Voucher.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == ["20220714-00001", "20220714-00002", "20220715-00001"]


def test_an_entry_is_kept_per_scheme_fund_year_month_and_office():
    city = a_city()
    a_voucher(
        a_row(9_000, credit=income_of("employer"), office=city),
        a_row(3_000, credit=income_of("worker"), office=city, fund_year=2023),
        on=date(2022, 1, 31),
    )
    kept = LedgerEntry.objects.order_by("pk").values_list(
        "credit__name", "amount_fen", "scheme_slug", "fund_year", "month", "office"
    )
    assert list(kept) == [
        ("会费收入·单位", 9_000, "yichun-120", 2022, "2022-01", city.pk),
        ("会费收入·职工", 3_000, "yichun-120", 2023, "2022-01", city.pk),
    ]


def test_the_posting_is_in_the_trail():
    voucher = a_voucher(source="receipt:7")
    event = Event.objects.get(verb="ledger.post")
    assert (event.object_id, event.detail["source"]) == (str(voucher.pk), "receipt:7")


def test_the_chart_opens_once_and_by_itself():
    a_voucher()
    ensure_chart()
    assert Account.objects.count() == len(CHART)


def test_every_payer_and_benefit_has_an_account():
    codes = {line.code for line in CHART}
    assert {income_of(payer) for payer in ("employer", "upper_union", "sponsor", "worker")} <= codes
    benefits = ("inpatient", "critical", "women", "accident", "anything")
    assert [expense_of(name) for name in benefits] == ["5001", "5002", "5003", "5004", "5009"]
