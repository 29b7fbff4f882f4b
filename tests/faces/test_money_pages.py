"""Pages of the money of rosters: notices, slips, registering, receipts, the list of dues, the account to pay to."""

import io
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from python_calamine import CalamineWorkbook

from factories.contributions import a_receipt, a_split, all_paid, an_accepted_roster
from factories.enrolment import some_workers
from factories.files import a_png
from factories.organisations import a_county, an_employer
from factories.schemes import the_inpatient_scheme
from factories.users import a_role
from factories.web import as_staff, html_of
from huzhu.audit.models import Event
from huzhu.contributions import collecting
from huzhu.contributions.models import BankSlip, OfficialReceipt, Share
from huzhu.web.rosters.notice import contents, notice_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]


@pytest.fixture
def employer(city):
    return an_employer(a_county(city))


@pytest.fixture
def roster(employer, clerk, agency, today, now):
    edition = the_inpatient_scheme()
    a_split(employer, by=agency)
    return an_accepted_roster(employer, [edition], some_workers(2), by=clerk, starts_on=today, at=now)


def at(name, *args):
    return reverse(f"web:{name}", args=args)


def sheet_of(response):
    return CalamineWorkbook.from_filelike(io.BytesIO(response.content)).get_sheet_by_index(0).to_python()


def upload(client, roster, today, **changes):
    told = {"amount": "180.00", "paid_on": today.isoformat(), "bank_reference": "R1"}
    told["file"] = SimpleUploadedFile("回单.png", a_png())
    return client.post(at("roster-slip", roster.pk), told | changes, follow=True)


# ── who may not ─────────────────────────────────────────────────────────────────────────────────────


def test_what_belongs_to_another_employer_looks_missing(city, roster, clerk, agency, today):
    upload(as_staff(clerk), roster, today)
    slip = BankSlip.objects.get()
    a_receipt(Share.objects.first(), by=agency)
    paper = OfficialReceipt.objects.get()
    stranger = as_staff(a_role("employer_clerk", an_employer(city)))
    for address in (
        at("roster-notice-pdf", roster.pk),
        at("roster-slip", roster.pk),
        at("slip-picture", slip.pk),
    ):
        assert stranger.get(address).status_code == 404
    assert stranger.post(at("receipt", paper.pk)).status_code == 404
    assert stranger.post(at("roster-slip", roster.pk)).status_code == 404
    other_city = as_staff(a_role("agency_clerk"))
    assert other_city.post(at("slip-back", slip.pk), {"reason": "x"}).status_code == 404
    assert BankSlip.objects.get().state == "waiting"


def test_a_list_shows_and_exports_the_own_branch_only(city, roster, today):
    stranger = as_staff(a_role("county_clerk", a_county(city)))
    assert roster.employer.name not in html_of(stranger.get(at("dues")))
    answer = stranger.get(at("dues"), {"as": "xlsx"})
    assert roster.employer.name not in [cell for row in sheet_of(answer) for cell in row]


# ── slips ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"file": ""}, "请选择回单的照片或 PDF"),
        ({"file": SimpleUploadedFile("a.xls", b"1,2\n3,4\n")}, "回单只收照片"),
        ({"amount": "1e3"}, "不是金额"),
        ({"amount": "240.01"}, "多 0.01 元"),
        ({"paid_on": "x"}, "不是一个日期"),
        ({"bank_reference": " "}, "照回单填写银行流水号"),
    ],
)
def test_a_slip_that_does_not_fit_is_answered_at_the_field(roster, clerk, today, changes, said):
    page = upload(as_staff(clerk), roster, today, **changes)
    assert page.status_code == 422
    assert said in html_of(page)
    assert not BankSlip.objects.exists()


def test_from_a_slip_to_cover(roster, clerk, agency, today):
    desk, office = as_staff(clerk), as_staff(agency)
    assert "付好了，上传回单" in html_of(desk.get(at("desk")))
    assert "等代办处登记到账" in html_of(upload(desk, roster, today))
    slip = BankSlip.objects.get()
    assert "回单待登记" in html_of(office.get(at("desk")))
    assert "回单等登记" in html_of(office.get(at("dues")))

    address = f"{at('roster-receive', roster.pk)}?slip={slip.pk}"
    page = html_of(office.get(address))
    assert 'value="R1"' in page
    amounts = dict(re.findall(r'name="(amount-\d+)" value="([\d.]*)"', page))
    assert sorted(amounts.values()) == ["", "180.00"]  # the employer's three quarters
    picture = office.get(at("slip-picture", slip.pk))
    assert picture.content == a_png()
    assert Event.objects.filter(verb="contributions.see_slip", kind="read").count() == 1

    told = {**amounts, "bank_reference": "R1", "received_on": today.isoformat()}
    done = html_of(office.post(address, told, follow=True))
    assert "已登记到账 180.00 元" in done
    assert "部分到账" in html_of(desk.get(at("roster", roster.pk)))
    upload(desk, roster, today, amount="60.00", bank_reference="R2")
    second = BankSlip.objects.get(state="waiting")
    page = office.get(f"{at('roster-receive', roster.pk)}?slip={second.pk}")
    amounts = dict(re.findall(r'name="(amount-\d+)" value="([\d.]*)"', html_of(page)))
    office.post(
        f"{at('roster-receive', roster.pk)}?slip={second.pk}",
        {**amounts, "bank_reference": "R2", "received_on": today.isoformat()},
    )
    settled = html_of(desk.get(at("roster", roster.pk)))
    assert "已到齐，保障生效" in settled
    assert settled.count("已登记到账") == 2


