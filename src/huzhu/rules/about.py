"""What a scheme says of itself in plain words, with its parameters filled in, so that no figure is written twice."""

from collections.abc import Iterable

from huzhu.rules.edition import Edition
from huzhu.rules.proofs import PLACEHOLDER
from huzhu.rules.units import Value, spoken


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
