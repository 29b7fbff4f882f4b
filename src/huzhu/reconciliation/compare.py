"""Three lists of the same money held against each other, without a database: what fits nowhere is a difference with a kind."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from huzhu.core.money import spoken

BANK_MISSING, BANK_EXTRA, AMOUNT, TWICE = "bank_missing", "bank_extra", "amount", "twice"
NOT_PAID, NO_VOUCHER, BOOK_AMOUNT = "not_paid", "no_voucher", "book_amount"
WRONG_DAY, WRONG_BATCH, NO_PAYOUT, OPENING = "wrong_day", "wrong_batch", "no_payout", "opening"
BANK_PAID, TO_CONFIRM = "bank_paid", "to_confirm"
_SHARED = re.compile(
    r"(?::\d+|@\d{8})+"
)  # as `bank` writes it behind a number that the bank used more than once


@dataclass(frozen=True, slots=True)
class Book:
    """What one voucher moves on the bank account; its day is that of the happening, wherever it had to be booked."""

    key: str
    on: date
    amount_fen: int
    words: str
    reference: str = ""  # of the bank, where the voucher names it
    pays: str = ""  # the decision whose payment it is
    caused_by: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Paid:
    """A payout that is said to have been paid, or of which it is not known: that one has a `doubt`, in words."""

    key: str
    on: date
    amount_fen: int
    decision: str
    claim: str
    batch: str
    holder: str
    caused_by: frozenset[str] = frozenset()
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A movement on the statement; `batches` are the numbers of batches that its remark names.

    `awaits`: somebody has said what it is, in these words, and it is booked when another person has confirmed that.
    """

    key: str
    on: date
    amount_fen: int
    reference: str
    name: str = ""
    remark: str = ""
    batches: tuple[str, ...] = ()
    caused_by: frozenset[str] = frozenset()
    awaits: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """One difference: where it lies, what each side says, and who made the sides that disagree; `hands` are others who did."""

    kind: str
    on: date
    words: str
    book: Book | None = None
    paid: Paid | None = None
    line: Line | None = None
    book_fen: int | None = None
    paid_fen: int | None = None
    bank_fen: int | None = None
    hands: frozenset[str] = frozenset()

    @property
    def caused_by(self) -> frozenset[str]:
        sides = (self.book, self.paid, self.line)
        return self.hands.union(*(one.caused_by for one in sides if one))

    @property
    def key(self) -> str:
        """The same difference has the same key in every run; with other amounts it is another."""
        sides = [one.key if one else "" for one in (self.book, self.paid, self.line)]
        sums = [str(one) for one in (self.book_fen, self.paid_fen, self.bank_fen)]
        return "|".join([self.kind, *sides, *sums])


@dataclass(slots=True)
class Comparison:
    """The lists that are left to explain each other, and what was found."""

    lines: list[Line]
    found: list[Found] = field(default_factory=list)

    def say(self, kind: str, on: date, words: str, **sides: object) -> None:
        self.found.append(Found(kind, on, words, **sides))  # type: ignore[arg-type]  # names of its own fields


def differences(
    book: Sequence[Book], paid: Sequence[Paid], lines: Sequence[Line], unclear: Sequence[Paid] = ()
) -> list[Found]:
    """Every difference between the three, in the order of days; nothing where all agree.

    `unclear` is what the bank was sent and is not known to have been paid: where a line pays it, that is said.
    """
    work = Comparison(list(lines))
    _payouts_against_books(work, book, paid)
    _payouts_against_bank(work, paid, unclear)
    _books_against_bank(work, [one for one in book if not one.pays])
    for line in work.lines:
        kind, said = (TO_CONFIRM, line.awaits) if line.awaits else (BANK_EXTRA, "账上没有")
        words = f"银行{_moved(line.amount_fen)}，{line.name or '没有写对方'}，{said}"
        work.say(kind, line.on, words, line=line, bank_fen=line.amount_fen)
    return sorted(work.found, key=lambda one: (one.on, one.key))


def _payouts_against_books(work: Comparison, book: Sequence[Book], paid: Sequence[Paid]) -> None:
    """Each paid payout has its voucher, of its amount and its day."""
    vouchers: dict[str, list[Book]] = defaultdict(list)
    for one in book:
        if one.pays:
            vouchers[one.pays].append(one)
    for payout in paid:
        held = vouchers.pop(payout.decision, [])
        total, last = -sum(one.amount_fen for one in held), held[-1] if held else None
        sums = {"book_fen": -total if held else None, "paid_fen": payout.amount_fen}
        where = f"申请 {payout.claim}"
        if last is None:
            words = f"{where} 标为已到账 {spoken(payout.amount_fen)}，账上没有付款凭证"
            work.say(NO_VOUCHER, payout.on, words, paid=payout, **sums)
        elif total != payout.amount_fen:
            words = f"{where} 发放 {spoken(payout.amount_fen)}，凭证 {last.key} 记了 {spoken(total)}"
            work.say(BOOK_AMOUNT, payout.on, words, paid=payout, book=last, **sums)
        elif last.on != payout.on:
            words = f"{where} {payout.on} 到账，凭证 {last.key} 记在 {last.on}"
            work.say(WRONG_DAY, payout.on, words, paid=payout, book=last, **sums)
    for held in vouchers.values():
        for one in held:
            words = f"凭证 {one.key} 付出 {spoken(-one.amount_fen)}（{one.words}），没有对应的已到账发放"
            work.say(NO_PAYOUT, one.on, words, book=one, book_fen=one.amount_fen)


