"""What of this room stands behind a voucher: the papers, lines, dues and refunds that it was posted for."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from huzhu.bank.models import StatementLine
from huzhu.bank.queries import lines_visible_to
from huzhu.contributions import by_hand, queries, repaying
from huzhu.contributions.given_back import Refund
from huzhu.contributions.matching import every_prepaid
from huzhu.contributions.models import ContributionDue, LineUse, OfficialReceipt, Prepaid, Receipt
from huzhu.ledger.models import Voucher
from huzhu.users.models import Role

REFUND, CASH_BACK = "refund:", "cashback:"
# sources that name a line of the bank's statement by its reference, with a number after it; the first two a transfer's,
# which may have come without a statement
_OF_TRANSFERS = ("receipt", "over")
_OF_LINES = (
    "suspense",
    "suspense-back",
    "claimed",
    "interest",
    "fee",
    "refund-paid",
    "refund-back",
    "claw-back",
    "aid-back",
)


@dataclass(frozen=True, slots=True)
class Behind:
    """What the asker may see of it."""

    papers: list[OfficialReceipt]
    lines: list[StatementLine]
    prepaid: list[Prepaid]
    refunds: list[Refund]
    dues: list[ContributionDue]


def behind(by: Role, voucher: Voucher) -> Behind:
    """What a voucher was posted for; empty lists where it is of another room, or nothing that the asker may see."""
    receipts = Receipt.objects.filter(voucher=voucher).select_related("paper__agency")
    used = LineUse.objects.filter(receipts__in=receipts) | LineUse.objects.filter(voucher=voucher)
    told = [
        by_hand.line_of(one.bank_reference, one.received_on, one.paper.agency)
        for one in receipts
        if one.paper
    ]
    mine = Q(uses__in=used) | Q(reference=_reference(voucher)) | Q(pk__in=[one.pk for one in told if one])
    lines = lines_visible_to(by).filter(mine)
    held = every_prepaid(by).filter(Q(voucher=voucher) | Q(receipts__in=receipts))
    wanted = Q(receipts__in=receipts) | Q(pk=_key(voucher))
    wanted |= Q(parts__paid_by__voucher=voucher) | Q(parts__returned_by__voucher=voucher)
    return Behind(
        papers=list(queries.official_visible_to(by).filter(parts__in=receipts).distinct()),
        lines=list(lines.distinct()),
        prepaid=list(held.distinct()),
        refunds=list(repaying.visible_to(by).filter(wanted).distinct()),
        dues=list(queries.visible_to(by).filter(pk=_due(voucher))),
    )


def sources_of(line: StatementLine) -> list[str]:
    """How the sources of a line's vouchers begin, whatever it was found to be."""
    rest = f"{line.serial}@{line.booked_on:%Y%m%d}"  # of what was registered by hand under its number before
    named = [f"{kind}:{line.reference}:" for kind in (*_OF_TRANSFERS, *_OF_LINES)]
    return named + [f"{kind}:{rest}:" for kind in _OF_TRANSFERS]


def _reference(voucher: Voucher) -> str:
    """The reference of the line, where the source names one; else none that a line has."""
    kind, _, rest = voucher.source.partition(":")
    return rest.rpartition(":")[0] if kind in {*_OF_LINES, "over"} else "\t"


def _key(voucher: Voucher) -> UUID | None:
    return UUID(voucher.source.removeprefix(REFUND)) if voucher.source.startswith(REFUND) else None


def _due(voucher: Voucher) -> int:
    return int(voucher.source.split(":")[1]) if voucher.source.startswith(CASH_BACK) else 0
