"""What one evaluation costs, and one with its working: three schemes, this machine, one run. Not a test of rightness.

    python bench/explain.py [rounds]

Exit status 1 where a target is missed by more than twice.
"""

import json
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from statistics import median
from time import perf_counter_ns

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from huzhu.rules.adjudicate import adjudicate, explain  # noqa: E402
from huzhu.rules.facts import read_facts  # noqa: E402
from huzhu.rules.program import evaluate  # noqa: E402
from reference import decimal_reference  # noqa: E402 - after the path is set
from rules.members import after, editions, liu, stay  # noqa: E402

TARGET_EVALUATE, TARGET_EXPLAIN = 50_000, 500_000  # ns
TOO_MUCH = 2
REPEATS = 50
REFERENCES = {
    "yichun-120 A": decimal_reference.yichun_120,
    "yichun-women": decimal_reference.yichun_women,
    "harbin-80": decimal_reference.harbin_80,
}


def story() -> dict:
    """刘女士's claim with one earlier stay, as in an ordinary office."""
    earlier = stay("1200.00", "6000.00", occurred_on="2022-03-01", admitted_on="2022-03-01")
    return after(liu(), earlier)


def bare(text: str) -> Callable[[], object]:
    """Reading the same JSON into a dict of decimals, and nothing else: what any program must pay at least."""
    return lambda: json.loads(text, parse_float=Decimal)


def cost(what: Callable[[], object], rounds: int) -> int:
    """Median nanoseconds of one call."""
    what()
    times = []
    for _ in range(rounds):
        begun = perf_counter_ns()
        for _ in range(REPEATS):
            what()
        times.append((perf_counter_ns() - begun) // REPEATS)
    return int(median(times))


def measured(name: str, document: dict, rounds: int) -> dict[str, int]:
    edition, known = editions()[name], list(editions().values())
    facts = read_facts(edition, document, also_known=frozenset(n for e in known for n in e.facts))
    return {
        "evaluate": cost(lambda: evaluate(edition, facts), rounds),
        "with facts": cost(lambda: adjudicate([edition], document, among=known), rounds),
        "explain": cost(lambda: explain([edition], document, among=known), rounds),
        "reference": cost(lambda: REFERENCES[name](document), rounds),
    }


def main(rounds: int) -> int:
    document = story()
    parse = cost(bare(json.dumps(document)), rounds)
    print(
        f"median of {rounds} rounds of {REPEATS}; two events a document; bare JSON to dict: {parse / 1e3:.1f} µs"
    )
    print(f"targets: evaluate {TARGET_EVALUATE / 1e3:.0f} µs, explain {TARGET_EXPLAIN / 1e6:.1f} ms")
    print(
        f"{'scheme':<14}{'evaluate':>12}{'with facts':>12}{'explain':>12}{'decimals':>12}   of decimals  of parse"
    )
    missed = False
    for name in REFERENCES:
        ns = measured(name, document, rounds)
        print(
            f"{name:<14}{ns['evaluate'] / 1e3:>9.1f} µs{ns['with facts'] / 1e3:>9.1f} µs{ns['explain'] / 1e6:>9.3f} ms"
            f"{ns['reference'] / 1e3:>9.1f} µs{ns['with facts'] / ns['reference']:>12.2f} ×{ns['evaluate'] / parse:>8.2f} ×"
        )
        missed |= ns["evaluate"] > TOO_MUCH * TARGET_EVALUATE or ns["explain"] > TOO_MUCH * TARGET_EXPLAIN
    print("missed by more than twice" if missed else "within twice the targets")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 15))
