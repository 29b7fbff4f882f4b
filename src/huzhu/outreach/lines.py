"""One line an employer: what stands in the tree and the record, what visits led to, what comes next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Max, Sum

from huzhu.db.people import People, people
from huzhu.employers import queries as employers
from huzhu.employers.models import Profile, Stance
from huzhu.enrolment.models import Enrolment, Roster
from huzhu.organisations.models import Organisation
from huzhu.organisations.queries import visible_to
from huzhu.outreach.models import FollowUp, Visit
from huzhu.users.models import Role

DIRECT = "市直单位和企业"
FRONT_ORDER = {"unit": 0, "industry": 1, "society": 2}


@dataclass(frozen=True, slots=True)
class Line:
    """An employer as the lists show it."""

    employer: Organisation
    place: str
    place_key: str
    profile: Profile
    stance: Stance
    follow_up: FollowUp
    proven: int | None
    people: People  # with cover today
    handed_in: bool
    visits: int = 0
    leaflets: int = 0
    last_on: date | None = None

    @property
    def enrolled(self) -> int:
        return self.people.number

    @property
    def joined(self) -> bool:
        return self.enrolled > 0

    @property
    def visited(self) -> bool:
        return self.visits > 0

    @property
    def willing(self) -> bool:
        """Visited, and said so or did so."""
        return self.visited and (self.stance.willing == Stance.Willing.YES or self.handed_in or self.joined)

    @property
    def listed(self) -> bool:
        """Visited, and a roster was handed in that was not cancelled."""
        return self.visited and (self.handed_in or self.joined)

    @property
    def paid(self) -> bool:
        """Visited, and cover is in force, which begins when the fee is complete."""
        return self.visited and self.joined

    @property
    def owner_name(self) -> str:
        return self.follow_up.owner.name if self.follow_up.owner else ""

    @property
    def lacks(self) -> list[str]:
        """Which of cause, owner and next date an employer that has not joined lacks."""
        if self.joined:
            return []
        held = {
            "原因": self.stance.cause,
            "负责人": self.follow_up.owner_id,
            "下一步日期": self.follow_up.next_on,
        }
        return [name for name, value in held.items() if not value]

    @property
    def short_cause(self) -> str:
        return employers.SHORT_CAUSES.get(self.stance.cause, "")

    def overdue(self, today: date) -> bool:
        return self.follow_up.next_on is not None and self.follow_up.next_on < today

    def due(self, today: date) -> bool:
        return self.follow_up.next_on == today


def lines(by: Role, today: date, only: Sequence[Organisation] | None = None) -> list[Line]:
    """Every employer of the asker's branch, in the order of the tree; or only these of them."""
    seen = employers.visible_to(by)
    chosen = seen if only is None else seen.filter(pk__in=[one.pk for one in only])
    found, keys = (
        list(chosen),
        chosen.order_by().values("pk"),
    )  # a query within the others, not a thousand numbers
    places = list(visible_to(by).filter(kind__in=("county", "group")))
    profiles, stances = employers.profiles(found, keys), employers.stances(found, keys)
    proven = employers.proven_head_counts(keys, today)
    follow_ups = {
        one.employer_id: one for one in FollowUp.objects.filter(employer__in=keys).prefetch_related("owner")
    }
    covered = Enrolment.objects.in_force().covering(today).filter(employer__in=keys)
    enrolled, handed_in, visits = people(covered, "employer", "member"), _handed_in(keys), _visits(keys)
    made = []
    for one in found:
        place, key = _place(one, places)
        visited = visits.get(one.pk, {})
        made.append(
            Line(
                employer=one,
                place=place,
                place_key=key,
                profile=profiles[one.pk],
                stance=stances[one.pk],
                follow_up=follow_ups.get(one.pk) or FollowUp(employer=one),
                proven=proven.get(one.pk),
                people=enrolled[one.pk],
                handed_in=one.pk in handed_in,
                **visited,
            )
        )
    return made


def work(found: Iterable[Line], today: date) -> list[Line]:
    """Not joined, or with a next step: overdue on top, then what lacks something, then employers, industries, society."""

    def order(line: Line) -> tuple[Any, ...]:
        late = line.overdue(today)
        day = line.follow_up.next_on or date.max
        front = FRONT_ORDER[line.profile.front]
        return (not late, day if late else date.min, not line.lacks, front, day, line.employer.path)

    return sorted((one for one in found if not one.joined or one.follow_up.next_on), key=order)


def _place(employer: Organisation, places: Iterable[Organisation]) -> tuple[str, str]:
    above = next((one for one in places if employer.path.startswith(one.path)), None)
    return (above.name, str(above.pk)) if above else (DIRECT, "direct")


def _handed_in(keys: Any) -> set[int]:
    rosters = Roster.objects.filter(employer__in=keys).exclude(state=Roster.State.CANCELLED)
    return set(rosters.order_by().values_list("employer_id", flat=True))


def _visits(keys: Any) -> dict[int, dict[str, Any]]:
    rows = Visit.objects.filter(employer__in=keys, undone_at__isnull=True).order_by().values("employer")
    counted = rows.annotate(n=Count("pk"), pieces=Sum("leaflets"), last=Max("on"))
    return {
        row["employer"]: {"visits": row["n"], "leaflets": row["pieces"], "last_on": row["last"]}
        for row in counted
    }
