"""Verbs on a renewal: begin with last period's list, mark leavers, add joiners, lay a sheet beside it, submit."""

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime

import xlsxwriter  # type: ignore[import-untyped]
from django.db import IntegrityError, transaction
from django.db.models import Count, F, Max

from huzhu.audit import services as audit
from huzhu.core.identity import tidy
from huzhu.db.rows import sealed
from huzhu.enrolment import columns, services, sheet
from huzhu.enrolment.columns import Reading
from huzhu.enrolment.entry import Entry
from huzhu.enrolment.expiring import grouped, of_employer, standing
from huzhu.enrolment.line import ASKED, LABELS, Line
from huzhu.enrolment.models import Enrolment, Renewal, RenewalLine, Roster, Way
from huzhu.enrolment.queries import offered_on
from huzhu.enrolment.reading import remember, understood
from huzhu.enrolment.slices import Tell, quietly
from huzhu.files import services as files
from huzhu.files.models import StoredFile
from huzhu.members.services import NotAPhone, phone_number
from huzhu.organisations.models import Organisation
from huzhu.rules.units import SHANGHAI
from huzhu.schemes.models import SchemeEdition
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

Reason = RenewalLine.Reason
COLUMNS = ("name", "id_number", "phone")
SHEET = "renewal sheet"
OF_MEMBER = {"retired": Reason.RETIRED, "resigned": Reason.RESIGNED, "died": Reason.DIED}


class RenewalRefused(services.RosterRefused):
    """A renewal cannot be begun, changed or submitted as told."""


class NothingToRenew(RenewalRefused):
    """Nobody's cover of this employer ends on that day, or all of them have gone on."""


class RenewalSubmitted(RenewalRefused):
    """The list became a roster before."""


class ColumnsUnknown(RenewalRefused):
    """A person has to say which column of the sheet is what."""


class LinesRefused(RenewalRefused):
    """Typed lines that cannot be read; nothing was taken over. `lines` is what is wrong with each."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        super().__init__(f"有 {len(lines)} 处要改，一行也没有加：" + "；".join(lines[:8]) + "。")


def begin(*, employer: Organisation, ends_on: date, by: Role, at: datetime) -> Renewal:
    """Last period's list, everybody ticked but who left; a renewal that was begun goes on as it is. NothingToRenew."""
    check_may(by, "rosters.upload", within=employer)
    known = Renewal.objects.filter(employer=employer, ends_on=ends_on)
    if found := known.first():
        return found
    try:
        return _begun(employer, ends_on, by, at)
    except IntegrityError:  # a colleague began at the same moment
        return known.get()


def _begun(employer: Organisation, ends_on: date, by: Role, at: datetime) -> Renewal:
    people = grouped(of_employer(employer, ends_on))
    if not any(row.employer_id == employer.pk for rows in people.values() for row in rows):
        raise NothingToRenew(f"{employer.name}没有在 {ends_on} 到期、还没有续保的保障。请回到工作台核对。")
    today = at.astimezone(SHANGHAI).date()
    ways = {row.roster.way for rows in people.values() for row in rows if row.roster}
    lines = [_line(employer, number, rows) for number, rows in enumerate(people.values(), 1)]
    sealed(lines)
    with transaction.atomic():
        renewal = Renewal.objects.create(
            employer=employer,
            ends_on=ends_on,
            starts_on=max(ends_on, today),
            way=Way.PLATFORM if Way.PLATFORM in ways else Way.GROUP,
            begun_at=at,
        )
        for line in lines:
            line.renewal = renewal
        RenewalLine.objects.bulk_create(lines, batch_size=2_000)
        detail = {"people": len(lines), "ends_on": str(ends_on)}
        audit.record(by=by, verb="renewals.begin", on=renewal, at=at, detail=detail)
    return renewal


def _line(employer: Organisation, number: int, rows: list[Enrolment]) -> RenewalLine:
    member = rows[0].member
    moved = member.employer_id != employer.pk
    return RenewalLine(
        number=number,
        member=member,
        name=member.name,
        id_number=member.id_number,
        phone=member.phone,
        schemes=",".join(sorted({row.scheme_slug for row in rows})),
        shares=str(shares) if (shares := max(row.shares for row in rows)) > 1 else "",
        reason=OF_MEMBER.get(member.leaving, Reason.MOVED if moved else ""),
    )


