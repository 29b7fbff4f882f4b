"""The working of an answer: every line with what it rests on, every zero with its reason, and the slip a person reads."""

import json
import os
import re
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings

from huzhu.rules import tree
from huzhu.rules.adjudicate import explain
from huzhu.rules.reasoning import BenefitWorking, Reasoning, as_json
from huzhu.rules.slip import WIDTH, slip, width
from rules.builders import facts, read, tiny
from rules.every_node import EVERY_NODE
from rules.members import after, editions, histories, liu, money, stay

SNAPSHOT = Path(__file__).parent / "snapshots" / "liu.txt"


def reasoning(scheme: str, document: dict) -> Reasoning:
    (found,) = explain([editions()[scheme]], document, among=list(editions().values()))
    return found


def benefit(scheme: str, document: dict, name: str) -> BenefitWorking:
    return next(part for part in reasoning(scheme, document).benefits if part.name == name)


def lines(working: BenefitWorking) -> dict:
    return {line.name: line for line in working.lines}


# ── lines ──


def test_every_line_has_its_label_its_clause_and_what_it_was_made_of():
    working = lines(benefit("yichun-120 A", liu(), "inpatient"))
    assert list(working) == ["P", "others_paid", "S", "base_limit", "base", "pays"]
    base = working["base"]
    assert (base.label, base.clause, base.value) == ("计入互助的自付", "住院条款", "11,190.00 元")
    assert {given.name: given.value for given in base.inputs} == {
        "S": "11,190.00 元",
        "base_limit": "12,682.00 元",
    }
    assert working["S"].clause == "结算单口径"
    assert "符合政策范围金额 75,400.00 元 − 实际支付起付线 800.00 元" in working["S"].how


def test_every_parameter_has_its_value_the_day_it_came_into_force_and_its_clause():
    (used,) = lines(benefit("yichun-120 A", liu(), "inpatient"))["pays"].parameters
    assert (used.label, used.value, used.since, used.clause) == (
        "住院医疗互助金比例",
        "60%",
        "2021-12-10",
        "住院条款",
    )


def test_a_parameter_with_several_dates_names_the_one_in_force():
    text = tiny(("{2020-01-01: 60%}", "{2020-01-01: 60%, 2022-01-01: 12.5%, 2023-01-01: 40%}"))
    (found,) = explain([read(text)], facts())
    (used,) = found.benefits[0].lines[-1].parameters
    assert (used.value, used.since) == ("12.5%", "2022-01-01")


def test_a_running_total_is_shown_before_and_after():
    second = after(
        stay("10000.00", "60000.00"),
        stay("3000.00", "60000.00", occurred_on="2022-03-01", admitted_on="2022-03-01"),
    )
    working = benefit("harbin-80", second, "inpatient")
    (used,) = lines(working)["used"].totals
    assert (used.before, used.after) == ("1,500.00 元", "6,500.00 元")
    counted = next(asked for asked in working.conditions if asked.name == "counted")
    assert [(total.before, total.after) for total in counted.totals] == [("1", "2")]


def test_a_total_inside_a_sum_is_shown_on_the_slip_before_and_after():
    found = explain([read(tiny(pays="1元 + total(S, life)"))], facts({"S": "2.00"}, S="3.00"))
    assert "历期累计的自付：之前 2.00 元，本次后 5.00 元" in slip(found)


def test_a_condition_says_whether_it_holds_what_is_the_case_and_on_what_clause():
    working = benefit("yichun-120 A", liu(), "critical")
    listed = working.conditions[0]
    assert (listed.holds, listed.states, listed.clause) == (True, "疾病编码 C50 在重大疾病目录内", "重疾条款")
    assert [asked.holds for asked in working.conditions] == [True] * 4


def test_conditions_behind_one_that_fails_are_not_judged():
    working = benefit("yichun-120 A", stay("1.00", "1.00", diagnosis="K35"), "critical")
    assert [asked.holds for asked in working.conditions] == [False, None, None, None]
    assert working.lines == ()


def test_the_version_is_named_by_the_day_that_picked_it():
    found = reasoning("yichun-120 A", liu())
    assert (found.picked_by, found.picked_on) == ("保障期起日", "2022-01-28")
    assert found.identity == editions()["yichun-120 A"].identity


