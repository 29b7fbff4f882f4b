"""The shell: what it prints where, and the exit status that says how it went."""

import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from huzhu.cli.main import main
from huzhu.schemes.library import SHELF

LIU = Path(__file__).resolve().parents[2] / "docs/manual/examples/liu.json"
Spoil = Callable[..., str]


@pytest.fixture
def spoilt(tmp_path: Path) -> Spoil:
    """刘女士's facts with some of the event's replaced, as a file; its path."""

    def spoil(**event: Any) -> str:
        document = json.loads(LIU.read_text(encoding="utf-8"))
        document["event"] |= event
        path = tmp_path / "facts.json"
        path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
        return str(path)

    return spoil


@pytest.fixture
def own_shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shelf that the shell is told of by HUZHU_SCHEMES."""
    shelf = shutil.copytree(SHELF, tmp_path / "mine")
    monkeypatch.setenv("HUZHU_SCHEMES", str(shelf))
    return shelf


def says(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """(exit status, standard output, standard error) of one command."""
    status = main([str(word) for word in words])
    told = capsys.readouterr()
    return status, told.out, told.err


def refused(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """What a command complains of that must end with 1 and print nothing else."""
    status, out, err = says(capsys, *words)
    assert (status, out) == (1, "")
    return err


def replaced(path: Path, old: str, new: str) -> int:
    """Puts other words into a file; the number of their line."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


# ── explain ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "words",
    [
        ["--scheme", "yichun-120", "yichun-women", LIU],
        ["--scheme", "yichun-120", "--scheme", "yichun-women", LIU],
        [LIU, "--scheme", "yichun-120", "yichun-women"],
        ["--scheme", "yichun-120/2021", SHELF / "yichun-women/2021.yaml", LIU],
    ],
)
def test_ms_lius_slip_adds_up_however_the_command_is_put(capsys, words):
    status, out, err = says(capsys, "explain", *words)
    assert (status, err) == (0, "")
    assert out.count("算账单  ") == 2
    assert out.splitlines()[-2].split() == ["各项互助金合计", "31,714.00", "元"]


def test_one_scheme_needs_no_sum_over_schemes(capsys):
    _, out, _ = says(capsys, "explain", "--scheme", "yichun-120", LIU)
    assert "16,714.00" in out
    assert "各项互助金合计" not in out


def test_a_scheme_named_twice_is_paid_once(capsys):
    _, out, _ = says(capsys, "explain", "--scheme", "yichun-120", "yichun-120", LIU)
    assert out.count("算账单  ") == 1


@pytest.mark.parametrize(("reading", "paid"), [("A", "6714.00"), ("B", "1342.80"), ("C", "7609.20")])
def test_a_reading_may_be_chosen_and_leaves_other_schemes_alone(capsys, reading, paid):
    words = ["--variant", reading, "--json", "--scheme", "yichun-120", "yichun-women", LIU]
    _, out, _ = says(capsys, "explain", *words)
    first, second = json.loads(out)["schemes"]
    assert (first["variant"], first["benefits"][0]["paid"]) == (reading, paid)
    assert (second["variant"], second["total"]) == ("", "15000.00")


def test_json_holds_the_same_figures_and_nothing_else(capsys):
    status, out, err = says(capsys, "explain", "--json", "--scheme", "yichun-120", "yichun-women", LIU)
    body = json.loads(out)
    paid = [benefit["paid"] for paper in body["schemes"] for benefit in paper["benefits"]]
    assert (status, err, body["total"]) == (0, "", "31714.00")
    assert paid == ["6714.00", "10000.00", "0.00", "15000.00"]
    assert "住院医疗互助金" in out, "Chinese stays readable"


def test_facts_may_come_from_standard_input(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(LIU.read_text(encoding="utf-8")))
    status, out, _ = says(capsys, "explain", "--scheme", "yichun-women", "-")
    assert status == 0
    assert "15,000.00" in out


