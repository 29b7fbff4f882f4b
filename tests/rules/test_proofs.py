"""What cannot be proved of an expression or of an edition is refused, at its line and with a remedy that works."""

import pytest
from rules.builders import FILE, assert_refused, line_of, problems_of, read, tiny

TABLES = """\
bands: {label: 分段, unit: rate, shape: bands, clause: c1, values: {2020-01-01: [{to: 1000元, rate: 50%}, {rate: 70%}]}}
aids: {label: 定额, unit: money, shape: table, clause: c1, values: {2020-01-01: {three: 300元, two: 220元}}}
ills: {label: 目录, unit: icd, shape: list, clause: c1, values: {2020-01-01: [C00-C97, D45]}}"""
USES_TABLES = {
    "uses": "bands(S, bands) + coalesce(lookup(aids, grade), 0元) if ill in ills else 0元",
}


def case(name: str, wrong: str, says: str, remedy: str, right: str):
    return pytest.param(wrong, says, remedy, right, id=name.replace(" ", "_"))


PAYMENTS = [
    # ── a value that may be missing ──
    case("sum", "x + 1元", "运算用到的值可能未填", "先问 “x” is not none，或写 coalesce(x, 0元)", "coalesce(x, 0元) + 1元"),
    case("ratio", "ratio(x, rate)", "运算用到的值可能未填", "coalesce(x, 0元)", "ratio(coalesce(x, 0元), rate)"),
    case("min", "min(S, x)", "运算用到的值可能未填", "coalesce(x, 0元)", "min(S, x) if x is not none else S"),
    case("bare", "x", "给付用到的值可能未填", "coalesce(x, 0元)", "coalesce(x, 0元)"),
    case("if branch", "x if urgent else S", "给付用到的值可能未填", "先问 它 is not none", "coalesce(x, 0元) if urgent else S"),
    case("fallback", "coalesce(x, y)", "补的值用到的值可能未填", "“y” is not none", "coalesce(x, coalesce(y, 0元))"),
    case("total", "S if total(x, life) > 1元 else 1元", "运算用到的值可能未填", "coalesce(x, 0元)", "S if total(coalesce(x, 0元), life) > 1元 else 1元"),
    # ── units ──
    case("money and days", "S + 3天", "金额和天数不能放在一起算（+）", "金额乘比例得金额", "S + 3天 * 10元"),
    case("two dates", "S if day + day > day else 1元", "日期和日期不能放在一起算", "日期加天数得日期", "S if day + 3天 > day else 1元"),
    case("days and date", "S if 3天 + day > day else 1元", "天数和日期不能放在一起算", "日期加天数", "S if day - ends_on > 3天 else 1元"),
    case("money times money", "S * S", "金额和金额不能放在一起算（*）", "金额乘比例得金额", "S * 2次"),
    case("least", "min(S, 3次)", "金额和个数不能放在一起算（min）", "同类才能加减比较", "min(S, 3元)"),
    case("greatest", "max(S, 50%)", "金额和比例不能放在一起算（max）", "同类才能加减比较", "max(S, 50元)"),
    case("difference", "max(0元, S - 1次)", "金额和个数不能放在一起算（-）", "同类", "max(0元, S - 1元)"),
    case("comparison", "S if stay > S else 1元", "天数和金额不能放在一起算（>）", "同类", "S if stay > 3天 else 1元"),
    case("branches", "S if urgent else 1次", "金额和个数不能放在一起算（if）", "同类", "S if urgent else 1元"),
    case("branches of words", "S if (level if urgent else place) == place else 1元", "", "", "S if level == \"city\" else 1元"),
    case("flag and date", "S if (urgent if urgent else day) == day else 1元", "是否和日期不能放在一起算（if）", "同类", "S if urgent else 1元"),
    case("coalesce units", "coalesce(x, 0天)", "金额和天数不能放在一起算（coalesce）", "同类", "coalesce(x, 0元)"),
    case("coalesce words", "S if coalesce(seen_on, urgent) == day else 1元", "日期和是否不能放在一起算（coalesce）", "同类", "S if coalesce(seen_on, day) == day else 1元"),
    case("code in a sum", "S + level", "代码不能参加运算", "运算只用金额、比例、个数、天数和日期", "S + 1元"),
    case("flag in a sum", "S + urgent", "是否不能参加运算", "运算只用金额", "S + (1元 if urgent else 0元)"),
    case("ratio by a count", "ratio(S, 2次)", "ratio 的第二部分要比例", "写成 ratio(金额, 60%)", "ratio(S, 200%)"),
    case("ratio turned round", "ratio(rate, S)", "ratio 的第二部分要比例", "写成 ratio(金额, 60%)", "ratio(S, rate)"),
    # ── payments ──
    case("days are no payment", "stay", "给付要是金额，这里是天数", "次数和天数要乘每次、每天的金额", "stay * 40元"),
    case("negative payment", "S - 1元", "给付可能为负数", "写成 max(0元, …)", "max(0元, S - 1元)"),
    # ── bounds ──
    case("overflow", "S * 100000次 * 100000次 * 1000000次", "结果可能超出 64 位整数", "给事实写更小的 most", "S * 100000次"),
    case("overflow of a literal", "99999999999999999元", "结果可能超出 64 位整数", "更小的 most", "99999元"),
    case("too many decimals", "ratio(ratio(S, 0.0000000001%), 0.1%)", "连乘后要保留 15 位小数，太多", "最多 12 位", "ratio(ratio(S, 1%), 0.1%)"),
    # ── running totals ──
    case("unknown key", "change(total(S, year))", "total 的第二部分不是已声明的口径“year”", "可写：period、life", "change(total(S, period))"),
    case("key is no name", "change(total(S, 1次))", "total 的第二部分不是已声明的口径", "可写：period、life", "change(total(S, life))"),
    case("negative total", "change(total(debt, period))", "累计的值可能为负", "写成 max(0元, …)，累计只加不减", "change(total(max(0元, debt), period))"),
    case("total of dates", "S if total(day, life) == day else 1元", "累计的值可能为负", "累计只加不减", "S if total(1次, life) == 1次 else 1元"),
    case("total of a change", "change(total(change(total(S, life)), life))", "累计里面又用了 change(…)", "再对总数用 change", "change(total(S, life))"),
    case("change of a count", "change(total(1次, life)) * 1元", "change 只用于金额，这里是个数", "对次数用 total(…) 直接比较", "change(total(1次, life) * 1元)"),
    case("change reads the event", "change(min(total(S, life), S))", "change(…) 里读了只属于这一次的值，“之前”没有定义", "把它放进 total(…) 里", "change(min(total(S, life), shares * 1元))"),
    case("change that falls", "change(max(0元, 5元 - total(S, life)))", "累计增加时这个算式可能变小", "只用 min、max、加法、乘非负比例和 bands", "change(max(0元, total(S, life) - 5元))"),
    case("change that wavers", "change(max(0元, total(S, life) - total(S, period)))", "累计增加时这个算式可能变小", "只用 min", "change(total(S, life) + total(S, period))"),
    case("change that jumps", "change(5元 if total(S, life) > 5元 else 9元)", "累计增加时这个算式可能变小", "只用 min", "change(min(9元, total(S, life)))"),
    case("change of a negative", "change(total(S, life) * (0% - rate))", "累计增加时这个算式可能变小", "乘非负比例", "change(total(S, life) * rate)"),
    case("change of a change", "change(change(total(S, life)))", "change(…) 里读了只属于这一次的值", "放进 total(…)", "change(total(S, life))"),
    case("change may be missing", "change(total(S, life) + x)", "运算用到的值可能未填", "coalesce(x, 0元)", "change(total(S, life) + 1元)"),
    case("rounded twice", "ratio(change(total(S, life)), rate)", "change(…) 已经舍入到分，再乘比例会舍入两次", "把比例写进 change(…) 里面", "change(ratio(total(S, life), rate))"),
    # ── tables ──
    case("table in a sum", "S + aids", "“aids”是一张表，不能直接参加运算", "用 bands(…)、lookup(…) 或 in", "S + coalesce(lookup(aids, grade), 0元)"),
    case("wrong shape", "bands(S, aids)", "“aids”是 table，这里要 bands", "换一个参数或改它的 shape", "bands(S, bands)"),
    case("single value as a table", "bands(S, rate)", "这里要一个 shape: bands 的参数", "在 parameters 里声明它", "bands(S, bands)"),
    case("sum as a table", "bands(S, 1元 + 1元)", "这里要一个 shape: bands 的参数", "这里只写名称", "bands(S, bands)"),
    case("misspelt table", "bands(S, bandz)", "没有“bandz”这个名称", "是不是 bands？", "bands(S, bands)"),
    case("bands of days", "bands(stay, bands)", "分段的基数要非负的金额", "写成 max(0元, …)", "bands(stay * 1元, bands)"),
    case("bands below zero", "bands(debt, bands)", "分段的基数要非负的金额", "写成 max(0元, …)", "bands(max(0元, debt), bands)"),
    case("lookup by text", "lookup(aids, place)", "查表要用有代码表的代码", "换成一个 unit: code 的事实", "coalesce(lookup(aids, grade), 0元)"),
    case("lookup by money", "lookup(aids, S)", "查表要用有代码表的代码", "unit: code", "coalesce(lookup(aids, grade), 0元)"),
    case("list of another kind", "S if level in ills else 1元", "代码不能在疾病编码的目录里找", "两边要同一种代码", "S if ill in ills else 1元"),
    # ── conditions ──
    case("money as a condition", "S if S else 1元", "这里要一个条件，却是金额", "写成比较，例如 S > 0元", "S if S > 0元 else 1元"),
    case("condition may be missing", "S if hardship else 1元", "条件本身可能未填", "写成 coalesce(名称, …)", "S if coalesce(hardship, false) else 1元"),
    case("order of codes", "S if level > \"city\" else 1元", "代码没有大小之分", "只用 == 或 !=", "S if level != \"city\" else 1元"),
    case("order of flags", "S if urgent >= true else 1元", "是否没有大小之分", "只用 == 或 !=", "S if urgent == true else 1元"),
    case("unknown code", "S if level == \"town\" else 1元", "代码“town”不在代码表中", "可写：province、city", "S if level == \"city\" else 1元"),
    case("unknown code first", "S if \"town\" != level else 1元", "代码“town”不在代码表中", "可写：province、city", "S if \"city\" != level else 1元"),
    case("asked in vain", "S if S is none else 1元", "问的这个值到这里一定有，不必再问", "删去这个条件", "S if x is none else 1元"),
    case("filled in vain", "coalesce(S, 1元)", "这个值到这里一定有，不必用 coalesce", "直接写名称", "coalesce(x, 1元)"),
    # ── names ──
    case("misspelt name", "ratio(S, rat)", "没有“rat”这个名称", "是不是 rate？", "ratio(S, rate)"),
    case("unknown name", "ratio(S, percentage)", "没有“percentage”这个名称", "在 facts、parameters 或 lines 里先声明它", "ratio(S, rate)"),
    # ── literals ──
    case("half a fen", "500.005元", "“500.005元”不是整数个最小单位", "改写这个数量", "500.01元"),
    case("half a time", "S * 1.5次", "“1.5次”不是整数个最小单位", "改写这个数量", "S * 2次"),
    case("a fraction", "S * 1/3", "算式里有不认识的字符“/”", "+ - * < > =", "ratio(S, 33.33%)"),
    case("wide digits", "min(S, ５００元)", "算式里有不认识的字符“５”", "（半角）", "min(S, 500元)"),
    case("wide brackets", "min（S, 500元）", "算式里有不认识的字符“（”", "（半角）", "min(S, 500元)"),
    case("letters as a number", "min(S, 1e5元)", "这里应是“)”，却看到“e5”", "检查括号", "min(S, 10万元)"),
    case("percent without its sign", "ratio(S, 60)", "ratio 的第二部分要比例", "写成 ratio(金额, 60%)", "ratio(S, 60%)"),
    # ── grammar ──
    case("unclosed", "min(S, 1元", "这里应是“)”，却没有下文", "检查括号、逗号和运算符", "min(S, 1元)"),
    case("too much", "S S", "算式到这里应已结束，却看到“S”", "检查括号", "S"),
    case("too little", "S +", "这里应是名称、数量或括号，却没有下文", "检查括号", "S + 1元"),
    case("keyword as a name", "S + if", "这里应是名称、数量或括号，却看到“if”", "检查括号", "S + 1元"),
    case("if without else", "S if urgent", "这里应是“else”，却没有下文", "if 要配 else", "S if urgent else 1元"),
    case("is what", "S if x is 1元 else 1元", "这里应是“none”，却看到“1元”", "检查括号", "S if x is none else 1元"),
    case("division", "S // 2次", "算式里有不认识的字符“/”", "半角", "ratio(S, 50%)"),
    case("unknown call", "floor(S)", "没有“floor”这个算法", "可用：min、max、ratio", "min(S, 1元)"),
    case("call of a name", "S(1元)", "没有“S”这个算法", "可用：min", "S * 1次"),
    case("one part too few", "min(S)", "min 有 1 个部分，应有 2 到 8 个", "检查逗号", "min(S, 1元)"),
    case("one part too many", "ratio(S, rate, rate)", "ratio 有 3 个部分，应有 2 个", "检查逗号", "ratio(ratio(S, rate), rate)"),
]
PAYMENTS = [row for row in PAYMENTS if row.values[1]]


@pytest.mark.parametrize(("wrong", "says", "remedy", "right"), PAYMENTS)
def test_a_payment_that_cannot_be_proved_is_refused_and_its_mended_form_passes(wrong, says, remedy, right):
    assert_refused(tiny(pays=wrong, lines=USES_TABLES, checks=USED, parameters=TABLES), "pays:", says, remedy)
    assert read(tiny(pays=right, lines=USES_TABLES, checks=USED, parameters=TABLES))


USED = {"all_used": "uses >= 0元"}
