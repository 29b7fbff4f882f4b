"""What is compared, as each side tells it, and what is found: no database here."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from huzhu.core import serials
from huzhu.core.money import spoken

BANK_MISSING, BANK_EXTRA, AMOUNT, TWICE = "bank_missing", "bank_extra", "amount", "twice"
NOT_PAID, NO_VOUCHER, BOOK_AMOUNT = "not_paid", "no_voucher", "book_amount"
WRONG_DAY, WRONG_BATCH, NO_PAYOUT, OPENING = "wrong_day", "wrong_batch", "no_payout", "opening"
BANK_PAID, TO_CONFIRM = "bank_paid", "to_confirm"
_THROUGH = re.compile("代发|过渡")
BACK_WITHIN = timedelta(days=15)  # in which a bank sends back what it could not pay, holidays included


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
    serial: str = ""

    @property
    def number(self) -> str:
        """The bank's own, which other lines may share."""
        return self.serial or serials.own(self.reference)

    @property
    def batch(self) -> str:
        """The first that its remark names."""
        return self.batches[0] if self.batches else ""

    @property
    def names_nobody(self) -> bool:
        """Whether there is no other side, or it is the bank's own account through which a batch goes."""
        return not self.name or bool(_THROUGH.search(self.name))

    @property
    def is_sum(self) -> bool:
        """Whether it pays a batch and names nobody."""
        return self.amount_fen < 0 and self.names_nobody and bool(self.batches)


@dataclass(frozen=True, slots=True)
class Returned:
    """What was sent and came back, and so moved nothing in the books: a payout that failed, or a remittance taken back.

    A payout is known by its payee and batch, a remittance by the bank's number or the day it was sent.
    """

    amount_fen: int
    name: str = ""
    batch: str = ""
    reference: str = ""
    on: date | None = None

    def went(self, line: Line) -> bool:
        """Whether a debit of the amount is its going out."""
        if self.batch:
            return line.name == self.name and self._of_batch(line)
        return line.reference == self.reference or line.on == self.on

    def came(self, line: Line, debit: Line) -> bool:
        """Whether a credit of the amount is its coming back, from where it had gone."""
        if not debit.on <= line.on <= debit.on + BACK_WITHIN:
            return False
        if self.batch:
            return (line.name == self.name and self._of_batch(line)) or (
                line.names_nobody and self.batch in line.batches
            )
        return bool(line.name) and line.name == debit.name

    def _of_batch(self, line: Line) -> bool:
        return not line.batches or self.batch in line.batches


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
    """The lists that are left to explain each other, and what was found; `whole` are sums as they were before returns."""

    lines: list[Line]
    returned: list[Returned] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    whole: dict[str, Line] = field(default_factory=dict)

    def say(self, kind: str, on: date, words: str, **sides: object) -> None:
        self.found.append(Found(kind, on, words, **sides))  # type: ignore[arg-type]  # names of its own fields

    def take(self, lines: Iterable[Line]) -> None:
        """These are spoken for."""
        gone = {one.key for one in lines}
        self.lines = [one for one in self.lines if one.key not in gone]


def moved(amount_fen: int) -> str:
    """In words."""
    return f"{'收入' if amount_fen > 0 else '付出'} {spoken(abs(amount_fen))}"
