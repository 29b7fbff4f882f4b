"""How long one claim takes: evaluated, read and evaluated, and with its working shown.

The yardstick in the last columns is one benefit by hand in decimal.Decimal. It does less: figures already read,
no conditions but the list, no dates, no units, no working.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from statistics import median
from time import perf_counter_ns
from typing import Any

from huzhu.rules.edition import Edition, FactDef
from huzhu.rules.facts import Facts, read_facts
from huzhu.rules.program import program_of
from huzhu.rules.reasoning import reasoning_of
from huzhu.schemes.library import Library

ROUNDS, AT_LEAST_NS = 15, 4_000_000
EVALUATION_US, REASONING_MS = 50, 0.5
TOLERANCE = 2
LIU = Path(__file__).resolve().parents[1] / "docs/manual/examples/liu.json"
FEN, CENTS = Decimal("0.01"), Decimal(100)


# --- the yardstick: what somebody would write for one scheme alone ---


def yichun_120(rows: Sequence[dict[str, Any]]) -> Decimal:
    own, pool = rows[-1]["own"], rows[-1]["pool"]
    return (min(own, pool * Decimal("0.20")) * Decimal("0.60")).quantize(FEN, ROUND_HALF_UP)


def harbin_80(rows: Sequence[dict[str, Any]]) -> Decimal:
    counted, running, paid = 0, Decimal(0), [Decimal(0), Decimal(0)]
    for row in rows:
        if row["own"] > 0:
            counted += 1
            running += row["own"] if counted <= 2 else 0
        limited = min(running * Decimal("0.50"), Decimal(8000))
        paid = [paid[1], limited.quantize(FEN, ROUND_HALF_UP)]
    return paid[1] - paid[0]


def yichun_women(rows: Sequence[dict[str, Any]]) -> Decimal:
    listed = {"C50", "C51", "C52", "C53", "C54", "C55", "C56", "C57", "C58", "D05", "D06", "D39"}
    times = sum(1 for row in rows if row["ill"] in listed)
    return Decimal(15000) if times == 1 and rows[-1]["ill"] in listed else Decimal(0)


BY_HAND = {
    "yichun-120": (yichun_120, "inpatient"),
    "harbin-80": (harbin_80, "inpatient"),
    "yichun-women": (yichun_women, "women"),
}


# --- the claim ---


def claim(earlier: int) -> dict[str, Any]:
    """刘女士's stay, perhaps after others: the first a small one, the rest below the deductible."""
    document = json.loads(LIU.read_text(encoding="utf-8"))
    document["history"] = []
    for number in range(earlier):
        day, scope, pool = (
            f"2022-0{number + 2}-15",
            *(("600.00", "0.00") if number else ("6000.00", "4420.00")),
        )
        event = {"claim_no": f"LIU-0{number}", "occurred_on": day, "admitted_on": day, "diagnosed_on": day}
        event |= {"diagnosis": "K35", "medfee_sumamt": scope, "inscp_scp_amt": scope, "hifp_pay": pool}
        event["act_pay_dedc"] = "600.00" if number else "800.00"
        document["history"].append(event)
    return document


def figures(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows as the yardstick takes them, read beforehand."""
    rows = []
    for event in (*document["history"], document["event"]):
        scope, deductible, pool = (
            Decimal(event[name]) for name in ("inscp_scp_amt", "act_pay_dedc", "hifp_pay")
        )
        rows.append({"own": scope - deductible - pool, "pool": pool, "ill": event["diagnosis"][:3]})
    return rows


# --- measuring ---


def microseconds(act: Callable[[], object]) -> float:
    """Median over rounds of the time of one call; a round has calls enough to outlast the clock's grain."""
    calls, spent = 1, 0
    while spent < AT_LEAST_NS:
        calls *= 2
        spent = timed(act, calls)
    return median(timed(act, calls) for _ in range(ROUNDS)) / calls / 1000


def timed(act: Callable[[], object], calls: int) -> int:
    start = perf_counter_ns()
    for _ in range(calls):
        act()
    return perf_counter_ns() - start


def measure(
    edition: Edition, earlier: int, known: Mapping[str, FactDef]
) -> tuple[float, float, float, float]:
    """µs of evaluation, of reading and evaluation, of evaluation with its working, and of the yardstick."""
    document, program = claim(earlier), program_of(edition)
    (formula, benefit), rows = BY_HAND[edition.slug], figures(document)

    def read() -> Facts:
        return read_facts(edition, document, also_known=known)

    facts = read()
    engine, hand = program.run(facts).paid[benefit], formula(rows)
    assert engine == hand * CENTS, f"{edition.slug}: {engine} fen, by hand {hand} yuan"
    return (
        microseconds(lambda: program.run(facts)),
        microseconds(lambda: program.run(read())),
        microseconds(lambda: reasoning_of(program.run(facts))),
        microseconds(lambda: formula(rows)),
    )


def main() -> int:
    """Prints the table; 1 where a target is missed by more than twice."""
    library = Library()
    editions = library.editions()
    known = {name: fact for edition in editions for name, fact in edition.facts.items()}
    print(f"targets: evaluation {EVALUATION_US} µs, with working {REASONING_MS} ms")
    print("by hand: one benefit in decimal.Decimal on figures already read; it does less\n")
    heads = ("evaluate µs", "read+eval µs", "working ms", "by hand µs", "evaluate/hand", "read+eval/hand")
    print(f"{'scheme':<13}{'earlier':>8}" + "".join(f"{head:>15}" for head in heads) + "  target")
    missed = False
    for edition in editions:
        for earlier in (0, 3):
            run, read, reasoned, hand = measure(edition, earlier, known)
            worst = max(run / EVALUATION_US, reasoned / 1000 / REASONING_MS)
            missed |= worst > TOLERANCE
            said = "met" if worst <= 1 else f"missed, {worst:.1f}×"
            cells = (f"{run:.1f}", f"{read:.1f}", f"{reasoned / 1000:.3f}", f"{hand:.2f}")
            ratios = (f"{run / hand:.1f}×", f"{read / hand:.1f}×")
            line = "".join(f"{cell:>15}" for cell in (*cells, *ratios))
            print(f"{edition.slug:<13}{earlier:>8}{line}  {said}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
