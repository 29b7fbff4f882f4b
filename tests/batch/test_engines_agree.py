"""Every engine pays every claim the same, on the shelf's editions and on schemes nobody would publish."""

from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from batch.agreeing import answer, differences, engines
from batch.random_claims import Claims, Rows, write
from batch.random_schemes import scheme
from huzhu.rules.edition import Edition
from huzhu.rules.units import Unit
from huzhu.schemes.library import Library
from reference import decimal_reference as reference
from rules.builders import read, tiny
from rules.every_node import EVERY_NODE

LIBRARY = Library()


def shelf() -> list[tuple[str, Edition]]:
    """Every edition on the shelf in every reading."""
    paths = [path for slug in LIBRARY.folders() for path in LIBRARY.files(LIBRARY.shelf / slug)]
    return [
        (f"{path.parent.name} {path.stem} {variant or ''}".strip(), LIBRARY.read(path, variant))
        for path in paths
        for variant in LIBRARY.read(path).variants or [None]
    ]


SHELF = dict(shelf())


def all_agree(edition: Edition, rows: Rows, folder: Path, more: tuple[str, ...] = ()) -> None:
    table = write(rows, folder / "claims.csv")
    plain = answer(edition, table, "python")
    for engine in (*engines(), *more):
        assert differences(plain, answer(edition, table, engine)) == [], engine


@pytest.mark.parametrize("name", SHELF)
def test_the_engines_agree_on_every_row_of_every_edition(name, tmp_path):
    edition = SHELF[name]
    all_agree(edition, Claims(edition, Random(name)).rows(members=60, most=9), tmp_path)


def test_the_engines_agree_on_a_scheme_that_uses_every_kind_of_step(tmp_path):
    edition = read(EVERY_NODE)
    all_agree(edition, Claims(edition, Random(5)).rows(members=60, most=9), tmp_path)


def test_events_may_be_ordered_by_amounts_beyond_32_bits(tmp_path):
    """Which claim is first decides what a cap leaves for the other: 3,000 万元 are more fen than 32 bits hold."""
    edition = read(
        tiny(
            ("order: [day, claim_no]", "order: [large, claim_no]"),
            ("clauses:\n", "facts: {event: {large: {label: 大数, unit: money, most: 3000万元}}}\nclauses:\n"),
            parameters="cap: {label: 封顶, unit: money, clause: c1, values: {2020-01-01: 100元}}",
            tail="caps: {whole: {label: 合计, clause: c1, key: period, most: cap, over: [aid]}}\n",
        )
    )
    rows = Claims(edition, Random(3)).rows(members=60, most=9)
    for number, row in enumerate(rows):
        row["large"] = f"{(number * 7919 % 3_000_000) * 10}.00"
    all_agree(edition, rows, tmp_path)


@pytest.mark.parametrize("seed", range(8))
def test_the_engines_agree_on_schemes_at_random(seed, tmp_path):
    text, edition = scheme(seed)
    print(text)  # shown where the test fails
    all_agree(edition, Claims(edition, Random(seed)).rows(members=40, most=9), tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1_000, 1_300))
def test_the_engines_agree_on_very_many_schemes_at_random(seed, tmp_path):
    text, edition = scheme(seed)
    print(text)
    all_agree(edition, Claims(edition, Random(seed)).rows(members=100, most=9), tmp_path)


def document(edition: Edition, row: dict[str, str], others: Rows) -> dict:
    """The facts document of a row, with the member's other rows as its history."""

    def typed(given: dict[str, str], group: str) -> dict:
        numbers = {Unit.DAYS, Unit.COUNT}
        return {
            name: int(given[name]) if fact.type.unit in numbers else given[name]
            for name, fact in edition.wanted[group].items()
            if given[name]
        }

    history = [{**typed(other, "event"), "cover": typed(other, "cover")} for other in others]
    groups = {group: typed(row, group) for group in ("person", "cover", "event")}
    return {"format": "huzhu-facts/1", **groups, "history": history}


REFERENCE = {
    **{f"yichun-120 2021 {name}": lambda d, name=name: reference.yichun_120(d, name) for name in "ABCDE"},
    "yichun-women 2021": reference.yichun_women,
    "harbin-80 2019": reference.harbin_80,
}


@pytest.mark.parametrize("name", REFERENCE)
def test_sql_pays_what_the_independent_reference_pays(name, tmp_path):
    edition = SHELF[name]
    rows = Claims(edition, Random(f"reference {name}")).rows(members=40, most=6)
    table = write(rows, tmp_path / "claims.csv")
    for engine in engines():
        paid = answer(edition, table, engine)
        for row in rows:
            others = [other for other in rows if other["member_id"] == row["member_id"] and other is not row]
            told = REFERENCE[name](document(edition, row, others))
            got = paid[row["claim_no"]]
            assert {benefit: Decimal(got[f"{benefit}_fen"]) / 100 for benefit in told} == told, row
