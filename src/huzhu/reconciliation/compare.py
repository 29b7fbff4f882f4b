"""Three lists of the same money held against each other: what fits nowhere is a difference with a kind."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from datetime import date

from huzhu.core.money import spoken
from huzhu.reconciliation.facts import (
    AMOUNT,
    BANK_EXTRA,
    BANK_PAID,
    BOOK_AMOUNT,
    NO_PAYOUT,
    NO_VOUCHER,
    NOT_PAID,
    TO_CONFIRM,
    TWICE,
    WRONG_BATCH,
    WRONG_DAY,
    Book,
    Comparison,
    Found,
    Line,
    Paid,
    Returned,
    moved,
)
from huzhu.reconciliation.vouchers import books_against_bank


def differences(
    book: Sequence[Book],
    paid: Sequence[Paid],
    lines: Sequence[Line],
    unclear: Sequence[Paid] = (),
    returned: Sequence[Returned] = (),
) -> list[Found]:
    """Every difference between the three, in the order of days; nothing where all agree.

    `unclear` is what the bank was sent and is not known to have been paid: where a line pays it, that is said.
    `returned` is what came back by our books: where the bank shows it going and coming, both lines are spoken for.
    """
    work = Comparison(list(lines), list(returned))
    _payouts_against_books(work, book, paid)
    others = [one for one in book if not one.pays]
    _payouts_against_bank(work, paid, unclear, {one.reference for one in others if one.reference})
    books_against_bank(work, others)
    for line in work.lines:
        kind, said = (TO_CONFIRM, line.awaits) if line.awaits else (BANK_EXTRA, "账上没有")
        words = f"银行{moved(line.amount_fen)}，{line.name or '没有写对方'}，{said}"
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


def _payouts_against_bank(
    work: Comparison, paid: Sequence[Paid], unclear: Sequence[Paid], booked: set[str]
) -> None:
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
                one.batch if batch else not one.batches,
            ),  # type: ignore[misc]
            lambda one, batch=batch: (one.holder, one.amount_fen, one.on, one.batch if batch else True),  # type: ignore[misc]
        )
    _there_and_back(work, booked)
    unclear = _unclear_by_name(work, unclear)
    left = _by_totals(work, left, matched)
    _sums_less_returns(work, booked)
    left = _by_totals(work, left, matched)
    left = _unclear_by_total(work, left, unclear)
    _twice(work, matched)
    for line, one in pair(
        lambda one: (one.name, -one.amount_fen, one.batch),
        lambda one: (one.holder, one.amount_fen, one.batch),
    ):
        _differ(work, WRONG_DAY, line, one, f"发放记在 {one.on}，银行在 {line.on} 付出")
    for line, one in pair(lambda one: (one.name, -one.amount_fen), lambda one: (one.holder, one.amount_fen)):
        _differ(
            work, WRONG_BATCH, line, one, f"发放在批次 {one.batch}，银行写的是 {line.batch or '没有批次'}"
        )
    for line, one in pair(lambda one: (one.name, one.batch), lambda one: (one.holder, one.batch)):
        _differ(
            work, AMOUNT, line, one, f"发放 {spoken(one.amount_fen)}，银行付出 {spoken(-line.amount_fen)}"
        )
    _totals_that_differ(work, left)


def _there_and_back(work: Comparison, booked: set[str]) -> None:
    """A debit and the credit that undid it, of what came back by our books; each pair once.

    Payouts that are paid have taken their lines before: what came back of those is left, and told.
    """
    by_amount = _free_by_amount(work, booked)
    left = []
    for one in work.returned:
        debits = [line for line in by_amount[-one.amount_fen] if one.went(line)]
        backs = by_amount[one.amount_fen]
        pairs = ((debit, line) for debit in debits for line in backs if one.came(line, debit))
        if pair := next(pairs, None):
            work.take(pair)
            for line in pair:
                by_amount[line.amount_fen].remove(line)
        else:
            left.append(one)
    work.returned = left


def _sums_less_returns(work: Comparison, booked: set[str]) -> None:
    """A batch's one sum less what the bank sent back of it, on whatever day; a sum that all came back of is gone."""
    by_amount = _free_by_amount(work, booked)
    sums = {line.batch: line for line in reversed(work.lines) if line.is_sum}
    for one in work.returned:
        line = sums.get(one.batch) if one.batch else None
        if line is None:
            continue
        back = next((credit for credit in by_amount[one.amount_fen] if one.came(credit, line)), None)
        if back and one.amount_fen <= -line.amount_fen:
            by_amount[one.amount_fen].remove(back)
            less = replace(line, amount_fen=line.amount_fen + one.amount_fen)
            work.whole.setdefault(line.key, line)
            work.lines = [
                less if kept.key == line.key else kept for kept in work.lines if kept.key != back.key
            ]
            sums[one.batch] = less
    work.take([line for line in work.lines if not line.amount_fen])


