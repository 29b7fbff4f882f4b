"""What cannot be proved of an expression or of an edition is refused, at its line and with a remedy that works."""

from pathlib import Path

import pytest

from rules.builders import SHELF, assert_refused, line_of, problems_of, read, tiny

HERE = Path(__file__).parent
TABLES = """\
bands: {label: 分段, unit: rate, shape: bands, clause: c1, values: {2020-01-01: [{to: 1000元, rate: 50%}, {rate: 70%}]}}
aids: {label: 定额, unit: money, shape: table, clause: c1, values: {2020-01-01: {three: 300元, two: 220元}}}
ills: {label: 目录, unit: icd, shape: list, clause: c1, values: {2020-01-01: [C00-C97, D45]}}"""
EVERY_TABLE = {
    "parameters": TABLES,
    "lines": {"uses": "bands(S, bands) + coalesce(lookup(aids, grade), 0元) if ill in ills else 0元"},
    "checks": {"all_used": "uses >= 0元"},
}


def table(name: str) -> list[pytest.param]:
    """The rows of a table of refusals, each under its own name."""
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    rows = [line.split(" | ") for line in lines if line and not line.startswith("# ")]
    return [pytest.param(*cells, id=label.replace(" ", "_")) for label, *cells in rows]


@pytest.mark.parametrize(("wrong", "says", "remedy", "right"), table("refused_payments.txt"))
def test_a_payment_that_cannot_be_proved_is_refused_and_its_mended_form_passes(wrong, says, remedy, right):
    assert_refused(tiny(pays=wrong, **EVERY_TABLE), "pays:", says, remedy)
    assert read(tiny(pays=right, **EVERY_TABLE))


# ── where a condition has shown that a value is there, it may be used; nowhere else ──

ALLOWED = [
    "x if x is not none else 0元",
    "0元 if x is none else x",
    "x if x > 1元 else 0元",
    "x if x != 1元 else 0元",
    "x if not x is none else 0元",
    "x if not (x is none or urgent) else 0元",
    "x if x > 1元 and urgent else 0元",
    "x if urgent and x > 1元 else 0元",
    "x + y if x > 1元 and y > 1元 else 0元",
    "x + y if x > y else 0元",
    "x if (x > 1元 and urgent) or (x < 1元 and S > 1元) else 0元",
    "0元 if x is none or urgent else x",
    "S if x is none or x + 1元 > 2元 else 0元",
    "S if x is not none and x + 1元 > 2元 else 0元",
    "0元 if not x > 1元 and S > 1元 else S",
    "S if ill in ills else 0元",
    "lookup(aids, grade) if grade is not none else 0元",
    'lookup(aids, grade) if grade == "two" else 0元',
    "1元 * stay if seen_on >= starts_on and seen_on - starts_on + 1天 > 30天 else 0元",
]
DENIED = [
    "x if x is none else S",
    "S if x is not none else x",
    "x if not x > 1元 else 0元",
    "0元 if x > 1元 else x",
    "x if x > 1元 or urgent else 0元",
    "x if x > 1元 or y > 1元 else 0元",
    "0元 if x is none and urgent else x",
    "x if not (x is none and urgent) else 0元",
    "x + y if x is not none else 0元",
    "S if x is none and x + 1元 > 2元 else 0元",
    "S if x is not none or x + 1元 > 2元 else 0元",
    "x if coalesce(x, 1元) > 0元 else 0元",
    "x if x + 1元 > 1元 else 0元",
    "(x if x is not none else 0元) + x",
    "x if not not (x is none) else 0元",
]


@pytest.mark.parametrize("pays", ALLOWED)
def test_a_value_that_a_condition_has_shown_to_be_there_may_be_used(pays):
    assert read(tiny(pays=pays, **EVERY_TABLE))


@pytest.mark.parametrize("pays", DENIED)
def test_a_value_that_no_condition_has_shown_to_be_there_may_not_be_used(pays):
    problems = problems_of(tiny(pays=pays, **EVERY_TABLE))
    assert [problem.what[-5:] for problem in problems] == ["值可能未填"]


def test_a_condition_of_a_benefit_vouches_for_what_comes_after_it():
    assert read(tiny(when={"had": "x is not none"}, own={"more": "x + 1元"}, pays="x + more"))
    assert read(tiny(when={"had": "x is not none", "enough": "x + 1元 > 2元"}, pays="x"))


