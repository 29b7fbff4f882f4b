"""The fund on a sheet of paper: what every account, share, refund and payout ought to be, added up by hand.

No code of the product: ids are those it gave, everything else is reckoned here.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from reference.plain_books import (
    BANK,
    COLLECTED,
    IN_TRANSIT,
    INCOME,
    MEMO_ADVANCED,
    MEMO_OWED,
    Key,
)
from reference.plain_payments import PlainPayments


@dataclass
class Share:
    """What one payer owes for a scheme of a roster, and has paid."""

    roster: object
    scheme: str
    payer: str
    owes: int
    got: int = 0

    @property
    def left(self) -> int:
        return self.owes - self.got


@dataclass
class Roster:
    """People who joined together."""

    office: int
    employer: int
    first_day: date
    alone: bool  # somebody who joined for themself
    heads: Counter[str] = field(default_factory=Counter)  # scheme → those who have not left
    left: Counter[str] = field(default_factory=Counter)
    came: dict[object, date] = field(default_factory=dict)  # what money stands → its day

    def __post_init__(self) -> None:
        self.planned = self.first_day


@dataclass
class Sum:
    """Fen of an office, a scheme and a year, in a state."""

    key: Key
    fen: int
    state: str = ""


@dataclass
class Part:
    """What one payee gets of a refund."""

    refund: object
    fen: int
    state: str = "waiting"


@dataclass
class Transfer:
    """What a line of the bank was said to be."""

    office: int
    fen: int
    day: date
    kind: str = ""
    parts: dict[int, int] = field(default_factory=dict)  # share → fen
    over: int | None = None  # the prepaid sum that rests of it


class PlainFund(PlainPayments):
    """Everything that anybody can look up in the fund."""

    def __init__(self) -> None:
        super().__init__()
        self.rosters: dict[object, Roster] = {}
        self.shares: dict[int, Share] = {}
        self.prepaid: dict[int, Sum] = {}
        self.refunds: dict[object, Sum] = {}
        self.parts: dict[object, Part] = {}
        self.owed: dict[object, list[tuple[Key, int]]] = {}  # of a refund, in the order in which it is paid
        self.remittances: dict[int, dict[tuple[int, str], int]] = {}
        self.remitted: dict[int, str] = {}
        self.transfers: dict[int, Transfer] = {}  # by line of the bank's paper
        self.typed_in: dict[str, dict[int, int]] = {}  # what no line told: share → fen
        self.laid_on: dict[
            int, tuple[int, int, int]
        ] = {}  # of what was too much: from which, on which share, fen
        self.cash_back: dict[
            tuple[object, str], int
        ] = {}  # (roster, scheme) → what a worker gets from the employer
        self.noted: Counter[tuple[object, str]] = Counter()  # of that, what the memo says

    # ── contributions ───────────────────────────────────────────────────────────────────────────────

    def key_of(self, share: Share) -> Key:
        roster = self.rosters[share.roster]
        return roster.office, share.scheme, roster.first_day.year

    def receives(self, number: int, fen: int, received_on: date, booked_on: date, by: object) -> None:
        share = self.shares[number]
        self.rosters[share.roster].came[by, number] = received_on
        self._starts_after_money(share.roster, booked_on)
        share.got += fen
        self.move(COLLECTED, INCOME[share.payer], fen, self.key_of(share), booked_on)

    def never_came(self, number: int, fen: int, day: date, by: object) -> None:
        """It was said by mistake."""
        share = self.shares[number]
        self.gives_back(number, fen, COLLECTED, day)
        del self.rosters[share.roster].came[by, number]
        self._starts_after_money(share.roster, day)

    def _starts_after_money(self, number: object, day: date) -> None:
        """Of who joined alone; what was paid belongs to the year in which cover starts."""
        roster = self.rosters[number]
        if not roster.alone:
            return
        was = roster.office, roster.first_day.year
        after = [date.fromordinal(one.toordinal() + 1) for one in roster.came.values()]
        roster.first_day = max([roster.planned, *after])
        for share in self.shares_of(number).values():
            if share.got and roster.first_day.year != was[1]:
                self.move(INCOME[share.payer], COLLECTED, share.got, (was[0], share.scheme, was[1]), day)
                self.move(COLLECTED, INCOME[share.payer], share.got, self.key_of(share), day)

    def gives_back(self, number: int, fen: int, account: str, day: date) -> None:
        """Out of income again: to whoever is owed it now, or straight out of the bank where it was never ours."""
        share = self.shares[number]
        share.got -= fen
        self.move(INCOME[share.payer], account, fen, self.key_of(share), day)

    def shares_of(self, roster: object) -> dict[int, Share]:
        return {number: share for number, share in self.shares.items() if share.roster == roster}

    def is_paid(self, roster: object, scheme: str) -> bool:
        return not any(one.left for one in self.shares_of(roster).values() if one.scheme == scheme)

    def covers(self) -> Counter[tuple[object, str, str]]:
        """(roster, scheme, state) → heads."""
        found: Counter[tuple[object, str, str]] = Counter()
        for number, roster in self.rosters.items():
            for scheme, heads in roster.heads.items():
                state = "in_force" if self.is_paid(number, scheme) else "awaiting"
                found += Counter(
                    {(number, scheme, state): heads, (number, scheme, "void"): roster.left[scheme]}
                )
        return found

    def notes_cash_back(self, day: date) -> None:
        """Employers owe it for everybody whose fee is in, all of it paid; no money of the fund."""
        for (number, scheme), each in self.cash_back.items():
            roster = self.rosters[number]
            owed = each * roster.heads[scheme] if self.is_paid(number, scheme) else 0
            if more := owed - self.noted[number, scheme]:
                key = roster.office, scheme, roster.first_day.year
                self.move(MEMO_OWED, MEMO_ADVANCED, more, key, day)
                self.noted[number, scheme] = owed

    def owes_back(self, refund: object, shares: dict[int, int]) -> None:
        """Which scheme and year owes what of a refund."""
        self.owed[refund] = [
            (self.key_of(self.shares[number]), fen) for number, fen in sorted(shares.items()) if fen
        ]

    def pays_back(self, refund: object, gone: int, fen: int, debit: str, credit: str, day: date) -> None:
        """So much after what has gone, each scheme its own."""
        for key, owed in self.owed[refund]:
            if part := min(max(owed - gone, 0), fen):
                self.move(debit, credit, part, key, day)
            gone, fen = max(gone - owed, 0), fen - part

    def gone(self, refund: object) -> int:
        return sum(self.parts[number].fen for number in self.parts_of(refund, "paid"))

    def parts_of(self, refund: object, state: str) -> list[object]:
        return [number for number, one in self.parts.items() if (one.refund, one.state) == (refund, state)]

    # ── what goes up ────────────────────────────────────────────────────────────────────────────────

    def sends_up(self, number: int, office: int, fen: int, day: date) -> None:
        """The oldest year first, scheme by scheme."""
        rows = {}
        for kind, lying in sorted(self.held(COLLECTED, office).items()):
            if part := min(fen, max(lying, 0)):
                rows[kind] = part
                fen -= part
                self.move(IN_TRANSIT, COLLECTED, part, (office, kind[1], kind[0]), day)
        self.remittances[number], self.remitted[number] = rows, "sent"

    def settles_remittance(self, number: int, office: int, state: str, day: date) -> None:
        self.remitted[number] = state
        to = BANK if state == "arrived" else COLLECTED
        for (year, scheme), part in self.remittances[number].items():
            self.move(to, IN_TRANSIT, part, (office, scheme, year), day)
