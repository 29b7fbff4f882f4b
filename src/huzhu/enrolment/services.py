"""Verbs on rosters: stage an uploaded sheet, mend its rows, cancel it, enrol its people, begin their cover."""

import hashlib
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import count

from django.db import transaction
from django.db.models import Max

from huzhu.audit import services as audit
from huzhu.enrolment import sheet
from huzhu.enrolment.entry import Entry, mark_repeats
from huzhu.enrolment.line import LABELS, Line
from huzhu.enrolment.models import Enrolment, Roster, RosterRow, Way
from huzhu.files import services as files
from huzhu.members import services as members
from huzhu.members.models import Member
from huzhu.organisations.models import Organisation
from huzhu.organisations.queries import agency_of
from huzhu.rules.about import clashing
from huzhu.rules.entry import ways
from huzhu.rules.units import SHANGHAI
from huzhu.schemes import queries as schemes
from huzhu.schemes.models import SchemeEdition
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

SLICE = 2_000


class RosterRefused(ValueError):
    """A roster cannot be staged, mended, cancelled or accepted as it stands."""


class NotAnEmployer(RosterRefused):
    """Rosters belong to employers, not to offices or unions above them."""


class SchemesRefused(RosterRefused):
    """No scheme was chosen, or some that cannot be joined on that day or together."""


class StartRefused(RosterRefused):
    """Cover cannot begin in the past: what has happened already would be covered."""


class SameFileAgain(RosterRefused):
    """This very file lies here already for the same period and schemes; `roster` is the one that does."""

    def __init__(self, roster: Roster) -> None:
        self.roster = roster
        super().__init__(
            f"这个文件{roster.uploaded_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M} 已经上传过"
            f"（{roster.get_state_display()}），没有重复登记，什么也没有改变。下面就是那一次的名册。"
        )


class RosterSettled(RosterRefused):
    """The roster was accepted or cancelled before."""


class RowsToMend(RosterRefused):
    """Some rows are not good, and the good ones alone were not asked for."""


class NobodyToEnrol(RosterRefused):
    """Not one row is good."""


class RosterLacks(RosterRefused):
    """The roster as a whole does not hold what an edition must have."""


class RowsChanged(RosterRefused):
    """Since the preview somebody on the list was registered or enrolled elsewhere."""

    def __init__(self) -> None:
        super().__init__(
            "预览之后，名册里有人在别处参加或变更了登记，人数和应缴会变，所以没有确认。"
            "已按最新情况重新核对，请再看一遍。"
        )


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
    """Read a sheet into rows with what is wrong at each cell; nobody is enrolled yet. TableRefused, RosterRefused."""
    check_may(by, "rosters.upload", within=employer)
    _refuse_terms(employer, editions, cover_starts_on, at)
    _refuse_way(editions, cover_starts_on, way)
    _refuse_same_file(employer, editions, cover_starts_on, data)
    lines = sheet.read(data, name, starts_on=cover_starts_on)
    joins = _judged(lines, Entry(editions, cover_starts_on, way=way, employer=employer))
    with transaction.atomic():
        Organisation.objects.select_for_update(no_key=True).get(pk=employer.pk)
        _refuse_same_file(employer, editions, cover_starts_on, data)
        roster = Roster.objects.create(
            employer=employer,
            way=way,
            cover_starts_on=cover_starts_on,
            file=files.store(name=name, data=data, purpose="roster", by=by, at=at),
            uploaded_at=at,
            uploaded_by=by.actor_id,
        )
        roster.editions.set(editions)
        rows = [_filled(RosterRow(roster=roster), line, joins[line.number]) for line in lines]
        RosterRow.objects.bulk_create(rows, batch_size=SLICE)
        detail = {"rows": len(rows), "bad": sum(not row.joins for row in rows)}
        audit.record(by=by, verb="rosters.upload", on=roster, at=at, detail=detail)
    return roster


def _refuse_terms(
    employer: Organisation, editions: Sequence[SchemeEdition], starts_on: date, at: datetime
) -> None:
    if employer.kind != Organisation.Kind.EMPLOYER:
        raise NotAnEmployer(f"{employer.name}不是参保单位，名册要挂在具体的单位下：请选择职工所在的单位。")
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


def _judged(lines: Sequence[Line], entry: Entry) -> dict[int, str]:
    """What each line joins, by row number; where nothing, the line says why."""
    mark_repeats(lines)
    entry.learn(lines)
    return {line.number: _joined(entry.judge(line)) for line in lines}