def test_two_inpatient_schemes_are_compared_with_a_warning(capsys):
    status, out, err = says(capsys, "explain", "--scheme", "yichun-120", "harbin-80", LIU)
    assert status == 0
    assert "两个住院方案不能同时参加（住院＋重疾＋意外、住院＋重疾），请只留一个" in err
    assert "只供比较" in err
    assert "各项互助金合计" in out


def test_a_missing_facts_file_is_told_by_name(capsys):
    err = refused(capsys, "explain", "--scheme", "yichun-120", "nowhere.json")
    assert err.startswith("nowhere.json: 文件打不开")


def test_text_that_is_not_json_is_told_with_line_and_column(capsys, tmp_path):
    path = tmp_path / "facts.json"
    path.write_text('{"format": "huzhu-facts/1",\n "person": {]}')
    err = refused(capsys, "explain", "--scheme", "yichun-120", path)
    assert err.startswith(f"{path}: ")
    assert "第 2 行第 13 列读不下去" in err


def test_facts_that_are_not_utf8_are_refused(capsys, tmp_path):
    path = tmp_path / "facts.json"
    path.write_bytes('{"编号": 1}'.encode("gb18030"))
    assert "文件不是 UTF-8 编码" in refused(capsys, "explain", "--scheme", "yichun-120", path)


def test_every_bad_field_is_told_once_with_its_path(capsys, spoilt):
    path = spoilt(hifp_pay="a lot", admitted_on="2022-13-01", hifp_paid="1.00")
    err = refused(capsys, "explain", "--scheme", "yichun-120", "harbin-80", path)
    fields = [line.removeprefix(f"{path}: ").split(":")[0] for line in err.splitlines()]
    assert sorted(fields) == ["event.admitted_on", "event.hifp_paid", "event.hifp_pay"]
    assert "是不是 hifp_pay？" in err


def test_an_unknown_scheme_is_answered_with_the_known_ones(capsys):
    err = refused(capsys, "explain", "--scheme", "yichun-121", LIU)
    assert "没有方案“yichun-121”：写 yichun-120、harbin-80、yichun-women、yichun-flex 之一" in err


def test_an_unknown_reading_is_answered_with_the_known_ones(capsys):
    err = refused(capsys, "explain", "--variant", "Z", "--scheme", "yichun-120", LIU)
    assert "没有读法“Z”，可选：A、B、C、D、E" in err


def test_a_reading_is_refused_where_no_scheme_has_any(capsys):
    err = refused(capsys, "explain", "--variant", "A", "--scheme", "harbin-80", "yichun-women", LIU)
    assert "所选方案都没有读法可选" in err


def test_a_refused_scheme_is_told_at_its_line(capsys, own_shelf):
    line = replaced(own_shelf / "yichun-women/2021.yaml", "unit: icd", "unit: icb")
    err = refused(capsys, "explain", "--scheme", "yichun-women", LIU)
    assert err.startswith(f"mine/yichun-women/2021.yaml:{line}: ")


def test_explaining_loads_no_django():
    code = (
        "import sys; from huzhu.cli.main import main; main(sys.argv[1:]); sys.exit('django' in sys.modules)"
    )
    words = [sys.executable, "-c", code, "explain", "--scheme", "yichun-120", str(LIU)]
    done = subprocess.run(  # noqa: S603 - our own words
        words, capture_output=True, check=False, encoding="utf-8", timeout=60
    )
    assert done.returncode == 0, done.stderr


# ── what is not understood ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "words", [[], ["pay"], ["explain", str(LIU)], ["explain", "--scheme"], ["scheme"], ["scheme", "check"]]
)
def test_a_command_that_is_not_understood_ends_with_2(capsys, words):
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "用法：huzhu" in capsys.readouterr().err


