"""Who stands behind figures that everybody reads: fewer than FEWEST people are not told apart, by subtraction neither."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

from huzhu.core.periods import months_after
from huzhu.organisations.models import Organisation
from huzhu.payouts import booked
from huzhu.payouts.booked import Aid

FEWEST = 3


class Span(NamedTuple):
    """From the first of a month to the first of another: "2022-07", "2022-10"."""

    first: str
    end: str

    def __str__(self) -> str:
        return f"{self.first} 至 {_month(self.end, -1)}"


def span_of(first: str, last: str) -> Span:
    return Span(first, _month(last, 1))


def _month(month: str, more: int) -> str:
    return f"{months_after(date.fromisoformat(f'{month}-01'), more):%Y-%m}"


def pieces(spans: Iterable[Span], new: Span) -> list[Span]:
    """What can be told apart once a span is told beside others: itself, and what its ends newly cut the months into.

    Also what lies between two spans: what is left at their ends is told, and so what the fund lost in between.
    """
    before, after = _cut(spans), _cut([*spans, new])
    return sorted({new} | (after - before))


def _cut(spans: Iterable[Span]) -> set[Span]:
    return {Span(*pair) for pair in pairwise(sorted({end for span in spans for end in span}))}


class Helped:
    """The aid of a book in some months, claim by claim."""

    def __init__(self, book: Organisation, spans: Iterable[Span]) -> None:
        ends = sorted({end for span in spans for end in span})
        self._aid = booked.aid(book, ends[0], _month(ends[-1], -1))

    def people(self, span: Span) -> int:
        """Members with a claim for which something is left as expense, each once."""
        return len(_members(self._net(span, lambda _: ""), lambda fen: fen > 0)[""])

    def is_few(self, span: Span) -> bool:
        """Whether somebody, and fewer than FEWEST people, stands behind the whole."""
        return any(map(_few, self._behind(span, lambda _: "").values()))

    def is_few_of_a_kind(self, span: Span) -> bool:
        """Whether fewer than FEWEST people stand behind what one kind of aid came to."""
        return any(map(_few, self._behind(span, lambda one: one.account).values()))

    def _behind(self, span: Span, line: Callable[[Aid], str]) -> Mapping[str, set[Any]]:
        return _members(self._net(span, line), bool)

    def _net(self, span: Span, line: Callable[[Aid], str]) -> Counter[tuple[str, Any, Any]]:
        net: Counter[tuple[str, Any, Any]] = Counter()
        for one, fen in self._aid.items():
            if span.first <= one.month < span.end:
                net[line(one), one.claim, one.member] += fen
        return net


def _members(net: Counter[tuple[str, Any, Any]], counts: Callable[[int], bool]) -> Mapping[str, set[Any]]:
    found: dict[str, set[Any]] = defaultdict(set)
    for (line, _, member), fen in net.items():
        if counts(fen):
            found[line].add(member)
    return found


def _few(people: set[Any]) -> bool:
    return 0 < len(people) < FEWEST
