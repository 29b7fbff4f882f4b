"""Hostile facts are refused field by field, in words and at once; nothing is guessed, rounded or swallowed."""

import json
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huzhu.rules.adjudicate import adjudicate, explain
from huzhu.rules.facts import FactsRefused, document_of, read_facts
from rules.builders import facts, quickly, read, tiny
from rules.members import editions, liu

EVERYTHING = "coalesce(x, 0元) + stay * 1元 + shares * 1元 + (1元 if urgent else 0元) + S"
CHECKS = {
    "others": "seen_on is none or settled_at is none or ill is none or note is none or grade is none or hardship is none",
}


def refusal(document: object) -> dict[str, tuple[str, str]]:
    """(what, remedy) by path."""
    edition = read(tiny(pays=EVERYTHING, checks=CHECKS))
    with quickly(), pytest.raises(FactsRefused) as caught:
        read_facts(edition, document)
    assert str(caught.value).startswith(f"{caught.value.problems[0].path}: ")
    return {problem.path: (problem.what, problem.remedy) for problem in caught.value.problems}


MONEY = "金额写成带引号的元，例如 “1234.50”"
DAYS = "天数写成整数，例如 12"
COUNT = "个数写成整数，例如 2"
DATE = "日期写成 2022-01-28"
INSTANT = "时刻写成 2022-07-13T09:30:00+08:00"


@pytest.mark.parametrize(
    ("name", "value", "says", "remedy"),
    [
        # ── money ──
        ("S", 12.5, "自付：要写成带引号的文字", MONEY),
        ("S", 12, "自付：要写成带引号的文字", MONEY),
        ("S", True, "自付：不能写 true 或 false", MONEY),
        ("S", "1e5", "自付：“1e5”不是金额", MONEY),
        ("S", " 12.00 ", "自付：“ 12.00 ”不是金额", MONEY),
        ("S", "12.00\n", "不是金额", MONEY),
        ("S", "１２.00", "自付：“１２.00”不是金额", MONEY),
        ("S", "١٢.00", "不是金额", MONEY),
        ("S", "12.005", "不是金额", MONEY),
        ("S", "12.", "不是金额", MONEY),
        ("S", ".50", "不是金额", MONEY),
        ("S", "+12.00", "不是金额", MONEY),
        ("S", "1,200.00", "不是金额", MONEY),
        ("S", "1_200.00", "不是金额", MONEY),
        ("S", "¥12.00", "不是金额", MONEY),
        ("S", "12元", "不是金额", MONEY),
        ("S", "", "不是金额", MONEY),
        ("S", "NaN", "不是金额", MONEY),
        ("S", "Infinity", "不是金额", MONEY),
        ("S", "9" * 5_000, "不是金额", MONEY),
        ("S", "-1", "自付超出范围", "填 0.00 元 到 100,000.00 元 之间的值"),
        ("S", "100000.01", "自付超出范围", "检查是否多写或少写了位数"),
        ("S", None, "缺自付", "填写自付；金额写成"),
        ("S", [], "自付：要写成带引号的文字", MONEY),
        ("S", {"yuan": "12.00"}, "自付：要写成带引号的文字", MONEY),
        ("x", float("nan"), "甲数：要写成带引号的文字", MONEY),
        ("x", float("inf"), "甲数：要写成带引号的文字", MONEY),
        # ── counts and days ──
        ("stay", "10", "住院天数：要写整数，不带引号和小数", DAYS),
        ("stay", 10.0, "住院天数：要写整数", DAYS),
        ("stay", True, "住院天数：不能写 true 或 false", DAYS),
        ("stay", -1, "住院天数超出范围", "填 0 天 到 366 天 之间的值"),
        ("stay", 10**400, "住院天数超出范围", "填 0 天 到 366 天 之间的值"),
        ("shares", 5, "份数超出范围", "填 0 到 4 之间的值"),
        ("shares", 1.5, "份数：要写整数", COUNT),
        # ── dates and instants ──
        ("day", "2022-02-30", "日期：“2022-02-30”不是日期", DATE),
        ("day", "20220128", "日期：“20220128”不是日期", DATE),
        ("day", "2022-1-28", "不是日期", DATE),
        ("day", "2022-01-28T00:00:00", "不是日期", DATE),
        ("day", "2022-W04-5", "不是日期", DATE),
        ("day", "２０２２-01-28", "不是日期", DATE),
        ("day", "0000-01-01", "不是日期", DATE),
        ("day", 20220128, "日期：要写成带引号的文字", DATE),
        ("day", "1899-12-31", "日期超出范围", "填 1900-01-01 到 2199-12-31 之间的值"),
        ("day", "9999-12-31", "日期超出范围", "1900-01-01 到 2199-12-31"),
        ("settled_at", "2022-07-13T09:30:00", "不是时刻", INSTANT),
        ("settled_at", "2022-07-13", "不是时刻", INSTANT),
        ("settled_at", "2022-07-13T25:00:00+08:00", "不是时刻", INSTANT),
        ("settled_at", 1657675800, "结算时刻：要写成带引号的文字", INSTANT),
        # ── codes, texts and flags ──
        ("grade", "four", "医院等级：“four”不在代码表中：可写 three（三级）、two（二级）", "代码写成已声明的一个"),
        ("grade", "三级", "不在代码表中", "代码写成已声明的一个"),
        ("ill", "cancer", "不是疾病编码", "疾病编码写成 C50 或 C50.9"),
        ("ill", "Ｃ50", "不是疾病编码", "疾病编码写成 C50 或 C50.9"),
        ("ill", "ı21", "不是疾病编码", "疾病编码写成 C50 或 C50.9"),
        ("note", "a\u0000b", "不能用", "写一段 1 到 64 个字的文字"),
        ("note", "a\nb", "不能用", "写一段 1 到 64 个字的文字"),
        ("note", "\ud800", "不能用", "写一段 1 到 64 个字的文字"),
        ("note", "\u202e", "不能用", "写一段 1 到 64 个字的文字"),
        ("note", "字" * 65, "不能用", "写一段 1 到 64 个字的文字"),
        ("note", "", "不能用", "写一段 1 到 64 个字的文字"),
        ("urgent", "true", "急诊：要写 true 或 false", "写 true 或 false"),
        ("urgent", 1, "急诊：要写 true 或 false", "写 true 或 false"),
        ("urgent", None, "缺急诊", "填写急诊；是否写成 true 或 false"),
    ],
)  # fmt: skip
def test_a_value_that_is_not_plainly_of_its_kind_is_refused_at_its_field(name, value, says, remedy):
    ((path, (what, how)),) = refusal(facts(**{name: value})).items()
    assert path.endswith(f".{name}")
    assert says in what
    assert remedy in how