def _free_by_amount(work: Comparison, booked: set[str]) -> dict[int, list[Line]]:
    """Lines of which nobody has said or booked what they are."""
    found: dict[int, list[Line]] = defaultdict(list)
    for line in work.lines:
        if line.reference not in booked and not line.awaits:
            found[line.amount_fen].append(line)
    return found


def _unclear_by_name(work: Comparison, unclear: Sequence[Paid]) -> list[Paid]:
    """Lines that pay somebody of whom nothing is known yet, first those that name the batch; the rest is left."""
    left = list(unclear)
    for batch in (True, False):
        pairs, left = _paired(
            work,
            left,
            lambda one, batch=batch: (one.name, -one.amount_fen, one.batch if batch else not one.batches),  # type: ignore[misc]
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
    for line in [one for one in work.lines if one.amount_fen < 0 and one.names_nobody]:
        held = doubts.get(line.batch, [])
        known = [one for one in paid if (one.batch, one.on) == (line.batch, line.on)]
        for with_it in ([], known):
            if held and -line.amount_fen == sum(one.amount_fen for one in [*held, *with_it]):
                work.take([line])
                for one in doubts.pop(line.batch):
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
    work.take((line for line, _ in pairs))
    return pairs, left


def _by_totals(work: Comparison, paid: list[Paid], matched: list[Line]) -> list[Paid]:
    """A batch that the bank shows as a sum naming nobody, perhaps with what it sent back beside it, of one day.

    A line that names somebody is never part of a sum: what it pays, it pays to that person.
    """
    left: list[Paid] = []
    for (batch, day), payouts in _groups(paid).items():
        total = sum(one.amount_fen for one in payouts)
        nameless = [one for one in work.lines if one.names_nobody and one.batch == batch and one.on == day]
        debits = [one for one in nameless if one.amount_fen < 0]
        told = [*([one] for one in debits), debits, nameless]
        lines = next((some for some in told if -sum(one.amount_fen for one in some) == total), None)
        if lines:
            matched += lines
            work.take(lines)
        else:
            left += payouts
    return left


def _totals_that_differ(work: Comparison, paid: list[Paid]) -> None:
    """What no line pays: a batch whose total differs, comes on another day, or payouts without any line."""
    for (batch, day), payouts in _groups(paid).items():
        total = sum(one.amount_fen for one in payouts)
        lines = [one for one in work.lines if one.batch == batch and one.names_nobody and one.amount_fen < 0]
        if lines:
            line, first = lines[0], payouts[0]
            work.take([line])
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
    paid = Counter(_face(work.whole.get(line.key, line)) for line in matched if line.batches or line.name)
    for line in [one for one in work.lines if one.amount_fen < 0 and paid[_face(one)]]:
        words = f"银行付了两次：{line.name or '批次 ' + line.batch} {spoken(-line.amount_fen)}"
        work.say(TWICE, line.on, words, line=line, bank_fen=line.amount_fen)
        work.take([line])


def _face(line: Line) -> tuple[str, int, str]:
    return line.name, line.amount_fen, line.batch
