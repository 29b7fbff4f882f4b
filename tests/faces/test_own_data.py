"""A member's own data on the phone, and the desk where changes are checked: who may, what is wrong, then the way."""

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from faces.test_claims import text_of
from factories.claims import a_covered_member, a_draft, yichun
from factories.files import a_photo
from factories.members import a_member, an_account
from factories.organisations import a_county, an_employer
from factories.payouts import ANSWERED_AT, HOUR, Desk, an_answered
from factories.users import a_role
from factories.web import as_member, as_staff
from huzhu.members import services as members
from huzhu.members.models import BankAccount, Correction
from huzhu.members.queries import current_account
from huzhu.notices.models import Notice
from huzhu.web import clock

pytestmark = pytest.mark.django_db
NOW = ANSWERED_AT + HOUR
NEW = "6217000010001234567"
ACCOUNT = {"bank_name": "建设银行伊春支行", "number": "6217 0000 1000 1234 567", "again": NEW}


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


def code_to(phone):
    sent = [one.text for one in Notice.objects.filter(phone_index=phone, purpose="sign_in")]
    return re.search(r"\d{6}", sent[-1])[0]


def an_id_photo(**how):
    return SimpleUploadedFile("身份证.jpg", a_photo(**how), "image/jpeg")


# ── the account ──


def test_bad_numbers_are_said_at_the_box_and_nothing_is_sent():
    member = a_member()
    phone = as_member(member)
    for wrong, says in (
        ({"number": "12"}, "8 到 30 位数字"),
        ({"again": NEW[:-1] + "0"}, "两次填的卡号不一样"),
        ({"bank_name": ""}, "请填开户行"),
    ):
        answer = phone.post("/my/me/account/", ACCOUNT | wrong)
        assert answer.status_code == 422
        assert says in text_of(answer)
    assert not Notice.objects.exists()


def test_the_number_is_shown_grouped_a_slip_of_the_finger_is_warned_of_and_a_wrong_code_refused():
    member = a_member()
    an_account(member)
    phone = as_member(member)
    page = text_of(phone.post("/my/me/account/", ACCOUNT))
    assert "6217 0000 1000 1234 567" in page
    assert "不像是对的" in page
    wrong = f"{(int(code_to(member.phone)) + 1) % 1_000_000:06d}"
    answer = phone.post("/my/me/account/", ACCOUNT | {"code": wrong})
    assert answer.status_code == 422
    assert "验证码不对" in text_of(answer)
    assert BankAccount.objects.count() == 1
    answer = phone.post("/my/me/account/", ACCOUNT | {"code": code_to(member.phone)}, follow=True)
    assert "新账户已登记" in text_of(answer)
    assert "▲ 新换的 等代办处另一个人核实，并满 24 小时" in text_of(answer)
    assert current_account(member).number == NEW


def test_what_the_bank_sent_back_gets_a_new_account_by_one_button(monkeypatch):
    desk = Desk()
    payout = an_answered(desk, fail_lines=[1]).payouts.get()
    claim = payout.decision.claim
    phone = as_member(claim.member)
    for address in ("/my/", f"/my/claims/{claim.pk}/"):
        page = phone.get(address).content.decode()
        assert "钱没有付成" in page
        assert f'href="/my/me/account/?claim={claim.pk}">换一个收款账户' in page
    sent = {**ACCOUNT, "claim": str(claim.pk)}
    phone.post("/my/me/account/", sent)
    answer = phone.post("/my/me/account/", sent | {"code": code_to(claim.member.phone)})
    assert answer.url == f"/my/claims/{claim.pk}/"
    page = text_of(phone.get(answer.url))
    assert "新账户已登记，等代办处另一个人核实，并满 24 小时（2022-" in page
    assert "换一个收款账户" not in page
    maker = as_staff(desk.maker)
    assert "等代办处另一个人核实，并满 24 小时" in text_of(maker.get("/payouts/"))
    clerk = as_staff(a_role("agency_clerk", desk.city))
    assert "资料变更待办" in text_of(clerk.get("/desk/"))
    account = current_account(claim.member)
    clerk.post(f"/desk/accounts/{account.pk}/confirm/")
    assert "代办处已核实，2022-" in text_of(maker.get("/payouts/"))
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(hours=24))
    assert "✓ 新账户已登记，可以重发" in text_of(maker.get("/payouts/"))
    again = text_of(maker.post(reverse("web:payout-again", args=[payout.pk]), follow=True))
    assert "已重新排款" in again


def test_the_claim_of_another_is_no_place_to_go_back_to():
    place = yichun()
    claim = a_draft(a_covered_member(place))
    other = a_covered_member(place, "王小明", sex="male")
    page = as_member(other).get(f"/my/me/account/?claim={claim.pk}").content.decode()
    assert str(claim.pk) not in page


def test_in_the_middle_of_a_claim_a_change_comes_back_to_its_page():
    claim = a_draft(a_covered_member(yichun()))
    phone = as_member(claim.member)
    assert f"/my/me/account/?claim={claim.pk}" in phone.get(f"/my/apply/{claim.pk}/4/").content.decode()
    sent = {**ACCOUNT, "claim": str(claim.pk)}
    phone.post("/my/me/account/", sent)
    answer = phone.post("/my/me/account/", sent | {"code": code_to(claim.member.phone)})
    assert answer.url == f"/my/apply/{claim.pk}/4/"
    phone.post(f"/my/apply/{claim.pk}/4/")
    claim.refresh_from_db()
    assert claim.account.number == NEW


