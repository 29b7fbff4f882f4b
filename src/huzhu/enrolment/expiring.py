"""Cover that ends soon or has just ended: whose, until when, and who of them has gone on already."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from huzhu.enrolment.models import (
    Enrolment,
    EnrolmentQuerySet,
    Renewal,
    RenewalLine,
    Roster,
    RosterRow,
    Way,
)
from huzhu.enrolment.queries import offered_on, visible_to
from huzhu.members.models import Member
from huzhu.organisations.models import Organisation
from huzhu.rules import entry as rules
from huzhu.schemes import queries as schemes
from huzhu.schemes.models import SchemeEdition
from huzhu.users.models import Role
from huzhu.users.permissions import may

SOON = timedelta(days=60)
YEAR = timedelta(days=366)
ONE_DAY = timedelta(days=1)


def grace_of(row: SchemeEdition, day: date) -> int:
    """Days after the end in which a renewal under this edition still counts as unbroken."""
    return rules.number(schemes.engine(row), "grace", day.toordinal())


def grace(day: date) -> timedelta:
    """The longest of the editions open on the day."""
    return timedelta(days=max((grace_of(row, day) for row in offered_on(day)), default=0))


def ending(first: date, last: date) -> EnrolmentQuerySet:
    """Cover in force that ends from one day to another, that nothing follows, and whose holder was not struck off a renewal."""
    after = Enrolment.objects.exclude(state=Enrolment.State.VOID).filter(
        member=OuterRef("member"),
        scheme_slug=OuterRef("scheme_slug"),
        cover_ends_on__gt=OuterRef("cover_ends_on"),
    )
    done = RenewalLine.objects.exclude(reason__in=("", RenewalLine.Reason.MOVED)).filter(
        member=OuterRef("member"),
        renewal__ends_on=OuterRef("cover_ends_on"),
        renewal__submitted_at__isnull=False,
    )
    held = Enrolment.objects.in_force().filter(cover_ends_on__gte=first, cover_ends_on__lte=last)
    found: EnrolmentQuerySet = held.filter(~Exists(after), ~Exists(done))
    return found


def to_renew(first: date, last: date) -> EnrolmentQuerySet:
    """Of that cover what an employer may renew: its holder still works there, and did not join alone."""
    held = _with_employers(ending(first, last))
    return held.filter(member__leaving="", member__employer=F("employer"))


def soon(by: Role, day: date) -> EnrolmentQuerySet:
    """What ends in the branch within sixty days and nobody has renewed: every page that says so counts this."""
    found = to_renew(day + ONE_DAY, day + SOON)
    return found.filter(employer__path__startswith=by.organisation.path)


@dataclass(frozen=True, slots=True)
class Due:
    """An employer's period that ends: how many are not renewed, and the renewal if one was begun."""

    employer: Organisation
    ends_on: date
    people: int
    days: int  # until the end; negative after it
    renewal: Renewal | None
    roster: Roster | None  # what the renewal became

    @property
    def last_day(self) -> date:
        return self.ends_on - timedelta(days=1)

    @property
    def is_over(self) -> bool:
        return self.days <= 0


def due(by: Role, day: date) -> list[Due]:
    """Periods of the branch that may be renewed today, the nearest end first."""
    if not may(by, "rosters.upload"):
        return []
    path = by.organisation.path
    held = to_renew(day - grace(day), day + SOON).filter(employer__path__startswith=path)
    groups = held.order_by().values_list("employer", "cover_ends_on")
    people = {
        (employer, ends_on): n for employer, ends_on, n in groups.annotate(n=Count("member", distinct=True))
    }
    places = Organisation.objects.in_bulk({employer for employer, _ in people})
    begun = {(one.employer_id, one.ends_on): one for one in Renewal.objects.filter(employer__in=places)}
    found = []
    for (employer, ends_on), count in people.items():
        renewal = begun.get((employer, ends_on))
        roster = standing(renewal).first() if renewal else None
        found.append(Due(places[employer], ends_on, count, (ends_on - day).days, renewal, roster))
    return sorted(found, key=lambda one: (one.ends_on, one.employer.path))


