"""Vouchers that pay no decision held against the bank's lines: by the bank's number, else by amount and day."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from huzhu.core.money import spoken
from huzhu.reconciliation.facts import AMOUNT, BANK_MISSING, WRONG_DAY, Book, Comparison, Line, moved

# as it is written behind a number that the bank used more than once
_SHARED = re.compile(r"(?::\d+|@\d{8})+$")


def books_against_bank(work: Comparison, book: Sequence[Book]) -> None:
    """Vouchers that name the bank's number by it, the others by amount and day; a transfer may have several vouchers."""
    loose: list[list[Book]] = []
    numbered: dict[str, list[Book]] = defaultdict(list)
    for one in book:
        if one.reference:
            numbered[one.reference].append(one)
        else:
            loose.append([one])
    left = _exact(work, numbered)
    sharing: dict[str, list[Line]] = defaultdict(list)
    for line in work.lines:
        sharing[_number(line.reference)].append(line)
    for reference, held in left:
        loose += _by_number(work, reference, held, sharing[_number(reference)])
    _by_amount_and_day(work, loose)


def _exact(work: Comparison, numbered: dict[str, list[Book]]) -> list[tuple[str, list[Book]]]:
    """First every number whose line and vouchers agree, so that no other takes its line; the rest is left."""
    by_number = {line.reference: line for line in work.lines}
    left = []
    for reference, held in numbered.items():
        line = by_number.get(reference)
        if line and line.amount_fen == _total(held):
            _compare_group(work, held, line)
        else:
            left.append((reference, held))
    return left


def _by_number(work: Comparison, reference: str, held: list[Book], same: list[Line]) -> list[list[Book]]:
    """A bank may give one number to several lines, a transfer and its charge: each takes the vouchers of its amount.

    What is left is held against the number's own line, or the only one that is left of it; else it is returned.
    """
    same = [line for line in same if line in work.lines]
    for line in same if len(same) > 1 else ():
        parts = [held, *([one] for one in held)]
        if fits := next((some for some in parts if some and _total(some) == line.amount_fen), None):
            _compare_group(work, fits, line)
            held = [one for one in held if one not in fits]
    left = [line for line in same if line in work.lines]
    own = [line for line in left if line.reference == reference] or left
    if held and len(own) == 1:
        _compare_group(work, held, own[0])
        return []
    return [held] if held else []


def _number(reference: str) -> str:
    """The bank's own number, without what tells apart the lines that share it."""
    return _SHARED.sub("", reference)


def _by_amount_and_day(work: Comparison, loose: list[list[Book]]) -> None:
    """Vouchers of another number than the bank writes, or of none: as many lines of their amount and day as there are of them.

    Where there are more lines, nobody can say which are meant, and all are told; where there are fewer, some have none.
    """
    groups: dict[tuple[int, date], list[list[Book]]] = defaultdict(list)
    for held in loose:
        groups[_total(held), held[0].on].append(held)
    for (total, on), alike in groups.items():
        lines = [one for one in work.lines if (one.amount_fen, one.on) == (total, on)]
        found = len(lines) if len(lines) <= len(alike) else 0
        work.take(lines[:found])
        for first, *_ in alike[found:] if total else ():
            words = f"凭证 {first.key} 记了{moved(total)}（{first.words}），银行没有"
            work.say(BANK_MISSING, on, words, book=first, book_fen=total)


def _total(held: Iterable[Book]) -> int:
    return sum(one.amount_fen for one in held)


def _compare_group(work: Comparison, held: list[Book], line: Line) -> None:
    """What a line and the vouchers of its number say of each other; the line is spoken for."""
    work.take([line])
    total, first = _total(held), min(held, key=lambda one: (one.on, one.key))
    sums = {"book": first, "line": line, "book_fen": total, "bank_fen": line.amount_fen}
    if total != line.amount_fen:
        words = f"流水号 {line.reference}：凭证 {first.key} 记了 {spoken(total)}，银行是 {spoken(line.amount_fen)}"
        work.say(AMOUNT, line.on, words, **sums)
    elif first.on != line.on:  # what was found out later only moves between accounts
        words = f"流水号 {line.reference}：凭证 {first.key} 记在 {first.on}，银行是 {line.on}"
        work.say(WRONG_DAY, line.on, words, **sums)