def test_a_condition_of_a_benefit_does_not_vouch_for_what_comes_before_it():
    assert_refused(
        tiny(when={"enough": "x + 1元 > 2元", "had": "x is not none"}),
        "x + 1元",
        "可能未填",
        "coalesce(x, 0元)",
    )


def test_a_condition_of_a_benefit_does_not_vouch_for_lines_that_all_share():
    text = tiny(lines={"more": "x + 1元"}, when={"had": "x is not none"}, pays="more")
    assert "x + 1元" in text.splitlines()[problems_of(text)[0].place.line - 1]


# ── what is wrong with a condition, a line, or the edition ──

EVENTS = "order: [day, claim_no]"
RATE = "rate: {label: 比例, unit: rate, clause: c1, values: {2020-01-01: 60%}}"


@pytest.mark.parametrize(
    ("wrong", "near", "says", "remedy"),
    [
        (tiny(when={"no": "S < 0元"}), "      no:", "条件“标no”永远不成立", "检查比较的方向和上下限"),
        (tiny(when={"no": "S >= 0元 and 10万元 < S"}), "      no:", "永远不成立", "检查比较的方向"),
        (tiny(when={"no": "S == 10.01万元"}), "      no:", "永远不成立", "上下限"),
        (tiny(when={"no": "not S <= 10万元"}), "      no:", "永远不成立", "上下限"),
        (tiny(when={"no": "S > 20万元 or S < 0元"}), "      no:", "永远不成立", "上下限"),
        (tiny(pays="S if S >= 0元 else 1元"), "  aid:", "if 的一支永远走不到", "删去走不到的一支"),
        (tiny(pays="S if stay > 400天 else 1元"), "  aid:", "if 的一支永远走不到", "检查条件"),
        (tiny(own={"b": "S if S != 20万元 else 1元"}, pays="b"), "      b:", "if 的一支永远走不到", "检查条件"),
        (tiny(pays="min(0元, S)"), "  aid:", "“互助金”永远不会给付", "它的上限是 0"),
        (tiny(pays="S * 0次"), "  aid:", "“互助金”永远不会给付", "它的上限是 0"),
        (tiny(own={"spare": "S + 1元"}), "      spare:", "行“spare”没有被用到", "在算式里用它，或删去"),
        (tiny(lines={"spare": "S + 1元"}), "  spare:", "行“spare”没有被用到", "在算式里用它，或删去"),
        (tiny(('"{rate}"', "六成"), pays="S"), "rate: {", "参数“rate”没有被用到", "在算式里用它，或删去"),
        (tiny(tail="facts: {event: {z: {label: 空, unit: date}}}\n"), "z: {", "事实“z”没有被用到", "删去"),
        (tiny(("  c1: {", "  c2: {text: 又, source: 又}\n  c1: {")), "  c2: {", "条款“c2”没有任何一行引用", "写 clause"),
        (tiny((RATE, RATE.replace("c1", "c3"))), "rate: {", "没有条款“c3”", "写出条款原文和出处"),
        (tiny((RATE, RATE.replace("2020-01-01", "2020-01-02"))), "rate: {", "最早的生效日晚于版次起日", "不晚于 opens_on"),
    ],
)  # fmt: skip
def test_what_can_never_serve_is_refused(wrong, near, says, remedy):
    assert_refused(wrong, near, says, remedy)


@pytest.mark.parametrize(
    ("old", "new", "says", "remedy"),
    [
        (EVENTS, "order: [claim_no, day]", "order 的最后一项不是唯一且必填的", "unique: true"),
        (EVENTS, "order: [day]", "order 的最后一项不是唯一且必填的", "claim_no"),
        (EVENTS, "order: []", "order 的最后一项不是唯一且必填的", "claim_no"),
        (EVENTS, "order: [date, claim_no]", "order 或 version_by 里的“date”不是已声明的事实", "只写 facts 里的名称"),
        ("version_by: starts_on", "version_by: start", "order 或 version_by 里的“start”不是已声明", "只写 facts"),
        ("version_by: starts_on", "version_by: seen_on", "version_by 的“seen_on”不是必填的日期", "cover_starts_on"),
        ("version_by: starts_on", "version_by: shares", "version_by 的“shares”不是必填的日期", "cover_starts_on"),
        ("closes_on: 2030-01-01", "closes_on: 2020-01-01", "closes_on 不晚于 opens_on", "版次的终日（不含）要晚于起日"),
        ("plain: 自付的{rate}", "plain: 自付的{rat}", "说明文字里的 {rat} 不是单个值的参数", "花括号里只写 parameters 里的名称"),
        ("plain: 自付的{rate}", "plain: 自付的{S}", "说明文字里的 {S} 不是单个值的参数", "只写 parameters"),
    ],
)  # fmt: skip
def test_an_edition_that_leaves_something_open_is_refused_and_without_the_swap_it_passes(
    old, new, says, remedy
):
    problems = problems_of(tiny((old, new)))
    assert [says in problem.what and remedy in problem.remedy for problem in problems] == [True]
    assert problems[0].place.file == "tiny.yaml"
    assert read(tiny())


