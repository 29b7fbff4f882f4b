"""A list walked by keys alone, on a wide screen and on a narrow one: filter, next row, open, take away, find."""

import pytest
from playwright.sync_api import expect

from factories.claims import WEDNESDAY, a_covered_member, yichun
from factories.members import a_member
from factories.organisations import an_employer
from factories.users import a_role
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


def test_on_a_phone_the_menu_is_a_drawer_and_a_row_is_a_card(page, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: WEDNESDAY)
    place = yichun()
    a_member(name="王小明", employer=place.employer)
    walk = Walk(page)
    walk.staff(place.agency().user)
    page.set_viewport_size(PHONE)
    page.goto("/desk/members/")
    expect(page.locator("#menu")).to_be_hidden()
    page.get_by_role("button", name="菜单").click()
    expect(page.locator("#menu a[aria-current]")).to_have_text("会员")
    page.keyboard.press("Escape")
    expect(page.locator("#menu")).to_be_hidden()
    cell = page.locator("table.list tbody td[data-label=单位]").first
    expect(cell).to_be_in_viewport()
    assert cell.evaluate("one => getComputedStyle(one, '::before').content") == '"单位 "'
    expect(page.locator("#f_employer, .list-bar .box").first).to_be_hidden()
    page.get_by_role("button", name="条件").click()
    expect(page.locator(".list-bar .box").first).to_be_visible()


def test_a_choice_among_many_places_is_narrowed_by_typing(page, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: WEDNESDAY)
    place = yichun()
    for number in range(45):
        an_employer(place.city, name=f"第{number}中学")
    walk = Walk(page)
    walk.staff(a_role("administrator", place.province).user)
    page.goto("/desk/people/invite/")
    choice = page.locator("#id_place")
    page.locator("input.narrows").fill("第44中")
    expect(choice.locator("option")).to_have_count(2)  # and the one that chooses nothing
    expect(choice.locator("option:checked")).to_contain_text("第44中学")
    page.locator("input.narrows").fill("")
    assert choice.locator("option").count() > 45


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
