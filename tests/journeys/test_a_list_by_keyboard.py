"""A list walked by keys alone, on a wide screen and on a narrow one: filter, next row, open, take away, find."""

import pytest
from playwright.sync_api import expect

from factories.claims import WEDNESDAY, a_covered_member, yichun
from factories.members import a_member
from factories.organisations import an_employer
from huzhu.audit.models import Event
from huzhu.web import clock
from journeys.walk import DESK, PHONE, Walk

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["1440", "390"])
def test_a_list_is_filtered_walked_and_taken_by_keys(page, monkeypatch, size):
    monkeypatch.setattr(clock, "now", lambda: WEDNESDAY)
    place = yichun()
    a_covered_member(place)
    for name in ("王小明", "王小红"):
        a_member(name, employer=place.employer, initials="wxm")
    walk = Walk(page)
    walk.staff(place.agency().user)
    page.set_viewport_size(size)
    page.goto("/desk/members/")
    assert walk.fits()
    walk.look("f")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("wxm")
    walk.key("Enter")
    assert "筛选出 含“wxm”，共 2 人" in walk.text
    with page.expect_download() as coming:
        walk.look("e")
    assert coming.value.suggested_filename == "会员_20220713.xlsx"
    assert Event.objects.get(verb="lists.export").detail["asked"] == {"q": "wxm"}
    for key, row in (("j", 0), ("j", 1), ("j", 1), ("k", 0)):
        walk.look(key)
        expect(page.locator("table.list tbody tr").nth(row)).to_have_class("at")
    name = page.locator("table.list tr.at a").inner_text()
    walk.key("Enter")
    assert name in walk.text
    walk.look("/")
    expect(page.locator("#find")).to_be_focused()
    walk.look("Escape")
    walk.look("?")
    expect(page.locator("#keys")).to_contain_text("导出 Excel")


def test_a_list_prints_without_the_menu(page, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: WEDNESDAY)
    place = yichun()
    an_employer(place.city)
    walk = Walk(page)
    walk.staff(place.agency().user)
    page.goto("/desk/outreach/")
    page.emulate_media(media="print")
    expect(page.locator("main table.list")).to_be_visible()
    for away in (".menu", ".bar", ".list-bar", ".hand-out"):
        expect(page.locator(away).first).to_be_hidden()


def test_a_failed_request_is_said_where_the_person_is(page, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: WEDNESDAY)
    walk = Walk(page)
    walk.staff(yichun().agency().user)
    page.goto("/desk/outreach/visit/")
    # what htmx sends when the network is gone; a real failure would also be an error on the console
    page.locator("#v_q").evaluate(
        "box => box.dispatchEvent(new CustomEvent('htmx:sendError', {bubbles: true, detail: {elt: box}}))"
    )
    told = page.locator("main form.visit [role=alert]")
    expect(told).to_contain_text("连不上服务器")
    assert "算一算" not in told.inner_text()
