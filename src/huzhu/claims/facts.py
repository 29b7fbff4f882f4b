"""What the engine reads of a claim: huzhu-facts/1 under one enrolment, with the member's decided claims as history."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from huzhu.claims.kinds import Kind, days_of, kinds_of, occurred_on
from huzhu.claims.lifecycle import COUNTED
from huzhu.claims.models import Claim, Settlement
from huzhu.enrolment.models import Enrolment
from huzhu.enrolment.queries import covers_of
from huzhu.rules.edition import Edition, FactDef
from huzhu.rules.facts import FORMAT, typed
from huzhu.rules.units import SHANGHAI, NotAValue, Unit, spoken
from huzhu.schemes import queries as schemes


@dataclass(frozen=True, slots=True)
class Known:
    """What an evaluation reads of one member beside the claim."""

    covers: list[Enrolment]  # in force, by scheme and start
    counted: list[Claim]  # decided to be paid, by number, each with its settlement


def known_of(claim: Claim) -> Known:
    """What stands of this claim's member now: two statements."""
    return known_of_each([claim.member_id])[claim.member_id]


def known_of_each(members: Iterable[Any]) -> dict[Any, Known]:
    """The same for many members (by key), by two statements in all."""
    wanted = list(members)
    covers, counted = defaultdict(list), defaultdict(list)
    for cover in covers_of(wanted):
        covers[cover.member_id].append(cover)
    decided = Claim.objects.filter(member__in=wanted, state__in=COUNTED)
    for one in decided.select_related("settlement").order_by("number"):
        counted[one.member_id].append(one)
    return {member: Known(covers[member], counted[member]) for member in wanted}


def enrolments_for(claim: Claim, known: Known | None = None) -> list[Enrolment]:
    """Every enrolment in force that covers one of the event's dates, in a fixed order."""
    days = days_of(claim).values()
    covers = known.covers if known else covers_of([claim.member_id])
    return [cover for cover in covers if any(_covers(cover, day) for day in days)]


def _covers(cover: Enrolment, day: date) -> bool:
    """Cover is half-open."""
    return cover.cover_starts_on <= day < cover.cover_ends_on


def facts_of(claim: Claim, enrolment: Enrolment, known: Known) -> dict[str, Any]:
    """The document of this claim under this enrolment; only facts that its edition declares."""
    edition = schemes.engine(enrolment.edition)
    covers = [cover for cover in known.covers if cover.scheme_slug == enrolment.scheme_slug]
    person = {"sex": claim.member.sex} if "sex" in edition.facts else {}
    return {
        "format": FORMAT,
        "person": person,
        "cover": _cover(enrolment, edition),
        "history": _history(claim, covers, known, edition),
        "event": event_of(claim, dict(_parts(claim, covers)).get(enrolment, []), edition),
    }


def event_of(claim: Claim, kinds: Iterable[Kind], edition: Edition) -> dict[str, str]:
    """The event's facts: of these kinds only, and only those that are known and that the edition declares."""
    told: dict[str, Any] = {"claim_no": claim.number, "occurred_on": occurred_on(claim)}
    for kind in kinds:
        told |= {name: getattr(claim, name) for name in kind.facts}
        if kind.name == "inpatient" and (settlement := settlement_of(claim)):
            told |= figures_of(settlement)
            told["settled_at"] = (
                settlement.settled_at and settlement.settled_at.astimezone(SHANGHAI).isoformat()
            )
    return {name: str(value) for name, value in told.items() if value and name in edition.facts}


def settlement_of(claim: Claim) -> Settlement | None:
    """The claim's settlement sheet, where one was put in."""
    return getattr(claim, "settlement", None)


def figures_of(settlement: Settlement) -> dict[str, str]:
    """Bureau name → decimal yuan."""
    return dict(json.loads(settlement.figures))


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


def _cover(enrolment: Enrolment, edition: Edition) -> dict[str, str]:
    shares = {"cover_shares": str(enrolment.shares)} if "cover_shares" in edition.facts else {}
    return shares | {
        "cover_starts_on": enrolment.cover_starts_on.isoformat(),
        "cover_ends_on": enrolment.cover_ends_on.isoformat(),
        "covered_since_on": enrolment.covered_since_on.isoformat(),
    }


def _parts(claim: Claim, covers: list[Enrolment]) -> Iterator[tuple[Enrolment, list[Kind]]]:
    """Each kind under one enrolment of a scheme only, so that two periods of cover never pay the same thing twice."""
    kinds = kinds_of(claim)
    homes = {kind.name: _home(claim, kind, covers) for kind in kinds}
    for cover in covers:
        if here := [kind for kind in kinds if homes[kind.name] == cover]:
            yield cover, here


def _home(claim: Claim, kind: Kind, covers: list[Enrolment]) -> Enrolment | None:
    """The enrolment that covers the kind's own date, else one that covers another date of the event."""
    days = [day for day in (getattr(claim, kind.day), *days_of(claim).values()) if day]
    return next(
        (cover for day in days for cover in covers if _covers(cover, day)),
        None,
    )


def _history(claim: Claim, covers: list[Enrolment], known: Known, edition: Edition) -> list[dict[str, Any]]:
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
