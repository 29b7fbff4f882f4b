"""The shape of a scheme file: what is misspelt, left out or out of place is told at its line, with the way out."""

import pytest

from rules.builders import FILE, SHELF, assert_refused, line_of, problems_of, read, tiny

RATE = "rate: {label: 比例, unit: rate, clause: c1, values: {2020-01-01: 60%}}"
BANDS = "bands: {label: 分段, unit: rate, shape: bands, clause: c1, values: {2020-01-01: [{to: 10元, rate: 5%}, {rate: 7%}]}}"
TABLE = (
    "aids: {label: 定额, unit: money, shape: table, clause: c1, values: {2020-01-01: {three: 3元, two: 2元}}}"
)
LIST = "ills: {label: 目录, unit: icd, shape: list, clause: c1, values: {2020-01-01: [C00-C97]}}"
VARIANTS = """\
default_variant: A
variants:
  A: {label: 读法甲, text: 照写}
  B:
    label: 读法乙
    text: 一半
    overlay:
      parameters: {rate: {values: {2020-01-01: 50%}}}
"""
FACT = "facts: {event: {z: {label: 丁数, unit: money, most: 10元}}}\n"


@pytest.mark.parametrize(
    ("old", "new", "near", "says", "remedy"),
    [
        # ── keys and words ──
        ("slug: tiny\n", "slug: tiny\nslug: tiny2\n", "slug: tiny2", "“slug”在同一层写了两次", "另一处在第 2 行"),
        ("slug: tiny\n", "slug: tiny\nslugs: tiny\n", "slugs: tiny", "方案里没有“slugs”这一项", "是不是 slug？"),
        ("slug: tiny\n", "slug: tiny\nzzz: 1\n", "zzz: 1", "方案里没有“zzz”这一项", "删去它；可写："),
        ("slug: tiny\n", "slug: tiny\nyes: 1\n", "yes: 1", "方案里没有“yes”这一项", "可写："),
        ("slug: tiny\n", "slug: tiny\n2020-01-01: 一\n", "2020-01-01: 一", "没有“2020-01-01”", "可写："),
        ("slug: tiny", "slug: ''", "slug:", "slug 后面要有文字", "写成 slug: …"),
        ("slug: tiny", "slug: [tiny]", "slug:", "slug 后面要有文字", "写成 slug: …"),
        ("order: [day, claim_no]", "order: day", "order:", "方案的 order 要一列文字", "写成 order: [甲, 乙]"),
        ("order: [day, claim_no]", "order: [[day], claim_no]", "order:", "方案的 order 要一列文字", "写成 order:"),
        ("about: {share: \"{rate}\"}", "about: 六成", "about:", "about下面要写“键: 值”", "检查缩进"),
        # ── clauses ──
        (", source: 试验", "", "c1: {", "c1 缺 source", "补一行 source: …"),
        ("text: 按自付", "txt: 按自付", "c1: {", "c1 缺 text", "补一行 text: …"),
        (", source: 试验", ", source: 试验, sources: 又", "c1: {", "没有“sources”这一项", "是不是 source？"),
        ("    clause: c1\n", "    clause: c9\n", "clause: c9", "没有条款“c9”", "写出条款原文和出处"),
        # ── benefits ──
        ("    label: 互助金\n", "", "  aid:", "aid 缺 label", "补一行 label: …"),
        ("    label: 互助金\n", "    lable: 互助金\n", "  aid:", "aid 缺 label", "补一行 label: …"),
        ("    pays: ratio(S, rate)\n", "", "  aid:", "aid 缺 pays", "补一行 pays: …"),
        ("    label: 互助金\n", "    label: 互助金\n    limit: 9元\n", "limit:", "没有“limit”这一项", "可写："),
        ("  aid:\n", "  if:\n", "  if:", "“if”不能作名称", "不用 if、and 等保留词"),
        ("  aid:\n", "  S:\n", "  S:", "名称“S”已经用过", "各用一个名称"),
        # ── dates of the edition ──
        ("opens_on: 2020-01-01", "opens_on: 2020-02-30", "opens_on:", "“2020-02-30”不是日期", "日期写成 2022-01-28"),
        ("opens_on: 2020-01-01", "opens_on: 2020-1-1", "opens_on:", "“2020-1-1”不是日期", "日期写成 2022-01-28"),
        ("opens_on: 2020-01-01", "opens_on: 20200101", "opens_on:", "“20200101”不是日期", "日期写成 2022-01-28"),
        ("opens_on: 2020-01-01", "opens_on: ２０２０-01-01", "opens_on:", "不是日期", "日期写成 2022-01-28"),
        ("slug: tiny", "slug: tiny\nrounding: 四舍五入", "rounding:", "rounding 不能是“四舍五入”", "四舍五入到分"),
        # ── parameters ──
        ("unit: rate, ", "", "rate: {", "rate 缺 unit", "补一行 unit: …"),
        (
            "parameters:\n",
            "parameters:\n  S: {label: 又一, unit: rate, clause: c1, values: {2020-01-01: 1%}}\n",
            "  S: {",
            "名称“S”已经用过",
            "各用一个名称",
        ),
        ("unit: rate", "unit: rates", "rate: {", "unit 不能是“rates”", "可写：money、rate"),
        ("unit: rate", "unit: rate, shape: tables", "rate: {", "shape 不能是“tables”", "可写：one、bands"),
        (", values: {2020-01-01: 60%}", "", "rate: {", "rate 缺 values", "补上 values:"),
        ("values: {2020-01-01: 60%}", "values: {}", "rate: {", "日期没有从早到晚排", "先写最早生效的日期"),
        ("{2020-01-01: 60%}", "{2020-01-02: 60%, 2020-01-01: 50%}", "rate: {", "没有从早到晚排", "先写最早"),
        ("{2020-01-01: 60%}", "{2020-13-01: 60%}", "rate: {", "“2020-13-01”不是日期", "日期写成"),
        ("{2020-01-01: 60%}", "{true: 60%}", "rate: {", "“true”不是日期", "日期写成"),
        ("2020-01-01: 60%", "2020-01-01: [60%]", "rate: {", "参数值要写成一个值", "写成 500元、60% 这样"),
        ("2020-01-01: 60%", "2020-01-01: 60", "rate: {", "“60”是个数，这里要比例", "比例写成 60% 或 12.5%"),
        ("2020-01-01: 60%", "2020-01-01: 0.6", "rate: {", "“0.6”不是整数个最小单位", "比例写成 60% 或 12.5%"),
        ("2020-01-01: 60%", "2020-01-01: 3/5", "rate: {", "“3/5”不是数量", "比例写成"),
        ("2020-01-01: 60%", "2020-01-01: 6e1%", "rate: {", "“6e1%”不是数量", "比例写成"),
        ("2020-01-01: 60%", "2020-01-01: 60％", "rate: {", "“60％”不是数量", "比例写成"),
        ("2020-01-01: 60%", "2020-01-01: ６０%", "rate: {", "“６０%”不是数量", "比例写成"),
        ("2020-01-01: 60%", "2020-01-01: 60元", "rate: {", "“60元”是金额，这里要比例", "比例写成"),
        ("2020-01-01: 60%", "2020-01-01: 0.00000000001%", "rate: {", "小数太多", "比例写成"),
        ("2020-01-01: 60%", "2020-01-01: 99999999999999999999%", "rate: {", "太大", "64 位整数以内"),
        ("clause: c1, values", "demonstration: 甲, assumed: 乙, clause: c1, values", "rate: {", "同时标了两种说明", "只写一个"),
        ("unit: rate, clause", "unit: rate, unti: 1, clause", "rate: {", "没有“unti”这一项", "是不是 unit？"),
    ],
)  # fmt: skip
def test_what_is_out_of_shape_is_refused_at_its_line(old, new, near, says, remedy):
    assert_refused(tiny((old, new)), near, says, remedy)
    assert read(tiny())


