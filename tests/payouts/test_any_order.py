"""A fund in any order of events: after every step the books, every list and `verify` say what the sheet of paper says."""

from collections import Counter
from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from factories.living_fund import LivingFund
from huzhu.claims.models import Claim
from huzhu.cli.checks import CHECKS
from huzhu.cli.verify import compared
from huzhu.contributions import giving_back
from huzhu.contributions import services as contributions
from huzhu.contributions.given_back import Refund, RefundPart
from huzhu.contributions.models import Prepaid, Share
from huzhu.enrolment.models import Enrolment
from huzhu.ledger.models import Period, Remittance
from huzhu.payouts import answering, services
from huzhu.payouts.models import Payout
from reference.plain_fund import UNCLAIMED, PlainFund

STANDING = """
    SELECT office_id, scheme_slug, fund_year, month, code, SUM(fen) FROM (
        SELECT office_id, scheme_slug, fund_year, month, debit_id AS code, amount_fen AS fen FROM ledger_ledgerentry
        UNION ALL
        SELECT office_id, scheme_slug, fund_year, month, credit_id, -amount_fen FROM ledger_ledgerentry
    ) sides GROUP BY 1, 2, 3, 4, 5 HAVING SUM(fen) <> 0
"""
acted: Counter[str] = Counter()


def act(holds: Callable[["AnyOrder"], object] | None = None, **drawn: Any) -> Callable[[Any], Any]:
    """A rule that may be followed when this holds; how often it was is counted."""

    def counted(method: Callable[..., None]) -> Any:
        acted[method.__name__] = 0

        @wraps(method)
        def acts(self: "AnyOrder", **chosen: Any) -> None:
            acted[method.__name__] += 1
            method(self, **chosen)

        found = rule(**drawn)(acts)
        return precondition(lambda self: bool(holds(self)))(found) if holds else found

    return counted


class AnyOrder(RuleBasedStateMachine):
    """Each rule is an act of somebody; what it draws is what that person may choose."""

    def __init__(self, begun: LivingFund) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        self.fund = begun.again()
        self.paper = self.fund.paper

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

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

    def usable(self) -> list[tuple[int, int]]:
        """(prepaid, a share of the same office that it could pay)."""
        return [
            (number, share)
            for number, rest in self.paper.prepaid.items()
            for share in self.fund.unpaid(rest.key[0])
            if rest.fen and not self.paper.rosters[self.paper.shares[share].roster].alone
        ]

    @act(lambda self: self.usable(), data=st.data())
    def what_was_too_much_pays_another_due(self, data: st.DataObject) -> None:
        number, share = self.one_of(data, self.usable())
        most = min(self.paper.prepaid[number].fen, self.paper.shares[share].left)
        self.fund.uses_prepaid(number, share, data.draw(st.just(most) | st.integers(1, most)))

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

    def parts(self, refund: str, state: str) -> list[Any]:
        """Parts in this state, of refunds in that one."""
        found = [number for number, one in self.paper.refunds.items() if one.state == refund]
        return [part for number in found for part in self.paper.parts_of(number, state)]

    def office_of(self, part: Any) -> int:
        return self.paper.refunds[self.paper.parts[part].refund].key[0]

    @act(lambda self: self.parts("released", "waiting"), data=st.data())
    def the_bank_pays_refunds(self, data: st.DataObject) -> None:
        waiting = self.parts("released", "waiting")
        first = self.one_of(data, waiting)
        mine = [one for one in waiting if self.office_of(one) == self.office_of(first)]
        self.fund.bank_refunds(mine if data.draw(st.booleans()) else [first])

    @act(lambda self: self.parts("paid", "paid"), data=st.data())
    def a_refund_comes_back(self, data: st.DataObject) -> None:
        self.fund.refund_came_back(self.one_of(data, self.parts("paid", "paid")))

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

    # ── claims ──────────────────────────────────────────────────────────────────────────────────────

    @act(
        lambda self: self.fund.covered(),
        data=st.data(),
        yuan=st.integers(1, 2_000) | st.integers(33_000, 35_000),
    )
    def a_stay_is_claimed(self, data: st.DataObject, yuan: int) -> None:
        self.fund.claims(self.one_of(data, self.fund.covered()), yuan)

    @act(
        lambda self: self.fund.reported(),
        data=st.data(),
        verdict=st.sampled_from(("pay", "pay", "refuse")),
        agrees=st.booleans(),
    )
    def a_claim_is_decided(self, data: st.DataObject, verdict: str, agrees: bool) -> None:
        self.fund.decides(self.one_of(data, self.fund.reported()), verdict, agrees=agrees)

    # ── payouts ─────────────────────────────────────────────────────────────────────────────────────

    @act(lambda self: self.paper.decided("decided"))
    def payouts_are_scheduled(self) -> None:
        self.fund.schedules()

    @act(lambda self: self.paper.decided("scheduled"), data=st.data())
    def a_batch_is_made(self, data: st.DataObject) -> None:
        waiting = st.sampled_from(self.paper.decided("scheduled"))
        self.fund.batches(data.draw(st.lists(waiting, min_size=1, unique=True)))

    @act(lambda self: self.paper.decided("in_batch"), back=st.sampled_from((False, False, True)))
    def a_batch_is_released_or_sent_back(self, back: bool) -> None:
        self.fund.releases(back=back)

    @act(
        lambda self: self.paper.decided("sent", "in_doubt"),
        results=st.lists(st.sampled_from(("paid", "failed", "in_doubt")), min_size=12, max_size=12),
    )
    def the_bank_answers(self, results: list[str]) -> None:
        self.fund.bank_answers(results)

    @act(lambda self: self.paper.decided("sent"))
    def nothing_is_heard(self) -> None:
        self.fund.nothing_is_heard()

    @act(
        lambda self: self.paper.decided("in_doubt"),
        paid=st.booleans(),
        agrees=st.sampled_from((True, True, False)),
    )
    def a_doubt_is_settled(self, paid: bool, agrees: bool) -> None:
        self.fund.settles_doubt(paid=paid, agrees=agrees)

    @act(lambda self: self.paper.decided("failed"))
    def what_failed_is_paid_again(self) -> None:
        self.fund.pays_again()

    # ── after every step ────────────────────────────────────────────────────────────────────────────

    @invariant()
    def all_is_as_on_paper(self) -> None:
        agrees(self.fund)

    @invariant()
    def verify_finds_nothing(self) -> None:
        assert [(one.title, one.differing) for one in map(compared, CHECKS) if one.differing] == []


