"""The chart of accounts, in the words of the office, and which account a payer or a benefit belongs to."""

from typing import NamedTuple

from huzhu.ledger.models import Account

Kind = Account.Kind


class Line(NamedTuple):
    """One account of the chart."""

    code: str
    name: str
    kind: Account.Kind


BANK = "1001"
PAYABLE = "2001"
FUND = "3001"
CHART = (
    Line(BANK, "银行存款", Kind.ASSET),
    Line(PAYABLE, "应付互助金", Kind.LIABILITY),
    Line(FUND, "互助基金", Kind.FUND),
    Line("4001", "会费收入·单位", Kind.INCOME),
    Line("4002", "会费收入·上级工会", Kind.INCOME),
    Line("4003", "会费收入·资助人", Kind.INCOME),
    Line("4004", "会费收入·职工", Kind.INCOME),
    Line("5001", "互助金支出·住院", Kind.EXPENSE),
    Line("5002", "互助金支出·重大疾病", Kind.EXPENSE),
    Line("5003", "互助金支出·女性特殊疾病", Kind.EXPENSE),
    Line("5004", "互助金支出·意外伤残", Kind.EXPENSE),
    Line("5009", "互助金支出·其他", Kind.EXPENSE),
)
_INCOME = {"employer": "4001", "upper_union": "4002", "sponsor": "4003", "worker": "4004"}
_EXPENSE = {"inpatient": "5001", "critical": "5002", "women": "5003", "accident": "5004"}


def income_of(payer: str) -> str:
    """The account of a payer's contributions; an unknown payer is a KeyError."""
    return _INCOME[payer]


def expense_of(benefit: str) -> str:
    """The account of a benefit by its name in the scheme; what has none of its own goes to 其他."""
    return _EXPENSE.get(benefit, "5009")
