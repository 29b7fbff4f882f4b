"""Facts in: versioned JSON becomes typed rows in the edition's order, or problems that name the field.

    {"format": "huzhu-facts/1", "person": {…}, "cover": {…}, "history": [{…}, …], "event": {…}}

Money is a decimal text in yuan ("31714.00"), days and counts are integers, dates are 2022-07-13, flags true or false.
An earlier event may carry its own cover as "cover". Absent and null both mean missing.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from types import MappingProxyType

from huzhu.core import money
from huzhu.rules.edition import ENTRY_GROUPS, Edition, FactDef
from huzhu.rules.units import NUMBERS, NotAValue, Unit, Value, how_to_write, spoken, value_of
from huzhu.rules.yamltext import Mapping as MappingNode
from huzhu.rules.yamltext import Node, plain

FORMAT = "huzhu-facts/1"
MOST_EVENTS = 2_000
MOST_CHARACTERS = 5_000_000
BOUNDED = NUMBERS | {Unit.DATE}
Row = dict[str, Value | None]
Read = Callable[[object], Value]


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One fault in the facts: the path of the field, what is wrong and the remedy."""

    path: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what} → {self.remedy}"


class FactsRefused(ValueError):
    """The facts cannot be read; carries every problem found."""

    def __init__(self, problems: Iterable[FieldProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True)
class Facts:
    """Rows of one member's events up to and with the one asked about, which is the last."""

    rows: tuple[Row, ...]


def document_of(text: str) -> object:
    """JSON text as plain values; raises FactsRefused where it is not JSON, repeats a key or is nested too deep."""

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found: dict[str, object] = {}
        for name, value in pairs:
            if name in found:
                raise ValueError(f"“{name[:40]}”写了两次")
            found[name] = value
        return found

    if len(text) > MOST_CHARACTERS:
        raise _not_json(f"有 {len(text):,} 个字符，太大")
    try:
        return json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise _not_json(f"第 {error.lineno} 行第 {error.colno} 列读不下去") from None
    except RecursionError:
        raise _not_json("嵌套太深") from None
    except ValueError as error:
        raise _not_json(str(error)[:80]) from None


def _not_json(why: str) -> FactsRefused:
    return FactsRefused(
        [FieldProblem("（整个文件）", f"不是能用的 JSON：{why}", "检查引号、逗号和花括号是否成对")]
    )


def read_facts(
    edition: Edition, document: object, *, also_known: Mapping[str, FactDef] = MappingProxyType({})
) -> Facts:
    """Facts for one edition; `also_known` are facts that other schemes asked in the same breath may read.

    Raises FactsRefused naming each field that is unknown, missing, of the wrong type or out of bounds.
    """
    reader = _Reader(edition, also_known)
    facts = reader.read(document)
    if reader.problems:
        raise FactsRefused(reader.problems)
    return facts


def read_entry(edition: Edition, document: object, *, form: str) -> Row:
    """One row of entry facts for a gate of the edition (see entry.py); raises FactsRefused naming each bad field."""
    reader = _Reader(edition, edition.facts)
    row = reader.entrant(document, form)
    if reader.problems:
        raise FactsRefused(reader.problems)
    return row


class _Reader:
    def __init__(self, edition: Edition, also_known: Mapping[str, FactDef]) -> None:
        self.edition = edition
        self.groups = edition.wanted
        self.readers = readers_of(edition)
        self.also_known = also_known
        self.problems: list[FieldProblem] = []

    def wrong(self, path: str, what: str, remedy: str) -> None:
        self.problems.append(FieldProblem(path, what, remedy))

    def read(self, document: object) -> Facts:
        top = self.mapping(document, "")
        if top.get("format") != FORMAT:
            self.wrong("format", "没有写明格式", f'写 "format": "{FORMAT}"')
        for name in top.keys() - {"format", "person", "cover", "history", "event"}:
            self.wrong(str(name)[:40], "最外层没有这一项", "只写 format、person、cover、history、event")
        person = self.group(top.get("person", {}), "person", "person")
        cover = self.group(top.get("cover", {}), "cover", "cover")
        current = person | cover | self.group(top.get("event", {}), "event", "event")
        earlier = self.history(top.get("history", []), person, cover)
        return Facts(()) if self.problems else self.ordered(earlier, current)

    def entrant(self, document: object, form: str) -> Row:
        """The facts of joining: no cover yet and no event."""
        top = self.mapping(document, "")
        if top.get("format") != form:
            self.wrong("format", "没有写明格式", f'写 "format": "{form}"')
        groups = ("person", *ENTRY_GROUPS)
        for name in top.keys() - {"format", *groups}:
            self.wrong(str(name)[:40], "最外层没有这一项", f"只写 format、{'、'.join(groups)}")
        rows = [self.group(top.get(group, {}), group, group) for group in groups]
        row = rows[0] | rows[1] | rows[2]
        if not self.problems:
            self.inside(row)
        return row

    def mapping(self, value: object, path: str) -> Mapping[str, object]:
        if isinstance(value, Mapping):
            return value
        self.wrong(path or "（最外层）", "要写成 {名称: 值} 的形式", "检查 JSON 的花括号")
        return {}

    def history(self, value: object, person: Row, cover: Row) -> list[Row]:
        if not isinstance(value, list) or len(value) > MOST_EVENTS:
            self.wrong("history", "要写成一列以前的事件", f"写成 [{{…}}, {{…}}]，最多 {MOST_EVENTS:,} 件")
            return []
        rows = []
        for index, item in enumerate(value):
            path = f"history[{index}]"
            event = dict(self.mapping(item, path))
            own = self.group(event.pop("cover"), "cover", f"{path}.cover") if "cover" in event else cover
            rows.append(person | own | self.group(event, "event", path))
        return rows

    def group(self, value: object, group: str, path: str) -> Row:
        given = self.mapping(value, path)
        wanted = self.groups[group]
        for name in given:
            if name not in wanted:
                self.refuse_stranger(name, group, path)
        row: Row = dict.fromkeys(wanted)
        for name, read, definition in self.readers[group]:
            found = given.get(name)
            if found is None and definition.type.missing:
                continue
            try:
                row[name] = read(found)
            except NotAValue:
                row[name] = self.value(definition, found, f"{path}.{name}")
        return row

    def refuse_stranger(self, name: object, group: str, path: str) -> None:
        """A name the edition does not read: fine where it, or a scheme asked beside it, declares it in this group."""
        known = {**self.also_known, **self.edition.facts}
        fact = known.get(str(name))
        if fact is None or fact.group != group:
            near = get_close_matches(str(name), [n for n, f in known.items() if f.group == group], 1)
            remedy = f"是不是 {near[0]}？" if near else "删去它，或检查拼写"
            self.wrong(f"{path}.{str(name)[:40]}", "方案里没有这个事实", remedy)

    def value(self, definition: FactDef, given: object, path: str) -> Value | None:
        kind = definition.type
        if given is None:
            self.wrong(path, f"缺{definition.label}", f"填写{definition.label}；{how_to_write(kind.unit)}")
            return None
        try:
            value = typed(definition, given)
        except NotAValue as error:
            self.wrong(
                path, f"{definition.label}：{error}", _REMEDIES.get(kind.unit, how_to_write(kind.unit))
            )
            return None
        if kind.unit in BOUNDED and isinstance(value, int) and not kind.lo <= value <= kind.hi:
            between = f"{spoken(kind.lo, kind)} 到 {spoken(kind.hi, kind)}"
            self.wrong(
                path, f"{definition.label}超出范围", f"填 {between} 之间的值，检查是否多写或少写了位数"
            )
        return value

    def ordered(self, earlier: list[Row], current: Row) -> Facts:
        edition = self.edition
        unique = edition.order[-1]
        seen = [row[unique] for row in (*earlier, current)]
        if len(set(seen)) < len(seen):
            label = edition.facts[unique].label
            self.wrong(
                f"event.{unique}", f"{label}重复", f"同一{label}只能出现一次，检查 history 里是否含有本次"
            )
        self.inside(current)  # earlier events may belong to earlier editions; life-long totals count them
        place = order_key(edition, current)
        rows = sorted(
            (row for row in earlier if order_key(edition, row) < place),
            key=lambda row: order_key(edition, row),
        )
        return Facts((*rows, current))

    def inside(self, row: Row) -> None:
        edition = self.edition
        day = row[edition.version_by]
        if isinstance(day, int) and not edition.opens_on <= day < edition.closes_on:
            definition = edition.facts[edition.version_by]
            first, last = (date.fromordinal(n).isoformat() for n in (edition.opens_on, edition.closes_on))
            self.wrong(
                f"{definition.group}.{definition.name}",
                f"{definition.label} {spoken(day, definition.type)} 不在本版次之内",
                f"本版次从 {first} 起，到 {last} 止（不含）；检查日期，或换用当时的版次",
            )


@lru_cache(maxsize=256)
def readers_of(edition: Edition) -> dict[str, list[tuple[str, Read, FactDef]]]:
    """By group, for each fact what reads it where all is well; where it raises NotAValue, `_Reader.value` says why."""
    return {
        group: [(name, _reader(definition), definition) for name, definition in wanted.items()]
        for group, wanted in edition.wanted.items()
    }


def _reader(definition: FactDef) -> Read:
    kind = definition.type
    low, high = (kind.lo, kind.hi) if kind.unit in BOUNDED else (None, None)
    repeated = lru_cache(maxsize=1024)(
        lambda text: typed(definition, text)
    )  # days and hours come again and again

    def read(given: object) -> Value:
        value = repeated(given) if type(given) is str else typed(definition, given)
        if low is not None and high is not None and isinstance(value, int) and not low <= value <= high:
            raise NotAValue
        return value

    return read


def order_key(edition: Edition, row: Row) -> tuple[tuple[bool, Value], ...]:
    """The row's place in the edition's order; a missing value comes first."""
    return tuple((value is not None, 0 if value is None else value) for value in map(row.get, edition.order))


def typed_group(edition: Edition, node: Node | None) -> dict[str, object]:
    """YAML keeps every value as text; counts, days and flags become what the facts want."""
    given = plain(node) if isinstance(node, MappingNode) else {}
    return (
        {name: _as_json(edition, name, text) for name, text in given.items()}
        if isinstance(given, dict)
        else {}
    )


def _as_json(edition: Edition, name: str, text: object) -> object:
    unit = edition.facts[name].type.unit if name in edition.facts else None
    if unit in {Unit.DAYS, Unit.COUNT} and isinstance(text, str) and re.fullmatch("[0-9]{1,18}", text):
        return int(text)
    return text == "true" if unit is Unit.FLAG and text in {"true", "false"} else text


def typed(definition: FactDef, given: object) -> Value:
    """A JSON value as the engine's integer, code or flag; raises NotAValue."""
    unit = definition.type.unit
    if unit is Unit.FLAG or isinstance(given, bool):
        if unit is not Unit.FLAG or not isinstance(given, bool):
            raise NotAValue("要写 true 或 false" if unit is Unit.FLAG else "不能写 true 或 false")
        return given
    if unit in {Unit.DAYS, Unit.COUNT}:
        if not isinstance(given, int):
            raise NotAValue("要写整数，不带引号和小数")
        return given
    if not isinstance(given, str):
        raise NotAValue("要写成带引号的文字")
    if unit is Unit.MONEY:
        try:
            return money.fen(given)
        except money.NotMoney as error:
            raise NotAValue(str(error)) from None
    value, scale = value_of(unit, given, definition.type.codes)
    if unit is Unit.RATE and isinstance(value, int):
        if scale > definition.type.scale:
            raise NotAValue("小数太多")
        return int(value * 10 ** (definition.type.scale - scale))
    return value


_REMEDIES = {
    Unit.MONEY: "金额写成带引号的元，例如 “1234.50”",
    Unit.DAYS: "天数写成整数，例如 12",
    Unit.COUNT: "个数写成整数，例如 2",
    Unit.FLAG: "写 true 或 false",
}
