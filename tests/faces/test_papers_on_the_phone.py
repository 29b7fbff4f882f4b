"""Photographs of papers on the phone: kept at once, questioned where they cannot be read, several of one paper."""

import pytest

from faces.test_claims import a_picture, applied, text_of
from factories.claims import WEDNESDAY, a_covered_member, a_submitted
from factories.web import as_member, as_staff
from huzhu.claims.models import Claim

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_wednesday(monkeypatch):
    monkeypatch.setattr("huzhu.web.clock.now", lambda: WEDNESDAY)


def test_a_blurred_photograph_is_asked_about_and_shall_do_if_she_says_so(liu):
    phone = as_member(liu)
    base = phone.post("/my/apply/", {"kinds": ["inpatient"], "applicant": "self"}).url[: -len("2/")]
    answer = phone.post(f"{base}3/", {"paper_receipts": a_picture(blur=6)})
    assert answer.url == f"{base}3/"
    said = text_of(phone.get(answer.url))
    assert "有 1 张照片可能看不清" in said
    assert "重拍" in said
    page = Claim.objects.get().papers.get(kind="receipts").pages.get()
    assert phone.post(f"{base}3/", {"keep": str(page.pk)}).url == f"{base}3/"
    said = text_of(phone.get(answer.url))
    assert "可能看不清" not in said
    assert "▲ 照片看起来不清楚" in said
    assert phone.post(f"{base}3/").url == f"{base}4/"


def test_she_takes_it_again_or_goes_on_without_answering(liu):
    phone = as_member(liu)
    base = phone.post("/my/apply/", {"kinds": ["inpatient"], "applicant": "self"}).url[: -len("2/")]
    phone.post(f"{base}3/", {"paper_receipts": a_picture(blur=6)})
    assert phone.post(f"{base}3/").url == f"{base}4/"
    page = Claim.objects.get().papers.get(kind="receipts").pages.get()
    phone.post(f"{base}3/", {"drop": str(page.pk)})
    assert "就用这张" not in text_of(phone.get(f"{base}3/"))
    assert Claim.objects.get().papers.get(kind="receipts").state == "missing"


def test_several_photographs_of_one_paper_are_chosen_at_once_and_shown_to_the_agency(place, liu):
    phone = as_member(liu)
    base = applied(phone)
    phone.post(f"{base}3/", {"paper_receipts": [a_picture(230), a_picture(231)]})
    assert "已交 3 页" in text_of(phone.get(f"{base}3/"))
    phone.post(f"{base}5/")
    claim = Claim.objects.get()
    desk = as_staff(place.agency())
    page = desk.get(f"/desk/claims/{claim.pk}/").content.decode()
    assert page.count("papers/receipts/?page=") == 6  # each in the frame, and in a window of its own
    first, third = (desk.get(f"/desk/claims/{claim.pk}/papers/receipts/?page={n}") for n in (1, 3))
    assert first.content != third.content
    for n in ("9", "0", "x", "-1", "1" * 30):
        status = desk.get(f"/desk/claims/{claim.pk}/papers/receipts/?page={n}").status_code
        assert status == (404 if n == "9" else 200)


def test_a_page_of_another_claim_is_not_there(place, liu):
    phone = as_member(liu)
    base = applied(phone)
    other = a_submitted(a_covered_member(place, "王小明", sex="male"), setl_id="S9", kinds=["inpatient"])
    page = other.papers.get(kind="receipts").pages.get()
    for data in (
        {"drop": "x"},
        {"drop": str(page.pk)},
        {"keep": str(page.pk)},
        {f"replace_{page.pk}": a_picture()},
    ):
        assert phone.post(f"{base}3/", data).status_code == 404
    assert other.papers.get(kind="receipts").pages.count() == 1


def test_the_script_is_told_where_to_go_and_a_browser_without_it_is_sent(liu):
    phone = as_member(liu)
    base = phone.post("/my/apply/", {"kinds": ["inpatient"], "applicant": "self"}).url[: -len("2/")]
    answer = phone.post(f"{base}3/", {"paper_receipts": a_picture()}, headers={"X-Progress": "1"})
    assert (answer.status_code, answer["X-Next"]) == (204, f"{base}4/")
