"""Worked examples of joining, beside those of claims: who joins, who does not and why, what a roster lacks.

format: huzhu-cases/1
kind: entry
facts: {person: {…}, entrant: {…}, roster: {…}}    # what all cases share
cases:
  - name: …
    note: …
    entrant: {born_on: 2006-01-28}
    joins: true                                    # or the name of the condition that fails
  - name: …
    roster: {staff: 11, joining: 8}
    finds: [share]                                 # conditions on the roster that do not hold; [] for none
"""

from collections.abc import Iterator
from dataclasses import dataclass

from huzhu.rules import entry
from huzhu.rules.edition import Edition
from huzhu.rules.facts import FactsRefused, typed_group
from huzhu.rules.fields import Fields
from huzhu.rules.overlay import merged
from huzhu.rules.problems import Place, Problem, refuse
from huzhu.rules.yamltext import Mapping

GROUPS = ("person", "entrant", "roster")


@dataclass(frozen=True, slots=True)
class EntryCase:
    """One person at the door, or one roster: `joins` is true or a condition's name, `finds` the conditions that fail."""

    name: str
    note: str
    facts: Mapping
    joins: str
    finds: tuple[str, ...] | None
    place: Place

    @property
    def count(self) -> int:
        return 1


def entry_case(fields: Fields, shared: Mapping) -> EntryCase:
    """One case of a file of kind entry; raises SchemeRefused where its shape is wrong."""
    own = Mapping(fields.place)
    for group in GROUPS:
        if (node := fields.at(group)) is not None:
            own.items[group], own.keys[group] = node, fields.node.keys[group]
    name, note, joins = fields.text("name"), fields.text("note", ""), fields.text("joins", "")
    finds = tuple(scalar.text for scalar in fields.texts("finds")) if fields.at("finds") is not None else None
    if not joins and finds is None:
        raise refuse(
            fields.place, "例题没有写结果", "个人写 joins: true 或不符合的条件名，名册写 finds: [条件名]"
        )
    fields.done()
    return EntryCase(name, note, merged(shared, own), joins, finds, fields.place)


def run_entry_case(edition: Edition, case: EntryCase) -> Iterator[Problem]:
    """A problem for each result that differs from the worked one."""
    document = {"format": entry.FORMAT} | {
        group: typed_group(edition, case.facts.items.get(group)) for group in GROUPS
    }
    try:
        if case.joins:
            found = entry.admission(edition, entry.read_person(edition, document))
            yield from _told(case, case.joins, "true" if found.joins else found.failed)
        if case.finds is not None:
            lacks = entry.findings(edition, entry.read_roster(edition, document))
            yield from _told(case, _listed(case.finds), _listed(one.name for one in lacks))
    except FactsRefused as refused:
        for problem in refused.problems:
            yield Problem(
                case.place, f"例题“{case.name}”：{problem.what}", f"{problem.path}：{problem.remedy}"
            )
    except entry.HasNoEntry as lacking:
        yield Problem(case.place, f"例题“{case.name}”：{lacking}", "在方案里补上 entry")


def _listed(names: "Iterator[str] | tuple[str, ...]") -> str:
    return "、".join(sorted(names)) or "（没有）"


def _told(case: EntryCase, right: str, got: str) -> Iterator[Problem]:
    if right != got:
        said = {"true": "可以参加"}
        yield Problem(
            case.place,
            f"例题“{case.name}”应是 {said.get(right, right)}，判为 {said.get(got, got)}",
            "核对例题，或改正方案",
        )
