"""A sheet becomes the rows of a roster: checked cell by cell, in slices, and seen by nobody until all are there."""

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime

from django.db import transaction

from huzhu.audit import services as audit
from huzhu.db.rows import ready, write
from huzhu.enrolment import columns, sheet
from huzhu.enrolment.columns import Reading
from huzhu.enrolment.entry import Entry
from huzhu.enrolment.line import Line
from huzhu.enrolment.models import ColumnHabit, Roster, RosterRow, Way
from huzhu.enrolment.refusals import (
    ColumnsRefused,
    NotAnEmployer,
    RosterSettled,
    SameFileAgain,
    SchemesRefused,
    StartRefused,
)
from huzhu.enrolment.repeats import Repeats
from huzhu.enrolment.slices import TakenOver, Tell, cleared, hold, quietly, sliced, take
from huzhu.files import services as files
from huzhu.files.tables import TableRefused
from huzhu.organisations.models import Organisation
from huzhu.rules.about import clashing
from huzhu.rules.entry import ways
from huzhu.rules.units import SHANGHAI
from huzhu.schemes import queries as schemes
from huzhu.schemes.models import SchemeEdition
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

State = Roster.State


def stage(  # noqa: PLR0913  the terms of a roster and its file
    *,
    employer: Organisation,
    editions: Sequence[SchemeEdition],
    cover_starts_on: date,
    name: str,
    data: bytes,
    way: str = Way.GROUP,
    by: Role,
    at: datetime,
) -> Roster:
    """Take in a small sheet at once; nobody is enrolled yet. A file that cannot be read is not even stored.

    TableRefused, RosterRefused. Where nobody can tell its columns the roster waits for a person to name them.
    """
    check_may(by, "rosters.upload", within=employer)
    _refuse_terms(employer, editions, cover_starts_on, at)
    _refuse_way(editions, cover_starts_on, way)
    _refuse_same_file(employer, editions, cover_starts_on, data)
    book = sheet.opened(data, name)
    reading = understood(book, employer)
    if reading:
        book.count(reading, Repeats())
    roster = begin(
        employer=employer,
        editions=editions,
        cover_starts_on=cover_starts_on,
        name=name,
        data=data,
        way=way,
        by=by,
        at=at,
    )
    try:
        _read(roster, book, by, at, quietly)
    except BaseException:
        with transaction.atomic():
            RosterRow.unread.filter(roster=roster).delete()
            Roster.objects.filter(pk=roster.pk, state=State.READING).delete()
        raise
    return roster


@transaction.atomic
def begin(  # noqa: PLR0913  the terms of a roster and its file
    *,
    employer: Organisation,
    editions: Sequence[SchemeEdition],
    cover_starts_on: date,
    name: str,
    data: bytes,
    way: str = Way.GROUP,
    by: Role,
    at: datetime,
) -> Roster:
    """Store a sheet that will be read by `read_in`. RosterRefused, NotAccepted."""
    check_may(by, "rosters.upload", within=employer)
    _refuse_terms(employer, editions, cover_starts_on, at)
    _refuse_way(editions, cover_starts_on, way)
    Organisation.objects.select_for_update(no_key=True).get(pk=employer.pk)
    _refuse_same_file(employer, editions, cover_starts_on, data)
    roster = Roster.objects.create(
        employer=employer,
        way=way,
        cover_starts_on=cover_starts_on,
        file=files.store(name=name, data=data, purpose="roster", by=by, at=at),
        state=State.READING,
        uploaded_at=at,
        uploaded_by=by.actor_id,
    )
    roster.editions.set(editions)
    audit.record(by=by, verb="rosters.begin", on=roster, at=at)
    return roster


def read_in(*, roster: Roster, by: Role, at: datetime, tell: Tell = quietly) -> Roster:
    """Read the stored sheet, from the beginning however often it was begun. TableRefused, RosterRefused.

    A file that is no list of people ends the roster, with its sentence. The same again, once it is read, changes nothing.
    """
    check_may(by, "rosters.upload", within=roster.employer)
    if roster.state in (State.MAPPING, State.STAGED):
        return roster
    if roster.state != State.READING:
        raise RosterSettled(f"这份名册{roster.get_state_display()}，不用再读。请刷新页面查看。")
    if roster.file is None:
        raise RosterSettled("这份名册没有文件，不用读。请刷新页面查看。")
    tell(0, 0, "正在打开文件")
    try:
        _read(roster, sheet.opened(files.read(roster.file), roster.file.name), by, at, tell)
    except TableRefused as wrong:
        _give_up(roster, str(wrong), by, at)
        raise
    return roster


