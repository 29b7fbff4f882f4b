"""The formulas of schemes/yardstick in OpenFisca-Core, beside the generated SQL on the same claims: speed, and wrong rows.

    .venv/bin/python bench/openfisca.py [--rows 1000000]

OpenFisca-Core is AGPL: it is never among our requirements. A temporary environment is made with pip and thrown away;
where no index can be reached, that is said and nothing is compared. Inside it this file runs again (`--inside`).
It has no running totals over events, so they are cumulative sums in numpy inside a formula, on claims sorted beforehand;
its amounts are what it gives to `value_type = float`.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any

NEEDS = ("OpenFisca-Core==46.0.1", "duckdb")
PERIOD = "2022"
CLAIMS = """
SELECT claim_no, COALESCE(own_amt_fen, 0) / 100 AS own, hifp_pay_fen / 100 AS pool, sex = 'female' AS female,
  COALESCE(SUBSTR(diagnosis, 1, 3), '') AS ill, (occurred_on - covered_since_on + 1)::INT AS day,
  (DENSE_RANK() OVER (ORDER BY member_id, cover_starts_on) - 1)::BIGINT AS year,
  (DENSE_RANK() OVER (ORDER BY member_id) - 1)::BIGINT AS member
FROM '{source}' ORDER BY member, year, occurred_on, claim_no"""
CRITICAL, WOMEN = (
    (("C00", "C97"), ("I21", "I21"), ("I60", "I62"), ("N18", "N18"), ("D46", "D46"), ("G35", "G35")),
    (
        ("C50", "C58"),
        ("D05", "D06"),
        ("D39", "D39"),
    ),
)


def system(np: Any) -> Any:
    """The scheme as an OpenFisca author writes it: one variable a line, vectors of claims."""
    from openfisca_core import entities, periods, taxbenefitsystems, variables  # noqa: PLC0415

    claim = entities.build_entity(key="claim", plural="claims", label="claim", is_person=True)
    role = {"key": "item", "plural": "items", "label": "claims of the year"}
    year = entities.build_entity(key="year", plural="years", label="member-year", roles=[role])
    made = taxbenefitsystems.TaxBenefitSystem([claim, year])

    def variable(name: str, kind: type, formula: Any = None, **more: Any) -> None:
        about = {
            "value_type": kind,
            "entity": claim,
            "definition_period": periods.DateUnit.YEAR,
            "label": name,
        }
        body = about | more | ({"formula": formula} if formula else {})
        made.add_variable(type(name, (variables.Variable,), body))

    def running(values: Any, starts: Any) -> Any:
        """Sums up to and with each claim, begun anew where `starts` is true."""
        total = np.cumsum(values, dtype=np.float64)
        before = np.where(starts, total - values, 0)
        return total - np.maximum.accumulate(before)

    def within(codes: Any, ranges: Any) -> Any:
        return np.any([(codes >= low.encode()) & (codes <= high.encode()) for low, high in ranges], axis=0)

    def cents(amount: Any) -> Any:
        return np.floor(amount * 100 + 0.5) / 100

    def inpatient(person: Any, period: Any) -> Any:
        own, pool = person("own", period), person("pool", period)
        stay, starts = own > 0, person("first_of_year", period)
        half = np.where(stay, np.minimum(own, pool * 0.2) * 0.5, 0)
        used, stays = running(half, starts), running(stay.astype(int), starts)
        paid = cents(np.minimum(used, 8000)) - cents(np.minimum(used - half, 8000))
        return np.where(stay & (stays <= 3), paid, 0)

    def first(ranges: Any, amount: int, *, female: bool) -> Any:
        def formula(person: Any, period: Any) -> Any:
            listed = within(person("ill", period), ranges) & (person("day", period) > 30)
            listed &= person("female", period) | (not female)
            return np.where(
                listed & (running(listed.astype(int), person("first_of_member", period)) == 1), amount, 0
            )

        return formula

    for name, kind in (("own", float), ("pool", float), ("day", int), ("female", bool)):
        variable(name, kind)
    variable("ill", str, max_length=3)
    variable("first_of_year", bool)
    variable("first_of_member", bool)
    variable("inpatient", float, inpatient)
    variable("critical", float, first(CRITICAL, 10_000, female=False))
    variable("women", float, first(WOMEN, 15_000, female=True))
    return made


def inside(source: str, right: str) -> None:
    """Runs in the temporary environment; prints seconds and how many rows are not what `right` holds."""
    import duckdb  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415
    from openfisca_core.simulation_builder import SimulationBuilder  # noqa: PLC0415

    started = time.perf_counter()
    given = duckdb.sql(CLAIMS.format(source=source)).fetchnumpy()
    given["ill"] = np.asarray(given["ill"], dtype="U3")
    for name, of in (("first_of_year", "year"), ("first_of_member", "member")):
        given[name] = np.r_[True, given[of][1:] != given[of][:-1]]
    read, made, builder = time.perf_counter(), system(np), SimulationBuilder()
    builder.create_entities(made)
    builder.declare_person_entity("claim", range(len(given["own"])))
    years = builder.declare_entity("year", range(int(given["year"][-1]) + 1))
    builder.join_with_persons(years, given["year"], np.full(len(given["own"]), "item"))
    simulation = builder.build(made)
    for name in ("own", "pool", "day", "female", "ill", "first_of_year", "first_of_member"):
        simulation.set_input(name, PERIOD, np.ma.getdata(given[name]))
    built = time.perf_counter()
    paid = {name: simulation.calculate(name, PERIOD) for name in ("inpatient", "critical", "women")}
    done = time.perf_counter()
    rows = duckdb.sql(f"SELECT * FROM '{right}' ORDER BY claim_id").fetchnumpy()
    order = np.argsort(given["claim_no"])
    wrong = np.zeros(len(order), dtype=bool)
    off = 0.0
    for name, amounts in paid.items():
        fen = np.rint(np.asarray(amounts, dtype=np.float64)[order] * 100).astype(np.int64)
        wrong |= fen != rows[f"{name}_fen"]
        off = max(off, float(np.abs(fen - rows[f"{name}_fen"]).max()))
    print(json.dumps({"read": read - started, "build": built - read, "calculate": done - built, "rows": len(order),
                      "wrong": int(wrong.sum()), "most_fen": off}))  # fmt: skip


def quietly(words: list[str | Path]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - our own words


def main() -> int:
    """Prints both; 0 also where OpenFisca-Core is not to be had."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--inside", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        inside(*asked.inside)
        return 0
    from adjudicate import make, measured  # noqa: PLC0415 - not in the other environment

    with tempfile.TemporaryDirectory(prefix="huzhu-openfisca-") as name:
        folder = Path(name)
        venv.create(folder / "env", with_pip=True)
        python = folder / "env/bin/python"
        got = quietly([python, "-m", "pip", "install", "-q", *NEEDS])
        if got.returncode:
            print(f"OpenFisca-Core cannot be had here: {(got.stderr.splitlines() or ['?'])[-1]}")
            return 0
        source, right = folder / "claims.parquet", folder / "right.parquet"
        make(asked.rows, source)
        ours, _, _ = measured("generated", source, right, "")
        done = quietly([python, __file__, "--inside", source, right])
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        return 1
    told = json.loads(done.stdout)
    whole = told["read"] + told["build"] + told["calculate"]
    print(f"{asked.rows:,} claims, generated SQL from file to file: {ours:.2f} s")
    print(
        f"OpenFisca-Core: read and sort {told['read']:.2f} s, build {told['build']:.2f} s, calculate {told['calculate']:.2f} s"
    )
    print(f"  in all {whole:.2f} s without writing, {whole / ours:.1f} times as long")
    print(
        f"  rows that are wrong: {told['wrong']:,} of {told['rows']:,}, by {told['most_fen']:.0f} fen at most"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
