"""Verbs on rosters: take a sheet in, mend its rows, cancel it, enrol its people, begin their cover."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction

from huzhu.audit import services as audit
from huzhu.enrolment.accepting import begin_accepting, enrol, prepare, put_back
from huzhu.enrolment.entry import Entry
from huzhu.enrolment.line import LABELS, Line
from huzhu.enrolment.models import Beginning, Enrolment, Roster, RosterRow
from huzhu.enrolment.reading import begin, filled, judged, name_columns, read_in, stage
from huzhu.enrolment.refusals import (
    ColumnsRefused,
    NobodyToEnrol,
    NotAnEmployer,
    RosterLacks,
    RosterRefused,
    RosterSettled,
    RowsChanged,
    RowsToMend,
    SameFileAgain,
    SchemesRefused,
    StartRefused,
)
from huzhu.enrolment.repeats import Repeats
from huzhu.enrolment.rows import AT_ONCE, in_slices, line_of
from huzhu.enrolment.slices import Tell, pause, quietly
from huzhu.schemes.models import SchemeEdition
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

MENDED = 100  # rows of one transaction: each is judged, sealed and written by itself

__all__ = [
    "ColumnsRefused",
    "NobodyToEnrol",
    "NotAnEmployer",
    "RosterLacks",
    "RosterRefused",
    "RosterSettled",
    "RowsChanged",
    "RowsToMend",
    "SameFileAgain",
    "SchemesRefused",
    "StartRefused",
    "begin",
    "begin_accepting",
    "begin_cover",
    "cancel",
    "enrol",
    "judge_again",
    "line_of",
    "mend",
    "name_columns",
    "note_reading",
    "prepare",
    "put_back",
    "read_in",
    "stage",
    "void",
]


def mend(
    *,
    roster: Roster,
    changes: Mapping[str, Mapping[str, str]],
    by: Role,
    at: datetime,
    tell: Tell = quietly,
) -> int:
    """Write other text into cells ({row id: {column: text}}) and judge again; how many rows are still not good.

    In slices: called off, rows that were mended stay so, and the same again changes the others only.
    """
    check_may(by, "rosters.upload", within=roster.employer)
    keys = list(changes)
    for start in range(0, max(1, len(keys)), MENDED):
        some = keys[start : start + MENDED]
        tell(start, len(keys), "正在改正并核对")
        with transaction.atomic():
            locked = _still_staged(roster)
            _mend_some(locked, {key: changes[key] for key in some})
            audit.record(by=by, verb="rosters.mend", on=locked, at=at, detail={"rows": len(some)})
        if len(some) == MENDED:
            pause()
    return roster.rows.filter(joins="").count()


def _mend_some(locked: Roster, changes: Mapping[str, Mapping[str, str]]) -> None:
    rows = {str(row.pk): row for row in locked.rows.filter(pk__in=list(changes))}
    lines = {key: line_of(row, locked.cover_starts_on, changes[key]) for key, row in rows.items()}
    touched = {row.id_number for row in rows.values()} | {line.id_number for line in lines.values()}
    others = locked.rows.filter(id_number_index__in=[number for number in touched if number])
    for row in others.exclude(pk__in=list(rows)):
        rows[str(row.pk)], lines[str(row.pk)] = row, line_of(row, locked.cover_starts_on)
    by_number = {row.number: row for row in rows.values()}
    ordered = sorted(lines.values(), key=lambda line: line.number)
    _save(by_number, ordered, Entry.of(locked), _repeats(ordered))


def _repeats(lines: list[Line]) -> Repeats:
    repeats = Repeats()
    for line in lines:
        if line.identity:
            repeats.note(line.identity.number, line.number, line.name)
    return repeats


def _save(rows: Mapping[int, RosterRow], lines: list[Line], entry: Entry, repeats: Repeats) -> None:
    """What changed by judging is written."""
    for line, joins in judged(lines, entry, repeats):
        row = rows[line.number]
        before = _content(row)
        if _content(filled(row, line, joins)) != before:
            row.save()


def _content(row: RosterRow) -> tuple[Any, ...]:
    return [getattr(row, column) or "" for column in LABELS], row.problems, row.joins, row.member_id


def judge_again(*, roster: Roster, by: Role, at: datetime, tell: Tell = quietly) -> None:
    """Look at every row once more, after RowsChanged."""
    check_may(by, "rosters.upload", within=roster.employer)
    entry, repeats, done, total = Entry.of(roster), Repeats(), 0, roster.rows.count()
    for rows in in_slices(roster.rows.all()):
        for row in rows:
            if row.id_number:
                repeats.note(row.id_number, row.number, row.name)
    for rows in in_slices(roster.rows.all()):
        with transaction.atomic():
            locked = _still_staged(roster)
            lines = [line_of(row, locked.cover_starts_on) for row in rows]
            _save({row.number: row for row in rows}, lines, entry, repeats)
        tell(done := done + len(rows), total, "正在重新核对")
        pause()
    with transaction.atomic():
        audit.record(by=by, verb="rosters.judge_again", on=roster, at=at)


def _still_staged(roster: Roster) -> Roster:
    locked = Roster.objects.select_for_update().get(pk=roster.pk)
    if locked.state != Roster.State.STAGED:
        raise RosterSettled(f"这份名册{locked.get_state_display()}，不能再改。要补报或更正，请另传一份名册。")
    return locked


@transaction.atomic
def cancel(*, roster: Roster, by: Role, at: datetime) -> None:
    """Give up a roster that nobody was enrolled by."""
    check_may(by, "rosters.cancel", within=roster.employer)
    open_ = (Roster.State.STAGED, Roster.State.MAPPING, Roster.State.READING)
    waiting = Roster.objects.filter(pk=roster.pk, state__in=open_)
    unread = roster.state == Roster.State.READING
    if not waiting.update(state=Roster.State.CANCELLED, draft=None, sample=None, settled_at=at):
        raise RosterSettled("这份名册已经确认或作废过了，没有再作废。请刷新页面查看。")
    if unread:
        RosterRow.objects.filter(roster=roster).delete()
    audit.record(by=by, verb="rosters.cancel", on=roster, at=at)


@transaction.atomic
def begin_cover(*, roster: Roster, edition: SchemeEdition, by: Role, at: datetime) -> int:
    """The money is in: what waits for it comes in force, of a large roster by the worker (see beginning.py).

    How many it is; the caller asks for permission.
    """
    waiting = Enrolment.unready.filter(roster=roster, edition=edition, state=Enrolment.State.AWAITING_PAYMENT)
    heads = waiting.count()
    if heads > AT_ONCE:
        Beginning.objects.get_or_create(roster=roster, edition=edition)
    else:
        waiting.update(state=Enrolment.State.IN_FORCE)
    if heads:
        detail = {"scheme": edition.slug, "heads": heads}
        verb = "rosters.cover_waits" if heads > AT_ONCE else "rosters.begin_cover"
        audit.record(by=by, verb=verb, on=roster, at=at, detail=detail)
    return heads


def stop_cover(*, roster: Roster, edition: SchemeEdition, by: Role, at: datetime) -> None:
    """The money was taken back before cover has begun: it waits for it again. The caller has looked whether it has."""
    Beginning.objects.filter(roster=roster, edition=edition).delete()
    begun = Enrolment.unready.filter(roster=roster, edition=edition, state=Enrolment.State.IN_FORCE)
    if heads := begun.update(state=Enrolment.State.AWAITING_PAYMENT):
        detail = {"scheme": edition.slug, "heads": heads}
        audit.record(by=by, verb="rosters.stop_cover", on=roster, at=at, detail=detail)


def void(*, enrolment: Enrolment) -> None:
    """Strike a participation that waits for its money; the verb that calls this asks for permission and records the act."""
    waiting = Enrolment.objects.filter(pk=enrolment.pk, state=Enrolment.State.AWAITING_PAYMENT)
    if not waiting.update(state=Enrolment.State.VOID):
        raise RosterSettled("这份参保已经生效或作废，没有改动。请刷新页面查看。")


def void_paid(*, enrolment: Enrolment, on: date) -> None:
    """Strike a participation whose money goes back, before cover has begun; the verb that calls this asks and records."""
    held = Enrolment.objects.filter(pk=enrolment.pk).exclude(state=Enrolment.State.VOID)
    if held.begun(on).exists() or not held.update(state=Enrolment.State.VOID):
        raise RosterSettled("这份参保的保障已经开始，或者已经作废，没有改动。请刷新页面查看。")


def void_roster(*, roster: Roster, editions: Sequence[SchemeEdition]) -> None:
    """Strike everybody of these schemes on a roster whose money goes back. The caller has looked whether cover has begun."""
    Beginning.objects.filter(roster=roster, edition__in=editions).delete()
    Enrolment.unready.filter(roster=roster, edition__in=editions).update(state=Enrolment.State.VOID)


@transaction.atomic
def note_reading(*, roster: Roster, by: Role, at: datetime) -> None:
    """Write down that somebody saw numbers in full while mending rows."""
    audit.record(by=by, verb="rosters.read", on=roster, at=at, kind="read")