def test_a_slip_given_back_tells_the_clerk_why(roster, clerk, agency, today):
    desk, office = as_staff(clerk), as_staff(agency)
    upload(desk, roster, today)
    slip = BankSlip.objects.get()
    assert "没有写退回的原因" in html_of(office.post(at("slip-back", slip.pk), follow=True))
    office.post(at("slip-back", slip.pk), {"reason": "看不清，或者不是银行回单"})
    page = html_of(desk.get(at("roster", roster.pk)))
    assert "已退回" in page
    assert "看不清，或者不是银行回单" in page
    assert "上传银行回单" in page


def test_a_slip_that_a_colleague_settled_brings_no_money(roster, clerk, agency, city, today):
    upload(as_staff(clerk), roster, today)
    slip = BankSlip.objects.get()
    office, colleague = as_staff(agency), as_staff(a_role("agency_clerk", city))
    address = f"{at('roster-receive', roster.pk)}?slip={slip.pk}"
    amounts = dict(re.findall(r'name="(amount-\d+)" value="([\d.]*)"', html_of(office.get(address))))
    colleague.post(at("slip-back", slip.pk), {"reason": "银行没有收到这笔款"})
    told = {**amounts, "bank_reference": "R1", "received_on": today.isoformat()}
    assert "已经处理过了" in html_of(office.post(address, told, follow=True))
    assert not OfficialReceipt.objects.exists()


# ── receipts ────────────────────────────────────────────────────────────────────────────────────────


def test_a_receipt_is_printed_and_the_second_time_is_marked(roster, clerk, agency, monkeypatch):
    a_receipt(Share.objects.first(), by=agency)
    paper = OfficialReceipt.objects.get()
    printed = []
    monkeypatch.setattr("huzhu.web.rosters.receipts.pdf", lambda _, data: printed.append(data) or b"%PDF-1")
    desk = as_staff(clerk)
    for _ in range(2):
        assert desk.post(at("receipt", paper.pk))["Content-Type"] == "application/pdf"
    assert [one["again"] for one in printed] == [False, True]
    assert printed[0]["amount"] == "180.00"
    assert printed[0]["words"] == "壹佰捌拾元整"
    assert printed[0]["payer"] == roster.employer.name
    assert "补打" in html_of(desk.get(at("roster", roster.pk)))
    assert as_staff(a_role("auditor")).post(at("receipt", paper.pk)).status_code == 404


def test_the_papers_are_real_pdf(roster, clerk, agency):
    a_receipt(Share.objects.first(), by=agency, amount_fen=100)
    desk = as_staff(clerk)
    for paper in (
        desk.post(at("receipt", OfficialReceipt.objects.get().pk)),
        desk.get(at("roster-notice-pdf", roster.pk)),
        desk.get(at("roster-notice-pdf", roster.pk), {"payer": "2"}),
    ):
        assert paper.content.startswith(b"%PDF")


# ── notices ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_notice_without_an_account_prints_none(roster, clerk):
    page = html_of(as_staff(clerk).get(at("roster-notice", roster.pk)))
    assert "没有收款账户" in page
    assert contents(notice_of(roster), "2022-01-28")["account"] == []


def test_a_notice_names_account_purpose_and_each_payers_amount(city, roster, clerk, agency, now):
    account = collecting.propose(
        agency=city, holder="伊春市总工会", bank_name="龙江银行", number="990000001111", by=agency, at=now
    )
    page = as_staff(clerk).get(at("roster-notice", roster.pk))
    assert "990000001111" not in html_of(page)  # nobody has confirmed it
    collecting.confirm(account=account, by=a_role("agency_clerk", city), at=now)
    page = html_of(as_staff(clerk).get(at("roster-notice", roster.pk)))
    for said in ("990000001111", "贰佰肆拾元整", "壹佰捌拾元整", "<svg", "职工互助会费"):
        assert said in page
    paper = contents(notice_of(roster, "2"), "2022-01-28")
    assert [one["amount"] for one in paper["payers"]] == ["60.00"]
    assert paper["to"] == "职工"
    assert paper["number"].endswith("-2")
    assert ("账号", "9900 0000 1111") in paper["account"]


# ── the list ────────────────────────────────────────────────────────────────────────────────────────


