"""What the engine reads of a claim: huzhu-facts/1 under one enrolment, with the member's decided claims as history."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db.models import QuerySet

from huzhu.claims.kinds import Kind, days_of, kinds_of, occurred_on
from huzhu.claims.lifecycle import COUNTED
from huzhu.claims.models import Claim, Settlement
from huzhu.db.asked import Asked
from huzhu.enrolment.queries import Cover, covers_of
from huzhu.rules.edition import Edition, FactDef
from huzhu.rules.facts import FORMAT, typed
from huzhu.rules.units import SHANGHAI, NotAValue, Unit, spoken
from huzhu.schemes import queries as schemes


class Told(NamedTuple):
    """A claim as far as an evaluation reads it: of thousands at once nobody needs the row."""

    pk: Any
    number: str
    member_id: Any
    kinds: list[str]
    admitted_on: date | None
    diagnosed_on: date | None
    accident_on: date | None
    hospital_grade: str
    disability_grade: str
    diagnosis: str | None
    severity: str | None
    account_id: Any
    sex: str
    figures: str | None  # of the settlement sheet, canonical JSON
    settled_at: datetime | None
    reversed_at: datetime | None  # its stay pays nothing then


_OWN = Told._fields[:12]
_SHEET = ("settlement__figures", "settlement__settled_at", "settlement__reversed_at", "settlement__pk")
_READ = (*_OWN, "member__sex", *_SHEET)
_WIDTH = len(_READ)


def told_of(claim: Claim) -> Told:
    """The claim as it stands in memory."""
    sheet = settlement_of(claim)
    own = [getattr(claim, name) for name in _OWN]
    said = (sheet.figures, sheet.settled_at, sheet.reversed_at) if sheet else (None, None, None)
    return Told._make((*own, claim.member.sex, *said))


def told_of_each(found: QuerySet[Claim], *more: str) -> Iterator[tuple[Any, ...]]:
    """(claim, *more columns) of each, in the order of the query: one statement."""
    return told(reading(found, *more))


def reading(found: QuerySet[Claim], *more: Any) -> QuerySet[Claim, tuple[Any, ...]]:
    """The columns that `told` reads, and more, still sealed: two rows that are equal tell the same."""
    return found.values_list(*_READ, *more)


def told(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """(claim, *more columns) of each row of `reading`."""
    # Django's documented name for a table's description
    diagnosis, severity = Claim._meta.get_field("diagnosis"), Claim._meta.get_field("severity")  # noqa: SLF001
    figures = Settlement._meta.get_field("figures")  # noqa: SLF001
    for row in rows:
        one = list(row[:_WIDTH])
        sheet = one.pop()
        one[9], one[10] = diagnosis.text_in(one[9], one[0]), severity.text_in(one[10], one[0])
        one[13] = figures.text_in(one[13], sheet)
        yield Told._make(one), *row[_WIDTH:]


@dataclass(frozen=True, slots=True)
class Known:
    """What an evaluation reads of one member beside the claim."""

    covers: list[Cover]  # in force, by scheme and start
    counted: list[Told]  # decided to be paid, by number


def known_of(member: Any) -> Known:
    """What stands of this member (by key) now: two statements."""
    return known_of_each([member])[member]


def known_of_each(members: Any) -> Mapping[Any, Known]:
    """The same for many members (a list or a query of their keys), by two statements in all."""
    return known_in(*known_rows(members))


def known_rows(members: Any) -> tuple[list[Cover], list[tuple[Any, ...]]]:
    """Cover and decided claims of these members as the database holds them, still sealed."""
    of_one = isinstance(members, list) and len(members) == 1
    return covers_of(members), list(_COUNTED_OF_ONE(members[0]) if of_one else _counted(members))


def known_in(covers: Iterable[Cover], counted: Iterable[tuple[Any, ...]]) -> Mapping[Any, Known]:
    """By member what such rows tell."""
    found: dict[Any, Known] = defaultdict(lambda: Known([], []))
    for cover in covers:
        found[cover.member_id].covers.append(cover)
    for (one,) in told(counted):
        found[one.member_id].counted.append(one)
    return found


def _counted(members: Any) -> QuerySet[Claim, tuple[Any, ...]]:
    decided = Claim.objects.filter(member__in=members, state__in=COUNTED)
    return decided.order_by("number").values_list(*_READ)


_COUNTED_OF_ONE = Asked(lambda member: _counted([member]))


def enrolments_for(claim: Claim | Told, known: Known | None = None) -> list[Cover]:
    """Every enrolment in force that covers one of the event's dates, in a fixed order."""
    days = days_of(claim).values()
    covers = known.covers if known else covers_of([claim.member_id])
    return [cover for cover in covers if any(_covers(cover, day) for day in days)]


def _covers(cover: Cover, day: date) -> bool:
    """Cover is half-open."""
    return cover.cover_starts_on <= day < cover.cover_ends_on


