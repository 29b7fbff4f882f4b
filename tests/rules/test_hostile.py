"""Hostile scheme files and facts are refused in words, at once and cheaply; never with another exception."""

import json
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huzhu.rules.adjudicate import adjudicate, explain
from huzhu.rules.cases import read_cases, run_cases
from huzhu.rules.facts import FactsRefused, document_of
from huzhu.rules.problems import SchemeRefused
from huzhu.rules.reader import read_edition
from huzhu.rules.slip import slip
from huzhu.schemes.library import SHELF
from rules.builders import BENEFIT, HEAD, as_text, facts, on_the_shelf, problems_of, quickly, read, tiny
from rules.members import editions, liu


def said(text: str) -> str:
    with quickly(2):
        return "\n".join(map(str, problems_of(text)))


# ── schemes ──


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "最外层不是“键: 值”"),
        ("---\n", "最外层不是“键: 值”"),
        ("\n\n# 只有说明\n", "最外层不是“键: 值”"),
        ("- a\n- b\n", "最外层不是“键: 值”"),
        ("方案", "最外层不是“键: 值”"),
        ("{}", "没有写明格式"),
        ("\ufeff" + tiny(pays="nothing"), "没有“nothing”这个名称"),
        ("a: &x [1]\nb: *x\n", "tiny.yaml:1: 用了 YAML 的锚点或别名"),
        ("a: 1\nb: *x\n", "tiny.yaml:2: 用了 YAML 的锚点或别名"),
        ("a: !!python/object/apply:os.system [ls]\n", "用了 YAML 标签"),
        ("a: !!int 5\n", "用了 YAML 标签"),
        ("a: !secret 5\n", "用了 YAML 标签 !secret"),
        ("a: 1\n---\nb: 2\n", "tiny.yaml:3: 一个文件里有两份文档"),
        ("a: 1\na: 2\n", "tiny.yaml:2: “a”在同一层写了两次"),
        ("? [a, b]\n: 1\n", "键不是一个词"),
        ("{a: 1}: 2\n", "键不是一个词"),
        ("a: 1\n\tb: 2\n", "tiny.yaml:2: YAML 写法有误"),
        ("a: 'open\n", "YAML 写法有误"),
        ("a: b: c\n", "tiny.yaml:1: YAML 写法有误"),
        ("a: [1, 2\nb: 3\n", "YAML 写法有误"),
        ("a: \x07\n", "YAML 写法有误"),
        ("a: \x1b[31m\n", "YAML 写法有误"),
        ("a: \ud800\n", "YAML 写法有误"),
        ("a: \uffff\n", "YAML 写法有误"),
        ("[" * 100_000, "嵌套超过 24 层"),
        ("{" * 100_000, "嵌套超过 24 层"),
        ("- " * 100_000, "嵌套超过 24 层"),
        ("? " * 100_000, "嵌套超过 24 层"),
        ("a:" + "".join(f"\n{' ' * n}a:" for n in range(1, 400)), "嵌套超过 24 层"),
        ("a: [" + "b, " * 60_000 + "]\n", "内容超过 50,000 项"),
        ("a: " + "b" * 1_000_001, "个字符，太大"),
        ("&a " * 10_000, "用了 YAML 的锚点或别名"),
    ],
)
def test_yaml_outside_the_small_language_is_refused(text, says):
    assert says in said(text)


