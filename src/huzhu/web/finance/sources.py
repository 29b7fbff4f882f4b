"""From a voucher to what it was posted for, and from there back to its vouchers; each link only where it opens to the asker."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.urls import resolve, reverse
from django.utils.http import urlencode

from huzhu.contributions import sourcing
from huzhu.ledger import offices, queries
from huzhu.payouts import queries as payouts

Link = tuple[str, str]  # the words, and the address
_DECISION, _PAYOUT = re.compile(r"decision:(\d+):"), re.compile(r"payout:([0-9a-f-]{36}):")


def behind(by: Any, voucher: Any) -> list[Link]:
    """What a voucher was posted for."""
    found = [*_of_the_books(by, voucher), *_of_payouts(by, voucher)]
    found += [*_of_debts(by, voucher), *_of_fees(by, voucher)]
    return [(words, address) for words, address in dict.fromkeys(found) if opens(by, address)]


def opens(by: Any, address: str) -> bool:
    """Whether the page at an address is for this role."""
    view = resolve(address.partition("?")[0].partition("#")[0]).func
    return by.code in getattr(view, "opens_to", ())


def booked(by: Any, *sources: str, numbers: Iterable[str] = ()) -> list[Link]:
    """The vouchers whose sources begin so, or with these numbers, that the asker may open; oldest first."""
    found = queries.vouchers_of(by, sources, numbers)
    return [(one.number, reverse("web:voucher", args=[one.number])) for one in found]


def of_decision(by: Any, decision: Any) -> list[Link]:
    """Everything that was booked for a decision and its payouts."""
    held = payouts.of_claim(decision.claim)
    about = (f"decision:{decision.pk}:", *(f"payout:{one.pk}:" for one in held))
    return booked(by, *about, numbers=payouts.return_vouchers(decision.claim))


def paid_by_line(by: Any, line: Any) -> list[Link]:
    """The batches that a payment on the bank's paper names, or the payment that a credit is said to have brought back."""
    if line.amount_fen > 0:
        back = payouts.said_to_come_back_by(by, line)
        return [(f"{one}", reverse("web:payout", args=[one.pk])) for one in back]
    found = payouts.batches(by).filter(number__in=payouts.batch_numbers(line.remark or ""))
    return [(f"发放批次 {one}", reverse("web:batch", args=[one.pk])) for one in found]


def _of_the_books(by: Any, voucher: Any) -> Iterator[Link]:
    if voucher.reverses_id:
        yield f"冲销的是凭证 {voucher.reverses}", reverse("web:voucher", args=[voucher.reverses.number])
    if mirror := getattr(voucher, "reversed_by", None):
        yield f"已由凭证 {mirror} 冲销", reverse("web:voucher", args=[mirror.number])
    for one in offices.remittances_of(by, voucher):
        yield f"上解 {one.office.name} {one.bank_reference}", f"{reverse('web:flows')}#remittance{one.pk}"
    for held in queries.manual_vouchers(by).filter(voucher=voucher):
        yield f"{held}", f"{reverse('web:purses')}#manual{held.pk}"
    for closing in queries.closings_of(by, voucher):
        yield f"{closing}", f"{reverse('web:months')}?year={closing.fund_year}#closing{closing.pk}"


def _of_payouts(by: Any, voucher: Any) -> Iterator[Link]:
    decision, payout = _DECISION.match(voucher.source), _PAYOUT.match(voucher.source)
    found = payouts.behind_return(by, voucher)
    if decision or payout:
        found = payouts.visible_to(by)
        found = found.filter(decision=int(decision[1])) if decision else found.filter(pk=payout[1])  # type: ignore[index]
    for one in found.order_by("scheduled_at"):
        claim = one.decision.claim
        yield f"申请 {claim.number} 的核定", reverse("web:claim", args=[claim.pk])
        words = f"给付 申请 {one.decision.claim.number} {one.get_state_display()}"
        yield words, reverse("web:payout", args=[one.pk])
        if one.batch:
            yield f"发放批次 {one.batch}", reverse("web:batch", args=[one.batch_id])


def _of_debts(by: Any, voucher: Any) -> Iterator[Link]:
    for one in payouts.receivables_behind(by, voucher.source):
        words = f"待收回 申请 {one.difference.decision.claim.number}"
        yield words, reverse("web:receivable", args=[one.pk])


def _of_fees(by: Any, voucher: Any) -> Iterator[Link]:
    found = sourcing.behind(by, voucher)
    for paper in found.papers:
        asked = urlencode({"q": paper.bank_reference})
        yield f"会费收据 {paper}", f"{reverse('web:receipts')}?{asked}"
    for line in found.lines:
        yield f"银行流水 {line.reference}", reverse("web:credit", args=[line.pk])
    for held in found.prepaid:
        yield f"多缴款 {held.employer.name}", reverse("web:prepaid", args=[held.pk])
    for refund in found.refunds:
        yield f"退费 {refund.employer.name}", reverse("web:refund", args=[refund.pk])
    for due in found.dues:
        yield f"补现金 {due.roster.employer.name}", reverse("web:cashback-people", args=[due.pk])
