"""Questions about outreach, always asked for someone."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet, Sum

from huzhu.contributions.models import Receipt
from huzhu.employers import queries as employers
from huzhu.enrolment.models import Enrolment
from huzhu.organisations.models import Organisation
from huzhu.organisations.queries import visible_to as branch
from huzhu.outreach.lines import Line
from huzhu.outreach.models import Occasion, Target, Visit
from huzhu.rules.units import SHANGHAI
from huzhu.users import queries as users
from huzhu.users.models import Role, User
from huzhu.users.permissions import may

WAYS = tuple(Visit.Way.choices)
KINDS = tuple(Occasion.Kind.choices)
STAGES = (
    ("visited", "走访过"),
    ("willing", "愿意参加"),
    ("listed", "交了名册"),
    ("paid", "已缴费参保"),
)
GROUPS = (("place", "县区、集团"), ("industry", "行业"), ("owner", "负责人"))


@dataclass(slots=True)
class Funnel:
    """From a visit to payment, in employers; `query` opens the rows of the group."""

    name: str
    query: str = ""
    employers: int = 0
    visited: int = 0
    willing: int = 0
    listed: int = 0
    paid: int = 0

    def count(self, line: Line) -> None:
        self.employers += 1
        for stage, _ in STAGES:
            setattr(self, stage, getattr(self, stage) + int(getattr(line, stage)))

    @property
    def stages(self) -> list[tuple[str, str, int, int]]:
        """Key, words, how many, and how long its bar is in twentieths of the visited."""
        counts = [(key, words, getattr(self, key)) for key, words in STAGES]
        return [
            (key, words, number, round(20 * number / self.visited) if self.visited else 0)
            for key, words, number in counts
        ]


def funnel(lines: Iterable[Line], name: str = "") -> Funnel:
    """All of them together."""
    found = Funnel(name)
    for line in lines:
        found.count(line)
    return found


def funnels(lines: Iterable[Line], way: str) -> list[Funnel]:
    """By county, industry or owner; the most visited first."""
    heading = _HEADINGS.get(way, _HEADINGS["place"])
    groups: dict[str, Funnel] = {}
    for line in lines:
        name, query = heading(line)
        groups.setdefault(query, Funnel(name, query)).count(line)
    return sorted(groups.values(), key=lambda one: (-one.visited, -one.employers, one.name))


_HEADINGS: dict[str, Callable[[Line], tuple[str, str]]] = {
    "place": lambda line: (line.place, f"place={line.place_key}"),
    "industry": lambda line: (
        (str(employers.INDUSTRY_NAMES[line.profile.industry]), f"industry={line.profile.industry}")
        if line.profile.industry
        else ("没有登记行业", "industry=none")
    ),
    "owner": lambda line: (
        line.owner_name or "没有负责人",
        f"owner={line.follow_up.owner_id or 'none'}",
    ),
}


def visits_visible_to(by: Role) -> QuerySet[Visit]:
    """Visits in the asker's branch that count, newest first."""
    if not may(by, "outreach.see"):
        return Visit.objects.none()
    found = Visit.objects.filter(employer__path__startswith=by.organisation.path, undone_at__isnull=True)
    return found.select_related("employer", "owner", "stance").order_by("-on", "-pk")


def own_last_visit(by: Role, at: datetime) -> Visit | None:
    """The asker's last visit of today, which may still be taken back."""
    last = visits_visible_to(by).filter(logged_by=by.actor_id).order_by("-pk").first()
    day = at.astimezone(SHANGHAI).date()
    return last if last and last.logged_at.astimezone(SHANGHAI).date() == day else None


def own_undone(by: Role, pk: int) -> Visit | None:
    """A visit the asker has just taken back, to be written anew."""
    if not may(by, "outreach.log"):
        return None
    found = Visit.objects.filter(
        pk=pk,
        logged_by=by.actor_id,
        undone_at__isnull=False,
        employer__path__startswith=by.organisation.path,
    )
    return found.select_related("employer", "stance", "owner").first()


def owners(by: Role) -> list[User]:
    """Who may look after employers of the asker's branch: clerks in it, and the asker."""
    roles = users.visible_to(by).filter(
        code__in=("county_clerk", "agency_clerk"), is_active=True, user__is_active=True
    )
    return sorted({role.user for role in roles}, key=lambda user: (user.pk != by.user_id, user.name))


def occasions_visible_to(by: Role) -> QuerySet[Occasion]:
    """Talks and publicity days of the branch, newest first."""
    if not may(by, "outreach.see"):
        return Occasion.objects.none()
    found = Occasion.objects.filter(organiser__path__startswith=by.organisation.path)
    return found.select_related("organiser")


