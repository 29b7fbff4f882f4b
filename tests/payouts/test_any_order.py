"""Payouts in any order of events against a plain model: after every step the books, the lists and `verify` say what it says."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from factories.payouts import DECIDED_AT, HOUR, Desk, a_final_decision
from huzhu.cli.checks import CHECKS
from huzhu.cli.verify import compared
from huzhu.ledger import queries as books
from huzhu.payouts import services
from huzhu.payouts.demobank import reply_for
from huzhu.payouts.models import Payout, PayoutBatch

PAPER = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
ACCOUNTS = {"2001": ("scheduled", "in_batch", "sent"), "2002": ("failed",), "2003": ("in_doubt",)}
AMOUNTS = st.integers(1, 5_000_000)


class Payments(RuleBasedStateMachine):
    """The model: decision → (state, fen); each rule is an act of the desk and what it ought to do to the model."""

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        self.desk = Desk()
        self.at = DECIDED_AT
        self.model: dict[int, tuple[str, int]] = {}

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    def later(self, hours: int = 1):
        self.at += hours * HOUR
        return self.at

    def holds(self, *states: str) -> list[int]:
        return [key for key, (state, _) in self.model.items() if state in states]

    def moved(self, keys, state: str) -> None:
        self.model |= {key: (state, self.model[key][1]) for key in keys}

    @rule(amount=AMOUNTS)
    def decided(self, amount: int) -> None:
        self.model[a_final_decision(self.desk, amount).pk] = ("decided", amount)

    @precondition(lambda self: self.holds("decided"))
    @rule()
    def scheduled(self) -> None:
        services.schedule(at=self.later())
        self.moved(self.holds("decided"), "scheduled")

    @precondition(lambda self: self.holds("scheduled"))
    @rule(data=st.data())
    def batched(self, data) -> None:
        keys = data.draw(st.lists(st.sampled_from(self.holds("scheduled")), min_size=1, unique=True))
        found = Payout.objects.filter(state="scheduled", decision__in=keys)
        services.make_batch(payouts=found, by=self.desk.maker, at=self.later())
        self.moved(keys, "in_batch")

    @precondition(lambda self: self.holds("in_batch"))
    @rule(back=st.booleans())
    def released_or_sent_back(self, back: bool) -> None:
        batch = PayoutBatch.objects.filter(state="made").first()
        keys = list(batch.payouts.values_list("decision", flat=True))
        if back:
            services.send_back(batch=batch, reason="户名有误", by=self.desk.releaser, at=self.later())
        else:
            services.release(batch=batch, by=self.desk.releaser, at=self.later())
        self.moved(keys, "scheduled" if back else "sent")

    @precondition(lambda self: self.holds("sent", "in_doubt"))
    @rule(results=st.lists(st.sampled_from(("paid", "failed", "in_doubt")), min_size=12, max_size=12))
    def answered(self, results) -> None:
        batch = PayoutBatch.objects.filter(state="released").first()
        lines = dict(batch.payouts.filter(state__in=("sent", "in_doubt")).values_list("line", "decision"))
        said = {line: results[line % 12] for line in lines}
        data = reply_for(
            batch,
            self.later(),
            {line for line, result in said.items() if result == "failed"},
            {line for line, result in said.items() if result == "in_doubt"},
        )
        for _ in range(2):  # the same file a second time changes nothing
            services.apply_reply(batch=batch, data=data, by=self.desk.maker, at=self.at)
        for line, key in lines.items():
            self.moved([key], said[line])

    @precondition(lambda self: self.holds("sent"))
    @rule()
    def nothing_was_heard(self) -> None:
        services.hold_unanswered(at=self.later(30))
        self.moved(self.holds("sent"), "in_doubt")

    @precondition(lambda self: self.holds("in_doubt"))
    @rule(paid=st.booleans(), agree=st.booleans())
    def found_out(self, paid: bool, agree: bool) -> None:
        payout = Payout.objects.filter(state="in_doubt").first()
        at = self.later()
        answer = services.say_doubt(
            payout=payout,
            paid=paid,
            bank_at=at - timedelta(minutes=1),
            words="回单",
            name="回单.pdf",
            data=PAPER,
            by=self.desk.maker,
            at=at,
        )
        services.confirm_doubt(answer=answer, agree=agree, by=self.desk.releaser, at=at)
        if agree:
            self.moved([payout.decision_id], "paid" if paid else "failed")

    @precondition(lambda self: self.holds("failed"))
    @rule()
    def paid_again(self) -> None:
        payout = Payout.objects.filter(state="failed", replaced_by=None).first()
        services.pay_again(payout=payout, by=self.desk.maker, at=self.later())
        self.moved([payout.decision_id], "scheduled")

    @invariant()
    def the_books_are_the_model(self) -> None:
        balance = {one.line.code: one.balance_fen for one in books.balances()}
        for code, states in ACCOUNTS.items():
            assert balance.get(code, 0) == self.sum_of(*states)
        assert balance.get("1001", 0) == -self.sum_of("paid")
        spent = sum(fen for code, fen in balance.items() if code.startswith("50"))
        assert spent == sum(fen for state, fen in self.model.values() if state != "decided")

    def sum_of(self, *states: str) -> int:
        return sum(fen for state, fen in self.model.values() if state in states)

    @invariant()
    def every_decision_has_one_living_payout_in_its_state(self) -> None:
        living = Payout.objects.filter(replaced_by=None).values_list("decision", "state")
        assert Counter(living) == Counter(
            (key, state) for key, (state, _) in self.model.items() if state != "decided"
        )

    @invariant()
    def verify_finds_nothing(self) -> None:
        assert [one.title for one in map(compared, CHECKS) if one.differing] == []


def in_any_order(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Payments,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.django_db
def test_in_any_order_the_books_are_the_model():
    in_any_order(examples=6, steps=25)


@pytest.mark.long
@pytest.mark.django_db
def test_in_very_many_orders_the_books_are_the_model():
    in_any_order(examples=150, steps=50)
