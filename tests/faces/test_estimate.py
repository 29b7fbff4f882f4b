"""The trial estimate: figures in, slips out, and an answer at the field for every bad one."""

import re

import pytest
from django.test import Client

from huzhu.web.settlement import LIU

BOTH = ["yichun-120", "yichun-women"]


def post(scheme=BOTH, **changes):
    data = {**LIU, "scheme": scheme, **changes}
    return Client().post("/estimate/", {name: value for name, value in data.items() if value is not None})


def errors(answer) -> dict[str, str]:
    return dict(answer.context["page"].errors)


def sums(answer) -> list[str]:
    return re.findall(
        r'<p class="sum"><span>本方案合计</span><b class="figure">([^<]+) 元', answer.content.decode()
    )


def test_ms_lius_figures_give_31714_in_three_parts():
    answer = post()
    assert answer.status_code == 200
    page = answer.context["page"]
    paid = {b.label: b.paid for paper in page.papers for b in paper.reasoning.benefits if b.paid_fen}
    assert page.total == "31,714.00"
    assert paid == {
        "住院医疗互助金": "6,714.00",
        "重大疾病互助金": "10,000.00",
        "女性特殊疾病互助金": "15,000.00",
    }


def test_what_people_type_is_understood():
    answer = post(
        inscp_scp_amt="７５，４００．００",
        act_pay_dedc=" 800元 ",
        hifp_pay="63,410",
        admitted_on="2022年6月20日",
    )
    assert errors(answer) == {}
    assert answer.context["page"].total == "31,714.00"


def test_the_reading_is_named_on_the_slip_and_another_stands_beside_it():
    answer = post(reading="A", other_reading="B")
    text = answer.content.decode()
    assert sums(answer) == ["16,714.00", "11,342.80", "15,000.00"]
    assert "按读法乙比按读法甲：<b>少 5,371.20 元</b>" in text


def test_the_same_reading_twice_is_one_slip():
    assert sums(post(reading="C", other_reading="C")) == ["17,609.20", "15,000.00"]


def test_an_earlier_stay_counts_against_the_cap_of_the_period():
    earlier = {
        "h1_admitted_on": "2022-03-01",
        "h1_inscp_scp_amt": "70000",
        "h1_act_pay_dedc": "0",
        "h1_hifp_pay": "56000",
    }
    answer = post(["harbin-80"], diagnosis="", diagnosed_on="", **earlier)
    assert sums(answer) == ["1,000.00"], "7,000 of 8,000 were used; 5,595 would be due"
    assert "之前 7,000.00 元，本次后 12,595.00 元" in answer.content.decode()


def test_figures_that_contradict_each_other_are_warned_about_and_still_answered():
    answer = post(medfee_sumamt="85800.01")
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "结算单上的数字对不上" in text
    assert "医疗费总额应等于 全自费 + 超限价 + 先行自付 + 符合政策范围" in text


def test_zero_says_the_first_reason_and_what_would_change_it():
    text = post(["yichun-120"], admitted_on="2021-12-31").content.decode()
    assert "不符合“入院日期在保障期内”：入院日期 2021-12-31 早于 保障期起日 2022-01-28" in text
    assert "若入院日期不早于 2022-01-28，本条即符合" in text


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("hifp_pay", "六万", "不是金额"),
        ("hifp_pay", "-1", "统筹基金支出超出范围"),
        ("hifp_pay", "1.234", "最多两位小数"),
        ("hifp_pay", "1e5", "不是金额"),
        ("hifp_pay", "99999999999999999999", "不是金额"),
        ("hifp_pay", "10000000.01", "检查是否多写或少写了位数"),
        ("hifp_pay", "", "请填统筹基金支出；结算单上是空的就填 0"),
        ("act_pay_dedc", "", "结算单上是空的就填 0"),
        ("admitted_on", "", "请填入院日期"),
        ("admitted_on", "2022-02-30", "不是日期"),
        ("admitted_on", "昨天", "不是日期"),
        ("cover_starts_on", "", "写在互助金保障书上"),
        ("cover_starts_on", "2019-01-28", "不在本版次之内"),
        ("diagnosis", "乳腺癌", "不是疾病编码"),
        ("sex", "", "请选择"),
        ("sex", "x", "代码表"),
        ("hospital_grade", "<b>", ""),
        ("reading", "Z", "没有这种读法"),
    ],
)
def test_a_bad_figure_is_answered_at_its_field(field, typed, words):
    answer = post(**{field: typed})
    if not words:
        assert answer.status_code == 200, "a choice no scheme reads cannot stop the answer"
        return
    assert answer.status_code == 422
    assert words in errors(answer)[field]
    text = answer.content.decode()
    assert f'id="err_{field}"' in text
    assert 'id="result"' not in text


def test_everything_wrong_is_told_at_once_and_nothing_typed_is_lost():
    answer = post(hifp_pay="六万", act_pay_dedc="八百", admitted_on="2022-02-30")
    assert errors(answer).keys() == {"hifp_pay", "act_pay_dedc", "admitted_on"}
    text = answer.content.decode()
    assert 'value="六万"' in text
    assert 'value="75400.00"' in text


def test_no_scheme_and_two_schemes_for_the_same_stay_are_refused():
    assert "至少选一个" in errors(post([]))["scheme"]
    assert "不能同时参加" in errors(post(["yichun-120", "harbin-80"]))["scheme"]
    assert "至少选一个" in errors(post(["../../etc/passwd"]))["scheme"]


def test_what_a_person_types_cannot_become_markup():
    text = post(hifp_pay="<script>alert(1)</script>").content.decode()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_an_answer_with_personal_figures_is_not_kept_by_the_browser():
    assert post()["Cache-Control"] == "no-store"


def test_only_the_womens_scheme_needs_no_settlement_sheet():
    blank = dict.fromkeys(["inscp_scp_amt", "act_pay_dedc", "hifp_pay", "admitted_on"], "")
    answer = post(["yichun-women"], **blank)
    assert errors(answer) == {}
    assert sums(answer) == ["15,000.00"]
