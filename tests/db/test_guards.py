"""The database itself refuses: raw SQL against every append-only table, on whichever engine these tests run."""

# ruff: noqa: S608  these tests play the person who gets at the database
import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from factories.audit import NOON, an_event
from factories.organisations import an_association
from factories.users import a_user
from huzhu.audit.models import Seal
from huzhu.audit.services import seal
from huzhu.bank.models import OwnAccount, Statement, StatementLine
from huzhu.contributions.models import ContributionDue, Receipt, Share
from huzhu.db import guards
from huzhu.employers.models import Stance
from huzhu.enrolment.models import Roster
from huzhu.files.models import StoredFile
from huzhu.ledger.models import Account, DayBalance, DayClose, LedgerEntry, Voucher
from huzhu.payouts.models import PayoutBatch, ReplyFile
from huzhu.schemes.models import SchemeEdition

pytestmark = pytest.mark.django_db
POSTGRES = connection.vendor == "postgresql"
# a column that can be changed without breaking any other rule, and a unique column beside the key
COLUMNS = {
    "audit_event": ("verb", None),
    "audit_seal": ("digest", "upto"),
    "ledger_voucher": ("note", "source"),
    "ledger_ledgerentry": ("month", "source"),
    "ledger_dayclose": ("upto", None),
    "ledger_daybalance": ("account_id", None),
    "schemes_schemeedition": ("title", "identity"),
    "employers_stance": ("told_by_name", None),
    "bank_statement": ("taken_by_name", None),
    "bank_statementline": ("name", None),
    "contributions_receipt": ("bank_reference", "part"),
    "payouts_replyfile": ("sha256", None),
}
only_postgres = pytest.mark.skipif(not POSTGRES, reason="SQLite has no such statement")
only_sqlite = pytest.mark.skipif(POSTGRES, reason="PostgreSQL has no such statement")
every_table = pytest.mark.parametrize("table", guards.APPEND_ONLY)


@pytest.fixture
def rows():
    """One row in each table; the books among them."""
    office = an_association()
    an_event(office)
    seal(at=NOON)
    asset, income = (Account.objects.create(code=code, name=code, kind="asset") for code in ("1998", "1999"))
    voucher = Voucher.objects.create(
        number="记-1", source="receipt:1", posted_on=NOON.date(), note="会费", actor_id="1", posted_at=NOON
    )
    LedgerEntry.objects.create(
        voucher=voucher, source="receipt:1/1", debit=asset, credit=income, amount_fen=12000,
        scheme_slug="yc-1", fund_year=2022, month="2022-07", office=office,
    )  # fmt: skip
    signed = DayClose.objects.create(
        book=office, day=NOON.date(), upto=1, voucher_count=1, signed_by=a_user(), signed_at=NOON
    )
    DayBalance.objects.create(
        close=signed, account=asset, opening_fen=0, in_fen=12000, out_fen=0, closing_fen=12000
    )
    edition = SchemeEdition.objects.create(
        slug="yc-1", edition="2022", title="住院", short="住院", identity="a" * 64, resolved="…", fee_fen=12000,
        opens_on=NOON.date(), closes_on=NOON.date(), published_at=NOON,
    )  # fmt: skip
    Stance.objects.create(employer=office, willing="yes", said_on=NOON.date(), told_at=NOON, told_by="user:1")
    a_bank_statement(office)
    a_share_that_was_paid(office, edition, voucher)
    a_reply(office)
    connection.check_constraints()  # or PostgreSQL would alter no table before the end of the transaction


def a_bank_statement(office) -> None:
    """One line of an account, straight into the tables."""
    day, by = NOON.date(), {"opened_by": "user:1", "opened_by_name": "李会计", "opened_at": NOON}
    account = OwnAccount.objects.create(organisation=office, purpose="paying", number="9900", since=day, **by)
    taken = {"taken_by": "user:1", "taken_by_name": "李会计", "taken_at": NOON}
    sums = {"opening_fen": 0, "closing_fen": 1, "lines_count": 1, "new_count": 1}
    file = StoredFile.objects.create(name="a.csv", kind="text/csv", size=1, sha256="a", stored_at=NOON)
    statement = Statement.objects.create(
        account=account, file=file, sha256="a", first_on=day, last_on=day, **sums, **taken
    )
    StatementLine.objects.create(
        account=account, statement=statement, position=1, key="k", booked_on=day, amount_fen=1, balance_fen=1
    )