def test_a_thousand_laughs_are_refused_at_the_first():
    laughs = ["a0: &a0 [lol, lol]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)]
    assert "tiny.yaml:1: 用了 YAML 的锚点或别名" in said("\n".join(laughs))


def test_a_control_character_is_told_at_its_line():
    assert said("a: 1\nb: 2\nc: \x07\n").startswith("tiny.yaml:3: ")


@pytest.mark.parametrize("text", [tiny().replace("小方案", '"\\uD800"'), tiny().replace("小方案", '"a\\0b"')])
def test_characters_that_cannot_be_written_out_are_refused_however_they_are_spelt(text):
    assert said(text)


@pytest.mark.parametrize(
    ("pays", "says"),
    [
        ("S" + " + S" * 5_000, "算式太长"),
        ("S" + " + S" * 300, "算式太长"),
        ("(" * 100 + "S" + ")" * 100, "算式嵌套太深"),
        ("(" * 3_900, "算式嵌套太深"),
        ("S if " + "not " * 200 + "urgent else S", "算式嵌套太深"),
        ("S if urgent else " * 60 + "S", "算式嵌套太深"),
        ("min(S, " * 30 + "S" + ")" * 30, "算式嵌套太深"),
        ("min(" + "S, " * 50 + "S)", "min 有 51 个部分"),
        ("min(" + "S, " * 8 + "S)", "min 有 9 个部分"),
        ("bands(S, S, S)", "bands 有 3 个部分"),
        ("9" * 400, "不是数量"),
        ("9" * 400 + "元", "不是数量"),
        ("0." + "0" * 300 + "1%", "不是数量"),
        ("S * 10000000000万元", "不能放在一起算"),
        ("__import__('os')", "没有“__import__”这个算法"),
        ("S.__class__", "不认识的字符“.”"),
        ("S[0]", "不认识的字符“[”"),
        ("S @ S", "不认识的字符“@”"),
        ("S ** 9", "这里应是名称、数量或括号"),
        ("lambda", "没有“lambda”"),
        ("S;S", "不认识的字符“;”"),
        ("Ｓ", "不认识的字符“Ｓ”"),
        ("ѕ", "不认识的字符"),
    ],
)
def test_a_hostile_expression_is_refused(pays, says):
    assert says in said(tiny(pays=pays))


def test_the_longest_sum_that_is_allowed_can_be_read_and_explained():
    longest = "S" + " + S" * 148
    with quickly():
        (reasoning,) = explain([read(tiny(pays=longest))], facts(S="1.00"))
    assert reasoning.total == "149.00"


def chain(count: int, body: str) -> str:
    """Lines l0 … each made of the one or two before it."""
    lines = {"l0": "S", "l1": "S"}
    lines |= {f"l{n}": body.format(a=f"l{n - 1}", b=f"l{n - 2}") for n in range(2, count)}
    return tiny(lines=lines, pays=f"min({f'l{count - 1}'}, {f'l{count - 2}'})")


def test_lines_that_double_sixty_times_leave_64_bits_and_are_refused():
    assert "64 位" in said(chain(60, "{a} + {a}"))


def test_a_web_of_lines_is_read_and_paid_in_no_time():
    with quickly():
        (outcome,) = adjudicate([read(chain(200, "min({a}, {b})"))], facts(S="7.00"))
    assert outcome.total == 700


def test_a_web_of_lines_is_explained_in_no_time():
    edition = read(chain(28, "min({a}, {b})"))
    with quickly():
        assert explain([edition], facts(S="7.00"))[0].total == "7.00"


def test_a_web_of_lines_that_comes_to_nothing_says_why_in_no_time():
    total = "change(total(l26, life))"
    text = chain(27, "min({a}, {b})").replace("pays: min(l26, l25)", f"pays: {total}")
    edition = read(text)
    with quickly():
        assert explain([edition], facts(S="0.00"))[0].benefits[0].zero


def test_a_long_chain_of_lines_is_read_paid_and_explained():
    edition = read(chain(1_200, "max({a}, {b})"))
    (outcome,) = adjudicate([edition], facts(S="7.00"))
    assert outcome.total == 700
    with quickly(3):
        assert explain([edition], facts(S="7.00"))[0].total == "7.00"


def test_five_thousand_wrong_lines_are_told_in_no_time():
    lines = "".join(f"  l{n}: {{}}\n" for n in range(5_000))
    with quickly(3):
        assert len(problems_of(HEAD + "lines:\n" + lines + BENEFIT + "    pays: S\n")) >= 5_000


REAL = {
    path.relative_to(SHELF).as_posix(): path.read_text(encoding="utf-8")
    for path in [SHELF / "yichun-120" / "2021.yaml", SHELF / "harbin-80" / "2019.yaml"]
}
SPICE = [
    "\t",
    "\x00",
    "\ud800",
    "&a",
    "*a",
    "!!x",
    "---\n",
    "{",
    "}",
    "[",
    "]",
    ":",
    "- ",
    "'",
    '"',
    "removed",
    "9" * 30,
]
SPICE += [
    "extends: x",
    "%",
    "元",
    "not ",
    "none",
    "change(",
    "total(",
    "if ",
    "，",
    "０",
    "~",
    "|",
    ">",
    "#",
    "-1",
    "\\0",
]


def parent(name: str) -> tuple[str, str]:
    path = SHELF / f"{name}.yaml"
    if not name.startswith("common/") or not path.is_file():
        raise LookupError(f"没有 {name}")
    return path.read_text(encoding="utf-8"), f"{name}.yaml"


@st.composite
def spoilt(draw: st.DrawFn) -> str:
    """A real scheme with a few spans cut out, doubled, moved or spiced."""
    text = draw(st.sampled_from(list(REAL.values())))
    for _ in range(draw(st.integers(1, 3))):
        begin = draw(st.integers(0, len(text) - 1))
        end = min(len(text), begin + draw(st.integers(0, 3) | st.integers(0, 400)))
        kind = draw(st.integers(0, 4))
        new = [
            "",
            text[begin:end] * 2,
            draw(st.sampled_from(SPICE)),
            draw(st.text(max_size=4)),
            text[begin:end][::-1],
        ]
        text = text[:begin] + new[kind] + text[end:]
    return text


def read_or_refused(text: str) -> None:
    problems = []
    with quickly(5):  # of thousands of texts one may meet the garbage collector
        try:
            read_edition(text, "spoilt.yaml", parent)
        except SchemeRefused as refused:
            problems = refused.problems or [None]
    assert all(problem.place.line >= 1 and problem.remedy for problem in problems)


@given(spoilt())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_a_real_scheme_however_spoilt_is_read_or_refused(text):
    read_or_refused(text)


@pytest.mark.long
@given(spoilt())
@settings(max_examples=5_000, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_a_real_scheme_spoilt_very_many_times_is_read_or_refused(text):
    read_or_refused(text)


@given(
    st.text(
        st.characters() | st.sampled_from("()+-*<>=, 元%天次SxyratioifelsenotandorinisnoneQ0123456789"),
        max_size=60,
    )
)
@settings(max_examples=150)
def test_any_text_as_an_expression_is_read_or_refused(pays):
    quoted = json.dumps(pays.encode("utf-8", "ignore").decode(), ensure_ascii=True)
    with suppress(SchemeRefused):
        read(tiny(pays=quoted))


# ── worked examples ──


def test_a_hostile_number_in_an_example_is_a_problem_at_its_line():
    cases = (
        "format: huzhu-cases/1\ncases:\n- name: 大数\n  claims:\n  - event: {stay: "
        + "9" * 5_000
        + "}\n    pays: {aid: 0.00}\n"
    )
    edition = read(tiny(pays="stay * 1元"))
    found = list(run_cases(edition, read_cases(cases, "cases.yaml")))
    assert {problem.place.line for problem in found} == {5}


def test_wide_digits_in_an_example_are_a_problem_too():
    cases = "format: huzhu-cases/1\ncases:\n- name: 全角\n  claims:\n  - event: {stay: １２}\n    pays: {aid: 12.00}\n"
    found = list(run_cases(read(tiny(pays="stay * 1元")), read_cases(cases, "cases.yaml")))
    assert any("住院天数" in problem.what for problem in found)


# ── names of files ──


@pytest.mark.parametrize(
    "name", ['"a\\0b"', '"\\uD800"', "x" * 5_000, "../" * 50 + "etc/passwd", "/etc/passwd", "."]
)
def test_a_hostile_parent_is_refused(name, tmp_path):
    from huzhu.schemes.library import Library  # noqa: PLC0415

    file = tmp_path / "shelf" / "mine" / "1.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(tiny(("extends: shelf", f"extends: {name}")), encoding="utf-8")
    with pytest.raises(SchemeRefused, match=r"找不到要继承的|不能显示的字符"):
        Library(tmp_path / "shelf").read(file)


def test_the_builders_shelf_refuses_what_it_does_not_have():
    with pytest.raises(LookupError):
        on_the_shelf("nothing")


def test_a_slip_of_a_real_scheme_holds_only_what_a_terminal_can_print():
    text = slip(explain([editions()["yichun-120 A"]], liu()))
    assert all(letter == "\n" or letter.isprintable() for letter in text)
    assert as_text(text).encode()


def test_facts_and_schemes_are_refused_by_errors_of_their_own():
    assert issubclass(SchemeRefused, ValueError)
    assert issubclass(FactsRefused, ValueError)
    assert document_of("{}") == {}
