"""Scenarios where benefits rest on one another or share a cap: which are answered from totals, which computed again, and why."""

from pathlib import Path
from random import Random

import pytest

from batch.agreeing import answer
from batch.random_claims import Claims, write
from huzhu.batch.run import Asked
from huzhu.batch.simulation import AGAIN, FROM_TOTALS, SAME, How, Simulated, simulate
from huzhu.rules.edition import Edition
from huzhu.schemes.library import Library
from rules.builders import read, tiny

LIBRARY = Library()
PARAMETERS = """\
cap: {label: 合计封顶额, unit: money, clause: c1, values: {2020-01-01: 900元}}
own: {label: 第一项封顶额, unit: money, clause: c1, values: {2020-01-01: 700元}}
tenth: {label: 第二项比例, unit: rate, clause: c1, values: {2020-01-01: 10%}}"""
SECOND = "  second: {label: 第二项, clause: c1, plain: 再付, pays: '%s'}\n"
LAST = "  last: {label: 第三项, clause: c1, plain: 定额, when: {now: {label: 急诊, clause: c1, is: urgent}}, pays: 20元}\n"
WHOLE = "caps:\n  whole: {label: 合计封顶, clause: c1, key: period, most: cap, over: [aid, second]}\n"
FIRST = "change(min(ratio(total(S, period), rate), own))"

RESTING = tiny(
    pays=FIRST,
    lines={"had": "total(aid, period)"},
    parameters=PARAMETERS.split("\n", 1)[1],
    tail=SECOND % "change(ratio(had, tenth))" + LAST,
)
TOPPED = RESTING.replace(
    "change(ratio(had, tenth))", "max(0元, 300元 - aid) if ratio(had, tenth) > 0元 else 0元"
)
CAPPED = tiny(
    pays=FIRST,
    parameters=PARAMETERS,
    lines={"all": "total(coalesce(x, 0元), period)"},
    tail=SECOND % "change(ratio(all, tenth))" + LAST + WHOLE,
)

TOGETHER = "和别的项目一起受“合计封顶”限制"
ALONE = "金额逐件算出，不是累计的函数"
INSIDE = "在累计之前起作用的有变：{}"
CHANGES = {
    "the rate on what the first paid": (RESTING, ("10%", "12.5%"), (SAME, FROM_TOTALS, SAME), ""),
    "the cap of the first, inside the total of payments": (
        RESTING,
        ("700元", "333.33元"),
        (FROM_TOTALS, AGAIN, SAME),
        INSIDE.format("第一项封顶额"),
    ),
    "a fixed amount": (RESTING, ("pays: 20元", "pays: 20.01元"), (SAME, SAME, FROM_TOTALS), ""),
    "a top-up on what the first pays": (TOPPED, ("300元", "400元"), (SAME, AGAIN, SAME), ALONE),
    "the first, where another is topped up": (TOPPED, ("700元", "650元"), (FROM_TOTALS, AGAIN, SAME), ALONE),
    "the cap over both": (CAPPED, ("900元", "450.01元"), (AGAIN, AGAIN, SAME), TOGETHER),
    "the first under a cap over both": (CAPPED, ("700元", "100元"), (AGAIN, AGAIN, SAME), TOGETHER),
    "the second under a cap over both": (CAPPED, ("10%", "90%"), (AGAIN, AGAIN, SAME), TOGETHER),
    "what stands outside the cap": (CAPPED, ("pays: 20元", "pays: 0.07元"), (SAME, SAME, FROM_TOTALS), ""),
    "the cap taken away": (CAPPED, (WHOLE, ""), (FROM_TOTALS, FROM_TOTALS, SAME), ""),
    "a total that nobody added up": (
        RESTING.replace("pays: 20元", "pays: S"),
        ("pays: S", 'pays: "change(min(total(S, period), 500元))"'),
        (SAME, SAME, AGAIN),
        "用到的累计基准里没有",
    ),
}


def simulated(folder: Path, edition: Edition, supposed: Edition) -> Simulated:
    table = write(Claims(edition, Random(7)).rows(members=60, most=6), folder / "claims.csv")
    found = simulate(edition, Asked(table, folder / "out.csv"), [("设想", supposed)])
    for label, one in (("基准", edition), ("设想", supposed)):
        for engine in ("duckdb", "python"):
            paid = answer(one, table, engine)
            (told,) = [a for a in found.answers if a.scenario == label]
            assert told.cost_fen == sum(row["total_fen"] for row in paid.values()), (label, engine)
    return found


@pytest.mark.parametrize("name", CHANGES)
def test_a_scenario_costs_what_computing_it_costs_and_says_how_it_was_answered(name, tmp_path):
    text, (old, new), ways, because = CHANGES[name]
    assert text.count(old) == 1
    supposed = text.replace(old, new)
    if not new:
        unused = "  cap: {label: 合计封顶额, unit: money, clause: c1, values: {2020-01-01: 900元}}\n"
        supposed = supposed.replace(unused, "")
    found = simulated(tmp_path, read(text), read(supposed))
    assert tuple(how.way for how in found.how["设想"]) == ways
    assert {how.why for how in found.how["设想"] if how.way == AGAIN} <= {because}
    costs = {answer.scenario: answer.cost_fen for answer in found.answers}
    assert costs["基准"] != costs["设想"], "a scenario without effect shows nothing"


def test_a_benefit_the_baseline_does_not_have_is_computed_from_the_claims(tmp_path):
    without = RESTING.replace(LAST, SECOND.replace("second", "other") % "1元 if urgent else 0元")
    found = simulated(tmp_path, read(without), read(RESTING))
    assert found.how["设想"][2] == How("第三项", AGAIN, "基准里没有这一项")


SHELF = {
    "hangzhou": "{parameters: {whole_cap: {values: {2021-01-01: 700元}}}}",
    "zhangzhou": "{parameters: {death_least: {values: {2021-01-01: 4000元}}}}",
    "yunnan-22": "{parameters: {whole_cap: {values: {2024-01-01: 500元}}}}",
}


@pytest.mark.parametrize("slug", SHELF)
def test_published_schemes_of_that_kind_are_answered_to_the_fen(slug, tmp_path):
    file, path = LIBRARY.find(slug), tmp_path / "scenario.yaml"
    path.write_text(f"format: huzhu-scenario/1\nlabel: 设想\noverlay: {SHELF[slug]}\n", encoding="utf-8")
    _, supposed = LIBRARY.supposing(file, None, path)
    found = simulated(tmp_path, LIBRARY.read(file), supposed)
    again = {how.benefit: how.why for how in found.how["设想"] if how.way == AGAIN}
    assert again
    assert all(again.values())
