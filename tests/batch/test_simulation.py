"""Scenarios: what the table of member-years answers is, to the fen, what computing every claim again gives."""

from pathlib import Path
from random import Random

import pytest

from batch.agreeing import answer
from batch.random_claims import Claims, write
from batch.random_schemes import scheme
from batch.test_bad_rows import GOOD, sheet
from huzhu.batch.columns import ColumnsMissing
from huzhu.batch.run import Asked
from huzhu.batch.simulation import AGAIN, FROM_TOTALS, SAME, Answer, Simulated, simulate
from huzhu.rules.edition import Edition
from huzhu.rules.problems import SchemeRefused
from huzhu.schemes.library import Library
from rules.builders import read

LIBRARY = Library()
HARBIN = LIBRARY.find("harbin-80")


def supposing(folder: Path, overlay: str, scheme_file: Path = HARBIN) -> tuple[str, Edition]:
    path = folder / "scenario.yaml"
    path.write_text(f"format: huzhu-scenario/1\nlabel: 设想\noverlay: {overlay}\n", encoding="utf-8")
    return LIBRARY.supposing(scheme_file, None, path)


def run(folder: Path, table: Path, overlay: str, by: tuple[str, ...] = ()) -> Simulated:
    scenario = supposing(folder, overlay)
    return simulate(LIBRARY.read(HARBIN), Asked(table, folder / "out.csv"), [scenario], by)


def of(found: Simulated, scenario: str, value: str = "") -> Answer:
    (one,) = [one for one in found.answers if (one.scenario, one.value) == (scenario, value)]
    return one


@pytest.fixture
def table(tmp_path) -> Path:
    rows = Claims(LIBRARY.read(HARBIN), Random(3)).rows(members=80, most=7)
    return write(rows, tmp_path / "claims.csv")


AFTER = {
    "a higher cap": "{parameters: {inpatient_cap: {values: {2019-01-01: 10000.05元}}}}",
    "a cap that moves with the cover": "{parameters: {inpatient_cap: {values: {2019-01-01: 100元, 2022-02-01: 0.03元}}}}",
    "another amount each time": "{parameters: {critical_amount: {values: {2019-01-01: 777.77元}}}}",
    "another formula of the same totals": '{benefits: {inpatient: {pays: "change(min(ratio(used, 33.3%), 900元))"}}}',
}
BEFORE = {
    "a rate inside the total": (
        "{parameters: {inpatient_rate: {values: {2019-01-01: 60%}}}}",
        "住院医疗互助金比例",
    ),
    "a limit of times": (
        "{parameters: {inpatient_claims: {values: {2019-01-01: 3次}}}}",
        "每个保障期给付次数",
    ),
    "a line below": ('{lines: {S: {is: "coalesce(inscp_scp_amt, 0元)"}}}', "范围内个人自付 S"),
    "a list": (
        "{parameters: {critical_list: {demonstration: 演示, values: {2019-01-01: [C50]}}}}",
        "重大疾病目录",
    ),
}


@pytest.mark.parametrize("name", AFTER)
def test_what_acts_after_the_totals_is_answered_from_them_to_the_fen(name, table, tmp_path):
    found = run(tmp_path, table, AFTER[name])
    assert {how.way for how in found.how["设想"]} == {SAME, FROM_TOTALS}
    _, edition = supposing(tmp_path, AFTER[name])
    assert of(found, "设想").cost_fen == sum(
        row["total_fen"] for row in answer(edition, table, "duckdb").values()
    )


@pytest.mark.parametrize("name", BEFORE)
def test_what_acts_before_the_totals_is_computed_again_and_named(name, table, tmp_path):
    overlay, changed = BEFORE[name]
    found = run(tmp_path, table, overlay)
    (again,) = [how for how in found.how["设想"] if how.way == AGAIN]
    assert "在累计之前起作用的有变" in again.why
    assert changed in again.why
    _, edition = supposing(tmp_path, overlay)
    assert of(found, "设想").cost_fen == sum(
        row["total_fen"] for row in answer(edition, table, "duckdb").values()
    )


def test_winners_losers_and_tenths_are_told_by_group(tmp_path):
    """m1 5,000 + 3,000; m2 5,000; under a cap of 4,000 both lose, under 9,000 m1 alone would win."""
    second = {"claim_no": "2", "occurred_on": "2022-05-01"}
    rows = [
        GOOD | {"county": "甲县"},
        GOOD | second | {"county": "甲县"},
        GOOD | {"claim_no": "3", "member_id": "m2", "county": ""},
    ]
    found = run(
        tmp_path,
        sheet(tmp_path, *rows),
        "{parameters: {inpatient_cap: {values: {2019-01-01: 4000元}}}}",
        ("county",),
    )
    assert (found.claims, found.member_years) == (3, 2)
    base, lower = of(found, "基准"), of(found, "设想")
    assert (base.cost_fen, base.beneficiaries, base.mean_fen, base.winners) == (1_300_000, 2, 650_000, 0)
    assert (lower.cost_fen, lower.losers, lower.lost_fen, lower.winners) == (800_000, 2, 500_000, 0)
    assert base.deciles_fen == (500_000,) * 5 + (800_000,) * 4
    assert of(found, "设想", "甲县").lost_fen == 400_000
    assert of(found, "设想", "未填").lost_fen == 100_000


def test_a_group_nobody_has_is_refused(table, tmp_path):
    with pytest.raises(ColumnsMissing, match="没有可分组的列“county”"):
        run(tmp_path, table, AFTER["a higher cap"], ("county",))


IMPOSSIBLE = [
    "5",
    "{slug: other}",
    "{parameters: {nothing: removed}}",
    "{parameters: {inpatient_cap: {values: {2019-01-01: 500天}}}}",
]


@pytest.mark.parametrize("overlay", IMPOSSIBLE)
def test_a_scenario_that_cannot_be_is_refused(overlay, tmp_path):
    with pytest.raises(SchemeRefused, match=r"→"):
        supposing(tmp_path, overlay)


@pytest.mark.parametrize("seed", range(20, 26))
def test_on_schemes_at_random_every_scenario_costs_what_computing_it_costs(seed, tmp_path):
    """Dated values are changed one after the other, whether they act before the totals or after them."""
    text, edition = scheme(seed)
    print(text)
    table = write(Claims(edition, Random(seed)).rows(members=40, most=8), tmp_path / "claims.csv")
    swaps = [
        ("2020-01-01: 2000元", "2020-01-01: 900.03元"),
        ("{to: 1000元, rate: 50%}", "{to: 1000元, rate: 51%}"),
        ("60%}", "61.5%}"),
        ("2020-01-01: 100元", "2020-01-01: 90元"),
        ("change(min(ran, 100元))", "change(min(ran, 100.5元))"),
    ]
    scenarios = [(old, read(text.replace(old, new))) for old, new in swaps if old in text]
    found = simulate(edition, Asked(table, tmp_path / "out.csv"), scenarios)
    for label, supposed in [("基准", edition), *scenarios]:
        paid = answer(supposed, table, "duckdb")
        assert of(found, label).cost_fen == sum(row["total_fen"] for row in paid.values()), (
            label,
            found.how.get(label),
        )
