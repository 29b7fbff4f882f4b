"""Official receipts: one for each transfer, numbered without gaps; printed again they say so."""

from datetime import datetime

from django.db import transaction
from django.db.models import F, Max, Sum

from huzhu.audit import services as audit
from huzhu.contributions.models import OfficialReceipt
from huzhu.organisations.models import Organisation
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import check_may


def issue(  # noqa: PLR0913  what stands on a paper
    *,
    agency: Organisation,
    employer: Organisation,
    bank_reference: str,
    amount_fen: int,
    red_of: OfficialReceipt | None = None,
    by: Role,
    at: datetime,
) -> OfficialReceipt:
    """The next number of the agency's year; the caller moves money, in whose transaction the agency's row is locked.

    A red paper takes another back, in part or in whole, with an amount below zero.
    """
    Organisation.objects.select_for_update(no_key=True).get(pk=agency.pk)
    year = at.astimezone(SHANGHAI).year
    last = OfficialReceipt.objects.filter(agency=agency, year=year).aggregate(last=Max("number"))["last"]
    receipt = OfficialReceipt.objects.create(
        agency=agency,
        employer=employer,
        year=year,
        number=(last or 0) + 1,
        bank_reference=bank_reference,
        amount_fen=amount_fen,
        red_of=red_of,
        issued_at=at,
        issued_by=by.actor_name[:80],
    )
    if red_of is not None:
        _void_if_all_is_taken_back(red_of)
    detail = {"amount_fen": amount_fen, "red_of": str(red_of) if red_of else ""}
    audit.record(by=by, verb="contributions.issue_receipt", on=receipt, at=at, detail=detail)
    return receipt


def _void_if_all_is_taken_back(paper: OfficialReceipt) -> None:
    back = paper.reds.aggregate(fen=Sum("amount_fen"))["fen"] or 0
    if paper.amount_fen + back == 0:
        OfficialReceipt.objects.filter(pk=paper.pk).update(is_void=True)


@transaction.atomic
def printed(*, receipt: OfficialReceipt, within: Organisation, by: Role, at: datetime) -> bool:
    """Note that the receipt of a branch's roster is printed; whether it was printed before."""
    check_may(by, "contributions.paper", within=within)
    OfficialReceipt.objects.filter(pk=receipt.pk).update(printed_count=F("printed_count") + 1)
    receipt.refresh_from_db(fields=["printed_count"])
    detail = {"times": receipt.printed_count}
    audit.record(by=by, verb="contributions.print_receipt", on=receipt, at=at, detail=detail)
    return receipt.printed_count > 1
