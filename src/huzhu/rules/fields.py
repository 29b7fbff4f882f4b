"""Reads the keys of one mapping of a scheme file and remembers which were asked for, so that a misspelt key is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches

from huzhu.rules.problems import Place, Problem, SchemeRefused, refuse
from huzhu.rules.yamltext import Mapping, Node, Scalar, Sequence


class Problems:
    """Collects refusals so that one reading tells all of them."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Goes on after a refusal inside the block, with its problems kept."""
        try:
            yield
        except SchemeRefused as refused:
            self.found.extend(refused.problems)

    def add(self, place: Place, what: str, remedy: str) -> None:
        self.found.append(Problem(place, what, remedy))

    def stop_if_any(self) -> None:
        if self.found:
            raise SchemeRefused(self.found)


class Fields:
    """One mapping, key by key; every method raises SchemeRefused where the shape is wrong."""

    def __init__(self, node: Node, what: str, place: Place | None = None) -> None:
        if not isinstance(node, Mapping):
            raise refuse(node.place, f"{what}下面要写“键: 值”", "检查缩进")
        self.node = node
        self.what = what
        self.place = place or node.place
        self.asked: set[str] = set()

    def at(self, key: str) -> Node | None:
        self.asked.add(key)
        return self.node.items.get(key)

    def scalar(self, key: str) -> Scalar:
        node = self.at(key)
        if node is None:
            raise refuse(self.place, f"{self.what}缺 {key}", f"补一行 {key}: …")
        if not isinstance(node, Scalar) or not node.text.strip():
            raise refuse(node.place, f"{key} 后面要有文字", f"写成 {key}: …")
        return node

    def text(self, key: str, default: str | None = None) -> str:
        if default is not None and self.at(key) is None:
            return default
        return self.scalar(key).text

    def one_of(self, key: str, choices: list[str], default: str) -> str:
        found = self.text(key, default)
        if found not in choices:
            raise refuse(self.scalar(key).place, f"{key} 不能是“{found}”", "可写：" + "、".join(choices))
        return found

    def each(self, key: str) -> "Iterator[tuple[str, Fields]]":
        """(name, fields) of every mapping below the key; nothing where the key is absent."""
        node = self.at(key)
        if node is None:
            return
        below = Fields(node, f"{self.what}的 {key} ")
        for name, value in below.node.items.items():
            yield name, Fields(value, f"{key} 的 {name} ", below.node.keys[name])

    def texts(self, key: str) -> list[Scalar]:
        node = self.at(key)
        if not isinstance(node, Sequence) or not all(isinstance(item, Scalar) for item in node.items):
            raise refuse(
                node.place if node else self.place, f"{self.what}的 {key} 要一列文字", f"写成 {key}: [甲, 乙]"
            )
        return [item for item in node.items if isinstance(item, Scalar)]

    def done(self) -> None:
        """Refuses the keys nobody asked for, all at once."""
        strangers = [key for key in self.node.items if key not in self.asked]
        if strangers:
            raise SchemeRefused([self.stranger(key) for key in strangers])

    def stranger(self, key: str) -> Problem:
        near = get_close_matches(key, self.asked, 1)
        remedy = f"是不是 {near[0]}？" if near else "删去它；可写：" + "、".join(sorted(self.asked))
        return Problem(self.node.keys[key], f"{self.what}里没有“{key}”这一项", remedy)
