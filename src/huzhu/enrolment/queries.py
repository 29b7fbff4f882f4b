"""Questions about rosters and cover, always asked for someone."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from huzhu.core.identity import tidy
from huzhu.core.pinyin import initials
from huzhu.db.asked import Asked
from huzhu.enrolment.entry import Entry, offered
from huzhu.enrolment.line import ASKED, LABELS
from huzhu.enrolment.models import Application, Enrolment, EnrolmentQuerySet, Roster, RosterRow, Way
from huzhu.members import queries as members
from huzhu.members.models import Member
from huzhu.organisations.models import Organisation
from huzhu.rules.entry import Finding
from huzhu.schemes.models import SchemeEdition
from huzhu.schemes.queries import published
from huzhu.users.models import Role
from huzhu.users.permissions import may

ROSTER_STATES = dict(Roster.State.choices)
APPLICATION_STATES = [choice for choice in Application.State.choices if choice[0] != "draft"]
COVERS = (("held", "有效"), ("soon", "60 天内到期"), ("none", "没有"))
SOON = dt.timedelta(days=60)
OCCUPATIONS = Application.Occupation.choices


def visible_to(by: Role | Member) -> EnrolmentQuerySet:
    """Enrolments of the asker's branch; a member sees their own."""
    enrolments = Enrolment.objects.select_related("member", "edition", "employer")
    if isinstance(by, Member):
        return enrolments.filter(member=by)
    if not may(by, "members.see"):
        return enrolments.none()
    return enrolments.filter(employer__path__startswith=by.organisation.path)


def of_member(by: Role | Member, member: Member) -> EnrolmentQuerySet:
    """Every cover of somebody the asker sees, newest first: also what was taken out at another employer."""
    rows = Enrolment.objects.select_related("member", "edition", "employer").filter(member=member)
    if not isinstance(by, Member) and not by.organisation.contains(member.employer):
        rows = rows.none()
    return rows.order_by("-cover_starts_on", "scheme_slug")


def rosters_visible_to(by: Role) -> QuerySet[Roster]:
    """Rosters of the asker's branch, newest first."""
    if not may(by, "members.see"):
        return Roster.objects.none()
    rosters = Roster.objects.filter(employer__path__startswith=by.organisation.path)
    return rosters.select_related("employer", "file").order_by("-uploaded_at", "pk")


def by_cover(members: QuerySet[Member], by: Role, day: dt.date, which: str) -> QuerySet[Member]:
    """Of these members those with cover on the day, without, or whose cover ends soon (COVERS)."""
    held = visible_to(by).in_force().covering(day).order_by()
    held = held.filter(cover_ends_on__lte=day + SOON) if which == "soon" else held
    people = held.values("member")
    return members.exclude(pk__in=people) if which == "none" else members.filter(pk__in=people)


def covering(member: Member, day: dt.date) -> list[Enrolment]:
    """Cover in force on the day, one a scheme."""
    rows = Enrolment.objects.filter(member=member).in_force().covering(day)
    return list(rows.select_related("edition", "employer").order_by("scheme_slug"))


class Cover(NamedTuple):
    """What an enrolment in force says of whom it covers, and when: of thousands at once nobody needs the row."""

    pk: UUID
    member_id: UUID
    scheme_slug: str
    cover_starts_on: dt.date
    cover_ends_on: dt.date
    covered_since_on: dt.date
    shares: int
    certificate_no: str | None
    edition: SchemeEdition


_EDITION = (
    "id",
    "slug",
    "edition",
    "variant",
    "short",
    "identity",
)  # in the order of the table, as `from_db` wants it


def _covers(members: Any) -> Any:
    rows = Enrolment.objects.filter(member__in=members).in_force()
    columns = *Cover._fields[:-1], *(f"edition__{name}" for name in _EDITION)
    return rows.order_by("scheme_slug", "cover_starts_on", "pk").values_list(*columns)


_OF_ONE = Asked(lambda member: _covers([member]))


def covers_of(members: Any) -> list[Cover]:
    """All cover in force of these members (a list or a query of their keys), by scheme and start: one statement."""
    editions: dict[Any, SchemeEdition] = {}
    covers = []
    of_one = isinstance(members, list) and len(members) == 1
    for row in _OF_ONE(members[0]) if of_one else _covers(members):
        own, named = row[: -len(_EDITION)], row[-len(_EDITION) :]
        edition = editions.get(named[0])
        if edition is None:
            edition = editions[named[0]] = SchemeEdition.from_db("default", _EDITION, named)
        covers.append(Cover._make((*own, edition)))
    return covers


def offered_on(day: dt.date, way: str = Way.GROUP) -> list[SchemeEdition]:
    """What may be chosen when cover begins on the day and people come in this way."""
    return offered(published(), day, way)


def roster_ways(day: dt.date) -> list[tuple[str, str]]:
    """Ways a roster may come in on the day, with their words; an employer's own is always among them."""
    found = [(str(Way.GROUP), str(Way.GROUP.label))]
    return found + [(str(way), str(way.label)) for way in (Way.PLATFORM,) if offered_on(day, way)]


def tally(roster: Roster) -> tuple[int, int]:
    """(good rows, rows with something wrong)."""
    bad = roster.rows.filter(joins="").count()
    return roster.rows.count() - bad, bad


def half_accounts(roster: Roster) -> int:
    """Good rows with an account but no bank, or a bank but no account: they join, and nothing is registered."""
    half = Q(account__isnull=False, bank_name="") | Q(account__isnull=True) & ~Q(bank_name="")
    return roster.rows.exclude(joins="").filter(half).count()


