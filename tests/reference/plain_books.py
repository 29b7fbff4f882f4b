"""The books on a sheet of paper: every account added up by hand, months, vouchers by hand, and years carried on.

No code of the product. An account's line is what was debited less what was credited, by office, scheme, fund year and month.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date

BANK, IN_TRANSIT, COLLECTED = "1001", "1002", "1003"
CLAW_BACK = "1101"
PAYABLE, RETURNED, IN_DOUBT = "2001", "2002", "2003"
PREPAID, UNCLAIMED, REFUNDABLE = "2101", "2102", "2103"
FUND, RESERVE, CLOSING = "3001", "3002", "3009"
INPATIENT, INTEREST, GIVEN_UP = "5001", "4101", "5102"
INCOME = {"employer": "4001", "worker": "4004"}
MEMO_OWED, MEMO_ADVANCED = "8001", "8002"
COMMON = "common"  # the scheme of what belongs to none
# by hand: debit, credit, and the accounts that must hold what is taken, forth and back
BY_HAND = {
    "union_in": ("6001", "6401", "", "6001"),
    "union_out": ("6501", "6001", "6001", ""),
    "union_opening": ("6001", "6301", "", "6001"),
    "hardship_in": ("7001", "7401", "", "7001"),
    "hardship_out": ("7501", "7001", "7001", ""),
    "hardship_opening": ("7001", "7301", "", "7001"),
    "reserve_add": (FUND, RESERVE, FUND, RESERVE),
    "reserve_draw": (RESERVE, FUND, RESERVE, FUND),
    "fund_opening": (BANK, FUND, "", f"{FUND} {BANK}"),
}
MUTUAL = ("reserve_add", "reserve_draw", "fund_opening")
Key = tuple[int, str, int]  # office, scheme, fund year


@dataclass
class ByHand:
    """A voucher that people want, and what became of it."""

    way: str
    fen: int
    day: date
    key: Key
    state: str = "proposed"
    reverses: int | None = None


@dataclass
class YearEnd:
    """What carrying a year on was said to come to."""

    year: int
    sums: tuple[int, int, int]  # income, expense, reserve
    state: str = "proposed"


class PlainBooks:
    """Debits and credits, and who may still write them where."""

    def __init__(self) -> None:
        self.books: Counter[tuple[int, str, int, str, str]] = Counter()
        self.months: dict[str, str] = {}
        self.by_hand: dict[int, ByHand] = {}
        self.rates: list[tuple[date, str, int]] = []  # from when, of income or surplus, of ten thousand
        self.year_ends: dict[int, YearEnd] = {}
        self.earned: Counter[tuple[int, str, str]] = (
            Counter()
        )  # (year, scheme, "income" or "surplus") carried
        self.set_aside: Counter[tuple[int, str]] = (
            Counter()
        )  # what the closings themselves put into the reserve

    # ── accounts and months ─────────────────────────────────────────────────────────────────────────

    def move(self, debit: str, credit: str, fen: int, key: Key, day: date) -> None:
        """Booked on its day, or in the first month after it that is not shut; below nothing it goes the other way."""
        month = f"{day:%Y-%m}"
        while self.is_shut(month):
            year, number = map(int, month.split("-"))
            month = f"{year + number // 12}-{number % 12 + 1:02d}"
        for account, sign in ((debit, 1), (credit, -1)):
            line = (*key, month, account)
            self.books[line] += sign * fen
            if not self.books[line]:
                del self.books[line]

    def is_shut(self, month: str) -> bool:
        return self.months.get(month, "open") != "open"

    def held(self, account: str, office: int) -> dict[tuple[int, str], int]:
        """Of an office: (fund year, scheme) → fen."""
        sums: dict[tuple[int, str], int] = defaultdict(int)
        for (where, scheme, year, _, code), fen in self.books.items():
            if (where, code) == (office, account):
                sums[year, scheme] += fen
        return dict(sums)

    def next_to_lock(self) -> str:
        first = min((month for _, _, _, month, _ in self.books), default="")
        for month in sorted(self.months):
            if month == first and self.months[month] != "open":
                year, number = map(int, month.split("-"))
                first = f"{year + number // 12}-{number % 12 + 1:02d}"
        return first

    # ── vouchers by hand ────────────────────────────────────────────────────────────────────────────

    def lacks(self, one: ByHand) -> bool:
        """Whether it would take what is not there: of a scheme its own, of another purse the whole."""
        for account in BY_HAND[one.way][3 if one.reverses else 2].split():
            sign = 1 if account in {BANK, "6001", "7001"} else -1
            lies = sum(
                sign * fen
                for (_, scheme, _, _, code), fen in self.books.items()
                if code == account and scheme == one.key[1]
            )
            if lies < one.fen:
                return True
        return False

    def is_bookable(self, one: ByHand) -> bool:
        """A voucher by hand has no later month to go to."""
        return not self.lacks(one) and not self.is_shut(f"{one.day:%Y-%m}")

    def books_by_hand(self, number: int) -> None:
        one = self.by_hand[number]
        debit, credit, *_ = BY_HAND[one.way]
        self.move(debit, credit, -one.fen if one.reverses else one.fen, one.key, one.day)
        one.state = "posted"

    def may_be_reversed(self) -> list[int]:
        """Vouchers by hand that were posted and are not being taken back."""
        taken = {one.reverses for one in self.by_hand.values() if one.state != "sent_back"}
        return [
            number
            for number, one in self.by_hand.items()
            if one.state == "posted" and one.reverses is None and number not in taken
        ]

    # ── years ───────────────────────────────────────────────────────────────────────────────────────

    def is_over(self, year: int) -> bool:
        """December was closed, and everything before it too."""
        return self.months.get(f"{year}-12") == "closed"

    def rests(self, year: int) -> dict[tuple[int, str], dict[str, int]]:
        """(office, scheme) → what lies on each account of income and expense of a year."""
        found: dict[tuple[int, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for (office, scheme, of, _, code), fen in self.books.items():
            if of == year and code[0] in "45":
                found[office, scheme][code] += fen
        return found

    def to_set_aside(self, year: int) -> dict[str, int]:
        """Scheme → what its reserve lacks of its share of the whole year, or has too much; half a fen up."""
        income: Counter[str] = Counter()
        surplus: Counter[str] = Counter()
        for (_, scheme), rests in self.rests(year).items():
            surplus[scheme] -= sum(rests.values())
            income[scheme] -= sum(fen for code, fen in rests.items() if code[0] == "4")
        _, basis, of_ten_thousand = max(rate for rate in self.rates if rate[0] <= date(year, 12, 31))
        schemes = {scheme for _, scheme, of, _, _ in self.books if of == year}
        lacking = {}
        for scheme in schemes:
            whole = self.earned[year, scheme, basis] + (income if basis == "income" else surplus)[scheme]
            share = (max(whole, 0) * of_ten_thousand + 5_000) // 10_000
            lacking[scheme] = share - self.set_aside[year, scheme]
        return {scheme: fen for scheme, fen in lacking.items() if fen}

    def year_comes_to(self, year: int) -> tuple[int, int, int]:
        """Income, expense, and what goes to the reserve."""
        codes = [(code, fen) for rests in self.rests(year).values() for code, fen in rests.items()]
        income = -sum(fen for code, fen in codes if code[0] == "4")
        expense = sum(fen for code, fen in codes if code[0] == "5")
        return income, expense, sum(self.to_set_aside(year).values())

    def carries_on(self, year: int, book: int, day: date) -> None:
        """Income and expense to the fund, and a share to the reserve."""
        aside = self.to_set_aside(year)
        for (office, scheme), rests in self.rests(year).items():
            key = office, scheme, year
            for code, fen in rests.items():
                self.move(CLOSING, code, fen, key, day)
                self.earned[year, scheme, "surplus"] -= fen
                self.earned[year, scheme, "income"] -= fen if code[0] == "4" else 0
            self.move(FUND, CLOSING, sum(rests.values()), key, day)
        for scheme, fen in aside.items():
            self.move(FUND, RESERVE, fen, (book, scheme, year), day)
            self.set_aside[year, scheme] += fen

    def years_that_wait(self) -> list[int]:
        return [number for number, one in self.year_ends.items() if one.state == "proposed"]

    def has_something_to_carry(self, year: int) -> bool:
        return any(fen for rests in self.rests(year).values() for fen in rests.values()) or any(
            self.to_set_aside(year)
        )
