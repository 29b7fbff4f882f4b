"""Entry: who may join, decided and explained as a benefit's conditions are; a gate with nothing to pay.

{"format": "huzhu-entry/1", "person": {…}, "entrant": {…}, "roster": {…}}

Written as people know them, `born_on` becomes the age on the first day of cover, and the heads that join out of a
proven head count become their share, cut to six digits, so that “at least 80 %” stays exact.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

from huzhu.core.periods import years_between
from huzhu.rules.declarations import RATE_SCALE
from huzhu.rules.edition import Benefit, Condition, Dated, Edition, Entry, names_in
from huzhu.rules.facts import Facts, Row, read_entry
from huzhu.rules.program import Outcome, program_of
from huzhu.rules.reasoning import Asked, asked_of, cautions_of
from huzhu.rules.tree import Constant
from huzhu.rules.units import FLAG, Unit, Value, spoken
from huzhu.rules.words import Speaker
from huzhu.rules.zero import Zero, why_zero

FORMAT = "huzhu-entry/1"
JOINS = "entrant"
WHOLE: int = 10**RATE_SCALE
MOST_SHARE = 100 * WHOLE


class HasNoEntry(LookupError):
    """The edition does not say who may join."""


@dataclass(frozen=True, slots=True)
class Admission:
    """One person at the door: every condition in order, and what stands in the way."""

    slug: str
    edition: str
    title: str
    identity: str
    picked_on: str
    joins: bool
    conditions: tuple[Asked, ...]
    clause: str  # of the condition that failed
    zero: Zero | None
    cautions: tuple[str, ...]

    @property
    def failed(self) -> str:
        """Name of the condition that failed; empty where the person joins."""
        return next((asked.name for asked in self.conditions if asked.holds is False), "")

    @property
    def sentence(self) -> str:
        """Why not and what would change it, with the clause."""
        return f"{self.zero.why}。{self.zero.change}（{self.clause}）" if self.zero else ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A condition on the roster as a whole that does not hold: `level` must refuses the roster, warn lets it pass."""

    name: str
    label: str
    level: str
    clause: str
    zero: Zero
    exact: tuple[tuple[str, str], ...]  # label and value of the rates that it rests on, unrounded

    @property
    def sentence(self) -> str:
        return f"{self.zero.why}。{self.zero.change}（{self.clause}）"


# --- decided ---


def entry_of(edition: Edition) -> Entry:
    """The edition's section on joining; raises HasNoEntry."""
    if edition.entry is None:
        raise HasNoEntry(f"方案“{edition.slug}”没有写谁可以参加（entry），无法判断。请在方案文件里补上。")
    return edition.entry


@lru_cache(maxsize=256)
def door(edition: Edition) -> Edition:
    """The edition seen at the door: the conditions on a person, and nothing that is paid."""
    return _gates(edition, {JOINS: entry_of(edition).conditions})


@lru_cache(maxsize=256)
def roster_door(edition: Edition) -> Edition:
    """The same for the roster as a whole, one gate a condition, so that a warning hides nothing."""
    return _gates(edition, {condition.name: (condition,) for condition in entry_of(edition).roster})


def _gates(edition: Edition, gates: Mapping[str, tuple[Condition, ...]]) -> Edition:
    entry, nothing = entry_of(edition), Constant(FLAG, value=True)
    benefits = {
        name: Benefit(name, name, "", "", conditions, (), nothing, None, entry.place)
        for name, conditions in gates.items()
    }
    return replace(
        edition,
        version_by=entry.version_by,
        order=(),
        keys={},
        lines={},
        checks=(),
        benefits=benefits,
        caps={},
    )


def admits(edition: Edition, row: Row) -> bool:
    """Whether a person joins: the bare decision, for rosters of many; the row holds the columns of `door`."""
    return bool(program_of(door(edition)).run(Facts((row,))).paid[JOINS])


def admission(edition: Edition, row: Row) -> Admission:
    """The decision with its reasoning."""
    seen = door(edition)
    outcome = program_of(seen).run(Facts((row,)))
    speaker, gate = Speaker(outcome), seen.benefits[JOINS]
    conditions = asked_of(gate, speaker)
    joins = bool(outcome.paid[JOINS])
    failed = next((asked for asked in conditions if asked.holds is False), None)
    return Admission(
        slug=edition.slug,
        edition=edition.edition,
        title=edition.title,
        identity=edition.identity,
        picked_on=date.fromordinal(outcome.day).isoformat(),
        joins=joins,
        conditions=conditions,
        clause=failed.clause if failed else "",
        zero=None if joins else why_zero(gate, speaker),
        cautions=cautions_of(edition, {used.name for asked in conditions for used in asked.parameters}),
    )


def asks_for(edition: Edition, condition: str) -> frozenset[str]:
    """Names of the facts that a condition on a person reads."""
    tests = [one.test for one in entry_of(edition).conditions if one.name == condition]
    return frozenset[str]().union(*map(names_in, tests)) & edition.facts.keys()


