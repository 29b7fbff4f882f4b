"""Entries in the books."""

from datetime import UTC, date, datetime
from itertools import count

from factories.organisations import a_city
from huzhu.audit.services import SYSTEM
from huzhu.ledger import services
from huzhu.ledger.models import Voucher
from huzhu.ledger.services import Row
from huzhu.organisations.models import Organisation

NOON = datetime(2022, 7, 13, 4, tzinfo=UTC)
THURSDAY = date(2022, 7, 14)
_numbers = count(1)


def a_row(
    amount_fen: int = 12_000,
    *,
    debit: str = "1001",
    credit: str = "4001",
    office: Organisation | None = None,
    scheme_slug: str = "yichun-120",
    fund_year: int = 2022,
) -> Row:
    """A contribution that came in, unless accounts say otherwise."""
    return Row(debit, credit, amount_fen, scheme_slug, fund_year, office or a_city())


def a_voucher(
    *rows: Row,
    source: str | None = None,
    on: date = THURSDAY,
    note: str = "单位会费到账",
    or_later: bool = False,
) -> Voucher:
    """Posted by the system, under a source of its own unless one is given."""
    return services.post(
        source=source or f"test:{next(_numbers)}",
        posted_on=on,
        note=note,
        rows=rows or [a_row()],
        by=SYSTEM,
        at=NOON,
        or_later=or_later,
    )
