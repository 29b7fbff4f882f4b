"""A table with bad rows: told cell by cell, and nothing is written unless good rows alone were asked for."""

import csv
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from huzhu.batch import files
from huzhu.batch import run as batch
from huzhu.batch.columns import ColumnsMissing
from huzhu.batch.files import CannotRead, CannotWrite
from huzhu.batch.run import Asked, RowsRefused, adjudicate_file
from huzhu.schemes.library import Library

HARBIN = Library().edition("harbin-80")
YICHUN = Library().edition("yichun-120")
GOOD = {
    "member_id": "m1",
    "cover_starts_on": "2022-01-01",
    "cover_ends_on": "2023-01-01",
    "covered_since_on": "2022-01-01",
    "claim_no": "001",
    "occurred_on": "2022-03-01",
    "settled_at": "",
    "admitted_on": "2022-03-01",
    "inscp_scp_amt": "70000.00",
    "act_pay_dedc": "0",
    "hifp_pay": "60000",
    "diagnosis": "",
    "diagnosed_on": "",
}


def sheet(folder: Path, *rows: dict[str, str], name: str = "claims.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    with path.open("w", encoding=encoding, newline="") as target:
        writer = csv.DictWriter(target, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def told(folder: Path) -> list[tuple[str, str, str, str]]:
    with (folder / "out.errors.csv").open(encoding="utf-8") as source:
        rows = list(csv.reader(source))
    assert rows[0] == ["行", "列", "值", "原因"]
    return [tuple(row) for row in rows[1:]]


def paid(folder: Path, name: str = "out.csv") -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8") as source:
        return list(csv.DictReader(source))


BAD = {
    "not an amount": ({"inscp_scp_amt": "七万"}, "不是金额"),
    "three decimals": ({"inscp_scp_amt": "70000.005"}, "超过两位小数"),
    "negative": ({"hifp_pay": "-0.01"}, "统筹基金支出是负数"),
    "beyond its bound": ({"hifp_pay": "10000000.01"}, "超出范围：填 0.00 元 到 10,000,000.00 元"),
    "no date": ({"occurred_on": "2022-02-30"}, "日期写成 2022-01-28"),
    "a date left out": ({"occurred_on": ""}, "缺事件日期"),
    "no member": ({"member_id": " "}, "缺会员编号"),
    "no such illness": ({"diagnosis": "肺癌"}, "疾病编码写成 C50"),
    "no moment": ({"settled_at": "昨天"}, "时刻写成"),
    "another edition's time": ({"cover_starts_on": "2018-01-01"}, "不在本版次之内（从 2019-01-01 起"),
    "a number that lost its last digits": ({"claim_no": "1.23e+17"}, "把这一列设为文本"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_cell_is_told_with_row_column_value_and_reason(name, tmp_path):
    spoilt, reason = BAD[name]
    table = sheet(tmp_path, GOOD, GOOD | {"claim_no": "002"} | spoilt)
    with pytest.raises(RowsRefused, match="2 行中有 1 行不能用"):
        adjudicate_file(HARBIN, Asked(table, tmp_path / "out.csv"))
    ((column, value),) = spoilt.items()
    ((row, told_column, told_value, told_reason),) = told(tmp_path)
    assert (row, told_column, told_value.strip()) == ("3", column, value.strip())
    assert reason in told_reason
    assert not (tmp_path / "out.csv").exists()


def test_an_unknown_code_is_told_with_the_codes_there_are(tmp_path):
    table = sheet(tmp_path, GOOD | {"disability_grade": "11"})
    with pytest.raises(RowsRefused):
        adjudicate_file(YICHUN, Asked(table, tmp_path / "out.csv"))
    assert "可写 1（一级）、2（二级）" in told(tmp_path)[0][3]


def test_a_claim_told_twice_is_told_at_both_rows(tmp_path):
    table = sheet(tmp_path, GOOD, GOOD | {"member_id": "m2"}, GOOD | {"claim_no": "002"})
    with pytest.raises(RowsRefused):
        adjudicate_file(HARBIN, Asked(table, tmp_path / "out.csv"))
    assert [(row[0], row[1], row[2]) for row in told(tmp_path)] == [
        ("2", "claim_no", "001"),
        ("3", "claim_no", "001"),
    ]


def test_good_rows_alone_are_paid_when_asked_for(tmp_path):
    table = sheet(tmp_path, GOOD, GOOD | {"claim_no": "002", "hifp_pay": "?"}, GOOD | {"claim_no": "003"})
    summary = adjudicate_file(HARBIN, Asked(table, tmp_path / "out.csv", good_only=True))
    assert (summary.rows, summary.bad, summary.written) == (3, 1, 2)
    assert [(row["claim_id"], row["total_fen"]) for row in paid(tmp_path)] == [
        ("001", "500000"),
        ("003", "300000"),
    ]
    assert len(told(tmp_path)) == 1


def test_a_missing_column_is_named_and_good_only_does_not_help(tmp_path):
    row = {name: value for name, value in GOOD.items() if name not in {"member_id", "occurred_on"}}
    with pytest.raises(ColumnsMissing, match="member_id（会员编号）、occurred_on（事件日期）"):
        adjudicate_file(HARBIN, Asked(sheet(tmp_path, row), tmp_path / "out.csv", good_only=True))


def test_a_column_that_may_be_missing_is_taken_as_not_filled_in_and_said(tmp_path):
    row = {name: value for name, value in GOOD.items() if name != "diagnosis"}
    summary = adjudicate_file(HARBIN, Asked(sheet(tmp_path, row), tmp_path / "out.csv"))
    assert "疾病编码" in summary.absent
    assert "医疗费总额" not in summary.absent  # only a warning reads it


def test_an_empty_table_gives_an_empty_answer(tmp_path):
    table = sheet(tmp_path, GOOD)
    table.write_text(table.read_text().splitlines()[0] + "\n")
    assert adjudicate_file(HARBIN, Asked(table, tmp_path / "out.csv")).total_fen == 0
    assert paid(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("gone.csv", None),
        ("claims.txt", b"a,b\n"),
        ("claims.xlsx", b"no book"),
        ("claims.parquet", b"PAR0"),
        ("claims.csv", b"a,b\n\xff\xff\xff"),
    ],
)
def test_a_file_that_is_no_table_is_refused(name, content, tmp_path):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CannotRead, match=f"{name}.*→"):
        adjudicate_file(HARBIN, Asked(tmp_path / name, tmp_path / "out.csv"))


@pytest.mark.parametrize("out", ["out.txt", "nowhere/out.csv"])
def test_an_output_that_cannot_be_written_is_refused_before_any_work(out, tmp_path):
    with pytest.raises(CannotWrite):
        adjudicate_file(HARBIN, Asked(sheet(tmp_path, GOOD), tmp_path / out))


def test_an_interrupted_run_leaves_the_old_output_and_nothing_beside_it(tmp_path, monkeypatch):
    table, out = sheet(tmp_path, GOOD), tmp_path / "out.csv"
    out.write_text("before")

    def cut(con, body, path, kind):
        path.write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setattr(batch, "write", cut)
    with pytest.raises(KeyboardInterrupt):
        adjudicate_file(HARBIN, Asked(table, out))
    assert out.read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["claims.csv", "out.csv"]


# ── the good way, in every form a table comes in ──


def test_the_office_programs_csv_and_chinese_headings_are_read(tmp_path):
    labels = {"member_id": "会员编号"} | {name: fact.label for name, fact in HARBIN.facts.items()}
    row = {labels[name]: value for name, value in GOOD.items()}
    table = sheet(tmp_path, row, encoding="gb18030")
    assert adjudicate_file(HARBIN, Asked(table, tmp_path / "out.csv")).total_fen == 500_000


def test_a_workbook_is_read_and_written_with_numbers_as_people_type_them(tmp_path):
    with xlsxwriter.Workbook(str(tmp_path / "claims.xlsx")) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, list(GOOD))
        numbers = {"inscp_scp_amt": 70000.1, "hifp_pay": 60000.0, "act_pay_dedc": 0, "claim_no": 7}
        for number, (name, value) in enumerate(GOOD.items()):
            page.write(1, number, numbers.get(name, value))
    summary = adjudicate_file(HARBIN, Asked(tmp_path / "claims.xlsx", tmp_path / "out.xlsx"))
    assert summary.total_fen == 500_005
    head, *rows = CalamineWorkbook.from_path(tmp_path / "out.xlsx").get_sheet_by_index(0).to_python()
    assert head == ["claim_id", "member_id", "inpatient_fen", "critical_fen", "total_fen"]
    assert rows == [["7", "m1", 500_005, 0, 500_005]]
    adjudicate_file(HARBIN, Asked(tmp_path / "claims.xlsx", tmp_path / "out.csv"))
    assert paid(tmp_path) == [dict(zip(head, ["7", "m1", "500005", "0", "500005"], strict=True))]


def test_a_workbook_takes_as_many_rows_as_a_sheet_has_and_no_more(tmp_path, monkeypatch):
    table = sheet(tmp_path, *(GOOD | {"claim_no": str(number)} for number in range(3)))
    monkeypatch.setattr(files, "MOST_SHEET_ROWS", 3)
    adjudicate_file(HARBIN, Asked(table, tmp_path / "out.xlsx"))
    assert len(CalamineWorkbook.from_path(tmp_path / "out.xlsx").get_sheet_by_index(0).to_python()) == 1 + 3
    monkeypatch.setattr(files, "MOST_SHEET_ROWS", 2)
    with pytest.raises(CannotWrite, match="一张工作表放不下"):
        adjudicate_file(HARBIN, Asked(table, tmp_path / "more.xlsx"))
    assert not (tmp_path / "more.xlsx").exists()


def test_parquet_money_in_fen_in_decimals_and_in_text_is_the_same_money(tmp_path):
    amounts = {
        "inscp_scp_amt_fen": "7000010::BIGINT",
        "inscp_scp_amt": "70000.1::DECIMAL(12, 4)",
        '"inscp_scp_amt "': "'70000.10'",
        "INSCP_SCP_AMT": "70000.1::DOUBLE",
    }
    for number, (name, amount) in enumerate(amounts.items()):
        source = tmp_path / f"{number}.parquet"
        duckdb.sql(
            f"COPY (SELECT 5 AS member_id, DATE '2022-01-01' AS cover_starts_on, DATE '2023-01-01' AS cover_ends_on,"
            f" DATE '2022-01-01' AS covered_since_on, 'A' AS claim_no, DATE '2022-03-01' AS occurred_on,"
            f" DATE '2022-03-01' AS admitted_on, {amount} AS {name}, 60000 AS hifp_pay) TO '{source}' (FORMAT parquet)"
        )
        assert adjudicate_file(HARBIN, Asked(source, tmp_path / "out.parquet")).total_fen == 500_005, name
    three = tmp_path / "three.parquet"
    duckdb.sql(
        f"COPY (SELECT * REPLACE (70000.1::DOUBLE + 0.001 AS INSCP_SCP_AMT) FROM '{source}') TO '{three}' (FORMAT parquet)"
    )
    with pytest.raises(RowsRefused):
        adjudicate_file(HARBIN, Asked(three, tmp_path / "out.parquet"))


def test_rows_of_a_sheet_are_answered_in_its_order_and_the_sums_are_exact(tmp_path):
    rows = [GOOD | {"claim_no": number, "member_id": number} for number in ("9", "10", "a", "B")]
    summary = adjudicate_file(HARBIN, Asked(sheet(tmp_path, *rows), tmp_path / "out.csv"))
    assert [row["claim_id"] for row in paid(tmp_path)] == ["9", "10", "a", "B"]
    assert Decimal(summary.total_fen) == sum(Decimal(row["total_fen"]) for row in paid(tmp_path)) == 2_000_000


def test_rows_are_counted_where_they_are_taken_unchecked_too(tmp_path):
    table = sheet(tmp_path, *(GOOD | {"claim_no": str(number)} for number in range(3)))
    summary = adjudicate_file(HARBIN, Asked(table, tmp_path / "out.csv", checked=False))
    assert (summary.rows, summary.bad, summary.written) == (3, 0, 3)


def test_of_two_columns_for_one_amount_the_one_in_fen_is_read(tmp_path):
    row = GOOD | {"inscp_scp_amt": "1.00", "inscp_scp_amt_fen": "7000000"}
    adjudicate_file(HARBIN, Asked(sheet(tmp_path, row), tmp_path / "out.csv"))
    assert paid(tmp_path)[0]["total_fen"] == "500000"


def test_a_whole_number_beyond_63_bits_is_a_bad_cell(tmp_path):
    source = tmp_path / "huge.parquet"
    columns = ", ".join(f"'{value}' AS {name}" for name, value in GOOD.items() if name != "hifp_pay")
    duckdb.sql(
        f"COPY (SELECT {columns}, {2**64 - 1}::UBIGINT AS hifp_pay_fen) TO '{source}' (FORMAT parquet)"
    )
    with pytest.raises(RowsRefused):
        adjudicate_file(HARBIN, Asked(source, tmp_path / "out.csv"))
    assert [row[1] for row in told(tmp_path)] == ["hifp_pay_fen"]
