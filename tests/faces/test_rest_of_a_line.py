"""The page of a line of which something was registered by hand says how much is left, and offers it."""

from datetime import date

import pytest
from django.urls import reverse

from factories.bank import told
from factories.office import AT, Office, all_of, held
from factories.web import as_staff
from huzhu.contributions import services
from huzhu.contributions.models import Prepaid
from huzhu.web import clock

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]


@pytest.fixture
def office(db, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: AT)
    return Office()


def line_after(office, heads):
    services.record_transfer(
        parts=all_of(office.owes(heads=heads)),
        received_on=date(2022, 11, 28),
        bank_reference="B9",
        by=office.agency,
        at=AT,
    )
    return office.bank(told("2022-11-28", "B9", "360.00"))[0]


def shown(page, line):
    return page.get(reverse("web:credit", args=[line.pk])).content.decode()


def test_the_rest_is_offered_and_kept_for_the_employer(office):
    line, page = line_after(office, heads=1), as_staff(office.agency)
    assert "手工登记 120.00" in page.get(reverse("web:credits")).content.decode()
    words = shown(page, line)
    assert "还有 240.00 元没有登记" in words
    assert "其余记作那家单位的多缴" in words
    page.post(reverse("web:credit-post", args=[line.pk]), {"kind": "rest"})
    assert (Prepaid.objects.get().left_fen, held("1003")) == (24_000, 36_000)
    words = shown(page, line)
    assert "已认作会费" in words
    assert "还有 240.00" not in words
    assert "认领 " not in words.split("哪里认错了")[1]
    paper = Prepaid.objects.get().paper
    assert page.post(reverse("web:receipt", args=[paper.pk])).content.startswith(b"%PDF")


def test_what_was_registered_whole_is_done_and_what_is_more_is_told(office):
    page = as_staff(office.agency)
    assert "✓ 已登记到账" in shown(page, line_after(office, heads=3))
    assert "没有等认领的来款" in page.get(reverse("web:credits")).content.decode()


def test_more_by_hand_than_the_bank_had_is_told_and_nothing_is_offered(office):
    page, line = as_staff(office.agency), line_after(office, heads=5)
    words = shown(page, line)
    assert "✕ 多登记了" in words
    assert "credit-claim" not in words
    assert 'value="suspense"' not in words
