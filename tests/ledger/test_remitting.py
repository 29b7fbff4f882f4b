"""The agency sends up what it collected, the province sees it arrive: two persons, and never more than lies there."""

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, transaction

from factories.ledger import a_row, a_voucher
from factories.organisations import a_city
from factories.users import a_role, a_user
from huzhu.ledger import queries, remitting
from huzhu.ledger.lifecycle import CannotMove
from huzhu.ledger.models import Remittance
from huzhu.ledger.periods import SamePerson
from huzhu.ledger.remitting import RemittanceRefused
from huzhu.users.permissions import NotAllowed

pytestmark = pytest.mark.django_db
NOVEMBER = datetime(2022, 11, 30, 1, tzinfo=UTC)
SENT_ON, ARRIVED_ON = date(2022, 7, 28), date(2022, 7, 29)


@pytest.fixture
def city():
    """100.00 collected for 2021, 120.00 and 50.00 for two schemes of 2022."""
    city = a_city()
    for fen, year, slug in (
        (10_000, 2021, "yichun-120"),
        (12_000, 2022, "yichun-120"),
        (5_000, 2022, "yichun-women"),
    ):
        a_voucher(a_row(fen, debit="1003", office=city, fund_year=year, scheme_slug=slug))
    return city


@pytest.fixture
def agency(city):
    return a_role("agency_clerk", city)


@pytest.fixture
def maker(city):
    return a_role("payment_maker", city.parent)


def sent(city, by, fen=20_000, reference="S-1", on=SENT_ON):
    return remitting.send(
        office=city, amount_fen=fen, sent_on=on, bank_reference=reference, by=by, at=NOVEMBER
    )


def balance(code):
    return next(one.balance_fen for one in queries.balances() if one.line.code == code)


@pytest.mark.parametrize(
    "code", ["employer_clerk", "county_clerk", "payment_maker", "payment_releaser", "auditor", "leader"]
)
def test_who_may_not_send(city, code):
    with pytest.raises(NotAllowed):
        sent(city, a_role(code, city))


@pytest.mark.parametrize("code", ["agency_clerk", "payment_releaser", "auditor", "leader", "reviewer"])
def test_who_may_not_say_that_it_arrived(city, agency, code):
    found = sent(city, agency)
    with pytest.raises(NotAllowed):
        remitting.arrive(remittance=found, arrived_on=ARRIVED_ON, by=a_role(code, city.parent), at=NOVEMBER)


def test_another_agency_sends_nothing_of_ours(city):
    with pytest.raises(NotAllowed):
        sent(city, a_role("agency_clerk", a_city(city.parent, name="绥化市代办处")))


def test_it_is_in_transit_until_the_province_sees_it(city, agency, maker):
    found = sent(city, agency)
    assert (balance("1003"), balance("1002"), balance("1001")) == (7_000, 20_000, 0)
    remitting.arrive(remittance=found, arrived_on=ARRIVED_ON, by=maker, at=NOVEMBER)
    assert (balance("1003"), balance("1002"), balance("1001")) == (7_000, 0, 20_000)


def test_the_oldest_fund_year_goes_first_scheme_by_scheme(city, agency):
    rows = sent(city, agency).sent_voucher.entries.order_by("pk")
    assert list(rows.values_list("fund_year", "scheme_slug", "amount_fen")) == [
        (2021, "yichun-120", 10_000),
        (2022, "yichun-120", 10_000),
    ]


def test_what_came_after_the_day_was_not_in_it(city, agency):
    late = a_row(9_000, debit="1003", office=city, fund_year=2021)
    a_voucher(late, on=date(2022, 8, 1))
    with pytest.raises(RemittanceRefused, match=r"2022-07-28 那天账上收款户只有 270\.00 元"):
        sent(city, agency, fen=27_001)
    sent(city, agency, fen=30_000, reference="S-2", on=date(2022, 8, 1))
    with pytest.raises(
        RemittanceRefused, match=r"只有 60\.00 元"
    ):  # sent on already, though it lay there then
        sent(city, agency, fen=6_001, reference="S-3")


def test_the_sender_does_not_see_it_arrive(city, agency):
    both = a_role("payment_maker", city.parent, user=agency.user)
    with pytest.raises(SamePerson):
        remitting.arrive(remittance=sent(city, agency), arrived_on=ARRIVED_ON, by=both, at=NOVEMBER)
    with pytest.raises(SamePerson):
        remitting.give_back(remittance=Remittance.objects.get(), reason="没有汇", by=both, at=NOVEMBER)


def test_it_arrives_once(city, agency, maker):
    found = remitting.arrive(remittance=sent(city, agency), arrived_on=ARRIVED_ON, by=maker, at=NOVEMBER)
    for again in (
        lambda: remitting.arrive(remittance=found, arrived_on=ARRIVED_ON, by=maker, at=NOVEMBER),
        lambda: remitting.give_back(remittance=found, reason="x", by=maker, at=NOVEMBER),
    ):
        with pytest.raises(CannotMove):
            again()


def test_what_came_back_lies_at_the_agency_again(city, agency, maker):
    remitting.give_back(remittance=sent(city, agency), reason="银行退回", by=maker, at=NOVEMBER)
    assert (balance("1003"), balance("1002"), balance("1001")) == (27_000, 0, 0)
    sent(city, agency, 27_000, "S-2")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"fen": 27_001}, r"只有 270.00 元，不能上解 270.01 元"),
        ({"fen": 0}, "大于 0"),
        ({"fen": -5}, "大于 0"),
        ({"reference": "  "}, "没有填银行流水号"),
        ({"on": date(2022, 12, 1)}, "还没有到"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_words(city, agency, wrong, said):
    with pytest.raises(RemittanceRefused, match=said):
        sent(city, agency, **wrong)
    assert not Remittance.objects.exists()
    assert balance("1002") == 0


def test_what_the_banks_charges_took_cannot_be_sent(city, agency):
    a_voucher(a_row(500, debit="5101", credit="1003", office=city, scheme_slug="common"))
    with pytest.raises(RemittanceRefused, match="只有 265"):
        sent(city, agency, 27_000)
    sent(city, agency, 26_500)
    assert sum(part for _, _, part in queries.collected(city, SENT_ON)) == 0


def test_one_reference_is_sent_once(city, agency):
    sent(city, agency, 100)
    with pytest.raises(RemittanceRefused, match="已经登记过"):
        sent(city, agency, 100)


def test_the_day_of_arrival_lies_after_the_day_of_sending(city, agency, maker):
    found = sent(city, agency)
    for day in (date(2022, 7, 27), date(2022, 12, 1)):
        with pytest.raises(RemittanceRefused, match="不在汇出日"):
            remitting.arrive(remittance=found, arrived_on=day, by=maker, at=NOVEMBER)


def test_the_database_wants_the_voucher_of_what_arrived(city, agency):
    sent(city, agency)
    with pytest.raises(IntegrityError), transaction.atomic():
        Remittance.objects.update(state="arrived")
    with pytest.raises(IntegrityError), transaction.atomic():
        Remittance.objects.update(settled_by=a_user())