@transaction.atomic
def mark(
    *, renewal: Renewal, changes: Mapping[str, Mapping[str, str]], by: Role, at: datetime
) -> list[RenewalLine]:
    """{line id: {"reason": …, "phone": …}}: who goes on (no reason) and who does not. LinesRefused, RenewalSubmitted."""
    locked = _open(renewal, by)
    lines = {
        str(line.pk): line for line in locked.lines.filter(pk__in=list(changes)).select_related("member")
    }
    wrong = [said for key, line in lines.items() if (said := _changed(line, changes[key]))]
    if wrong:
        raise LinesRefused(wrong)
    for line in lines.values():
        line.save(update_fields=["reason", "phone"])
    audit.record(by=by, verb="renewals.mark", on=locked, at=at, detail={"lines": len(lines)})
    return list(lines.values())


def _changed(line: RenewalLine, change: Mapping[str, str]) -> str:
    """Write the change into the line; what is wrong with it, or nothing."""
    reason, phone = change.get("reason", line.reason), change.get("phone", line.phone or "").strip()
    if reason and reason not in Reason.values:
        return f"{line.name}：请从列出的原因里选一个"
    try:
        line.phone = phone_number(phone) if phone else None
    except NotAPhone as wrong:
        return f"{line.name}：{wrong}"
    if "phone" in change and line.member and (known := line.member.phone) and known != line.phone:
        return (
            f"{line.name}：手机已经登记，不在名册上改：请本人在手机上换号，原来的手机丢了，请本人到代办处办理"
        )
    line.reason = reason
    return ""


@transaction.atomic
def add(*, renewal: Renewal, text: str, by: Role, at: datetime) -> int:
    """Joiners as typed, one a line: name, identity number, perhaps a phone. All or none; how many. LinesRefused."""
    locked = _open(renewal, by)
    listed = [line for line in text.splitlines() if line.strip()]
    lines = [_typed(number, row, locked.starts_on) for number, row in enumerate(listed, 1)]
    wrong = [f"第 {line.number} 行 {said}" for line in lines for said in line.problems.values()]
    known = _numbers(locked)
    for line in lines:
        if line.id_number in known and not line.problems:
            wrong.append(f"第 {line.number} 行 {line.name}已经在名单里")
        known.add(line.id_number)
    if wrong or not lines:
        raise LinesRefused(wrong or ["没有填要新增的人：请一人一行，写姓名和身份证号"])
    _append(locked, lines)
    audit.record(by=by, verb="renewals.add", on=locked, at=at, detail={"people": len(lines)})
    return len(lines)


def _typed(number: int, row: str, starts_on: date) -> Line:
    cells = [cell for cell in re.split(r"[\s,，、;；\t]+", row.strip()) if cell]
    return Line.of(number, dict(zip(COLUMNS, cells, strict=False)), starts_on=starts_on)


def _numbers(renewal: Renewal) -> set[str]:
    return {line.id_number for line in renewal.lines.all() if line.id_number}


def _append(renewal: Renewal, lines: Iterable[Line]) -> None:
    last = renewal.lines.aggregate(last=Max("number"))["last"] or 0
    schemes = ",".join(slugs(renewal))
    made = [
        RenewalLine(
            renewal=renewal,
            number=number,
            name=line.name[:80],
            id_number=line.id_number or None,
            phone=line.phone or None,
            insured=line.insured,
            shares=line.shares,
            schemes=schemes,
        )
        for number, line in enumerate(lines, last + 1)
    ]
    RenewalLine.objects.bulk_create(made, batch_size=2_000)


@transaction.atomic
def drop(*, renewal: Renewal, line: str, by: Role, at: datetime) -> None:
    """A joiner was typed by mistake; somebody of last period's list gets a reason instead."""
    locked = _open(renewal, by)
    if locked.lines.filter(pk=line, member=None).delete()[0]:
        audit.record(by=by, verb="renewals.drop", on=locked, at=at)


