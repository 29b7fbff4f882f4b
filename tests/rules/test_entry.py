"""Who may join: the same language, proofs, reasoning and words as what is paid."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huzhu.rules import entry
from huzhu.rules.edition import Edition
from huzhu.rules.facts import FactsRefused
from huzhu.rules.slip import entry_slip
from huzhu.rules.units import Type, Unit, rounded
from huzhu.schemes.library import SHELF, Library
from rules import builders
from rules.builders import SHELF as TINY_SHELF
from rules.builders import tiny

DAY = date(2022, 1, 28)
LIBRARY = Library(SHELF)
FACTS = """\
  entrant:
    first_day: {label: 起日, unit: date}
    age: {label: 周岁, unit: count, most: 150岁}
    way: {label: 方式, unit: code, codes: {group: 随单位, individual: 个人}}
    held: {label: 已保障到, unit: date, missing: true}
  roster:
    joining: {label: 参加人数, unit: count, most: 1000000人}
    staff: {label: 职工数, unit: count, most: 1000000人, missing: true}
    joining_share: {label: 参加比例, unit: rate, most: 10000%, missing: true}
"""
MORE = {"shelf": TINY_SHELF.replace("keys:\n", FACTS + "keys:\n", 1)}
PARAMETERS = """\
fee: {label: 会费, unit: money, clause: c1, values: {2020-01-01: 50元}}
allowed: {label: 开放的方式, unit: code, shape: list, clause: c1, values: {2020-01-01: [group]}}
months: {label: 保障期（月）, unit: count, clause: c1, values: {2020-01-01: "12"}}
least_age: {label: 最小年龄, unit: count, clause: c1, values: {2020-01-01: 16岁, 2023-01-01: 18岁}}
"""
ENTRY = """\
entry:
  version_by: first_day
  terms: {ways: allowed, fee: fee, months: months}
  when:
    way: {label: 开放, clause: c1, is: way in allowed}
    grown: {label: 够年龄, clause: c1, is: age >= least_age, advice: 核对号码}
    once: {label: 没有重复, clause: c1, is: not held >= first_day}
  roster:
    share: {label: 八成, clause: c1, level: warn, is: joining_share >= 80%}
    some: {label: 有人, clause: c1, is: joining >= 1人}
