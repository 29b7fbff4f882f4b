"""At the counter: the husband brings her papers; found, typed and confirmed by Enter, and its cost."""

import pytest
from playwright.sync_api import expect

from factories.claims import LIU_FIGURES, WEDNESDAY, a_covered_member, yichun
from factories.users import a_role
from huzhu.claims.models import Claim, State
from journeys.walk import Walk

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MOST = {"counter claim": {"pages": 3, "boxes": 9, "clicks": 2, "keys": 7}}
DAYS = {"admitted_on": "2022-06-20", "discharged_on": "2022-07-10", "diagnosed_on": "2022-06-23"}


def test_a_counter_claim_is_found_typed_and_confirmed_by_enter(page, settings, monkeypatch):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    monkeypatch.setattr("huzhu.web.clock.now", lambda: WEDNESDAY)
    place, walk = yichun(), Walk(page)
    liu = a_covered_member(place)
    walk.staff(a_role("agency_clerk", place.city).user)
    page.goto("/desk/counter/")
    with walk.part("counter claim"):
        she_is_found(walk, liu.id_number[-4:])
        the_fields_are_typed(walk)
        walk.key("Enter")
    claim = Claim.objects.get()
    assert claim.state == State.SUBMITTED
    assert page.url.endswith(f"/desk/claims/{claim.pk}/")
    assert "31,714.00" in walk.text
    walk.told(MOST)


def she_is_found(walk: Walk, last_four: str) -> None:
    expect(walk.page.locator("#c_q")).to_be_focused()
    for digit in last_four:
        walk.look(digit)
    walk.key("Enter")
    expect(walk.page.get_by_role("link", name="受理：")).to_be_focused()  # set after loading
    walk.key("Enter")  # the only one found stands under the cursor


def the_fields_are_typed(walk: Walk) -> None:
    for kind in ("重大疾病", "女性特殊疾病"):
        walk.tick(kind)
    figures = {name: LIU_FIGURES[name] for name in ("inscp_scp_amt", "act_pay_dedc", "hifp_pay")}
    said = {
        "hospital_name": "伊春林业中心医院",
        **DAYS,
        "diagnosis": "C50.9",
        **figures,
        "setl_id": "S20220711001",
    }
    for name, text in said.items():
        walk.fill(walk.page.locator(f"#id_{name}"), text)