@transaction.atomic
def compare(
    *,
    renewal: Renewal,
    name: str,
    data: bytes,
    by: Role,
    at: datetime,
    reading: Reading | None = None,
) -> dict[str, int]:
    """Lay this year's sheet beside last year's list: who is not in it leaves, who is new joins, what differs is changed.

    Counts of both; the sheet is the whole list, so a second one replaces what the first said. TableRefused;
    ColumnsUnknown where neither the header nor the employer's habit tells which column is what.
    """
    locked = _open(renewal, by)
    book = sheet.opened(data, name)
    said = reading or understood(book, locked.employer)
    if said is None:
        raise ColumnsUnknown("认不出哪一列是姓名、哪一列是身份证号：请指明一次，下次同样的表头就照这样读。")
    if reading:
        if wrong := columns.wrong(reading):
            raise services.ColumnsRefused(wrong)
        remember(locked.employer, book.heads(), reading, at)
    read = book.people(said, starts_on=locked.starts_on)
    here = {tidy(line.id_number): line for line in read if line.id_number}
    locked.lines.filter(member=None).delete()
    old = list(locked.lines.all())
    for line in old:
        _laid_beside(line, here.pop(line.id_number or "", None))
    joining = [*here.values(), *(line for line in read if not line.id_number)]
    _append(locked, joining)
    counts = {"rows": len(read), "joining": len(joining), "leaving": sum(bool(line.reason) for line in old)}
    audit.record(by=by, verb="renewals.compare", on=locked, at=at, detail=counts)
    return counts


def _laid_beside(line: RenewalLine, found: Line | None) -> None:
    """What this year's sheet says of somebody of last year's list; sealed columns are saved row by row."""
    before = (line.reason, line.name, line.phone, line.insured, line.shares)
    if found is None:
        line.reason = line.reason or Reason.UNWILLING
    else:
        line.reason, line.name = "", (found.name or line.name)[:80]
        line.phone = line.phone if "phone" in found.problems else found.phone or line.phone
        line.insured, line.shares = found.insured or line.insured, found.shares or line.shares
    if (line.reason, line.name, line.phone, line.insured, line.shares) != before:
        line.save(update_fields=["reason", "name", "phone", "insured", "shares"])


def keep_sheet(*, renewal: Renewal, name: str, data: bytes, by: Role, at: datetime) -> StoredFile:
    """A sheet whose columns a person will name."""
    check_may(by, "rosters.upload", within=renewal.employer)
    return files.store(name=name, data=data, purpose=SHEET, by=by, at=at)


def kept_sheet(key: str, by: Role) -> StoredFile | None:
    """One that this person has sent."""
    return StoredFile.objects.filter(pk=key, purpose=SHEET, stored_by=by.actor_id).first()


@transaction.atomic
def start_on(*, renewal: Renewal, starts_on: date, by: Role, at: datetime) -> None:
    """Another first day for the new period; not before the old one ends."""
    locked = _open(renewal, by)
    if starts_on < max(locked.ends_on, at.astimezone(SHANGHAI).date()):
        raise RenewalRefused(f"新的保障不能早于原保障期满（{locked.ends_on}），也不能早于今天：请改日期。")
    if starts_on != locked.starts_on:
        Renewal.objects.filter(pk=locked.pk).update(starts_on=starts_on)
        audit.record(by=by, verb="renewals.start_on", on=locked, at=at, detail={"starts_on": str(starts_on)})


def submit(*, renewal: Renewal, by: Role, at: datetime, tell: Tell = quietly) -> list[Roster]:
    """The list becomes a staged roster; those who keep to fewer schemes than they may join become one of their own.

    The same again changes nothing and gives the same rosters; broken off, it reads on. RenewalRefused, RosterRefused.
    """
    check_may(by, "rosters.upload", within=renewal.employer)
    if not standing(renewal).exists():
        lines = list(renewal.lines.filter(reason=""))
        if not lines:
            raise RenewalRefused("没有一个人续保或新增，没有提交：请至少保留一人。")
        tell(0, len(lines), "正在分出名册")
        starts_on = max(renewal.starts_on, at.astimezone(SHANGHAI).date())
        groups = [(group, workbook(some, at)) for group, some in _groups(renewal, lines, starts_on)]
        _submitted(renewal, groups, (starts_on, len(lines)), by, at)
    for roster in standing(renewal).filter(state=Roster.State.READING):
        services.read_in(roster=roster, by=by, at=at, tell=tell)
    made = standing(renewal).annotate(schemes=Count("editions"))
    return list(made.order_by("-schemes", "pk"))


