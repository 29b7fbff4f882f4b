"""People of a fund who act in an order that nobody chose: those who join, pay in and get back, and what goes up."""

from collections import Counter
from collections.abc import Callable
from functools import wraps
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from factories.living_fund import LivingFund

acted: Counter[str] = Counter()


def act(holds: Callable[[Any], object] | None = None, **drawn: Any) -> Callable[[Any], Any]:
    """A rule that may be followed when this holds; how often it was is counted."""

    def counted(method: Callable[..., None]) -> Any:
        acted[method.__name__] = 0

        @wraps(method)
        def acts(self: Any, **chosen: Any) -> None:
            acted[method.__name__] += 1
            method(self, **chosen)

        found = rule(**drawn)(acts)
        return precondition(lambda self: bool(holds(self)))(found) if holds else found

    return counted


class PayingIn(RuleBasedStateMachine):
    """Each rule is an act of somebody; what it draws is what that person may choose."""

    fund: LivingFund

    @property
    def paper(self) -> Any:
        return self.fund.paper

    def one_of(self, data: st.DataObject, choices: Any) -> Any:
        return data.draw(st.sampled_from(list(choices)))

    # ── time and months ─────────────────────────────────────────────────────────────────────────────

    @act(days=st.integers(1, 25))
    def days_pass(self, days: int) -> None:
        self.fund.days_pass(days)

    @act(lambda self: "" < self.paper.next_to_lock() < f"{self.fund.today:%Y-%m}")
    def a_month_is_locked(self) -> None:
        self.fund.locks()

    @act(lambda self: self.fund.months("locked"), for_good=st.booleans())
    def a_month_is_closed_or_opened_again(self, for_good: bool) -> None:
        if for_good:
            self.fund.closes()
        else:
            self.fund.reopens()

    # ── joining and paying in ───────────────────────────────────────────────────────────────────────

    @act(at=st.integers(0, 2), heads=st.integers(1, 3), schemes=st.integers(1, 2), in_days=st.integers(0, 20))
    def an_employer_enrols(self, at: int, heads: int, schemes: int, in_days: int) -> None:
        self.fund.enrols(at, heads, schemes, in_days)

    @act(lambda self: self.fund.to_renew(), data=st.data())
    def people_stay_for_another_year(self, data: st.DataObject) -> None:
        self.fund.renews(self.one_of(data, self.fund.to_renew()))

    @act(at=st.integers(0, 1))
    def somebody_joins_alone(self, at: int) -> None:
        self.fund.joins_alone(at)

    def some_parts(self, data: st.DataObject, office: int) -> dict[int, int]:
        """Of shares of one office, each in full or in part."""
        chosen = data.draw(
            st.lists(st.sampled_from(self.fund.unpaid(office)), min_size=1, max_size=3, unique=True)
        )
        lefts = {number: self.paper.shares[number].left for number in chosen}
        return {number: data.draw(st.just(left) | st.integers(1, left)) for number, left in lefts.items()}

    @act(lambda self: self.fund.unpaid(), data=st.data(), days_ago=st.sampled_from((0, 0, 1, 20)))
    def money_comes_in(self, data: st.DataObject, days_ago: int) -> None:
        office = self.fund.office_of(self.one_of(data, self.fund.unpaid()))
        self.fund.pays_in(self.some_parts(data, office), days_ago)

    @act(at=st.integers(0, 1), fen=st.integers(1, 60_000))
    def the_bank_says_something_came(self, at: int, fen: int) -> None:
        self.fund.bank_says(self.fund.cities[at].pk, fen)

    @act(lambda self: self.fund.lines(""), data=st.data(), kind=st.sampled_from(("suspense", "interest")))
    def it_is_interest_or_nobody_knows(self, data: st.DataObject, kind: str) -> None:
        self.fund.says_of_line(self.one_of(data, self.fund.lines("")), kind)

    def claimable(self) -> list[int]:
        return [
            number
            for number in self.fund.lines("", "suspense")
            if self.fund.unpaid(self.paper.transfers[number].office)
        ]

    @act(lambda self: self.claimable(), data=st.data())
    def a_line_is_fees_and_perhaps_too_much(self, data: st.DataObject) -> None:
        number = self.one_of(data, self.claimable())
        line = self.paper.transfers[number]
        parts, left = {}, line.fen
        for share, fen in self.some_parts(data, line.office).items():
            if part := min(fen, left):
                parts[share], left = part, left - part
        self.fund.claims_line(number, parts)

    @act(lambda self: self.fund.may_be_taken_back(), data=st.data())
    def what_was_said_of_a_line_is_reversed(self, data: st.DataObject) -> None:
        self.fund.takes_back(self.one_of(data, self.fund.may_be_taken_back()))

    @act(lambda self: self.fund.lines("suspense"), data=st.data())
    def what_nobody_claimed_is_sent_back(self, data: st.DataObject) -> None:
        self.fund.sends_unclaimed_back(self.one_of(data, self.fund.lines("suspense")))

    def usable(self) -> list[tuple[int, int]]:
        """(prepaid, a share of the same employer that it could pay)."""
        return [
            (number, share)
            for number, rest in self.paper.prepaid.items()
            if rest.fen
            for share in self.fund.could_pay(number)
            if not self.paper.rosters[self.paper.shares[share].roster].alone
        ]

    @act(lambda self: self.usable(), data=st.data())
    def what_was_too_much_pays_another_due(self, data: st.DataObject) -> None:
        number, share = self.one_of(data, self.usable())
        most = min(self.paper.prepaid[number].fen, self.paper.shares[share].left)
        self.fund.uses_prepaid(number, share, data.draw(st.just(most) | st.integers(1, most)))

    @act(lambda self: self.fund.laid_wrongly(), data=st.data())
    def it_was_laid_on_the_wrong_due(self, data: st.DataObject) -> None:
        self.fund.not_laid_on(self.one_of(data, self.fund.laid_wrongly()))

    @act(lambda self: self.fund.mistaken(), data=st.data())
    def what_was_registered_by_hand_was_a_mistake(self, data: st.DataObject) -> None:
        self.fund.never_came(self.one_of(data, self.fund.mistaken()))

    # ── money back ──────────────────────────────────────────────────────────────────────────────────

    def not_begun(self) -> list[object]:
        return [number for number, one in self.paper.rosters.items() if one.first_day > self.fund.today]

    def rosters_to_give_back(self) -> list[object]:
        return [
            number
            for number in self.not_begun()
            if any(one.got for one in self.paper.shares_of(number).values())
        ]

    def workers_to_give_back(self) -> list[tuple[object, str]]:
        return [
            (number, scheme)
            for number in self.not_begun()
            for scheme, heads in self.paper.rosters[number].heads.items()
            if heads and self.paper.is_paid(number, scheme)
        ]

    @act(lambda self: self.rosters_to_give_back(), data=st.data(), hesitates=st.booleans())
    def a_roster_is_given_back(self, data: st.DataObject, hesitates: bool) -> None:
        self.fund.gives_back_roster(self.one_of(data, self.rosters_to_give_back()), hesitates=hesitates)

    @act(lambda self: self.workers_to_give_back(), data=st.data(), hesitates=st.booleans())
    def a_worker_is_given_back(self, data: st.DataObject, hesitates: bool) -> None:
        self.fund.gives_back_worker(*self.one_of(data, self.workers_to_give_back()), hesitates=hesitates)

    @act(
        lambda self: any(one.fen for one in self.paper.prepaid.values()),
        data=st.data(),
        hesitates=st.booleans(),
    )
    def what_was_too_much_is_given_back(self, data: st.DataObject, hesitates: bool) -> None:
        choices = [number for number, one in self.paper.prepaid.items() if one.fen]
        self.fund.gives_back_prepaid(self.one_of(data, choices), hesitates=hesitates)

    def parts(self, state: str) -> list[Any]:
        """Parts of refunds in this state."""
        return [number for number, one in self.paper.parts.items() if one.state == state]

    def office_of(self, part: Any) -> int:
        return self.paper.refunds[self.paper.parts[part].refund].key[0]

    @act(lambda self: self.parts("waiting"), data=st.data())
    def the_bank_pays_refunds(self, data: st.DataObject) -> None:
        waiting = self.parts("waiting")
        first = self.one_of(data, waiting)
        mine = [one for one in waiting if self.office_of(one) == self.office_of(first)]
        self.fund.bank_refunds(mine if data.draw(st.booleans()) else [first])

    @act(lambda self: self.parts("paid"), data=st.data())
    def a_refund_comes_back(self, data: st.DataObject) -> None:
        self.fund.refund_came_back(self.one_of(data, self.parts("paid")))

    @act(lambda self: self.parts("waiting"), data=st.data(), it_did=st.booleans())
    def the_bank_does_not_pay_a_refund(self, data: st.DataObject, it_did: bool) -> None:
        self.fund.refund_not_paid(self.one_of(data, self.parts("waiting")), it_did=it_did)

    # ── up to the province ──────────────────────────────────────────────────────────────────────────

    @act(lambda self: any(map(self.fund.collected, (0, 1))), data=st.data())
    def an_agency_sends_up(self, data: st.DataObject) -> None:
        at = self.one_of(data, [at for at in (0, 1) if self.fund.collected(at)])
        most = self.fund.collected(at)
        self.fund.sends_up(at, data.draw(st.just(most) | st.integers(1, most)))

    @act(lambda self: "sent" in self.paper.remitted.values(), data=st.data(), arrives=st.booleans())
    def what_was_sent_arrives_or_is_reversed(self, data: st.DataObject, arrives: bool) -> None:
        sent = [number for number, state in self.paper.remitted.items() if state == "sent"]
        self.fund.remittance_ends(self.one_of(data, sent), arrives=arrives)
