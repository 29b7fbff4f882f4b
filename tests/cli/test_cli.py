"""The shell's door: slips and verdicts on standard output, complaints on standard error, a status that says it."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from huzhu.cli.main import main
from huzhu.schemes.library import SHELF
from rules.builders import SHELF as PARENT
from rules.builders import tiny
from rules.members import liu


@pytest.fixture
def facts(tmp_path: Path) -> str:
    path = tmp_path / "liu.json"
    path.write_text(json.dumps(liu()), encoding="utf-8")
    return str(path)


@pytest.fixture
def said(capsys):
    """Runs a command: (status, standard output, standard error)."""

    def run(*words: str) -> tuple[int, str, str]:
        status = main(list(words))
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


# ── explain ──


def test_explain_prints_the_slip_of_one_scheme(said, facts):
    status, out, err = said("explain", "--scheme", "yichun-120", facts)
    assert (status, err) == (0, "")
    assert out.startswith("算账单  在职职工住院医疗综合互助保障活动")
    assert "本方案合计" in out
    assert "各项互助金合计" not in out


@pytest.mark.parametrize(
    "words",
    [("--scheme", "yichun-120", "yichun-women"), ("--scheme", "yichun-120", "--scheme", "yichun-women")],
)
def test_explain_takes_several_schemes_and_adds_them_up(said, facts, words):
    status, out, _ = said("explain", *words, facts)
    assert status == 0
    assert out.count("算账单") == 2
    assert out.splitlines()[-2].split() == ["各项互助金合计", "31,714.00", "元"]


def test_a_scheme_named_twice_is_counted_once(said, facts):
    assert said("explain", "--scheme", "yichun-120", "yichun-120", facts)[1].count("算账单") == 1


def test_explain_prints_json_with_the_sum(said, facts):
    status, out, _ = said("explain", "--json", "--scheme", "yichun-120", "yichun-women", facts)
    body = json.loads(out)
    assert (status, body["total"]) == (0, "31714.00")
    assert [scheme["format"] for scheme in body["schemes"]] == ["huzhu-reasoning/1"] * 2


def test_explain_follows_the_reading_that_is_asked_for(said, facts):
    status, out, _ = said("explain", "--variant", "B", "--scheme", "yichun-120", "yichun-women", facts)
    assert status == 0
    assert "读法乙" in out
    assert "1,342.80 元" in out


def test_explain_reads_facts_from_standard_input(said, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(liu())))
    status, out, _ = said("explain", "--scheme", "yichun-women", "-")
    assert status == 0
    assert "15,000.00 元" in out


def test_explain_takes_the_path_of_a_scheme_file(said, facts):
    assert said("explain", "--scheme", str(SHELF / "harbin-80" / "2019.yaml"), facts)[0] == 0


def test_two_schemes_that_exclude_each_other_are_a_remark(said, facts):
    status, _, err = said("explain", "--scheme", "yichun-120", "harbin-80", facts)
    assert status == 0
    assert "不能同时参加" in err


def test_explain_without_facts_says_how_to_write_it(said):
    status, out, err = said("explain", "--scheme", "yichun-120")
    assert (status, out) == (2, "")
    assert "huzhu explain --scheme yichun-120 FACTS.json" in err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ("--scheme", "yichun-120", "nothing.json"),
            "nothing.json: 文件打不开（No such file or directory） → 检查路径",
        ),
        (("--scheme", "yichun-121", "{facts}"), "没有方案“yichun-121”：写"),
        (("--variant", "F", "--scheme", "yichun-120", "{facts}"), "没有读法“F”，可选：A、B、C、D、E"),
        (("--variant", "A", "--scheme", "harbin-80", "{facts}"), "所选方案都没有读法可选，去掉 --variant"),
    ],
)
def test_what_explain_cannot_find_is_told(said, facts, words, says):
    status, out, err = said("explain", *(facts if word == "{facts}" else word for word in words))
    assert (status, out) == (1, "")
    assert says in err


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "不是能用的 JSON：第 1 行第 2 列读不下去"),
        (b'{"a": 1, "a": 2}', "“a”写了两次"),
        ('{"标题": 1}'.encode("gbk"), "文件不是 UTF-8 编码 → 用 UTF-8 重新保存"),
        (b"[]", "（最外层）: 要写成 {名称: 值} 的形式 → 检查 JSON 的花括号"),
        (b'{"format": "huzhu-facts/1"}', "cover.cover_starts_on: 缺保障期起日 → 填写保障期起日"),
    ],
)
def test_facts_that_cannot_be_read_are_told_with_file_and_field(said, tmp_path, content, says):
    path = tmp_path / "facts.json"
    path.write_bytes(content)
    status, out, err = said("explain", "--scheme", "yichun-120", str(path))
    assert (status, out) == (1, "")
    assert says in err
    assert err.startswith(f"{path}: ")


def test_facts_in_a_folder_are_told(said, tmp_path):
    assert "文件打不开" in said("explain", "--scheme", "yichun-120", str(tmp_path))[2]


def test_a_scheme_that_is_refused_is_told_with_file_and_line(said, facts, tmp_path):
    (tmp_path / "spoilt.yaml").write_text("format: huzhu-scheme/1\n\tslug: x\n", encoding="utf-8")
    status, _, err = said("explain", "--scheme", str(tmp_path / "spoilt.yaml"), facts)
    assert status == 1
    assert "spoilt.yaml:2: YAML 写法有误" in err


@pytest.mark.parametrize("words", [[], ["explain"], ["nothing"], ["scheme"], ["explain", "--colour"]])
def test_a_command_that_is_not_understood_ends_with_two(words, capsys):
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "usage: huzhu" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--help"], ["explain", "--help"], ["scheme", "check", "--help"]])
def test_every_verb_explains_itself(words, capsys):
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 0
    assert "huzhu" in capsys.readouterr().out


def test_the_shell_answers_without_loading_django(facts):
    program = (
        "import sys; from huzhu.cli.main import main; status = main(sys.argv[1:]); "
        "print(sorted(name for name in sys.modules if name.split('.')[0] == 'django'), file=sys.stderr); sys.exit(status)"
    )
    words = ["explain", "--scheme", "yichun-120", facts]
    source = Path(__file__).resolve().parents[2] / "src"
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", program, *words],
        capture_output=True,
        check=False,
        env={"PYTHONPATH": str(source), "PYTHONUTF8": "1"},
    )
    assert (done.returncode, done.stderr.decode().strip()) == (0, "[]")
    assert done.stdout.decode().startswith("算账单")


# ── scheme ──


@pytest.fixture
def home(tmp_path: Path, monkeypatch) -> Path:
    shelf = tmp_path / "schemes"
    (shelf / "tiny" / "cases").mkdir(parents=True)
    (shelf / "shelf.yaml").write_text(PARENT, encoding="utf-8")
    (shelf / "tiny" / "1.yaml").write_text(tiny(), encoding="utf-8")
    monkeypatch.setenv("HUZHU_SCHEMES", str(shelf))
    return shelf


def test_scheme_check_of_the_products_schemes_passes(said):
    status, out, err = said("scheme", "check", str(SHELF))
    assert (status, err) == (0, "")
    assert re.search(r"schemes/yichun-120/2021.yaml: 通过，5 种读法，例题 \d+ 件全部相符", out)
    assert "住院医疗互助金：可由全年累计直接测算" in out
    assert "演示值：重大疾病互助金" in out


def test_scheme_check_takes_a_name(said):
    status, out, _ = said("scheme", "check", "harbin-80", "yichun-women")
    assert status == 0
    assert [line.split(":")[0] for line in out.splitlines() if "通过" in line] == [
        "schemes/harbin-80/2019.yaml",
        "schemes/yichun-women/2021.yaml",
    ]


def test_scheme_check_tells_every_problem_with_file_and_line(said, home):
    (home / "tiny" / "1.yaml").write_text(
        tiny(lines={"a": "x + 1元", "b": "nothing"}, pays="a + b"), encoding="utf-8"
    )
    status, out, err = said("scheme", "check", "tiny")
    assert (status, out) == (1, "")
    assert [line.split(": ")[0] for line in err.splitlines()] == [
        "schemes/tiny/1.yaml:18",
        "schemes/tiny/1.yaml:22",
        "schemes/tiny/1.yaml",
    ]
    assert err.splitlines()[-1].endswith("不通过，2 处问题")


def test_scheme_check_goes_on_after_a_file_that_fails(said, home):
    status, out, err = said(
        "scheme", "check", "nothing", str(home / "tiny" / "1.yaml"), str(SHELF / "harbin-80" / "2019.yaml")
    )
    assert status == 1
    assert "没有方案“nothing”" in err
    assert "没有例题" in err
    assert "2019.yaml: 通过" in out


def test_scheme_check_of_a_folder_without_schemes_is_told(said, tmp_path):
    (tmp_path / "empty").mkdir()
    status, _, err = said("scheme", "check", str(tmp_path / "empty"))
    assert status == 1
    assert "文件夹里没有方案文件" in err


def test_scheme_check_of_a_folder_with_a_broken_file_tells_it_and_the_others(said, home):
    (home / "broken").mkdir()
    (home / "broken" / "1.yaml").write_text("a: [", encoding="utf-8")
    status, _, err = said("scheme", "check", str(home))
    assert status == 1
    assert "broken/1.yaml:" in err
    assert "tiny/1.yaml:1: 没有例题" in err


def test_scheme_check_of_a_very_long_name_is_told(said):
    status, _, err = said("scheme", "check", "x" * 5_000)
    assert status == 1
    assert err


def test_scheme_list_has_a_line_an_edition(said):
    status, out, err = said("scheme", "list")
    assert (status, err) == (0, "")
    assert {line.split()[0] for line in out.splitlines()} >= {"harbin-80", "yichun-120", "yichun-women"}
    assert "读法 A、B、C、D、E" in next(line for line in out.splitlines() if line.startswith("yichun-120"))


def test_scheme_list_tells_a_broken_file_and_lists_the_others(said, home):
    (home / "broken").mkdir()
    (home / "broken" / "1.yaml").write_text("a: [", encoding="utf-8")
    status, out, err = said("scheme", "list")
    assert status == 1
    assert "broken/1.yaml:" in err
    assert out.startswith("tiny")
