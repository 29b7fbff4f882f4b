"""Running totals of members that are locked: read before an evaluation that becomes a decision, raised when it is final."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.db.models import F

from huzhu.adjudication.evaluation import Evaluation
from huzhu.adjudication.models import RunningTotal
from huzhu.core import money
from huzhu.db.asked import Rows
from huzhu.db.rows import Ready, composed
from huzhu.enrolment.models import Enrolment
from huzhu.enrolment.queries import Cover
from huzhu.rules.edition import Edition
from huzhu.rules.units import Unit
from huzhu.schemes import queries as schemes


class OverTheCap(ValueError):
    """The decision would raise a total above its cap."""


Key = tuple[Any, str, date, str]  # member, scheme, first day of cover, benefit
COLUMNS = ("member", "scheme_slug", "cover_starts_on", "benefit", "cap_fen", "used_fen", "claims_count")
# Django's own upsert can only replace
ADD = """
    ON CONFLICT (member_id, scheme_slug, cover_starts_on, benefit) DO UPDATE SET
        used_fen = adjudication_runningtotal.used_fen + EXCLUDED.used_fen,
        claims_count = adjudication_runningtotal.claims_count + EXCLUDED.claims_count
"""


class Totals:
    """The totals of some members, and what is to be added to them.

    A total that nothing was paid from yet has no row: the first payment makes it. Members are locked before.
    """

    def __init__(self, rows: Iterable[tuple[Any, ...]]) -> None:
        self._rows = {row[:4]: row[4:] for row in rows}  # cap and fen used
        self._added: dict[Key, tuple[int | None, int, int]] = {}  # cap, fen, claims

    def add(self, member: Any, evaluation: Evaluation) -> None:
        """All that an evaluation pays to this member (by key); raises OverTheCap, and nothing is added."""
        added: dict[Key, tuple[int | None, int, int]] = {}
        for part in evaluation.parts:
            for benefit, amount in part.paid.items():
                if amount:
                    key = (member, part.enrolment.scheme_slug, part.enrolment.cover_starts_on, benefit)
                    before = added.get(key) or self._added.get(key)
                    cap, fen, count = before or (self._cap(key, part.enrolment), 0, 0)
                    self._check(key, cap, fen, amount)
                    added[key] = cap, fen + amount, count + 1
        self._added |= added

    def _cap(self, key: Key, enrolment: Cover) -> int | None:
        row = self._rows.get(key)
        return row[0] if row else _cap(schemes.engine(enrolment.edition), key[-1])

    def _check(self, key: Key, cap: int | None, fen: int, amount: int) -> None:
        _, before = self._rows.get(key, (None, 0))
        used = fen + before
        if cap is not None and used + amount > cap:
            raise OverTheCap(
                f"这一项本保障期封顶 {money.spoken(cap)} 元，已用 {money.spoken(used)} 元，"
                f"再付 {money.spoken(amount)} 元就超过了，所以没有核定。可能有后发生的申请先核定，请人工核对先后。"
            )

    def ready(self) -> Ready:
        """What was added, to be written. The database adds to what stands there, so that even without a lock nothing is lost."""
        added = sorted((*key, *added) for key, added in self._added.items())
        return composed(RunningTotal, COLUMNS, added, or_else=ADD)


def correct(changes: Mapping[Key, tuple[int, int]], enrolments: Mapping[Key, Enrolment | Cover]) -> None:
    """Totals of a locked member follow a correction, by (fen, claims) more or less; raises OverTheCap.

    Apart from `ready`: what is below zero cannot be offered to the table as a new row, not even to be refused.
    """
    for key, (fen, count) in sorted(changes.items()):
        member, slug, start, benefit = key
        cap = _cap(schemes.engine(enrolments[key].edition), benefit)
        row, _ = RunningTotal.objects.get_or_create(
            member_id=member,
            scheme_slug=slug,
            cover_starts_on=start,
            benefit=benefit,
            defaults={"cap_fen": cap},
        )
        if row.cap_fen is not None and row.used_fen + fen > row.cap_fen:
            raise OverTheCap(
                f"更正以后这一项是 {money.spoken(row.used_fen + fen)} 元，超过本保障期封顶 {money.spoken(row.cap_fen)} 元，"
                "没有更正。请核对累计和封顶。"
            )
        RunningTotal.objects.filter(pk=row.pk).update(
            used_fen=F("used_fen") + fen, claims_count=F("claims_count") + count
        )


def paid_to(member: Any) -> Rows:
    """The totals of one member, beside what a statement asks for anyway; `read` reads them."""
    return Rows(rows_of([member]).values_list(*COLUMNS[1:6]))


def read(member: Any, text: str) -> Totals:
    """The totals of a locked member as `paid_to` gives them."""
    rows = json.loads(text)
    return Totals((member, slug, date.fromisoformat(start), *more) for slug, start, *more in rows)


def rows_of(members: Any) -> Any:
    """Every total of these members as the database holds it; who will change one has locked its member."""
    found = RunningTotal.objects.filter(member__in=members)
    return found.order_by("member", "scheme_slug", "cover_starts_on", "benefit").values_list(*COLUMNS[:6])


def _cap(edition: Edition, benefit: str) -> int | None:
    """The period's cap of a benefit: the scheme's parameter of that name, `<benefit>_cap`, in money."""
    cap = edition.parameters.get(f"{benefit}_cap")
    if cap is None or cap.type.unit is not Unit.MONEY or cap.shape != "one":
        return None
    value = cap.at(edition.opens_on)[1]
    return value if isinstance(value, int) else None
