"""Worked examples beside a scheme: claims in order, and what each pays; test, specification and manual at once.

format: huzhu-cases/1
editions: ["2021"]                                   # only where a file is not of every edition of the scheme
facts: {person: {…}, cover: {…}, event: {…}}        # what all cases share
cases:
  - name: …
    note: the arithmetic, small enough for a pencil
    claims:
      - {event: {…}, pays: {inpatient: 1746.00}}     # or {inpatient: {A: 1746.00, B: 349.20}} by reading
"""

from collections.abc import Iterator
from dataclasses import dataclass

from huzhu.core import money
from huzhu.rules.adjudicate import adjudicate
from huzhu.rules.edition import GROUPS, Edition
from huzhu.rules.entry_cases import GROUPS as ENTRY_GROUPS
from huzhu.rules.entry_cases import EntryCase, entry_case, run_entry_case
from huzhu.rules.facts import FORMAT as FACTS_FORMAT
from huzhu.rules.facts import FactsRefused, typed_group
from huzhu.rules.fields import Fields
from huzhu.rules.overlay import merged
from huzhu.rules.problems import Place, Problem, refuse
from huzhu.rules.yamltext import Mapping, Node, Scalar, Sequence, read

FORMAT = "huzhu-cases/1"


@dataclass(frozen=True, slots=True)
class Claim:
    """One event of a case: facts to merge over the shared ones, and yuan expected by benefit and reading."""

    facts: Mapping
    pays: Node
    place: Place


@dataclass(frozen=True, slots=True)
class Case:
    """A member's claims in order of submission; each has the ones before it as history."""

    name: str
    note: str
    claims: tuple[Claim, ...]
    place: Place

    @property
    def count(self) -> int:
        return len(self.claims)


def read_cases(text: str, file: str, *, edition: str = "") -> tuple[Case | EntryCase, ...]:
    """The worked examples of one file, none where it is not of this edition; raises SchemeRefused."""
    top = Fields(read(text, file), "例题文件")
    if top.text("format", "") != FORMAT:
        raise refuse(top.place, "文件没有写明格式", f"第一行写 format: {FORMAT}")
    only = [scalar.text for scalar in top.texts("editions")] if top.at("editions") is not None else [edition]
    is_entry = top.one_of("kind", ["claims", "entry"], "claims") == "entry"
    shared = top.at("facts") or Mapping(top.place)
    if not isinstance(shared, Mapping):
        raise refuse(shared.place, "facts 下面要写“键: 值”", "写 person 等几组")
    groups = Fields(shared, "facts ")
    for group in ENTRY_GROUPS if is_entry else GROUPS:
        groups.at(group)
    groups.done()
    made = entry_case if is_entry else _case
    cases = tuple(made(Fields(node, "例题"), shared) for node in _items(top, "cases"))
    top.done()
    return cases if edition in only else ()


def _items(fields: Fields, key: str) -> list[Node]:
    node = fields.at(key)
    if not isinstance(node, Sequence) or not node.items:
        raise refuse(
            node.place if node else fields.place, f"{fields.what}的 {key} 要至少写一项", "每项前面写 - "
        )
    return node.items


def _case(fields: Fields, shared: Mapping) -> Case:
    claims = tuple(_claim(Fields(node, "例题的一件"), shared) for node in _items(fields, "claims"))
    case = Case(fields.text("name"), fields.text("note", ""), claims, fields.place)
    fields.done()
    return case


def _claim(fields: Fields, shared: Mapping) -> Claim:
    own = Mapping(fields.place)
    for group in GROUPS:
        if (node := fields.at(group)) is not None:
            own.items[group], own.keys[group] = node, fields.node.keys[group]
    pays = fields.at("pays")
    if pays is None:
        raise refuse(fields.place, "这一件没有写应付多少", "补一行 pays: {项目: 金额}")
    fields.done()
    return Claim(merged(shared, own), pays, fields.place)


def run_cases(edition: Edition, cases: tuple[Case | EntryCase, ...]) -> Iterator[Problem]:
    """A problem for every claim whose payment differs from the worked one, in the edition's reading."""
    for case in cases:
        if isinstance(case, EntryCase):
            yield from run_entry_case(edition, case)
            continue
        for claim, paid in paid_of(edition, case):
            if isinstance(paid, FactsRefused):
                yield from (
                    Problem(claim.place, f"例题“{case.name}”：{p.what}", f"{p.path}：{p.remedy}")
                    for p in paid.problems
                )
            else:
                yield from _differences(edition, case, claim, paid)


def paid_of(edition: Edition, case: Case) -> Iterator[tuple[Claim, dict[str, int] | FactsRefused]]:
    """What the edition pays for each claim of a case, in fen by benefit; ends at the first that it cannot read."""
    history: list[object] = []
    for number, claim in enumerate(case.claims, 1):
        document = _document(edition, claim, history, number)
        try:
            (outcome,) = adjudicate([edition], document)
        except FactsRefused as refused:
            yield claim, refused
            return
        yield claim, outcome.paid
        history.append({**document["event"], "cover": document["cover"]})  # type: ignore[dict-item]


def _document(edition: Edition, claim: Claim, history: list[object], number: int) -> dict[str, object]:
    groups = {group: typed_group(edition, claim.facts.items.get(group)) for group in GROUPS}
    groups["event"].setdefault("claim_no", f"{number:03d}")
    return {"format": FACTS_FORMAT, **groups, "history": list(history)}


def _differences(edition: Edition, case: Case, claim: Claim, paid: dict[str, int]) -> Iterator[Problem]:
    expected = _expected(edition, claim)
    for name in expected.keys() - paid.keys():
        yield Problem(claim.place, f"例题“{case.name}”写了方案没有的项目 {name}", "可写：" + "、".join(paid))
    for name, amount in paid.items():
        if amount != expected.get(name, 0):
            reading = f"（读法 {edition.variant.name}）" if edition.variant else ""
            right, got = money.yuan(expected.get(name, 0)), money.yuan(amount)
            yield Problem(
                claim.place,
                f"例题“{case.name}”{reading}的 {name} 应付 {right}，算得 {got}",
                "核对例题的算式，或改正方案",
            )


def _expected(edition: Edition, claim: Claim) -> dict[str, int]:
    fields = Fields(claim.pays, "pays ")
    reading = edition.variant.name if edition.variant else ""
    found: dict[str, int] = {}
    for name, node in fields.node.items.items():
        leaf = node.items.get(reading) if isinstance(node, Mapping) else node
        if not isinstance(leaf, Scalar):
            raise refuse(
                node.place, f"{name} 没有写读法 {reading} 应付多少", "写成 {A: 1746.00, B: 349.20} 或一个金额"
            )
        try:
            found[name] = money.fen(leaf.text)
        except money.NotMoney as error:
            raise refuse(leaf.place, str(error), "改写这个金额") from None
    return found
