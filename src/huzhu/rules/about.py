"""What a scheme says of itself in plain words, with its parameters filled in, so that no figure is written twice."""

from collections.abc import Iterable
from functools import lru_cache

from huzhu.rules.edition import Dated, Edition, ParameterDef, through_lines
from huzhu.rules.facts import Row
from huzhu.rules.program import Outcome, program_of
from huzhu.rules.proofs import PLACEHOLDER
from huzhu.rules.tree import Change
from huzhu.rules.units import Value, spoken
from huzhu.rules.words import Speaker


def filled(edition: Edition, text: str, day: int) -> str:
    """The text with {parameter} replaced by its value in force on the day (an ordinal), as people read it."""
    day = min(max(day, edition.opens_on), edition.closes_on - 1)

    def value(name: str) -> str:
        definition = edition.parameters[name]
        found = definition.at(day)[1]
        said = spoken(found if isinstance(found, Value) else None, definition.type)
        return said.replace(".00 元", " 元").replace(" ", "")

    return PLACEHOLDER.sub(lambda match: value(match[1]), text)


def clashing(editions: Iterable[Edition]) -> str:
    """A sentence where two of the schemes may not be joined together (entry: one_of), else nothing."""
    kinds: dict[str, list[str]] = {}
    for edition in editions:
        if kind := edition.entry.one_of if edition.entry else "":
            kinds.setdefault(kind, []).append(edition.about.get("short", edition.slug))
    return "；".join(
        f"两个{kind}方案不能同时参加（{'、'.join(names)}），请只留一个"
        for kind, names in kinds.items()
        if len(names) > 1
    )


def figure(edition: Edition, definition: ParameterDef, value: Dated) -> str:
    """A parameter's value of any shape, as people read it."""
    if isinstance(value, Value):
        return spoken(value, definition.type)
    if isinstance(value, frozenset):
        codes = [dict(definition.type.codes).get(code, code) for code in sorted(value)]
        return "、".join(codes) if len(codes) <= 20 else f"{codes[0]} 等 {len(codes)} 个编码"
    if isinstance(value, tuple):
        return "、".join(_band(definition, band) for band in value)
    said = _codes(edition)
    return "；".join(
        f"{said.get(code, code)}：{spoken(number, definition.type)}" for code, number in value.items()
    )


@lru_cache(maxsize=128)
def _codes(edition: Edition) -> dict[str, str]:
    """What the codes of the edition's facts mean; the tables are looked up by them."""
    read = [edition.facts[name] for name in edition.columns]
    return {code: label for fact in read for code, label in fact.type.codes}


def _band(definition: ParameterDef, band: tuple[int | None, int]) -> str:
    top, rate = band
    until = "以上" if top is None else f"{top // 100:,} 元以内"
    return f"{until} {spoken(rate, definition.type)}"


@lru_cache(maxsize=128)
def labels(edition: Edition) -> Speaker:
    """Says the edition's expressions with labels only, with the figures of its first day."""
    program = program_of(edition)
    row: Row = dict.fromkeys(edition.columns) | {edition.version_by: edition.opens_on}
    return Speaker(Outcome(program, program.filled(row), edition.opens_on), bare=True)


def amount(edition: Edition, name: str) -> str:
    """How the amount of a benefit is reckoned: its own lines and the payment, in labels."""
    benefit, speaker = edition.benefits[name], labels(edition)
    lines = [
        f"{edition.lines[line].label} ＝ {speaker.say(edition.lines[line].body)}" for line in benefit.lines
    ]
    runs = any(isinstance(part, Change) for part in through_lines(edition, benefit.pays))
    note = "（按累计算，减去以前的）" if runs else ""
    return "；".join([*lines, f"{benefit.label} ＝ {speaker.say(benefit.pays)}{note}"])
