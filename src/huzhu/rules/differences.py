"""What a new edition of a scheme says otherwise than an older one, in words, and whom it touches."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from huzhu.rules import tree
from huzhu.rules.about import amount, figure, filled, labels
from huzhu.rules.edition import Benefit, Condition, Edition, ParameterDef, through_lines
from huzhu.rules.entry import in_words

NONE = "（没有）"
JOINERS = "以后参加和续保的人"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is said otherwise: what, how before, how now, and for whom."""

    what: str
    before: str
    now: str
    whom: str


def differences(old: Edition, now: Edition) -> list[Difference]:
    """Everything a reader of the older edition has to learn anew; nothing where both say the same."""
    return [
        *_head(old, now),
        *_figures(old, now),
        *_benefits(old, now),
        *_caps(old, now),
        *_joining(old, now),
        *_clauses(old, now),
    ]


def _pairs(
    old: Mapping[str, str], now: Mapping[str, str], what: Mapping[str, str], whom: Mapping[str, str]
) -> Iterator[Difference]:
    """A difference for each name whose words are not the same."""
    for name in dict.fromkeys([*old, *now]):
        before, after = old.get(name, NONE), now.get(name, NONE)
        if before != after:
            yield Difference(what.get(name, name), before, after, whom.get(name, ""))


def _head(old: Edition, now: Edition) -> Iterator[Difference]:
    def said(edition: Edition) -> dict[str, str]:
        text = _text(edition)
        return {
            "名称": edition.title,
            "起止": f"{_day(edition.opens_on)} 至 {_day(edition.closes_on)}",
            "参数按哪一天取": edition.facts[edition.version_by].label,
            "舍入": str(text.get("rounding", "四舍五入到分")),
            "事件的先后": "、".join(edition.facts[name].label for name in edition.order),
            "读法": "；".join(f"{v.label}：{v.text}" for v in edition.variants.values()) or NONE,
        }

    by = now.facts[now.version_by].label
    whom = {"起止": f"{by}在这段时间内的人", "舍入": "全部给付", "事件的先后": "有几件申请的人"}
    yield from _pairs(said(old), said(now), {}, whom)


# --- figures ---


def _figures(old: Edition, now: Edition) -> Iterator[Difference]:
    def said(edition: Edition) -> dict[str, str]:
        return {name: _dated(edition, one) for name, one in edition.parameters.items()}

    what = {name: one.label for edition in (old, now) for name, one in edition.parameters.items()}
    whom = {name: whom_of(now if name in now.parameters else old, name) for name in what}
    yield from _pairs(said(old), said(now), what, whom)


def _dated(edition: Edition, definition: ParameterDef) -> str:
    words = "；".join(
        f"{_day(day)} 起 {figure(edition, definition, value)}" for day, value in definition.values
    )
    return f"{words}（{definition.caution.kind}）" if definition.caution else words


def whom_of(edition: Edition, parameter: str) -> str:
    """Whom a figure touches: who joins, or who claims which benefit, and by which date its value is picked."""
    touched = [
        _claimants(edition, benefit)
        for benefit in edition.benefits.values()
        if parameter in _reads(edition, benefit)
    ]
    if any(parameter in _names([condition.test]) for condition in edition.entry_conditions()) or (
        edition.entry and parameter in edition.entry.terms.values()
    ):
        touched.append(JOINERS)
    picked = f"；按{edition.facts[edition.version_by].label}取值" if touched and touched != [JOINERS] else ""
    return "、".join(touched) + picked


def _claimants(edition: Edition, benefit: Benefit) -> str:
    """Who may be paid a benefit, with the conditions that speak of the person alone."""
    personal = [
        condition.label
        for condition in benefit.conditions
        if (read := [p for p in condition.test.walk() if isinstance(p, tree.Fact)])
        and all(edition.facts[fact.name].group == "person" for fact in read)
    ]
    return f"申请“{benefit.label}”的人" + (f"（{'、'.join(personal)}）" if personal else "")


def _reads(edition: Edition, benefit: Benefit) -> set[str]:
    tests = [condition.test for condition in benefit.conditions]
    return _names(part for node in (*tests, benefit.pays) for part in through_lines(edition, node))