def _joined(editions: Iterable[SchemeEdition]) -> str:
    return ",".join(str(row.pk) for row in editions)


def _filled(row: RosterRow, line: Line, joins: str) -> RosterRow:
    row.number, row.name, row.sex, row.bank_name = line.number, line.name, line.sex, line.bank_name
    row.id_number, row.phone, row.account = line.id_number or None, line.phone or None, line.account or None
    row.problems, row.joins = line.problems, joins
    return row


def line_of(row: RosterRow, starts_on: date, changes: Mapping[str, str] | None = None) -> Line:
    """The row read again, perhaps with other text in some cells."""
    cells = {column: getattr(row, column) or "" for column in LABELS} | dict(changes or {})
    return Line.of(row.number, cells, starts_on=starts_on)


@transaction.atomic
def mend(*, roster: Roster, changes: Mapping[str, Mapping[str, str]], by: Role, at: datetime) -> int:
    """Write other text into cells ({row id: {column: text}}) and judge again; how many rows are still not good."""
    check_may(by, "rosters.upload", within=roster.employer)
    locked = _still_staged(roster)
    rows = {str(row.pk): row for row in locked.rows.filter(pk__in=list(changes))}
    lines = {key: line_of(row, locked.cover_starts_on, changes[key]) for key, row in rows.items()}
    touched = {row.id_number for row in rows.values()} | {line.id_number for line in lines.values()}
    others = locked.rows.filter(id_number_index__in=[number for number in touched if number])
    for row in others.exclude(pk__in=list(rows)):
        rows[str(row.pk)], lines[str(row.pk)] = row, line_of(row, locked.cover_starts_on)
    _save(rows, lines, Entry.of(locked))
    audit.record(by=by, verb="rosters.mend", on=locked, at=at, detail={"rows": len(changes)})
    return locked.rows.filter(joins="").count()


def _save(rows: dict[str, RosterRow], lines: dict[str, Line], entry: Entry) -> None:
    joins = _judged(sorted(lines.values(), key=lambda line: line.number), entry)
    for key, row in rows.items():
        _filled(row, lines[key], joins[row.number]).save()


@transaction.atomic
def judge_again(*, roster: Roster, by: Role, at: datetime) -> None:
    """Look at every row once more, after RowsChanged."""
    check_may(by, "rosters.upload", within=roster.employer)
    locked = _still_staged(roster)
    rows = {str(row.pk): row for row in locked.rows.all()}
    lines = {key: line_of(row, locked.cover_starts_on) for key, row in rows.items()}
    _save(rows, lines, Entry.of(locked))
    audit.record(by=by, verb="rosters.judge_again", on=locked, at=at)


def _still_staged(roster: Roster) -> Roster:
    locked = Roster.objects.select_for_update().get(pk=roster.pk)
    if locked.state != Roster.State.STAGED:
        raise RosterSettled(f"这份名册{locked.get_state_display()}，不能再改。要补报或更正，请另传一份名册。")
    return locked


@transaction.atomic
def cancel(*, roster: Roster, by: Role, at: datetime) -> None:
    """Give up a staged roster; nobody was enrolled by it."""
    check_may(by, "rosters.cancel", within=roster.employer)
    staged = Roster.objects.filter(pk=roster.pk, state=Roster.State.STAGED)
    if not staged.update(state=Roster.State.CANCELLED, settled_at=at):
        raise RosterSettled("这份名册已经确认或作废过了，没有再作废。请刷新页面查看。")
    audit.record(by=by, verb="rosters.cancel", on=roster, at=at)


@transaction.atomic
def enrol(*, roster: Roster, good_only: bool, by: Role, at: datetime) -> dict[SchemeEdition, int]:
    """Make the good rows members and enrolments that wait for money; heads by edition. The caller asks for permission."""
    agency = agency_of(roster.employer)
    Organisation.objects.select_for_update(no_key=True).get(
        pk=agency.pk
    )  # one after the other, for the numbers
    locked = _still_staged(roster)
    editions = {row.pk: row for row in locked.editions.order_by("pk")}
    rows = list(locked.rows.exclude(joins=""))
    _refuse_bad(locked, rows, good_only)
    lines = [line_of(row, locked.cover_starts_on) for row in rows]
    entry = Entry.of(locked)
    joins = _judged(lines, entry)
    if any(joins[row.number] != row.joins for row in rows):
        raise RowsChanged
    _refuse_lacking(entry, joins)
    people = _registered(lines, locked.employer, at)
    enrolments = list(_enrolments(locked, lines, joins, people, entry, agency))
    Enrolment.objects.bulk_create(enrolments, batch_size=SLICE)
    Roster.objects.filter(pk=locked.pk).update(state=Roster.State.ACCEPTED, settled_at=at)
    heads = Counter(enrolment.edition_id for enrolment in enrolments)
    detail = {"people": len(rows), "heads": {editions[pk].slug: n for pk, n in sorted(heads.items())}}
    audit.record(by=by, verb="rosters.accept", on=locked, at=at, detail=detail)
    return {editions[pk]: n for pk, n in sorted(heads.items())}