def a_share_that_was_paid(employer, edition, voucher) -> None:
    roster = Roster.objects.create(
        employer=employer, cover_starts_on=NOON.date(), uploaded_at=NOON, uploaded_by="user:1"
    )
    due = ContributionDue.objects.create(roster=roster, edition=edition, heads=1, units=1, amount_fen=12000)
    share = Share.objects.create(due=due, payer="worker", payer_name="职工", amount_fen=12000)
    Receipt.objects.create(
        share=share, amount_fen=12000, received_on=NOON.date(), bank_reference="R1", voucher=voucher,
        recorded_by="user:1", recorded_at=NOON,
    )  # fmt: skip


def a_reply(office) -> None:
    maker = a_user("李会计")
    batch = PayoutBatch.objects.create(
        number="20220715-001", organisation=office, count=1, total_fen=1, made_by=maker, made_at=NOON
    )
    ReplyFile.objects.create(
        batch=batch, sha256="a", paid_count=1, failed_count=0, taken_by=maker, taken_at=NOON
    )


def sql(statement: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def refused(statement: str, table: str) -> None:
    before = sql(f"SELECT * FROM {table}")
    assert len(before) == 1
    with pytest.raises(IntegrityError, match=rf"{table} 只能追加"), transaction.atomic():
        sql(statement)
    assert sql(f"SELECT * FROM {table}") == before


def columns_of(table: str) -> list[str]:
    with connection.cursor() as cursor:
        return [column.name for column in connection.introspection.get_table_description(cursor, table)]


def copied(table: str, **instead: str) -> str:
    """A SELECT of the one row with some columns replaced."""
    picked = ", ".join(instead.get(column, f'"{column}"') for column in columns_of(table))
    return f"SELECT {picked} FROM {table}"


def test_every_table_that_tells_what_happened_is_guarded():
    assert guards.missing() == []
    assert set(COLUMNS) == set(guards.APPEND_ONLY)


@every_table
def test_nobody_may_change_a_row(rows, table):
    refused(f"UPDATE {table} SET {COLUMNS[table][0]} = '7'", table)
    refused(f"UPDATE {table} SET id = id", table)


@every_table
def test_nobody_may_delete_a_row(rows, table):
    refused(f"DELETE FROM {table}", table)
    refused(f"DELETE FROM {table} WHERE id IS NOT NULL", table)


@only_sqlite
@every_table
def test_nobody_may_replace_a_row_by_its_key_or_by_what_else_is_unique(rows, table):
    column, unique = COLUMNS[table]
    refused(f"INSERT OR REPLACE INTO {table} {copied(table, **{column: chr(39) + '7' + chr(39)})}", table)
    refused(f"REPLACE INTO {table} {copied(table)}", table)
    if unique:
        refused(f"INSERT OR REPLACE INTO {table} {copied(table, id='id + 1')}", table)
    refused(f"UPDATE OR REPLACE {table} SET {column} = '7'", table)


@every_table
def test_nobody_may_upsert_a_row(rows, table):
    column, _ = COLUMNS[table]
    # SQLite reads ON after a SELECT as a join, unless a WHERE stands between
    refused(
        f"INSERT INTO {table} {copied(table)} WHERE true ON CONFLICT (id) DO UPDATE SET {column} = '7'", table
    )


@only_postgres
@every_table
def test_nobody_may_truncate_a_table(rows, table):
    refused(f"TRUNCATE {table} CASCADE", table)


@only_postgres
@every_table
def test_a_session_that_calls_itself_a_replica_may_not_either(rows, table):
    sql("SET LOCAL session_replication_role = replica")
    refused(f"DELETE FROM {table}", table)
    sql("SET LOCAL session_replication_role = origin")


def test_rows_are_still_added(rows):
    an_event(Account.objects.get(code="1998"))
    assert seal(at=NOON) is not None
    assert len(sql("SELECT 1 FROM audit_event")) == len(sql("SELECT 1 FROM audit_seal")) == 2


def test_the_orm_is_refused_as_well(rows):
    for attempt in (
        lambda: Voucher.objects.update(note="x"),
        lambda: Seal.objects.all().delete(),
        lambda: Seal.objects.get().save(),
        lambda: LedgerEntry.objects.get().delete(),
    ):
        with pytest.raises((IntegrityError, ValueError)), transaction.atomic():
            attempt()


def disarm(table: str) -> list[list[str]]:
    """Ways in which a guard may be gone, or stand there and do nothing."""
    if POSTGRES:
        gone, always = (
            f"DROP TRIGGER append_only ON {table}",
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only",
        )
        idle = [
            f"CREATE TRIGGER append_only BEFORE {when} FOR EACH STATEMENT {only} EXECUTE FUNCTION append_only()"
            for when, only in (
                (f"DELETE ON {table}", ""),
                (f"UPDATE OF id OR DELETE OR TRUNCATE ON {table}", ""),
                (f"UPDATE OR DELETE OR TRUNCATE ON {table}", "WHEN (false)"),
            )
        ]
        switched = [f"ALTER TABLE {table} {how} TRIGGER append_only" for how in ("DISABLE", "ENABLE")]
        return [[gone], *([one] for one in switched), *([gone, one, always] for one in idle)]
    name = f"{table}_append_only_"
    idle_one = f"CREATE TRIGGER {name}delete BEFORE DELETE ON {table} WHEN 0 BEGIN SELECT 1; END"
    gone_ones = [[f"DROP TRIGGER {name}{act}"] for act in ("update", "insert", "delete")]
    return [*gone_ones, [*gone_ones[-1], idle_one]]


@every_table
def test_a_guard_that_is_gone_or_idle_is_reported_and_put_back(rows, table):
    for statements in disarm(table):
        for statement in statements:
            sql(statement)
        assert guards.missing() == [table], statements
        guards.install()
        assert guards.missing() == []
        refused(f"DELETE FROM {table}", table)


def swallow(table: str) -> list[list[str]]:
    """Ways to lose new rows without touching the guard; each ends with how to take it away again."""
    if POSTGRES:
        body = "CREATE OR REPLACE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$"
        return [
            [f"CREATE RULE lost AS ON INSERT TO {table} DO INSTEAD NOTHING", f"DROP RULE lost ON {table}"],
            [
                body,
                f"CREATE TRIGGER lost BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION swallow()",
                f"DROP TRIGGER lost ON {table}",
            ],
        ]
    return [
        [
            f"CREATE TRIGGER lost BEFORE INSERT ON {table} BEGIN SELECT RAISE(IGNORE); END",
            "DROP TRIGGER lost",
        ]
    ]


@every_table
def test_what_swallows_new_rows_is_reported(rows, table):
    for *plant, remove in swallow(table):
        for statement in plant:
            sql(statement)
        assert guards.missing() == [table]
        sql(remove)
        assert guards.missing() == []


@every_table
def test_a_table_that_another_took_the_place_of_is_reported(rows, table):
    """Rename and copy: the guard goes with the old table, the new one has none."""
    sql(f"ALTER TABLE {table} RENAME TO taken_away")
    sql(f"CREATE TABLE {table} AS SELECT * FROM taken_away")
    assert table in guards.missing()


@only_postgres
def test_a_guard_whose_function_was_emptied_is_reported(rows):
    sql(
        "CREATE OR REPLACE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$"
    )
    assert guards.missing() == guards.APPEND_ONLY
    guards.install()
    refused("DELETE FROM audit_event", "audit_event")


@pytest.mark.django_db(transaction=True)
def test_a_rebuilt_table_has_lost_its_guard_and_the_next_migrate_puts_it_back():
    if POSTGRES:
        sql("DROP TRIGGER append_only ON audit_seal")  # it alters in place; a restore may forget
    else:
        with connection.schema_editor() as editor:
            editor._remake_table(Seal)
    assert guards.missing() == ["audit_seal"]
    call_command("migrate", verbosity=0)
    assert guards.missing() == []


def test_a_table_that_is_not_there_is_missing_and_no_error(monkeypatch):
    monkeypatch.setattr(guards, "APPEND_ONLY", ["audit_event", "audit_gone"])
    guards.install()
    assert guards.missing() == ["audit_gone"]
