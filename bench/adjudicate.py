"""How many claims a second: the SQL generated from a scheme, beside the best written by hand, and reading and writing alone.

    .venv/bin/python bench/adjudicate.py [--rows 1000000 10000000] [--fifty] [--rounds 3] [--spark] [--plot FILE]

One scheme (schemes/yardstick): three benefits, four running totals. Every measurement is a process of its own, so that peak
memory is its own; rounds take turns, and the best of each counts, because other work may share the machine.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
from growth import drawn

from huzhu.batch.columns import columns_of, fact_columns
from huzhu.batch.dialect import DUCKDB
from huzhu.batch.faults import Found
from huzhu.batch.files import open_table
from huzhu.batch.run import Asked, adjudicate_file, make_facts
from huzhu.batch.simulation import Laboratory
from huzhu.batch.sql import query
from huzhu.rules.facts import read_facts
from huzhu.rules.program import program_of
from huzhu.rules.reasoning import reasoning_of
from huzhu.rules.units import Unit
from huzhu.schemes.library import Library

SCHEME = Path(__file__).parent / "schemes/yardstick/1.yaml"
PYTHON_ROWS, FEW = 200_000, 1_000_000  # below a million, starting up is what is measured
AGAINST_HAND, AGAINST_FLOOR, PEAK_GB, PEAK_FIFTY_GB = 0.95, 4.0, 1.2, 4.0
ONE_US, EXPLAINED_MS = 10, 0.3
SUM_S, ALL_S = 0.1, 1.0

FLOOR = """
SELECT member_id, claim_no AS claim_id, own_amt_fen AS inpatient_fen, hifp_pay_fen AS critical_fen,
  CASE WHEN diagnosis IS NULL OR sex = 'male' THEN 0::BIGINT ELSE 1::BIGINT END AS women_fen,
  (occurred_on - cover_starts_on + (covered_since_on - occurred_on))::BIGINT AS total_fen
FROM '{source}'"""

# What a careful person would write for this scheme alone, two ways; the faster counts.
BY_WINDOWS = """
WITH b AS (
  SELECT member_id, claim_no, cover_starts_on, occurred_on,
    COALESCE(own_amt_fen > 0, FALSE) AS stay,
    CASE WHEN own_amt_fen > 0 THEN LEAST(own_amt_fen * 10, hifp_pay_fen * 2) * 5 ELSE 0 END AS half,
    COALESCE(SUBSTR(diagnosis, 1, 3) BETWEEN 'C00' AND 'C97'
      OR SUBSTR(diagnosis, 1, 3) IN ('I21', 'I60', 'I61', 'I62', 'N18', 'D46', 'G35'), FALSE)
      AND occurred_on - covered_since_on + 1 > 30 AS critical,
    sex = 'female' AND COALESCE(SUBSTR(diagnosis, 1, 3) BETWEEN 'C50' AND 'C58'
      OR SUBSTR(diagnosis, 1, 3) IN ('D05', 'D06', 'D39'), FALSE)
      AND occurred_on - covered_since_on + 1 > 30 AS women
  FROM '{source}'),
w AS (
  SELECT *, SUM(half) OVER p AS used, SUM(stay::INT) OVER p AS stays
  FROM b WINDOW p AS (PARTITION BY member_id, cover_starts_on ORDER BY occurred_on, claim_no ROWS UNBOUNDED PRECEDING)),
c AS (
  SELECT claim_no, ROW_NUMBER() OVER (PARTITION BY member_id ORDER BY occurred_on, claim_no) AS n FROM b WHERE critical),
f AS (
  SELECT claim_no, ROW_NUMBER() OVER (PARTITION BY member_id ORDER BY occurred_on, claim_no) AS n FROM b WHERE women),
a AS (
  SELECT w.member_id, w.claim_no,
    CASE WHEN stay AND stays <= 3 THEN (LEAST(used::BIGINT, 80000000) + 50) // 100
      - (LEAST(used::BIGINT - half, 80000000) + 50) // 100 ELSE 0 END AS inpatient_fen,
    CASE WHEN c.n = 1 THEN 1000000 ELSE 0 END AS critical_fen,
    CASE WHEN f.n = 1 THEN 1500000 ELSE 0 END AS women_fen
  FROM w LEFT JOIN c USING (claim_no) LEFT JOIN f USING (claim_no))
