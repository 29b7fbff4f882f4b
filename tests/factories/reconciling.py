"""A month in which books, payouts and bank agree, in the tables."""

from dataclasses import dataclass, field
from datetime import date

from factories.bank import a_statement, an_own_account, told
from factories.payouts import Desk, a_payout, an_answered
from factories.users import a_role
from huzhu.bank.models import OwnAccount
from huzhu.core.money import yuan
from huzhu.ledger import services as ledger
from huzhu.ledger.accounts import BANK, IN_TRANSIT
from huzhu.ledger.services import Row
from huzhu.payouts.models import Payout, PayoutBatch
from huzhu.users.models import Role

DAY = "2022-07-15"
OPENING_FEN = 10_000_000


@dataclass
class Month:
    """The province's paying account: money from the agency, two batches of payouts, and what the bank says of them."""

    desk: Desk = field(default_factory=Desk)
    account: OwnAccount = field(init=False)
    batches: list[PayoutBatch] = field(init=False)
    second: Role = field(init=False)  # releases, and has nothing of this month in hand

    def __post_init__(self):
        self.account = an_own_account(self.desk.province, by=self.desk.maker)
        self.second = a_role("payment_releaser", self.desk.province)
        ledger.post(
            source="remittance:R1:arrived",
            posted_on=date(2022, 7, 14),
            note="上解",
            rows=[Row(BANK, IN_TRANSIT, OPENING_FEN, "yichun-120", 2022, self.desk.city)],
            by=self.desk.maker,
            at=self.batch_at,
        )
        first = [a_payout(self.desk, 171_400), a_payout(self.desk, 50_000, name="王小明")]
        self.batches = [
            an_answered(self.desk, *first),
            an_answered(self.desk, a_payout(self.desk, 60_000, name="张三")),
        ]

    @property
    def batch_at(self):
        from factories.payouts import DECIDED_AT  # noqa: PLC0415

        return DECIDED_AT

    @property
    def payouts(self) -> list[Payout]:
        return list(Payout.objects.select_related("batch").order_by("batch__number", "line"))

    @property
    def lines(self) -> list[tuple[str, ...]]:
        """What an honest bank writes."""
        paid = [
            told(DAY, f"P{at}", yuan(-one.amount_fen), one.holder, "", f"互助金 {one.batch.number}")
            for at, one in enumerate(self.payouts)
        ]
        return [told("2022-07-14", "R1", yuan(OPENING_FEN), "伊春代办处", "", "上解"), *paid]

    def told_by_the_bank(self, *lines) -> None:
        a_statement(self.account, *(lines or self.lines), by=self.desk.maker, last_on=date(2022, 7, 31))
