"""The engine's front door: editions and facts in, outcomes and workings out."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from huzhu.rules.edition import Edition, FactDef
from huzhu.rules.facts import FactsRefused, FieldProblem, read_facts
from huzhu.rules.program import Outcome, evaluate
from huzhu.rules.reasoning import Reasoning, reasoning_of


def adjudicate(
    editions: Sequence[Edition], document: object, *, among: Sequence[Edition] = ()
) -> tuple[Outcome, ...]:
    """What each edition pays for the event of one facts document (see facts.py), in fen.

    `among` are further editions whose facts may stand in the document unread.
    Raises FactsRefused with the problems of all editions, each field once.
    """
    known: Mapping[str, FactDef] = MappingProxyType({})  # an edition knows its own
    if among or len(editions) > 1:
        known = {name: fact for edition in (*among, *editions) for name, fact in edition.facts.items()}
    outcomes: list[Outcome] = []
    problems: dict[str, FieldProblem] = {}
    for edition in editions:
        try:
            outcomes.append(evaluate(edition, read_facts(edition, document, also_known=known)))
        except FactsRefused as refused:
            problems |= {
                problem.path: problem for problem in refused.problems if problem.path not in problems
            }
    if problems:
        raise FactsRefused(problems.values())
    return tuple(outcomes)


def explain(
    editions: Sequence[Edition], document: object, *, among: Sequence[Edition] = ()
) -> tuple[Reasoning, ...]:
    """The same with the working shown, one reasoning per edition."""
    return tuple(reasoning_of(outcome) for outcome in adjudicate(editions, document, among=among))
