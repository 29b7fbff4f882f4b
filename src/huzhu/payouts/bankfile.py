"""A batch as its bank wants it: the order out of its payouts, and what seals it."""

from huzhu.bank import files
from huzhu.bank.files import Line, Order
from huzhu.bank.payforms import Form, forms
from huzhu.bank.sealing import Seal
from huzhu.payouts.models import Payout, PayoutBatch
from huzhu.rules.units import SHANGHAI


def form_of(batch: PayoutBatch) -> Form:
    """The form of the bank that this batch goes to."""
    return forms()[batch.form]


def render(batch: PayoutBatch, payouts: list[Payout] | None = None) -> bytes:
    """The batch as the bank gets it: the same bytes every time."""
    found = payouts or list(batch.payouts.select_related("decision__claim"))
    lines = [_line(one) for one in sorted(found, key=lambda one: one.line or 0)]
    return files.render(form_of(batch), Order(batch.number, batch.made_at.astimezone(SHANGHAI).date(), lines))


def may_go_again(batch: PayoutBatch) -> bool:
    """Whether the file may be given out (again): for ever to a bank that tells a second sending from a first, else until it answers."""
    return form_of(batch).deduplicates or not batch.payouts.exclude(state=Payout.State.SENT).exists()


def _line(payout: Payout) -> Line:
    number = payout.decision.claim.number
    return Line(
        line=payout.line or 0,
        holder=payout.holder,
        account=payout.account_number,
        bank=payout.bank_name,
        amount_fen=payout.amount_fen,
        remark=f"互助金 {number}",
        about=f"申请 {number}",
    )


def seal_of(batch: PayoutBatch) -> Seal:
    """What was sealed at its release."""
    return Seal("payouts_payoutbatch", str(batch.pk), batch.number, batch.sha256)
