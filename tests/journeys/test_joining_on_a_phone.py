"""A rider joins on a phone of 390 px: six pages, the agency approves, the money comes, and there is cover."""

import re
from datetime import date, datetime

import pytest

from factories.applications import the_code
from factories.members import an_id_number
from factories.organisations import a_city
from factories.schemes import the_flexible_scheme
from factories.users import a_role
from huzhu.enrolment.models import Application, Enrolment
from huzhu.ledger.services import ensure_chart
from huzhu.notices.models import Notice
from huzhu.rules.units import SHANGHAI
from journeys.walk import Walk

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE = "13900001111"
SCREEN = {"width": 390, "height": 844}


@pytest.fixture
def walk(page, settings, monkeypatch) -> Walk:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    now = datetime(2022, 11, 28, 9, 0, tzinfo=SHANGHAI)
    monkeypatch.setattr("huzhu.web.clock.now", lambda: now)
    ensure_chart()
    return Walk(page)


def test_a_rider_joins_by_himself(walk):
    city = a_city(name="伊春代办处")
    the_flexible_scheme()
    clerk = a_role("agency_clerk", city)
    _hand_in(walk, an_id_number(born_on=date(1995, 3, 1), sex="male"))
    found = Application.objects.get()
    assert (found.state, found.occupation, found.agency) == ("submitted", "rider", city)
    assert found.number in walk.text

    walk.staff(clerk.user)
    walk.follow("个人参加")
    walk.follow(found.number)
    assert "可以参加" in walk.text
    walk.key("a")
    _pay(walk, found.number)
    row = Enrolment.objects.get()
    assert (row.state, row.cover_starts_on) == ("in_force", date(2022, 11, 29))

    _look_again(walk, found)
    assert "您有保障" in walk.text
    assert row.certificate_no in walk.text
    assert walk.fits()


def _hand_in(walk, number):
    walk.page.set_viewport_size(SCREEN)
    walk.page.goto("/join/")
    assert walk.fits()
    walk.follow("参加这个方案")
    walk.fill("姓名", "王骑手")
    walk.fill("身份证号", "123")
    walk.fill("手机号", PHONE)
    walk.press_button("发验证码")
    assert "应是 18 位" in walk.text
    walk.fill("身份证号", number)
    walk.press_button("发验证码")
    walk.fill("验证码", the_code(PHONE))
    walk.press_button("下一页")
    walk.tick("外卖、快递骑手")
    walk.fill("在哪个平台或为谁干活（可以不填）", "外卖平台")
    walk.tick("伊春代办处")
    walk.tick("有，正在缴")
    assert walk.fits()
    walk.press_button("下一页")
    assert "参加前已确诊的重大疾病，一次性互助金不给付" in walk.text
    walk.tick("没有")
    walk.press_button("下一页")
    walk.press_button("下一页")
    assert "现在不用付钱" in walk.text
    assert "140.00" in walk.text
    assert walk.fits()
    walk.press_button("确认无误，提交申请")


def _pay(walk, number):
    assert f"转账附言应写 {number}" in re.sub(r"\s+", " ", walk.text)
    walk.follow("看应缴和到账")
    walk.follow("登记到账")
    walk.fill("银行流水号", "T20221128001")
    walk.press_button("登记到账")


def _look_again(walk, found):
    walk.page.context.clear_cookies()
    walk.page.set_viewport_size(SCREEN)
    walk.page.goto("/join/status/")
    Application.objects.update(code_sent_at=None)  # the clock of this story stands still
    Notice.objects.all().delete()
    walk.fill("身份证号", found.id_number)
    walk.fill("手机号", PHONE)
    walk.press_button("发验证码")
    walk.fill("验证码", the_code(PHONE))
    walk.press_button("查看")
