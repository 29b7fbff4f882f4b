"""Tables of claims at random, biased to where engines part: ties, edges, boundary days, gaps, text against number order."""

import csv
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from random import Random

from huzhu.core import money
from huzhu.rules.edition import Edition, FactDef
from huzhu.rules.tree import Constant
from huzhu.rules.units import Unit

ILLS = ["C50.9", "C00", "C97", "C98", "C0A", "c34", "D45", "D46", "D05", "I21", "I60.8", "I63", "K35"]
MOMENTS = [
    "2022-07-08T02:20:00+00:00",
    "2022-07-08T10:20:00+08:00",
    "2022-07-08T02:20:01+00:00",
    "2022-07-08T10:00:00+08:00",
]
Rows = list[dict[str, str]]


class Claims:
    """A generator for one edition: it knows the figures and days the edition itself speaks of."""

    def __init__(self, edition: Edition, chance: Random) -> None:
        self.edition, self.chance = edition, chance
        self.figures = sorted(self._figures())
        opens = max(edition.opens_on, date(2022, 1, 1).toordinal())
        since = {day for parameter in edition.parameters.values() for day, _ in parameter.values}
        starts = [opens, opens + 31, opens + 365, *(day for day in since if edition.opens_on <= day)]
        self.starts = [day for day in starts if edition.opens_on <= day < edition.closes_on]

    def _figures(self) -> set[int]:
        found = {0, 1, 2, 3, 5, 100, 1_000_000}
        for node in self.edition.nodes():
            if isinstance(node, Constant) and isinstance(node.value, int):
                found.add(int(node.value) // 10**node.type.scale)
        for parameter in self.edition.parameters.values():
            for _, value in parameter.values:
                if isinstance(value, int):
                    found.add(value // 10**parameter.type.scale)
                if isinstance(value, tuple):
                    found |= {top for top, _ in value if top}
        return {figure for figure in found if figure >= 0}

    def rows(self, members: int, most: int) -> Rows:
        """Members with up to `most` claims each, told in no order."""
        told: Rows = []
        numbers = self.chance.sample(range(1, 10 * members * most), members * most)
        for member in range(members):
            person = self.group("person", date(2022, 6, 1).toordinal())
            for _ in range(self.chance.randint(1, most)):
                start = self.chance.choice(self.starts[:3] if self.chance.random() < 0.8 else self.starts)
                near = start + self.chance.choice([-1, 0, 0, 1, 29, 30, 31, 200, 200, 364, 365, 366])
                row = person | self.group("cover", start) | self.group("event", near)
                for name, day in (("starts_on", start), ("cover_starts_on", start), ("ends_on", start + 365)):
                    if name in row:
                        row[name] = date.fromordinal(day).isoformat()
                if "cover_ends_on" in row:
                    row["cover_ends_on"] = date.fromordinal(start + 365).isoformat()
                number = numbers.pop()
                row[self.edition.order[-1]] = f"K{number}" if number % 3 else str(number)
                told.append({"member_id": f"m{member}"} | row)
        self.chance.shuffle(told)
        return told

    def group(self, group: str, near: int) -> dict[str, str]:
        return {name: self.value(fact, near) for name, fact in self.edition.wanted[group].items()}

    def value(self, fact: FactDef, near: int) -> str:
        kind, chance = fact.type, self.chance
        if kind.missing and chance.random() < 0.25:
            return ""
        return self._drawn(fact, near)

    def _drawn(self, fact: FactDef, near: int) -> str:
        kind, chance = fact.type, self.chance
        plain = {
            Unit.ICD: ILLS,
            Unit.FLAG: ["true", "false"],
            Unit.CODE: [code for code, _ in kind.codes] or ["yc", "ts", "nowhere"],
            Unit.INSTANT: MOMENTS,
            Unit.TEXT: ["甲", "乙", "O'Neil"],
        }
        if kind.unit in plain:
            return chance.choice(plain[kind.unit])
        if kind.unit is Unit.DATE:
            return date.fromordinal(near + chance.choice([-31, -30, -1, 0, 0, 0, 1, 30, 365])).isoformat()
        number = self.number(kind.lo, kind.hi)
        return money.yuan(number) if kind.unit is Unit.MONEY else str(number)

    def number(self, lo: int, hi: int) -> int:
        """A figure of the scheme or a fen beside it, a small number, a bound, or anything between."""
        chance, dice = self.chance, self.chance.random()
        if dice < 0.45:
            found = chance.choice(self.figures) * chance.choice([1, 1, 1, 2, 5]) + chance.choice(
                [-1, 0, 0, 1]
            )
        elif dice < 0.6:
            found = chance.randint(0, 20)
        elif dice < 0.65:
            found = chance.choice([lo, hi])
        else:
            found = chance.randint(0, 3_000_000)
        return min(max(found, lo), hi)


def write(rows: Rows, path: Path) -> Path:
    heads: Mapping[str, None] = {name: None for row in rows for name in row}
    with path.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, list(heads))
        writer.writeheader()
        writer.writerows(rows)
    return path
