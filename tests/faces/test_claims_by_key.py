"""In a real browser: Enter at the counter, one key for a clean review, a held key never decides the next claim."""

import pytest
from playwright.sync_api import expect

from factories.adjudication import a_reported
from factories.claims import LIU_FIGURES, WEDNESDAY, a_covered_member, yichun
from factories.users import a_role
from factories.web import as_staff
from huzhu.adjudication.models import Decision
from huzhu.claims.models import Claim, State

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _a_wednesday(monkeypatch):
    monkeypatch.setattr("huzhu.web.clock.now", lambda: WEDNESDAY)


@pytest.fixture
def place():
    return yichun()


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


def test_a_counter_claim_is_found_typed_and_confirmed_by_enter(page, live_server, place):
    """Counted: two pages, ten boxes, Enter three times, no click but the kinds."""
    liu = a_covered_member(place)
    signed_in(page, live_server, a_role("agency_clerk", place.city)).goto("/desk/counter/")
    expect(page.locator("#c_q")).to_be_focused()
    page.keyboard.type(liu.id_number[-4:])
    page.keyboard.press("Enter")
    page.wait_for_url("**/counter/?q=*")
    expect(page.get_by_role("button", name="受理").first).to_be_focused()  # the browser sets it after loading
    with page.expect_navigation():
        page.keyboard.press("Enter")  # the only one found stands under the cursor
    for kind in ("重大疾病", "女性特殊疾病"):
        page.get_by_label(kind).check()
    page.fill("#id_hospital_name", "伊春林业中心医院")
    for name, day in (
        ("admitted_on", "2022-06-20"),
        ("discharged_on", "2022-07-10"),
        ("diagnosed_on", "2022-06-23"),
    ):
        page.fill(f"#id_{name}", day)
    page.fill("#id_diagnosis", "C50.9")
    for name in ("inscp_scp_amt", "act_pay_dedc", "hifp_pay"):
        page.fill(f"#id_{name}", LIU_FIGURES[name])
    page.fill("#id_setl_id", "S20220711001")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    claim = Claim.objects.get()
    assert claim.state == State.SUBMITTED
    assert page.url.endswith(f"/desk/claims/{claim.pk}/")
    assert "31,714.00" in page.inner_text("main")
