"""The member's phone: am I covered, how much, where is it, what do you need from me."""

from datetime import timedelta

import pytest

from factories.claims import WEDNESDAY, a_covered_member, a_draft, a_submitted, yichun
from factories.enrolment import an_enrolment
from factories.members import a_member, an_account
from factories.payouts import Desk, an_answered
from factories.schemes import the_inpatient_scheme
from factories.web import as_member
from huzhu.claims import services as claims
from huzhu.web import clock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _july(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: WEDNESDAY)


def home(member):
    answer = as_member(member).get("/my/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_member_sees_nothing_of_another():
    place = yichun()
    claim = a_submitted(a_covered_member(place))
    page = home(a_covered_member(place, "王小明", the_inpatient_scheme(), sex="male"))
    assert claim.number not in page
    assert "刘女士" not in page


def test_the_cover_card_says_from_when_until_when():
    page = home(a_covered_member(yichun()))
    assert "✓ 您有保障" in page
    assert "2022-01-28 起一年，保到 2023-01-27" in page
    assert "互助金保障书" in page


def test_who_has_no_cover_is_told_why_and_what_to_do():
    assert "可以向单位工会问一问" in home(a_member())
    waiting = a_member("王小明", sex="male")
    an_enrolment(waiting, the_inpatient_scheme(), state="awaiting")
    assert "会费到账后生效" in home(waiting)


def test_cover_that_has_ended_is_no_cover(monkeypatch):
    member = a_covered_member(yichun())
    monkeypatch.setattr(clock, "now", lambda: WEDNESDAY + timedelta(days=300))
    assert "现在没有保障" in home(member)


def test_a_claim_shows_its_way_with_times():
    place = yichun()
    page = home(a_submitted(a_covered_member(place)).member)
    assert '<li class="done">已提交<span class="when">2022-07-13 09:30</span>' in page
    assert '<li class="now">代办处初审中</li>' in page
    assert '<li class="now">已' not in page  # what is under way is not said as done


def test_a_claim_sent_back_says_what_is_needed_in_one_sentence():
    place = yichun()
    claim = a_submitted(a_covered_member(place), by=place.agency(), channel="counter", but=("receipts",))
    claims.return_for_papers(claim=claim, reason="住院票据不齐", by=place.agency("周代办"), at=WEDNESDAY)
    page = home(claim.member)
    assert "需要您补：" in page
    assert "住院票据" in page
    assert "待补正" in page


def test_a_draft_is_there_when_one_comes_back():
    claim = a_draft(a_covered_member(yichun()))
    page = home(claim.member)
    assert "还没有提交" in page
    assert claim.number in page


def test_money_that_came_is_shown_with_its_minute():
    desk = Desk()
    batch = an_answered(desk)
    member = batch.payouts.get().decision.claim.member
    page = home(member)
    assert "1,714.00" in page
    assert "2022-07-15 16:24" in page
    assert "已到账" in page


def test_my_page_shows_numbers_masked_only():
    member = a_member()
    an_account(member)
    page = as_member(member).get("/my/me/").content.decode()
    assert member.id_number not in page
    assert "139****0001" in page
    assert "**** 2345" in page


def test_a_member_can_sign_out():
    browser = as_member(a_member())
    assert browser.post("/desk/sign-out/").url == "/my/sign-in/"
    assert browser.get("/my/").status_code == 302
