"""Nothing paid: the first thing that stood in the way is named, and doing what is advised really removes it."""

import pytest

from huzhu.rules.adjudicate import explain
from huzhu.rules.reasoning import BenefitWorking
from rules.builders import facts, read, tiny
from rules.every_node import EVERY_NODE
from rules.members import after, editions, liu, stay


def benefit(scheme: str, document: dict, name: str) -> BenefitWorking:
    (found,) = explain([editions()[scheme]], document, among=list(editions().values()))
    return next(part for part in found.benefits if part.name == name)


def in_month(month: int, own: str, **more: str) -> dict:
    day = f"2022-0{month}-01"
    return stay(own, "90000.00", occurred_on=day, admitted_on=day, **more)


def ill(diagnosis: str, day: str) -> dict:
    return stay("0.00", "0.00", occurred_on=day, diagnosis=diagnosis, diagnosed_on=day)


MALE_LIU = {**liu(), "person": {"sex": "male"}}
#   scheme, document, benefit, condition, why, what would change it, the document after that change
CONDITIONS = {
    "before cover": ("yichun-120 A", stay("9.00", "99.00", admitted_on="2022-01-27"), "inpatient", "admitted",
                     "入院日期 2022-01-27 早于 保障期起日 2022-01-28", "若入院日期不早于 2022-01-28",
                     stay("9.00", "99.00", admitted_on="2022-01-28")),
    "after cover": ("yichun-120 A", stay("9.00", "99.00", admitted_on="2023-01-28"), "inpatient", "admitted",
                    "入院日期 2023-01-28 不早于 保障期止日（不含） 2023-01-28", "若入院日期早于 2023-01-28",
                    stay("9.00", "99.00", admitted_on="2023-01-27")),
    "no admission": ("yichun-120 A", stay("9.00", "99.00", admitted_on=None), "inpatient", "admitted",
                     "入院日期未填", "填写入院日期后再算", stay("9.00", "99.00")),
    "not settled": ("harbin-80", stay("9.00", "99.00", hifp_pay=None), "inpatient", "settled",
                    "统筹基金支出未填", "填写统筹基金支出后再算", stay("9.00", "99.00")),
    "not listed": ("yichun-120 A", ill("K35", "2022-06-23"), "critical", "listed",
                   "疾病编码 K35 不在重大疾病目录内", "在重大疾病目录内", ill("C50", "2022-06-23")),
    "no diagnosis": ("yichun-120 A", stay("0.00", "0.00"), "critical", "listed",
                     "疾病编码未填", "填写疾病编码后再算", ill("C50", "2022-06-23")),
    "waiting": ("yichun-120 A", ill("C50", "2022-02-26"), "critical", "observed",
                "首次确诊日期 2022-02-26 − 连续参加保障的起日 2022-01-28 + 1 天 不超过 重疾观察期 30 天",
                "首次确诊日期 − 连续参加保障的起日 + 1 天大于 30 天", ill("C50", "2022-02-27")),
    "known before": ("yichun-120 A", ill("C50", "2022-01-27"), "critical", "diagnosed",
                     "首次确诊日期 2022-01-27 早于 连续参加保障的起日 2022-01-28", "首次确诊日期不早于 2022-01-28",
                     ill("C50", "2022-01-28")),
    "second illness": ("yichun-120 A", after(ill("N18", "2022-08-01"), ill("C50", "2022-06-01")), "critical", "first",
                       "历次保障期内第 2 次", "次数等于 1", ill("N18", "2022-08-01")),
    "male": ("yichun-women", MALE_LIU, "women", "sex", "性别 男，不是 女", "若性别是 女", liu()),
    "no own share": ("harbin-80", stay("0.00", "99.00"), "inpatient", "burdened",
                     "范围内个人自付 S 0.00 元 不超过 0.00 元", "范围内个人自付 S大于 0.00 元", stay("0.01", "99.00")),
    "third stay": ("harbin-80", after(in_month(5, "9.00"), in_month(3, "9.00"), in_month(4, "9.00")), "inpatient",
                   "counted", "本保障期内第 3 次，大于 每个保障期给付次数 2", "次数不超过 2",
                   after(in_month(5, "9.00"), in_month(3, "9.00"))),
    "no accident": ("yichun-120 A", liu(), "accident", "happened", "意外发生日期未填", "填写意外发生日期后再算",
                    stay("0.00", "0.00", accident_on="2022-03-01")),
    "not graded": ("yichun-120 A", stay("0.00", "0.00", accident_on="2022-03-01"), "accident", "graded",
                   "伤残等级未填", "填写伤残等级后再算",
                   stay("0.00", "0.00", accident_on="2022-03-01", disability_grade="7")),
}  # fmt: skip


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_zero_names_the_first_condition_that_fails_and_the_change_it_asks_for_is_enough(name):
    scheme, document, paying, condition, why, change, changed = CONDITIONS[name]
    working = benefit(scheme, document, paying)
    failing = next(asked for asked in working.conditions if not asked.holds)
    assert failing.name == condition
    assert working.zero.why.startswith(f"不符合“{failing.label}”：")
    assert why in working.zero.why
    assert change in working.zero.change
    assert next(
        asked for asked in benefit(scheme, changed, paying).conditions if asked.name == condition
    ).holds


