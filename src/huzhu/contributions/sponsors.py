"""Questions about pledges: who may know them, what they come to, and whom they stand for on a roster."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet, Sum

from huzhu.contributions.models import Gift, Pledge, Share
from huzhu.contributions.splits import Promise
from huzhu.enrolment.models import Enrolment, Roster, RosterRow
from huzhu.members.models import Member
from huzhu.schemes.models import SchemeEdition
from huzhu.users.models import Role
from huzhu.users.permissions import may

UNNAMED = "爱心资助"
KINDS = Pledge.Kind.choices
SLICE = 500


def visible_to(by: Role) -> QuerySet[Pledge]:
    """Pledges for the branch of whoever keeps them or cares for the workers, newest first."""
    if not (may(by, "contributions.pledge") or may(by, "sponsors.see")):
        return Pledge.objects.none()
    path = by.organisation.path
    within = Q(member__employer__path__startswith=path) | Q(place__path__startswith=path)
    return Pledge.objects.filter(within).select_related("member__employer", "place").order_by("-pk")


def sponsor_for(by: Role, pledge: Pledge) -> str:
    """The sponsor's name for those who may know it, else only that there is one."""
    knows = pledge.is_named or may(by, "sponsors.see") or pledge.recorded_by == by.actor_id
    return pledge.sponsor_name if knows else UNNAMED


def shown_name(pledge: Pledge) -> str:
    """How papers and the member's page name the sponsor."""
    return pledge.sponsor_name if pledge.is_named else UNNAMED


def sums_of(pledges: Iterable[Pledge]) -> dict[int, tuple[int, int]]:
    """Due and paid of each pledge so far, in fen."""
    shares = Share.objects.filter(pledge__in=[one.pk for one in pledges]).order_by().values("pledge")
    rows = shares.annotate(due=Sum("amount_fen"), paid=Sum("received_fen"))
    return {row["pledge"]: (row["due"], row["paid"]) for row in rows}


@dataclass(frozen=True, slots=True)
class Year:
    """What a pledge came to in one year of cover."""

    pledge: Pledge
    year: int
    people: int
    due_fen: int
    paid_fen: int

    @property
    def short_fen(self) -> int:
        return self.due_fen - self.paid_fen


def years_of(pledges: Iterable[Pledge]) -> list[Year]:
    """Year by year, newest first: how many people, due, received; what is short is the difference."""
    held = {one.pk: one for one in pledges}
    shares = Share.objects.filter(pledge__in=held).order_by()
    rows = shares.values_list("pledge", "due__roster__cover_starts_on__year").annotate(
        Sum("amount_fen"), Sum("received_fen")
    )
    gifts = Gift.objects.filter(share__pledge__in=held).order_by()
    counted = gifts.values_list("share__pledge", "share__due__roster__cover_starts_on__year")
    people = {
        (key, year): count for key, year, count in counted.annotate(Count("enrolment__member", distinct=True))
    }
    found = [Year(held[key], year, people.get((key, year), 0), due, paid) for key, year, due, paid in rows]
    return sorted(found, key=lambda one: (-one.year, -one.pledge.pk))


def to_renew(by: Role, today: dt.date, days: int = 60) -> list[tuple[Gift, str]]:
    """Sponsored cover that ends within so many days while the pledge stands, and whom to remind before the renewal."""
    soon = Enrolment.objects.in_force().filter(
        cover_ends_on__gt=today, cover_ends_on__lte=today + dt.timedelta(days=days)
    )
    standing = visible_to(by).filter(withdrawn_at=None).order_by()
    found = Gift.objects.filter(enrolment__in=soon, share__pledge__in=standing)
    rows = found.select_related("enrolment__member__employer", "enrolment__edition", "share__pledge")
    return [
        (gift, sponsor_for(by, gift.share.pledge))
        for gift in rows.order_by("enrolment__cover_ends_on", "pk")
        if gift.share.pledge
    ]


def gifts_of(enrolments: Sequence[Enrolment]) -> dict[object, str]:
    """Of a member's own participations those that somebody pays: how the sponsor is named, by key."""
    found = Gift.objects.filter(enrolment__in=enrolments).select_related("share__pledge").order_by("pk")
    names: dict[object, list[str]] = {}
    for gift in found:
        if gift.share.pledge:
            names.setdefault(gift.enrolment_id, []).append(shown_name(gift.share.pledge))
    return {key: "、".join(dict.fromkeys(said)) for key, said in names.items()}


def promises_of(roster: Roster, edition: SchemeEdition) -> dict[str, tuple[int, list[Promise]]]:
    """The pledges that stand for people whom a roster brings into a scheme, by identity number with the shares they take;
    those for one member first."""
    above = [int(pk) for pk in roster.employer.path.split("/") if pk]
    standing = Pledge.objects.filter(withdrawn_at=None, from_year__lte=roster.cover_starts_on.year)
    for_all = list(standing.filter(place__in=above).order_by("pk"))
    for_one: dict[object, list[Pledge]] = {}
    for pledge in standing.exclude(member=None).order_by("pk"):
        for_one.setdefault(pledge.member_id, []).append(pledge)
    wanted = Q(pk__in=list(for_one)) | (Q(in_hardship=True) if for_all else Q(pk__in=[]))
    people = {member.id_number: member for member in Member.objects.filter(wanted)}
    found = {}
    for number, shares in _brought(roster, edition, list(people)):
        member = people[number]
        pledges = [*for_one.get(member.pk, []), *(for_all if member.in_hardship else [])]
        found[number] = shares, [Promise(one.pk, shown_name(one), one.fixed_fen) for one in pledges]
    return found


def _brought(roster: Roster, edition: SchemeEdition, numbers: list[str]) -> list[tuple[str, int]]:
    """Which of these people stand on good rows of the roster for the scheme, with their shares, in the order of the sheet."""
    found = []
    for start in range(0, len(numbers), SLICE):
        rows = RosterRow.objects.filter(roster=roster, id_number_index__in=numbers[start : start + SLICE])
        found += [row for row in rows.exclude(joins="") if str(edition.pk) in row.joins.split(",")]
    return [(row.id_number or "", int(row.shares or 1)) for row in sorted(found, key=lambda row: row.number)]
