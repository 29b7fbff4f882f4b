"""Small sound schemes as text, with one place to spoil, and small facts to try them on."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from huzhu.rules.edition import Edition
from huzhu.rules.problems import Problem, SchemeRefused
from huzhu.rules.reader import read_edition

FILE = "tiny.yaml"

SHELF = """\
format: huzhu-scheme/1
abstract: true
facts:
  person:
    sex: {label: 性别, unit: code, codes: {female: 女, male: 男}}
    hardship: {label: 困难职工, unit: flag, missing: true}
  cover:
    starts_on: {label: 起日, unit: date}
    ends_on: {label: 止日, unit: date}
    shares: {label: 份数, unit: count, most: 4份}
  event:
    claim_no: {label: 编号, unit: text, unique: true}
    day: {label: 日期, unit: date}
    S: {label: 自付, unit: money, most: 10万元}
    x: {label: 甲数, unit: money, most: 10万元, missing: true}
    y: {label: 乙数, unit: money, most: 10万元, missing: true}
    debt: {label: 差额, unit: money, least: -10万元, most: 10万元}
    stay: {label: 住院天数, unit: days, most: 366天}
    seen_on: {label: 确诊日, unit: date, missing: true}
    settled_at: {label: 结算时刻, unit: instant, missing: true}
    grade: {label: 医院等级, unit: code, missing: true, codes: {three: 三级, two: 二级}}
    level: {label: 行政级别, unit: code, codes: {province: 省级, city: 市级}}
    place: {label: 地点, unit: code}
    ill: {label: 疾病编码, unit: icd, missing: true}
    note: {label: 备注, unit: text, missing: true}
    urgent: {label: 急诊, unit: flag}
keys:
  period: {label: 本期, by: [starts_on], at_most: 100次}
  life: {label: 历期, by: [], at_most: 1000次}
"""

HEAD = """\
format: huzhu-scheme/1
slug: tiny
edition: "1"
title: 小方案
about: {share: "{rate}"}
extends: shelf
opens_on: 2020-01-01
closes_on: 2030-01-01
version_by: starts_on
order: [day, claim_no]
clauses:
  c1: {label: 第一条, text: 按自付的比例给付, source: 试验}
parameters:
  rate: {label: 比例, unit: rate, clause: c1, values: {2020-01-01: 60%}}
"""

BENEFIT = """\
benefits:
  aid:
    label: 互助金
    clause: c1
    plain: 自付的{rate}
"""


@contextmanager
def quickly(seconds: float = 1.0) -> Iterator[None]:
    """What a hostile text costs this thread: a right answer takes a tenth of the seconds on a calm machine and may take
    five times them on a crowded one; a wrong way of asking takes many times that."""
    begun = time.thread_time()
    yield
    assert time.thread_time() - begun < 5 * seconds


def named(heading: str, expressions: dict[str, str], indent: int, *, clause: bool = True) -> str:
    """A block of labelled expressions below a heading; nothing where there are none."""
    if not expressions:
        return ""
    lines = [f"{heading}:"]
    for name, expression in expressions.items():
        lines += [f"  {name}:", f"    label: 标{name}", f"    is: {expression}"]
        lines += ["    clause: c1"] if clause else []
    return "".join(" " * indent + line + "\n" for line in lines)


def tiny(
    *swaps: tuple[str, str],
    pays: str = "ratio(S, rate)",
    when: dict[str, str] | None = None,
    own: dict[str, str] | None = None,
    lines: dict[str, str] | None = None,
    checks: dict[str, str] | None = None,
    parameters: str = "",
    tail: str = "",
) -> str:
    """A sound edition of one benefit; each swap replaces a text that stands in it exactly once."""
    text = (
        HEAD
        + "".join(f"  {line}\n" for line in parameters.splitlines())
        + named("lines", lines or {}, 0)
        + named("checks", checks or {}, 0, clause=False)
        + BENEFIT
        + named("when", when or {}, 4)
        + named("lines", own or {}, 4)
        + f"    pays: {pays}\n"
        + tail
    )
    for old, new in swaps:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
        text = text.replace(old, new)
    return text


def on_the_shelf(name: str, more: dict[str, str] | None = None) -> tuple[str, str]:
    """The parent that every tiny scheme extends, and what else a test puts beside it."""
    texts = {"shelf": SHELF} | (more or {})
    if name not in texts:
        raise LookupError(f"没有 {name}")
    return texts[name], f"{name}.yaml"


def read(text: str, variant: str | None = None, more: dict[str, str] | None = None) -> Edition:
    return read_edition(text, FILE, lambda name: on_the_shelf(name, more), variant=variant)


def problems_of(text: str, **given: Any) -> list[Problem]:
    """Every problem of a text that must be refused."""
    try:
        read(text, **given)
    except SchemeRefused as refused:
        return refused.problems
    raise AssertionError("the scheme was accepted")


def line_of(text: str, near: str) -> int:
    """The number of the one line that holds the words."""
    found = [number for number, line in enumerate(text.splitlines(), 1) if near in line]
    assert len(found) == 1, f"{near!r} stands on lines {found}"
    return found[0]


def assert_refused(text: str, near: str, says: str, remedy: str, **given: Any) -> None:
    """One problem only: on the line that holds `near`, in these words, with this remedy."""
    (problem,) = problems_of(text, **given)
    assert says in problem.what
    assert remedy in problem.remedy
    assert (problem.place.file, problem.place.line) == (FILE, line_of(text, near))
    assert str(problem).startswith(f"{FILE}:{problem.place.line}: ")


GROUPS = {
    "person": {"sex": "female"},
    "cover": {"starts_on": "2022-01-01", "ends_on": "2023-01-01", "shares": 1},
    "event": {
        "claim_no": "9",
        "day": "2022-06-01",
        "S": "1000.00",
        "debt": "0.00",
        "stay": 10,
        "level": "city",
        "place": "yc",
        "urgent": False,
    },
}


def facts(*history: dict[str, Any], **given: Any) -> dict[str, Any]:
    """A facts document for tiny schemes; earlier events say only what differs from the ordinary one."""
    groups = {group: dict(values) for group, values in GROUPS.items()}
    for name, value in given.items():
        group = next((group for group, values in GROUPS.items() if name in values), "event")
        groups["person" if name == "hardship" else group][name] = value
    earlier = [
        {**GROUPS["event"], "claim_no": f"0{number}", "day": "2022-02-01", **event}
        for number, event in enumerate(history)
    ]
    return {"format": "huzhu-facts/1", **groups, "history": earlier}


def as_text(document: object) -> str:
    return json.dumps(document, ensure_ascii=False)