@pytest.mark.parametrize(
    ("sound", "uses", "old", "new", "says", "remedy"),
    [
        (BANDS, "bands(S, bands)", "unit: rate", "unit: money", "分段表要 unit: rate", "最后一段不写 to"),
        (BANDS, "bands(S, bands)", "[{to: 10元, rate: 5%}, {rate: 7%}]", "[]", "值是一列分段", "最后一段不写 to"),
        (BANDS, "bands(S, bands)", "[{to: 10元, rate: 5%}, {rate: 7%}]", "7%", "值是一列分段", "写成 - {to:"),
        (BANDS, "bands(S, bands)", "{rate: 7%}", "{to: 10元, rate: 7%}", "上限没有从小到大排", "比上一段大"),
        (BANDS, "bands(S, bands)", "to: 10元, rate: 5%", "rate: 5%", "分段缺 to", "补一行 to: …"),
        (BANDS, "bands(S, bands)", "{rate: 7%}", "{to: 20元}", "分段缺 rate", "补一行 rate: …"),
        (BANDS, "bands(S, bands)", "rate: 5%", "rate: -5%", "分段里有负数", "比例不小于 0"),
        (BANDS, "bands(S, bands)", "to: 10元", "to: 0元", "分段里有负数", "上限大于 0"),
        (BANDS, "bands(S, bands)", "{rate: 7%}", "{rate: 7%, form: 1元}", "分段里没有“form”这一项", "可写：rate"),
        (BANDS, "bands(S, bands)", "to: 10元", "to: 10", "“10”是个数，这里要金额", "金额写成 500元"),
        (TABLE, "coalesce(lookup(aids, grade), 0元)", "unit: money", "unit: icd", "表的值不能是疾病编码", "{代码: 500元"),
        (TABLE, "coalesce(lookup(aids, grade), 0元)", "{three: 3元, two: 2元}", "{}", "或表是空的", "{代码: 500元"),
        (TABLE, "coalesce(lookup(aids, grade), 0元)", "{three: 3元, two: 2元}", "3元", "或表是空的", "{代码: 500元"),
        (TABLE, "coalesce(lookup(aids, grade), 0元)", "two: 2元", "two: 2天", "“2天”是天数，这里要金额", "金额写成"),
        (LIST, "S if ill in ills else 0元", "unit: icd", "unit: money", "目录里不能是金额", "unit 写 icd 或 code"),
        (LIST, "S if ill in ills else 0元", "[C00-C97]", "[]", "或目录是空的", "[C00-C97, D45]"),
        (LIST, "S if ill in ills else 0元", "[C00-C97]", "C00-C97", "或目录是空的", "[C00-C97, D45]"),
        (LIST, "S if ill in ills else 0元", "[C00-C97]", "[[C00]]", "目录的一项要写成一个值", "写成"),
        (LIST, "S if ill in ills else 0元", "C00-C97", "C97-C00", "不是疾病编码范围", "疾病编码写成 C50"),
        (LIST, "S if ill in ills else 0元", "C00-C97", "C00-D97", "同一字母", "疾病编码写成 C50"),
        (LIST, "S if ill in ills else 0元", "C00-C97", "cancer", "“cancer”不是疾病编码", "疾病编码写成 C50"),
    ],
)  # fmt: skip
def test_a_table_out_of_shape_is_refused_at_its_line(sound, uses, old, new, says, remedy):
    text = tiny(pays=uses, parameters=sound)
    assert read(text)
    wrong = text.replace(sound, sound.replace(old, new))
    assert_refused(wrong, sound.split(":")[0] + ": {label", says, remedy)


