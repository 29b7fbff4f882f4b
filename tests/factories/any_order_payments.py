"""People of a fund who act in an order that nobody chose: those who claim, decide, pay, put right and keep the books."""

from hypothesis import strategies as st

from factories.any_order import PayingIn, act
from reference.plain_books import BY_HAND

# what the second person does after the first one's word
THEN = st.sampled_from((True, True, False, None))  # agrees, or does not, or has not come to it yet


class PayingOut(PayingIn):
    """All of them."""

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

    @act(lambda self: self.paper.decided("decided", "untaken"))
    def payouts_are_scheduled(self) -> None:
        self.fund.schedules()

    @act(
        lambda self: self.paper.decided("scheduled"),
        data=st.data(),
        looks=st.sampled_from((True, True, False)),
        back=st.sampled_from((False, False, True, None, None)),
    )
    def a_batch_is_made(self, data: st.DataObject, looks: bool, back: bool | None) -> None:
        """Of what may be paid; or by somebody who does not look. Mostly a batch that waits is released, or sent back, next."""
        waiting = (looks and self.paper.payable("scheduled")) or self.paper.decided("scheduled")
        self.fund.batches(data.draw(st.lists(st.sampled_from(waiting), min_size=1, unique=True)))
        if back is not None and self.paper.decided("in_batch"):
            self.fund.releases(back=back)

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

    @act(lambda self: self.paper.decided("failed"), data=st.data())
    def what_failed_is_paid_again(self, data: st.DataObject) -> None:
        self.fund.pays_again(self.one_of(data, self.paper.decided("failed")))

    @act(lambda self: self.fund.stuck(), data=st.data())
    def somebody_gets_another_account(self, data: st.DataObject) -> None:
        self.fund.changes_account(self.one_of(data, self.fund.stuck()))

    # ── after a changed settlement ──────────────────────────────────────────────────────────────────

    @act(lambda self: self.fund.changeable(), data=st.data(), yuan=st.just(0) | st.integers(1, 35_000))
    def a_settlement_is_reversed_or_made_anew(self, data: st.DataObject, yuan: int) -> None:
        self.fund.changes(self.one_of(data, self.fund.changeable()), yuan)

    @act(lambda self: self.fund.in_question(), data=st.data())
    def a_change_was_a_mistake(self, data: st.DataObject) -> None:
        self.fund.drops(self.one_of(data, self.fund.in_question()))

    @act(lambda self: self.fund.to_reckon(), data=st.data(), then=THEN)
    def a_year_is_reckoned_again(self, data: st.DataObject, then: bool | None) -> None:
        self.fund.reckons(self.one_of(data, self.fund.to_reckon()))
        if then is not None:
            self.fund.settles_correction(list(self.paper.proposals)[-1], agrees=then)

    @act(lambda self: self.paper.proposals, data=st.data(), agrees=st.sampled_from((True, True, False)))
    def another_agrees_to_a_correction(self, data: st.DataObject, agrees: bool) -> None:
        self.fund.settles_correction(self.one_of(data, self.paper.proposals), agrees=agrees)

    @act(lambda self: self.fund.debtors(), data=st.data(), then=THEN)
    def a_debtor_sends_money_back(self, data: st.DataObject, then: bool | None) -> None:
        member = self.one_of(data, self.fund.debtors())
        owes = self.fund.owes(member)
        fen = data.draw(st.just(owes) | st.integers(1, owes))
        self.fund.pays_back(self.one_of(data, self.paper.open_debts(member)), fen)
        if then is not None:
            self.fund.settles_word(list(self.paper.words)[-1], agrees=then)

    @act(lambda self: self.fund.debtors(), data=st.data(), then=THEN)
    def a_debtor_is_to_be_let_off(self, data: st.DataObject, then: bool | None) -> None:
        member = self.one_of(data, self.fund.debtors())
        self.fund.lets_off(self.one_of(data, self.paper.open_debts(member)))
        if then is not None:
            self.fund.settles_word(list(self.paper.words)[-1], agrees=then)

    @act(lambda self: self.paper.words, data=st.data(), agrees=st.sampled_from((True, True, False)))
    def another_confirms_what_was_said_of_a_debt(self, data: st.DataObject, agrees: bool) -> None:
        self.fund.settles_word(self.one_of(data, self.paper.words), agrees=agrees)

    # ── the books by hand, and years ────────────────────────────────────────────────────────────────

    @act(
        way=st.sampled_from(list(BY_HAND)),
        fen=st.integers(1, 90_000),
        days_ago=st.sampled_from((0, 0, 0, 20)),
        year=st.sampled_from((2022, 2022, 2023)),
        then=THEN,
    )
    def a_voucher_is_proposed(self, way: str, fen: int, days_ago: int, year: int, then: bool | None) -> None:
        before = len(self.paper.by_hand)
        self.fund.wants_by_hand(way, fen, days_ago, year)
        if then is not None and len(self.paper.by_hand) > before:
            self.fund.posts_by_hand(list(self.paper.by_hand)[-1], agrees=then)

    @act(lambda self: self.paper.may_be_reversed(), data=st.data())
    def a_voucher_is_to_be_taken_back(self, data: st.DataObject) -> None:
        self.fund.wants_back(self.one_of(data, self.paper.may_be_reversed()))

    def vouchers_that_wait(self) -> list[int]:
        return [number for number, one in self.paper.by_hand.items() if one.state == "proposed"]

    @act(lambda self: self.vouchers_that_wait(), data=st.data(), agrees=st.sampled_from((True, True, False)))
    def another_posts_a_voucher(self, data: st.DataObject, agrees: bool) -> None:
        self.fund.posts_by_hand(self.one_of(data, self.vouchers_that_wait()), agrees=agrees)

    @act(lambda self: self.fund.today.year < 2024)
    def a_year_ends(self) -> None:
        self.fund.ends_the_year()

    def years_to_carry(self) -> list[int]:
        return [year for year in range(2022, self.fund.today.year) if self.paper.is_over(year)]

    @act(
        lambda self: self.paper.years_that_wait() or self.years_to_carry(),
        data=st.data(),
        agrees=st.booleans(),
    )
    def a_year_is_carried_on(self, data: st.DataObject, agrees: bool) -> None:
        """One person proposes; when somebody comes to it the next time, another settles it."""
        if waiting := self.paper.years_that_wait():
            self.fund.posts_year(self.one_of(data, waiting), agrees=agrees)
        else:
            self.fund.proposes_year(self.one_of(data, self.years_to_carry()))
