"""Other purses and vouchers by hand on pages; every page of the books as a workbook; a voucher opens to what it was posted for."""

import io
from datetime import date

import pytest
from django.urls import reverse
from python_calamine import CalamineWorkbook

from factories.ledger import a_row, a_voucher
from factories.payouts import ANSWERED_AT, Desk, an_answered
from factories.users import a_role
from factories.web import as_staff
from huzhu.audit.models import Event
from huzhu.ledger import remitting
from huzhu.ledger.models import ManualVoucher, Voucher
from huzhu.web import clock

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
READERS = ("payment_maker", "payment_releaser", "auditor", "leader")
UNION = {"way": "union_in", "amount": "1,000.00", "posted_on": "2022-07-14", "basis": "省总拨款文件一号"}


@pytest.fixture
def desk(monkeypatch) -> Desk:
    monkeypatch.setattr(clock, "now", lambda: ANSWERED_AT)
    return Desk()


def text(answer) -> str:
    return answer.content.decode()


@pytest.mark.parametrize("name", ["purses", "purse-propose", "purse-settle", "purse-take-back"])
def test_who_may_not(desk, name):
    opens = {"purses": READERS, "purse-settle": ("payment_releaser",)}.get(name, ("payment_maker",))
    args = [1] if name in {"purse-settle", "purse-take-back"} else []
    for code in ("employer_clerk", "agency_clerk", "reviewer", "policy", "administrator", *READERS):
        if code not in opens:
            place = {"employer_clerk": desk.employer, "agency_clerk": desk.city}.get(code, desk.province)
            browser = as_staff(a_role(code, place))
            answer = (browser.get if name == "purses" else browser.post)(reverse(f"web:{name}", args=args))
            assert answer.status_code == 404, code


def test_the_unions_money_is_booked_by_two_and_taken_back_by_two(desk):
    maker, releaser = as_staff(desk.maker), as_staff(desk.releaser)
    page = reverse("web:purses")
    assert "还没有手工凭证" in text(maker.get(page))
    maker.post(reverse("web:purse-propose"), UNION)
    one = ManualVoucher.objects.get()
    assert "确认入账" not in text(maker.get(page))
    assert "确认入账" in text(releaser.get(page))
    assert "手工凭证等确认" in text(releaser.get(reverse("web:desk")))
    releaser.post(reverse("web:purse-settle", args=[one.pk]))
    one.refresh_from_db()
    assert "1,000.00" in text(as_staff(desk.auditor).get(page))
    voucher = text(releaser.get(reverse("web:voucher", args=[one.voucher.number])))
    assert f"{page}#manual{one.pk}" in voucher
    maker.post(reverse("web:purse-take-back", args=[one.pk]), {"basis": "记错了单位"})
    back = ManualVoucher.objects.exclude(pk=one.pk).get()
    assert "冲销：工会经费收入" in text(releaser.get(page))
    releaser.post(reverse("web:purse-settle", args=[back.pk]), {"back": "1"})
    back.refresh_from_db()
    assert (back.state, Voucher.objects.count()) == ("sent_back", 1)


def test_a_wrong_figure_is_told_and_nothing_is_proposed(desk):
    maker = as_staff(desk.maker)
    for wrong, words in (
        ({"amount": "一千"}, "元"),
        ({"posted_on": ""}, "日期没有填对"),
        ({"way": "1001"}, "不能手工记"),
        ({"way": "union_out"}, "不够 1,000.00 元"),
    ):
        said = text(maker.post(reverse("web:purse-propose"), UNION | wrong, follow=True))
        assert words in said
    assert not ManualVoucher.objects.exists()


def test_another_provinces_voucher_looks_missing(desk):
    as_staff(desk.maker).post(reverse("web:purse-propose"), UNION)
    stranger = as_staff(Desk().releaser)
    assert (
        stranger.post(reverse("web:purse-settle", args=[ManualVoucher.objects.get().pk])).status_code == 404
    )