def _payouts_against_bank(work: Comparison, paid: Sequence[Paid], unclear: Sequence[Paid]) -> None:
    """Line by line where the bank names persons, by the batch's total only where it names nobody; then what is left, ever looser."""
    left = list(paid)
    matched: list[Line] = []

    def pair(
        same_line: Callable[[Line], Hashable], same_paid: Callable[[Paid], Hashable]
    ) -> list[tuple[Line, Paid]]:
        nonlocal left
        pairs, left = _paired(work, left, same_line, same_paid)
        matched.extend(line for line, _ in pairs)
        return pairs

    for batch in (True, False):  # first those that name the batch, so that equal amounts go where they belong
        pair(
            lambda one, batch=batch: (
                one.name,
                -one.amount_fen,
                one.on,
                _batch(one) if batch else not one.batches,
            ),  # type: ignore[misc]
            lambda one, batch=batch: (one.holder, one.amount_fen, one.on, one.batch if batch else True),  # type: ignore[misc]
        )
    unclear = _unclear_by_name(work, unclear)
    left = _by_totals(work, left, matched)
    left = _unclear_by_total(work, left, unclear)
    _twice(work, matched)
    for line, one in pair(
        lambda one: (one.name, -one.amount_fen, _batch(one)),
        lambda one: (one.holder, one.amount_fen, one.batch),
    ):
        _differ(work, WRONG_DAY, line, one, f"发放记在 {one.on}，银行在 {line.on} 付出")
    for line, one in pair(lambda one: (one.name, -one.amount_fen), lambda one: (one.holder, one.amount_fen)):
        _differ(
            work, WRONG_BATCH, line, one, f"发放在批次 {one.batch}，银行写的是 {_batch(line) or '没有批次'}"
        )
    for line, one in pair(lambda one: (one.name, _batch(one)), lambda one: (one.holder, one.batch)):
        _differ(
            work, AMOUNT, line, one, f"发放 {spoken(one.amount_fen)}，银行付出 {spoken(-line.amount_fen)}"
        )
    _totals_that_differ(work, left)


def _unclear_by_name(work: Comparison, unclear: Sequence[Paid]) -> list[Paid]:
    """Lines that pay somebody of whom nothing is known yet, first those that name the batch; the rest is left."""
    left = list(unclear)
    for batch in (True, False):
        pairs, left = _paired(
            work,
            left,
            lambda one, batch=batch: (one.name, -one.amount_fen, _batch(one) if batch else not one.batches),  # type: ignore[misc]
            lambda one, batch=batch: (one.holder, one.amount_fen, one.batch if batch else True),  # type: ignore[misc]
        )
        for line, one in pairs:
            _bank_paid(work, line, one)
    return left


def _unclear_by_total(work: Comparison, paid: list[Paid], unclear: Sequence[Paid]) -> list[Paid]:
    """A batch's one sum that pays all that is unclear of it, alone or with what was paid on that day; the rest is left."""
    doubts: dict[str, list[Paid]] = defaultdict(list)
    for one in unclear:
        doubts[one.batch].append(one)
    for line in [one for one in work.lines if one.amount_fen < 0 and not one.name]:
        held = doubts.get(_batch(line), [])
        known = [one for one in paid if (one.batch, one.on) == (_batch(line), line.on)]
        for with_it in ([], known):
            if held and -line.amount_fen == sum(one.amount_fen for one in [*held, *with_it]):
                _take(work, [line])
                for one in doubts.pop(_batch(line)):
                    _bank_paid(work, line, one)
                paid = [one for one in paid if one not in with_it]
                break
    return paid


def _bank_paid(work: Comparison, line: Line, one: Paid) -> None:
    sums = {"paid_fen": one.amount_fen, "bank_fen": line.amount_fen}
    words = f"申请 {one.claim}（{one.holder}）{spoken(one.amount_fen)}：银行 {line.on} 已付出，{one.doubt}"
    work.say(BANK_PAID, line.on, words, paid=one, line=line, **sums)


def _differ(work: Comparison, kind: str, line: Line, one: Paid, said: str) -> None:
    sums = {"paid_fen": one.amount_fen, "bank_fen": line.amount_fen}
    work.say(
        kind, max(one.on, line.on), f"申请 {one.claim}（{one.holder}）：{said}", paid=one, line=line, **sums
    )


