"""The chart of accounts, in the words of the office; whose money an account holds; where a payer or a benefit belongs."""

from enum import StrEnum
from typing import NamedTuple

from huzhu.ledger.models import Account

Kind = Account.Kind


class Purse(StrEnum):
    """Whose money: no entry moves between two purses, and the database refuses it too (`between_no_two_purses`)."""

    MUTUAL = "互助资金"
    UNION = "工会经费"
    HARDSHIP = "困难帮扶资金"
    MEMO = "备查（不是资金）"


# by the first digit of the code; every other digit is mutual aid
_PURSES = {"6": Purse.UNION, "7": Purse.HARDSHIP, "8": Purse.MEMO}


def purse_of(code: str) -> Purse:
    """Whose money an account holds, as its code says."""
    return _PURSES.get(code[:1], Purse.MUTUAL)


class Line(NamedTuple):
    """One account of the chart."""

    code: str
    name: str
    kind: Account.Kind

    @property
    def purse(self) -> Purse:
        return purse_of(self.code)

    @property
    def short(self) -> str:
        """Its name where the purse stands above it."""
        return self.name.rpartition("·")[2]


BANK = "1001"  # the province's account, from which everything is paid
IN_TRANSIT = "1002"  # sent by an agency, not yet seen at the province
COLLECTED = "1003"  # the agencies' collecting accounts: fees lie here until they are sent up
CLAW_BACK = "1101"  # paid too much, as a correction by two people says
PAYABLE = "2001"
RETURNED = "2002"
IN_DOUBT = "2003"
PREPAID = "2101"
UNCLAIMED = "2102"
REFUNDABLE = "2103"
FUND = "3001"
RESERVE = "3002"
CLOSING = "3009"
INTEREST = "4101"
BANK_FEES = "5101"
GIVEN_UP = "5102"
MEMO_OWED = "8001"
MEMO_ADVANCED = "8002"
MONEY = (BANK, IN_TRANSIT, COLLECTED)
CHART = (
    Line(BANK, "银行存款·省级发放户", Kind.ASSET),
    Line(IN_TRANSIT, "在途上解款", Kind.ASSET),
    Line(COLLECTED, "银行存款·代办处收款户", Kind.ASSET),
    Line(CLAW_BACK, "应收追回互助金", Kind.ASSET),
    Line(PAYABLE, "应付互助金", Kind.LIABILITY),
    Line(RETURNED, "银行退回待重发", Kind.LIABILITY),
    Line(IN_DOUBT, "存疑待查的给付", Kind.LIABILITY),
    Line(PREPAID, "预收会费（多缴）", Kind.LIABILITY),
    Line(UNCLAIMED, "待查收款", Kind.LIABILITY),
    Line(REFUNDABLE, "应退会费", Kind.LIABILITY),
    Line(FUND, "互助基金", Kind.FUND),
    Line(RESERVE, "风险备付金", Kind.FUND),
    Line(CLOSING, "收支结转", Kind.FUND),
    Line("4001", "会费收入·单位", Kind.INCOME),
    Line("4002", "会费收入·上级工会", Kind.INCOME),
    Line("4003", "会费收入·资助人", Kind.INCOME),
    Line("4004", "会费收入·职工", Kind.INCOME),
    Line(INTEREST, "利息收入", Kind.INCOME),
    Line("5001", "互助金支出·住院", Kind.EXPENSE),
    Line("5002", "互助金支出·重大疾病", Kind.EXPENSE),
    Line("5003", "互助金支出·女性特殊疾病", Kind.EXPENSE),
    Line("5004", "互助金支出·意外伤残", Kind.EXPENSE),
    Line("5009", "互助金支出·其他", Kind.EXPENSE),
    Line(BANK_FEES, "银行手续费", Kind.EXPENSE),
    Line(GIVEN_UP, "不再收回的互助金", Kind.EXPENSE),
    Line("6001", "工会经费·银行存款", Kind.ASSET),
    Line("6301", "工会经费·结余", Kind.FUND),
    Line("6401", "工会经费·收入", Kind.INCOME),
    Line("6501", "工会经费·支出", Kind.EXPENSE),
    Line("7001", "困难帮扶·银行存款", Kind.ASSET),
    Line("7301", "困难帮扶·结余", Kind.FUND),
    Line("7401", "困难帮扶·收入", Kind.INCOME),
    Line("7501", "困难帮扶·支出", Kind.EXPENSE),
    Line(MEMO_OWED, "备查·单位应补给职工", Kind.ASSET),
    Line(MEMO_ADVANCED, "备查·职工先缴的会费", Kind.LIABILITY),
)
NAMES = {line.code: line.name for line in CHART}
_INCOME = {"employer": "4001", "upper_union": "4002", "sponsor": "4003", "worker": "4004"}
FEES = frozenset(_INCOME.values())
_EXPENSE = {"inpatient": "5001", "critical": "5002", "women": "5003", "accident": "5004"}
AID = frozenset({*_EXPENSE.values(), "5009"})


def income_of(payer: str) -> str:
    """The account of a payer's contributions; an unknown payer is a KeyError."""
    return _INCOME[payer]


def expense_of(benefit: str) -> str:
    """The account of a benefit by its name in the scheme; what has none of its own goes to 其他."""
    return _EXPENSE.get(benefit, "5009")
