"""Accounts for everybody: two persons, closed months only, and no word about anybody."""

from datetime import UTC, date, datetime

import pytest
from django.test import Client
from django.urls import reverse

from factories.ledger import a_row, a_voucher
from factories.payouts import Desk, a_payout
from factories.users import a_role
from factories.web import as_staff
from huzhu.disclosure import services
from huzhu.disclosure.models import PublishedAccounts
from huzhu.disclosure.services import CannotPublish
from huzhu.ledger import periods
from huzhu.ledger.periods import SamePerson
from huzhu.users.permissions import NotAllowed

pytestmark = pytest.mark.django_db
AT = datetime(2022, 11, 30, 1, tzinfo=UTC)


@pytest.fixture
def desk():
    """July 2022: 500.00 came in, three people have something coming; the month is closed."""
    desk = Desk()
    a_voucher(a_row(50_000, debit="1003", office=desk.city), on=date(2022, 7, 1))
    for fen, name in ((5_000, "王小明"), (700, "李小红"), (900, "赵小强")):
        a_payout(desk, fen, name=name)
    closed(desk, "2022-07")
    return desk


def closed(desk, month):
    period = periods.lock(book=desk.province, month=month, by=desk.maker, at=AT)
    periods.close(period=period, by=desk.releaser, at=AT)


def proposed(desk, by=None, first="2022-07", last="2022-07"):
    return services.propose(book=desk.province, first=first, last=last, by=by or desk.maker, at=AT)


@pytest.mark.parametrize("code", ["payment_releaser", "auditor", "leader", "agency_clerk", "administrator"])
def test_who_may_not_propose(desk, code):
    with pytest.raises(NotAllowed):
        proposed(desk, a_role(code, desk.province))


@pytest.mark.parametrize("code", ["payment_maker", "auditor", "leader", "agency_clerk", "administrator"])
def test_who_may_not_publish(desk, code):
    found = proposed(desk)
    for verb in (services.publish, services.send_back):
        with pytest.raises(NotAllowed):
            verb(accounts=found, by=a_role(code, desk.province), at=AT)


def test_the_proposer_does_not_publish(desk):
    both = a_role("payment_releaser", desk.province, user=desk.maker.user)
    with pytest.raises(SamePerson):
        services.publish(accounts=proposed(desk), by=both, at=AT)


def test_what_is_proposed_nobody_outside_sees(desk):
    proposed(desk)
    assert "还没有公布过账目" in Client().get(reverse("web:accounts")).content.decode()
    pk = PublishedAccounts.objects.get().pk
    assert Client().get(reverse("web:accounts-of", args=[pk])).status_code == 404


def test_what_is_published_everybody_reads_without_a_name(desk):
    services.publish(accounts=proposed(desk), by=desk.releaser, at=AT)
    said = Client().get(reverse("web:accounts")).content.decode()
    assert "500.00" in said
    assert "66.00" in said  # 50.00 + 7.00 + 9.00
    assert "3 人" in said
    assert not any(name in said for name in ("王小明", "李小红", "赵小强", desk.maker.user.name))
    assert reverse("web:accounts") in Client().get(reverse("web:home")).content.decode()


def test_what_the_fund_began_with_is_in_what_is_left(desk):
    before = services.figures(desk.province, "2022-07", "2022-07")
    a_voucher(
        a_row(10_000, debit="1001", credit="3001", office=desk.province),
        on=date(2022, 8, 1),
        source="opening",
    )
    after = services.figures(desk.province, "2022-08", "2022-08")
    assert before["surplus_to_date_fen"] == 50_000 - 6_600
    assert (after["income_fen"], after["fund_fen"]) == (0, 10_000)
    assert after["surplus_to_date_fen"] == 50_000 - 6_600 + 10_000


@pytest.mark.parametrize(
    ("first", "last", "said"), [("2022-07", "2022-08", "2022-08 还没有关账"), ("2022-08", "2022-07", "颠倒")]
)
def test_only_closed_months_are_published(desk, first, last, said):
    with pytest.raises(CannotPublish, match=said):
        proposed(desk, first=first, last=last)


def test_a_span_is_published_once_and_again_only_after_it_was_sent_back(desk):
    services.send_back(accounts=proposed(desk), by=desk.releaser, at=AT)
    services.publish(accounts=proposed(desk), by=desk.releaser, at=AT)
    with pytest.raises(CannotPublish, match="已经公布过"):
        proposed(desk)


def test_the_pages_walk_it_through(desk):
    maker, releaser = as_staff(desk.maker), as_staff(desk.releaser)
    form = {"first": "2022-07", "last": "2022-07"}
    maker.post(reverse("web:disclosure-propose"), form)
    found = PublishedAccounts.objects.get()
    assert maker.post(reverse("web:disclosure-publish", args=[found.pk])).status_code == 404
    assert "公布</button>" in releaser.get(reverse("web:disclosures")).content.decode()
    releaser.post(reverse("web:disclosure-publish", args=[found.pk]))
    found.refresh_from_db()
    assert found.state == "published"
    bad = maker.post(reverse("web:disclosure-propose"), {"first": "x"}, follow=True).content.decode()
    assert "没有选起止月份" in bad
