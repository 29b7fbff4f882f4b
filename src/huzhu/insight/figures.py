"""The leader's figures: coverage, money in, people helped and money out, how long it took; by place, kind and employer.

Each is an ordinary query over the branch of whoever asks, as the tree is today: an employer that was moved brings its
people and money with it, while the books keep them at the agency of then. A worker counts once, wherever they are enrolled.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import accumulate
from typing import Any

from django.db.models import QuerySet, Sum

from huzhu.claims.models import Claim, Pause, State
from huzhu.contributions.models import Receipt
from huzhu.db.people import People, people
from huzhu.enrolment.models import Enrolment
from huzhu.organisations.models import Organisation
from huzhu.organisations.queries import visible_to
from huzhu.payouts import helped
from huzhu.payouts.helped import Aid
from huzhu.payouts.models import Payout
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.worktime.queries import calendar

DIRECT = "市直单位和企业"


@dataclass(slots=True)
class Line:
    """One row of a ranking: a county, a kind of employer, or an employer. `key` or `query` opens its rows.

    `workers` have cover and stand in a number of staff; who joined alone stands in none, and apart.
    """

    name: str
    key: str = ""
    query: str = ""
    note: str = ""
    employers: int = 0
    joined_employers: int = 0
    staff: int = 0
    workers: People = field(default_factory=People)
    alone: People = field(default_factory=People)
    fees_fen: int = 0
    aided: People = field(default_factory=People)
    paid_fen: int = 0

    @property
    def enrolled(self) -> int:
        return self.workers.number

    @property
    def individuals(self) -> int:
        """Who has cover by joining alone, and not as a worker as well."""
        return self.alone.number - self.alone.both(self.workers)

    @property
    def helped(self) -> int:
        return self.aided.number

    @property
    def coverage(self) -> str:
        return "—" if self.individuals and not self.staff else percent(self.enrolled, self.staff)

    @property
    def twentieths(self) -> int:
        """How long the bar is."""
        return min(20, round(20 * self.enrolled / self.staff)) if self.staff else 0

    @property
    def has_anything(self) -> bool:
        return any((self.enrolled, self.individuals, self.fees_fen, self.helped, self.paid_fen))

    def add(self, other: "Line") -> None:
        for name in ("employers", "joined_employers", "staff", "fees_fen", "paid_fen"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("workers", "alone", "aided"):
            getattr(self, name).add(getattr(other, name))


@dataclass(slots=True)
class Figures(Line):
    """A whole branch, with how long a payment took."""

    days: int = 0
    timed: int = 0
    lines: list["EmployerLine"] = field(default_factory=list)

    @property
    def mean_days(self) -> str:
        """Working days from complete papers to money received, to a tenth."""
        tenths = (10 * self.days * 2 + self.timed) // (2 * self.timed) if self.timed else 0
        return f"{tenths // 10}.{tenths % 10}" if self.timed else "—"


@dataclass(slots=True)
class EmployerLine(Line):
    """One employer, and where it belongs."""

    kind: str = ""
    sector: str = ""
    path: str = ""

    def with_those(self, below: Sequence["EmployerLine"]) -> "EmployerLine":
        """A row of its own, which counts these as well."""
        note = f"{self.note}，" * bool(self.note) + f"含下属 {len(below)} 家"
        whole = EmployerLine(
            self.name, self.key, note=note, kind=self.kind, sector=self.sector, path=self.path
        )
        for line in (self, *below):
            whole.add(line)
        return whole


def percent(part: int, whole: int) -> str:
    """To a hundredth, half up: 17.35 %."""
    hundredths = (part * 20_000 + whole) // (2 * whole) if whole else 0
    return f"{hundredths // 100}.{hundredths % 100:02}%"


def figures(by: Role, day: date) -> Figures:
    """The branch of whoever asks, on a day."""
    return figures_of(by.organisation, day)


def figures_of(organisation: Organisation, day: date) -> Figures:
    """One branch. Whoever calls has made sure that the organisation lies in the asker's."""
    path = organisation.path
    found = Figures(organisation.name, lines=lines(path, day))
    for line in found.lines:
        found.add(line)
    found.days, found.timed = _working_days(path)
    return found


def lines(path: str, day: date) -> list[EmployerLine]:
    """Every employer of a branch with its figures, in the order of the tree.

    One that was closed, or that holds individuals, is no employer to be won: it counts no staff, and stands here while it
    has people or money.
    """
    employers = list(Organisation.objects.filter(kind=Organisation.Kind.EMPLOYER, path__startswith=path))
    covered = people(covered_at([one.pk for one in employers], day), "employer", "member")
    received = _received(path).order_by().values_list("share__due__roster__employer")
    fees = defaultdict(int, received.annotate(Sum("amount_fen")))
    aided = people(helped.helping(path), "decision__claim__employer", "decision__claim__member")
    aid = helped.aid(path)
    found = (_line(one, covered[one.pk], fees[one.pk], aided[one.pk], aid[one.pk]) for one in employers)
    return [line for line in found if line.employers or line.has_anything]