def half_up(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


@given(own=money, pool=money)
@settings(max_examples=60)
def test_the_lines_can_be_added_up_again_by_hand_to_the_amount_paid(own, pool):
    working = benefit("yichun-120 A", stay(own, pool), "inpatient")
    figure = {name: Decimal(line.exact) for name, line in lines(working).items()}
    assert figure["base_limit"] == figure["P"] * Decimal("0.2")
    assert figure["base"] == min(figure["S"], figure["base_limit"])
    assert half_up(figure["base"] * Decimal("0.6")) == figure["pays"]
    assert figure["pays"] * 100 == working.paid_fen


@given(histories(most=3))
@settings(max_examples=40)
def test_the_last_line_of_every_benefit_is_the_amount_and_the_amounts_make_the_total(documents):
    for document in documents:
        for found in explain(list(editions().values()), document):
            for part in found.benefits:
                assert not part.lines or Decimal(part.lines[-1].exact) * 100 == part.paid_fen
                assert (part.zero is None) == (part.paid_fen > 0)
            assert sum(part.paid_fen for part in found.benefits) == found.total_fen


# ── JSON ──


def leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for part in value.values() for leaf in leaves(part)]
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in leaves(part)]
    return [value]


def test_the_json_is_versioned_comes_back_whole_and_knows_no_float():
    body = as_json(reasoning("yichun-120 A", liu()))
    assert body["format"] == "huzhu-reasoning/1"
    assert body["total"] == "16714.00"
    assert [part["paid"] for part in body["benefits"]] == ["6714.00", "10000.00", "0.00"]
    assert {type(leaf) for leaf in leaves(body)} <= {str, int, bool, type(None)}
    assert json.loads(json.dumps(body)) == json.loads(json.dumps(body, ensure_ascii=False))
    assert json.loads(json.dumps(body)).keys() == body.keys()


def test_the_json_quotes_every_clause_with_its_source():
    clauses = {clause["name"]: clause for clause in as_json(reasoning("yichun-120 A", liu()))["clauses"]}
    assert "（最高不超过统筹基金报销额）20%的60%领取住院医疗互助金" in clauses["inpatient"]["text"]
    assert all(clause["source"] for clause in clauses.values())


def test_a_clause_is_quoted_without_a_space_where_the_file_broke_the_line():
    clauses = {clause["name"]: clause for clause in as_json(reasoning("yichun-120 A", liu()))["clauses"]}
    assert "统筹基金报销后，按照个人自付部分" in clauses["inpatient"]["text"]


# ── cautions and warnings ──


def test_a_value_that_was_not_published_is_marked_wherever_it_was_used():
    found = reasoning("yichun-120 A", liu())
    text = slip([found])
    for mark in ("演示值，目录未公布", "演示值，金额未公布", "假定，条款没有写明"):
        assert any(mark in caution for caution in as_json(found)["cautions"])
        assert mark in text.replace("\n    ", "")
    assert "（演示值）" in text
    assert "（假定）" in text


def test_a_value_that_was_not_used_is_not_marked():
    cautions = reasoning("yichun-120 A", stay("100.00", "900.00")).cautions
    assert not any("重大疾病互助金" in caution or "伤残" in caution for caution in cautions)


def test_a_benefit_that_is_itself_a_demonstration_is_marked_on_the_slip_too():
    text = tiny(("    label: 互助金\n", "    label: 互助金\n    demonstration: 金额未公布\n"))
    (found,) = explain([read(text)], facts())
    assert (found.benefits[0].caution_kind, found.benefits[0].caution) == ("演示值", "金额未公布")
    assert "金额未公布" in slip([found])


def test_figures_that_do_not_fit_together_are_a_warning_and_pay_all_the_same():
    document = stay("2000.00", "10000.00", medfee_sumamt="13000.00", fulamt_ownpay_amt="0.00")
    document["event"] |= {"overlmt_selfpay": "0.00", "preselfpay_amt": "0.00"}
    found = reasoning("yichun-120 A", document)
    assert [warning[:7] for warning in found.warnings] == ["医疗费总额应等"]
    assert "注意（数字之间对不上，请核对结算单）" in slip([found])
    assert found.total == "1,200.00"


def test_a_check_may_speak_of_totals():
    (found,) = explain([read(tiny(checks={"few": "total(1次, life) <= 1次"}))], facts({}))
    assert found.warnings == ("标few",)


@pytest.mark.parametrize("reading", "ABCDE")
def test_the_reading_is_named_on_every_slip_and_in_the_json(reading):
    found = reasoning(f"yichun-120 {reading}", liu())
    variant = editions()[f"yichun-120 {reading}"].variant
    text = slip([found])
    assert variant.label in text
    assert variant.text in text.replace("\n  ", "")
    assert as_json(found)["variant"] == reading


# ── the slip ──


@given(histories(most=3))
@settings(max_examples=25)
def test_no_line_of_a_slip_is_wider_than_the_paper_and_figures_stand_to_the_right(documents):
    for document in documents:
        for line in slip(explain(list(editions().values()), document)).splitlines():
            assert width(line) <= WIDTH
            assert line == line.rstrip()
            if " 小计 " in line or line.startswith(("本方案合计", "各项互助金合计")):
                assert width(line) == WIDTH
                assert line.endswith(" 元")


def test_a_long_label_or_title_does_not_leave_the_paper_either():
    text = tiny(
        ("title: 小方案", "title: " + "很长的名称" * 10), ("label: 互助金", "label: " + "很长的项目" * 9)
    )
    found = explain([read(text)], facts())
    assert max(width(line) for line in slip(found).splitlines()) <= WIDTH


