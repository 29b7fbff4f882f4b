"""The author's manual is true: its examples are read, proved and reckoned; every family stands in it."""

import re
from functools import cache
from typing import Any

import pytest

from huzhu.core import money
from huzhu.rules import shape
from huzhu.rules.adjudicate import adjudicate
from huzhu.rules.cases import read_cases, run_cases
from huzhu.rules.edition import Edition
from huzhu.rules.facts import _as_json
from huzhu.rules.parser import CALLS
from huzhu.rules.reader import read_edition
from huzhu.rules.yamltext import plain, read
from huzhu.schemes.drafting import FAMILIES
from huzhu.schemes.library import SHELF, Library

MANUAL = (SHELF.parent / "docs" / "manual" / "scheme-author.md").read_text()
LIBRARY = Library(SHELF)
HEAD = """\
format: huzhu-scheme/1
abstract: true
extends: common/wide
about: {fee: "{fee}"}
opens_on: 2024-01-01
closes_on: 2030-01-01
clauses: {c: {label: 条款, text: 例子, source: 手册}}
parameters: {fee: {label: 会费, unit: money, clause: c, values: {2024-01-01: 1元}}}
"""
NAME = 'format: huzhu-scheme/1\nslug: example\nedition: "1"\ntitle: 例子\nextends: head\n'
GIVEN = {"cover_starts_on": "2024-01-01", "cover_ends_on": "2025-01-01", "covered_since_on": "2024-01-01"}
GIVEN |= {"cover_shares": "1", "period_no": "1", "visit": "inpatient", "sex": "female"}


def sections() -> dict[str, str]:
    parts = re.split(
        r"^### (F\d+) .*$", MANUAL.partition("## 十五族")[2].partition("\n## ")[0], flags=re.MULTILINE
    )
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def parent(name: str) -> tuple[str, str]:
    if name == "head":
        return HEAD, "head.yaml"
    return LIBRARY.parent_of(SHELF / "example" / "1.yaml")(name)


@cache
def family(name: str) -> Edition:
    (block,) = re.findall(r"```yaml\n(.*?)```", sections()[name], flags=re.DOTALL)
    return read_edition(NAME + block, f"{name}.yaml", parent)


def document(edition: Edition, told: list[dict[str, Any]]) -> dict[str, Any]:
    """The last event with those before it; what is no event's goes to the person or the cover."""
    wanted = {name: fact.group for name, fact in edition.facts.items() if name in edition.columns}
    groups: dict[str, dict[str, Any]] = {"person": {}, "cover": {}}
    events = []
    for number, event in enumerate(told):
        day = f"2024-02-{number + 1:02d}"
        full = {**GIVEN, "claim_no": f"{number:02d}", "occurred_on": day, **event}
        typed = {name: _as_json(edition, name, said(value)) for name, value in full.items() if name in wanted}
        events.append({name: value for name, value in typed.items() if wanted[name] == "event"})
        for group in ("person", "cover"):
            groups[group] = {name: value for name, value in typed.items() if wanted[name] == group}
    return {"format": "huzhu-facts/1", **groups, "history": events[:-1], "event": events[-1]}


def said(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


EXAMPLES = [
    (name, line)
    for name, text in sections().items()
    for line in re.findall(r"^算例：(.*)$", text, flags=re.MULTILINE)
]


def test_every_family_has_an_example_of_a_few_lines_with_figures():
    assert list(sections()) == list(FAMILIES)
    assert {name for name, _ in EXAMPLES} == set(FAMILIES)
    for name, text in sections().items():
        (block,) = re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)
        assert len(block.splitlines()) <= 14, name


@pytest.mark.parametrize(("name", "line"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_the_example_of_a_family_pays_what_the_manual_says(name, line):
    edition = family(name)
    steps = [re.fullmatch(r"`(\{.*\})` → ([0-9.]+)", step) for step in line.split("；")]
    told = [plain(read(f"told: {step[1]}", "算例"))["told"] for step in steps]
    for end, step in enumerate(steps, 1):
        (outcome,) = adjudicate([edition], document(edition, told[:end]))
        assert money.yuan(outcome.total) == step[2]


@pytest.mark.parametrize("family_name", FAMILIES)
def test_a_family_is_drafted_from_a_scheme_that_shows_it(family_name):
    _, slug = FAMILIES[family_name]
    edition = LIBRARY.edition(slug)
    assert "families" not in edition.about or family_name in edition.about["families"].split()


def test_the_whole_example_passes_with_its_worked_examples():
    scheme, cases = re.findall(r"```yaml\n(format: .*?)```", MANUAL, flags=re.DOTALL)[:2]
    edition = read_edition(scheme, "demo.yaml", parent)
    assert [str(problem) for problem in run_cases(edition, read_cases(cases, "cases.yaml"))] == []


def test_the_reference_tells_every_word_of_the_language():
    assert CALLS.keys() <= shape.WORDS.keys()


def test_the_links_of_the_manual_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", MANUAL):
        assert (SHELF.parent / "docs" / "manual" / target).exists(), target
    titles = re.findall(r"^## (.*)$", MANUAL, re.MULTILINE)
    headings = {re.sub("[、，：]", "", title).replace(" ", "-") for title in titles}
    assert set(re.findall(r"\]\(#([^)]+)\)", MANUAL)) <= headings


SAID = """\
facts:
  event:
    claim_year: {label: 年度, unit: code}
    surgery: {label: 手术级别, unit: code, missing: true, codes: {big: 大, small: 小}}
keys: {year: {label: 本年度, by: [claim_year], at_most: 200次}}
benefits:
  inpatient:
    label: 住院
    clause: c
    plain: 分档，整个金额按一个比例；一年两次
    when: {counted: {label: 一年两次, clause: c, is: "total(1次, year) <= 2次"}}
    pays: ratio(S, 20% if S <= 1000元 else 30% if S <= 1万元 else 40%)
  surgery_aid: {label: 手术, clause: c, plain: 大手术, when: {big: {label: 大, clause: c, is: surgery == "big"}}, pays: 500元}
"""


def test_what_the_last_chapter_says_of_common_clauses_can_be_read():
    for words in (
        "claim_year: {label: 年度, unit: code}",
        "year: {label: 本年度, by: [claim_year], at_most: 200次}",
    ):
        assert words in MANUAL
    edition = read_edition(NAME + SAID, "said.yaml", parent)
    told = [
        {"inscp_scp_amt": "1000", "claim_year": "2024"},
        {"inscp_scp_amt": "10000.01", "claim_year": "2025", "surgery": "big"},
    ]
    found = [adjudicate([edition], document(edition, told[:end]))[0].paid for end in (1, 2)]
    assert found == [{"inpatient": 20_000, "surgery_aid": 0}, {"inpatient": 400_000, "surgery_aid": 50_000}]