def _line(one: Organisation, covered: People, fees_fen: int, aided: People, aid: Aid) -> EmployerLine:
    alone = holds_individuals(one)
    counts = one.is_open and not alone
    return EmployerLine(
        name=one.name,
        key=str(one.pk),
        note="" if one.is_open else "已停用",
        employers=int(counts),
        joined_employers=int(counts and covered.number > 0),
        staff=one.staff_count if counts else 0,
        workers=People() if alone else covered,
        alone=covered if alone else People(),
        fees_fen=fees_fen,
        aided=aided,
        paid_fen=aid.net_fen,
        kind=one.sector,
        sector=one.get_sector_display(),
        path=one.path,
    )


def holds_individuals(employer: Organisation) -> bool:
    """Who joined alone, or by a platform that does not say how many it has, is a part of no number of staff."""
    return employer.sector == Organisation.Sector.FLEXIBLE and not employer.staff_count


def by_place(found: Iterable[EmployerLine], by: Role) -> list[Line]:
    """Counties and the group, and what stands directly under the city, best covered first."""
    places = _between(by)

    def place(line: EmployerLine) -> Line:
        above = _above(line, places)
        return Line(above.name, str(above.pk)) if above else Line(DIRECT, query="direct=1")

    return grouped(found, place)


def direct(found: Iterable[EmployerLine], by: Role) -> list[EmployerLine]:
    """Employers that stand under no county and no group."""
    places = _between(by)
    return [line for line in found if _above(line, places) is None]


def _between(by: Role) -> list[Organisation]:
    return list(visible_to(by).filter(kind__in=("county", "group")))


def _above(line: EmployerLine, places: Iterable[Organisation]) -> Organisation | None:
    return next((one for one in places if line.path.startswith(one.path)), None)


def by_sector(found: Iterable[EmployerLine]) -> list[Line]:
    """Kinds of employers, best covered first."""
    return grouped(found, lambda line: Line(line.sector, query=f"sector={line.kind}"))


def grouped(found: Iterable[EmployerLine], heading: Callable[[EmployerLine], Line]) -> list[Line]:
    """Lines added up under their headings, best covered first."""
    groups: dict[tuple[str, str], Line] = {}
    for line in found:
        head = heading(line)
        groups.setdefault((head.key, head.name), head).add(line)
    return ranked(groups.values())


def by_employer(found: Sequence[EmployerLine]) -> list[EmployerLine]:
    """Employers, best covered first; each with those below it, as the page counts that its row opens to."""
    places = {line.path for line in found}
    below: dict[str, list[EmployerLine]] = defaultdict(list)
    for line in found:
        above = accumulate(f"{key}/" for key in line.path.split("/")[:-2])
        for path in places.intersection(above):
            below[path].append(line)
    return ranked(line.with_those(below[line.path]) if line.path in below else line for line in found)


def ranked(found: Iterable[Any]) -> list[Any]:
    """Best covered first; the larger one first where they are level."""
    return sorted(
        found, key=lambda line: (-(line.enrolled * 1_000_000 // line.staff if line.staff else 0), -line.staff)
    )


def payments(organisation: Organisation) -> QuerySet[Payout]:
    """What was paid in a branch, newest first; read without names."""
    path = organisation.path
    found = Payout.objects.filter(state=Payout.State.PAID, decision__claim__employer__path__startswith=path)
    return found.select_related("decision__claim__employer").order_by("-answered_at")


def covered_at(employers: Sequence[int], day: date) -> QuerySet[Enrolment]:
    """Cover in force on a day at these employers; by their keys, which an index knows, while paths are compared row by row."""
    return Enrolment.objects.in_force().covering(day).filter(employer__in=employers)


def _received(path: str) -> QuerySet[Receipt]:
    return Receipt.objects.filter(share__due__roster__employer__path__startswith=path)


def _working_days(path: str) -> tuple[int, int]:
    """Working days of all paid claims together, the time they stood still taken off, and how many they are."""
    paid = Claim.objects.filter(
        state=State.PAID, complete_at__isnull=False, paid_at__isnull=False, employer__path__startswith=path
    )
    still: dict[Any, list[Any]] = defaultdict(list)
    for pause in Pause.objects.filter(claim__in=paid.values("pk"), to_at__isnull=False):
        still[pause.claim_id].append((pause.from_at, pause.to_at))
    working = calendar()
    days = timed = 0
    rows: Any = paid.values_list("pk", "complete_at", "paid_at")
    for key, complete_at, paid_at in rows:
        stood = sum(_days(working, max(a, complete_at), b) for a, b in still[key] if b > complete_at)
        days += _days(working, complete_at, paid_at) - stood
        timed += 1
    return days, timed


def _days(working: Any, first: datetime, last: datetime) -> int:
    return working.working_days_between(first.astimezone(SHANGHAI).date(), last.astimezone(SHANGHAI).date())
