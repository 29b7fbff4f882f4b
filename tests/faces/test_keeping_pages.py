"""The pages that keep the books: who may not, then a month locked and closed, a remittance, a day, a year's preview."""

import re
from datetime import date

import pytest
from django.urls import reverse

from factories.ledger import a_row, a_voucher
from factories.organisations import a_city
from factories.payouts import ANSWERED_AT, Desk
from factories.users import a_role
from factories.web import as_staff, rows_of, text_of
from huzhu.audit.services import SYSTEM
from huzhu.ledger import dayclose
from huzhu.ledger.models import DayClose, Period, Remittance, ReserveRate
from huzhu.ledger.services import post
from huzhu.web import clock

READERS = ("payment_maker", "payment_releaser", "auditor", "leader")
MAY_OPEN = {
    "months": (READERS, "get"),
    "days": (READERS, "get"),
    "flows": ((*READERS, "agency_clerk"), "get"),
    "month-lock": (("payment_maker",), "post"),
    "month-close": (("payment_releaser",), "post"),
    "month-reopen": (("payment_maker", "payment_releaser"), "post"),
    "reserve-rate": (("payment_maker",), "post"),
    "day-sign": (("payment_maker",), "post"),
    "remittance-send": (("agency_clerk",), "post"),
    "remittance-settle": (("payment_maker",), "post"),
}
ARGS = {"month-lock": ["2022-05"], "month-close": [1], "month-reopen": [1], "remittance-settle": [1]}


@pytest.fixture
def desk(db, monkeypatch) -> Desk:
    """120.00 collected in May, 30.00 in July."""
    monkeypatch.setattr(clock, "now", lambda: ANSWERED_AT)
    desk = Desk()
    a_voucher(a_row(12_000, debit="1003", office=desk.city), on=date(2022, 5, 10))
    a_voucher(a_row(3_000, debit="1003", office=desk.city), on=date(2022, 7, 10))
    return desk


@pytest.mark.parametrize("name", MAY_OPEN)
def test_who_may_not(desk, name):
    opens, method = MAY_OPEN[name]
    for code in (
        "employer_clerk",
        "county_clerk",
        "reviewer",
        "policy",
        "administrator",
        *READERS,
        "agency_clerk",
    ):
        if code not in opens:
            place = desk.city if code == "agency_clerk" else desk.province
            browser = as_staff(a_role(code, place))
            answer = getattr(browser, method)(reverse(f"web:{name}", args=ARGS.get(name)))
            assert answer.status_code == 404, code


def text(response) -> str:
    return response.content.decode()


def test_a_month_is_locked_by_one_and_closed_by_another(desk):
    maker, releaser = as_staff(desk.maker), as_staff(desk.releaser)
    said = text(maker.post(reverse("web:month-lock", args=["2022-05"]), follow=True))
    assert "2022-05 已锁账，等另一个人关账。" in said
    period = Period.objects.get()
    assert "没有写重新开放的原因" in text(
        releaser.post(reverse("web:month-reopen", args=[period.pk]), follow=True)
    )
    assert "2022-05 已关账。" in text(
        releaser.post(reverse("web:month-close", args=[period.pk]), follow=True)
    )
    assert "2022-05 现在是“已关账”，没有再办。" in text(
        releaser.post(reverse("web:month-close", args=[period.pk]), follow=True)
    )
    said = text(maker.post(reverse("web:month-lock", args=["2022-07"]), follow=True))
    assert "现在轮到 2022-06，不是 2022-07" in said
    assert Period.objects.count() == 1


def test_a_month_in_which_nothing_was_booked_can_be_locked_from_the_page(desk):
    maker = as_staff(desk.maker)
    for month in ("2022-05", "2022-06"):
        page = text(maker.get(reverse("web:months")))
        assert re.findall(r"/books/months/([0-9-]+)/lock/", page) == [month]
        maker.post(reverse("web:month-lock", args=[month]))
    assert re.findall(r"\?month=(20[0-9-]+)", page) == ["2022-07", "2022-06", "2022-05"]


def test_another_provinces_month_looks_missing(desk):
    as_staff(desk.maker).post(reverse("web:month-lock", args=["2022-05"]))
    stranger = as_staff(a_role("payment_releaser"))
    assert stranger.post(reverse("web:month-close", args=[Period.objects.get().pk])).status_code == 404