def test_the_list_is_filtered_in_the_address_and_summed_at_the_foot(city, roster, clerk, agency, today, now):
    elsewhere = an_employer(city, name="市直单位")
    theirs = an_accepted_roster(
        elsewhere,
        [the_inpatient_scheme()],
        some_workers(1),
        by=a_role("employer_clerk", elsewhere),
        starts_on=today,
        at=now,
    )
    a_receipt(Share.objects.get(due__roster=roster, payer="worker"), by=agency, amount_fen=1_000)
    office = as_staff(agency)
    county = roster.employer.parent

    def listed(**asked):
        page = office.get(at("dues"), asked)
        return {one.pk for one in page.context["pages"]}, page.context["sums"]["left_fen"]

    assert listed() == ({roster.pk, theirs.pk}, 35_000)
    assert listed(payer="employer") == ({roster.pk}, 18_000)
    assert listed(payer="worker") == ({roster.pk, theirs.pk}, 17_000)
    assert listed(place=county.pk) == ({roster.pk}, 23_000)
    assert listed(place=city.pk) == ({theirs.pk}, 12_000)
    assert listed(late="0") == ({roster.pk, theirs.pk}, 35_000)
    assert listed(late="7") == (set(), 0)
    assert listed(payer="x", place="x", late="x") == listed()
    theirs.__class__.objects.filter(pk=theirs.pk).update(cover_starts_on=today - timedelta(days=7))
    assert listed(late="7") == ({theirs.pk}, 12_000)
    assert "起日已过 7 天" in html_of(office.get(at("dues")))


def test_the_workbook_is_the_list_and_taking_it_is_written_down(roster, agency):
    answer = as_staff(agency).get(at("dues"), {"payer": "employer", "as": "xlsx"})
    rows = sheet_of(answer)
    assert rows[2][0] == roster.employer.name
    assert rows[-1][0] == "合计"
    assert rows[-1][-3:] == [180, 0, 180]
    event = Event.objects.get(verb="lists.export")
    assert event.kind == "read"
    assert event.detail == {"what": "待缴会费", "rows": 1, "asked": {"payer": "employer"}}


# ── the account to pay to ───────────────────────────────────────────────────────────────────────────


def test_an_account_is_written_down_by_one_and_confirmed_by_another(city, agency):
    office = as_staff(agency)
    form = {"do": "propose", "holder": "伊春市总工会", "bank_name": "龙江银行", "number": "9900 0000 1111"}
    wrong = office.post(at("collecting"), form | {"number": "12"})
    assert wrong.status_code == 422
    assert 'value="龙江银行"' in html_of(wrong)
    page = html_of(office.post(at("collecting"), form, follow=True))
    assert "要由另一个人确认" in page
    account = re.search(r'name="account" value="(\d+)"', page)
    assert account is None
    second = as_staff(a_role("payment_maker", city.parent))
    key = re.search(r'name="account" value="(\d+)"', html_of(second.get(at("collecting"))))[1]
    assert "登记的人" not in html_of(office.get(at("collecting")))
    assert "由另一个人" in html_of(office.post(at("collecting"), {"do": "confirm", "account": key}))
    page = html_of(second.post(at("collecting"), {"do": "confirm", "account": key}, follow=True))
    assert "已经启用" in page
    assert office.post(at("collecting"), {"do": "x"}).status_code == 422
    assert second.post(at("collecting"), {"do": "confirm", "account": "999999"}).status_code == 404


def test_a_transfer_registered_wrongly_is_taken_back_from_its_receipt(city, roster, clerk, agency, today):
    later = an_accepted_roster(
        roster.employer, [the_inpatient_scheme()], some_workers(2), by=clerk, starts_on=today + timedelta(5)
    )
    a_receipt(Share.objects.filter(due__roster=later).first(), by=agency)
    all_paid(roster, by=agency)
    paper = OfficialReceipt.objects.get(parts__share__due__roster=later)
    begun = OfficialReceipt.objects.filter(parts__share__due__roster=roster).first()
    undo, desk = at("receipt-undo", paper.pk), as_staff(agency)
    shown = html_of(desk.get(at("receipts")))
    assert (undo in shown, at("receipt-undo", begun.pk) in shown) == (True, False)
    assert undo not in html_of(as_staff(a_role("auditor", city)).get(at("receipts")))
    assert as_staff(clerk).post(undo, {"reason": "抄错了"}).status_code == 404
    assert as_staff(a_role("agency_clerk")).post(undo, {"reason": "抄错了"}).status_code == 404
    assert "没有写撤销的原因" in html_of(desk.post(undo, {"reason": " "}, follow=True))
    assert "已经开始" in html_of(desk.post(at("receipt-undo", begun.pk), {"reason": "抄错了"}, follow=True))
    assert "会费回到待缴" in html_of(desk.post(undo, {"reason": "抄错了"}, follow=True))
    shown = html_of(desk.get(at("receipts")))
    assert (undo in shown, "已冲销" in shown) == (False, True)
    assert "已经冲销过" in html_of(desk.post(undo, {"reason": "抄错了"}, follow=True))