def test_the_schemes_own_advice_follows_what_the_tree_says():
    zero = benefit("yichun-120 A", ill("K35", "2022-06-23"), "critical").zero
    assert zero.change.endswith("目录以办事处公布的为准，由人对照诊断书确认")


@pytest.mark.parametrize(
    ("other", "given", "is_enough"),
    [
        ("x > 1元", {"x": "2.00"}, True),
        ("x > 1元", {"x": "0.50"}, False),
        ("(x is none or x > 1元)", {}, False),
    ],
)
def test_a_change_is_called_enough_only_where_the_other_half_is_known_to_hold(other, given, is_enough):
    text = tiny(when={"both": f"S > 5000元 and {other}"})
    (found,) = explain([read(text)], facts(**given))
    zero = found.benefits[0].zero
    assert zero.change.startswith("若自付大于 5,000.00 元")
    assert ("，本条即符合" in zero.change) is is_enough


def test_a_limit_that_is_used_up_is_named_with_its_figure():
    zero = benefit("harbin-80", after(in_month(5, "9.00"), in_month(3, "16000.00")), "inpatient").zero
    assert zero.why == "每个保障期住院封顶 8,000.00 元已经用完（8,000.00 元）"
    assert "下一个保障期" in zero.change
    following = in_month(5, "9.00")
    following["cover"] = {
        "cover_starts_on": "2022-05-01",
        "cover_ends_on": "2023-05-01",
        "covered_since_on": "2022-01-28",
    }
    assert benefit("harbin-80", after(following, in_month(3, "16000.00")), "inpatient").paid_fen == 450


def test_without_an_own_share_the_base_is_what_is_nothing():
    zero = benefit("yichun-120 A", stay("0.00", "1000.00"), "inpatient").zero
    assert (
        zero.why
        == "计算的基数为 0：符合政策范围金额 1,000.00 元 − 实际支付起付线 0.00 元 − 统筹基金已支付 P 1,000.00 元"
    )
    assert zero.change.endswith("大于 0 时才会给付")
    assert benefit("yichun-120 A", stay("0.10", "1000.00"), "inpatient").paid_fen == 6


def test_without_a_payment_by_the_pool_it_is_the_pool():
    assert (
        benefit("yichun-120 A", stay("10.00", "0.00"), "inpatient").zero.why
        == "计算的基数为 0：统筹基金支出 0.00 元"
    )


def test_an_amount_below_half_a_fen_is_said_to_be_too_small():
    zero = benefit("yichun-120 B", stay("0.01", "0.01"), "inpatient").zero
    assert (zero.why, zero.change) == ("算得 0.0012 元，不足最小的给付单位", "金额再大一些才会给付")


@pytest.mark.parametrize(
    ("pays", "given", "why", "change"),
    [
        ("S if urgent else 0元", {}, "急诊为否", "若急诊"),
        ("0元 if urgent else S", {"urgent": True}, "急诊 是", "这种情况按规定不给付"),
        ("S if S > 1元 else 0元", {"S": "1.00"}, "自付 1.00 元 不超过 1.00 元", "若自付大于 1.00 元"),
        ("S * 2次 if urgent else S", {"S": "0.00", "urgent": True}, "计算的基数为 0：自付 0.00 元", "自付大于 0 时"),
        ("S * 2次 if urgent else S", {"S": "0.00"}, "计算的基数为 0：自付 0.00 元", "自付大于 0 时"),
        ("max(0元, S - 2000元)", {}, "不足 0 的按 0", "自付 − 2,000.00 元大于 0 时"),
        ("coalesce(x, 0元)", {}, "甲数未填，按 0.00 元", "甲数大于 0 时"),
        ("stay * 50元", {"stay": 0}, "住院天数 0 天", "住院天数大于 0 时"),
        ("ratio(S, rate) + stay * 1元", {"S": "0.00", "stay": 0}, "自付 0.00 元", "自付大于 0 时"),
        ("change(total(S, life))", {"S": "0.00"}, "自付 0.00 元", "自付大于 0 时"),
        ("total(S, life)", {"S": "0.00"}, "自付 0.00 元", "自付大于 0 时"),
        ("S if x is not none else 0元", {}, "甲数未填", "填写甲数后再算"),
        ("S if x > 1元 or y > 1元 else 0元", {"x": "1.00"}, "甲数 1.00 元 不超过 1.00 元，乙数未填", "；或者"),
        ("S if not (x is none) else 0元", {}, "甲数未填", "填写甲数后再算"),
        ("max(0元, change(total(S, life)) - 5000元)", {}, "不足 0 的按 0", "5,000.00 元大于 0 时"),
        ("max(0元, (S if urgent and S > 1元 else 2元) - 5000元)", {}, "2.00 元（因急诊为否）", "（若急诊，且自付 大于 1.00 元）自付，否则2.00 元"),
        ("S if not (urgent or S < 2000元) else 0元", {}, "自付 1,000.00 元 小于 2,000.00 元", ""),
    ],
)  # fmt: skip
def test_a_zero_is_followed_down_to_the_figure_that_decides(pays, given, why, change):
    (found,) = explain([read(tiny(pays=pays))], facts(**given))
    zero = found.benefits[0].zero
    assert why in zero.why
    assert change in zero.change