def test_the_agency_sends_and_the_province_sees_it_arrive(desk):
    agency, maker = as_staff(a_role("agency_clerk", desk.city)), as_staff(desk.maker)
    assert 'value="150.00"' in text(agency.get(reverse("web:flows")))
    form = {"amount": "100.00", "sent_on": "2022-07-12", "reference": "S-1"}
    assert "上解 100.00 元已登记" in text(agency.post(reverse("web:remittance-send"), form, follow=True))
    too_much = text(agency.post(reverse("web:remittance-send"), form | {"reference": "S-2"}, follow=True))
    assert "账上收款户只有 50.00 元" in too_much
    for wrong in ({"amount": "一百"}, {"sent_on": ""}):
        agency.post(reverse("web:remittance-send"), form | {"reference": "S-3"} | wrong)
    sent = Remittance.objects.get()
    maker.post(reverse("web:remittance-settle", args=[sent.pk]), {"arrived_on": "2022-07-13"})
    said = text(maker.get(reverse("web:flows")))
    assert "已到省" in said
    taken = maker.get(reverse("web:flows"), {"as": "xlsx"})
    assert taken.status_code == 200


def test_a_day_is_signed_and_printed(desk):
    maker = as_staff(desk.maker)
    assert "已日结" in text(maker.post(reverse("web:day-sign"), follow=True))
    signed = DayClose.objects.get()
    said = text(maker.get(reverse("web:day", args=[signed.pk])))
    assert "150.00" in said
    assert desk.maker.user.name in said
    assert "已经日结到" in text(maker.post(reverse("web:day-sign"), follow=True))


@pytest.mark.parametrize("code", ["leader", "auditor"])
def test_a_city_reads_no_other_citys_entries_in_the_provinces_cash_book(desk, code):
    other = a_city(desk.province, "哈尔滨市代办处")
    a_voucher(a_row(77_700, debit="1003", office=other), on=date(2022, 7, 10), note="哈尔滨某单位会费")
    dayclose.sign(book=desk.province, day=date(2022, 7, 14), by=desk.maker, at=ANSWERED_AT)
    a_voucher(a_row(500, debit="1003", office=other), on=date(2022, 7, 11), note="哈尔滨另一单位会费")
    pages = [reverse("web:days"), reverse("web:day", args=[DayClose.objects.get().pk])]
    own = as_staff(a_role(code, desk.city))
    for page in pages:
        assert "哈尔滨" not in text_of(own.get(page))
        assert "只列出" in text_of(own.get(page))
        assert "哈尔滨" not in str(rows_of(own.get(page, {"as": "xlsx"})))
        assert "哈尔滨" in text_of(as_staff(a_role(code, desk.province)).get(page))


def test_a_cash_book_that_is_cut_says_so_and_a_signed_day_is_whole(desk):
    rows = [a_row(100, debit="1003", office=desk.city) for _ in range(510)]
    post(source="x:1", posted_on=date(2022, 7, 10), note="名册会费", rows=rows, by=SYSTEM, at=ANSWERED_AT)
    browser = as_staff(desk.maker)
    assert "只列出前 500 笔，共 512 笔" in text_of(browser.get(reverse("web:days")))
    dayclose.sign(book=desk.province, day=date(2022, 7, 14), by=desk.maker, at=ANSWERED_AT)
    signed = browser.get(reverse("web:day", args=[DayClose.objects.get().pk])).content.decode()
    assert (signed.count("名册会费"), "只列出" in signed) == (510, False)


def test_a_share_is_proposed_by_one_and_confirmed_by_another(desk):
    maker, releaser = as_staff(desk.maker), as_staff(desk.releaser)
    form = {"valid_from": "2022-01-01", "basis": "surplus", "percent": "2.5", "clause": "办法第十条"}
    for wrong in ("x", "", "2.555", "1e999999", "NaN", "٢"):
        said = text(maker.post(reverse("web:reserve-rate"), form | {"percent": wrong}, follow=True))
        assert "比例没有填对" in said
    maker.post(reverse("web:reserve-rate"), form)
    rate = ReserveRate.objects.get()
    releaser.post(reverse("web:reserve-rate-confirm", args=[rate.pk]))
    said = text(maker.get(reverse("web:months"), {"year": "2022"}))
    assert "当年结余的 2.50%" in said
    assert "到 2022-12-31 才结束" in said
    assert "才结束" in text(maker.post(reverse("web:year-close", args=[2022]), follow=True))
