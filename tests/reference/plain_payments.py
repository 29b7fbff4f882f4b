"""What is claimed, decided and paid, on a sheet of paper; and what was paid too much, until it is kept, sent back or given up."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from reference.plain_books import (
    BANK,
    CLAW_BACK,
    GIVEN_UP,
    IN_DOUBT,
    INPATIENT,
    PAYABLE,
    RETURNED,
    Key,
    PlainBooks,
)

LIES_IN = {  # the account on which a decided sum lies
    "scheduled": PAYABLE,
    "in_batch": PAYABLE,
    "sent": PAYABLE,
    "failed": RETURNED,
    "in_doubt": IN_DOUBT,
    "paid": BANK,
}
AT_THE_BANK = ("in_batch", "sent", "in_doubt")
COUNTED = ("decided", "paying", "paid")
Seen = list[tuple[object, int, int, bool]]


@dataclass
class Stay:
    """A claim: what its sheet comes to now, and what the books hold of it."""

    key: Key
    member: object
    cover: object
    fen: int
    state: str = "reported"
    is_reversed: bool = False
    is_dated: bool = True  # the sheet says when it was settled
    change: object = None  # that nobody has reckoned again yet
    was: tuple[int, bool] = (0, True)  # what it came to and whether it was dated, before that change
    holds: int = 0  # the decision that stands
    booked: int = 0
    is_stuck: bool = False  # the bank refused the account, and the claim was reckoned again


@dataclass
class Decided:
    """What was decided of a claim, what goes to the bank of it, and what is kept against debts."""

    claim: object
    says: int
    fen: int
    state: str  # "decided" waits for its payout, "untaken" is a correction not yet settled, "nothing" never moves
    kept: list[tuple[int, int]] = field(default_factory=list)  # (debt, fen)


@dataclass
class Debt:
    """What a member was paid too much."""

    member: object
    key: Key
    owes: int
    got: int = 0

    @property
    def left(self) -> int:
        return self.owes - self.got


@dataclass
class Word:
    """One person's word on debts, until another settles it."""

    kind: str
    parts: list[tuple[int, int]]  # (debt, fen)
    day: date | None = None  # of the bank's line


