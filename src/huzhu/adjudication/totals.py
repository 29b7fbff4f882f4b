"""Running totals: locked in a fixed order before an evaluation that becomes a decision, raised when it is final."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import connection

from huzhu.adjudication.evaluation import Evaluation
from huzhu.adjudication.models import RunningTotal
from huzhu.core import money
from huzhu.enrolment.models import Enrolment
from huzhu.rules.edition import Edition
from huzhu.rules.units import Unit
from huzhu.schemes import queries as schemes


class OverTheCap(ValueError):
    """The decision would raise a total above its cap."""


Key = tuple[Any, str, date, str]  # member, scheme, first day of cover, benefit
COLUMNS = ("member", "scheme_slug", "cover_starts_on", "benefit", "cap_fen", "used_fen", "claims_count")
AT_ONCE = 500  # rows of one statement


class Totals:
    """The locked totals of some members, and what is to be added to them.

    A total that nothing was paid from yet has no row: the first payment makes it. Members are locked before.
    """

    def __init__(self, rows: Iterable[RunningTotal]) -> None:
        self._rows = {_key(row): row for row in rows}
        self._added: dict[Key, tuple[int | None, int, int]] = {}  # cap, fen, claims

    def add(self, member: Any, evaluation: Evaluation) -> None:
        """All that an evaluation pays to this member (by key); raises OverTheCap, and nothing is added."""
        added = self._added.copy()
        for part in evaluation.parts:
            for benefit, amount in part.paid.items():
                if amount:
                    key = (member, part.enrolment.scheme_slug, part.enrolment.cover_starts_on, benefit)
                    cap, fen, count = added.get(key) or (self._cap(key, part.enrolment), 0, 0)
                    self._check(key, cap, fen, amount)
                    added[key] = cap, fen + amount, count + 1
        self._added = added

    def _cap(self, key: Key, enrolment: Enrolment) -> int | None:
        row = self._rows.get(key)
        return row.cap_fen if row else _cap(schemes.engine(enrolment.edition), key[-1])

    def _check(self, key: Key, cap: int | None, fen: int, amount: int) -> None:
        row = self._rows.get(key)
        used = fen + (row.used_fen if row else 0)
        if cap is not None and used + amount > cap:
            raise OverTheCap(
                f"这一项本保障期封顶 {money.spoken(cap)} 元，已用 {money.spoken(used)} 元，"
                f"再付 {money.spoken(amount)} 元就超过了，所以没有核定。可能有后发生的申请先核定，请人工核对先后。"
            )

    def store(self) -> None:
        """Write what was added. The database adds to what stands there, so that even without a lock nothing is lost."""
        rows = sorted((*key, *added) for key, added in self._added.items())
        for start in range(0, len(rows), AT_ONCE):
            _insert_or_add(rows[start : start + AT_ONCE])


def lock(members: Iterable[Any]) -> Totals:
    """Every total of these members (by key), always locked in the same order, by one statement."""
    return Totals(_locked(list(members)))


def _locked(members: list[Any]) -> Iterable[RunningTotal]:
    rows = RunningTotal.objects.select_for_update().filter(member__in=members)
    return rows.order_by("member", "scheme_slug", "cover_starts_on", "benefit")


def _insert_or_add(rows: list[Any]) -> None:
    """Django's own upsert can only replace."""
    table_of: Any = RunningTotal._meta  # noqa: SLF001  Django's documented name for it
    fields = [table_of.get_field(name) for name in COLUMNS]
    names = ", ".join(field.column for field in fields)
    table = table_of.db_table
    row = f"({', '.join(['%s'] * len(fields))})"
    statement = f"""
        INSERT INTO {table} ({names}) VALUES {", ".join([row] * len(rows))}
        ON CONFLICT (member_id, scheme_slug, cover_starts_on, benefit) DO UPDATE SET
            used_fen = {table}.used_fen + EXCLUDED.used_fen,
            claims_count = {table}.claims_count + EXCLUDED.claims_count
    """  # noqa: S608  names of our own table and columns
    values = [
        field.get_db_prep_save(value, connection)
        for one in rows
        for field, value in zip(fields, one, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _cap(edition: Edition, benefit: str) -> int | None:
    """The period's cap of a benefit: the scheme's parameter of that name, `<benefit>_cap`, in money."""
    cap = edition.parameters.get(f"{benefit}_cap")
    if cap is None or cap.type.unit is not Unit.MONEY or cap.shape != "one":
        return None
    value = cap.at(edition.opens_on)[1]
    return value if isinstance(value, int) else None


def _key(row: RunningTotal) -> Key:
    return row.member_id, row.scheme_slug, row.cover_starts_on, row.benefit