def test_a_key_over_a_fact_that_may_be_missing_is_refused():
    text = tiny(tail="keys: {illness: {label: 本病, by: [ill], at_most: 9次}}\n")
    (problem,) = problems_of(text)
    assert "口径 illness 用的“ill”可能未填" in problem.what
    assert "口径只用必填的事实" in problem.remedy
    assert read(text.replace("by: [ill]", "by: [level]"))


def test_a_lookup_table_must_know_every_code():
    wrong = tiny(pays="lookup(aids, grade) if grade is not none else 0元", parameters=TABLES.splitlines()[1])
    text = wrong.replace(", two: 220元", "")
    (problem,) = problems_of(text)
    assert problem.place.line == line_of(text, "aids: {")
    assert "表“aids”缺代码 two" in problem.what
    assert "没有给付的写 0元" in problem.remedy
    assert read(wrong)


def test_lines_that_need_each_other_are_refused_with_the_circle():
    text = tiny(own={"one": "two + 1元", "two": "three", "three": "one"}, pays="one")
    (problem,) = problems_of(text)
    assert "几行互相引用成了圈" in problem.what
    assert all(f"{name} → " in problem.what for name in ("one", "two", "three"))
    assert "断开其中一处引用" in problem.remedy
    assert read(text.replace("is: one", "is: S"))


def test_a_line_that_needs_itself_is_refused():
    assert_refused(tiny(own={"one": "one + 1元"}, pays="one"), "      one:", "one → one", "断开其中一处")


def test_lines_may_stand_in_any_order_of_the_file():
    edition = read(tiny(own={"later": "earlier + 1元", "earlier": "S"}, pays="later"))
    assert edition.benefits["aid"].lines == ("earlier", "later")


def test_a_line_of_one_benefit_is_unknown_in_another():
    other = "  extra:\n    label: 另一项\n    clause: c1\n    plain: 又\n    pays: base\n"
    text = tiny(own={"base": "S"}, pays="base", tail=other)
    problems = problems_of(text)
    assert [problem.what for problem in problems] == ["没有“base”这个名称"]
    assert read(text.replace("plain: 又\n    pays: base", "plain: 又\n    pays: S"))


def test_every_problem_of_a_file_is_told_at_once_in_order_of_place():
    text = tiny(
        ("{2020-01-01: 60%}", "{2020-01-01: 60}"),
        ("closes_on: 2030-01-01", "closes_on: 2030-1-1"),
        ("text: 按自付的比例给付, ", ""),
    )
    assert [problem.place.line for problem in problems_of(text)] == [
        line_of(text, "c1: {"),
        line_of(text, "rate: {"),
    ]


def test_several_wrong_lines_are_told_at_once():
    text = tiny(lines={"a": "x + 1元", "b": "S + 1天", "c": "nothing"}, pays="a + b + c")
    assert [problem.place.line for problem in problems_of(text)] == [
        line_of(text, says) for says in ("x + 1元", "S + 1天", "is: nothing")
    ]


def test_several_proofs_that_fail_are_told_at_once():
    text = tiny(("order: [day, claim_no]", "order: [day]"), own={"spare": "S"}, when={"no": "S < 0元"})
    assert len(problems_of(text)) == 3


# ── what a named line must not hide ──


def test_a_change_behind_a_name_may_not_be_rounded_twice_either():
    text = tiny(own={"added": "change(total(S, life))"}, pays="ratio(added, rate)")
    assert_refused(text, "pays:", "已经舍入到分", "把比例写进 change(…) 里面")


