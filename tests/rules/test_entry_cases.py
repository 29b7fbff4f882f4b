"""Worked examples of joining: out of shape is refused at its line, a wrong result is told with both."""

import pytest

from huzhu.rules.cases import read_cases, run_cases
from huzhu.rules.problems import SchemeRefused
from rules.builders import tiny
from rules.test_entry import read, scheme

CASES = """\
format: huzhu-cases/1
kind: entry
facts:
  entrant: {first_day: 2022-01-28, age: 30, way: group}
cases:
  - name: 参加
    joins: "true"
  - name: 太小
    entrant: {age: 15}
    joins: grown
  - name: 太少
    roster: {joining: 8, staff: 11}
    finds: [share]
"""


def told(text: str, edition: str | None = None) -> list[str]:
    return [str(problem) for problem in run_cases(read(edition or scheme()), read_cases(text, "cases.yaml"))]


def test_sound_examples_find_nothing():
    assert told(CASES) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("joins: grown", 'joins: "true"', "cases.yaml:8: 例题“太小”应是 可以参加，判为 grown"),
        ('joins: "true"', "joins: once", "cases.yaml:6: 例题“参加”应是 once，判为 可以参加"),
        ("finds: [share]", "finds: []", "例题“太少”应是 （没有），判为 share"),
        ("age: 15", "age: 很小", "例题“太小”：周岁：要写整数"),
    ],
)
def test_a_wrong_result_is_told_at_its_case(old, new, says):
    (problem,) = told(CASES.replace(old, new))
    assert says in problem


def test_examples_of_an_edition_that_says_nothing_of_joining_are_told():
    assert "没有写谁可以参加" in told(CASES, tiny())[0]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("kind: entry", "kind: entries", "kind 不能是“entries”"),
        ("    joins: grown\n", "", "例题没有写结果"),
        ("finds: [share]", "finds: share", "要一列文字"),
        ("    joins: grown", "    joins: grown\n    pays: 1", "没有“pays”这一项"),
        ("  entrant: {first_day", "  event: {}\n  entrant: {first_day", "没有“event”这一项"),
    ],
)
def test_a_file_out_of_shape_is_refused(old, new, says):
    with pytest.raises(SchemeRefused, match=says):
        told(CASES.replace(old, new))