@pytest.mark.parametrize(
    ("name", "what", "sheets"),
    [
        ("months", "会计月份", ["会计月份", "年度结转", "备付金比例"]),
        ("days", "收付明细", ["收付明细", "余额"]),
        ("books-entries", "分录", ["分录"]),
        ("disclosures", "账目公示", ["账目公示"]),
        ("purses", "其他资金和手工凭证", ["其他资金和手工凭证", "各种资金"]),
        ("flows", "上解和给付", ["上解和给付"]),
    ],
)
def test_pages_of_the_books_are_taken_away_and_that_is_written_down(desk, name, what, sheets):
    a_voucher(a_row(12_000, debit="1003", office=desk.city), on=date(2022, 5, 10))
    browser = as_staff(desk.maker)
    browser.post(reverse("web:purse-propose"), UNION)
    assert "导出 Excel" in text(browser.get(reverse(f"web:{name}"))) or name == "disclosures"
    assert "打印" in text(browser.get(reverse(f"web:{name}"))) or name == "flows"
    answer = browser.get(reverse(f"web:{name}") + "?as=xlsx")
    assert CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).sheet_names == sheets
    assert Event.objects.filter(verb="lists.export", detail__what=what).exists()


def test_entries_are_sifted_and_taken_by_the_same_address(desk):
    a_voucher(a_row(12_000, debit="1003", office=desk.city), on=date(2022, 5, 10))
    a_voucher(a_row(3_000, debit="1003", office=desk.city), on=date(2022, 7, 10))
    answer = as_staff(desk.auditor).get(reverse("web:books-entries") + "?month=2022-07&account=1003&as=xlsx")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert [row[5] for row in rows[2:]] == [30.0]


def test_a_payout_opens_to_its_vouchers_and_they_to_it(desk):
    batch = an_answered(desk)
    payout = batch.payouts.get()
    page = text(as_staff(desk.maker).get(reverse("web:payout", args=[payout.pk])))
    vouchers = list(Voucher.objects.order_by("number"))
    assert len(vouchers) == 2
    for one in vouchers:
        assert reverse("web:voucher", args=[one.number]) in page
        for role, sees in (
            (desk.maker, True),
            (desk.auditor, True),
            (a_role("leader", desk.province), False),
        ):
            shown = text(as_staff(role).get(reverse("web:voucher", args=[one.number])))
            assert (reverse("web:payout", args=[payout.pk]) in shown) == sees
            assert (reverse("web:batch", args=[batch.pk]) in shown) == sees
    claim = text(as_staff(desk.auditor).get(reverse("web:claim", args=[payout.decision.claim_id])))
    assert all(reverse("web:voucher", args=[one.number]) in claim for one in vouchers)
    assert reverse("web:claim", args=[payout.decision.claim_id]) in text(
        as_staff(desk.auditor).get(reverse("web:voucher", args=[vouchers[0].number]))
    )
    stranger = as_staff(Desk().maker)
    assert stranger.get(reverse("web:voucher", args=[one.number])).status_code == 404


def test_a_remittance_opens_to_its_voucher_and_it_back(desk):
    a_voucher(a_row(12_000, debit="1003", office=desk.city), on=date(2022, 5, 10))
    sent = remitting.send(
        office=desk.city,
        amount_fen=12_000,
        sent_on=date(2022, 7, 14),
        bank_reference="SJ1",
        by=a_role("agency_clerk", desk.city),
        at=ANSWERED_AT,
    )
    leader = as_staff(a_role("leader", desk.province))
    number = sent.sent_voucher.number
    assert reverse("web:voucher", args=[number]) in text(leader.get(reverse("web:flows")))
    assert f"{reverse('web:flows')}#remittance{sent.pk}" in text(
        leader.get(reverse("web:voucher", args=[number]))
    )


def test_a_scheme_that_paid_more_than_came_to_the_province_is_named_to_those_who_see_the_whole(desk):
    a_voucher(a_row(500, debit="2001", credit="1001", office=desk.city), on=date(2022, 7, 10))
    flows = reverse("web:flows")
    assert "全省发放户上这个方案的钱是 -5.00 元" in text(as_staff(desk.maker).get(flows))
    clerk = text(as_staff(a_role("agency_clerk", desk.city)).get(flows))
    assert "省里垫付" in clerk
    assert "全省发放户上" not in clerk
