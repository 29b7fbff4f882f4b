"""The page of the counter: a whole application on one page, nothing typed or photographed lost, a receipt to print."""

import re

import pytest
from test_claims import EVENT, KEY, THREE, a_picture

from factories.claims import WEDNESDAY, yichun
from factories.web import as_staff, text_of
from huzhu.claims.models import Claim, State

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_wednesday(monkeypatch):
    monkeypatch.setattr("huzhu.web.clock.now", lambda: WEDNESDAY)


def at_the_counter(desk, member, **sent):
    """The form as the page holds it, with its key, filled in."""
    address = f"/desk/counter/of/{member.pk}/"
    page = desk.get(address)
    assert "确认受理" in text_of(page)
    [key] = re.findall(r'name="once" value="([^"]+)"', page.content.decode())
    return desk.post(address, {"once": key, "kinds": THREE, "applicant": "self", **EVENT, **KEY} | sent)


def test_a_counter_claim_is_two_pages_and_one_act(place, liu):
    desk = as_staff(place.agency())
    found = desk.get("/desk/counter/", {"q": liu.id_number[-4:]})
    assert f"/desk/counter/of/{liu.pk}/" in found.content.decode()
    papers = ("form", "id_card", "bank_card", "discharge", "settlement_sheet", "receipts", "diagnosis_proof")
    files = {f"paper_{kind}": a_picture() for kind in papers}
    more = {"applicant": "relative", "applicant_name": "王先生", "setl_id": "S1"}
    answer = at_the_counter(desk, liu, **more, **files)
    claim = Claim.objects.get()
    assert answer.url == f"/desk/claims/{claim.pk}/"
    assert (claim.state, claim.complete_at, claim.channel) == (State.SUBMITTED, WEDNESDAY, "counter")
    assert "31,714.00" in text_of(desk.get(answer.url))


def test_the_form_of_the_counter_sent_twice_is_one_claim(place, liu):
    desk = as_staff(place.agency())
    address = f"/desk/counter/of/{liu.pk}/"
    [key] = re.findall(r'name="once" value="([^"]+)"', desk.get(address).content.decode())
    sent = {"once": key, "kinds": THREE, "applicant": "self", **EVENT, **KEY, "rest": "1"}
    first, again = (desk.post(address, sent) for _ in "12")
    assert first.url == again.url == f"/desk/claims/{Claim.objects.get().pk}/"


def test_what_lies_there_is_ticked_at_once_and_a_receipt_says_what_is_missing(place, liu):
    desk = as_staff(place.agency())
    marks = {
        "rest": "1",
        "state_receipts": "unclear",
        "state_id_card": "waived",
        "reason_id_card": "系统内已有",
    }
    answer = at_the_counter(desk, liu, **marks)
    claim = Claim.objects.get()
    states = dict(claim.papers.values_list("kind", "state"))
    assert (states.pop("receipts"), states.pop("id_card")) == ("unclear", "waived")
    assert set(states.values()) == {"received"}
    assert claim.complete_at is None
    assert "还缺：住院票据" in text_of(desk.get(answer.url))
    receipt = text_of(desk.get(f"{answer.url}receipt/"))
    assert claim.number in receipt
    assert "住院票据（看不清）" in receipt
    assert "身份证（免交）" in receipt


def test_the_counter_tries_without_keeping_and_keeps_a_draft(place, liu):
    desk = as_staff(place.agency())
    tried = at_the_counter(desk, liu, **{"try": "1"}, state_form="received")
    assert "试算 31,714.00 元" in text_of(tried)
    assert 'value="2022-07-10"' in tried.content.decode()
    assert not Claim.objects.exists()
    draft = at_the_counter(desk, liu, keep="1", rest="1")
    claim = Claim.objects.get()
    assert [one.kind for one in claim.papers.exclude(state="received")] == ["certificate"]
    assert (claim.state, draft.url) == (State.DRAFT, f"/desk/counter/{claim.pk}/")
    assert "试算 31,714.00 元" in text_of(desk.get(draft.url))
    assert desk.get(f"/desk/counter/of/{liu.pk}/").url == draft.url


WRONG = {
    "kinds": ["inpatient"],
    "admitted_on": "2022-06-40",
    "hifp_pay": "abc",
    "bank_name": "工商银行",
    "number": "12",
    "state_receipts": "waived",
}


def test_the_counter_says_what_is_wrong_at_every_box_at_once_and_keeps_what_was_typed(place, liu):
    answer = at_the_counter(as_staff(place.agency()), liu, **WRONG)
    assert answer.status_code == 422
    assert set(answer.context["errors"]) == {"admitted_on", "hifp_pay", "number", "receipts"}
    page = answer.content.decode()
    assert 'value="伊春林业中心医院"' in page
    assert 'value="abc"' in page
    assert not Claim.objects.exists()


def test_photographs_are_not_lost_where_a_box_is_wrong(place, liu):
    desk = as_staff(place.agency())
    answer = at_the_counter(desk, liu, **WRONG, paper_id_card=a_picture(), state_form="received")
    draft = Claim.objects.get()
    assert (answer.status_code, draft.state) == (422, State.DRAFT)
    assert {"admitted_on", "hifp_pay", "number", "receipts"} <= set(answer.context["errors"])
    assert f'action="/desk/counter/{draft.pk}/"' in answer.content.decode()
    assert set(draft.papers.filter(state="received").values_list("kind", flat=True)) == {"id_card", "form"}


def test_a_draft_says_what_is_wrong_at_every_box_at_once(place, liu):
    desk = as_staff(place.agency())
    intake = at_the_counter(desk, liu, keep="1").url
    answer = desk.post(intake, WRONG)
    assert answer.status_code == 422
    assert set(answer.context["errors"]) == {"admitted_on", "hifp_pay", "number", "receipts"}


def test_nobody_of_another_city_is_found_at_the_counter(liu):
    desk = as_staff(yichun().agency())
    assert "没有找到" in text_of(desk.get("/desk/counter/", {"q": "刘女士"}))
    assert desk.get(f"/desk/counter/of/{liu.pk}/").status_code == 404
    assert desk.post(f"/desk/counter/of/{liu.pk}/", {"once": "key-0001"}).status_code == 404