@pytest.mark.parametrize(
    ("old", "new", "says", "remedy"),
    [
        ("label: 丁数, ", "", "z 缺 label", "补一行 label: …"),
        ("unit: money, ", "", "z 缺 unit", "补一行 unit: …"),
        (", most: 10元", "", "z 缺 most", "补一行 most: …"),
        ("most: 10元", "most: 10", "“10”是个数，这里要金额", "金额写成 500元"),
        ("most: 10元", "most: 99999999999999999元", "太大", "64 位整数以内"),
        ("most: 10元", "most: 10元, missing: yes", "missing 不能是“yes”", "可写：true、false"),
        ("most: 10元", "most: 10元, unique: 1", "unique 不能是“1”", "可写：true、false"),
        ("most: 10元", "most: 10元, maximum: 9元", "没有“maximum”这一项", "可写："),
        ("unit: money, most: 10元", "unit: code, codes: [a, b]", "codes 下面要写“键: 值”", "检查缩进"),
        ("unit: money, most: 10元", "unit: rate, most: 33.33333%", "most 不能是“33.33333%”", "上下限写整数个单位"),
        ("z: {", "z z: {", "“z z”不能作名称", "字母开头"),
        ("z: {", "丁: {", "“丁”不能作名称", "小写英文字母"),
        ("z: {", "S: {label: 又, ", "“label”在同一层写了两次", "删去一处"),
        ("z: {", "none: {", "“none”不能作名称", "保留词"),
        ("event: {", "events: {", "facts里没有“events”这一项", "是不是 event？"),
        ("{label: 丁数, unit: money, most: 10元}", "丁数", "z 下面要写“键: 值”", "检查缩进"),
    ],
)  # fmt: skip
def test_a_fact_out_of_shape_is_refused_at_its_line(old, new, says, remedy):
    text = tiny(pays="S + z", tail=FACT)
    assert read(text)
    wrong = text.replace(FACT, FACT.replace(old, new)).replace("S + z", "S")
    assert_refused(wrong, "facts: ", says, remedy)


