"""huzhu adjudicate and huzhu simulate: what they print, the exit status, and that Django stays away."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from batch.test_bad_rows import GOOD, sheet
from huzhu.cli.main import main
from huzhu.cli.progress import drawn

SCENARIO = """\
format: huzhu-scenario/1
label: 封顶四千
overlay: {parameters: {inpatient_cap: {values: {2019-01-01: 4000元}}}}
"""


def says(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    status = main([str(word) for word in words])
    told = capsys.readouterr()
    return status, told.out, told.err


def adjudicated(capsys: pytest.CaptureFixture[str], folder: Path, *more: object) -> tuple[int, str, str]:
    return says(
        capsys,
        "adjudicate",
        "--scheme",
        "harbin-80",
        "--in",
        folder / "claims.csv",
        "--out",
        folder / "out.csv",
        *more,
    )


def test_bad_rows_end_with_1_and_say_where_they_are_listed(capsys, tmp_path):
    sheet(tmp_path, GOOD | {"hifp_pay": "-1"})
    status, out, err = adjudicated(capsys, tmp_path)
    assert (status, out) == (1, "")
    assert f"1 行中有 1 行不能用，没有写出结果；逐行说明在 {tmp_path}/out.errors.csv" in err


@pytest.mark.parametrize(
    ("more", "says_what"),
    [
        (["--variant", "A"], "这个方案没有读法可选"),
        (["--as-known-at", "2018-12-31"], "在 2018-12-31 还没有起用的版次"),
        (["--engine", "postgres"], "设环境变量 DATABASE_URL"),
    ],
)
def test_what_cannot_be_is_refused_in_words(more, says_what, capsys, tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    sheet(tmp_path, GOOD)
    status, _, err = adjudicated(capsys, tmp_path, *more)
    assert status == 1
    assert says_what in err
    assert not (tmp_path / "out.csv").exists()


def test_a_size_of_memory_that_is_none_is_not_understood(capsys, tmp_path):
    with pytest.raises(SystemExit, match="2"):
        adjudicated(capsys, tmp_path, "--memory", "much")
    assert "写成 4GB 或 800MB" in capsys.readouterr().err


def test_a_good_table_is_answered_with_exact_sums(capsys, tmp_path):
    sheet(tmp_path, GOOD, GOOD | {"claim_no": "002"})
    status, out, _ = adjudicated(
        capsys, tmp_path, "--as-known-at", "2022-07-15", "--threads", "1", "--memory", "1GB"
    )
    assert status == 0
    assert "读 2 行，写 2 行" in out
    assert "    住院医疗互助金：8,000.00 元\n" in out
    assert "合计 8,000.00 元，有给付的 2 件" in out


def test_late_claims_need_what_was_posted(capsys, tmp_path):
    sheet(tmp_path, GOOD)
    assert adjudicated(capsys, tmp_path, "--late", tmp_path / "late.csv")[0] == 2


def test_differences_are_said_and_written(capsys, tmp_path):
    sheet(tmp_path, GOOD)
    adjudicated(capsys, tmp_path)
    (tmp_path / "out.csv").rename(tmp_path / "posted.csv")
    sheet(tmp_path, GOOD | {"claim_no": "002"}, name="late.csv")
    status, out, _ = adjudicated(
        capsys, tmp_path, "--against", tmp_path / "posted.csv", "--late", tmp_path / "late.csv"
    )
    assert status == 0
    assert "重算 1 人 2 件，1 个保障期有差额" in out
    assert "应补付：3,000.00 元" in out
    assert (tmp_path / "out.csv").read_text().splitlines()[1].startswith("m1,2022-01-01,300000,")


@pytest.fixture
def simulated(capsys, tmp_path):
    sheet(tmp_path, GOOD)
    (tmp_path / "lower.yaml").write_text(SCENARIO, encoding="utf-8")

    def simulate(*more: object) -> tuple[int, str, str]:
        table, scenario = tmp_path / "claims.csv", tmp_path / "lower.yaml"
        return says(capsys, "simulate", "--scheme", "harbin-80", "--in", table, "--scenario", scenario, *more)

    return simulate


def test_a_simulation_is_a_table_for_people_csv_and_json(simulated):
    status, out, _ = simulated()
    assert status == 0
    assert "封顶四千：合计 4,000.00 元，1 人次有给付，人均 4,000.00 元" in out
    assert "少得 1 人次共 1,000.00 元" in out
    assert "封顶四千：住院医疗互助金 由累计直接得出" in out
    assert "没有推测谁会参保" in out
    lines = simulated("--format", "csv")[1].splitlines()
    assert lines[2].startswith("封顶四千,全部,,4000.00,1,4000.00,0,0.00,1,1000.00,4000.00")
    told = json.loads(simulated("--format", "json")[1])
    assert [answer["cost_fen"] for answer in told["answers"]] == [500_000, 400_000]


def test_two_scenarios_of_one_name_are_refused(simulated, tmp_path):
    status, _, err = simulated("--scenario", tmp_path / "lower.yaml", tmp_path / "lower.yaml")
    assert status == 1
    assert "label 有重复" in err


def test_django_is_not_loaded(tmp_path):
    sheet(tmp_path, GOOD)
    code = (
        "import sys; from huzhu.cli.main import main; main(sys.argv[1:]); assert 'django' not in sys.modules"
    )
    words = [
        "adjudicate",
        "--scheme",
        "harbin-80",
        "--in",
        tmp_path / "claims.csv",
        "--out",
        tmp_path / "out.csv",
    ]
    subprocess.run([sys.executable, "-c", code, *words], check=True, capture_output=True, timeout=60)  # noqa: S603 - our own words


def test_the_bar_says_how_far_the_work_is():
    assert drawn("计算", lambda: 50.0, 0.0, 12.0) == f"计算 {'█' * 12}{'░' * 12} 50% 12 秒"
    assert drawn("读取", lambda: -1.0, 0.0, 3.0) == "读取 3 秒"


@pytest.mark.parametrize(
    ("words", "says_what"),
    [
        (["adjudicate", "--scheme", "harbin-80"], "还缺 --in, --out → 补上"),
        (["adjudicate", "--engine", "fast"], "--engine 不能写 'fast' → 可写 'duckdb'"),
        (["adjudicate", "--threads", "-1"], "--threads “-1”不是核的个数：写成 1 到 999"),
        (["adjudicate", "--memory", "4G"], "--memory “4G”不是内存的大小：写成 4GB 或 800MB"),
        (["adjudicate", "--in"], "--in 后面没有内容"),
        (["scheme", "list", "--fast"], "不认识 --fast"),
    ],
)
def test_what_is_typed_wrong_is_told_in_chinese(words, says_what, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(words)
    err = capsys.readouterr().err
    assert err.startswith("用法：huzhu ")
    assert says_what in err


def test_a_table_to_read_is_never_written_over(capsys, tmp_path):
    table = sheet(tmp_path, GOOD)
    before = table.read_bytes()
    posted = tmp_path / "posted.csv"
    assert adjudicated(capsys, tmp_path, "--out", posted)[0] == 0
    for out, more in ((table, []), (posted, ["--against", posted])):
        status, _, err = adjudicated(capsys, tmp_path, "--out", out, *more)
        assert status == 1
        assert "和要读的表是同一个文件" in err
    assert table.read_bytes() == before


def test_too_little_memory_is_said_and_nothing_is_left(capsys, tmp_path):
    sheet(tmp_path, GOOD)
    status, _, err = adjudicated(capsys, tmp_path, "--memory", "1MB")
    assert status == 1
    assert "内存不够（最多用 1MB）" in err
    assert [path.name for path in tmp_path.iterdir()] == ["claims.csv"]


def test_differences_need_every_row(capsys, tmp_path):
    sheet(tmp_path, GOOD)
    status, _, err = adjudicated(capsys, tmp_path, "--against", tmp_path / "x.csv", "--good-only")
    assert status == 2
    assert "差额要由全部的件算出" in err


def test_a_group_named_twice_is_shown_once(capsys, tmp_path):
    table, scenario = sheet(tmp_path, GOOD | {"county": "甲县"}), tmp_path / "s.yaml"
    scenario.write_text(SCENARIO, encoding="utf-8")
    words = ["--scheme", "harbin-80", "--in", table, "--scenario", scenario, "--by", "county", "county"]
    status, out, _ = says(capsys, "simulate", *words)
    assert status == 0
    assert out.count("county 甲县") == 1
