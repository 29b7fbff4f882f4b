"""What a scheme file declares before it calculates: clauses, facts, parameters with their dates, keys, variants."""

import re

from huzhu.rules.edition import Caution, Clause, Dated, FactDef, Key, ParameterDef, Variant
from huzhu.rules.fields import Fields
from huzhu.rules.problems import Place, refuse
from huzhu.rules.units import (
    INT64,
    NAMES,
    NUMBERS,
    Codes,
    NotAValue,
    Type,
    Unit,
    Value,
    how_to_write,
    icd_list,
    value_of,
)
from huzhu.rules.yamltext import Mapping, Node, Scalar, Sequence

CAUTIONS = {"demonstration": "演示值", "assumed": "假定", "unpublished": "未公布"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}", re.ASCII)
_RESERVED = frozenset({"if", "else", "and", "or", "not", "in", "is", "none", "true", "false"})
RATE_SCALE = 6  # digits a rate among the facts keeps: 0.0001 %
_FIRST_DAY, _LAST_DAY = "1900-01-01", "2199-12-31"


def declare(name: str, place: Place, taken: set[str]) -> None:
    """Adds a new name; raises SchemeRefused where it cannot be used or is taken."""
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise refuse(
            place, f"“{name}”不能作名称", "用小写英文字母、数字和下划线，字母开头，不用 if、and 等保留词"
        )
    if name in taken:
        raise refuse(place, f"名称“{name}”已经用过", "每个事实、参数、行各用一个名称")
    taken.add(name)


def clause(name: str, fields: Fields) -> Clause:
    made = Clause(
        name, fields.text("label", name), _joined(fields.text("text")), fields.text("source"), fields.place
    )
    fields.done()
    return made


def _joined(text: str) -> str:
    """Chinese text as it reads: a line break of the file leaves no space between two Chinese letters."""
    return re.sub(r"(?<=[^ -~]) (?=[^ -~])", "", text.strip())


def variant(name: str, fields: Fields) -> Variant:
    made = Variant(name, fields.text("label"), fields.text("text"))
    fields.at("overlay")
    fields.done()
    return made


def caution(fields: Fields) -> Caution | None:
    """The mark on a value that is not the office's published word."""
    marks = [Caution(kind, fields.text(key)) for key, kind in CAUTIONS.items() if fields.at(key) is not None]
    if len(marks) > 1:
        raise refuse(
            fields.place, f"{fields.what}同时标了两种说明", "demonstration、assumed、unpublished 只写一个"
        )
    return marks[0] if marks else None


def fact(name: str, group: str, fields: Fields) -> FactDef:
    unit = _unit(fields)
    kind = Type(
        unit,
        *_bounds(fields, unit),
        scale=RATE_SCALE if unit is Unit.RATE else 0,
        missing=fields.one_of("missing", ["true", "false"], "false") == "true",
        codes=_codes(fields),
    )
    unique = fields.one_of("unique", ["true", "false"], "false") == "true"
    made = FactDef(name, group, fields.text("label"), kind, unique, fields.text("help", ""), fields.place)
    fields.done()
    return made


def _unit(fields: Fields) -> Unit:
    return Unit(fields.one_of("unit", [unit.value for unit in Unit], ""))


def _codes(fields: Fields) -> Codes:
    if (node := fields.at("codes")) is None:
        return ()
    codes = Fields(node, f"{fields.what}的 codes ")
    return tuple((code, codes.text(code)) for code in codes.node.items)


def _bounds(fields: Fields, unit: Unit) -> tuple[int, int]:
    if unit is Unit.DATE:
        return _quantity(fields, unit, "least", _FIRST_DAY), _quantity(fields, unit, "most", _LAST_DAY)
    if unit not in NUMBERS:
        return 0, 0
    least, most = _quantity(fields, unit, "least", ""), _quantity(fields, unit, "most", None)
    if most < least:
        raise refuse(fields.place, f"{fields.what}的 most 小于 least", "检查上下限")
    return least, most


def _quantity(fields: Fields, unit: Unit, key: str, default: str | None) -> int:
    if default == "" and fields.at(key) is None:
        return 0
    text = fields.text(key, default)
    value, scale = _value(fields.place, unit, text)
    kept = RATE_SCALE if unit is Unit.RATE else 0
    if scale > kept:
        raise refuse(fields.place, f"{key} 不能是“{text}”", "上下限写整数个单位")
    return int(value * 10 ** (kept - scale))


def _value(place: Place, unit: Unit, text: str, codes: Codes = ()) -> tuple[Value, int]:
    try:
        value, scale = value_of(unit, text, codes)
    except NotAValue as error:
        raise refuse(place, str(error), how_to_write(unit)) from None
    if isinstance(value, int) and abs(value) > INT64:
        raise refuse(place, f"“{text}”太大", "写一个 64 位整数以内的数量")
    return value, scale


def key(name: str, fields: Fields, facts: dict[str, FactDef]) -> Key:
    by = fields.texts("by")
    for scalar in by:
        if scalar.text not in facts:
            raise refuse(
                scalar.place, f"口径 {name} 用的“{scalar.text}”不是已声明的事实", "只写 facts 里的名称"
            )
    at_most = _quantity(fields, Unit.COUNT, "at_most", None)
    if at_most < 1:
        raise refuse(
            fields.place, f"口径 {name} 的 at_most 要大于 0", "写这个口径内最多可能有几件，例如 100次"
        )
    made = Key(name, fields.text("label"), tuple(scalar.text for scalar in by), at_most)
    fields.done()
    return made


