"""Append-only in the database itself: triggers that refuse to change, remove or replace a row.

Rebuilding a table drops its triggers without a word, so they are looked for at every start and after every
migration. Refusals are IntegrityError on both engines.
"""

from collections.abc import Iterator

from django.db import connection, transaction

APPEND_ONLY = [
    "audit_event",
    "audit_seal",
    "ledger_voucher",
    "ledger_ledgerentry",
    "ledger_dayclose",
    "ledger_daybalance",
    "schemes_schemeedition",
    "employers_stance",
    "bank_statement",
    "bank_statementline",
    "contributions_receipt",
    "payouts_replyfile",
]
NAME = "append_only"
SAID = "只能追加，不能修改、删除或覆盖；要更正，请另记一条"
# before update, delete and truncate, once for each statement: the bits of pg_trigger.tgtype
_PG_KIND = 2 + 8 + 16 + 32
_PG_BODY = f"""
BEGIN
    RAISE EXCEPTION '% {SAID}（%）', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END
"""


class TablesUnguarded(RuntimeError):
    """Tables that must be append-only can be changed."""


def install() -> None:
    """Put back every guard that is missing or altered; a table that does not exist yet is left to `missing`."""
    present = set(connection.introspection.table_names())
    with transaction.atomic(), connection.cursor() as cursor:
        for table in missing():
            if table in present:
                for statement in _statements(table):
                    cursor.execute(statement)


def missing() -> list[str]:
    """The append-only tables that are absent, whose guards are absent, switched off or altered, or that have a trigger
    or a rule beside them, which might swallow rows."""
    guarded = _guarded_on_postgresql if connection.vendor == "postgresql" else _guarded_on_sqlite
    return [table for table in APPEND_ONLY if not guarded(table)]


def check() -> None:
    """Raise TablesUnguarded when a guard is missing."""
    if tables := missing():
        raise TablesUnguarded(
            f"这些表的防改保护不在或被动过：{'、'.join(tables)}。没有它，账目和审计记录可以被悄悄改写，"
            "所以系统不启动。请先查明是谁动了数据库，再执行 migrate（试用时运行 ./run），它会装回保护。"
        )


def _statements(table: str) -> Iterator[str]:
    if connection.vendor == "postgresql":
        yield f"CREATE OR REPLACE FUNCTION {NAME}() RETURNS trigger LANGUAGE plpgsql AS $${_PG_BODY}$$"
        yield f"DROP TRIGGER IF EXISTS {NAME} ON {table}"
        yield (
            f"CREATE TRIGGER {NAME} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {NAME}()"
        )
        # or a session that calls itself a replica would slip past
        yield f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {NAME}"
        return
    for name, statement in _sqlite_triggers(table).items():
        yield f"DROP TRIGGER IF EXISTS {name}"
        yield statement


def _guarded_on_postgresql(table: str) -> bool:
    question = """
        SELECT 1 FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
        WHERE t.tgrelid = to_regclass(%s) AND t.tgname = %s AND t.tgtype = %s AND t.tgenabled = 'A'
          AND t.tgqual IS NULL AND t.tgattr::text = '' AND p.prosrc = %s
          AND NOT EXISTS (SELECT 1 FROM pg_rewrite r WHERE r.ev_class = t.tgrelid)
          AND NOT EXISTS (SELECT 1 FROM pg_trigger o WHERE o.tgrelid = t.tgrelid AND o.oid <> t.oid AND NOT o.tgisinternal)
    """
    with connection.cursor() as cursor:
        cursor.execute(question, [table, NAME, _PG_KIND, _PG_BODY])
        return cursor.fetchone() is not None


def _guarded_on_sqlite(table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table]
        )
        found = dict(cursor.fetchall())
    return bool(found) and _sqlite_triggers(table) == found


def _sqlite_triggers(table: str) -> dict[str, str]:
    """Three triggers: REPLACE deletes the old row without asking a delete trigger, so an insert is asked too."""
    refuse = f"SELECT RAISE(ABORT, '{table} {SAID}')"
    same = " OR ".join(
        "(" + " AND ".join(f'"{column}" = NEW."{column}"' for column in columns) + ")"
        for columns in _unique_columns(table)
    )
    there = f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608  names of our own tables and columns
    clauses = {
        "update": f"BEFORE UPDATE ON {table} BEGIN {refuse}",
        "delete": f"BEFORE DELETE ON {table} BEGIN {refuse}",
        "insert": f"BEFORE INSERT ON {table} BEGIN {refuse} WHERE {there}",
    }
    return {
        f"{table}_{NAME}_{act}": f"CREATE TRIGGER {table}_{NAME}_{act} {clause}; END"
        for act, clause in clauses.items()
    }


def _unique_columns(table: str) -> list[list[str]]:
    """What identifies a row: the primary key and every unique set of columns, always in the same order."""
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, table)
    return sorted(one["columns"] for one in constraints.values() if one["unique"] or one["primary_key"])
