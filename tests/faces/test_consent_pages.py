"""Consent to the bureau's data on the phone and at the counter."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from factories.claims import a_covered_member, yichun
from factories.files import a_png
from factories.users import a_role
from factories.web import as_member, as_staff
from huzhu.members import consents
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
