"""YAML text as a tree that remembers lines; only mappings, sequences and plain text, nothing else of YAML.

Values stay text: no booleans, floats or dates are guessed. Aliases, tags, repeated keys and deep or huge
documents are refused, so that a hostile file costs nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from huzhu.rules.problems import Place, refuse

MOST_CHARACTERS = 1_000_000
MOST_NODES = 50_000
MOST_DEPTH = 24
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


@dataclass(slots=True)
class Scalar:
    """A leaf: its text and where it starts."""

    text: str
    place: Place


@dataclass(slots=True)
class Mapping:
    """Keys in order of the file, each with its own place."""

    place: Place
    items: dict[str, "Node"] = field(default_factory=dict)
    keys: dict[str, Place] = field(default_factory=dict)


@dataclass(slots=True)
class Sequence:
    """Values in order of the file."""

    place: Place
    items: list["Node"] = field(default_factory=list)


Node = Scalar | Mapping | Sequence


def read(text: str, file: str) -> Mapping:
    """The document's top mapping; raises SchemeRefused for anything outside the small language."""
    start = Place(file, 1)
    if len(text) > MOST_CHARACTERS:
        raise refuse(
            start, f"文件有 {len(text):,} 个字符，太大", f"一个方案文件不超过 {MOST_CHARACTERS:,} 个字符"
        )
    try:
        node = _Reader(file, yaml.parse(text, Loader=yaml.SafeLoader)).document()
    except yaml.YAMLError as error:
        place = _place_of(error, text, start)
        raise refuse(
            place, "YAML 写法有误，读不下去", "检查这一行及上一行的缩进、冒号后的空格和引号是否成对"
        ) from None
    if not isinstance(node, Mapping):
        raise refuse(start, "方案文件的最外层不是“键: 值”", "第一行写 format: huzhu-scheme/1")
    return node


def _place_of(error: yaml.YAMLError, text: str, start: Place) -> Place:
    if mark := getattr(error, "problem_mark", None):
        return Place(start.file, mark.line + 1, mark.column + 1)
    if (position := getattr(error, "position", None)) is not None:  # a character YAML does not allow
        return Place(start.file, text.count("\n", 0, position) + 1)
    return start


def plain(node: Node) -> object:
    """The tree without places, ready for canonical JSON."""
    if isinstance(node, Mapping):
        return {key: plain(value) for key, value in node.items.items()}
    if isinstance(node, Sequence):
        return [plain(value) for value in node.items]
    return node.text


class _Reader:
    """Builds the tree from YAML's event stream, which PyYAML makes without recursion."""

    def __init__(self, file: str, events: Iterator[yaml.Event]) -> None:
        self.file = file
        self.events = events
        self.nodes = 0

    def document(self) -> Node | None:
        node: Node | None = None
        for event in self.events:
            if isinstance(event, yaml.NodeEvent):
                if node is not None:
                    raise refuse(
                        self.place(event), "一个文件里有两份文档", "一个文件只写一个方案版次，删去 ---"
                    )
                node = self.node(event, 1)
        return node

    def node(self, event: yaml.Event, depth: int) -> Node:
        place = self.place(event)
        self.nodes += 1
        self.refuse_oddities(event, place, depth)
        if isinstance(event, yaml.ScalarEvent):
            if _UNWRITABLE.search(event.value):
                raise refuse(place, "文字里有不能显示的字符", "删去控制字符和残缺的字符")
            return Scalar(event.value, place)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(Sequence(place), depth)
        return self.mapping(Mapping(place), depth)

    def sequence(self, into: Sequence, depth: int) -> Sequence:
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            into.items.append(self.node(event, depth + 1))
        return into

    def mapping(self, into: Mapping, depth: int) -> Mapping:
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.node(event, depth + 1)
            if not isinstance(key, Scalar):
                raise refuse(key.place, "键不是一个词", "冒号左边只写一个名称")
            if key.text in into.items:
                raise refuse(
                    key.place,
                    f"“{key.text}”在同一层写了两次",
                    f"另一处在第 {into.keys[key.text].line} 行，删去一处",
                )
            into.items[key.text] = self.node(next(self.events), depth + 1)
            into.keys[key.text] = key.place
        return into

    def refuse_oddities(self, event: yaml.Event, place: Place, depth: int) -> None:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise refuse(place, "用了 YAML 的锚点或别名（& 或 *）", "把内容写全，或用 extends 继承另一个方案")
        tag = getattr(event, "tag", None)
        if tag not in {None, "!"}:
            raise refuse(place, f"用了 YAML 标签 {tag}", "删去标签，只写文字")
        if depth > MOST_DEPTH:
            raise refuse(place, f"嵌套超过 {MOST_DEPTH} 层", "方案文件不需要这么深，检查缩进")
        if self.nodes > MOST_NODES:
            raise refuse(place, f"内容超过 {MOST_NODES:,} 项", "检查是否粘贴了多余内容")

    def place(self, event: yaml.Event) -> Place:
        mark = event.start_mark
        return Place(self.file, mark.line + 1, mark.column + 1) if mark else Place(self.file, 1)