def test_the_most_of_a_fact_may_not_be_below_its_least():
    wrong = tiny(pays="S + z", tail=FACT.replace("most: 10元", "least: 20元, most: 10元"))
    assert any("most 小于 least" in problem.what for problem in problems_of(wrong))


@pytest.mark.parametrize(
    ("key", "says", "remedy"),
    [
        (
            "{label: 年, by: [starts], at_most: 9次}",
            "口径 year 用的“starts”不是已声明的事实",
            "只写 facts 里的名称",
        ),
        ("{label: 年, by: [starts_on], at_most: 0次}", "口径 year 的 at_most 要大于 0", "例如 100次"),
        ("{label: 年, by: [starts_on]}", "year 缺 at_most", "补一行 at_most: …"),
        ("{label: 年, by: starts_on, at_most: 9次}", "year 的 by 要一列文字", "写成 by: [甲, 乙]"),
        ("{by: [starts_on], at_most: 9次}", "year 缺 label", "补一行 label: …"),
        ("{label: 年, by: [starts_on], at_most: 9天}", "“9天”是天数，这里要个数", "个数写成整数"),
    ],
)
def test_a_key_out_of_shape_is_refused_at_its_line(key, says, remedy):
    assert_refused(tiny(tail=f"keys: {{year: {key}}}\n"), "keys: ", says, remedy)
    assert read(tiny(tail="keys: {year: {label: 年, by: [starts_on], at_most: 9次}}\n"))


def test_a_file_that_does_not_say_its_format_is_refused():
    (problem,) = problems_of(tiny(("format: huzhu-scheme/1", "format: huzhu-scheme/2")))
    assert "文件没有写明格式" in problem.what
    assert problem.remedy == "第一行写 format: huzhu-scheme/1"


def test_a_file_without_benefits_is_refused():
    text = tiny()
    (problem,) = problems_of(text[: text.index("benefits:")])
    assert "方案没有任何保障项目" in problem.what
    assert "在 benefits 下至少写一项" in problem.remedy


def test_a_file_that_only_lends_its_parts_is_refused():
    (problem,) = problems_of(tiny(("slug: tiny", "slug: tiny\nabstract: true")))
    assert "只供别的方案继承" in problem.what
    assert "检查继承它的方案文件" in problem.remedy


# ── extends ──


def test_a_parent_that_is_not_there_is_refused_with_the_shelfs_advice():
    assert_refused(
        tiny(("extends: shelf", "extends: shelve")), "extends:", "找不到要继承的“shelve”", "没有 shelve"
    )


def test_what_a_scheme_extends_is_one_name():
    assert_refused(
        tiny(("extends: shelf", "extends: [shelf]")), "extends:", "extends 后面要一个名称", "写成 extends:"
    )


def test_a_scheme_that_extends_itself_is_refused():
    (problem,) = problems_of(
        tiny(("extends: shelf", "extends: a")), more={"a": "extends: b\n", "b": "\nextends: a\n"}
    )
    assert "层数太多或绕成了圈" in problem.what
    assert "最多 5 层" in problem.remedy
    assert problem.place.file in {"a.yaml", "b.yaml"}


def test_five_floors_of_parents_are_allowed():
    more = {f"p{n}": f"extends: p{n + 1}\n" for n in range(4)} | {"p4": SHELF}
    assert read(tiny(("extends: shelf", "extends: p0")), more=more)


