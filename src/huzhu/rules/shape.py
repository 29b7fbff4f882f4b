"""The shape of a scheme file for editors: a JSON Schema made of the reader's own words, with help in Chinese.

A test holds every list of keys against what the reader itself accepts, so that the two cannot part.
"""

from collections.abc import Mapping
from typing import Any

from huzhu.rules.declarations import SHAPES
from huzhu.rules.edition import ENTRY_GROUPS, GROUPS
from huzhu.rules.overlay import REMOVED
from huzhu.rules.parser import CALLS
from huzhu.rules.reader import FORMAT, LATE, ROUNDINGS, TERMS
from huzhu.rules.units import NAMES, how_to_write

CAUTION_HELP = {
    "demonstration": "演示值：没有公布，为演示编的；写明没有公布什么",
    "assumed": "假定：条款没有写明，按这样处理；写明假定了什么",
    "unpublished": "未公布：只知道有这一项，数字没有公布",
}
CLAUSE = {
    "label": "条款叫什么，印在算账单上",
    "text": "条款原文，一字不改；只有要点的照抄要点",
    "source": "出处：文件名、年份、段落",
}
FACT = {
    "label": "这个事实叫什么",
    "unit": "单位：" + "、".join(f"{unit.value} {name}" for unit, name in NAMES.items()),
    "least": "最小值，不写是 0",
    "most": "最大值；金额、比例、个数、天数必须写，用来证明不会溢出",
    "missing": "true 表示可能没有填；用它以前要先问 is not none 或用 coalesce",
    "codes": "代码表 {代码: 中文}，unit: code 用；按轻重排的从轻到重",
    "unique": "true 表示不会重复，用在 order 的最后一项",
    "help": "给填的人看的一句话",
}
PARAMETER = {
    "label": "这个数字叫什么",
    "unit": FACT["unit"],
    "shape": "one 一个值（默认）、bands 分段比例、table 按代码查、list 目录",
    "codes": "目录里代码的中文，shape: list 且 unit: code 时用",
    "clause": "凭哪一条条款，写 clauses 里的名称",
    "values": "{起用日: 值}，从早到晚；第一个不晚于 opens_on",
    **CAUTION_HELP,
}
KEY = {
    "label": "累计的口径叫什么，例如 本保障期",
    "by": "按哪些事实分开累计，例如 [cover_starts_on]；[] 是一个人一生",
    "at_most": "这个口径内最多可能有几件，用来证明不会溢出",
}
LINE = {"label": "这一行叫什么，印在算账单上", "clause": PARAMETER["clause"], "is": "算式"}
CHECK = {"label": "数字之间应有的关系", "is": "条件；不成立时算账单上提醒"}
CONDITION = {
    "label": "条件叫什么",
    "clause": PARAMETER["clause"],
    "is": "条件；后面的条件和算式可以相信它，累计只数通过它的事件",
    "advice": "不符合时另外告诉申请人的一句话",
}
ROSTER = {**CONDITION, "level": "must 不符合就不收这份名册（默认），warn 只提醒"}
BENEFIT = {
    "label": "保障项目叫什么",
    "clause": PARAMETER["clause"],
    "plain": "给职工看的一句话；{参数名} 会填上数字",
    "when": "条件，按先后",
    "lines": "本项目自己的中间各行",
    "pays": "给付的算式，得金额，不为负",
    **CAUTION_HELP,
}
CAP = {
    "label": "合计封顶叫什么",
    "clause": PARAMETER["clause"],
    "over": "封哪几个项目，例如 [inpatient, critical]；先写的项目先用",
    "key": "按哪个口径累计，写 keys 里的名称",
    "most": "最多多少：一个金额的参数",
}
ENTRY = {
    "version_by": "参加时参数按哪一天取，写 starts_on",
    "one_of": "同一类的方案一个人只能参加一个，写类的名称，例如 住院",
    "late": "中途参加：" + "；".join(f"{name} {words}" for name, words in LATE.items()),
    "terms": "条件以外的约定：哪个参数是会费、月数等；可写 " + "、".join(TERMS),
    "when": "个人要符合的条件，按先后",
    "roster": "名册整体要符合的条件，各自独立",
}
VARIANT = {"label": "读法叫什么", "text": "怎样读", "overlay": "要改的几项，照方案本身的层次写"}
TOP = {
    "format": f"第一行，{FORMAT}",
    "slug": "方案的名称：小写字母、数字和连字符，和文件夹同名",
    "edition": "版次，和文件同名，例如 2024",
    "title": "方案全称",
    "extends": "继承哪个文件，例如 common/wide；只写不同的地方，不要的写 removed",
    "abstract": "true 表示只供别的方案继承",
    "about": "给人看的介绍：short 简称、office、fee、fee_note、term、joins、already_ill、source；gallery 写地名的是外地方案，不在本办事处办理",
    "opens_on": "版次起日，这一天起的人用这一版",
    "closes_on": "版次止日（不含）",
    "version_by": "参数按哪一天取，例如 cover_starts_on",
    "order": "同一个人的几件事怎样排先后，最后一项是唯一的编号",
    "rounding": "舍入：" + "、".join(ROUNDINGS) + "；不写是四舍五入到分",
    **CAUTION_HELP,
    "clauses": "条款原文和出处；每个数字、条件、算式都指到一条",
    "facts": "事实：person 本人、cover 保障期、event 这件事；entrant、roster 只在参加时用",
    "parameters": "数字：金额、比例、天数、目录……各有起用日",
    "keys": "累计的口径",
    "lines": "几个项目共用的中间各行；数每一件事，不管是否给付",
    "checks": "数字之间应有的关系，不成立只提醒",
    "benefits": "保障项目，按书写的先后算；后面的可以用前面的给付",
    "caps": "几个项目合计的封顶",
    "entry": "谁可以参加",
    "default_variant": "默认用哪一种读法",
    "variants": "条款的几种读法，或同一方案的几个档次",
}
LEVELS: Mapping[str, Mapping[str, str]] = {
    "clauses": CLAUSE,
    "parameters": PARAMETER,
    "keys": KEY,
    "lines": LINE,
    "checks": CHECK,
    "benefits": BENEFIT,
    "caps": CAP,
    "variants": VARIANT,
}
_CHOICES: Mapping[str, list[str]] = {
    "unit": [unit.value for unit in NAMES],
    "shape": list(SHAPES),
    "missing": ["true", "false"],
    "unique": ["true", "false"],
    "abstract": ["true", "false"],
    "rounding": list(ROUNDINGS),
    "late": list(LATE),
    "level": ["must", "warn"],
    "format": [FORMAT],
}
_LISTS = frozenset({"by", "over", "order"})
_MAPPINGS = frozenset({"codes", "values", "terms", "overlay", "about"})
_EXPRESSIONS = frozenset({"is", "pays"})
_LANGUAGE = "算法：+ - * 、" + "、".join(CALLS) + "、甲 if 条件 else 乙、and or not、比较、in、is none"


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a scheme file; required keys are left to the reader, which sees what is inherited."""
    top = _object(TOP)
    for name, keys in LEVELS.items():
        top["properties"][name] = _named(keys, TOP[name])
    top["properties"]["facts"] = {
        "description": TOP["facts"],
        "type": "object",
        "properties": {group: _named(FACT, group) for group in (*GROUPS, *ENTRY_GROUPS)},
        "additionalProperties": False,
    }
    entry = _object(ENTRY)
    entry["properties"] |= {
        "when": _named(CONDITION, ENTRY["when"]),
        "roster": _named(ROSTER, ENTRY["roster"]),
    }
    entry["properties"]["terms"] = _object({name: f"{name}：参数的名称" for name in TERMS})
    benefit = top["properties"]["benefits"]["additionalProperties"]["anyOf"][1]
    benefit["properties"] |= {
        "when": _named(CONDITION, BENEFIT["when"]),
        "lines": _named(LINE, BENEFIT["lines"]),
    }
    top["properties"]["entry"] = _or_removed({"description": TOP["entry"], **entry})
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "互助保障方案文件"}
    return {**head, **top, "required": ["format"], "$comment": _units()}


def _object(keys: Mapping[str, str]) -> dict[str, Any]:
    properties = {name: _property(name, words) for name, words in keys.items()}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _named(keys: Mapping[str, str], words: str) -> dict[str, Any]:
    """A mapping of names to objects of one kind; any of them may be taken away."""
    return {"description": words, "type": "object", "additionalProperties": _or_removed(_object(keys))}


def _or_removed(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [{"const": REMOVED}, schema]}


def _property(name: str, words: str) -> dict[str, Any]:
    if name in _CHOICES:
        return {
            "description": words,
            "enum": [*_CHOICES[name], *({"true": [True, False]}.get(_CHOICES[name][0], [])), REMOVED],
        }
    if name in _LISTS:
        return {"description": words, "type": "array", "items": {"type": "string"}}
    if name in _MAPPINGS:
        return {"description": words, "type": "object"}
    if name in _EXPRESSIONS:
        return {"description": f"{words}。{_LANGUAGE}", "type": ["string", "number"]}
    return {"description": words, "type": ["string", "number"]}


def _units() -> str:
    return "；".join(f"{unit.value}（{name}）：{how_to_write(unit)}" for unit, name in NAMES.items())


# what each word of an expression means: an example, and one sentence
WORDS: Mapping[str, tuple[str, str]] = {
    "+": ("S + own1", "相加；同类才能加；日期 + 天数 得日期"),
    "-": ("diagnosed_on - covered_since_on + 1天", "相减；日期 − 日期 得天数，− 天数 得日期"),
    "*": ("40元 * stay_days", "金额乘比例、个数、天数得金额；比例乘个数得比例；天数乘个数得天数"),
    "min": ("min(S, limit)", "取最小的，2 到 8 个"),
    "max": ("max(0元, S - 300元)", "取最大的，2 到 8 个；防止变成负数"),
    "ratio": ("ratio(S, 60%)", "金额乘比例，保留全部小数，不舍入"),
    "bands": ("bands(S, tiers)", "分段累进：每一段的金额乘这一段的比例，相加；没有写到的段要写 0%"),
    "lookup": ("lookup(aids, hospital_grade)", "按代码查表；表要写齐每个代码；代码没填，结果也是没填"),
    "coalesce": ("coalesce(psn_part_amt, 0元)", "没填就用后面的；一定有的值不能用"),
    "total": (
        "total(S, period)",
        "同一个人、同一口径内，到这一件为止（含这一件）的累计；total(1次, period) 是第几次",
    ),
    "change": (
        "change(min(used, cap))",
        "这一件以后的数减去这一件以前的数；里面只写累计、参数、本人和保障期的事实；先对总数舍入再相减",
    ),
    "if": ("100元 if S > 0元 else 0元", "符合用前面的，否则用后面的；可以接着写 else 乙 if … else 丙"),
    "and": ("a and b", "并且；a 不成立时不看 b，b 可以相信 a 已成立"),
    "or": ("a or b", "或者；a 成立时不看 b"),
    "not": ("not a", "不"),
    "in": ("diagnosis in critical_list", "在目录里；没填是不在"),
    "==": ('sex == "female"', "等于；代码加双引号。没填的和什么比都不成立，它的 not 成立"),
    "!=": ('insured != "no"', "不等于；有一边没填，也不成立"),
    "<": ("admitted_on < cover_ends_on", "小于；日期早于"),
    "<=": ("total(1次, period) <= 2次", "不大于"),
    ">": ("S > 0元", "大于；日期晚于"),
    ">=": ("admitted_on >= cover_starts_on", "不小于"),
    "is none": ("died_on is none", "没有填"),
    "is not none": ("hifp_pay is not none", "填了；写在条件里，后面就可以用它"),
    "项目名": (
        "max(0元, 1000元 - inpatient)",
        "写在前面的项目本次给付多少（已舍入，条件不符是 0）；可以放进 total",
    ),
}