SELECT member_id, claim_no AS claim_id, inpatient_fen::BIGINT AS inpatient_fen, critical_fen::BIGINT AS critical_fen,
  women_fen::BIGINT AS women_fen, (inpatient_fen + critical_fen + women_fen)::BIGINT AS total_fen FROM a"""

BY_FIRSTS = BY_WINDOWS.replace(
    "SELECT claim_no, ROW_NUMBER() OVER (PARTITION BY member_id ORDER BY occurred_on, claim_no) AS n FROM b WHERE critical",
    "SELECT ARG_MIN(claim_no, (occurred_on, claim_no)) AS claim_no, 1 AS n FROM b WHERE critical GROUP BY member_id",
).replace(
    "SELECT claim_no, ROW_NUMBER() OVER (PARTITION BY member_id ORDER BY occurred_on, claim_no) AS n FROM b WHERE women",
    "SELECT ARG_MIN(claim_no, (occurred_on, claim_no)) AS claim_no, 1 AS n FROM b WHERE women GROUP BY member_id",
)


def make(rows: int, path: Path) -> None:
    """Claims in no order: two or three a member and year, one in ten of a listed illness."""
    con = duckdb.connect()
    con.execute(
        f"""COPY (SELECT (hash(i) % {rows // 4 + 1})::BIGINT AS member_id, i::BIGINT AS claim_no,
        CASE WHEN hash(hash(i) % {rows // 4 + 1}) % 2 = 0 THEN 'female' ELSE 'male' END AS sex,
        DATE '2022-01-28' + ((hash(i, 3) % 2) * 365)::INT AS cover_starts_on, DATE '2022-01-28' AS covered_since_on,
        DATE '2022-01-28' + ((hash(i, 3) % 2) * 365 + hash(i, 4) % 365)::INT AS occurred_on,
        CASE WHEN hash(i, 5) % 20 > 0 THEN (hash(i, 6) % 3000000)::BIGINT END AS own_amt_fen,
        (hash(i, 7) % 8000000)::BIGINT AS hifp_pay_fen,
        CASE WHEN hash(i, 8) % 10 = 0 THEN 'C' || LPAD((hash(i, 9) % 99)::VARCHAR, 2, '0') || '.9'
          WHEN hash(i, 8) % 10 < 8 THEN 'K35.8' END AS diagnosis
        FROM range({rows}) t(i)) TO '{path}' (FORMAT parquet)"""
    )


def by_hand(body: str, source: Path, out: Path, memory: str) -> None:
    con = duckdb.connect(str(out.with_suffix(".duckdb")))
    con.execute("SET preserve_insertion_order = false")
    con.execute(f"SET temp_directory = '{out.parent}'")
    if memory:
        con.execute("SET memory_limit = ?", [memory])
    con.execute(f"COPY ({body.format(source=source)}) TO '{out}' (FORMAT parquet)")
    con.close()


def by_scheme(engine: str, source: Path, out: Path, memory: str, *, checked: bool) -> None:
    edition = Library().edition(str(SCHEME))
    adjudicate_file(edition, Asked(source, out, engine=engine, memory=memory, checked=checked))


def by_generator(source: Path, out: Path, memory: str) -> None:
    """The generated SQL alone, run as that by hand is."""
    edition = Library().edition(str(SCHEME))
    names = {
        "f_own_amt": "own_amt_fen",
        "f_hifp_pay": "hifp_pay_fen",
        "f_diagnosis": "SUBSTR(diagnosis, 1, 3)",
    }
    cells = []
    for fact, column in fact_columns(edition).items():
        day = edition.facts[fact].type.unit is Unit.DATE
        value = f"CAST({fact} - DATE '0001-01-01' + 1 AS INTEGER)" if day else names.get(column, fact)
        cells.append(f"{value} AS {column}")
    (rows,) = duckdb.execute(f"SELECT COUNT(*) FROM '{source}'").fetchone() or (0,)
    facts = f"(SELECT member_id, {', '.join(cells)} FROM '{source}')"
    by_hand(
        query(edition, DUCKDB, source=facts, rows=rows).text.replace("{", "{{").replace("}", "}}"),
        source,
        out,
        memory,
    )


WAYS: dict[str, Callable[[Path, Path, str], None]] = {
    "read and write": lambda *given: by_hand(FLOOR, *given),
    "by hand": lambda *given: by_hand(BY_WINDOWS, *given),
    "by hand, second way": lambda *given: by_hand(BY_FIRSTS, *given),
    "generated": by_generator,
    "huzhu adjudicate": lambda *given: by_scheme("duckdb", *given, checked=True),
    "Python, one by one": lambda *given: by_scheme("python", *given, checked=False),
    "Spark": lambda *given: by_scheme("spark", *given, checked=False),
}


def scenarios(source: Path, folder: Path) -> None:
    """Seconds to build the table of member-years, and for a scenario that acts after the totals: the sum alone, and all."""
    library, path = Library(), folder / "scenario.yaml"
    found = []
    for number in range(4):
        body = f"{{parameters: {{cap: {{values: {{2020-01-01: {9000 + number}元}}}}}}}}"
        path.write_text(f"format: huzhu-scenario/1\nlabel: 封顶{number}\noverlay: {body}\n", encoding="utf-8")
        found.append(library.supposing(SCHEME, None, path))
    edition = library.edition(str(SCHEME))
    con = duckdb.connect(str(folder / f"years-{source.stem}.duckdb"))
    table = open_table(con, source, folder, "given")
    columns = columns_of(edition, table)
    plain = frozenset(column.name for column in columns)
    make_facts(con, columns, Found(0, 0, plain), keep=('"sex" AS group_0',))
    con.execute("SET preserve_insertion_order = false")
    started = time.perf_counter()
    laboratory = Laboratory(con, edition, ("group_0",))
    built = time.perf_counter() - started
    laboratory.add(*found[0], "facts")
    one_sum = best_of(laboratory.costs)
    everything = best_of(lambda: laboratory.answers(("sex",)))
    for label, supposed in found[1:]:
        laboratory.add(label, supposed, "facts")
    print(
        f"scenarios: table of member-years {built:.1f} s; a scenario's sum {one_sum:.2f} s (target {SUM_S}),"
    )
    print(
        f"  with groups and deciles {everything:.2f} s (target {ALL_S}); four scenarios' sums {best_of(laboratory.costs):.2f} s"
    )
    con.close()


def one_claim(rounds: int = 20_000) -> bool:
    """Prints how long one claim takes, p50 and p99, evaluated and with its working; whether the targets are met."""
    edition = Library().edition(str(SCHEME))
    document = {
        "format": "huzhu-facts/1",
        "person": {"sex": "female"},
        "cover": {"cover_starts_on": "2022-01-28", "covered_since_on": "2022-01-28"},
        "event": {"claim_no": 1, "occurred_on": "2022-05-12", "own_amt": "12345.67", "hifp_pay": "45678.90", "diagnosis": "C50.9"},
        "history": [],
    }  # fmt: skip
    facts, program = read_facts(edition, document), program_of(edition)
    met = True
    for what, act, target_us in (
        ("evaluated", lambda: program.run(facts), ONE_US),
        ("with its working", lambda: reasoning_of(program.run(facts)), EXPLAINED_MS * 1000),
    ):
        for _ in range(200):
            act()
        times = []
        for _ in range(rounds):
            started = time.perf_counter_ns()
            act()
            times.append(time.perf_counter_ns() - started)
        times.sort()
        p50, p99 = (times[rounds * part // 100] / 1000 for part in (50, 99))
        print(f"one claim {what}: p50 {p50:.1f} µs, p99 {p99:.1f} µs (target {target_us:.0f} µs)")
        met &= p50 <= target_us
    return met


def best_of(act: Callable[[], object], rounds: int = 3) -> float:
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        act()
        times.append(time.perf_counter() - started)
    return min(times)


def one(way: str, source: Path, out: Path, memory: str) -> None:
    """Runs in a process of its own; prints seconds, seconds of processor and peak memory in GB."""
    started, busy = time.perf_counter(), time.process_time()
    WAYS[way](source, out, memory)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(time.perf_counter() - started, time.process_time() - busy, peak)


Measure = tuple[float, float, float]


def measured(way: str, source: Path, out: Path, memory: str) -> Measure:
    words = [sys.executable, __file__, "--one", way, str(source), str(out), memory]
    done = subprocess.run(words, capture_output=True, text=True, check=True)  # noqa: S603 - this very file
    seconds, busy, peak = map(float, done.stdout.split()[-3:])
    return seconds, busy, peak


def same(one: Path, other: Path) -> int:
    """Rows in which two answers differ."""
    con = duckdb.connect()
    (found,) = con.execute(
        f"SELECT COUNT(*) FROM '{one}' a FULL JOIN '{other}' b USING (claim_id) WHERE a.total_fen IS DISTINCT FROM b.total_fen"
        " OR a.inpatient_fen IS DISTINCT FROM b.inpatient_fen OR a.critical_fen IS DISTINCT FROM b.critical_fen"
    ).fetchone() or (1,)
    return int(found)


def table(
    rows: int, ways: list[str], rounds: int, memory: str, folder: Path
) -> tuple[bool, dict[str, Measure]]:
    """Measures and prints one size; whether its targets are met, and the best of each way."""
    source = folder / f"claims-{rows}.parquet"
    make(rows, source)
    found: dict[str, list[Measure]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            found[way].append(measured(way, source, folder / f"{way}.parquet", memory))
    print(
        f"\n{rows:,} claims, memory {memory or 'not limited'}, best of {rounds}, load {os.getloadavg()[0]:.1f}"
    )
    print(f"{'':<24}{'seconds':>9}{'cpu s':>8}{'claims/s':>12}{'peak GB':>9}{'× floor':>9}{'× cpu':>7}")
    best: dict[str, Measure] = {way: min(found[way]) for way in ways}
    floor = best["read and write"]
    for way, (seconds, busy, peak) in best.items():
        ratios = f"{seconds / floor[0]:>9.1f}{busy / floor[1]:>7.1f}"
        print(f"{way:<24}{seconds:>9.2f}{busy:>8.2f}{rows / seconds:>12,.0f}{peak:>9.2f}{ratios}")
    hands = [best[way] for way in ways if way.startswith("by hand")]
    against, busy_against = (min(hand[at] for hand in hands) / best["generated"][at] for at in (0, 1))
    over = best["generated"][0] / floor[0]
    wrong = same(folder / "by hand.parquet", folder / "generated.parquet")
    print(f"generated against by hand {against:.2f} (target {AGAINST_HAND}; by processor {busy_against:.2f})")
    print(f"generated against the floor {over:.1f} (target {AGAINST_FLOOR})")
    most = PEAK_GB if rows <= 10_000_000 else PEAK_FIFTY_GB
    print(f"generated at most {best['generated'][2]:.2f} GB (target {most})")
    print(f"rows on which generated and by hand differ: {wrong}")
    if FEW <= rows <= 10_000_000:
        scenarios(source, folder)
    source.unlink()
    small = best["generated"][2] <= most
    fast = rows < FEW or (against >= AGAINST_HAND and over <= AGAINST_FLOOR)
    return wrong == 0 and small and fast, best


def main() -> int:
    """Prints a table a size; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--fifty", action="store_true", help="also 50 million claims under 4 GB")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--spark", action="store_true")
    parser.add_argument("--plot", type=Path, help="draw how cost grows (an SVG)")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        way, source, out, memory = asked.one
        one(way, Path(source), Path(out), memory)
        return 0
    ways = [way for way in WAYS if way not in {"Python, one by one", "Spark"}] + ["Spark"] * asked.spark
    met = True
    with tempfile.TemporaryDirectory(prefix="huzhu-bench-") as name:
        folder = Path(name)
        source = folder / "few.parquet"
        make(PYTHON_ROWS, source)
        met &= one_claim()
        seconds, _, peak = measured("Python, one by one", source, folder / "few-out.parquet", "")
        print(
            f"Python, one by one: {PYTHON_ROWS / seconds:,.0f} claims/s on {PYTHON_ROWS:,} claims, peak {peak:.2f} GB"
        )
        best: dict[int, dict[str, Measure]] = {}
        for rows in asked.rows:
            good, best[rows] = table(rows, ways, asked.rounds, "", folder)
            met &= good
        if asked.fifty:
            few = ["read and write", "by hand", "generated", "huzhu adjudicate"]
            good, best[50_000_000] = table(50_000_000, few, 1, "3GB", folder)
            met &= good
    if asked.plot:
        shown = ("read and write", "by hand", "generated", "huzhu adjudicate")
        drawn(
            {
                title: {way: {rows: told[way][at] for rows, told in best.items()} for way in shown}
                for title, at in (("seconds of processor", 1), ("peak memory, GB", 2))
            },
            asked.plot,
        )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