def test_a_change_in_bands_may_not_be_rounded_twice_either():
    text = tiny(pays="bands(change(total(S, life)), bands)", parameters=TABLES.splitlines()[0])
    assert_refused(text, "pays:", "已经舍入到分", "把比例写进 change(…) 里面")


def test_a_total_of_a_change_behind_a_name_is_refused_too():
    text = tiny(lines={"added": "change(total(S, life))"}, pays="change(total(added, life))")
    assert_refused(text, "pays:", "累计里面又用了 change", "再对总数用 change")


def test_the_codes_of_both_branches_must_stand_in_the_table():
    table_of_levels = "aids: {label: 定额, unit: money, shape: table, clause: c1, values: {2020-01-01: {female: 3元, male: 2元}}}"
    text = tiny(pays="lookup(aids, sex if urgent else level)", parameters=table_of_levels)
    assert any("province" in problem.what for problem in problems_of(text))


def test_a_code_that_may_be_anything_cannot_be_looked_up_in_any_branch():
    """`place` has no table of codes: whatever it holds, the lookup would find nothing."""
    aids = TABLES.splitlines()[1].replace("three", "province").replace("two", "city")
    assert read(tiny(pays="lookup(aids, level)", parameters=aids))
    assert problems_of(tiny(pays="lookup(aids, place if urgent else level)", parameters=aids))


def test_the_code_that_fills_a_gap_must_stand_in_the_table():
    text = tiny(pays='lookup(aids, coalesce(grade, "none"))', parameters=TABLES.splitlines()[1])
    assert any("none" in problem.what for problem in problems_of(text))


@pytest.mark.parametrize(
    "expression",
    [
        "x if x is not none and total(x, period) > 100元 else 0元",
        "total(x, period) if x is not none else 0元",
        "0元 if x is none or total(x, period) > 100元 else S",
    ],
)
def test_a_total_runs_over_every_event_so_a_condition_beside_it_does_not_vouch_for_it(expression):
    assert_refused(tiny(pays=expression), "pays:", "可能未填", "coalesce(x, 0元)")


def test_a_figure_may_not_leave_64_bits_on_its_way_to_a_small_one():
    huge = SHELF.replace("甲数, unit: money, most: 10万元", "甲数, unit: money, most: 9000000000000元")
    text = tiny(pays="min(coalesce(x, 0元), ratio(S, 0.00000001%))")
    problems = problems_of(text, more={"shelf": huge})
    assert ["64 位" in problem.what for problem in problems] == [True]


def test_a_date_may_not_leave_the_calendar():
    far = SHELF.replace("most: 366天", "most: 9000000天")
    problems = problems_of(tiny(when={"late": "day + stay > ends_on"}), more={"shelf": far})
    assert len(problems) == 1


def test_a_branch_that_is_never_taken_is_found_in_shared_lines_too():
    text = tiny(lines={"b": "S if S >= 0元 else 1元"}, pays="b")
    assert_refused(text, "  b:", "if 的一支永远走不到", "检查条件")


@pytest.mark.parametrize(
    ("sound", "pays", "wrong"),
    [
        ("[female]", "1元 if sex in near else 2元", "[femal]"),
        ("[female, male]", "1元 if sex in near else 2元", "[female, mail]"),
        ("{three: 3元, two: 2元}", "coalesce(lookup(near, grade), 0元)", "{three: 3元, two: 2元, tow: 2元}"),
    ],
)
def test_a_list_or_table_holds_no_code_that_the_fact_does_not_know(sound, pays, wrong):
    shape, unit = ("list", "code") if sound[0] == "[" else ("table", "money")
    near = f"near: {{label: 近, unit: {unit}, shape: {shape}, clause: c1, values: {{2020-01-01: {sound}}}}}"
    assert read(tiny(pays=pays, parameters=near))
    assert problems_of(tiny(pays=pays, parameters=near.replace(sound, wrong)))


def test_the_bound_of_an_amount_rounded_up_to_yuan_is_a_bound():
    text = tiny(("slug: tiny", "slug: tiny\nrounding: 四舍五入到元"), pays="min(S, 1.50元)")
    assert read(text).benefits["aid"].pays.type.hi >= 200


@pytest.mark.parametrize("test", ["shares == 4份", "S == 10万元", "4份 == shares", "S == 0元"])
def test_a_figure_may_be_asked_to_be_at_the_end_of_its_range(test):
    assert read(tiny(when={"at_the_end": test})).benefits["aid"].conditions
