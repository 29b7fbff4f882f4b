"""Consent to the bureau's data on the phone and at the counter."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from factories.bank import as_xlsx
from factories.claims import WEDNESDAY, a_covered_member, yichun
from factories.files import a_png
from factories.members import a_member
from factories.users import a_role
from factories.web import as_member, as_staff
from huzhu.config.work import CLOCK, KINDS
from huzhu.jobs.working import do_next
from huzhu.members import consents, signed_lists
from huzhu.members.models import Consent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]


@pytest.fixture
def place():
    return yichun()


@pytest.fixture
def member(place):
    return a_covered_member(place, "王小明", sex="male", phone="13900000001")


def text(answer):
    return answer.content.decode()


def test_who_may_not_open_them(place, member):
    for code, where in (
        ("employer_clerk", place.employer),
        ("county_clerk", place.employer.parent),
        ("auditor", place.province),
        ("reviewer", place.province),
    ):
        browser = as_staff(a_role(code, where))
        assert browser.post(reverse("web:member-consent", args=[member.pk])).status_code == 404, code
    other = as_staff(a_role("agency_clerk"))
    assert other.post(reverse("web:member-consent", args=[member.pk])).status_code == 404
    assert not Consent.objects.exists()


def test_a_member_reads_agrees_and_takes_it_back_on_the_phone(member):
    phone, where = as_member(member), reverse("web:my-consent")
    assert "使用医保数据：没有同意" in text(phone.get(reverse("web:me")))
    page = text(phone.get(where))
    assert consents.TEXTS[consents.EDITION] in page
    assert phone.post(where, {"edition": "old"}).status_code == 422
    assert "使用医保数据：已同意" in text(phone.post(where, {"edition": consents.EDITION}, follow=True))
    assert "已撤回" in text(phone.post(where, {"withdraw": "1"}, follow=True))
    page = text(phone.get(where))
    assert "没有同意" in page
    assert "以前的记录" in page


def test_the_agency_writes_down_what_was_signed(place, member):
    clerk = as_staff(a_role("agency_clerk", place.city, "孙代办"))
    page, act = reverse("web:member", args=[member.pk]), reverse("web:member-consent", args=[member.pk])
    assert "本人签了字，登记同意" in text(clerk.get(page))
    assert "没有签字的同意书" in text(clerk.post(act, follow=True))
    told = text(clerk.post(act, {"paper": SimpleUploadedFile("同意书.png", a_png())}, follow=True))
    assert "的同意已登记" in told
    paper = reverse("web:consent-paper", args=[Consent.objects.get().pk])
    assert clerk.get(paper).content == a_png()
    assert as_staff(a_role("auditor", place.province)).get(paper).status_code == 200
    assert as_staff(a_role("agency_clerk")).get(paper).status_code == 404
    assert "撤回了同意" in text(clerk.post(act, {"withdraw": "1"}, follow=True))
    assert "已撤回" in text(as_staff(a_role("auditor", place.province)).get(page))
    for code, where in (("county_clerk", place.employer.parent), ("employer_clerk", place.employer)):
        assert "使用医保数据" not in text(as_staff(a_role(code, where)).get(page))


def a_list(*members):
    rows = [[one.name, one.id_number, "2022-01-05"] for one in members]
    return SimpleUploadedFile("名单.xlsx", as_xlsx(rows, ("姓名", "身份证号", "签字日期")))


def test_who_has_not_consented_is_listed_and_taken_away_by_the_agency_alone(place, member):
    other = a_covered_member(place, "张三", sex="male")
    consents.agree(member=other, edition=consents.EDITION, at=WEDNESDAY)
    clerk = as_staff(a_role("agency_clerk", place.city, "孙代办"))
    where = reverse("web:consents") + "?employer="
    page = text(clerk.get(where))
    assert ("王小明" in page, "张三" in page) == (True, False)
    assert "同意：没有同意，共 1 人" in page
    page = text(clerk.get(where + "&agreed=yes"))
    assert ("王小明" in page, "张三" in page) == (False, True)
    book = clerk.get(where + "&as=xlsx")
    assert book["Content-Type"].startswith("application/vnd")
    assert member.id_number.encode() not in book.content
    assert as_staff(a_role("employer_clerk", place.employer)).get(where).status_code == 404


def test_a_signed_list_is_looked_at_and_then_taken(place, member):
    stranger = a_member("李四")
    clerk, where = as_staff(a_role("agency_clerk", place.city, "孙代办")), reverse("web:consent-list")
    assert clerk.get(reverse("web:consent-template")).content.startswith(b"PK")
    assert "没有选择签字页" in text(clerk.post(where, {"file": a_list(member)}))
    scan = SimpleUploadedFile("签字页.png", a_png())
    page = text(clerk.post(where, {"file": a_list(member, stranger), "paper": scan}))
    assert "可以登记 <b>1</b> 人" in page
    assert "不是本代办处的会员" in page
    assert not Consent.objects.exists()
    held = dict(re.findall(r'name="(file|paper|good)" value="([^"]+)"', page))
    other = as_staff(a_role("agency_clerk", place.city, "朱代办"))
    assert other.post(where, held | {"confirmed": "1"}).status_code == 422
    page = text(clerk.post(where, held | {"confirmed": "1"}, follow=True))
    assert "登记了 1 人的同意" in page
    assert Consent.objects.get().channel == "list"
    assert "单位名单（签字）" in text(clerk.get(reverse("web:member", args=[member.pk])))
    assert clerk.post(where, held | {"confirmed": "1"}).status_code == 422  # both files are gone


def test_a_long_list_is_the_workers(place, member, monkeypatch):
    monkeypatch.setattr(signed_lists, "AT_ONCE", 0)
    clerk, where = as_staff(a_role("agency_clerk", place.city, "孙代办")), reverse("web:consent-list")
    page = text(clerk.post(where, {"file": a_list(member), "paper": SimpleUploadedFile("s.png", a_png())}))
    held = dict(re.findall(r'name="(file|paper|good)" value="([^"]+)"', page))
    clerk.post(where, held | {"confirmed": "1"})
    assert not Consent.objects.exists()
    run = do_next(KINDS, worker="w1", clock=CLOCK)
    assert (run.state, Consent.objects.count()) == ("done", 1)
    run.refresh_from_db()
    assert "登记了 1 人的同意" in run.words
