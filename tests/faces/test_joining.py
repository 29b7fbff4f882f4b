"""The pages of joining by oneself: who may not, bad input at its field, the way through, and the agency's desk."""

import pytest
from django.test import Client
from django.urls import reverse

from factories.applications import an_application, the_code
from factories.contributions import a_split
from factories.members import a_member, an_id_number
from factories.organisations import a_city
from factories.schemes import the_flexible_scheme, the_inpatient_scheme
from factories.users import a_role
from factories.web import as_staff, text_of
from huzhu.enrolment.models import Application, Enrolment, Roster
from huzhu.schemes.models import SchemeEdition

pytestmark = pytest.mark.django_db
PHONE = "13900001111"


@pytest.fixture
def _open(city):
    the_flexible_scheme()


def at(step):
    return reverse("web:join-step", args=[step])


def who(**more):
    told = {"scheme": "yichun-flex", "name": "王骑手", "id_number": an_id_number(), "phone": PHONE}
    return told | more


def proved(browser, **more):
    browser.post(reverse("web:join"), who(**more))
    browser.post(at("code"), {"code": the_code(more.get("phone", PHONE))})
    return browser


def filled(browser, city, **more):
    work = {"occupation": "rider", "platform": "外卖", "agency": city.pk, "insured": "yes"} | more
    browser.post(at("work"), work)
    browser.post(at("health"), {"already_ill": "no"})
    return browser.post(at("account"), {"bank_name": "", "account": ""})


# ── who may not ─────────────────────────────────────────────────────────────────────────────────────


def test_nobody_is_past_the_code_without_it():
    browser = Client()
    for step in ("code", "work", "health", "account", "check"):
        assert browser.get(at(step)).url == reverse("web:join")
    the_flexible_scheme()
    browser.post(reverse("web:join"), who())
    for step in ("work", "health", "account", "check"):
        assert browser.get(at(step)).url == at("code")
        assert browser.post(at(step), {"already_ill": "no"}).url == at("code")
    assert browser.get("/join/nowhere/").status_code == 404
    assert Application.objects.get().already_ill is None


def test_a_foreign_application_looks_like_a_missing_one(city):
    found = an_application(city)
    stranger = as_staff(a_role("agency_clerk", a_city()))
    assert stranger.get(reverse("web:application", args=[found.pk])).status_code == 404
    act = reverse("web:application-act", args=[found.pk, "approve"])
    assert stranger.post(act).status_code == 404
    assert not Roster.objects.exists()
    assert (
        as_staff(a_role("auditor", city)).get(reverse("web:application", args=[found.pk])).status_code == 200
    )
    assert as_staff(a_role("auditor", city)).post(act).status_code == 404


def test_where_no_scheme_lets_individuals_in_the_page_says_so():
    the_inpatient_scheme()
    page = text_of(Client().get(reverse("web:join")))
    assert "现在没有开放个人参加的方案" in page
    assert "参加这个方案" not in page


# ── bad input ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("_open")
def test_what_is_wrong_is_said_at_the_field_and_what_was_typed_stays():
    answer = Client().post(reverse("web:join"), who(id_number="123", phone="5"))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'value="123"' in page
    assert "应是 18 位" in page
    assert "手机号应是 11 位数字" in page


@pytest.mark.usefixtures("_open")
def test_a_wrong_code_and_empty_pages_are_answered_in_place(city):
    browser = Client()
    browser.post(reverse("web:join"), who())
    assert "验证码不对" in text_of(browser.post(at("code"), {"code": "x"}))
    proved(browser, phone="13900002222")
    for step, says in (("work", "请选一个最接近的"), ("health", "请选一个")):
        answer = browser.post(at(step))
        assert (answer.status_code, says in text_of(answer)) == (422, True)
    answer = browser.post(at("account"), {"bank_name": "工商银行", "account": "12"})
    assert (answer.status_code, "8 到 30 位" in text_of(answer)) == (422, True)
    assert "还有一页没有填完" in text_of(browser.get(at("check")))


@pytest.mark.usefixtures("_open")
def test_a_registered_number_on_another_phone_goes_to_the_counter():
    member = a_member("王骑手", phone="13911112222")
    browser = Client()
    browser.post(reverse("web:join"), who(id_number=member.id_number))
    page = text_of(browser.post(at("code"), {"code": the_code(PHONE)}))
    assert "到代办处办理" in page
    assert browser.get(at("work")).url == at("code")