def _names(nodes: Iterable[tree.Node]) -> set[str]:
    return {part.name for node in nodes for part in node.walk() if isinstance(part, tree.Parameter)}


# --- benefits ---


def _benefits(old: Edition, now: Edition) -> Iterator[Difference]:
    for name in dict.fromkeys([*old.benefits, *now.benefits]):
        before, after = old.benefits.get(name), now.benefits.get(name)
        edition, benefit = (now, after) if after else (old, before)
        if benefit is None:
            continue
        whom = _claimants(edition, benefit)
        if before is None or after is None:
            said = filled(edition, benefit.plain, edition.opens_on)
            yield Difference(f"保障项目：{benefit.label}", *((NONE, said) if after else (said, NONE)), whom)
            continue
        yield from _said_of(old, now, name, whom)


def _said_of(old: Edition, now: Edition, name: str, whom: str) -> Iterator[Difference]:
    """Of a benefit in both editions: its conditions and how its amount is reckoned."""
    label = now.benefits[name].label
    texts = [_text(edition)["benefits"][name] for edition in (old, now)]
    conditions = [text.get("when", {}) for text in texts]
    for condition in dict.fromkeys([*conditions[0], *conditions[1]]):
        before, after = (one.get(condition, {}).get("is") for one in conditions)
        if before != after:
            words = [_condition(edition, name, condition) for edition in (old, now)]
            found = next(
                c.label for e in (now, old) for c in e.benefits[name].conditions if c.name == condition
            )
            yield Difference(f"{label}，条件“{found}”", words[0], words[1], whom)
    reckoned = [json.dumps([text.get("lines"), text["pays"]], ensure_ascii=False) for text in texts]
    if reckoned[0] != reckoned[1]:
        yield Difference(f"{label}，算法", amount(old, name), amount(now, name), whom)


def _condition(edition: Edition, benefit: str, name: str) -> str:
    found = [c for c in edition.benefits[benefit].conditions if c.name == name]
    return labels(edition).say(found[0].test) if found else NONE


def _caps(old: Edition, now: Edition) -> Iterator[Difference]:
    def said(edition: Edition) -> dict[str, str]:
        return {
            name: f"{'、'.join(edition.benefits[one].label for one in cap.pays)}，{labels(edition).say(cap.most)}"
            for name, cap in edition.caps.items()
        }

    what = {name: f"合计封顶：{cap.label}" for edition in (old, now) for name, cap in edition.caps.items()}
    yield from _pairs(said(old), said(now), what, dict.fromkeys(what, "给付接近封顶的人"))


# --- joining, clauses ---


def _joining(old: Edition, now: Edition) -> Iterator[Difference]:
    def tests(edition: Edition) -> dict[str, str]:
        entry = _text(edition).get("entry", {})
        return {
            f"{part}.{name}": f"{one['is']}{one.get('level', '')}"
            for part in ("when", "roster")
            for name, one in entry.get(part, {}).items()
        }

    def said(edition: Edition) -> dict[str, tuple[Condition, str]]:
        if edition.entry is None:
            return {}
        words = list(in_words(edition, edition.opens_on))
        parts = ["when"] * len(edition.entry.conditions) + ["roster"] * len(edition.entry.roster)
        return {f"{part}.{one.name}": (one, text) for part, (one, text) in zip(parts, words, strict=True)}

    before, after = tests(old), tests(now)
    words = [said(old), said(now)]
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            texts = [one[name][1] if name in one else NONE for one in words]
            label = next(one[name][0].label for one in reversed(words) if name in one)
            yield Difference(f"参加条件“{label}”", texts[0], texts[1], JOINERS)


def _clauses(old: Edition, now: Edition) -> Iterator[Difference]:
    what = {name: f"条款：{one.label}" for edition in (old, now) for name, one in edition.clauses.items()}
    texts = [{name: one.text for name, one in edition.clauses.items()} for edition in (old, now)]
    yield from _pairs(texts[0], texts[1], what, {})


# --- ---


@lru_cache(maxsize=64)
def _text(edition: Edition) -> dict[str, Any]:
    """The resolved text as plain values."""
    found: dict[str, Any] = json.loads(edition.resolved)
    return found


def _day(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()
