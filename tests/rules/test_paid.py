"""What an earlier benefit paid is a value: for topping up, for what is not paid together, for one cap over several."""

from hypothesis import given
from hypothesis import strategies as st

from huzhu.rules.adjudicate import adjudicate, explain
from rules.builders import assert_refused, facts, read, tiny

SECOND = "  second: {label: 第二项, clause: c1, plain: 再付, pays: '%s'}\n"
PAID_SO_FAR = "total(aid, period)"


def paid(text: str, *history: dict, **given) -> dict[str, int]:
    (outcome,) = adjudicate([read(text)], facts(*history, **given))
    return outcome.paid


def test_a_benefit_may_read_what_an_earlier_one_pays_for_the_same_event():
    text = tiny(pays="ratio(S, rate)", tail=SECOND % "max(0元, 1000元 - aid)")
    assert paid(text, S="1000.00") == {"aid": 60_000, "second": 40_000}
    assert paid(text, S="2000.00") == {"aid": 120_000, "second": 0}


def test_what_did_not_pass_its_conditions_was_paid_nothing():
    text = tiny(when={"urgent": "urgent"}, tail=SECOND % "10元 if aid == 0元 else 1元")
    assert paid(text, urgent=False) == {"aid": 0, "second": 1_000}
    assert paid(text, urgent=True) == {"aid": 60_000, "second": 100}


def test_the_payment_is_read_as_it_was_rounded():
    text = tiny(("slug: tiny", "slug: tiny\nrounding: 舍去到元"), tail=SECOND % "aid")
    assert paid(text, S="1.99") == {"aid": 100, "second": 100}


def test_a_shared_line_that_reads_payments_counts_every_event_and_stands_after_them():
    """Death tops up what the period has paid: a total inside the benefit would count only events of death."""
    text = tiny(
        lines={"had": PAID_SO_FAR},
        tail=SECOND.replace("pays:", "when: {died: {label: 身故, clause: c1, is: urgent}}, pays:")
        % "max(0元, 1000元 - had)",
    )
    assert read(text).lines["had"].after == "aid"
    assert paid(text, {"S": "500.00"}, S="100.00", urgent=True) == {"aid": 6_000, "second": 64_000}
    assert paid(text, {"S": "500.00"}, S="100.00") == {"aid": 6_000, "second": 0}


def test_a_line_that_names_such_a_line_waits_with_it():
    text = tiny(lines={"twice": "had * 2次", "had": PAID_SO_FAR}, tail=SECOND % "twice")
    assert paid(text, {"S": "500.00"}, S="100.00") == {"aid": 6_000, "second": 72_000}


def test_the_working_names_the_payment_and_why_nothing_remains():
    text = tiny(tail=SECOND % "max(0元, 1000元 - aid)")
    (working,) = explain([read(text)], facts(S="1000.00"))
    line = working.benefits[1].lines[-1]
    assert line.how == "1,000.00 元 − 本次的互助金 600.00 元"
    assert [(one.name, one.label, one.value) for one in line.inputs] == [("aid", "互助金", "600.00 元")]
    (working,) = explain([read(text)], facts(S="2000.00"))
    assert (
        working.benefits[1].zero.why
        == "计算的基数为 0：1,000.00 元 − 本次的互助金 1,200.00 元，不足 0 的按 0"
    )


def test_a_cap_over_several_benefits_is_filled_in_order_and_never_overrun():
    text = tiny(
        lines={"raw": "ratio(S, rate) + coalesce(x, 0元)", "used": "total(raw, period)"},
        parameters="cap: {label: 合计封顶, unit: money, clause: c1, values: {2020-01-01: 1000元}}",
        pays="min(ratio(S, rate), change(min(used, cap)))",
        tail=SECOND % "max(0元, change(min(used, cap)) - aid)",
    )
    assert paid(text, S="1000.00", x="300.00") == {"aid": 60_000, "second": 30_000}
    assert paid(text, {"S": "1000.00", "x": "300.00"}, S="1000.00", x="300.00") == {
        "aid": 10_000,
        "second": 0,
    }
    assert paid(text, {"S": "1000.00"}, S="500.00", x="300.00") == {"aid": 30_000, "second": 10_000}


@given(st.lists(st.tuples(st.integers(0, 200_000), st.integers(0, 200_000)), min_size=1, max_size=5))
def test_such_a_cap_pays_in_all_what_one_cap_over_the_sum_pays(claims):
    text = tiny(
        lines={"raw": "S + coalesce(x, 0元)", "used": "total(raw, period)"},
        parameters="cap: {label: 合计封顶, unit: money, clause: c1, values: {2020-01-01: 3000元}}",
        pays="min(S, change(min(used, cap)))",
        tail=SECOND % "max(0元, change(min(used, cap)) - aid)",
    )
    told = [{"S": f"{s // 100}.{s % 100:02d}", "x": f"{x // 100}.{x % 100:02d}"} for s, x in claims]
    in_all = sum(sum(paid(text, *told[:n], **told[n]).values()) for n in range(len(told)))
    assert in_all == min(sum(s + x for s, x in claims), 300_000)