# ── what must be the same on both sides ─────────────────────────────────────────────────────────────


def agrees(fund: LivingFund) -> None:
    """Books, shares, cover, what rests, what goes back, what goes up, claims, payouts and months are as on paper."""
    paper = fund.paper
    assert _standing() == dict(paper.books)
    assert {
        pk: (owed, got) for pk, owed, got in Share.objects.values_list("pk", "amount_fen", "received_fen")
    } == {number: (one.owes, one.got) for number, one in paper.shares.items()}
    covers = Enrolment.objects.values_list("roster", "scheme_slug", "state")
    assert Counter(covers) == paper.covers()
    assert dict(Prepaid.objects.values_list("pk", "left_fen")) == {
        number: one.fen for number, one in paper.prepaid.items()
    }
    assert {
        pk: (state, fen) for pk, state, fen in Refund.objects.values_list("pk", "state", "amount_fen")
    } == {number: (one.state, one.fen) for number, one in paper.refunds.items()}
    assert {
        pk: (state, fen) for pk, state, fen in RefundPart.objects.values_list("pk", "state", "amount_fen")
    } == {number: (one.state, one.fen) for number, one in paper.parts.items()}
    assert dict(Remittance.objects.values_list("pk", "state")) == paper.remitted
    assert dict(Claim.objects.values_list("pk", "state")) == paper.claim_states()
    _payouts_agree(paper)
    assert dict(Period.objects.values_list("month", "state")) == paper.months


def _payouts_agree(paper: PlainFund) -> None:
    """Of each decision that was scheduled one payout lives, in its state and with its sum."""
    living = Payout.objects.filter(replaced_by=None).values_list("decision", "state", "amount_fen")
    assert sorted(living) == sorted(
        (number, one.state, one.fen) for number, one in paper.decisions.items() if one.state != "decided"
    )
    assert Payout.objects.exclude(replaced_by=None).count() == paper.replaced


def _standing() -> dict[tuple[int, str, int, str, str], int]:
    with connection.cursor() as cursor:
        cursor.execute(STANDING)
        return {tuple(key): int(fen) for *key, fen in cursor.fetchall()}