def _paired(
    work: Comparison,
    paid: list[Paid],
    same_line: Callable[[Line], Hashable],
    same_paid: Callable[[Paid], Hashable],
) -> tuple[list[tuple[Line, Paid]], list[Paid]]:
    """Debits that name somebody, each with the first payout that says the same."""
    waiting: dict[Hashable, list[Line]] = defaultdict(list)
    for line in work.lines:
        if line.amount_fen < 0 and line.name:
            waiting[same_line(line)].append(line)
    pairs, left = [], []
    for one in paid:
        held = waiting.get(same_paid(one))
        if held:
            pairs.append((held.pop(0), one))
        else:
            left.append(one)
    _take(work, (line for line, _ in pairs))
    return pairs, left


def _by_totals(work: Comparison, paid: list[Paid], matched: list[Line]) -> list[Paid]:
    """A batch that the bank shows as a sum naming nobody, perhaps with what it sent back beside it, of one day.

    A line that names somebody is never part of a sum: what it pays, it pays to that person.
    """
    left: list[Paid] = []
    for (batch, day), payouts in _groups(paid).items():
        total = sum(one.amount_fen for one in payouts)
        nameless = [one for one in work.lines if not one.name and _batch(one) == batch and one.on == day]
        debits = [one for one in nameless if one.amount_fen < 0]
        told = [*([one] for one in debits), debits, nameless]
        lines = next((some for some in told if -sum(one.amount_fen for one in some) == total), None)
        if lines:
            matched += lines
            _take(work, lines)
        else:
            left += payouts
    return left


def _totals_that_differ(work: Comparison, paid: list[Paid]) -> None:
    """What no line pays: a batch whose total differs, comes on another day, or payouts without any line."""
    for (batch, day), payouts in _groups(paid).items():
        total = sum(one.amount_fen for one in payouts)
        lines = [one for one in work.lines if _batch(one) == batch and not one.name and one.amount_fen < 0]
        if lines:
            line, first = lines[0], payouts[0]
            _take(work, [line])
            sums = {"paid_fen": total, "bank_fen": line.amount_fen, "paid": first, "line": line}
            if -line.amount_fen == total:
                words = f"批次 {batch} 发放记在 {day}，银行在 {line.on} 付出"
                work.say(WRONG_DAY, max(day, line.on), words, **sums)
            else:
                words = f"批次 {batch} 已到账合计 {spoken(total)}，银行付出 {spoken(-line.amount_fen)}"
                work.say(AMOUNT, max(day, line.on), words, **sums)
            continue
        for one in payouts:
            words = f"申请 {one.claim}（{one.holder}）标为已到账 {spoken(one.amount_fen)}，银行没有付出"
            work.say(NOT_PAID, one.on, words, paid=one, paid_fen=one.amount_fen)


def _groups(paid: Iterable[Paid]) -> dict[tuple[str, date], list[Paid]]:
    groups: dict[tuple[str, date], list[Paid]] = defaultdict(list)
    for one in paid:
        groups[one.batch, one.on].append(one)
    return groups


def _twice(work: Comparison, matched: list[Line]) -> None:
    """What is left and says the same as a line that has paid something."""
    paid = Counter(_face(line) for line in matched if line.batches or line.name)
    for line in [one for one in work.lines if one.amount_fen < 0 and paid[_face(one)]]:
        words = f"银行付了两次：{line.name or '批次 ' + _batch(line)} {spoken(-line.amount_fen)}"
        work.say(TWICE, line.on, words, line=line, bank_fen=line.amount_fen)
        _take(work, [line])


def _face(line: Line) -> tuple[str, int, str]:
    return line.name, line.amount_fen, _batch(line)


def _books_against_bank(work: Comparison, book: Sequence[Book]) -> None:
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
        _take(work, lines[:found])
        for first, *_ in alike[found:] if total else ():
            words = f"凭证 {first.key} 记了{_moved(total)}（{first.words}），银行没有"
            work.say(BANK_MISSING, on, words, book=first, book_fen=total)


def _total(held: Iterable[Book]) -> int:
    return sum(one.amount_fen for one in held)


def _compare_group(work: Comparison, held: list[Book], line: Line) -> None:
    """What a line and the vouchers of its number say of each other; the line is spoken for."""
    _take(work, [line])
    total, first = _total(held), min(held, key=lambda one: (one.on, one.key))
    sums = {"book": first, "line": line, "book_fen": total, "bank_fen": line.amount_fen}
    if total != line.amount_fen:
        words = f"流水号 {line.reference}：凭证 {first.key} 记了 {spoken(total)}，银行是 {spoken(line.amount_fen)}"
        work.say(AMOUNT, line.on, words, **sums)
    elif first.on != line.on:  # what was found out later only moves between accounts
        words = f"流水号 {line.reference}：凭证 {first.key} 记在 {first.on}，银行是 {line.on}"
        work.say(WRONG_DAY, line.on, words, **sums)


def _take(work: Comparison, lines: Iterable[Line]) -> None:
    gone = {one.key for one in lines}
    work.lines = [one for one in work.lines if one.key not in gone]


def _batch(line: Line) -> str:
    return line.batches[0] if line.batches else ""


def _moved(amount_fen: int) -> str:
    return f"{'收入' if amount_fen > 0 else '付出'} {spoken(abs(amount_fen))}"