def test_only_a_slip_of_several_schemes_has_a_sum_over_all():
    found = [reasoning(name, liu()) for name in ("yichun-120 A", "yichun-women")]
    assert "各项互助金合计" in slip(found)
    assert not any("各项互助金合计" in slip([one]) for one in found)


def test_the_slip_of_ms_liu_reads_as_it_was_approved():
    """To renew it: SNAPSHOTS=renew pytest tests/rules/test_reasoning.py; then read the difference as a member would."""
    text = slip(explain([editions()["yichun-120 A"], editions()["yichun-women"]], liu()))
    text = re.sub(r"指纹 [0-9a-f]{12}", "指纹 ············", text)  # it changes with any word of a scheme
    if os.environ.get("SNAPSHOTS") == "renew":
        SNAPSHOT.write_text(text, encoding="utf-8")
    assert text == SNAPSHOT.read_text(encoding="utf-8")


# ── every kind of step ──


def test_the_scheme_of_every_node_has_every_kind_of_node():
    kinds = {kind for kind in vars(tree).values() if isinstance(kind, type) and issubclass(kind, tree.Node)}
    assert {type(node) for node in read(EVERY_NODE).nodes()} == kinds - {tree.Node}


FULL = {
    "x": "30.00",
    "ill": "C50",
    "grade": "three",
    "stay": 3,
    "urgent": True,
    "hardship": True,
    "debt": "-5.00",
}
FULL |= {"level": "province", "seen_on": "2022-05-01"}


@pytest.mark.parametrize(
    ("document", "phrases"),
    [
        (
            facts(),
            [
                "开放申请，且急诊为否",
                "日期 2022-06-01 − 起日 2022-01-01 + 1 天 大于 30 天，且行政级别 市级，不是 省级",
                "历期内第 1 次，不超过 3",
                "取较大的：自付 1,000.00 元 与 甲数未填，按 0.00 元 与 10.00 元",
                "定额表，医院等级未填，按 0.00 元",
                "标worth 1,000.00 元 按分段表分段",
                "标net 999.00 元 × 60%（因急诊为否）",
                "之前 0.00 元 + 本次 599.40 元",
                "标used 599.40 元 与 封顶 2,000.00 元 = 599.40 元，舍去到元",
                "1.00 元（因困难职工为否）",
            ],
        ),
        (
            facts(**FULL),
            [
                "疾病编码 C50 在病种目录内",
                "确诊日 2022-05-01 不晚于 日期 2022-06-01",
                "定额表，医院等级 三级",
                "差额 -5.00 元",
                "标in_bands 500.00 元 × （100% − 60%）（因急诊 是）",
                "0.00 元（因困难职工 是）",
            ],
        ),
        (facts({}, {}, S="0.00"), ["历期内第 3 次", "不足 0 的按 0", "本次后 1,198.00 元 − 之前 1,198.00 元"]),
    ],
)  # fmt: skip
def test_every_kind_of_step_is_said_in_words(document, phrases):
    (found,) = explain([read(EVERY_NODE)], document)
    working, *_ = found.benefits
    said = "\n".join([*(line.how for line in working.lines), *(asked.states for asked in working.conditions)])
    assert [phrase for phrase in phrases if phrase not in said] == []


def test_every_kind_of_step_pays_what_a_pencil_pays():
    paid = [
        explain([read(EVERY_NODE)], document)[0].total
        for document in (facts(), facts(**FULL), facts({}, {}, S="0.00"))
    ]
    assert paid == ["950.00", "500.00", "351.00"]  # 599 + 350 + 1; 200 + 300; 0 + 350 + 1


def test_a_code_without_a_table_is_said_as_it_stands():
    (found,) = explain([read(tiny(when={"near": 'place != "far"'}))], facts())
    assert "far" in found.benefits[0].conditions[0].states


def test_the_smaller_of_two_is_bracketed_before_something_is_taken_away():
    (found,) = explain([read(tiny(pays="max(0元, min(S, 500元) - 3元)"))], facts())
    assert "（取较小的：自付 1,000.00 元 与 500.00 元） − 3.00 元" in found.benefits[0].lines[-1].how


def test_bands_cut_a_base_that_still_has_decimals():
    """1,234.56 × 12.5 % = 154.32; 100 × 50 % + 54.32 × 70 % = 88.024."""
    tiers = "tiers: {label: 分段, unit: rate, shape: bands, clause: c1, values: {2020-01-01: [{to: 100元, rate: 50%}, {rate: 70%}]}}"
    text = tiny(pays="bands(ratio(S, 12.5%), tiers)", parameters=tiers)
    (working,) = explain([read(text)], facts(S="1234.56"))
    assert working.total_fen == 8_802