@pytest.mark.parametrize(
    ("document", "path", "says"),
    [
        (None, "（最外层）", "要写成 {名称: 值} 的形式"),
        ([], "（最外层）", "要写成 {名称: 值} 的形式"),
        ("facts", "（最外层）", "要写成 {名称: 值} 的形式"),
        (5, "（最外层）", "要写成 {名称: 值} 的形式"),
        ({**facts(), "format": "huzhu-facts/2"}, "format", "没有写明格式"),
        ({**facts(), "persons": {}}, "persons", "最外层没有这一项"),
        ({**facts(), "event": []}, "event", "要写成 {名称: 值} 的形式"),
        ({**facts(), "event": None}, "event", "要写成 {名称: 值} 的形式"),
        ({**facts(), "cover": "2022"}, "cover", "要写成 {名称: 值} 的形式"),
        ({**facts(), "history": {}}, "history", "要写成一列以前的事件"),
        ({**facts(), "history": None}, "history", "要写成一列以前的事件"),
        ({**facts(), "history": "none"}, "history", "要写成一列以前的事件"),
        ({**facts(), "history": [5]}, "history[0]", "要写成 {名称: 值} 的形式"),
        ({**facts(), "history": [facts()["event"] | {"cover": 5, "claim_no": "1"}]}, "history[0].cover", "要写成"),
        ({**facts(), "history": [facts()["event"] | {"claim_no": "1", "S": 5}]}, "history[0].S", "带引号的文字"),
        ({**facts(), "history": [facts()["event"] | {"claim_no": "1", "zz": 5}]}, "history[0].zz", "没有这个事实"),
    ],
)  # fmt: skip
def test_facts_of_the_wrong_shape_are_refused_where_they_are_wrong(document, path, says):
    found = refusal(document)
    assert says in found[path][0]


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00"])
def test_an_instant_at_the_ends_of_the_calendar_is_refused_or_can_be_said(moment):
    edition = read(tiny(when={"settled": "settled_at != settled_at"}))
    with suppress(FactsRefused):
        assert explain([edition], facts(settled_at=moment))[0].benefits[0].zero


def test_an_unknown_name_is_refused_with_the_nearest_known():
    document = facts(urgnet=True)
    assert refusal(document)["event.urgnet"] == ("方案里没有这个事实", "是不是 urgent？")
    document = facts(password="x")
    assert refusal(document)["event.password"] == ("方案里没有这个事实", "删去它，或检查拼写")


@pytest.mark.parametrize(
    ("group", "name"), [("person", "x"), ("cover", "x"), ("event", "hardship"), ("event", "shares")]
)
def test_a_fact_in_the_wrong_group_is_refused_and_not_taken_for_missing(group, name):
    document = facts()
    document[group][name] = {"x": "5.00", "hardship": True, "shares": 1}[name]
    assert f"{group}.{name}" in refusal(document)


def test_every_wrong_field_is_told_at_once():
    found = refusal(facts(S=5, stay="x", day="x", grade="x", urgnet=True))
    assert {"event.S", "event.stay", "event.day", "event.grade", "event.urgnet"} <= set(found)