def findings(edition: Edition, row: Row) -> tuple[Finding, ...]:
    """What does not hold of the roster as a whole; the row holds the columns of `roster_door`."""
    seen = roster_door(edition)
    outcome = program_of(seen).run(Facts((row,)))
    speaker = Speaker(outcome)
    return tuple(
        Finding(
            name=gate.name,
            label=gate.conditions[0].label,
            level=gate.conditions[0].level,
            clause=edition.clauses[gate.conditions[0].clause].label,
            zero=why_zero(gate, speaker),
            exact=_exact(edition, gate.conditions[0], row),
        )
        for gate in seen.benefits.values()
        if not outcome.paid[gate.name]
    )


def _exact(edition: Edition, condition: Condition, row: Row) -> tuple[tuple[str, str], ...]:
    facts = [edition.facts[name] for name in sorted(names_in(condition.test) & edition.facts.keys())]
    rates = [fact for fact in facts if fact.type.unit is Unit.RATE]
    return tuple((fact.label, spoken(row[fact.name], fact.type)) for fact in rates if fact.name in row)


# --- from JSON ---


def read_person(edition: Edition, document: object) -> Row:
    """A typed row for `admission`; raises FactsRefused naming each bad field."""
    return read_entry(door(edition), derived(edition, document), form=FORMAT)


def read_roster(edition: Edition, document: object) -> Row:
    """A typed row for `findings`; raises FactsRefused naming each bad field."""
    return read_entry(roster_door(edition), derived(edition, document), form=FORMAT)


def derived(edition: Edition, document: object) -> object:
    """The document with age and share in it, where it holds what they are made of."""
    if not isinstance(document, Mapping):
        return document
    found = dict(document)
    entrant, roster = found.get("entrant"), found.get("roster")
    if isinstance(entrant, Mapping) and "born_on" in entrant:
        found["entrant"] = _aged(dict(entrant), entry_of(edition).version_by)
    if isinstance(roster, Mapping) and "joining_share" not in roster:
        joining, staff = roster.get("joining"), roster.get("staff")
        if isinstance(joining, int) and isinstance(staff, int) and staff > 0 <= joining:
            share = share_of(joining, staff)
            whole, digits = divmod(share * 100, WHOLE)
            found["roster"] = {**roster, "joining_share": f"{whole}.{digits:0{RATE_SCALE}d}%"}
    return found


def _aged(entrant: dict[str, Any], first_day: str) -> dict[str, Any]:
    try:
        born, day = (date.fromisoformat(str(text)) for text in (entrant["born_on"], entrant.get(first_day)))
    except ValueError:
        return entrant  # read_entry names the field
    del entrant["born_on"]
    return entrant if entrant.get("age") is not None else {**entrant, "age": years_between(born, day)}


def share_of(joining: int, staff: int) -> int:
    """Heads out of a head count at six digits, cut: no share below a limit reaches it."""
    return min(joining * WHOLE // staff, MOST_SHARE)


# --- terms, and the section in words ---


def term(edition: Edition, role: str, day: int) -> Dated | None:
    """The value of a term (see reader.TERMS) in force on the day; None where the edition does not have it."""
    name = entry_of(edition).terms.get(role)
    return edition.parameters[name].at(_inside(edition, day))[1] if name else None


def number(edition: Edition, role: str, day: int) -> int:
    """A term that is a number; 0 where the edition does not have it."""
    found = term(edition, role, day)
    return found if isinstance(found, int) else 0


def ways(edition: Edition, day: int) -> frozenset[str]:
    """Codes of the ways in that the edition allows."""
    found = term(edition, "ways", day)
    return found if isinstance(found, frozenset) else frozenset()


def ways_in_words(edition: Edition, day: int) -> list[str]:
    """The ways in that are open, in the order in which the edition's codes name them."""
    allowed = ways(edition, day)
    return [label for code, label in edition.facts["way"].type.codes if code in allowed] if allowed else []


def fee_fen(edition: Edition, way: str, day: int) -> int:
    """What one person pays for one period, by the way in."""
    own = term(edition, "individual_fee", day) if way == "individual" else None
    return own if isinstance(own, int) else number(edition, "fee", day)


def in_words(edition: Edition, day: int) -> Iterator[tuple[Condition, str]]:
    """Each condition of joining with its words, walked from the tree; no value of any person in it."""
    for seen in (door(edition), roster_door(edition)):
        program = program_of(seen)
        row: Row = dict.fromkeys(seen.columns) | {seen.version_by: _inside(edition, day)}
        labels = Speaker(Outcome(program, program.filled(row), _inside(edition, day))).labels
        for gate in seen.benefits.values():
            yield from ((condition, labels.say(condition.test)) for condition in gate.conditions)


def terms_in_words(edition: Edition, day: int) -> Iterator[tuple[str, str]]:
    """(label, value) of every term that is one figure."""
    for name in entry_of(edition).terms.values():
        parameter = edition.parameters[name]
        value = parameter.at(_inside(edition, day))[1]
        if isinstance(value, Value):
            yield parameter.label, spoken(value, parameter.type)


def _inside(edition: Edition, day: int) -> int:
    return min(max(day, edition.opens_on), edition.closes_on - 1)


def as_json(found: Admission) -> dict[str, Any]:
    """Versioned JSON of an admission."""
    return {"format": FORMAT, **asdict(found), "sentence": found.sentence}