def test_a_total_of_payments_may_stand_in_a_change():
    text = tiny(lines={"had": PAID_SO_FAR}, tail=SECOND % "change(ratio(had, 10%))")
    assert paid(text, {"S": "1000.00"}, S="1000.00") == {"aid": 60_000, "second": 6_000}


# ── refused ──


def test_a_benefit_cannot_read_itself_or_one_that_comes_after_it():
    text = tiny(pays="second", tail=SECOND % "1元")
    assert_refused(text, "pays: second", "“second”在这里还没有算出来", "写在它后面")
    text = tiny(pays="aid")
    assert_refused(text, "pays: aid", "“aid”在这里还没有算出来", "写在它后面")


def test_nor_a_line_that_waits_for_it():
    text = tiny(lines={"had": PAID_SO_FAR}, pays="had", tail=SECOND % "had")
    assert_refused(text, "pays: had", "“had”在这里还没有算出来", "写在它后面")


def test_a_change_does_not_read_what_this_event_alone_was_paid():
    text = tiny(tail=SECOND % "change(aid)")
    assert_refused(text, "change(aid)", "只属于这一次的值", "放进 total")


# ── one cap over several benefits ──

WHOLE = """\
caps:
  whole: {label: 合计封顶, clause: c1, key: period, most: cap, over: [second, aid]}
"""
CAP = "cap: {label: 封顶, unit: money, clause: c1, values: {2020-01-01: 1000元}}"


def capped(whole: str = WHOLE, pays: str = "coalesce(x, 0元)") -> str:
    return tiny(parameters=CAP, tail=SECOND % pays + whole)


def test_a_cap_over_several_benefits_is_filled_in_the_order_they_are_written():
    text = capped()
    assert paid(text, S="1000.00", x="300.00") == {"aid": 60_000, "second": 30_000}
    assert paid(text, S="1000.00", x="500.00") == {"aid": 60_000, "second": 40_000}
    assert paid(text, {"x": "900.00", "S": "0.00"}, S="1000.00", x="500.00") == {"aid": 10_000, "second": 0}


@given(st.lists(st.tuples(st.integers(0, 200_000), st.integers(0, 200_000)), min_size=1, max_size=5))
def test_in_all_it_pays_the_lesser_of_the_sum_and_the_cap(claims):
    text = tiny(pays="S", parameters=CAP, tail=SECOND % "coalesce(x, 0元)" + WHOLE)
    told = [{"S": f"{s // 100}.{s % 100:02d}", "x": f"{x // 100}.{x % 100:02d}"} for s, x in claims]
    in_all = sum(sum(paid(text, *told[:n], **told[n]).values()) for n in range(len(told)))
    assert in_all == min(sum(s + x for s, x in claims), 100_000)


def test_the_working_shows_what_is_left_under_the_cap_and_why_nothing_is():
    (working,) = explain([read(capped())], facts({"S": "2000.00"}, S="1000.00", x="5.00"))
    assert [line.label for line in working.benefits[0].lines] == ["互助金", "合计封顶"]
    assert working.benefits[0].lines[1].how == (
        "各项合计最多 1,000.00 元，以前已付 1,000.00 元，本次前面的项目已付 0.00 元，还可以付 0.00 元"
    )
    assert working.benefits[0].zero.why == "“合计封顶”已经用完"
    assert working.total_fen == 0


def test_a_cap_that_takes_nothing_away_is_not_shown():
    (working,) = explain([read(capped())], facts(S="1000.00", x="5.00"))
    assert [line.label for line in working.benefits[0].lines] == ["互助金"]


def test_a_benefit_that_reads_another_reads_it_before_the_cap():
    text = tiny(parameters=CAP, tail=SECOND % "aid" + WHOLE.replace("[second, aid]", "[aid]"))
    assert paid(text, S="9000.00") == {"aid": 100_000, "second": 540_000}


def test_a_cap_names_benefits_a_key_and_an_amount_of_the_scheme():
    for old, new, says in (
        ("[second, aid]", "[third]", "没有“third”这个项目"),
        ("key: period", "key: decade", "没有口径“decade”"),
        ("most: cap", "most: cape", "没有“cape”这个名称"),
        ("most: cap", "most: rate", "不能放在一起算"),
    ):
        text = capped(WHOLE.replace(old, new))
        assert_refused(text, "whole:", says, "")
    twice = WHOLE + "  again: {label: 又一个, clause: c1, key: period, most: cap, over: [aid]}\n"
    assert_refused(capped(twice), "again:", "已经在另一个合计封顶里", "只写在一个")


def test_a_cap_over_a_benefit_that_is_refused_is_not_a_second_fault():
    assert_refused(capped(pays="nothing"), "pays: 'nothing'", "没有“nothing”这个名称", "")