@transaction.atomic
def _submitted(
    renewal: Renewal,
    groups: Iterable[tuple[list[SchemeEdition], bytes]],
    told: tuple[date, int],
    by: Role,
    at: datetime,
) -> None:
    """The sheets are taken in, to be read; of two who submit, one does it."""
    locked = Renewal.objects.select_for_update(of=("self",)).select_related("employer").get(pk=renewal.pk)
    if standing(locked).exists():
        return
    starts_on, people = told
    rosters = [
        services.begin(
            employer=locked.employer,
            editions=group,
            cover_starts_on=starts_on,
            name=f"续保名册 {starts_on}.xlsx",
            data=data,
            way=locked.way,
            by=by,
            at=at,
        )
        for group, data in groups
    ]
    locked.rosters.add(*rosters)
    Renewal.objects.filter(pk=locked.pk).update(submitted_at=at, starts_on=starts_on)
    detail = {"people": people, "rosters": len(rosters)}
    audit.record(by=by, verb="renewals.submit", on=locked, at=at, detail=detail)


def slugs(renewal: Renewal) -> list[str]:
    """Schemes of last period's list."""
    found = renewal.lines.exclude(member=None).order_by().values_list("schemes", flat=True).distinct()
    return sorted({slug for schemes in found for slug in schemes.split(",")})


def editions_of(renewal: Renewal, starts_on: date) -> list[SchemeEdition]:
    """Of those schemes the editions open on the day. RenewalRefused where one has none."""
    offered = {row.slug: row for row in offered_on(starts_on, renewal.way)}
    if closed := [slug for slug in slugs(renewal) if slug not in offered]:
        names = "、".join(closed)
        raise RenewalRefused(f"方案 {names} 在 {starts_on} 没有开放的版次，不能续保：请改起日，或问代办处。")
    return [offered[slug] for slug in slugs(renewal)]


Group = tuple[list[SchemeEdition], list[RenewalLine]]


def _groups(renewal: Renewal, lines: Sequence[RenewalLine], starts_on: date) -> Iterator[Group]:
    """All who may and want the same go together; who wants less than they may join goes with others like them."""
    editions = editions_of(renewal, starts_on)
    open_to = openings(renewal, lines, starts_on)
    groups: dict[frozenset[str], list[RenewalLine]] = {}
    everything = frozenset(row.slug for row in editions)
    for line in lines:
        wanted = frozenset(line.schemes.split(","))
        may_join = {row.slug for row in open_to[line.number][0]}
        groups.setdefault(everything if may_join <= wanted else wanted, []).append(line)
    for chosen, some in sorted(groups.items(), key=lambda group: (-len(group[0]), sorted(group[0]))):
        yield [row for row in editions if row.slug in chosen], some


def openings(
    renewal: Renewal, lines: Sequence[RenewalLine], starts_on: date
) -> dict[int, tuple[list[SchemeEdition], set[str], Line]]:
    """For each line the editions it may join, the schemes in which its cover is unbroken, and the line as read."""
    read = [as_line(line, starts_on) for line in lines]
    editions = editions_of(renewal, starts_on)
    entry = Entry(editions, starts_on, way=renewal.way, employer=renewal.employer)
    entry.learn(read)
    found = {}
    for line in read:
        joins = entry.judge(line)
        unbroken = {row.slug for row in joins if entry.since(line.id_number, row) < starts_on}
        found[line.number] = (joins, unbroken, line)
    return found


def as_line(line: RenewalLine, starts_on: date) -> Line:
    cells = {column: getattr(line, column) or "" for column in (*COLUMNS, *ASKED)}
    return Line.of(line.number, cells, starts_on=starts_on)


def workbook(lines: Sequence[RenewalLine], at: datetime) -> bytes:
    """The list as the sheet that an upload would have been; the same list at the same time is the same file."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties({"created": at.replace(tzinfo=None)})
        page, text = book.add_worksheet("名册"), book.add_format({"num_format": "@"})
        told = [column for column in ASKED if any(getattr(line, column) for line in lines)]
        shown = [*COLUMNS, *told]
        page.set_column(0, len(shown) - 1, 24, text)
        rows = [[getattr(line, column) or "" for column in shown] for line in lines]
        for number, row in enumerate([[LABELS[column] for column in shown], *rows]):
            for place, cell in enumerate(row):
                page.write_string(number, place, cell, text)
    return out.getvalue()


def _open(renewal: Renewal, by: Role) -> Renewal:
    check_may(by, "rosters.upload", within=renewal.employer)
    locked = Renewal.objects.select_for_update().get(pk=renewal.pk)
    if standing(locked).exists():
        raise RenewalSubmitted("这份续保名单已经提交成名册，不能再改。要改，请先作废那份名册，再回到这里。")
    Renewal.objects.filter(pk=locked.pk).update(version=F("version") + 1)
    return locked