@pytest.mark.usefixtures("_open")
def test_who_may_not_join_sees_why_and_no_button(city):
    browser = proved(Client())
    filled(browser, city, insured="no")
    page = text_of(browser.get(at("check")))
    assert "现在还不能参加" in page
    assert "不符合“参加了职工医保”" in page
    assert "提交申请" not in page
    assert "不符合“参加了职工医保”" in text_of(browser.post(at("check")))
    assert Application.objects.get().state == "draft"


# ── the way ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("_open")
def test_six_pages_lead_to_a_number_and_nothing_is_paid_yet(city):
    browser = proved(Client())
    assert filled(browser, city).url == at("check")
    page = text_of(browser.get(at("check")))
    assert "140.00 元" in page
    assert "到了参加的年龄" in page
    assert browser.post(at("check")).url == reverse("web:join-status")
    told = text_of(browser.get(reverse("web:join-status")))
    assert "现在不用付钱" in told
    assert Application.objects.get().number in told
    browser.post(reverse("web:join-leave"))
    assert "查看参加申请" in text_of(browser.get(reverse("web:join-status")))


def test_terms_that_fit_no_fee_are_told_and_nobody_is_approved(city, monkeypatch):
    found, clerk = an_application(city), a_role("agency_clerk", city)
    fixed = {"payer": "upper_union", "basis": "fixed", "basis_points": 0, "fixed_fen": 6_000}
    a_split(city, by=clerk, scheme_slug="yichun-flex", **fixed)
    monkeypatch.setattr(SchemeEdition, "fee_for", lambda *_: 4_000)  # a later edition
    act = reverse("web:application-act", args=[found.pk, "approve"])
    assert "超过了会费 40.00 元" in text_of(as_staff(clerk).post(act, follow=True))
    assert Application.objects.get().state == "submitted"


def test_approved_the_page_shows_the_sum_and_the_reference(city):
    found = an_application(city)
    clerk = as_staff(a_role("agency_clerk", city))
    assert found.number in text_of(clerk.get(reverse("web:applications")))
    page = text_of(clerk.get(reverse("web:application", args=[found.pk])))
    assert "可以参加" in page
    assert found.id_number not in page
    done = clerk.post(reverse("web:application-act", args=[found.pk, "approve"]), follow=True)
    assert "已通过，等 王骑手 缴费" in text_of(done)
    browser = Client()
    status = reverse("web:join-status")
    asked = {"id_number": found.id_number, "phone": found.phone}
    assert "验证码已经发出" in text_of(browser.post(status, asked))
    assert browser.post(status, asked | {"code": "000000x"}).status_code == 422
    assert browser.post(status, asked | {"code": the_code(found.phone)}).url == status
    page = text_of(browser.get(status))
    assert "审核通过，请转账" in page
    assert found.number in page
    assert Enrolment.objects.get().state == "awaiting"


def test_returned_it_is_mended_on_the_phone(city):
    found = an_application(city)
    clerk = as_staff(a_role("agency_clerk", city))
    act = reverse("web:application-act", args=[found.pk, "return"])
    assert "没有写原因" in text_of(clerk.post(act, {"reason": ""}, follow=True))
    clerk.post(act, {"reason": "请写全称"})
    browser = Client()
    status, asked = reverse("web:join-status"), {"id_number": found.id_number, "phone": found.phone}
    browser.post(status, asked)
    browser.post(status, asked | {"code": the_code(found.phone)})
    assert "请写全称" in text_of(browser.get(status))
    assert "代办处请您改" in text_of(browser.get(at("work")))
    filled(browser, city, platform="外卖平台伊春站")
    browser.post(at("check"))
    found.refresh_from_db()
    assert (found.state, found.platform) == ("submitted", "外卖平台伊春站")
    browser.post(reverse("web:join-leave"), {"withdraw": "1"})
    found.refresh_from_db()
    assert found.state == "withdrawn"


def test_refusing_wants_a_reason_and_another_verb_is_missing(city):
    found = an_application(city)
    clerk = as_staff(a_role("agency_clerk", city))
    clerk.post(reverse("web:application-act", args=[found.pk, "refuse"]), {"reason": "没有职工医保"})
    found.refresh_from_db()
    assert found.state == "refused"
    assert clerk.post(reverse("web:application-act", args=[found.pk, "burn"])).status_code == 404


def test_a_scheme_page_says_who_may_join_and_leads_individuals_on():
    page = Client().get("/schemes/yichun-flex/").content.decode()
    assert "谁可以参加，凭哪一条" in page
    assert "/join/?scheme=yichun-flex" in page
    other = Client().get("/schemes/yichun-120/").content.decode()
    assert "到起日的周岁 不小于 最小年龄 16" in other
    assert "/join/" not in other