class PlainPayments(PlainBooks):
    """Claims and payouts."""

    def __init__(self) -> None:
        super().__init__()
        self.claims: dict[object, Stay] = {}
        self.decisions: dict[int, Decided] = {}
        self.replaced = 0  # payouts that failed and have another in their place
        self.proposals: dict[
            int, tuple[object, object, Seen]
        ] = {}  # correction → claim, change, what was seen
        self.debts: dict[int, Debt] = {}  # by the decision that says so
        self.words: dict[int, Word] = {}
        self.cleared: Counter[tuple[int, str, str, int]] = Counter()  # (debt, kind, state, fen)

    def claims_of(self, members: list[object]) -> list[object]:
        """The first claim of each."""
        first = {one.member: number for number, one in reversed(self.claims.items())}
        return [first[member] for member in members]

    # ── payouts ─────────────────────────────────────────────────────────────────────────────────────

    def decided(self, *states: str) -> list[int]:
        return [number for number, one in self.decisions.items() if one.state in states]

    def is_in_question(self, number: int) -> bool:
        """Its settlement was changed, or it does not hold any more."""
        claim = self.claims[self.decisions[number].claim]
        return claim.change is not None or claim.holds != number

    def payable(self, *states: str) -> list[int]:
        return [number for number in self.decided(*states) if not self.is_in_question(number)]

    def moves_on(self, numbers: list[int], state: str, day: date) -> None:
        """Decided sums go to another state, and to its account where that is another one."""
        for number in numbers:
            one = self.decisions[number]
            claim = self.claims[one.claim]
            before, after = LIES_IN[one.state], LIES_IN[state]
            one.state = state
            if before != after:
                self.move(before, after, one.fen, claim.key, day)
            if state == "paid":
                claim.state = "paid"

    def schedules(self, day: date) -> None:
        """First what was corrected, then what is to be paid, claim by claim; debts are kept from it, the oldest first."""
        self.takes_corrections(day)
        for claim in self.claims.values():
            one = self.decisions.get(claim.holds)
            if one is None or one.state != "decided" or claim.change is not None or claim.is_stuck:
                continue
            one.state = "scheduled"
            claim.booked += one.fen
            claim.state = "paying" if claim.state == "decided" else claim.state
            self.move(INPATIENT, PAYABLE, one.fen, claim.key, day)
            for number, debt in self.debts.items():
                if debt.member == claim.member and (fen := min(debt.left, one.fen)):
                    debt.got += fen
                    one.fen -= fen
                    one.kept.append((number, fen))
                    self.cleared[number, "set_off", "confirmed", fen] += 1
                    self._keeps(fen, claim.key, debt.key, day)
            if not one.fen:
                one.state, claim.state = "set_off", "paid"

    def _keeps(self, fen: int, key: Key, debt: Key, day: date) -> None:
        """Payable clears a debt; of another year or agency through the bank, so that each gets its own."""
        if key == debt:
            self.move(PAYABLE, CLAW_BACK, fen, key, day)
        else:
            self.move(PAYABLE, BANK, fen, key, day)
            self.move(BANK, CLAW_BACK, fen, debt, day)

    # ── after a changed settlement ──────────────────────────────────────────────────────────────────

    def reckoned(self, cover: object) -> list[object]:
        """The claims of a member-year that were decided to be paid."""
        return [number for number, one in self.claims.items() if one.cover == cover and one.state in COUNTED]

    def seen(self, member: object) -> Seen:
        """What a person looks at who reckons one of a member's years again: what the other years were is told too."""
        found = [(number, one) for number, one in self.claims.items() if one.member == member]
        return [(number, one.holds, one.fen, one.is_dated) for number, one in found if one.state in COUNTED]

    def is_as_seen(self, correction: int) -> bool:
        number, change, seen = self.proposals[correction]
        claim = self.claims[number]
        return claim.change == change and self.seen(claim.member) == seen

    def corrects(self, claim: object, number: int) -> None:
        """Another decision holds; what the one before did not move yet it never will."""
        stay = self.claims[claim]
        before = self.decisions[stay.holds]
        if before.state in {"decided", "untaken"}:
            before.state = "nothing"
        self.decisions[number] = Decided(claim, stay.fen, 0, "untaken")
        stay.holds = number

    def takes_corrections(self, day: date) -> None:
        """Once nothing of the claim is at the bank: what waits is taken out, and what the books hold is brought to the new sum."""
        for number in self.decided("untaken"):
            one = self.decisions[number]
            claim = self.claims[one.claim]
            before = [other for other in self.decisions.values() if other.claim == one.claim]
            if any(other.state in AT_THE_BANK for other in before):
                continue
            for other in before:
                if other.state in {"scheduled", "failed"}:
                    self._takes_out(other, day)
            one.fen = one.says - claim.booked
            one.state = "decided" if one.fen > 0 else "nothing"
            if one.fen < 0:
                self.debts[number] = Debt(claim.member, claim.key, -one.fen)
                self.move(CLAW_BACK, INPATIENT, -one.fen, claim.key, day)
                claim.booked = one.says
            if not one.says and claim.state != "paid":
                claim.state = "refused"

    def _takes_out(self, one: Decided, day: date) -> None:
        """It is not paid after all: its debts stand again."""
        claim = self.claims[one.claim]
        if one.state == "failed":
            self.move(RETURNED, PAYABLE, one.fen, claim.key, day)
            claim.is_stuck = True
        for number, fen in one.kept:
            self.debts[number].got -= fen
            self.cleared[number, "set_off", "confirmed", fen] -= 1
            self.cleared[number, "set_off", "undone", fen] += 1
            self._keeps(-fen, claim.key, self.debts[number].key, day)
        whole = one.fen + sum(fen for _, fen in one.kept)
        self.move(PAYABLE, INPATIENT, whole, claim.key, day)
        claim.booked -= whole
        one.state = "replaced"

    # ── debts ───────────────────────────────────────────────────────────────────────────────────────

    def open_debts(self, member: object) -> list[int]:
        return [number for number, one in self.debts.items() if one.member == member and one.left]

    def is_spoken_for(self, debt: int) -> bool:
        """One person has said something of it that nobody has settled."""
        return any(debt == number for word in self.words.values() for number, _ in word.parts)

    def says(self, word: int, kind: str, parts: list[tuple[int, int]], day: date | None) -> None:
        self.words[word] = Word(kind, parts, day)
        self.cleared.update((number, kind, "said", fen) for number, fen in parts)

    def is_still_owed(self, word: int) -> bool:
        return all(self.debts[number].left >= fen for number, fen in self.words[word].parts)

    def settles(self, word: int, day: date, *, agrees: bool) -> None:
        said = self.words.pop(word)
        state = "confirmed" if agrees else "declined"
        for number, fen in said.parts:
            self.cleared[number, said.kind, "said", fen] -= 1
            self.cleared[number, said.kind, state, fen] += 1
            if agrees:
                debt = self.debts[number]
                debt.got += fen
                self.move(GIVEN_UP if said.day is None else BANK, CLAW_BACK, fen, debt.key, said.day or day)
