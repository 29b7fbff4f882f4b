"""Rows of a staged roster read again: as lines, and in slices of the sheet's order."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from huzhu.enrolment.line import LABELS, Line
from huzhu.enrolment.models import Roster, RosterRow
from huzhu.enrolment.slices import SLICE

AT_ONCE = 2_000  # rows that are worked on while the person waits: a second or two; more is the worker's


def line_of(row: RosterRow, starts_on: date, changes: Mapping[str, str] | None = None) -> Line:
    """The row read again, perhaps with other text in some cells."""
    cells = {column: getattr(row, column) or "" for column in LABELS} | dict(changes or {})
    return Line.of(row.number, cells, starts_on=starts_on)


def is_large(roster: Roster) -> bool:
    """Whether what is done to all its rows belongs to the worker."""
    return roster.rows.count() > AT_ONCE


def in_slices(rows: Any) -> Iterator[list[RosterRow]]:
    """The rows of this query by their number, a slice at a time; none is in memory longer than its slice."""
    last = 0
    while part := list(rows.filter(number__gt=last).order_by("number")[:SLICE]):
        yield part
        last = part[-1].number