# --- parameters ---


def parameter(name: str, fields: Fields) -> ParameterDef:
    """A dated value of shape one, bands, table or list, every dated value at one common scale."""
    unit = _unit(fields)
    shape = fields.one_of("shape", ["one", "bands", "table", "list"], "one")
    codes = _codes(fields)
    dated = Fields(_required(fields, "values"), f"{fields.what}的 values ")
    read = [(_day(dated, text), *SHAPES[shape](node, unit, codes)) for text, node in dated.node.items.items()]
    if not read or read != sorted(read, key=lambda item: item[0]):
        raise refuse(dated.place, f"{fields.what}的日期没有从早到晚排", "先写最早生效的日期")
    scale = max(found for _, _, found in read)
    values = tuple((day, _at_scale(value, scale - found)) for day, value, found in read)
    numbers = (
        [number for _, value in values for number in _numbers(value)]
        if unit in NUMBERS | {Unit.DATE}
        else [0]
    )
    kind = Type(unit, min(numbers), max(numbers), scale, codes=codes)
    made = ParameterDef(
        name, fields.text("label"), shape, kind, fields.text("clause"), values, caution(fields), fields.place
    )
    fields.done()
    return made


def _required(fields: Fields, key: str) -> Node:
    if (node := fields.at(key)) is None:
        raise refuse(fields.place, f"{fields.what}缺 {key}", f"补上 {key}:")
    return node


def _day(dated: Fields, text: str) -> int:
    return int(_value(dated.node.keys[text], Unit.DATE, text)[0])


Read = tuple[Dated, int]


def _text(node: Node, what: str) -> Scalar:
    if not isinstance(node, Scalar):
        raise refuse(node.place, f"{what}要写成一个值", "写成 500元、60% 这样")
    return node


def _one(node: Node, unit: Unit, codes: Codes) -> Read:
    scalar = _text(node, "参数值")
    return _value(scalar.place, unit, scalar.text, codes)


def _bands(node: Node, unit: Unit, _: Codes) -> Read:
    if unit is not Unit.RATE or not isinstance(node, Sequence) or not node.items:
        raise refuse(
            node.place, "分段表要 unit: rate，值是一列分段", "写成 - {to: 1000元, rate: 20%}，最后一段不写 to"
        )
    read = [_band(Fields(item, "分段"), last=item is node.items[-1]) for item in node.items]
    tops = [top for top, _, _ in read if top is not None]
    if tops != sorted(set(tops)):
        raise refuse(node.place, "分段的上限没有从小到大排", "每一段的 to 都要比上一段大")
    scale = max(found for _, _, found in read)
    return tuple((top, rate * 10 ** (scale - found)) for top, rate, found in read), scale


def _band(fields: Fields, *, last: bool) -> tuple[int | None, int, int]:
    top = None
    if not last or fields.at("to") is not None:
        scalar = fields.scalar("to")
        top = int(_value(scalar.place, Unit.MONEY, scalar.text)[0])
    scalar = fields.scalar("rate")
    rate, scale = _value(scalar.place, Unit.RATE, scalar.text)
    fields.done()
    if int(rate) < 0 or (top is not None and top <= 0):
        raise refuse(fields.place, "分段里有负数", "上限大于 0，比例不小于 0")
    return top, int(rate), scale


def _table(node: Node, unit: Unit, _: Codes) -> Read:
    if unit not in NUMBERS or not isinstance(node, Mapping) or not node.items:
        raise refuse(node.place, f"表的值不能是{NAMES[unit]}，或表是空的", "写成 {代码: 500元, …}")
    read = {code: _one(value, unit, ()) for code, value in node.items.items()}
    scale = max(found for _, found in read.values())
    return {code: int(str(value)) * 10 ** (scale - found) for code, (value, found) in read.items()}, scale


def _list(node: Node, unit: Unit, _: Codes) -> Read:
    if unit not in {Unit.ICD, Unit.CODE} or not isinstance(node, Sequence) or not node.items:
        raise refuse(
            node.place,
            f"目录里不能是{NAMES[unit]}，或目录是空的",
            "unit 写 icd 或 code，值写成 [C00-C97, D45]",
        )
    texts = [_text(item, "目录的一项") for item in node.items]
    if unit is Unit.CODE:
        return frozenset(text.text for text in texts), 0
    try:
        return frozenset[str]().union(*(icd_list(text.text) for text in texts)), 0
    except NotAValue as error:
        raise refuse(node.place, str(error), how_to_write(unit)) from None


SHAPES = {"one": _one, "bands": _bands, "table": _table, "list": _list}


def _at_scale(value: Dated, by: int) -> Dated:
    if isinstance(value, tuple):
        return tuple((top, rate * 10**by) for top, rate in value)
    if isinstance(value, dict):
        return {code: number * 10**by for code, number in value.items()}
    return value * 10**by if isinstance(value, int) and not isinstance(value, bool) else value


def _numbers(value: Dated) -> list[int]:
    if isinstance(value, tuple):
        return [rate for _, rate in value]
    if isinstance(value, dict):
        return list(value.values())
    return [value] if isinstance(value, int) else []