def standing(renewal: Renewal) -> QuerySet[Roster]:
    """The rosters it became, but those given up."""
    return renewal.rosters.exclude(state=Roster.State.CANCELLED).order_by("uploaded_at", "pk")


def of_employer(employer: Organisation, ends_on: date) -> list[Enrolment]:
    """Everybody whose cover of the period ends on the day and goes on nowhere, and who came here from elsewhere
    with cover that ends about then."""
    near = Q(employer=employer, cover_ends_on=ends_on) | Q(
        ~Q(employer=employer), member__employer=employer, cover_ends_on__gte=ends_on - grace(ends_on)
    )
    held = _with_employers(ending(ends_on - grace(ends_on), ends_on + SOON)).filter(near)
    return list(held.select_related("member", "edition", "roster").order_by("certificate_no"))


def absent(roster: Roster, by: Role) -> QuerySet[Member]:
    """Whom the employer's last period covered, who is not on the roster, and whose cover goes on nowhere."""
    start = roster.cover_starts_on
    ended = visible_to(by).in_force().filter(employer=roster.employer_id)
    ended = ended.filter(cover_ends_on__gt=start - YEAR, cover_ends_on__lte=start + SOON)
    on_list = RosterRow.objects.filter(roster=roster).exclude(member=None)
    goes_on = Enrolment.objects.exclude(state=Enrolment.State.VOID).filter(
        member=OuterRef("pk"), cover_ends_on__gt=start + SOON
    )
    found = Member.objects.filter(pk__in=ended.order_by().values("member"))
    found = found.filter(~Exists(goes_on)).exclude(pk__in=on_list.values("member"))
    return found.select_related("employer").order_by("name", "pk")


def last_covers(people: Iterable[Member], roster: Roster) -> dict[Any, list[Enrolment]]:
    """Of each of these people the cover of the employer's last period."""
    start = roster.cover_starts_on
    held = Enrolment.objects.in_force().filter(
        employer=roster.employer_id,
        member__in=[one.pk for one in people],
        cover_ends_on__gt=start - YEAR,
        cover_ends_on__lte=start + SOON,
    )
    return grouped(held.select_related("edition").order_by("scheme_slug"))


def _with_employers(held: EnrolmentQuerySet) -> EnrolmentQuerySet:
    """Without who joined as an individual: they renew by themselves."""
    return held.filter(Q(roster=None) | ~Q(roster__way=Way.INDIVIDUAL))


@dataclass(frozen=True, slots=True)
class Crossing:
    """Somebody whose cover was taken out at one employer and who works at another by now."""

    enrolment: Enrolment
    arrived: bool  # seen from the asker's branch: came here with cover from elsewhere

    @property
    def last_day(self) -> date:
        return self.enrolment.cover_ends_on - timedelta(days=1)


def crossings(by: Role, day: date) -> Iterator[Crossing]:
    """Who left the branch with cover that runs on, and who came into it so."""
    if not may(by, "members.see"):
        return
    path = by.organisation.path
    held = Enrolment.objects.in_force().covering(day).exclude(member__employer=F("employer"))
    gone = Q(employer__path__startswith=path) & ~Q(member__employer__path__startswith=path)
    come = Q(member__employer__path__startswith=path) & ~Q(employer__path__startswith=path)
    rows = held.filter(gone | come).select_related("member__employer", "employer", "edition")
    for row in rows.order_by("member__name", "member", "scheme_slug"):
        yield Crossing(row, row.member.employer.path.startswith(path))


def grouped(rows: Iterable[Enrolment]) -> dict[Any, list[Enrolment]]:
    """By member, in the order in which they first come."""
    found: dict[Any, list[Enrolment]] = {}
    for row in rows:
        found.setdefault(row.member_id, []).append(row)
    return found
