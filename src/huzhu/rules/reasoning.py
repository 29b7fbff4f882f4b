"""The working of one outcome: walked from the same tree that was evaluated, never composed per scheme."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from huzhu.core import money
from huzhu.rules import tree
from huzhu.rules.edition import Benefit, Cap, Clause, Edition, names_in
from huzhu.rules.problems import Place
from huzhu.rules.program import Outcome
from huzhu.rules.units import Type, Unit, Value, spoken
from huzhu.rules.words import Speaker
from huzhu.rules.zero import Zero, why_zero

FORMAT = "huzhu-reasoning/1"


@dataclass(frozen=True, slots=True)
class Input:
    """A fact, an earlier line or the payment of an earlier benefit that a line reads."""

    name: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Used:
    """A parameter that a line reads, with the day its value came into force and its clause."""

    name: str
    label: str
    value: str
    since: str
    clause: str
    caution_kind: str
    caution: str


@dataclass(frozen=True, slots=True)
class Running:
    """A running total before and after this event."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Working:
    """One line: what it is called, how it was got in words, and the figure."""

    name: str
    label: str
    how: str
    value: str
    exact: str
    clause: str
    inputs: tuple[Input, ...]
    parameters: tuple[Used, ...]
    totals: tuple[Running, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """One condition: whether it holds (None where an earlier one failed) and what is the case."""

    name: str
    label: str
    holds: bool | None
    states: str
    clause: str
    parameters: tuple[Used, ...]
    totals: tuple[Running, ...]


@dataclass(frozen=True, slots=True)
class BenefitWorking:
    """One benefit: conditions in order, lines in order of dependence, then the amount, then a cap over several."""

    name: str
    label: str
    paid_fen: int
    clause: str
    caution_kind: str
    caution: str
    conditions: tuple[Asked, ...]
    lines: tuple[Working, ...]
    zero: Zero | None

    @property
    def paid(self) -> str:
        """The amount as people read it, without the unit."""
        return money.spoken(self.paid_fen)


@dataclass(frozen=True, slots=True)
class Reasoning:
    """Everything a slip, a letter or a page needs to show one adjudication of one scheme."""

    slug: str
    edition: str
    title: str
    identity: str
    variant: str
    variant_label: str
    variant_text: str
    picked_by: str
    picked_on: str
    clauses: tuple[Clause, ...]
    cautions: tuple[str, ...]
    warnings: tuple[str, ...]
    benefits: tuple[BenefitWorking, ...]
    total_fen: int

    @property
    def total(self) -> str:
        """The amount over all benefits as people read it, without the unit."""
        return money.spoken(self.total_fen)


def reasoning_of(outcome: Outcome) -> Reasoning:
    """The working of an outcome, for every benefit of its edition."""
    edition = outcome.program.edition
    speaker = Speaker(outcome)
    benefits = tuple(_benefit(benefit, speaker) for benefit in edition.benefits.values())
    variant = edition.variant
    return Reasoning(
        slug=edition.slug,
        edition=edition.edition,
        title=edition.title,
        identity=edition.identity,
        variant=variant.name if variant else "",
        variant_label=variant.label if variant else "",
        variant_text=variant.text if variant else "",
        picked_by=edition.facts[edition.version_by].label,
        picked_on=date.fromordinal(outcome.day).isoformat(),
        clauses=tuple(edition.clauses.values()),
        cautions=_cautions(edition, benefits),
        warnings=warnings_of(outcome),
        benefits=benefits,
        total_fen=outcome.total,
    )


def warnings_of(outcome: Outcome) -> tuple[str, ...]:
    """What does not add up in the figures: told without the rest of the working."""
    checks = outcome.program.edition.checks
    return tuple(check.label for check in checks if not outcome.value(check.test))


def as_json(reasoning: Reasoning) -> dict[str, Any]:
    """Versioned JSON of a reasoning: money as decimal yuan beside the phrases people read."""
    body = {name: _plain(getattr(reasoning, name)) for name in _names(Reasoning) if name != "clauses"}
    body["clauses"] = [
        {"name": c.name, "label": c.label, "text": c.text, "source": c.source} for c in reasoning.clauses
    ]
    for benefit in body["benefits"]:
        benefit["paid"] = money.yuan(benefit.pop("paid_fen"))
    body["total"] = money.yuan(body.pop("total_fen"))
    return {"format": FORMAT, **body}


def _plain(value: Any) -> Any:
    """What dataclasses.asdict gives, without copying each text: a working has hundreds."""
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    if names := _names(type(value)):  # type: ignore[arg-type]
        return {name: part if type(part := getattr(value, name)) is str else _plain(part) for name in names}
    return value


@lru_cache(maxsize=64)
def _names(kind: type) -> tuple[str, ...]:
    """The fields of a dataclass; none of anything else."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


class NotAReasoning(ValueError):
    """The JSON is not a reasoning of the format this engine writes."""


def from_json(body: Mapping[str, Any]) -> Reasoning:
    """A stored reasoning as it was, so that an old decision shows the slip of its day; the inverse of as_json."""
    fields = dict(body)
    if fields.pop("format", None) != FORMAT:
        raise NotAReasoning(f"不是 {FORMAT} 的计算过程，无法显示。请核对保存它的版本。")
    stored = Place("（已保存的决定）", 1)
    clauses = tuple(Clause(**clause, place=stored) for clause in fields.pop("clauses"))
    benefits = tuple(_benefit_from(benefit) for benefit in fields.pop("benefits"))
    total = money.fen(fields.pop("total"))
    notes: dict[str, Any] = {name: tuple(fields.pop(name)) for name in ("cautions", "warnings")}
    return Reasoning(**fields, **notes, clauses=clauses, benefits=benefits, total_fen=total)


def _benefit_from(body: Mapping[str, Any]) -> BenefitWorking:
    fields = dict(body)
    conditions = tuple(Asked(**_parts_from(asked)) for asked in fields.pop("conditions"))
    lines = tuple(Working(**_parts_from(line)) for line in fields.pop("lines"))
    zero = fields.pop("zero")
    paid = money.fen(fields.pop("paid"))
    return BenefitWorking(
        **fields, paid_fen=paid, conditions=conditions, lines=lines, zero=Zero(**zero) if zero else None
    )


def _parts_from(body: Mapping[str, Any]) -> dict[str, Any]:
    kinds = {"inputs": Input, "parameters": Used, "totals": Running}
    return {
        name: tuple(kinds[name](**part) for part in value) if name in kinds else value
        for name, value in body.items()
    }


def _cautions(edition: Edition, benefits: tuple[BenefitWorking, ...]) -> tuple[str, ...]:
    """Cautions of what this outcome rests on: the edition and the parameters its lines and conditions used."""
    used = {used.name for b in benefits for line in b.lines for used in line.parameters}
    used |= {used.name for b in benefits for asked in b.conditions for used in asked.parameters}
    return cautions_of(edition, used)


def cautions_of(edition: Edition, used: Set[str]) -> tuple[str, ...]:
    """Cautions of the edition and of the parameters named."""
    things = [("版次", edition.caution)] + [
        (p.label, p.caution) for p in edition.parameters.values() if p.name in used
    ]
    return tuple(f"{label}：{caution.kind}，{caution.text}" for label, caution in things if caution)


def _benefit(benefit: Benefit, speaker: Speaker) -> BenefitWorking:
    outcome = speaker.outcome
    paid = outcome.paid[benefit.name]
    conditions = asked_of(benefit, speaker)
    met = all(condition.holds for condition in conditions)
    return BenefitWorking(
        name=benefit.name,
        label=benefit.label,
        paid_fen=paid,
        clause=speaker.edition.clauses[benefit.clause].label,
        caution_kind=benefit.caution.kind if benefit.caution else "",
        caution=benefit.caution.text if benefit.caution else "",
        conditions=conditions,
        lines=_lines(benefit, speaker) if met else (),
        zero=None if paid else why_zero(benefit, speaker),
    )


def asked_of(benefit: Benefit, speaker: Speaker) -> tuple[Asked, ...]:
    """Every condition in order: whether it holds and what is the case; none is read after the first that fails."""
    outcome, asked = speaker.outcome, []
    failed = False
    for number, condition in enumerate(benefit.conditions, 1):
        holds = bool(outcome.slots[outcome.program.slot[benefit.name, number]])
        asked.append(
            Asked(
                name=condition.name,
                label=condition.label,
                holds=None if failed else holds,
                states="" if failed else speaker.states(condition.test),
                clause=speaker.edition.clauses[condition.clause].label,
                parameters=() if failed else _parameters(condition.test, speaker),
                totals=() if failed else _totals(condition.test, speaker),
            )
        )
        failed |= not holds
    return tuple(asked)


def _lines(benefit: Benefit, speaker: Speaker) -> tuple[Working, ...]:
    edition = speaker.edition
    lines = [
        _working(name, line.label, line.clause, line.body, speaker)
        for name in lines_of(edition, benefit.name)
        if (line := edition.lines[name])
    ]
    pays = _working("pays", benefit.label, benefit.clause, benefit.pays, speaker)
    cap = edition.cap_over(benefit.name)
    if cap and speaker.outcome.paid[benefit.name] < speaker.outcome.value(benefit.pays):
        return (*lines, pays, _capped(cap, benefit.name, speaker))
    return (*lines, pays)


def _capped(cap: Cap, benefit: str, speaker: Speaker) -> Working:
    """What a cap over several benefits leaves of an amount: only where it takes something away."""
    outcome, money_of = speaker.outcome, cap.most.type
    most, before = outcome.value(cap.most), outcome.value(cap.total, before=True)
    names = list(cap.pays)
    this_time = sum(outcome.paid[name] for name in names[: names.index(benefit)])
    said = [spoken(amount, money_of) for amount in (most, min(before, most), this_time)]
    left = outcome.paid[benefit]
    return Working(
        name=cap.name,
        label=cap.label,
        how=f"各项合计最多 {said[0]}，以前已付 {said[1]}，本次前面的项目已付 {said[2]}，还可以付 {spoken(left, money_of)}",
        value=spoken(left, money_of),
        exact=exact(left, money_of),
        clause=speaker.edition.clauses[cap.clause].label,
        inputs=(),
        parameters=_parameters(cap.most, speaker),
        totals=(),
    )


@lru_cache(maxsize=1024)
def lines_of(edition: Edition, benefit: str) -> tuple[str, ...]:
    """Names of the lines the amount of a benefit rests on, in order of dependence."""
    wanted: set[str] = set()
    waiting = [edition.benefits[benefit].pays]
    while waiting:
        named = {name for name in names_in(waiting.pop()) if name in edition.lines} - wanted
        wanted |= named
        waiting += [edition.lines[name].body for name in named]
    return tuple(name for name in edition.lines if name in wanted)


def _working(name: str, label: str, clause: str, body: tree.Node, speaker: Speaker) -> Working:
    value = speaker.outcome.value(body)
    return Working(
        name=name,
        label=label,
        how=speaker.say(body),
        value=spoken(value, body.type),
        exact=exact(value, body.type),
        clause=speaker.edition.clauses[clause].label,
        inputs=_inputs(body, speaker),
        parameters=_parameters(body, speaker),
        totals=_totals(body, speaker),
    )


def exact(value: Value | None, kind: Type) -> str:
    """A value for machines: money in yuan with all its digits, dates in ISO form, the rest as it is spoken."""
    if kind.unit is Unit.MONEY and isinstance(value, int):
        return money.spoken(value, kind.scale).replace(",", "")
    return "" if value is None else spoken(value, kind)


def _inputs(body: tree.Node, speaker: Speaker) -> tuple[Input, ...]:
    return tuple(
        Input(*_named(speaker.edition, node), speaker.value(node))
        for node in speaker.outcome.program.reads(body).named
    )


def _named(edition: Edition, node: tree.Fact | tree.Line | tree.Paid) -> tuple[str, str]:
    """Name and label of what a line reads."""
    if isinstance(node, tree.Paid):
        return node.benefit, edition.benefits[node.benefit].label
    things = edition.facts if isinstance(node, tree.Fact) else edition.lines
    return node.name, things[node.name].label


def _parameters(body: tree.Node, speaker: Speaker) -> tuple[Used, ...]:
    return tuple(_used(node, speaker) for node in speaker.outcome.program.reads(body).parameters)


def _used(node: tree.Parameter, speaker: Speaker) -> Used:
    definition = speaker.edition.parameters[node.name]
    since, value = definition.at(speaker.outcome.day)
    text = spoken(value, definition.type) if isinstance(value, int | str) else f"{len(value)} 项"
    caution = definition.caution
    return Used(
        name=definition.name,
        label=definition.label,
        value=text,
        since=date.fromordinal(since).isoformat(),
        clause=speaker.edition.clauses[definition.clause].label,
        caution_kind=caution.kind if caution else "",
        caution=caution.text if caution else "",
    )


def _totals(body: tree.Node, speaker: Speaker) -> tuple[Running, ...]:
    return tuple(
        Running(speaker.labels.say(total), speaker.value(total, before=True), speaker.value(total))
        for total in speaker.outcome.program.reads(body).totals
    )