@transaction.atomic
def _give_up(roster: Roster, said: str, by: Role, at: datetime) -> None:
    reading = Roster.objects.filter(pk=roster.pk, state=State.READING)
    if reading.update(state=State.CANCELLED, sample=None, settled_at=at, said=said[:300]):
        audit.record(by=by, verb="rosters.unreadable", on=roster, at=at)


def name_columns(*, roster: Roster, reading: Reading, by: Role, at: datetime) -> Roster:
    """A person says which column is what; the roster is to be read (again) so, and the next sheet like it as well."""
    check_may(by, "rosters.upload", within=roster.employer)
    if said := columns.wrong(reading):
        raise ColumnsRefused(said)
    with transaction.atomic():
        waiting = Roster.objects.filter(pk=roster.pk, state__in=(State.MAPPING, State.STAGED))
        if not waiting.update(state=State.READING, reading=reading.kept()):
            raise RosterSettled("这份名册已经在读取或处理，不能再改列。请刷新页面查看。")
        remember(roster.employer, json.loads(roster.sample or "{}"), reading, at)
        audit.record(by=by, verb="rosters.columns", on=roster, at=at, detail={"columns": reading.columns})
    roster.refresh_from_db()
    return roster


def remember(
    employer: Organisation, heads: dict[str, list[list[str]]], reading: Reading, at: datetime
) -> None:
    """The next sheet of the employer with this header is read the same way."""
    rows = heads.get(reading.page, [])
    if 0 <= reading.top < len(rows):
        ColumnHabit.objects.update_or_create(
            employer=employer,
            header=columns.fingerprint(rows[reading.top]),
            defaults={"columns": reading.columns, "used_at": at},
        )


def understood(book: sheet.Book, employer: Organisation) -> Reading | None:
    """As the employer said last time of the same header, or as the header itself says."""
    habits = {row.header: row.columns for row in ColumnHabit.objects.filter(employer=employer)}
    for page, rows in book.heads().items() if habits else ():
        for top, labels in enumerate(rows[: columns.LOOKED_AT]):
            if places := habits.get(columns.fingerprint(labels)):
                return Reading(page, top, places, "habit")
    return book.understood()


def _read(roster: Roster, book: sheet.Book, by: Role, at: datetime, tell: Tell) -> None:
    said = Reading(**roster.reading) if roster.reading else understood(book, roster.employer)
    if said is None or not roster.sample:
        roster.sample = json.dumps(book.heads(), ensure_ascii=False)
        roster.save(update_fields=["sample"])
    if said is None:
        _ask_for_columns(roster, by, at)
    else:
        _fill(roster, book, said, by, at, tell)
    roster.refresh_from_db()


@transaction.atomic
def _ask_for_columns(roster: Roster, by: Role, at: datetime) -> None:
    Roster.objects.filter(pk=roster.pk, state=State.READING).update(state=State.MAPPING)
    audit.record(by=by, verb="rosters.upload", on=roster, at=at)


def _fill(roster: Roster, book: sheet.Book, reading: Reading, by: Role, at: datetime, tell: Tell) -> None:
    mine = take(roster, [State.READING], State.READING)
    if mine is None:
        raise RosterSettled("这份名册已经作废或读过，没有再读。请刷新页面查看。")
    unread = RosterRow.unread.filter(roster=roster)
    cleared(roster, mine, unread, "number")
    repeats, done, bad = Repeats(), 0, 0
    total = book.count(reading, repeats)
    starts_on = roster.cover_starts_on
    entry = Entry.of(roster)
    try:
        for part in sliced(book.rows(reading)):
            lines = [Line.of(number, cells, starts_on=starts_on) for number, cells in part]
            rows = [filled(RosterRow(roster=roster), *pair) for pair in judged(lines, entry, repeats)]
            made = ready(RosterRow, rows)
            with transaction.atomic():
                hold(roster, mine)
                write(made)
            done, bad = done + len(rows), bad + sum(not row.joins for row in rows)
            tell(done, total, f"正在核对，已有 {bad:,} 行有问题" if bad else "正在核对")
        _show(roster, mine, reading, {"rows": done, "bad": bad}, by, at)
    except Exception:
        with suppress(TakenOver):
            cleared(roster, mine, unread, "number")
        raise