def _refuse_bad(roster: Roster, good: Sequence[RosterRow], good_only: bool) -> None:
    if not good:
        raise NobodyToEnrol("名册里没有一行是好的，没有人可以参加：请先改正标红的格子，或改好表格重新上传。")
    bad = roster.rows.filter(joins="").count()
    if bad and not good_only:
        raise RowsToMend(f"还有 {bad} 行有问题，没有确认：请先改正，或选择只收好的 {len(good)} 行。")


def _refuse_lacking(entry: Entry, joins: Mapping[int, str]) -> None:
    """The roster as a whole may fall short of what an edition must have; a warning stands on the preview only."""
    counted = Counter(pk for listed in joins.values() for pk in listed.split(",") if pk)
    heads = {row: counted[str(row.pk)] for row in entry.editions if counted[str(row.pk)]}
    lacks = [(row, one) for row, one in entry.findings(heads) if one.level == "must"]
    if lacks:
        said = "；".join(f"{row.short}：{one.sentence}" for row, one in lacks)
        raise RosterLacks(f"名册还不能确认。{said}")


def _registered(lines: Sequence[Line], employer: Organisation, at: datetime) -> dict[str, Member]:
    people = [members.Person(line.identity, line.name, line.phone or None) for line in lines if line.identity]
    registered = members.register_all(people=people, employer=employer)
    accounts = {line.id_number: (line.bank_name, line.account) for line in lines if line.account}
    members.add_accounts(accounts=accounts, members=registered, at=at)
    return registered


def _enrolments(
    roster: Roster,
    lines: Sequence[Line],
    joins: Mapping[int, str],
    people: Mapping[str, Member],
    entry: Entry,
    agency: Organisation,
) -> Iterator[Enrolment]:
    starts_on = roster.cover_starts_on
    for edition in entry.editions:
        numbers = _certificate_numbers(agency, edition, starts_on)
        ends_on = entry.ends_on(edition)
        for line in lines:
            if str(edition.pk) in joins[line.number].split(","):
                yield Enrolment(
                    member=people[line.id_number],
                    edition=edition,
                    scheme_slug=edition.slug,
                    employer=roster.employer,
                    roster=roster,
                    cover_starts_on=starts_on,
                    cover_ends_on=ends_on,
                    covered_since_on=entry.since(line.id_number, edition),
                    certificate_no=next(numbers),
                    verify_token=secrets.token_urlsafe(16),
                )


def _certificate_numbers(agency: Organisation, edition: SchemeEdition, starts_on: date) -> Iterator[str]:
    """Year, agency, edition, and a running number; the agency's row is locked while they are given out."""
    prefix = f"{starts_on:%Y}-{agency.pk}-{edition.pk}-"
    given = Enrolment.objects.filter(certificate_no__startswith=prefix)
    last = given.aggregate(last=Max("certificate_no"))["last"]
    first = int(last.rpartition("-")[2]) + 1 if last else 1
    return (f"{prefix}{number:07d}" for number in count(first))


@transaction.atomic
def begin_cover(*, roster: Roster, edition: SchemeEdition, by: Role, at: datetime) -> int:
    """The money is in: what waits for it comes in force. How many did; the caller asks for permission."""
    waiting = Enrolment.objects.filter(roster=roster, edition=edition, state=Enrolment.State.AWAITING_PAYMENT)
    begun = waiting.update(state=Enrolment.State.IN_FORCE)
    if begun:
        detail = {"scheme": edition.slug, "heads": begun}
        audit.record(by=by, verb="rosters.begin_cover", on=roster, at=at, detail=detail)
    return begun


@transaction.atomic
def note_reading(*, roster: Roster, by: Role, at: datetime) -> None:
    """Write down that somebody saw numbers in full while mending rows."""
    audit.record(by=by, verb="rosters.read", on=roster, at=at, kind="read")