def occasions_matching(found: QuerySet[Occasion], text: str) -> QuerySet[Occasion]:
    """Those whose place or notes hold the text."""
    return found.filter(Q(place__icontains=text) | Q(notes__icontains=text))


def organisers(by: Role) -> QuerySet[Organisation]:
    """Unions and agencies of the branch."""
    return branch(by).filter(kind__in=("city", "county", "group"))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a place has come in a fund year."""

    organisation: Organisation
    target: Target | None
    amount_fen: int
    heads: int

    @property
    def of_amount(self) -> str:
        return _share(self.amount_fen, self.target.amount_fen if self.target else 0)

    @property
    def of_heads(self) -> str:
        return _share(self.heads, self.target.heads if self.target else 0)

    @property
    def twentieths(self) -> int:
        """How long the bar is: by money, or by heads where no money is aimed at."""
        if self.target is None:
            return 0
        part, whole = (
            (self.amount_fen, self.target.amount_fen)
            if self.target.amount_fen
            else (self.heads, self.target.heads)
        )
        return min(20, 20 * part // whole)


def progress(by: Role, year: int) -> list[Progress]:
    """Target and fees of every union and agency of the branch; money and heads whose cover starts in the year."""
    if not may(by, "outreach.see"):
        return []
    targets = {one.organisation_id: one for one in Target.objects.filter(year=year)}
    places = list(organisers(by))
    received, joined = _received(by, year), _joined(by, year)
    return [Progress(one, targets.get(one.pk), received[one.pk], len(joined[one.pk])) for one in places]


def _received(by: Role, year: int) -> dict[int, int]:
    """Fen by place, of employers at or below it."""
    employer = "share__due__roster__employer__path"
    rows = Receipt.objects.filter(
        share__due__roster__cover_starts_on__year=year, **{f"{employer}__startswith": by.organisation.path}
    )
    found: dict[int, int] = defaultdict(int)
    for path, fen in rows.order_by().values_list(employer).annotate(Sum("amount_fen")):
        for place in _above(path):
            found[place] += fen
    return found


def _joined(by: Role, year: int) -> dict[int, set[UUID]]:
    """Members by place; whoever is in force with two employers of it counts once."""
    rows = Enrolment.objects.in_force().filter(
        employer__path__startswith=by.organisation.path, cover_starts_on__year=year
    )
    found: dict[int, set[UUID]] = defaultdict(set)
    for path, member in rows.order_by().values_list("employer__path", "member").distinct():
        for place in _above(path):
            found[place].add(member)
    return found


def _above(path: str) -> list[int]:
    return [int(pk) for pk in path.split("/") if pk]


def _share(part: int, whole: int) -> str:
    """A hundredth of a hundred, half up; empty where nothing is aimed at."""
    tenths = (part * 2_000 + whole) // (2 * whole) if whole else 0
    return f"{tenths // 10}.{tenths % 10}%" if whole else ""


@dataclass(slots=True)
class Standing:
    """What a landing page says of outreach."""

    funnel: Funnel
    overdue: int = 0
    due: int = 0
    lacking: int = 0
    leaflets: int = 0
    causes: list[tuple[str, str, int]] = field(default_factory=list)


def standing(by: Role, lines: Iterable[Line], today: date) -> Standing:
    """Due, overdue and lacking for whoever works there; the funnel and the causes for whoever reads."""
    found = Standing(Funnel(by.organisation.name))
    counts: dict[str, int] = {}
    for line in lines:
        found.funnel.count(line)
        found.overdue += line.overdue(today)
        found.due += line.due(today)
        found.lacking += bool(line.lacks)
        found.leaflets += line.leaflets
        if not line.joined and line.stance.cause:
            counts[line.stance.cause] = counts.get(line.stance.cause, 0) + 1
    found.causes = [(key, words, counts[key]) for key, words in employers.CAUSES if counts.get(key)]
    return found


def stance_words(visit: Any) -> str:
    """愿意 30 人 · 单位不了解互助保障, of the stance a visit brought."""
    stance = visit.stance
    if stance is None:
        return ""
    heads = f" {stance.willing_count} 人" if stance.willing_count is not None else ""
    cause = (
        stance.cause_note if stance.cause == "other" else stance.get_cause_display() if stance.cause else ""
    )
    return f"{stance.get_willing_display()}{heads}{f' · {cause}' if cause else ''}"
