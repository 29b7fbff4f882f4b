"""Who may join what: repeats within a sheet and registered names here, everything else by the editions' own rules."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from huzhu.core.periods import months_after
from huzhu.employers.queries import proven_head_count
from huzhu.enrolment.line import ASKED, Line, name_of
from huzhu.enrolment.models import Application, Enrolment, Roster, Way
from huzhu.members.queries import by_numbers
from huzhu.organisations.models import Organisation
from huzhu.rules import entry as rules
from huzhu.rules.edition import Edition
from huzhu.schemes import queries as schemes
from huzhu.schemes.models import SchemeEdition

SLICE = 500
ONE_DAY = timedelta(days=1)
# what is known of somebody at the door, by the names of common/entry; a sheet tells nothing of illness
KNOWN = frozenset(
    {
        "sex",
        "starts_on",
        "age",
        "insured",
        "way",
        "shares",
        "late_days",
        "gap_days",
        "in_force",
        "held_until",
        "kind_until",
        "already_ill",
    }
)
Facts = dict[str, Any]


class AsksForMore(ValueError):
    """The edition asks at the door for something that nobody is asked for here."""


@dataclass(frozen=True, slots=True)
class Cover:
    """An earlier participation of somebody, as much of it as entry asks for."""

    scheme_slug: str
    starts_on: date
    ends_on: date
    since_on: date
    in_force: bool
    kind: str  # of schemes of one kind a person may hold one only

    def overlaps(self, starts_on: date, ends_on: date) -> bool:
        return self.starts_on < ends_on and self.ends_on > starts_on


class Door:
    """One edition on one first day of cover: its terms in figures, and its judgements, each made once.

    A judgement depends on a handful of facts, and a roster of many thousands holds few different ones.
    """

    def __init__(
        self, row: SchemeEdition, starts_on: date, way: str, group: tuple[date, date] | None
    ) -> None:
        self.row, self.way, self.starts_on = row, way, starts_on
        self.day = starts_on.toordinal()
        self.engine = schemes.engine(row)
        self.kind = kind_of(self.engine)
        self.grace = timedelta(days=rules.number(self.engine, "grace", self.day))
        self.late = timedelta() if group is None else starts_on - group[0]
        self.ends_on = self._ends_on(group)
        self.columns = _columns(self.engine)
        self.judged: dict[tuple[Any, ...], tuple[bool, str, str]] = {}

    def _ends_on(self, group: tuple[date, date] | None) -> date:
        """A late joiner's cover ends with the group's where the edition says so."""
        if group and rules.entry_of(self.engine).late == "group":
            return group[1]
        return months_after(self.starts_on, rules.number(self.engine, "months", self.day))

    def judge(self, told: Facts) -> tuple[bool, str, str]:
        """(joins, the engine's sentence on why not, the cell that it is about)."""
        key = tuple([told[name] for name in self.columns])
        if key not in self.judged:
            row = dict(zip(self.columns, key, strict=True))
            joins = rules.admits(self.engine, row)
            found = None if joins else rules.admission(self.engine, row)
            self.judged[key] = (joins, found.sentence, self._cell(found.failed)) if found else (joins, "", "")
        return self.judged[key]

    def _cell(self, condition: str) -> str:
        """Where somebody mends what the condition asks for; the number, where no column of its own tells it."""
        asked = rules.asks_for(self.engine, condition)
        return next((column for column in ASKED if column in asked), "id_number")

    def admission(self, told: Facts) -> rules.Admission:
        """The judgement with its reasoning."""
        return rules.admission(self.engine, {name: told[name] for name in self.columns})


@cache
def _columns(engine: Edition) -> tuple[str, ...]:
    wanted = rules.door(engine).columns
    if strangers := [engine.facts[name].label for name in wanted if name not in KNOWN]:
        raise AsksForMore(
            f"方案“{engine.slug}”参加时要看{'、'.join(strangers)}，名册和申请里都没有这一项，没有办法判断。"
            "请先在方案里去掉这个条件，或请系统管理员补上这一项。"
        )
    return wanted


def kind_of(engine: Edition) -> str:
    return engine.entry.one_of if engine.entry else ""


class Entry:
    """What is known about entering these editions on one day, in one way, perhaps at one employer.

    `declared` holds, by identity number, what people said of themselves (insured, already_ill).
    """

    def __init__(
        self,
        editions: Sequence[SchemeEdition],
        starts_on: date,
        *,
        way: str = Way.GROUP,
        employer: Organisation | None = None,
        declared: Mapping[str, Facts] | None = None,
    ) -> None:
        self.editions = sorted(editions, key=lambda row: row.pk)
        self.starts_on, self.employer, self.way = starts_on, employer, way
        self.declared = declared or {}
        self.doors = {row.pk: Door(row, starts_on, way, self._group_period(row)) for row in self.editions}
        self.kinds = {pk: door.kind for pk, door in self.doors.items()}
        self.covers: dict[str, list[Cover]] = defaultdict(list)
        self.names: dict[str, str] = {}
        self.registered: dict[str, Any] = {}  # number → key of the member

    @classmethod
    def of(cls, roster: Roster) -> "Entry":
        """On the terms of a roster."""
        individual = roster.way == Way.INDIVIDUAL
        declared = declared_by(Application.objects.filter(roster=roster)) if individual else {}
        return cls(
            list(roster.editions.all()),
            roster.cover_starts_on,
            way=roster.way,
            employer=roster.employer,
            declared=declared,
        )

    def _group_period(self, row: SchemeEdition) -> tuple[date, date] | None:
        """The period in which the employer's people are covered on the day, by the first of them that joined."""
        if self.employer is None or self.way == Way.INDIVIDUAL:
            return None
        held = Enrolment.objects.filter(employer=self.employer, scheme_slug=row.slug)
        running = held.exclude(state=Enrolment.State.VOID).covering(self.starts_on)
        return running.order_by("cover_starts_on").values_list("cover_starts_on", "cover_ends_on").first()

    def learn(self, lines: Iterable[Line]) -> None:
        """Look up who of these people is registered and what they hold."""
        members = by_numbers([line.identity.number for line in lines if line.identity])
        numbers = {member.pk: number for number, member in members.items()}
        self.names |= {number: member.name for number, member in members.items()}
        self.registered |= {number: member.pk for number, member in members.items()}
        keys = list(numbers)
        for start in range(0, len(keys), SLICE):
            held = Enrolment.coming.filter(member__in=keys[start : start + SLICE]).select_related("edition")
            for row in held.exclude(state=Enrolment.State.VOID):
                self.covers[numbers[row.member_id]].append(self._cover(row))

    def _cover(self, row: Enrolment) -> Cover:
        if row.edition_id not in self.kinds:
            self.kinds[row.edition_id] = kind_of(schemes.engine(row.edition))
        return Cover(
            row.scheme_slug,
            row.cover_starts_on,
            row.cover_ends_on,
            row.covered_since_on,
            row.state == Enrolment.State.IN_FORCE,
            self.kinds[row.edition_id],
        )

    def rivals(self) -> set[str]:
        """Schemes whose cover counts against joining here: these themselves, and those of which a person may hold one only."""
        kinds = {door.kind for door in self.doors.values()} - {""}
        of_a_kind = {row.slug for row in schemes.published() if kind_of(schemes.engine(row)) in kinds}
        return of_a_kind | {row.slug for row in self.editions}

    def judge(self, line: Line) -> list[SchemeEdition]:
        """The editions this person will join; where there is none, the line says why."""
        if line.identity is None or line.problems:
            return []
        registered = self.names.get(line.identity.number, line.name)
        if line.name == name_of(registered):
            line.name = registered  # as it was written down, dots and all
        if line.name != registered:
            line.problems["name"] = "这个身份证号已登记在另一个姓名下：请对照身份证核对姓名和号码"
            return []
        told = [(row, *self.doors[row.pk].judge(self.facts(line, row))) for row in self.editions]
        joined = [row for row, joins, *_ in told if joins]
        if not joined:
            for row, _, why, cell in told:
                before = line.problems.get(cell)
                line.problems[cell] = f"{before}\n{row.short}：{why}" if before else f"{row.short}：{why}"
        return joined

    def facts(self, line: Line, row: SchemeEdition) -> Facts:
        """What the edition may ask about this person, by the names of common/entry."""
        assert line.identity is not None  # noqa: S101  the caller asks for good lines only
        door, number = self.doors[row.pk], line.identity.number
        held, kind = None, None
        last: Cover | None = None
        for cover in self.covers.get(number, ()):
            if cover.scheme_slug == row.slug:
                held = self._until(cover, door, held)
                if cover.in_force and (last is None or cover.ends_on > last.ends_on):
                    last = cover
            elif door.kind and cover.kind == door.kind:
                kind = self._until(cover, door, kind)
        gap = (self.starts_on - last.ends_on).days if last else None
        return {
            "sex": line.identity.sex,
            "starts_on": door.day,
            "age": line.identity.age_on(self.starts_on),
            "insured": line.insured_code,
            "way": self.way,
            "shares": line.share_count,
            "late_days": door.late.days,
            "gap_days": None if gap is None else max(0, gap),
            "in_force": gap is not None and gap < 0,
            "held_until": held,
            "kind_until": kind,
            "already_ill": None,
        } | dict(self.declared.get(number, {}))

    def _until(self, cover: Cover, door: Door, before: int | None) -> int | None:
        """The last covered day (an ordinal) of cover that overlaps, or what was found before where that is later."""
        if not cover.overlaps(self.starts_on, door.ends_on):
            return before
        return max(before or 0, (cover.ends_on - ONE_DAY).toordinal(), door.day)

    def since(self, number: str, row: SchemeEdition) -> date:
        """The first day of unbroken cover: earlier cover counts where it ended within the edition's days of grace."""
        before = [c for c in self.covers.get(number, ()) if c.scheme_slug == row.slug and c.in_force]
        last = max(before, key=lambda cover: cover.ends_on, default=None)
        if last and last.ends_on <= self.starts_on <= last.ends_on + self.doors[row.pk].grace:
            return last.since_on
        return self.starts_on

    def ends_on(self, row: SchemeEdition) -> date:
        """The first day no longer covered."""
        return self.doors[row.pk].ends_on

    def findings(self, heads: Mapping[SchemeEdition, int]) -> list[tuple[SchemeEdition, rules.Finding]]:
        """What the rosters's numbers lack by each edition; for individuals there is no roster to speak of."""
        if self.employer is None or self.way == Way.INDIVIDUAL:
            return []
        return [
            (row, finding)
            for row, number in heads.items()
            for finding in rules.findings(self.doors[row.pk].engine, self._roster_facts(row, number))
        ]

    def _roster_facts(self, row: SchemeEdition, number: int) -> Facts:
        assert self.employer is not None  # noqa: S101  asked by the caller
        held = Enrolment.objects.filter(employer=self.employer, scheme_slug=row.slug)
        covered = held.exclude(state=Enrolment.State.VOID).covering(self.starts_on).count()
        staff = proven_head_count(self.employer, self.starts_on) or self.employer.staff_count or None
        told = {
            "starts_on": self.starts_on.toordinal(),
            "joining": number + covered,
            "staff": staff,
            "joining_share": rules.share_of(number + covered, staff) if staff else None,
        }
        engine = self.doors[row.pk].engine
        return {name: told.get(name) for name in rules.roster_door(engine).columns}


def asked_columns(rows: Iterable[SchemeEdition], starts_on: date) -> list[str]:
    """Columns beyond the usual ones that these editions ask a sheet for."""
    engines = [schemes.engine(row) for row in rows]
    found = {"insured"} if any("insured" in rules.door(one).columns for one in engines) else set()
    if any(rules.number(one, "shares", starts_on.toordinal()) > 1 for one in engines):
        found.add("shares")
    return [column for column in ASKED if column in found]


def most_shares(rows: Iterable[SchemeEdition], starts_on: date) -> int:
    """The most shares that every one of these editions lets a person take."""
    day = starts_on.toordinal()
    return min((rules.number(schemes.engine(row), "shares", day) for row in rows), default=1) or 1


def declared_by(applications: Iterable[Application]) -> dict[str, Facts]:
    """What individuals said of themselves, by identity number."""
    return {
        one.id_number: {"insured": one.insured or "unknown", "already_ill": one.already_ill}
        for one in applications
    }


def offered(rows: Iterable[SchemeEdition], starts_on: date, way: str) -> list[SchemeEdition]:
    """Of each scheme the newest edition that is open on the day, where it lets people come in this way."""
    newest: dict[str, SchemeEdition] = {}
    for row in rows:
        if row.opens_on <= starts_on < row.closes_on:
            newest[row.slug] = row
    return [row for row in newest.values() if way in rules.ways(schemes.engine(row), starts_on.toordinal())]