def test_three_thousand_events_are_too_many():
    assert "最多 2,000 件" in refusal(facts(*[{}] * 3_000))["history"][1]


def test_two_thousand_events_are_read_and_paid_quickly():
    text = tiny(pays="change(min(total(S, life), 10万元))")
    history = [{"claim_no": f"h{number}", "S": "0.01"} for number in range(1_999)]
    edition = read(text)
    with quickly():
        (outcome,) = adjudicate([edition], facts(*history, S="0.01"))
    assert outcome.total == 1


def test_one_claim_number_twice_is_refused():
    assert refusal(facts({"claim_no": "9"}))["event.claim_no"][0] == "编号重复"
    assert refusal(facts({"claim_no": "1"}, {"claim_no": "1"}))["event.claim_no"][0] == "编号重复"


@pytest.mark.parametrize("day", ["2019-12-31", "2030-01-01"])
def test_a_cover_outside_the_edition_is_refused_with_its_days(day):
    what, remedy = refusal(facts(starts_on=day))["cover.starts_on"]
    assert what == f"起日 {day} 不在本版次之内"
    assert "从 2020-01-01 起，到 2030-01-01 止（不含）" in remedy


def test_a_rate_among_the_facts_keeps_its_decimals():
    text = tiny(
        pays="ratio(S, share)", tail="facts: {event: {share: {label: 占比, unit: rate, most: 100%}}}\n"
    )
    (outcome,) = adjudicate([read(text)], facts(share="62.5%"))
    assert outcome.total == 62_500


def test_a_rate_with_more_decimals_than_are_kept_is_refused_not_rounded():
    text = tiny(
        pays="ratio(S, share)", tail="facts: {event: {share: {label: 占比, unit: rate, most: 100%}}}\n"
    )
    with pytest.raises(FactsRefused, match="小数太多"):
        adjudicate([read(text)], facts(share="33.3333333%"))


def test_a_bound_of_zero_is_a_bound():
    text = tiny(
        pays="max(0元, S + z)",
        tail="facts: {event: {z: {label: 欠款, unit: money, least: -10元, most: 0元}}}\n",
    )
    with pytest.raises(FactsRefused):
        adjudicate([read(text)], facts(z="5000.00"))


# ── JSON ──


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "第 1 行第 1 列读不下去"),
        ("{", "第 1 行第 2 列读不下去"),
        ('{\n"a": 1,\n}', "第 3 行第 1 列读不下去"),
        ("{'a': 1}", "读不下去"),
        ("\ufeff{}", "读不下去"),
        ('{"a": 1, "a": 2}', "“a”写了两次"),
        ('{"event": {"S": "1.00", "S": "2.00"}}', "“S”写了两次"),
        ("[" * 100_000, "嵌套太深"),
        ('{"a":' * 100_000, "嵌套太深"),
        ("9" * 10_000, "不是能用的 JSON"),
        (" " * 5_000_001, "太大"),
    ],
)
def test_text_that_is_not_plain_json_is_refused(text, says):
    with quickly(), pytest.raises(FactsRefused) as caught:
        document_of(text)
    (problem,) = caught.value.problems
    assert says in problem.what
    assert problem.remedy == "检查引号、逗号和花括号是否成对"


def test_many_names_in_one_object_cost_little():
    text = json.dumps({f"k{number}": 0 for number in range(15_000)})
    with quickly():
        assert len(document_of(text)) == 15_000


def test_many_unknown_names_cost_little():
    document = facts(**{f"unknown_{number}": "x" for number in range(5_000)})
    with quickly(1.5):
        assert refusal(document)


def test_numbers_that_json_does_not_know_are_refused_as_values():
    document = document_of(
        '{"format": "huzhu-facts/1", "event": {"S": NaN, "x": Infinity, "stay": -Infinity}}'
    )
    assert {"event.S", "event.x", "event.stay"} <= set(refusal(document))


# ── anything at all ──

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["1.00", "C50"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = sorted({name for edition in editions().values() for name in edition.facts})
group = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), anything, max_size=8)
documents = st.fixed_dictionaries(
    {},
    optional={
        "format": st.just("huzhu-facts/1") | anything,
        "person": group | anything,
        "cover": group | anything,
        "event": group | anything,
        "history": st.lists(group | anything, max_size=3) | anything,
    },
)


@given(documents | anything)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_any_json_as_facts_is_refused_and_nothing_else_happens(document):
    with pytest.raises(FactsRefused) as caught:
        adjudicate(list(editions().values()), document)
    assert all(problem.what and problem.remedy for problem in caught.value.problems)


@given(st.sampled_from(["person", "cover", "event"]), st.sampled_from(NAMES), anything)
@settings(max_examples=200)
def test_any_value_in_any_field_is_taken_for_what_it_is_or_refused(where, name, value):
    document = liu()
    document[where][name] = value
    with suppress(FactsRefused):
        assert all(outcome.total >= 0 for outcome in adjudicate(list(editions().values()), document))
