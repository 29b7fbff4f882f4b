"""The books of a fund that lives: what goes up, months, vouchers by hand and years, done by the services and put down on paper."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from factories.living_contributions import LivingContributions
from huzhu.ledger import closing, manual, periods, remitting
from huzhu.ledger.models import ManualVoucher, Period, Remittance, YearClosing
from huzhu.ledger.services import MonthIsShut
from huzhu.rules.units import SHANGHAI
from reference import plain_books as plain
from reference.plain_books import MUTUAL, ByHand, YearEnd


class LivingBooks(LivingContributions):
    """Who keeps the books of the province."""

    def __init__(self) -> None:
        super().__init__()
        self._sets_rate(date(2022, 1, 1), "income", 1_233)
        self._sets_rate(date(2023, 1, 1), "surplus", 3_333)

    def _sets_rate(self, since: date, basis: str, of_ten_thousand: int) -> None:
        rate = closing.propose_rate(
            book=self.province,
            valid_from=since,
            basis=basis,
            basis_points=of_ten_thousand,
            clause="办法第二十条",
            by=self.maker,
            at=self.later(),
        )
        closing.confirm_rate(rate=rate, by=self.releaser, at=self.later())
        self.paper.rates.append((since, basis, of_ten_thousand))

    # ── up to the province ──────────────────────────────────────────────────────────────────────────

    def collected(self, at: int) -> int:
        held = self.paper.held(plain.COLLECTED, self.cities[at].pk)
        return max(0, sum(held.values()))

    def sends_up(self, at: int, fen: int) -> None:
        office = self.cities[at]
        sent = remitting.send(
            office=office,
            amount_fen=fen,
            sent_on=self.today,
            bank_reference=f"R{self.next_number()}",
            by=self.agents[office.pk],
            at=self.later(),
        )
        self.paper.sends_up(sent.pk, office.pk, fen, self.today)

    def remittance_ends(self, number: int, *, arrives: bool) -> None:
        sent = Remittance.objects.select_related("office").get(pk=number)
        if arrives:
            remitting.arrive(remittance=sent, arrived_on=self.today, by=self.maker, at=self.later())
        else:
            remitting.give_back(remittance=sent, reason="银行退回", by=self.maker, at=self.later())
        state = "arrived" if arrives else "returned"
        self.paper.settles_remittance(number, sent.office_id, state, self.today)

    # ── months ──────────────────────────────────────────────────────────────────────────────────────

    def locks(self) -> None:
        month = self.paper.next_to_lock()
        periods.lock(book=self.province, month=month, by=self.maker, at=self.later())
        self.paper.months[month] = "locked"

    def months(self, state: str) -> list[str]:
        return sorted(month for month, held in self.paper.months.items() if held == state)

    def closes(self) -> None:
        month = self.months("locked")[0]
        periods.close(period=Period.objects.get(month=month), by=self.releaser, at=self.later())
        self.paper.months[month] = "closed"

    def reopens(self) -> None:
        month = self.months("locked")[-1]
        periods.reopen(
            period=Period.objects.get(month=month), reason="漏记一笔", by=self.releaser, at=self.later()
        )
        self.paper.months[month] = "open"

    # ── vouchers by hand ────────────────────────────────────────────────────────────────────────────

    def wants_by_hand(self, way: str, fen: int, days_ago: int = 0, year: int = 2022) -> None:
        """One person proposes a voucher; what is not there, and a month that is shut, is refused at once."""
        day = self.today - timedelta(days_ago)
        scheme, year = (self.editions[0].slug, year) if way in MUTUAL else ("", day.year)
        wanted = ByHand(way, fen, day, (self.province.pk, scheme, year))
        told: dict[str, Any] = {
            "book": self.province,
            "way": way,
            "amount_fen": fen,
            "posted_on": day,
            "scheme_slug": scheme,
            "fund_year": year,
            "basis": "理事会第三号决议",
            "by": self.maker,
            "at": self.later(),
        }
        if self.paper.is_bookable(wanted):
            self.paper.by_hand[manual.propose(**told).pk] = wanted
            return
        with pytest.raises(manual.ManualRefused):
            manual.propose(**told)

    def wants_back(self, number: int) -> None:
        """The taking back of a voucher by hand is proposed."""
        one = self.paper.by_hand[number]
        found = ManualVoucher.objects.get(pk=number)
        made = manual.propose_reversal(manual=found, basis="记错了用途", by=self.maker, at=self.later())
        self.paper.by_hand[made.pk] = ByHand(one.way, one.fen, self.today, one.key, reverses=number)

    def posts_by_hand(self, number: int, *, agrees: bool) -> None:
        """Another person posts it, if the books still allow; else it goes back."""
        one, found = self.paper.by_hand[number], ManualVoucher.objects.get(pk=number)
        if agrees and self.paper.is_bookable(one):
            manual.confirm(manual=found, by=self.releaser, at=self.later())
            self.paper.books_by_hand(number)
            return
        if agrees:
            with pytest.raises((manual.ManualRefused, MonthIsShut)):
                manual.confirm(manual=found, by=self.releaser, at=self.later())
        manual.send_back(manual=found, by=self.releaser, at=self.later())
        one.state = "sent_back"

    # ── years ───────────────────────────────────────────────────────────────────────────────────────

    def ends_the_year(self) -> None:
        """On the tenth of January every month of the year before is locked and closed."""
        year = self.today.year
        self.at = datetime.combine(date(year + 1, 1, 10), time(9), SHANGHAI)
        while "" < self.paper.next_to_lock() < f"{year + 1}":
            self.locks()
        while self.months("locked"):
            self.closes()

    def proposes_year(self, year: int) -> None:
        """What a year comes to is proposed; refused where nothing has come since the last time."""
        told: dict[str, Any] = {
            "book": self.province,
            "fund_year": year,
            "by": self.maker,
            "at": self.later(),
        }
        if self.paper.has_something_to_carry(year):
            made = closing.propose(**told)
            sums = self.paper.year_comes_to(year)
            assert (made.income_fen, made.expense_fen, made.reserve_fen) == sums
            self.paper.year_ends[made.pk] = YearEnd(year, sums)
            return
        with pytest.raises(closing.CannotClose):
            closing.propose(**told)

    def posts_year(self, number: int, *, agrees: bool) -> None:
        """Another person posts it, if the books still say the same; else it goes back."""
        one, found = self.paper.year_ends[number], YearClosing.objects.get(pk=number)
        is_same = self.paper.has_something_to_carry(one.year) and one.sums == self.paper.year_comes_to(
            one.year
        )
        if agrees and is_same:
            closing.confirm(closing=found, by=self.releaser, at=self.later())
            self.paper.carries_on(one.year, self.province.pk, self.today)
            one.state = "posted"
            return
        if agrees:
            with pytest.raises(closing.CannotClose):
                closing.confirm(closing=found, by=self.releaser, at=self.later())
        closing.withdraw(closing=found, by=self.releaser, at=self.later())
        one.state = "withdrawn"
