"""Worked examples: a file out of shape is refused at its line, a wrong figure is told with both amounts."""

import pytest

from huzhu.rules.cases import read_cases, run_cases
from huzhu.rules.problems import SchemeRefused
from rules.builders import read, tiny

CASES = """\
format: huzhu-cases/1
facts:
  person: {sex: female}
  cover: {starts_on: 2022-01-01, ends_on: 2023-01-01, shares: 1}
  event: {day: 2022-06-01, S: 1000}
cases:
  - name: 六成
    note: 1000 × 60% = 600
    claims:
      - pays: {aid: 600.00}
      - event: {S: 500, day: 2022-06-02}
        pays: {aid: 300}
"""
VARIANTS = """\
default_variant: A
variants:
  A: {label: 读法甲, text: 照写}
  B: {label: 读法乙, text: 一半, overlay: {parameters: {rate: {values: {2020-01-01: 50%}}}}}
"""


def problems(text: str, scheme: str | None = None, variant: str | None = None) -> list[tuple[int, str, str]]:
    """(line, what, remedy) of what the examples find."""
    found = run_cases(read(scheme or tiny(), variant), read_cases(text, "cases.yaml"))
    return [(problem.place.line, problem.what, problem.remedy) for problem in found]


def test_sound_examples_find_nothing():
    assert problems(CASES) == []


def test_a_wrong_figure_is_told_at_its_claim_with_both_amounts():
    assert problems(CASES.replace("aid: 300", "aid: 299.99")) == [
        (11, "例题“六成”的 aid 应付 299.99，算得 300.00", "核对例题的算式，或改正方案")
    ]


def test_a_benefit_left_out_is_expected_to_pay_nothing():
    assert problems(CASES.replace("{aid: 300}", "{}")) == [
        (11, "例题“六成”的 aid 应付 0.00，算得 300.00", "核对例题的算式，或改正方案")
    ]


def test_a_benefit_the_scheme_does_not_have_is_told():
    assert problems(CASES.replace("aid: 300", "aid: 300, add: 1")) == [
        (11, "例题“六成”写了方案没有的项目 add", "可写：aid")
    ]


def test_a_figure_may_differ_by_reading_and_the_reading_is_named():
    text, scheme = CASES.replace("aid: 300", "aid: {A: 300, B: 250}"), tiny(tail=VARIANTS)
    assert problems(text, scheme, "A") == []
    found = problems(text.replace("600.00", "{A: 600, B: 501}"), scheme, "B")
    assert found[0][:2] == (10, "例题“六成”（读法 B）的 aid 应付 501.00，算得 500.00")


def test_later_claims_have_the_earlier_ones_as_history():
    text = CASES.replace("aid: 600.00", "aid: 1").replace("aid: 300", "aid: 2")
    assert problems(text, tiny(pays="total(1次, life) * 1元")) == []


def test_facts_the_scheme_cannot_read_are_a_problem_at_the_claim():
    ((line, what, remedy),) = problems(CASES.replace("S: 500", "S: 五百"))
    assert line == 11
    assert what.startswith("例题“六成”：自付：“五百”不是金额")
    assert remedy.startswith("event.S：")


@pytest.mark.parametrize(
    ("old", "new", "line", "says", "remedy"),
    [
        ("huzhu-cases/1", "huzhu-cases/2", 1, "文件没有写明格式", "第一行写 format: huzhu-cases/1"),
        ("format: huzhu-cases/1\n", "", 1, "文件没有写明格式", "第一行写 format"),
        ("  - name: 六成\n", "  - nom: 六成\n", 7, "例题缺 name", "补一行 name: …"),
        ("    note:", "    notes:", 8, "例题里没有“notes”这一项", "是不是 note？"),
        ("        pays: {aid: 300}\n", "", 11, "这一件没有写应付多少", "补一行 pays: {项目: 金额}"),
        (
            "        pays: {aid: 300}",
            "        pays: {aid: 300}\n        claim: 1",
            13,
            "没有“claim”这一项",
            "可写：",
        ),
        ("        pays: {aid: 300}", "        pays: 300", 12, "pays 下面要写“键: 值”", "检查缩进"),
        ("aid: 300", "aid: 三百", 12, "“三百”不是金额", "改写这个金额"),
        ("aid: 300", "aid: {A: 300}", 12, "aid 没有写读法  应付多少", "一个金额"),
        ("aid: 300", "aid: 300元", 12, "“300元”不是金额", "改写这个金额"),
        ("format: huzhu-cases/1", "format: huzhu-cases/1\nfact: 1", 2, "没有“fact”这一项", "是不是 facts？"),
    ],
)
def test_a_file_out_of_shape_is_refused_at_its_line(old, new, line, says, remedy):
    with pytest.raises(SchemeRefused) as caught:
        problems(CASES.replace(old, new))
    (problem,) = caught.value.problems
    assert (problem.place.file, problem.place.line) == ("cases.yaml", line)
    assert says in problem.what
    assert remedy in problem.remedy


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("format: huzhu-cases/1\n", "例题文件的 cases 要至少写一项"),
        ("format: huzhu-cases/1\ncases: []\n", "例题文件的 cases 要至少写一项"),
        ("format: huzhu-cases/1\ncases: 无\n", "例题文件的 cases 要至少写一项"),
        ("format: huzhu-cases/1\ncases: [无]\n", "例题下面要写“键: 值”"),
        ("format: huzhu-cases/1\ncases: [{name: 无}]\n", "例题的 claims 要至少写一项"),
        ("format: huzhu-cases/1\nfacts: [a]\ncases: []\n", "facts 下面要写“键: 值”"),
    ],
)
def test_a_file_without_examples_is_refused(text, says):
    with pytest.raises(SchemeRefused, match=says):
        read_cases(text, "cases.yaml")


def test_a_group_of_facts_that_there_is_not_is_told_and_not_passed_over():
    with pytest.raises(SchemeRefused):
        problems(CASES.replace("  event: {day", "  evnt: {day: 2022-06-01}\n  event: {day"))
