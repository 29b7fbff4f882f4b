"""What must hold of every batch, and that the tests of agreement are able to fail."""

from collections import Counter
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from random import Random

import duckdb
import pytest

from batch.agreeing import Answer, answer, differences, engines
from batch.random_claims import Claims, Rows, write
from batch.random_schemes import scheme
from batch.test_bad_rows import GOOD, HARBIN, sheet
from huzhu.batch import cells, sql
from huzhu.batch.dialect import DUCKDB
from huzhu.batch.engines import TooLarge
from huzhu.batch.levels import Levels
from huzhu.batch.run import Asked, adjudicate_file
from huzhu.rules import tree
from huzhu.rules.edition import Edition
from rules.builders import SHELF, read, tiny
from rules.every_node import EVERY_NODE

LONG = """\
hospitals: {label: 医院, unit: code, shape: list, clause: c1, values: {2020-01-01: [%s], 2022-02-01: [ts, %s]}}
grades: {label: 等级额, unit: money, shape: table, clause: c1, values: {2020-01-01: {%s}, 2022-02-01: {%s}}}"""


def test_long_lists_and_tables_are_joined_and_agree(tmp_path):
    """1,500 codes each, other ones from a day on; a missing code finds nothing."""
    many = [f"h{number}" for number in range(1_500)]
    codes = {code: f"等级{code}" for code in many} | {"two": "二级", "three": "三级"}
    levels = ", ".join(f"{code}: {label}" for code, label in codes.items())
    shelf = SHELF.replace("codes: {three: 三级, two: 二级}", f"codes: {{{levels}}}")
    amounts = [
        ", ".join(f"{code}: {number + start}元" for number, code in enumerate(codes)) for start in (1, 2)
    ]
    text = tiny(
        pays="(1元 if place in hospitals else 2元) + coalesce(lookup(grades, grade), 5元) + (3元 if not place in hospitals else 0元)",
        parameters=LONG % (", ".join(["yc", *many]), ", ".join(many), *amounts),
    )
    edition = read(text, more={"shelf": shelf})
    rows = Claims(edition, Random(1)).rows(members=30, most=6)
    for number, row in enumerate(rows):
        row["grade"] = ["", "two", "h7", "three"][number % 4]
    table = write(rows, tmp_path / "claims.csv")
    plain = answer(edition, table, "python")
    assert len({row["total_fen"] for row in plain.values()}) > 6
    for engine in engines():
        assert differences(plain, answer(edition, table, engine)) == []


def test_a_sum_beyond_64_bits_is_an_error_and_never_an_amount(tmp_path):
    shelf = SHELF.replace(
        "S: {label: 自付, unit: money, most: 10万元}",
        "S: {label: 自付, unit: money, most: 90000000000000000元}",
    )
    shelf = shelf.replace("at_most: 100次", "at_most: 1次")
    edition = read(tiny(pays="1元 if total(S, period) > 5元 else 0元"), more={"shelf": shelf})
    source = tmp_path / "claims.parquet"
    duckdb.sql(
        "COPY (SELECT 1 AS member_id, DATE '2022-01-01' AS starts_on, DATE '2022-02-01' AS day, i::VARCHAR AS claim_no,"
        f" 9000000000000000000 AS S_fen FROM range(2) t(i)) TO '{source}' (FORMAT parquet)"
    )
    with pytest.raises(TooLarge, match="at_most"):
        adjudicate_file(edition, Asked(source, tmp_path / "out.parquet"))
    assert not (tmp_path / "out.parquet").exists()


def test_the_order_of_submission_does_not_change_an_amount(tmp_path):
    rows = Claims(HARBIN, Random(2)).rows(members=50, most=8)
    first = answer(HARBIN, write(rows, tmp_path / "claims.csv"), "duckdb")
    again = answer(HARBIN, write(sorted(rows, key=str), tmp_path / "claims.csv"), "duckdb", threads=1)
    assert differences(first, again) == []


def member_years(rows: Rows, paid: Answer) -> Counter[tuple[str, str]]:
    sums: Counter[tuple[str, str]] = Counter()
    for row in rows:
        sums[row["member_id"], row["cover_starts_on"]] += paid[row["claim_no"]]["inpatient_fen"]
    return sums


def test_amounts_stay_within_cap_count_and_share_and_telescope(tmp_path):
    """Harbin: no year above 8,000 yuan or paid more than twice; the sum is that of the final totals."""
    rows = Claims(HARBIN, Random(4)).rows(members=120, most=8)
    paid = answer(HARBIN, write(rows, tmp_path / "claims.csv"), "duckdb")
    sums = member_years(rows, paid)
    assert min(sums.values()) >= 0
    assert max(sums.values()) == 800_000
    by_year = sorted(rows, key=lambda row: (row["member_id"], row["cover_starts_on"]))
    for _, year in groupby(by_year, key=lambda row: (row["member_id"], row["cover_starts_on"])):
        assert sum(paid[row["claim_no"]]["inpatient_fen"] > 0 for row in year) <= 2