def test_the_agency_undoes_what_was_not_hers_and_not_what_it_cannot_see():
    place = yichun()
    liu = a_covered_member(place)
    account = members.add_account(
        member=liu, holder=liu.name, bank_name="建设银行", number=NEW, by=liu, at=NOW
    )
    address = f"/desk/accounts/{account.pk}/undo/"
    assert as_staff(yichun().agency()).post(address, {"reason": "x"}).status_code == 404
    clerk = as_staff(place.agency())
    assert "请写明为什么" in text_of(clerk.post(address, {"reason": ""}, follow=True))
    assert "已撤销" in text_of(clerk.post(address, {"reason": "电话核实，不是本人"}, follow=True))
    assert current_account(liu).number == "6222020903000012345"
    assert clerk.post(f"/desk/accounts/{account.pk}/nonsense/").status_code == 404


# ── the phone ──


def test_a_phone_is_changed_with_two_codes():
    member = a_member()
    phone = as_member(member)
    assert "11 位数字" in text_of(phone.post("/my/me/phone/", {"phone": "12"}))
    page = text_of(phone.post("/my/me/phone/", {"phone": "137 0000 0002"}))
    assert "新手机 137****0002 收到的验证码" in page
    sent = {"phone": "13700000002", "old_code": code_to(member.phone), "new_code": "x"}
    answer = phone.post("/my/me/phone/", sent)
    assert (answer.status_code, "新手机收到的验证码不对" in text_of(answer)) == (422, True)
    answer = phone.post("/my/me/phone/", sent | {"new_code": code_to("13700000002")}, follow=True)
    assert "137****0002" in text_of(answer)


# ── name and number ──


def test_a_name_is_corrected_by_her_request_a_clerk_and_a_second_person():
    place = yichun()
    county = a_county(place.city)
    liu = a_member("刘女土", employer=an_employer(county))
    phone, clerk = as_member(liu), as_staff(place.agency())
    form = {"field": "name", "value": "刘女士", "reason": "写错一个字"}
    assert "请拍身份证" in text_of(phone.post("/my/me/correct/", form))
    answer = phone.post("/my/me/correct/", {**form, "photo": an_id_photo(blur=6)})
    assert (answer.status_code, "请放平、在亮处重拍" in text_of(answer)) == (422, True)
    assert "待核对" in text_of(phone.post("/my/me/correct/", {**form, "photo": an_id_photo()}, follow=True))
    one = Correction.objects.get()
    address = f"/desk/changes/{one.pk}/"
    assert as_staff(yichun().agency()).get(address).status_code == 404
    assert clerk.get(f"{address}photo/")["Content-Type"] == "image/jpeg"
    assert "与身份证相符" in text_of(clerk.get(address))
    clerk.post(address, {"do": "check"})
    assert "批准，更正" not in text_of(clerk.get(address))
    assert "没有等您核对或批准的更正" in text_of(clerk.get("/desk/changes/"))
    second = as_staff(a_role("county_clerk", county))
    assert "资料变更待办" in text_of(second.get("/desk/"))
    assert "已更正" in text_of(second.post(address, {"do": "approve"}, follow=True))
    liu.refresh_from_db()
    assert liu.name == "刘女士"
    assert "已更正" in text_of(phone.get("/my/me/"))


def test_the_author_at_the_counter_is_told_that_another_must_approve():
    place = yichun()
    liu = a_covered_member(place)
    clerk = as_staff(place.agency())
    address = f"/desk/members/{liu.pk}/correct/"
    assert as_staff(yichun().agency()).get(address).status_code == 404
    form = {"field": "phone", "value": "13700000002", "reason": ""}
    assert "请写明为什么要更正" in text_of(clerk.post(address, form))
    clerk.post(address, form | {"reason": "原手机丢失，本人持证"})
    one = Correction.objects.get()
    answer = clerk.post(f"/desk/changes/{one.pk}/", {"do": "approve"}, follow=True)
    assert "要由另一个人批准" in text_of(answer)
    page = text_of(clerk.get(f"/desk/changes/{one.pk}/"))
    assert "13700000002" not in page
    answer = as_staff(place.agency("周代办")).post(
        f"/desk/changes/{one.pk}/", {"do": "refuse", "reason": "没有带身份证"}, follow=True
    )
    assert "没有同意更正" in text_of(answer)
    assert "没有带身份证" in text_of(as_member(liu).get("/my/me/"))
    assert clerk.post(f"/desk/changes/{one.pk}/", {"do": "nonsense"}).status_code == 404


def test_codes_stand_on_no_page_of_the_outbox():
    place = yichun()
    liu = a_covered_member(place)
    as_member(liu).post("/my/me/account/", ACCOUNT)
    page = text_of(as_staff(place.agency()).get("/desk/outbox/"))
    assert code_to(liu.phone) not in page


def test_a_day_later_the_change_still_needs_somebody(monkeypatch):
    place = yichun()
    liu = a_covered_member(place)
    members.add_account(member=liu, holder=liu.name, bank_name="建设银行", number=NEW, by=liu, at=NOW)
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=90))
    clerk = as_staff(place.agency())
    assert "▲ 还不能发放 等代办处另一个人核实 " in text_of(clerk.get("/desk/changes/?which=accounts"))
    clerk.post(f"/desk/accounts/{current_account(liu).pk}/confirm/")
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=20))
    assert "已确认，可以发放" in text_of(clerk.get("/desk/changes/?which=accounts"))
