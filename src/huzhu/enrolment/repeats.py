"""The same number again within one roster: the later line is refused; where the names differ, every one of them."""

from collections.abc import Iterable

from huzhu.enrolment.line import Line

SHOWN = 6  # row numbers named in one sentence


class Repeats:
    """Numbers seen so far with their rows; of most numbers one row and one name are all there is to keep."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[int, str]] = {}
        self._again: dict[str, list[tuple[int, str]]] = {}

    def note(self, number: str, row: int, name: str) -> None:
        """A row of the sheet with this identity number."""
        if (first := self._first.setdefault(number, (row, name))) != (row, name):
            self._again.setdefault(number, [first]).append((row, name))

    def mark(self, line: Line) -> None:
        """Say at the line that it repeats another."""
        group = self._again.get(line.identity.number) if line.identity else None
        if not group:
            return
        rows = "、".join(str(row) for row, _ in group[:SHOWN]) + (" 等" if len(group) > SHOWN else "")
        if len({name for _, name in group}) > 1:
            line.problems["id_number"] = f"第 {rows} 行是同一个身份证号、不同的姓名：请对照身份证核对"
        elif line.number != group[0][0]:
            line.problems["id_number"] = f"第 {rows} 行是同一个人：只收第 {group[0][0]} 行"


def mark_repeats(lines: Iterable[Line]) -> None:
    """Of lines that are all at hand."""
    kept, repeats = list(lines), Repeats()
    for line in kept:
        if line.identity:
            repeats.note(line.identity.number, line.number, line.name)
    for line in kept:
        repeats.mark(line)
