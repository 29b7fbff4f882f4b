"""In a real browser: one key for a clean review, a held key never decides the next claim."""

import pytest

from factories.adjudication import a_reported
from factories.claims import WEDNESDAY, a_covered_member
from factories.web import as_staff
from huzhu.adjudication.models import Decision
from huzhu.claims.models import State

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _a_wednesday(monkeypatch):
    monkeypatch.setattr("huzhu.web.clock.now", lambda: WEDNESDAY)


def signed_in(page, live_server, role):
    cookies = [
        {"name": name, "value": morsel.value, "url": live_server.url}
        for name, morsel in as_staff(role).cookies.items()
    ]
    page.context.add_cookies(cookies)
    return page


def test_a_decides_a_clean_claim_and_the_next_one_opens(page, live_server, place):
    first, other = (
        a_reported(place, a_covered_member(place, name, sex="male"), setl_id=number, kinds=["inpatient"])
        for name, number in (("王小明", "S1"), ("周师傅", "S2"))
    )
    signed_in(page, live_server, place.reviewer()).goto(f"/desk/queue/{first.pk}/")
    with page.expect_navigation():
        page.keyboard.press("a")
    assert page.url.endswith(f"/desk/queue/{other.pk}/")
    page.evaluate(
        "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'a', repeat: true, bubbles: true}))"
    )
    page.wait_for_timeout(300)
    assert [one.claim_id for one in Decision.objects.all()] == [first.pk]


def test_r_and_n_ask_for_words_before_anything_happens(page, live_server, place):
    claim = a_reported(place, a_covered_member(place, "王小明", sex="male"), kinds=["inpatient"])
    signed_in(page, live_server, place.reviewer()).goto(f"/desk/queue/{claim.pk}/")
    page.keyboard.press("n")
    page.keyboard.type("诊断 a 不符")
    assert page.input_value("#n_reason") == "诊断 a 不符"
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    with page.expect_navigation():
        page.get_by_role("button", name="身份证照片看不清").click()
    claim.refresh_from_db()
    assert claim.state == State.RETURNED
    assert not Decision.objects.exists()