def test_any_zero_of_the_scheme_of_every_node_is_explained():
    edition = read(EVERY_NODE)
    for given in (
        {"urgent": True, "hardship": True, "ill": "K35"},
        {"day": "2022-01-02"},
        {"level": "province", "seen_on": "2022-09-01"},
    ):
        (found,) = explain([edition], facts(**given))
        assert found.benefits[0].zero.why.startswith("不符合“标")
        assert found.benefits[0].zero.change


# ── promises that do not hold ──


def test_where_two_things_are_missing_both_are_asked_for():
    document = stay("9.00", "99.00", hifp_pay=None, inscp_scp_amt=None)
    zero = benefit("yichun-120 A", document, "inpatient").zero
    assert "符合政策范围金额" in zero.change
    assert "统筹基金支出" in zero.change


def test_filling_in_a_value_is_not_promised_to_be_enough():
    """An accident outside the cover fails as well: once the date is there, the condition is asked again."""
    document = stay("0.00", "0.00")
    assert "本条即符合" not in benefit("yichun-120 A", document, "accident").zero.change
    document["event"]["accident_on"] = "2021-01-01"
    assert not benefit("yichun-120 A", document, "accident").conditions[0].holds


def test_an_addition_lost_in_rounding_the_total_is_not_called_a_base_of_nothing():
    """0.005 was rounded up before; 0.01 − 0.01 leaves nothing, though there was an own share of 0.01."""
    zero = benefit("harbin-80", after(in_month(5, "0.01"), in_month(3, "0.01")), "inpatient").zero
    assert "基数为 0" not in zero.why


def test_a_sum_whose_parts_cancel_is_explained():
    at_least = "facts: {event: {z: {label: 丁数, unit: money, least: 50元, most: 90元}, w: {label: 戊数, unit: money, most: 50元}}}\n"
    (found,) = explain([read(tiny(pays="S - w + z", tail=at_least))], facts(S="0.00", z="50.00", w="50.00"))
    assert found.benefits[0].zero


def zero_of(text: str, *history: dict, **given: object):
    (found,) = explain([read(text)], facts(*history, **given))
    return found.benefits[0].zero


def test_where_two_parts_of_a_condition_fail_one_alone_is_not_promised_to_be_enough():
    zero = zero_of(tiny(when={"both": "urgent and S > 2000元"}))
    assert "自付" in zero.change or "本条即符合" not in zero.change


def test_below_a_deductible_of_the_period_it_is_the_deductible_that_is_named_not_the_rounding():
    zero = zero_of(tiny(pays="change(max(0元, total(S, period) - 5000元))"), {"S": "1000.00"}, S="2000.00")
    assert "舍入" not in zero.why
    assert "5,000.00" in zero.why + zero.change


def test_what_is_lost_in_cutting_to_yuan_is_not_called_less_than_a_fen():
    text = tiny(("slug: tiny", "slug: tiny\nrounding: 舍去到元"), pays="change(total(S, life))")
    assert "不足一分" not in zero_of(text, {"S": "0.10"}, S="0.80").why


def test_a_switch_of_the_scheme_that_is_off_is_named_as_what_would_change_it():
    switch = 'open: {label: 开放申请, unit: flag, clause: c1, values: {2020-01-01: "false"}}'
    zero = zero_of(tiny(parameters=switch, when={"open": "open"}))
    assert "开放申请" in zero.why
    assert "开放申请改为“是”" in zero.change
