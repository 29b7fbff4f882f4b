"""What a new edition says otherwise is told in words, with whom it touches; nothing is told where nothing differs."""

from huzhu.rules.differences import Difference, differences
from rules.builders import read, tiny

CAP = "cap: {label: 封顶, unit: money, clause: c1, values: {2020-01-01: 100元}}"


def told(now: str, old: str | None = None) -> dict[str, Difference]:
    return {one.what: one for one in differences(read(old or tiny()), read(now))}


def test_the_same_text_differs_in_nothing():
    assert told(tiny()) == {}


def test_a_figure_is_told_by_its_dates_with_who_claims_what_by_which_day():
    found = told(tiny(("{2020-01-01: 60%}", "{2020-01-01: 60%, 2022-01-01: 50%}")))
    assert list(found) == ["比例"]
    one = found["比例"]
    assert (one.before, one.now) == ("2020-01-01 起 60%", "2020-01-01 起 60%；2022-01-01 起 50%")
    assert one.whom == "申请“互助金”的人；按起日取值"


def test_a_condition_that_came_or_changed_is_told_with_those_it_speaks_of():
    women = tiny(when={"sex": 'sex == "female"'})
    one = told(women)["互助金，条件“标sex”"]
    assert (one.before, one.now) == ("（没有）", "性别，是 女")
    assert one.whom == "申请“互助金”的人（标sex）"
    men = tiny(when={"sex": 'sex == "male"'})
    assert told(men, women)["互助金，条件“标sex”"].now == "性别，是 男"


def test_another_way_of_reckoning_is_told_in_words():
    one = told(tiny(pays="min(S, 100元)"))["互助金，算法"]
    assert (one.before, one.now) == ("互助金 ＝ 自付 × 60%", "互助金 ＝ 取较小的：自付 与 100.00 元")


def test_a_benefit_that_came_or_went_is_told_once():
    more = tiny(tail="  second: {label: 第二项, clause: c1, plain: 再付一元, pays: 1元}\n")
    assert told(more)["保障项目：第二项"].now == "再付一元"
    assert told(tiny(), more)["保障项目：第二项"].now == "（没有）"


def test_clauses_dates_rounding_and_caps_are_told():
    cap = "caps: {whole: {label: 合计, clause: c1, key: period, most: cap, over: [aid]}}\n"
    now = tiny(
        ("按自付的比例给付", "按自付的比例再给付"),
        ("closes_on: 2030-01-01", "closes_on: 2031-01-01"),
        ("slug: tiny", "slug: tiny\nrounding: 舍去到元"),
        parameters=CAP,
        tail=cap,
    )
    found = told(now)
    assert found["条款：第一条"].now == "按自付的比例再给付"
    assert found["起止"].whom == "起日在这段时间内的人"
    assert (found["舍入"].before, found["舍入"].now) == ("四舍五入到分", "舍去到元")
    assert found["合计封顶：合计"].now == "互助金，封顶 100.00 元"


def test_readings_that_came_or_went_are_told():
    now = tiny(
        tail="default_variant: A\nvariants:\n  A: {label: 读法甲, text: 照写}\n  B: {label: 读法乙, text: 另写}\n"
    )
    one = told(now)["读法"]
    assert (one.before, one.now) == ("（没有）", "读法甲：照写；读法乙：另写")
