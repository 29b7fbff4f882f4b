"""What the bank says of July to November: statements that match, but for one transfer that nobody can place.

And one payment that the bank gave back after it had said that it was paid: said by one, it waits for another.
"""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from huzhu.bank import services as bank
from huzhu.bank.formats import forms
from huzhu.cli.yichun.cast import Cast
from huzhu.cli.yichun.places import Tree
from huzhu.cli.yichun.rosters import moment
from huzhu.core.money import yuan
from huzhu.ledger import queries as ledger
from huzhu.ledger.accounts import BANK, COLLECTED
from huzhu.payouts import queries as payouts
from huzhu.payouts import services as payments
from huzhu.reconciliation import queries as found
from huzhu.reconciliation import services as reconciliation

SINCE, LAST = date(2022, 7, 1), date(2022, 11, 28)
FORM = "two-columns"
UNKNOWN = (
    "2022-11-25",
    "E2022112500417",
    36_000,
    "刘淑芬",
    "保险费",
)  # neither a member's name nor any due's amount
RETURNED = ("2022-11-28", "E2022112800093")
WHY = "退汇 收款账户已销户"


@dataclass(frozen=True, slots=True)
class Moved:
    """One movement as the bank prints it."""

    on: str
    reference: str
    amount_fen: int
    name: str
    remark: str


def statements(tree: Tree, people: Cast) -> None:
    """Both accounts, a statement a month, compared; the odd transfer is explained, so that payouts go on."""
    at = moment(date(2022, 11, 30), 8, 10)
    for place, code, number in (
        (tree.city, COLLECTED, "9900 2307 0000 0001"),
        (tree.province, BANK, "9900 2307 0000 0002"),
    ):
        account = bank.open_account(
            organisation=place,
            holder=f"{place.name}（演示账户）",
            bank_name="龙江银行伊春分行",
            number=number,
            form=FORM,
            since=SINCE,
            by=people.li,
            at=at,
        )
        before, moved = _moved(people.li, code)
        back = _that_came_back(people.li) if code == BANK else None
        moved.append(Moved(*UNKNOWN) if back is None else Moved(*RETURNED, back.amount_fen, back.holder, WHY))
        _taken(account, before, sorted(moved, key=lambda one: one.on), people.li, at)
        if back is not None:
            line = account.lines.get(reference=RETURNED[1])
            payments.say_return(payout=back, line=line, words=WHY, by=people.li, at=at)
        reconciliation.run(account=account, by=people.li, at=at)
    for one in found.waiting(people.zhou):
        reconciliation.explain(
            difference=one,
            cause="other",
            reason="附言看不出是哪家单位的会费，孙代办正在向银行查汇款人；查明前不入账，不影响发放",
            by=people.zhou,
            at=at,
        )


def _that_came_back(by: Any) -> Any:
    """A payment of the weeks before the bank gave it back, of nobody whose story is told elsewhere."""
    found = payouts.visible_to(by).filter(state="paid", replaces=None, answered_at__lt=moment(LAST, 0, 0))
    return found.order_by("-answered_at", "line").first()


def _moved(by: Any, code: str) -> tuple[int, list[Moved]]:
    """What the account held before July, and every movement up to the last day, one a transfer and one a payment."""
    before = 0
    sums: dict[tuple[str, str], int] = {}
    told: dict[tuple[str, str], tuple[str, str]] = {}
    paid = {f"decision:{one.decision_id}:paid": one for one in payouts.visible_to(by).filter(state="paid")}
    for entry in ledger.entries(by, code).order_by("voucher__number", "pk"):
        fen = entry.amount_fen if entry.debit_id == code else -entry.amount_fen
        voucher = entry.voucher
        if voucher.posted_on < SINCE:
            before += fen
        elif voucher.posted_on <= LAST:
            kind, _, rest = voucher.source.partition(":")
            reference = (
                rest.rpartition(":")[0] if kind in {"receipt", "over"} else voucher.number.replace("-", "")
            )
            key = (f"{voucher.posted_on}", reference)
            sums[key] = sums.get(key, 0) + fen
            told.setdefault(key, _words(voucher, paid.get(voucher.source)))
    return before, [Moved(*key, fen, *told[key]) for key, fen in sums.items() if fen]


def _words(voucher: Any, payout: Any) -> tuple[str, str]:
    """The other side's name and the bank's remark."""
    if payout is not None:
        return payout.holder, f"互助金 {payout.batch.number}"
    return voucher.note.split(" ")[0], voucher.note


def _taken(account: Any, opening: int, moved: list[Moved], by: Any, at: Any) -> None:
    """A file a month, as the bank's site would give it."""
    for month in dict.fromkeys(one.on[:7] for one in moved):
        rows = [one for one in moved if one.on.startswith(month)]
        last = LAST if month == f"{LAST:%Y-%m}" else None
        data = _file(rows, opening)
        opening += sum(one.amount_fen for one in rows)
        bank.take(
            account=account, name=f"明细{month}.csv", data=data, typed=bank.Typed(last_on=last), by=by, at=at
        )


def _file(rows: Iterable[Moved], balance: int) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(forms()[FORM].example)
    for one in rows:
        balance += one.amount_fen
        sides = (yuan(one.amount_fen), "") if one.amount_fen > 0 else ("", yuan(-one.amount_fen))
        writer.writerow((one.on, one.reference, *sides, yuan(balance), one.name, "", one.remark))
    return out.getvalue().encode("gb18030")