@pytest.fixture
def begun(db, settings, tmp_path) -> LivingFund:
    """Six weeks old: cover that runs and cover that has not begun, a locked month, money sent up, claims at every stage."""
    settings.VAR_DIR = tmp_path
    fund = LivingFund()
    fund.enrols(0, 3, 2, 3)
    fund.enrols(2, 2, 1, 3)
    fund.pays_in(all_of(fund, 0), 0)
    fund.pays_in(all_of(fund, 1), 0)
    fund.sends_up(0, 30_000)
    fund.remittance_ends(next(iter(fund.paper.remitted)), arrives=True)
    fund.days_pass(45)
    people = fund.covered()
    for person, yuan in zip(people, (500, 34_000, 700, 800, 900), strict=True):
        fund.claims(person, yuan)
    for number in fund.reported()[:4]:
        fund.decides(number, "pay", agrees=True)
    fund.schedules()
    fund.batches(fund.paper.decided("scheduled")[:3])
    fund.releases(back=False)
    fund.bank_answers(["failed", "paid", "in_doubt"])
    fund.locks()
    fund.enrols(0, 2, 2, 20)
    fund.enrols(1, 2, 1, 20)
    fund.pays_in(all_of(fund, 0), 0)
    fund.enrols(2, 1, 1, 20)
    line = fund.bank_says(fund.cities[1].pk, 20_000)
    fund.claims_line(
        line.pk, {fund.unpaid(fund.cities[1].pk)[0]: 5_000}
    )  # for one share, and the rest is too much
    agrees(fund)
    return fund


def all_of(fund: LivingFund, at: int) -> dict[int, int]:
    return {number: fund.paper.shares[number].left for number in fund.unpaid(fund.cities[at].pk)}


def in_any_order(begun: LivingFund, examples: int, steps: int, **more: Any) -> None:
    run_state_machine_as_test(
        lambda: AnyOrder(begun),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            **more,
        ),
    )


def test_in_any_order_all_is_as_on_paper(begun):
    in_any_order(begun, examples=8, steps=25)


# ── what it must find ───────────────────────────────────────────────────────────────────────────────


def the_workers_fee_is_booked_as_the_employers(monkeypatch) -> None:
    monkeypatch.setattr(contributions.accounts, "income_of", lambda _: "4001")


def paying_again_forgets_what_was_returned(monkeypatch) -> None:
    post = services.ledger.post

    def forgetful(*, source, **more):
        return None if source.endswith(":again") else post(source=source, **more)

    monkeypatch.setattr(services.ledger, "post", forgetful)


def a_locked_month_takes_entries(monkeypatch) -> None:
    monkeypatch.setattr(services.ledger, "_open_day", lambda posting, *_: posting.posted_on)


def who_is_given_the_money_back_keeps_the_cover(monkeypatch) -> None:
    monkeypatch.setattr(giving_back.enrolments, "void_roster", lambda **_: None)


def what_failed_lies_with_money_that_nobody_knows(monkeypatch) -> None:
    monkeypatch.setattr(answering, "RETURNED", UNCLAIMED)


def money_for_the_newest(fund: LivingFund, days_ago: int = 0) -> None:
    fund.pays_in({fund.unpaid()[-1]: 7_000}, days_ago)


def the_newest_is_given_back(fund: LivingFund) -> None:
    money_for_the_newest(fund)
    fund.gives_back_roster(list(fund.paper.rosters)[-1], hesitates=False)


SEEDED: dict[Callable[..., None], Callable[[LivingFund], None]] = {
    the_workers_fee_is_booked_as_the_employers: money_for_the_newest,
    paying_again_forgets_what_was_returned: LivingFund.pays_again,
    a_locked_month_takes_entries: lambda fund: money_for_the_newest(fund, days_ago=20),
    who_is_given_the_money_back_keeps_the_cover: the_newest_is_given_back,
    what_failed_lies_with_money_that_nobody_knows: lambda fund: fund.bank_answers(["failed"]),
}


def test_each_seeded_bug_is_seen_after_its_act(begun, monkeypatch):
    """And without it, the same act leaves all as it is on paper."""
    assert all(seen_after(begun, act, bug, monkeypatch) for bug, act in SEEDED.items())
    assert not any(seen_after(begun, act, lambda _: None, monkeypatch) for act in SEEDED.values())


def seen_after(begun: LivingFund, act: Callable[[LivingFund], None], bug: Any, monkeypatch: Any) -> bool:
    fund = begun.again()
    with transaction.atomic(), monkeypatch.context() as patched:
        bug(patched)
        act(fund)
        try:
            agrees(fund)
        except AssertionError:
            return True
        finally:
            transaction.set_rollback(True)
    return False


@pytest.mark.long
@pytest.mark.parametrize("bug", SEEDED)
def test_a_seeded_bug_is_found_in_any_order(begun, monkeypatch, bug):
    """The search by itself, without making the example small."""
    bug(monkeypatch)
    more = {"phases": [Phase.generate], "database": None, "report_multiple_bugs": False}
    with pytest.raises(AssertionError):
        in_any_order(begun, examples=300, steps=30, **more)


@pytest.mark.long
def test_in_three_hundred_orders_all_is_as_on_paper(begun):
    acted.update({name: -count for name, count in acted.items()})
    in_any_order(begun, examples=300, steps=30)
    print(f"{acted.total()} steps: {acted}")
    assert all(acted.values()), "a rule was never followed"