def test_a_scheme_without_facts_ends_with_2_and_an_example(capsys):
    status, out, err = says(capsys, "explain", "--scheme", "yichun-120")
    assert (status, out) == (2, "")
    assert "缺方案或事实文件 → 写成 huzhu explain --scheme yichun-120 FACTS.json" in err


# ── scheme check, scheme list ───────────────────────────────────────────────────────────────────────


def test_a_sound_scheme_is_passed_with_its_examples_and_cautions(capsys):
    status, out, err = says(capsys, "scheme", "check", "yichun-120")
    assert (status, err) == (0, "")
    assert out.startswith("schemes/yichun-120/2021.yaml: 通过，5 种读法，例题 165 件全部相符\n")
    assert "演示值：重大疾病互助金" in out


def test_a_folder_is_checked_file_by_file(capsys):
    status, out, _ = says(capsys, "scheme", "check", SHELF)
    assert status == 0
    told = {line.split(": ")[0] for line in out.splitlines() if ".yaml: 通过" in line}
    assert len(told) == 21
    assert told >= {
        "schemes/harbin-80/2019.yaml",
        "schemes/yichun-120/2021.yaml",
        "schemes/hangzhou/2021.yaml",
    }


ENTRANT = {
    "format": "huzhu-entry/1",
    "person": {"sex": "male"},
    "entrant": {
        "starts_on": "2022-12-01",
        "born_on": "2006-12-02",
        "insured": "yes",
        "way": "group",
        "shares": 1,
        "late_days": 0,
        "in_force": False,
    },
    "roster": {"joining": 8, "staff": 11},
}


def test_the_slip_of_joining_is_printed_and_why_not(capsys, tmp_path):
    facts = tmp_path / "entrant.json"
    facts.write_text(json.dumps(ENTRANT))
    status, out, err = says(capsys, "explain", "--entry", "--scheme", "yichun-120", facts)
    assert (status, err) == (0, "")
    assert "× 到了参加的年龄" in out
    assert "到起日的周岁 15 小于 最小年龄 16" in out
    assert "名册提醒：不符合“参加人数达到最低比例”" in out


def test_the_decision_of_joining_is_told_as_json(capsys, tmp_path):
    facts = tmp_path / "entrant.json"
    facts.write_text(json.dumps(ENTRANT))
    _, out, _ = says(capsys, "explain", "--entry", "--json", "--scheme", "yichun-women", facts)
    told = json.loads(out)
    assert (told["joins"], told["roster"][0]["name"]) == (False, "share")
    facts.write_text("{}")
    assert "没有写明格式" in refused(capsys, "explain", "--entry", "--scheme", "yichun-120", facts)


def test_a_faulty_scheme_is_told_with_file_line_what_and_remedy(capsys, own_shelf):
    line = replaced(own_shelf / "yichun-women/2021.yaml", "pays: women_amount", "pays: women_amont")
    err = refused(capsys, "scheme", "check", "yichun-women")
    told, verdict = err.splitlines()
    assert told == f"mine/yichun-women/2021.yaml:{line}: 没有“women_amont”这个名称 → 是不是 women_amount？"
    assert verdict == "mine/yichun-women/2021.yaml: 不通过，1 处问题"


def test_an_example_that_disagrees_fails_the_check_at_its_line(capsys, own_shelf):
    cases = own_shelf / "harbin-80/cases/claims.yaml"
    replaced(cases, "pays: {inpatient: 3000.00}", "pays: {inpatient: 3000.01}")
    err = refused(capsys, "scheme", "check", "harbin-80")
    assert "mine/harbin-80/cases/claims.yaml:14: 例题“三次住院，先到封顶，再到次数”" in err
    assert "应付 3000.01，算得 3000.00" in err


def test_one_faulty_scheme_fails_the_check_but_not_the_others_in_it(capsys, own_shelf):
    replaced(own_shelf / "yichun-women/2021.yaml", "unit: icd", "unit: icb")
    status, out, err = says(capsys, "scheme", "check", own_shelf)
    assert status == 1
    assert out.count(".yaml: 通过") == 20
    assert "mine/yichun-women/2021.yaml: 不通过" in err


