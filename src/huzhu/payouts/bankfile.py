"""A batch as its bank wants it: the order out of its payouts, and the sealed file, written whole or not at all."""

import base64
from pathlib import Path

from django.conf import settings

from huzhu.bank import files
from huzhu.bank.files import Line, Order
from huzhu.bank.payforms import Form, forms
from huzhu.core.ciphers import CannotOpen
from huzhu.db import keys
from huzhu.files.services import write_whole
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


def _line(payout: Payout) -> Line:
    number = payout.decision.claim.number
    return Line(
        line=payout.line or 0,
        holder=payout.holder,
        account=payout.account_number,
        bank=payout.bank_name,
        amount_fen=payout.amount_fen,
        remark=f"互助金 {number}",
        about=number,
    )


def kept(batch: PayoutBatch) -> bytes | None:
    """The file as it was first written; None where it was not, or where its bytes cannot be opened any more."""
    try:
        token = _place(batch).read_text("ascii")
        return base64.b64decode(keys.cipher().open(token, bound_to=_bound(batch)))
    except (FileNotFoundError, UnicodeDecodeError, CannotOpen):
        return None


def keep(batch: PayoutBatch, data: bytes) -> None:
    """Write it, sealed, beside its place first and then renamed: nobody ever sees half a file."""
    token = keys.cipher().seal(base64.b64encode(data).decode(), bound_to=_bound(batch))
    write_whole(_place(batch), [token])


def _place(batch: PayoutBatch) -> Path:
    return Path(settings.VAR_DIR) / "bank" / f"{batch.number}-{batch.sha256[:16]}"


def _bound(batch: PayoutBatch) -> tuple[str, ...]:
    return ("payouts_payoutbatch", "file", str(batch.pk), batch.sha256)
