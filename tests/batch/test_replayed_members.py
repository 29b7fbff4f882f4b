"""A late, changed or withdrawn claim: its member alone is computed again, and differences are netted by cover period."""

import csv
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from batch.random_claims import Claims, Rows, write
from batch.test_bad_rows import GOOD, HARBIN, paid, sheet
from huzhu.batch.files import CannotRead
from huzhu.batch.replay import Differences, replay
from huzhu.batch.run import Asked, adjudicate_file

FIRST = GOOD | {"claim_no": "1", "occurred_on": "2022-02-01", "admitted_on": "2022-02-01"}
SECOND = GOOD | {"claim_no": "2", "occurred_on": "2022-05-01", "admitted_on": "2022-05-01"}
OTHER = GOOD | {"claim_no": "9", "member_id": "m2"}


def posted(folder: Path, *rows: dict[str, str]) -> Path:
    """The table as it stood when its result was posted."""
    table = sheet(folder, *rows)
    adjudicate_file(HARBIN, Asked(table, folder / "posted.csv"))
    return table


def again(folder: Path, *late: dict[str, str]) -> tuple[Differences, list[dict[str, str]]]:
    found = replay(
        HARBIN,
        Asked(folder / "claims.csv", folder / "out.csv"),
        sheet(folder, *late, name="late.csv"),
        folder / "posted.csv",
    )
    return found, paid(folder)


def test_a_late_claim_takes_the_place_of_a_later_one_and_only_the_net_is_due(tmp_path):
    """5,000 + 3,000 were paid; the late one comes first: 5,000 + 3,000 + 0. Nothing is due."""
    posted(tmp_path, FIRST, SECOND, OTHER)
    found, rows = again(
        tmp_path, GOOD | {"claim_no": "3", "occurred_on": "2022-01-05", "admitted_on": "2022-01-05"}
    )
    assert rows == []
    assert found == Differences(members=1, periods=0, claims=3, more_fen=0, less_fen=0)


def test_a_late_claim_below_the_cap_is_due(tmp_path):
    posted(tmp_path, FIRST, OTHER)
    found, rows = again(tmp_path, SECOND)
    expected = {
        "member_id": "m1",
        "cover_starts_on": "2022-01-01",
        "inpatient_fen": "300000",
        "critical_fen": "0",
    }
    assert rows == [expected | {"total_fen": "300000"}]
    assert (found.members, found.more_fen, found.less_fen) == (1, 300_000, 0)


def test_a_changed_figure_gives_the_difference_and_not_the_amount(tmp_path):
    posted(tmp_path, FIRST, OTHER)
    _, rows = again(tmp_path, FIRST | {"inscp_scp_amt": "69000.00"})
    assert [row["total_fen"] for row in rows] == ["-50000"]


def test_a_withdrawn_claim_is_set_against_later_payments(tmp_path):
    posted(tmp_path, FIRST, SECOND)
    found, rows = again(tmp_path, SECOND | {"withdrawn": "true"})
    assert [row["total_fen"] for row in rows] == ["-300000"]
    assert (found.more_fen, found.less_fen) == (0, -300_000)


def test_a_claim_that_was_another_members_is_computed_for_both(tmp_path):
    posted(tmp_path, FIRST, OTHER)
    found, rows = again(tmp_path, FIRST | {"member_id": "m2"})
    assert {row["member_id"]: row["total_fen"] for row in rows} == {"m1": "-500000", "m2": "300000"}
    assert found.members == 2


def test_a_claim_moved_to_another_period_gives_a_row_for_each(tmp_path):
    posted(tmp_path, FIRST, SECOND)
    next_cover = {"cover_starts_on": "2023-01-01", "cover_ends_on": "2024-01-01"}
    _, rows = again(
        tmp_path, SECOND | next_cover | {"occurred_on": "2023-02-01", "admitted_on": "2023-02-01"}
    )
    assert {row["cover_starts_on"]: row["total_fen"] for row in rows} == {
        "2022-01-01": "-300000",
        "2023-01-01": "500000",
    }


def test_a_table_that_is_not_the_one_posted_is_refused(tmp_path):
    posted(tmp_path, FIRST, SECOND)
    sheet(tmp_path, FIRST)
    with pytest.raises(CannotRead, match="1 件在申请表里找不到"):
        again(tmp_path, FIRST)


def amounts(path: Path) -> Counter[tuple[str, str]]:
    with path.open(encoding="utf-8") as source:
        return Counter(
            {(row["member_id"], row["claim_id"]): int(row["total_fen"]) for row in csv.DictReader(source)}
        )


def test_on_any_table_posted_and_differences_make_what_a_whole_new_run_pays(tmp_path):
    chance = Random(7)
    rows = Claims(HARBIN, chance).rows(members=60, most=6)
    held_back, changed = (
        rows[:20],
        [row | {"hifp_pay": "0.00", "inscp_scp_amt": "9000.01"} for row in rows[20:40]],
    )
    withdrawn = rows[40:50]
    before = write(rows[20:], tmp_path / "claims.csv")
    adjudicate_file(HARBIN, Asked(before, tmp_path / "posted.csv"))
    late: Rows = [*held_back, *changed, *(row | {"withdrawn": "true"} for row in withdrawn)]
    asked = Asked(before, tmp_path / "out.csv")
    found = replay(HARBIN, asked, write(late, tmp_path / "late.csv"), tmp_path / "posted.csv")
    after = write([*held_back, *changed, *rows[50:]], tmp_path / "after.csv")
    adjudicate_file(HARBIN, Asked(after, tmp_path / "new.csv"))

    old, new, due = Counter(), Counter(), Counter()
    for sums, path in ((old, "posted.csv"), (new, "new.csv")):
        for (member, _), amount in amounts(tmp_path / path).items():
            sums[member] += amount
    for row in paid(tmp_path):
        due[row["member_id"]] += int(row["total_fen"])
    assert {member: old[member] + due[member] for member in old | new} == {
        member: new[member] for member in old | new
    }
    assert found.members < 60
    assert found.more_fen + found.less_fen == sum(due.values())