def heads(roster: Roster) -> dict[SchemeEdition, int]:
    """How many the good rows would enrol, by edition."""
    return {row: sum(people.values()) for row, people in heads_by_shares(roster).items()}


def heads_by_shares(roster: Roster) -> dict[SchemeEdition, dict[int, int]]:
    """How many the good rows would enrol with how many shares each (shares → people), by edition."""
    found: dict[SchemeEdition, dict[int, int]] = {row: {} for row in roster.editions.order_by("pk")}
    good = roster.rows.exclude(joins="").order_by()
    for group in good.values("joins", "shares").annotate(rows=Count("pk")):
        shares = int(group["shares"] or 1)
        for row, people in found.items():
            if str(row.pk) in group["joins"].split(","):
                people[shares] = people.get(shares, 0) + group["rows"]
    return {row: dict(sorted(people.items())) for row, people in found.items() if people}


def refused_for(roster: Roster) -> dict[str, int]:
    """Columns that only some editions ask for → how many rows are refused for what stands there."""
    counts = {column: Count("pk", filter=Q(problems__has_key=column)) for column in ASKED}
    return {column: count for column, count in to_mend(roster).aggregate(**counts).items() if count}


def columns_of(roster: Roster, refused: Mapping[str, int]) -> list[str]:
    """The columns of the roster's grid: the usual ones, and what its sheet tells or somebody is refused for."""
    told = {*roster.reading.get("columns", ()), *refused}
    return [column for column in LABELS if column not in ASKED or column in told]


def not_told(roster: Roster, refused: Mapping[str, int]) -> list[tuple[str, int]]:
    """Columns that the sheet does not have, and how many rows are refused for what would stand there: (label, rows)."""
    known = roster.reading.get("columns", ASKED)
    return [(LABELS[column], count) for column, count in refused.items() if column not in known]


def last_days(roster: Roster) -> dict[SchemeEdition, dt.date]:
    """The last covered day by edition."""
    entry = Entry.of(roster)
    return {row: entry.ends_on(row) - dt.timedelta(days=1) for row in entry.editions}


def findings(roster: Roster) -> list[tuple[SchemeEdition, Finding]]:
    """What the roster as a whole lacks by its editions, counting the good rows."""
    return Entry.of(roster).findings(heads(roster))


def to_mend(roster: Roster) -> QuerySet[RosterRow]:
    """Rows with something wrong, in the order of the sheet."""
    return roster.rows.filter(joins="").order_by("number")


def every_row(roster: Roster) -> QuerySet[RosterRow]:
    """All rows, in the order of the sheet."""
    return roster.rows.order_by("number")


def where_held(numbers: Sequence[str | None], by: Role) -> dict[str, str]:
    """Identity number → the employer that covers the person already; of the asker's branch only."""
    wanted = [number for number in numbers if number]
    rows = visible_to(by).filter(member__id_number_index__in=wanted) if wanted else []
    return {row.member.id_number: row.employer.name for row in rows}


def left_before(numbers: Sequence[str | None], by: Role) -> dict[str, str]:
    """Identity number → how and when a person was said to have left, where one on the list did; of the branch only."""
    wanted = [number for number in numbers if number]
    gone = members.visible_to(by).filter(id_number_index__in=wanted).exclude(leaving="") if wanted else []
    return {one.id_number: f"{one.left_on} 登记为{one.get_leaving_display()}" for one in gone}


def applications_visible_to(by: Role) -> QuerySet[Application]:
    """Applications handed in to the asker's branch, those that wait longest first."""
    if not may(by, "applications.see"):
        return Application.objects.none()
    found = Application.objects.exclude(state=Application.State.DRAFT).filter(
        agency__path__startswith=by.organisation.path
    )
    return found.select_related("edition", "agency", "roster").order_by("submitted_at", "pk")


def matching(found: QuerySet[Application], text: str) -> QuerySet[Application]:
    """Applications by number, name, its pinyin initials, platform, identity number or its last four."""
    wanted = tidy(text)
    said = Q(number__icontains=text) | Q(name__contains=text) | Q(platform__contains=text)
    said |= Q(id_number_index=wanted)
    if re.fullmatch(r"[0-9]{3}[0-9X]", wanted):
        said |= Q(id_number_last4=wanted)
    elif wanted.isascii() and wanted.isalpha():
        begin = wanted.lower()
        names = found.values_list("pk", "name")
        said |= Q(pk__in=[pk for pk, name in names if initials(name).startswith(begin)])
    return found.filter(said)


def application(key: str) -> Application | None:
    """The one whose key a browser was given when its phone was proved; nothing for a key that is none."""
    try:
        wanted = UUID(key)
    except ValueError:
        return None
    return Application.objects.select_related("edition", "agency").filter(pk=wanted).first()


def cover_of(found: Application) -> Enrolment | None:
    """What an approved application became."""
    if found.roster_id is None:
        return None
    return Enrolment.objects.filter(roster=found.roster_id).select_related("edition", "member").first()


def agencies() -> QuerySet[Organisation]:
    """Offices an individual may turn to; their names are public."""
    return Organisation.objects.filter(kind=Organisation.Kind.CITY).order_by("path")


def by_token(token: str) -> Enrolment | None:
    """What a certificate's code stands for; anybody may ask who holds the paper."""
    rows = Enrolment.objects.select_related("member", "edition").exclude(state=Enrolment.State.VOID)
    return rows.filter(verify_token=token).first()