@transaction.atomic
def _show(
    roster: Roster, mine: uuid.UUID, reading: Reading, detail: Mapping[str, int], by: Role, at: datetime
) -> None:
    """The one change of state that makes every row visible."""
    hold(roster, mine)
    Roster.objects.filter(pk=roster.pk).update(state=State.STAGED, draft=None, reading=reading.kept())
    if reading.source == "habit":
        ColumnHabit.objects.filter(employer=roster.employer, columns=reading.columns).update(used_at=at)
    audit.record(by=by, verb="rosters.upload", on=roster, at=at, detail=dict(detail))


def judged(lines: Sequence[Line], entry: Entry, repeats: Repeats) -> list[tuple[Line, str]]:
    """Each line with the editions it joins ("1,3"); where it joins none, the line says why."""
    for line in lines:
        repeats.mark(line)
    entry.learn(lines)
    for line in lines:
        line.member_id = line.identity and entry.registered.get(line.identity.number)
    return [(line, joined(entry.judge(line))) for line in lines]


def joined(editions: Iterable[SchemeEdition]) -> str:
    return ",".join(str(row.pk) for row in editions)


def filled(row: RosterRow, line: Line, joins: str) -> RosterRow:
    """The row as the line says it."""
    row.number, row.name, row.sex, row.bank_name = line.number, line.name, line.sex, line.bank_name
    row.insured, row.shares, row.member_id = line.insured, line.shares, line.member_id
    row.id_number, row.phone, row.account = line.id_number or None, line.phone or None, line.account or None
    row.problems, row.joins = line.problems, joins
    return row


def _refuse_terms(
    employer: Organisation, editions: Sequence[SchemeEdition], starts_on: date, at: datetime
) -> None:
    if employer.kind != Organisation.Kind.EMPLOYER:
        raise NotAnEmployer(f"{employer.name}不是参保单位，名册要挂在具体的单位下：请选择职工所在的单位。")
    if not employer.is_open:
        raise NotAnEmployer(
            f"{employer.name}已经停用，不能再报名册：请选职工现在的单位，或请系统管理员重新启用。"
        )
    if not editions:
        raise SchemesRefused("没有选择方案，不知道参加什么、缴多少：请至少选一个方案。")
    for row in editions:
        if not row.opens_on <= starts_on < row.closes_on:
            raise SchemesRefused(f"方案“{row.short}”在 {starts_on} 没有开放，请改起日或方案。")
    if sentence := clashing(schemes.engine(row) for row in editions):
        raise SchemesRefused(f"{sentence}。")
    if starts_on < (today := at.astimezone(SHANGHAI).date()):
        raise StartRefused(f"保障不能从过去开始（{starts_on} 早于今天 {today}）：请改为今天或以后的日期。")


def _refuse_way(editions: Sequence[SchemeEdition], starts_on: date, way: str) -> None:
    """Rosters are of an employer or a platform; an individual applies (see applications.py)."""
    if way not in {Way.GROUP, Way.PLATFORM}:
        raise SchemesRefused("名册只有随单位、随平台企业两种；个人请在“个人参加”里申请。")
    for row in editions:
        if way not in ways(schemes.engine(row), starts_on.toordinal()):
            raise SchemesRefused(f"方案“{row.short}”不收{Way(way).label}参加的，请改方案或参加方式。")


def _refuse_same_file(
    employer: Organisation, editions: Sequence[SchemeEdition], starts_on: date, data: bytes
) -> None:
    digest = hashlib.sha256(data).hexdigest()
    twins = Roster.objects.filter(employer=employer, cover_starts_on=starts_on, file__sha256=digest)
    wanted = {row.pk for row in editions}
    for roster in twins.exclude(state=Roster.State.CANCELLED).order_by("-uploaded_at"):
        if wanted == set(roster.editions.values_list("pk", flat=True)):
            raise SameFileAgain(roster)