def facts_of(claim: Told, enrolment: Cover, known: Known) -> dict[str, Any]:
    """The document of this claim under this enrolment; only facts that its edition declares."""
    edition = schemes.engine(enrolment.edition)
    covers = [cover for cover in known.covers if cover.scheme_slug == enrolment.scheme_slug]
    here = next((kinds for cover, kinds in _parts(claim, covers) if cover is enrolment), [])
    return {
        "format": FORMAT,
        "person": {"sex": claim.sex} if "sex" in edition.facts else {},
        "cover": _cover(enrolment, edition),
        "history": _history(claim, covers, known, edition),
        "event": event_of(claim, here, edition),
    }


def event_of(claim: Told, kinds: Iterable[Kind], edition: Edition) -> dict[str, str]:
    """The event's facts: of these kinds only, and only those that are known and that the edition declares."""
    told: dict[str, Any] = {"claim_no": claim.number, "occurred_on": occurred_on(claim)}
    for kind in kinds:
        for name in kind.facts:
            told[name] = getattr(claim, name)
        if kind.name == "inpatient" and claim.figures is not None:
            told |= json.loads(claim.figures)
            told["settled_at"] = claim.settled_at and claim.settled_at.astimezone(SHANGHAI).isoformat()
    return {name: str(value) for name, value in told.items() if value and name in edition.facts}


def settlement_of(claim: Claim) -> Settlement | None:
    """The claim's settlement sheet, where one was put in."""
    return getattr(claim, "settlement", None)


def standing_kinds(claim: Told) -> list[Kind]:
    """The kinds applied for, without a stay whose settlement was reversed."""
    return [kind for kind in kinds_of(claim) if kind.name != "inpatient" or claim.reversed_at is None]


def figures_of(settlement: Settlement) -> dict[str, str]:
    """Bureau name → decimal yuan."""
    return figures_in(settlement.figures)


def figures_in(text: str) -> dict[str, str]:
    """The same out of the text in which figures are kept."""
    return dict(json.loads(text))


def problems(values: Mapping[str, str], known: Mapping[str, FactDef] | None = None) -> dict[str, str]:
    """What the published schemes (whose facts may be handed in) find wrong with single facts, a sentence for each name."""
    known = schemes.facts() if known is None else known
    said = {name: _wrong(known[name], text) for name, text in values.items() if name in known}
    return {name: sentence for name, sentence in said.items() if sentence}


def _wrong(fact: FactDef, text: str) -> str:
    """Why the text is not a value of this fact; empty when it is."""
    kind = fact.type
    try:
        value = typed(fact, text)
    except NotAValue as error:
        return f"{fact.label}：{error}"
    if kind.hi and isinstance(value, int) and not kind.lo <= value <= kind.hi:
        bounds = f"{spoken(kind.lo, kind)} 到 {spoken(kind.hi, kind)}"
        return f"{fact.label}超出范围。填 {bounds} 之间的值，检查是否多写或少写了位数"
    return ""


def labels(names: Iterable[str]) -> dict[str, str]:
    """How the published schemes call these facts."""
    known = schemes.facts()
    return {name: known[name].label for name in names if name in known}


def money_names(known: Mapping[str, FactDef] | None = None) -> frozenset[str]:
    """Figures of a settlement sheet that a published scheme may read."""
    known = schemes.facts() if known is None else known
    return frozenset(name for name, fact in known.items() if fact.type.unit is Unit.MONEY)


def _cover(enrolment: Cover, edition: Edition) -> dict[str, str]:
    shares = {"cover_shares": str(enrolment.shares)} if "cover_shares" in edition.facts else {}
    return shares | {
        "cover_starts_on": enrolment.cover_starts_on.isoformat(),
        "cover_ends_on": enrolment.cover_ends_on.isoformat(),
        "covered_since_on": enrolment.covered_since_on.isoformat(),
    }


def _parts(claim: Told, covers: list[Cover]) -> Iterator[tuple[Cover, list[Kind]]]:
    """Each kind under one enrolment of a scheme only, so that two periods of cover never pay the same thing twice."""
    homes = [(kind, _home(claim, kind, covers)) for kind in standing_kinds(claim)]
    for cover in covers:
        if here := [kind for kind, home in homes if home is cover]:
            yield cover, here


def _home(claim: Told, kind: Kind, covers: list[Cover]) -> Cover | None:
    """The enrolment that covers the kind's own date, else one that covers another date of the event."""
    days = [day for day in (getattr(claim, kind.day), *days_of(claim).values()) if day]
    return next(
        (cover for day in days for cover in covers if _covers(cover, day)),
        None,
    )


def _history(claim: Told, covers: list[Cover], known: Known, edition: Edition) -> list[dict[str, Any]]:
    """Claims of the member that were decided to be paid while this scheme covered them, each with its own cover."""
    events: list[dict[str, Any]] = []
    for one in known.counted:
        if one.pk == claim.pk:
            continue
        for place, (cover, kinds) in enumerate(_parts(one, covers)):
            event = event_of(one, kinds, edition)
            event["claim_no"] += f"-{place + 1}" if place else ""
            events.append({**event, "cover": _cover(cover, edition)})
    return events
