"""What each office collected, sent and was paid for: fees as the books have them, and every yuan in one column."""

from datetime import date

import pytest
from django.urls import reverse

from factories.bank import told
from factories.ledger import a_row, a_voucher
from factories.office import AT, Office, all_of, paid
from factories.users import a_role
from factories.web import as_staff
from huzhu.contributions import claiming, refunds
from huzhu.contributions.models import Prepaid, Refund
from huzhu.ledger import offices, queries, remitting
from huzhu.ledger.accounts import FEES
from huzhu.web import clock

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
TO = refunds.Payee("美溪林业局公司", "工商银行", "6222 0209 0301 2345")


@pytest.fixture
def office():
    return Office()


def columns(office, since="", until=""):
    """Fees, over and other of the whole branch; they must be the books' income, and account for all the money."""
    found = offices.flows(office.maker, since, until)
    sums = {
        name: sum(getattr(one, name) for one in found)
        for name in offices.Flow.__slots__
        if name.endswith("_fen")
    }
    month = {"month": since, "until": until} if since else {}
    income = [one for one in queries.statement(by=office.maker, **month).income if one.line.code in FEES]
    assert sums["fees_fen"] == sum(one.moved_fen for one in income)
    if not since:
        lies = sums["lying_fen"] + sums["in_transit_fen"] + sums["at_province_fen"]
        assert sums["fees_fen"] + sums["over_fen"] + sums["other_fen"] - sums["paid_fen"] == lies
    return sums["fees_fen"], sums["over_fen"], sums["other_fen"]


def test_what_was_paid_too_much_is_no_fee_until_it_pays_one(office):
    first = office.owes()
    more = office.owes(heads=1, employer=first.employer)
    paid(office, first, extra=17_000)
    assert columns(office) == (36_000, 17_000, 0)
    claiming.use_prepaid(prepaid=Prepaid.objects.get(), parts=all_of(more), by=office.agency, at=AT)
    assert columns(office) == (48_000, 5_000, 0)


def released(office, asked):
    listed = refunds.make_list(refunds=[asked], by=office.maker, at=AT)
    refunds.release(listed=listed, by=office.releaser, at=AT)
    return list(Refund.objects.get(pk=asked.pk).parts.all())


def test_what_is_given_back_is_no_fee_from_its_release_and_is_gone_when_the_bank_has_paid_it(office):
    """Both kinds: what was paid too much, and a fee of a roster that is struck."""
    roster = office.owes()
    paid(office, roster, extra=5_000)
    who = {"payees": [TO], "by": office.agency, "at": AT}
    over = released(office, refunds.propose(prepaid=Prepaid.objects.get(), reason="多汇了", **who))
    assert columns(office) == (36_000, 5_000, 0)
    fees = released(office, refunds.propose(roster=roster, reason="单位撤销", **who))
    assert columns(office) == (0, 41_000, 0)
    lines = office.bank_more(told("2022-12-01", "B1", "-50.00"), told("2022-12-01", "B2", "-360.00"))
    for parts, line, left in zip([over, fees], lines, [(0, 36_000, 0), (0, 0, 0)], strict=True):
        refunds.pay(parts=parts, line=line, by=office.maker, at=AT)
        assert columns(office) == left
    assert columns(office, "2022-11", "2022-11") == (36_000, 5_000, 0)
    assert columns(office, "2022-12", "2022-12") == (-36_000, -5_000, 0)


def test_interest_charges_and_what_nobody_knows_stand_apart_from_fees(office):
    paid(office, office.owes())
    lines = office.bank_more(
        told("2022-11-28", "I1", "3.00"),
        told("2022-11-28", "F1", "-1.00"),
        told("2022-11-28", "S1", "120.00"),
    )
    for line, kind in zip(lines, ["interest", "fee", "suspense"], strict=True):
        claiming.post_line(line=line, kind=kind, by=office.agency, at=AT)
    assert columns(office) == (36_000, 0, 12_200)


def test_what_was_sent_paid_and_closed_changes_no_fee(office):
    paid(office, office.owes(), extra=2_000)
    remitting.send(
        office=office.city,
        amount_fen=30_000,
        sent_on=date(2022, 11, 29),
        bank_reference="S1",
        by=office.agency,
        at=AT,
    )
    a_voucher(a_row(7_000, debit="5001", credit="2001", office=office.city), on=date(2022, 11, 30))
    a_voucher(a_row(5_000, debit="2001", credit="1001", office=office.city), on=date(2022, 11, 30))
    a_voucher(a_row(36_000, debit="4001", credit="3009", office=office.city), on=date(2022, 12, 1))
    assert columns(office) == (36_000, 2_000, 0)


def test_the_page_says_it_and_a_figure_opens_to_the_books(office, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: AT)
    paid(office, office.owes(), extra=24_000)
    page = as_staff(office.maker).get(reverse("web:flows")).content.decode()
    shown = [page.index(words) for words in ("收到会费</th>", "多缴待退</th>", ">360.00</a>", ">240.00</a>")]
    assert shown == sorted(shown)
    statement = f"{reverse('web:books')}?office={office.city.pk}&amp;scheme=yichun-120"
    assert f'<a href="{statement}">360.00</a>' in page
    assert as_staff(office.maker).get(statement.replace("&amp;", "&")).status_code == 200
    agency = as_staff(a_role("agency_clerk", office.city)).get(reverse("web:flows")).content.decode()
    assert "240.00" in agency
    assert reverse("web:books") not in agency