def test_a_file_that_is_no_yaml_fails_the_check_but_not_the_others_in_it(capsys, own_shelf):
    (own_shelf / "yichun-women/2021.yaml").write_text("format: [\n")
    status, out, err = says(capsys, "scheme", "check", own_shelf)
    assert status == 1
    assert out.count(".yaml: 通过") == 20
    assert "mine/yichun-women/2021.yaml: 不通过，1 处问题" in err


@pytest.mark.parametrize("name", ["yichun-121", "nowhere/2024.yaml", "x" * 300], ids=["slug", "path", "long"])
def test_checking_what_is_not_there_says_what_is(capsys, name):
    assert f"没有方案“{name[:60]}”" in refused(capsys, "scheme", "check", name)


def test_an_empty_folder_is_not_sound(capsys, tmp_path):
    assert "文件夹里没有方案文件" in refused(capsys, "scheme", "check", tmp_path)


def test_the_shelf_is_listed_an_edition_a_line(capsys):
    status, out, err = says(capsys, "scheme", "list")
    assert (status, err) == (0, "")
    assert len(out.splitlines()) == 21
    assert [line.split()[:3] for line in out.splitlines()[:4]] == [
        ["yichun-120", "2021", "2021-12-10"],
        ["harbin-80", "2019", "2019-01-01"],
        ["yichun-women", "2021", "2021-12-10"],
        ["yichun-flex", "2021", "2021-12-10"],
    ]
    assert out.splitlines()[0].endswith("读法 A、B、C、D、E")


def test_a_faulty_scheme_is_told_in_the_list_beside_the_others(capsys, own_shelf):
    replaced(own_shelf / "yichun-120/2021.yaml", "shape: list", "shape: lisp")
    status, out, err = says(capsys, "scheme", "list")
    assert status == 1
    assert [line.split()[0] for line in out.splitlines()[:2]] == ["harbin-80", "yichun-women"]
    assert "yichun-120" not in out
    assert err.startswith("mine/yichun-120/2021.yaml:")


# ── which shelf ─────────────────────────────────────────────────────────────────────────────────────


def test_the_shelf_named_in_the_environment_is_the_one_spoken_of(capsys, own_shelf):
    shutil.rmtree(own_shelf / "harbin-80")
    replaced(own_shelf / "yichun-women/2021.yaml", "{2021-12-10: 15000元}", "{2021-12-10: 12000元}")
    _, listed, _ = says(capsys, "scheme", "list")
    _, slip, _ = says(capsys, "explain", "--scheme", "yichun-women", LIU)
    assert "harbin-80" not in listed
    assert "12,000.00" in slip


def test_an_empty_name_of_a_shelf_means_the_products_own(capsys, monkeypatch):
    monkeypatch.setenv("HUZHU_SCHEMES", "")
    assert "harbin-80" in says(capsys, "scheme", "list")[1]


@pytest.mark.parametrize("words", [["scheme", "list"], ["explain", "--scheme", "yichun-120", LIU]])
def test_a_shelf_that_is_not_there_is_what_the_complaint_names(capsys, monkeypatch, tmp_path, words):
    monkeypatch.setenv("HUZHU_SCHEMES", str(tmp_path / "gone"))
    assert str(tmp_path / "gone") in refused(capsys, *words)


@pytest.mark.parametrize("fault", ["format: [\n", "- 1\n"])
def test_one_unreadable_file_on_the_shelf_does_not_stop_the_others(capsys, own_shelf, fault):
    (own_shelf / "yichun-women/2021.yaml").write_text(fault)
    status, out, _ = says(capsys, "explain", "--scheme", "yichun-120", LIU)
    assert status == 0
    assert "16,714.00" in out
