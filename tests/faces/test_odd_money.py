"""Pages of money that comes in: who met others is told so, and odd forms are answered in words."""

import pytest
from django.db import OperationalError
from django.urls import reverse
from psycopg.errors import DeadlockDetected

from factories.bank import told
from factories.office import AT, Office, paid, shares
from factories.web import as_staff, text_of
from huzhu.audit.models import Handled
from huzhu.contributions import cashback, claiming, matching
from huzhu.contributions.models import LineUse, Pledge, Share
from huzhu.contributions.withdrawing import EndRefused
from huzhu.web import clock

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]


@pytest.fixture
def office(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: AT)
    return Office()


def deadlocked(*_, **__):
    raise OperationalError("deadlock detected") from DeadlockDetected()


def test_who_met_others_in_the_database_is_told_and_presses_again(office, monkeypatch):
    roster = office.owes()
    [line] = office.bank(told("2022-11-28", "A1", "360.00"))
    browser, address = as_staff(office.agency), reverse("web:credit-claim", args=[line.pk])
    sent = {f"amount-{shares(roster)[0].pk}": "360.00", "once": "a" * 36}
    with monkeypatch.context() as patched:
        patched.setattr(claiming, "record_transfer", deadlocked)
        answer = browser.post(address, sent)
    assert (answer.status_code, "这一步没有生效，请再按一次" in text_of(answer)) == (503, True)
    assert not LineUse.objects.exists()
    assert not Handled.objects.exists()
    browser.post(address, sent)
    assert [one.left_fen for one in shares(roster)] == [0]


def test_a_page_that_met_others_is_opened_again(office, monkeypatch):
    monkeypatch.setattr(matching, "waiting", deadlocked)
    answer = as_staff(office.agency).get(reverse("web:credits"))
    assert (answer.status_code, "再打开一次" in text_of(answer)) == (503, True)


def test_two_payees_without_amounts_are_asked_for_them(office):
    roster = office.owes()
    paid(office, roster)
    sent = {
        "payee": ["甲", "乙"],
        "bank_name": ["工行", "工行"],
        "number": ["6222000011112222", "6222000011113333"],
        "reason": "单位撤销",
    }
    address = f"{reverse('web:refund-propose')}?roster={roster.pk}"
    answer = as_staff(office.agency).post(address, sent)
    assert (answer.status_code, "不是金额" in text_of(answer)) == (422, True)


def test_a_pledge_of_thirteen_figures_is_asked_about(office):
    sent = {
        "sponsor_name": "王",
        "sponsor_kind": "person",
        "place": office.owes().employer.pk,
        "how": "fixed",
        "amount": "9999999999999",
        "from_year": "2022",
    }
    answer = as_staff(office.agency).post(reverse("web:pledges"), sent)
    assert (answer.status_code, "多写了几位" in text_of(answer)) == (422, True)
    assert not Pledge.objects.exists()


def test_cash_back_that_is_not_known_any_more_is_said(office, monkeypatch):
    due = office.owes().dues.get()
    Share.objects.filter(due=due).update(cash_back_fen=100)

    def unknown(_):
        raise EndRefused("没有留下来")

    monkeypatch.setattr(cashback, "workers", unknown)
    address = reverse("web:cashback-people", args=[due.pk])
    assert "没有留下来" in text_of(as_staff(office.agency).get(address))
