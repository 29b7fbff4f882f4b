"""What an author asks of the shell: a draft, the difference of two editions, the schema, the printed chapters."""

import shutil
from pathlib import Path

import pytest

from huzhu.cli.authoring import printed_chapters
from huzhu.cli.main import main
from huzhu.schemes.drafting import FAMILIES
from huzhu.schemes.library import SHELF, Library

CHAPTERS = Path(__file__).parents[2] / "docs" / "manual" / "schemes"


def says(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    status = main([str(word) for word in words])
    told = capsys.readouterr()
    return status, told.out, told.err


# ── new ──


@pytest.mark.parametrize("family", FAMILIES)
def test_a_draft_of_every_family_is_sound_at_once(capsys, tmp_path, family):
    status, out, _ = says(
        capsys, "scheme", "new", "suzhou-60", "--like", family, "--edition", "2024", "--into", tmp_path
    )
    assert status == 0
    path = tmp_path / "suzhou-60" / "2024.yaml"
    assert f"huzhu scheme check {path}" in out
    verdict = Library(SHELF).check(path)
    assert [str(problem) for problem in verdict.problems] == []
    text = path.read_text()
    assert text.startswith(f"# 由 {FAMILIES[family][1]}/")
    assert "gallery:" not in text
    assert "# 条款原文和出处" in text


def test_a_draft_may_be_made_from_any_scheme(capsys, tmp_path):
    assert says(capsys, "scheme", "new", "suzhou-60", "--like", "harbin-80", "--into", tmp_path)[0] == 0
    assert says(capsys, "scheme", "new", "suzhou-60", "--like", "harbin-80", "--into", tmp_path)[0] == 1


@pytest.mark.parametrize(
    ("slug", "like", "says_what"),
    [
        ("../up", "F1", "不能作方案名称"),
        ("苏州", "F1", "不能作方案名称"),
        ("suzhou-60", "F16", "或写 F1、F2"),
        ("suzhou-60", "nowhere", "没有方案“nowhere”"),
    ],
)
def test_what_cannot_be_drafted_says_why_and_leaves_nothing(capsys, tmp_path, slug, like, says_what):
    status, _, err = says(capsys, "scheme", "new", slug, "--like", like, "--into", tmp_path / "in")
    assert status == 1
    assert says_what in err
    assert list(tmp_path.iterdir()) == []


# ── diff ──


def test_two_editions_are_compared_in_words_and_their_examples_run_on_both(capsys, tmp_path):
    home = shutil.copytree(SHELF, tmp_path / "schemes")
    old = home / "qingyang" / "undated.yaml"
    now = home / "qingyang" / "2024.yaml"
    text = (
        old.read_text()
        .replace('edition: "undated"', 'edition: "2024"')
        .replace("2010-01-01: 40%", "2010-01-01: 40%, 2020-01-01: 50%")
    )
    now.write_text(text)
    status, out, err = says(capsys, "scheme", "diff", old, now)
    assert (status, err) == (0, "")
    assert "第二次的比例\n    旧：2010-01-01 起 40%\n    新：2010-01-01 起 40%；2020-01-01 起 50%\n" in out
    assert "涉及：申请“住院医疗互助金”的人；按保障期起日取值" in out
    assert "两次住院（领域例题） 第 2 件：2,000.00 → 2,500.00 元，多 500.00 元" in out
    assert "一样的 12 件，多付的 2 件，少付的 0 件" in out


def test_the_same_edition_differs_in_nothing(capsys):
    _, out, _ = says(capsys, "scheme", "diff", "harbin-80", "harbin-80/2019")
    assert "两版说的一样" in out
    assert "多付的 0 件，少付的 0 件" in out


def test_two_schemes_that_read_other_facts_are_still_compared(capsys):
    status, out, _ = says(capsys, "scheme", "diff", "yulin", "hangzhou")
    assert status == 0
    assert "保障项目：女性特殊疾病互助金" in out


def test_what_is_not_there_is_not_compared(capsys):
    status, _, err = says(capsys, "scheme", "diff", "harbin-80", "nobody")
    assert status == 1
    assert "没有方案“nobody”" in err


# ── chapters ──


def test_the_printed_chapters_are_those_of_the_shelf():
    stored = {path.name: path.read_text() for path in CHAPTERS.glob("*.md")}
    assert stored == printed_chapters(Library(SHELF)), "huzhu scheme chapters"


def test_chapters_are_written_and_those_without_a_scheme_go(capsys, tmp_path):
    (tmp_path / "gone.md").write_text("<!-- 由 huzhu scheme chapters 印出 -->")
    status, out, _ = says(capsys, "scheme", "chapters", "--into", tmp_path)
    assert (status, out) == (0, f"{tmp_path}: 印出 23 个文件\n")
    assert not (tmp_path / "gone.md").exists()
    assert "第一次70%，第二次40%" in (tmp_path / "qingyang.md").read_text()


def test_chapters_are_not_printed_over_what_somebody_wrote(capsys, tmp_path):
    """Nor is a page of somebody's taken away."""
    (tmp_path / "mine.md").write_text("my own", encoding="utf-8")
    assert says(capsys, "scheme", "chapters", "--into", tmp_path)[0] == 0
    assert (tmp_path / "mine.md").exists()
    (tmp_path / "README.md").write_text("my own", encoding="utf-8")
    status, _, err = says(capsys, "scheme", "chapters", "--into", tmp_path)
    assert (status, "README.md 不是印出来的" in err) == (1, True)
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "my own"


@pytest.mark.parametrize("words", [["new", "demo", "--like", "F1"], ["chapters"]])
def test_a_file_where_a_folder_should_be_is_said(words, capsys, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    status, _, err = says(capsys, "scheme", *words, "--into", tmp_path / "file")
    assert status == 1
    assert "写不进去" in err
