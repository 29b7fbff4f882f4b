"""A visit logged on a phone of 390 px: how many boxes and clicks it takes, and that it fits the screen."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from factories.claims import WEDNESDAY
from factories.organisations import a_city, a_county, an_employer
from factories.outreach import a_visit
from factories.users import a_role
from huzhu.outreach.models import FollowUp, Visit
from huzhu.web import clock
from journeys.walk import PHONE, Walk

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NOW = WEDNESDAY + timedelta(hours=6)
TODAY = NOW.date()


def test_a_visit_is_logged_on_a_phone_in_half_a_minute(page, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    county = a_county(under=a_city())
    names = ("铁力市教育局", "铁力市民政局", "铁力市水务局")
    first, second, _ = (an_employer(under=county, sector="county", name=name) for name in names)
    clerk = a_role("county_clerk", county, name="钱县工")
    before = {"at": NOW - timedelta(days=9), "on": TODAY - timedelta(days=9), "owner": clerk.user}
    a_visit(second, by=clerk, next_on=TODAY, **before)
    walk = Walk(page)
    walk.staff(clerk.user)
    page.set_viewport_size(PHONE)
    with walk.part("走访"):
        page.goto("/desk/outreach/visit/")
        assert walk.fits()
        walk.fill("哪个单位", "tlsj")
        expect(page.locator("#found input")).to_have_count(1)
        walk.fill("留下折页（份）", "12")
        walk.tick("观望")
        walk.choose("还没参加的原因", "单位不了解互助保障")
        walk.fill("下一步", "送方案")
        walk.press_button("记下")
        assert walk.fits()
    visit = Visit.objects.get(employer=first)
    assert (visit.on, visit.way, visit.leaflets, visit.owner) == (TODAY, "visit", 12, clerk.user)
    assert (visit.stance.willing, visit.stance.cause) == ("waiting", "unaware")
    assert FollowUp.objects.get(employer=first).next_on == TODAY + timedelta(days=14)
    cost = walk.parts["走访"]
    print(f"\n一次走访：填 {cost['boxes']} 格，点 {cost['clicks']} 次，开 {cost['pages']} 页")
    assert cost["boxes"] <= 3
    assert cost["clicks"] <= 3
    assert "已记下" in walk.text
    walk.follow("下一家：铁力市民政局")
    assert "铁力市民政局" in walk.text
