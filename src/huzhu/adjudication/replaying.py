"""A member's year reckoned again with what is known now: what each decided claim would pay, against what was decided.

Nothing is written here. What a replay covers: every decided claim that lies under a cover of the claim whose settlement changed.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from huzhu.adjudication.evaluation import Evaluation, evaluate
from huzhu.adjudication.models import BenefitResult, Decision
from huzhu.claims.facts import Known, Told, enrolments_for, known_of
from huzhu.claims.kinds import occurred_on
from huzhu.claims.models import Claim, SettlementChange
from huzhu.core.hashing import sha256_text
from huzhu.enrolment.models import Enrolment
from huzhu.enrolment.queries import Cover
from huzhu.rules.facts import FactsRefused

Year = tuple[str, date]  # a scheme and the first day of the cover


class CannotReckon(ValueError):
    """The figures of a claim cannot be read, or its decision is not final."""


@dataclass(frozen=True, slots=True)
class Line:
    """One benefit of one claim under one enrolment: decided, and reckoned now."""

    enrolment: Enrolment | Cover
    name: str
    label: str
    was_fen: int
    now_fen: int

    @property
    def difference_fen(self) -> int:
        return self.now_fen - self.was_fen

    @property
    def year(self) -> Year:
        return self.enrolment.scheme_slug, self.enrolment.cover_starts_on


@dataclass(frozen=True)
class Again:
    """One claim: the decision that holds, and the evaluation of today."""

    claim: Claim
    decision: Decision
    evaluation: Evaluation
    lines: tuple[Line, ...]

    @property
    def was_fen(self) -> int:
        return self.decision.total_fen

    @property
    def now_fen(self) -> int:
        return self.evaluation.total_fen

    @property
    def difference_fen(self) -> int:
        return self.now_fen - self.was_fen

    @property
    def is_changed(self) -> bool:
        """Whether any benefit comes to another amount."""
        return any(line.difference_fen for line in self.lines)


@dataclass(frozen=True, slots=True)
class Net:
    """What a member-year comes to, all its claims together."""

    enrolment: Enrolment | Cover
    was_fen: int
    now_fen: int

    @property
    def difference_fen(self) -> int:
        return self.now_fen - self.was_fen


@dataclass(frozen=True)
class Replay:
    """Every claim of the member-years that a change touches, in the order of events."""

    claims: tuple[Again, ...]

    @property
    def changed(self) -> list[Again]:
        return [one for one in self.claims if one.is_changed]

    @property
    def was_fen(self) -> int:
        return sum(one.was_fen for one in self.claims)

    @property
    def now_fen(self) -> int:
        return sum(one.now_fen for one in self.claims)

    @property
    def difference_fen(self) -> int:
        return self.now_fen - self.was_fen

    @property
    def nets(self) -> list[Net]:
        """By member-year, in the order of schemes."""
        found: dict[Year, list[Line]] = defaultdict(list)
        for line in self.lines():
            found[line.year].append(line)
        return [
            Net(held[0].enrolment, sum(one.was_fen for one in held), sum(one.now_fen for one in held))
            for _, held in sorted(found.items())
        ]

    def lines(self) -> Iterator[Line]:
        for one in self.claims:
            yield from one.lines

    @cached_property
    def ground(self) -> str:
        """Two replays with one ground rest on the same decisions, facts and editions, and come to the same sums."""
        return sha256_text("\n".join(f"{one.decision.pk} {one.evaluation.ground}" for one in self.claims))


def replay(change: SettlementChange) -> Replay:
    """What a change comes to; raises CannotReckon."""
    claim = change.claim
    known = known_of(claim.member_id)
    decisions = _decisions(known.counted)
    years = (
        {_year(part.enrolment) for part in decisions[claim.pk].adjudications.all()}
        if claim.pk in decisions
        else set()
    )
    years |= {_year(cover) for cover in enrolments_for(claim, known)}
    found = []
    for one in sorted(known.counted, key=_order):
        if one.pk not in decisions:
            continue
        if years & {_year(cover) for cover in enrolments_for(one, known)}:
            found.append(_again(one, decisions[one.pk], known))
    if claim.pk not in {one.claim.pk for one in found}:
        raise CannotReckon(f"申请 {claim.number} 没有生效的给付核定，不用重算。请刷新后再看。")
    return Replay(tuple(found))


def _year(enrolment: Enrolment | Cover) -> Year:
    return enrolment.scheme_slug, enrolment.cover_starts_on


def _order(claim: Told) -> tuple[date, str]:
    return occurred_on(claim) or date.max, claim.number


def _decisions(claims: Sequence[Told]) -> dict[Any, Decision]:
    """The final decision of each claim, with its parts."""
    held = Decision.objects.filter(claim__in=[one.pk for one in claims], state=Decision.State.FINAL)
    held = held.select_related("claim__member", "claim__office")
    held = held.prefetch_related("adjudications__enrolment__edition", "adjudications__results")
    return {one.claim_id: one for one in held}


def _again(claim: Told, decision: Decision, known: Known) -> Again:
    try:
        evaluation = evaluate(claim=claim, known=known)
    except FactsRefused as refused:
        said = "；".join(problem.what for problem in refused.problems)
        raise CannotReckon(
            f"申请 {claim.number} 的数字读不出（{said}），没有重算。请先把数字更正好。"
        ) from refused
    return Again(decision.claim, decision, evaluation, tuple(_lines(decision, evaluation)))


def _lines(decision: Decision, evaluation: Evaluation) -> Iterator[Line]:
    """Benefits that were or are more than nothing, by enrolment."""
    before: dict[tuple[Any, str], BenefitResult] = {}
    enrolments: dict[Any, Enrolment | Cover] = {}
    for part in decision.adjudications.all():
        enrolments[part.enrolment_id] = part.enrolment
        before |= {(part.enrolment_id, one.name): one for one in part.results.all()}
    now: dict[tuple[Any, str], tuple[str, int]] = {}
    for again in evaluation.parts:
        enrolments[again.enrolment.pk] = again.enrolment
        labels = again.outcome.program.edition.benefits
        for name, fen in again.paid.items():
            if fen:
                now[again.enrolment.pk, name] = labels[name].label, fen
    for key in dict.fromkeys((*before, *now)):
        was, is_now = before.get(key), now.get(key)
        label = is_now[0] if is_now else was.label if was else key[1]
        yield Line(
            enrolments[key[0]], key[1], label, was.amount_fen if was else 0, is_now[1] if is_now else 0
        )
