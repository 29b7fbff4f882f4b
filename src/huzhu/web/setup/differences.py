"""What a new edition says otherwise than the published one: figures, dates, benefits, clauses."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from huzhu.rules.edition import Edition
from huzhu.schemes.queries import NotTheSameText, engine
from huzhu.web.shown import SchemeShown

Difference = tuple[str, str, str]  # what, before, now
NONE = "（没有）"


def differences(before: Any, now: Edition) -> list[Difference]:
    """Of a published row and an edition; where the row's file is gone, that is said instead."""
    try:
        old = engine(before)
    except (NotTheSameText, LookupError, ValueError):
        return [("已公布的一版", "它的方案文件不在了，不能逐项比较", "请对照原文看")]
    return list(_all(old, now))


def _all(old: Edition, now: Edition) -> Iterator[Difference]:
    yield from _pairs({"名称": old.title, "起止": _dates(old)}, {"名称": now.title, "起止": _dates(now)}, "")
    yield from _pairs(_figures(old), _figures(now), "")
    yield from _pairs(
        _plain(old),
        _plain(now),
        "保障项目：",
        {name: one.label for edition in (old, now) for name, one in edition.benefits.items()},
    )
    yield from _pairs(
        {name: one.text for name, one in old.clauses.items()},
        {name: one.text for name, one in now.clauses.items()},
        "条款：",
        {name: one.label for edition in (old, now) for name, one in edition.clauses.items()},
    )


def _pairs(
    old: dict[str, str], now: dict[str, str], kind: str, labels: dict[str, str] | None = None
) -> Iterator[Difference]:
    for name in dict.fromkeys([*old, *now]):
        before, after = old.get(name, NONE), now.get(name, NONE)
        if before != after:
            yield f"{kind}{(labels or {}).get(name, name)}", before, after


def _figures(edition: Edition) -> dict[str, str]:
    shown = SchemeShown(edition, edition.opens_on)
    return {
        definition.label: "；".join(f"{since} 起 {value}" for since, value in values)
        for definition, _, values in shown.parameters
    }


def _plain(edition: Edition) -> dict[str, str]:
    """Each benefit in plain words, with its figures of the first day."""
    return {benefit.name: plain for benefit, plain in SchemeShown(edition, edition.opens_on).benefits}


def _dates(edition: Edition) -> str:
    return f"{date.fromordinal(edition.opens_on)} 至 {date.fromordinal(edition.closes_on)}"