def test_a_problem_in_a_parent_is_told_in_the_parents_file():
    spoilt = SHELF.replace("label: 自付, unit: money", "label: 自付, unit: monye")
    problems = problems_of(tiny(), more={"shelf": spoilt})
    assert ("shelf.yaml", line_of(spoilt, "monye")) in {(p.place.file, p.place.line) for p in problems}


def test_what_is_removed_must_be_there():
    text = tiny(tail="facts: {event: {note: removed}}\n")
    assert read(text)
    assert_refused(text.replace("note: r", "nota: r"), "nota: ", "要去掉的“nota”本来就没有", "删去这一行")


# ── variants ──


def test_a_scheme_is_read_in_its_default_variant_or_in_the_one_named():
    text = tiny(tail=VARIANTS)
    assert (read(text).variant.name, read(text, "B").variant.name) == ("A", "B")


def test_a_variant_that_is_not_there_is_a_lookup_error_that_lists_the_others():
    with pytest.raises(LookupError, match="没有读法“Z”，可选：A、B"):
        read(tiny(tail=VARIANTS), "Z")
    with pytest.raises(LookupError, match="这个方案没有读法可选"):
        read(tiny(), "A")


@pytest.mark.parametrize(
    ("old", "new", "near", "says", "remedy"),
    [
        ("default_variant: A\n", "", "  A: {", "没有说默认用哪一个", "加一行 default_variant: A"),
        ("default_variant: A", "default_variant: C", "  A: {", "没有说默认用哪一个", "default_variant: A"),
        ("label: 读法甲, ", "", "  A: {", "A 缺 label", "补一行 label: …"),
        (", text: 照写", "", "  A: {", "A 缺 text", "补一行 text: …"),
        ("text: 照写", "text: 照写, overlay: 无", "  A: {", "overlay 下面要写“键: 值”", "照方案本身的层次写"),
        ("text: 照写", "text: 照写, overlays: {}", "  A: {", "没有“overlays”这一项", "是不是 overlay？"),
        (
            "text: 照写",
            "text: 照写, overlay: {lines: removed}",
            "  A: {",
            "要去掉的“lines”本来就没有",
            "删去",
        ),
        ("{label: 读法甲, text: 照写}", "甲", "  A: 甲", "A 下面要写“键: 值”", "检查缩进"),
    ],
)
def test_a_variant_out_of_shape_is_refused_at_its_line(old, new, near, says, remedy):
    assert_refused(tiny((old, new), tail=VARIANTS), near, says, remedy)


@pytest.mark.parametrize(
    "overlay", ["{variants: removed}", "{variants: {A: removed}}", "{slug: other}", "{extends: x}"]
)
def test_a_variant_may_not_change_what_the_scheme_is(overlay):
    (problem,) = problems_of(tiny(("text: 照写", f"text: 照写, overlay: {overlay}"), tail=VARIANTS))
    assert f"读法不能改 {overlay[1:].split(':')[0]}" in problem.what
    assert problem.remedy


def test_a_default_without_variants_is_refused():
    assert problems_of(tiny(tail="default_variant: A\n"))


def test_every_unknown_key_is_told_in_order_of_the_file():
    text = tiny(tail="zz: 1\nyy: 2\n")
    assert [problem.place.line for problem in problems_of(text)] == [line_of(text, "zz"), line_of(text, "yy")]


def test_variants_that_are_no_mapping_are_refused():
    assert_refused(tiny(tail="variants: [A, B]\n"), "variants:", "variants 下面要写“键: 值”", "检查缩进")


def test_a_scheme_needs_no_parameters_at_all():
    text = tiny(("  rate: {label: 比例, unit: rate, clause: c1, values: {2020-01-01: 60%}}\n", ""), pays="S")
    for old, new in (('"{rate}"', "全额"), ("自付的{rate}", "全额"), ("parameters:\n", "")):
        text = text.replace(old, new)
    assert read(text).parameters == {}


def test_every_place_names_file_line_and_column():
    (problem,) = problems_of(tiny(pays="S + nothing"))
    place = problem.place
    assert (place.file, place.column) == (FILE, len("    pays: S + ") + 1)
