"""The fund year of fees is the year in which cover starts: where cover is moved into another, what was paid goes with it."""

from collections.abc import Sequence
from datetime import date, datetime

from huzhu.contributions.models import Receipt, Share
from huzhu.enrolment.models import Roster
from huzhu.ledger import accounts
from huzhu.ledger import services as ledger
from huzhu.ledger.models import Voucher
from huzhu.organisations.models import Organisation
from huzhu.organisations.queries import agency_of
from huzhu.users.models import Role


def follow(*, roster: Roster, was: int, posted_on: date, by: Role, at: datetime) -> None:
    """What the shares of a roster have, where its cover was moved out of the year `was`."""
    now = roster.cover_starts_on.year
    if now == was:
        return
    office = agency_of(roster.employer)
    paid = Share.objects.filter(due__roster=roster, received_fen__gt=0).select_related("due__edition")
    rows = [row for share in paid for row in _moved(share, share.received_fen, was, now, office)]
    if rows:
        count = Voucher.objects.filter(source__startswith=f"year:{roster.pk}:").count()
        _post(f"year:{roster.pk}:{count + 1}", rows, f"保障改到 {now} 年，已缴会费转入", posted_on, by, at)


def take_back(*, receipt: Receipt, share: Share, posted_on: date, by: Role, at: datetime) -> None:
    """Beside the mirror of a receipt that was booked before its cover was put off: out of the year in which it stands now."""
    roster = share.due.roster
    income = receipt.voucher.entries.filter(credit=accounts.income_of(share.payer))
    was, now = income.get().fund_year, roster.cover_starts_on.year
    if now != was:
        rows = _moved(share, receipt.amount_fen, now, was, agency_of(roster.employer))
        _post(f"year:{receipt.voucher.source}:back", rows, f"冲销前转回 {was} 年", posted_on, by, at)


def _moved(share: Share, fen: int, was: int, now: int, office: Organisation) -> list[ledger.Row]:
    income, slug = accounts.income_of(share.payer), share.due.edition.slug
    return [
        ledger.Row(income, accounts.COLLECTED, fen, slug, was, office),
        ledger.Row(accounts.COLLECTED, income, fen, slug, now, office),
    ]


def _post(
    source: str, rows: Sequence[ledger.Row], note: str, posted_on: date, by: Role, at: datetime
) -> None:
    ledger.post(source=source, posted_on=posted_on, or_later=True, note=note, rows=rows, by=by, at=at)
