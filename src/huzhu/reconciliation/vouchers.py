"""Vouchers that pay no decision held against the bank's lines: by the bank's number, else by amount and day."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from huzhu.core import serials
from huzhu.core.money import spoken
from huzhu.reconciliation.facts import AMOUNT, BANK_MISSING, WRONG_DAY, Book, Comparison, Line, moved


def books_against_bank(work: Comparison, book: Sequence[Book]) -> None:
    """Vouchers that name the bank's number by it, the others by amount and day; a transfer may have several vouchers."""
    numbers = {line.reference: line.number for line in work.lines}
    loose = [[one] for one in book if not one.reference]
    sharing: dict[str, list[Line]] = defaultdict(list)
    left: dict[str, list[Book]] = defaultdict(list)
    for held in _exact(work, _by_reference(one for one in book if one.reference)):
        reference = held[0].reference
        left[numbers.get(reference) or serials.own(reference)] += held
    for line in work.lines:
        sharing[line.number].append(line)
    for number, held in left.items():
        loose += _by_number(work, held, sharing[number])
    _by_amount_and_day(work, loose)


def _by_reference(book: Iterable[Book]) -> list[list[Book]]:
    groups: dict[str, list[Book]] = defaultdict(list)
    for one in book:
        groups[one.reference].append(one)
    return list(groups.values())


def _exact(work: Comparison, groups: list[list[Book]]) -> list[list[Book]]:
    """First every number whose line and vouchers agree, so that no other takes its line; the rest is left."""
    by_reference = {line.reference: line for line in work.lines}
    left = []
    for held in groups:
        line = by_reference.get(held[0].reference)
        if line and (line.amount_fen, line.on) == (_total(held), _first(held).on):
            _compare_group(work, held, line)
        else:
            left.append(held)
    return left


def _by_number(work: Comparison, held: list[Book], same: list[Line]) -> list[list[Book]]:
    """A bank may give one number to several lines, a transfer and its charge: each takes the vouchers of its amount, if it can
    of its day.

    What is left is held against the only line that is left of the number, or its own; else it is returned.
    """
    for of_its_day in (True, False):
        for line in [one for one in same if one in work.lines]:
            near = [one for one in held if not of_its_day or one.on == line.on]
            parts = [*_by_reference(near), *([near, *([one] for one in near)] if len(same) > 1 else [])]
            if fits := next((some for some in parts if some and _total(some) == line.amount_fen), None):
                _compare_group(work, fits, line)
                held = [one for one in held if one not in fits]
    left = [line for line in same if line in work.lines]
    for line in left if len(left) > 1 else ():
        if own := [one for one in held if one.reference == line.reference]:
            _compare_group(work, own, line)
            held = [one for one in held if one not in own]
    if held and len(left) == 1:
        _compare_group(work, held, left[0])
        return []
    return _by_reference(held)


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


def _first(held: Iterable[Book]) -> Book:
    return min(held, key=lambda one: (one.on, one.key))


def _total(held: Iterable[Book]) -> int:
    return sum(one.amount_fen for one in held)


def _compare_group(work: Comparison, held: list[Book], line: Line) -> None:
    """What a line and the vouchers of its number say of each other; the line is spoken for."""
    work.take([line])
    total, first = _total(held), _first(held)
    sums = {"book": first, "line": line, "book_fen": total, "bank_fen": line.amount_fen}
    if total != line.amount_fen:
        words = f"流水号 {line.reference}：凭证 {first.key} 记了 {spoken(total)}，银行是 {spoken(line.amount_fen)}"
        work.say(AMOUNT, line.on, words, **sums)
    elif first.on != line.on:  # what was found out later only moves between accounts
        words = f"流水号 {line.reference}：凭证 {first.key} 记在 {first.on}，银行是 {line.on}"
        work.say(WRONG_DAY, line.on, words, **sums)