def test_more_own_share_of_a_last_claim_never_pays_less(tmp_path):
    rows = [GOOD | {"member_id": f"m{number}", "claim_no": f"{number:05}"} for number in range(400)]
    for number, row in enumerate(rows):
        row["inscp_scp_amt"] = f"{60_000 + number * 50 // 100}.{number * 50 % 100:02d}"
    paid = answer(HARBIN, sheet(tmp_path, *rows), "duckdb")
    amounts = [paid[row["claim_no"]]["total_fen"] for row in rows]
    assert amounts == sorted(amounts)


# ── the tests of agreement are able to fail ──


def seen(folder: Path) -> bool:
    """Whether a fault in the SQL shows on the scheme of every step or on a few schemes at random."""
    gaps = read(tiny(pays="min(coalesce(x, 0元), S) + ratio(coalesce(y, 5元), rate)"))
    tried: list[tuple[Edition, int]] = [(read(EVERY_NODE), 40), (gaps, 10)]
    tried += [(scheme(seed)[1], 25) for seed in (3, 5, 8, 11)]
    for number, (edition, members) in enumerate(tried):
        table = write(Claims(edition, Random(number)).rows(members, most=8), folder / "claims.csv")
        try:
            if differences(answer(edition, table, "python"), answer(edition, table, "duckdb")):
                return True
        except (duckdb.Error, AssertionError, TypeError):  # a fault that falls over is a fault that is seen
            return True
    return False


def test_without_a_fault_nothing_differs(tmp_path):
    assert not seen(tmp_path)


WRITERS = {
    "the half is lost": (tree.Rounded, lambda self, node, uses, before: f"({self.text(node.value, uses, before=before)} // {node.step * 10**node.value.type.scale} * {node.step})"),  # noqa: E501
    "least and greatest swapped": (tree.Least, lambda self, *given: self.chosen("GREATEST", *given)),
    "a gap satisfies a comparison": (tree.Compare, lambda self, node, uses, before: f"COALESCE({self.infix({'==': '=', '!=': '<>'}.get(node.sign, node.sign), node, uses, before)}, TRUE)"),  # noqa: E501
    "nothing before": (tree.Change, lambda self, node, uses, _: self.text(node.of, uses)),
    "minus is plus": (tree.Subtract, lambda self, *given: self.infix("+", *given)),
    "or is and": (tree.Either, lambda self, *given: self.infix("AND", *given)),
    "coalesce forgotten": (tree.Coalesce, lambda self, node, uses, before: self.text(node.value, uses, before=before)),
    "only the first dated value": (tree.Parameter, lambda self, node, *_: self.literal(self.edition.parameters[node.name].values[0][1])),
}  # fmt: skip


@pytest.mark.parametrize("fault", WRITERS)
def test_a_fault_in_a_step_is_seen(fault, tmp_path, monkeypatch):
    kind, writer = WRITERS[fault]
    monkeypatch.setitem(cells._WRITERS, kind, writer)
    assert seen(tmp_path)


def in_window(monkeypatch, old: str, new: str) -> None:
    real = sql._Layers.window
    monkeypatch.setattr(sql._Layers, "window", lambda self, key: real(self, key).replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (" ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW", ""),
        ("NULLS FIRST", "NULLS LAST"),
        ("f_claim_no ROWS", "f_claim_no DESC ROWS"),
        (", f_starts_on", ""),
        ("PARTITION BY member_id", "PARTITION BY 1"),
    ],
)
def test_a_fault_in_the_window_is_seen(old, new, tmp_path, monkeypatch):
    in_window(monkeypatch, old, new)
    if old.startswith(
        " ROWS"
    ):  # with a unique last key the default frame is the same rows: the tie-break carries it
        in_window(monkeypatch, ", f_claim_no", "")
    assert seen(tmp_path)


def test_a_gate_taken_for_one_that_does_not_cut_a_tail_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(Levels, "cuts_a_tail", lambda *_: True)
    assert seen(tmp_path)


# ── two totals in one sum ──

BUSY = {"when": {"few": "total(1次, period) <= 130次"}, "pays": "change(min(total(S, period), 90000000元))"}


def busy(folder: Path) -> list[object]:
    """One member with 255 claims of the largest amount: the number of claims fills its eight bits."""
    edition = read(tiny(**BUSY))
    row = Claims(edition, Random(1)).rows(members=1, most=1)[0]
    rows = [row | {"claim_no": f"{number:03}", "S": "100000.00"} for number in range(255)]
    table = write(rows, folder / "claims.csv")
    return differences(answer(edition, table, "python"), answer(edition, table, "duckdb"))


def test_two_totals_share_a_sum_where_the_rows_are_counted_and_do_not_mix(tmp_path):
    edition = read(tiny(**BUSY))
    assert ">>" not in sql.query(edition, DUCKDB).text
    assert ">> 8" in sql.query(edition, DUCKDB, rows=255).text
    assert ">>" not in sql.query(edition, DUCKDB, rows=2**40).text, (
        "an amount would not fit beside such a count"
    )
    assert busy(tmp_path) == []


def test_a_bit_too_few_between_them_is_seen(tmp_path, monkeypatch):
    def tight(self: sql._Layers, sums: list[sql.Sum]) -> list[object]:
        return [
            replace(made, bits=made.bits - 1) if isinstance(made, sql.Packed) else made
            for made in real(self, sums)
        ]

    real = sql._Layers.pairs
    monkeypatch.setattr(sql._Layers, "pairs", tight)
    assert busy(tmp_path)