"""
PERSON = {"first_day": "2022-01-28", "age": 30, "way": "group"}


def scheme(*swaps: tuple[str, str]) -> str:
    return tiny(*swaps, parameters=PARAMETERS, tail=ENTRY)


def read(text: str) -> Edition:
    return builders.read(text, more=MORE)


def judged(text: str | None = None, **told: object) -> entry.Admission:
    edition = read(text or scheme())
    document = {"format": entry.FORMAT, "entrant": {**PERSON, **told}}
    return entry.admission(edition, entry.read_person(edition, document))


def lacking(**told: object) -> list[str]:
    edition = read(scheme())
    document = {"format": entry.FORMAT, "entrant": {"first_day": "2022-01-28"}, "roster": told}
    return [one.name for one in entry.findings(edition, entry.read_roster(edition, document))]


# ── decided, and why ──


def test_who_holds_every_condition_joins():
    found = judged()
    assert (found.joins, found.failed, found.zero, found.sentence) == (True, "", None, "")
    assert [asked.holds for asked in found.conditions] == [True, True, True]


def test_the_first_condition_that_fails_is_told_with_what_would_change_it_and_its_clause():
    found = judged(age=15, held="2022-06-01")
    assert (found.joins, found.failed, found.clause) == (False, "grown", "第一条")
    assert found.sentence == (
        "不符合“够年龄”：周岁 15 小于 最小年龄 16。若周岁不小于 16，本条即符合。核对号码（第一条）"
    )
    assert [asked.holds for asked in found.conditions] == [True, False, None]


def test_the_clause_told_is_that_of_the_condition_that_failed():
    text = scheme(
        ("clauses:\n", "clauses:\n  c2: {label: 第二条, text: 年满十六, source: 试验}\n"),
        ("够年龄, clause: c1", "够年龄, clause: c2"),
    )
    assert judged(text, age=15).clause == "第二条"


def test_figures_are_picked_by_the_first_day_of_cover():
    assert judged(age=17).joins
    assert not judged(age=17, first_day="2023-01-01").joins


def test_the_sixteenth_birthday_may_be_the_first_day():
    assert judged(age=None, born_on="2006-01-28").joins
    assert judged(age=None, born_on="2006-01-29").failed == "grown"


def test_a_warning_hides_no_refusal():
    assert lacking(joining=0, staff=11) == ["share", "some"]
    assert lacking(joining=9, staff=11) == []


@pytest.mark.parametrize(("joining", "staff", "enough"), [(8, 10, True), (8, 11, False), (9, 11, True)])
def test_eighty_percent_is_exact(joining, staff, enough):
    assert (lacking(joining=joining, staff=staff) == []) is enough


@given(st.integers(0, 1_000_000), st.integers(1, 1_000_000))
def test_a_share_below_a_limit_never_reaches_it(joining, staff):
    assert (entry.share_of(joining, staff) >= 800_000) == (joining * 100 >= staff * 80)


def test_a_head_count_nobody_proved_is_told_as_missing():
    assert lacking(joining=9, staff=None) == ["share"]


@given(
    st.fixed_dictionaries(
        {
            "first_day": st.sampled_from([DAY.toordinal(), date(2023, 1, 1).toordinal()]),
            "age": st.integers(0, 150),
            "way": st.sampled_from(["group", "individual"]),
            "held": st.none() | st.integers(DAY.toordinal() - 2, DAY.toordinal() + 2),
        }
    )
)
def test_the_bare_decision_and_the_reasoned_one_agree(row):
    edition = read(scheme())
    assert entry.admits(edition, row) is entry.admission(edition, row).joins


# ── facts ──


def test_bad_facts_are_named():
    with pytest.raises(FactsRefused) as caught:
        judged(age="三十", shoe=42)
    assert {problem.path for problem in caught.value.problems} == {"entrant.age", "entrant.shoe"}
    with pytest.raises(FactsRefused, match="没有写明格式"):
        entry.read_person(read(scheme()), {"entrant": PERSON})
    with pytest.raises(FactsRefused, match="不在本版次之内"):
        judged(first_day="2031-01-01")
    with pytest.raises(FactsRefused):
        entry.read_person(read(scheme()), [])
    with pytest.raises(FactsRefused):
        judged(born_on="昨天")


def test_an_edition_without_the_section_says_so():
    with pytest.raises(entry.HasNoEntry, match="没有写谁可以参加"):
        entry.door(read(tiny()))


# ── proofs ──


@pytest.mark.parametrize(
    ("old", "new", "near", "says", "remedy"),
    [
        ("age >= least_age", "age >= 30天", "够年龄", "个数和天数不能放在一起算", "同类才能"),
        ("age >= least_age", "age >= leest_age", "够年龄", "没有“leest_age”", "是不是 least_age？"),
        ("age >= least_age", "S > 0元", "够年龄", "没有“S”", ""),
        ("age >= least_age", "shares >= 1份", "够年龄", "没有“shares”", ""),
        ("age >= least_age", '"total(1次, life) >= 1次"', "够年龄", "口径", ""),
        ("age >= least_age", "age >= 151岁 or age >= least_age + 200岁", "够年龄", "永远不成立", "上下限"),
        (
            "age >= least_age",
            "held + 1天 > first_day or age > least_age",
            "够年龄",
            "可能未填",
            "is not none",
        ),
        ("joining >= 1人", "age >= least_age", "有人", "没有“age”", ""),
        ("level: warn", "level: hint", "level: hint", "level 不能是“hint”", "must、warn"),
        ("way: {label: 开放, clause: c1", "way: {label: 开放, clause: c9", "c9", "没有条款“c9”", ""),
        ("fee: fee, months", "fee: months, months", "fee: months", "不是 unit: money", "parameters"),
        ("{ways: allowed, fee: fee, months: months}", "{fee: fee}", "terms:", "缺 ways、months", "月数"),
        ("months: months}", "months: months, mouths: months}", "terms:", "没有“mouths”", "months"),
        (
            "version_by: first_day",
            "version_by: held",
            "version_by: held",
            "不是参加时必填的日期",
            "starts_on",
        ),
        ('"12"', '"0"', '"0"', "要在 1 到 120 之间", "检查"),
        (
            "  when:\n    way",
            "  late: group\n  when:\n    way",
            "entry:",
            "却没有说晚多少天还收",
            "late_window",
        ),
        ("  when:\n    way", "  wenn:\n    way", "wenn", "没有“wenn”这一项", "when"),
    ],
)
def test_what_cannot_be_proved_is_refused_at_its_line(old, new, near, says, remedy):
    problems = builders.problems_of(scheme((old, new)), more=MORE)
    assert any(says in problem.what and remedy in problem.remedy for problem in problems), problems


def test_what_only_entry_uses_is_used():
    builders.assert_refused(
        scheme((", is: age >= least_age, advice: 核对号码", ", is: age >= 16岁")),
        "least_age:",
        "参数“least_age”没有被用到",
        "删去",
        more=MORE,
    )


def test_no_benefit_reads_what_is_asked_at_the_door():
    text = tiny(pays="ratio(S, rate) if age > 16岁 else 0元", parameters=PARAMETERS, tail=ENTRY)
    assert any("没有“age”这个名称" in problem.what for problem in builders.problems_of(text, more=MORE))


def test_claims_are_not_asked_for_what_entry_reads():
    assert not {"age", "way", "first_day"} & set(read(scheme()).columns)


def test_the_section_is_part_of_the_identity():
    changed = scheme(("joining_share >= 80%", "joining_share >= 75%"))
    assert read(scheme()).identity != read(changed).identity


# ── in words ──


def test_the_section_is_said_without_anybodys_values():
    said = {condition.name: words for condition, words in entry.in_words(read(scheme()), DAY.toordinal())}
    assert said == {
        "way": "方式 在开放的方式内",
        "grown": "周岁 不小于 最小年龄 16",
        "once": "已保障到 早于 起日",
        "share": "参加比例 不小于 80%",
        "some": "参加人数 不小于 1",
    }
    assert ("会费", "50.00 元") in list(entry.terms_in_words(read(scheme()), DAY.toordinal()))
    assert entry.ways_in_words(read(scheme()), DAY.toordinal()) == ["随单位"]


def test_the_slip_shows_every_condition_and_why_not():
    text = entry_slip(judged(age=15))
    assert "√ 开放" in text
    assert "× 够年龄" in text
    assert "· 没有重复" in text
    assert "不能参加" in text
    assert "怎样会改变：若周岁不小于 16" in text


def test_json_of_a_decision_tells_it_all():
    body = entry.as_json(judged(age=15))
    assert (body["format"], body["joins"], body["zero"]["why"][:4]) == (entry.FORMAT, False, "不符合“")


# ── the shelf ──


@pytest.mark.parametrize("slug", LIBRARY.folders())
def test_every_scheme_has_at_least_five_examples_of_joining(slug):
    cases = LIBRARY.cases(LIBRARY.find(slug))
    assert sum(hasattr(case, "joins") for case in cases) >= 5


def test_individuals_have_a_way_in_by_the_demonstration_only():
    day = date(2022, 12, 1).toordinal()
    open_to = {slug: entry.ways(LIBRARY.edition(slug), day) for slug in LIBRARY.slugs()}
    assert {slug for slug, ways in open_to.items() if "individual" in ways} == {"yichun-flex"}
    assert entry.fee_fen(LIBRARY.edition("yichun-flex"), "individual", day) == 14_000
    assert entry.fee_fen(LIBRARY.edition("yichun-flex"), "platform", day) == 12_000


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (727_272, "72.73%"),
        (514_772, "51.48%"),
        (512_345, "51.23%"),
        (500_000, "50%"),
        (799_996, "79.9996%"),  # 80.00% would deny what the sentence says
    ],
)
def test_a_rate_is_shown_with_two_decimals_half_up_and_never_as_the_limit_it_misses(value, said):
    assert rounded(value, Type(Unit.RATE, scale=6)) == said
