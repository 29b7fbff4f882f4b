"""The estimate as a person walks it, in a real browser, on a desk and on a phone."""

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SIZES = {"desk": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}


def fits(page: Page) -> bool:
    """Nothing is cut off at the right."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.fixture(params=SIZES)
def sized(page: Page, request) -> Page:
    page.set_viewport_size(SIZES[request.param])
    return page


def copy_the_sheet(page: Page, hifp_pay: str = "63410") -> None:
    page.get_by_label("保障期起日").fill("2022-01-28")
    page.get_by_label("入院日期").first.fill("2022-06-20")
    page.get_by_label("符合政策范围金额").first.fill("75,400.00")
    page.get_by_label("实际支付起付线").first.fill("800")
    page.get_by_label("统筹基金支出").first.fill(hifp_pay)


def test_from_the_schemes_to_a_slip_another_reading_and_back(sized: Page):
    page = sized
    page.goto("/")
    expect(page.get_by_role("article")).to_have_count(4)
    assert fits(page)
    page.get_by_role("link", name="拿结算单试算一下").click()
    copy_the_sheet(page)
    page.get_by_label("确诊的疾病").fill("C50 乳腺恶性肿瘤")
    page.get_by_label("首次确诊日期").fill("2022-06-23")
    page.get_by_label("女职工特殊疾病").check()
    page.get_by_label("性别").select_option(label="女")
    page.get_by_role("button", name="算一算").click()
    expect(page.locator(".sum-all")).to_have_text("31,714.00 元")
    expect(page.locator(".slip")).to_have_count(2)
    assert fits(page)
    page.get_by_label("并排再看一种读法").select_option("B")
    page.get_by_role("button", name="算一算").click()
    expect(page.locator(".compare")).to_contain_text("少 5,371.20 元")
    expect(page.get_by_label("符合政策范围金额").first).to_have_value("75,400.00")
    assert fits(page)


def test_a_bad_figure_is_answered_at_the_field_and_mended(sized: Page):
    page = sized
    page.goto("/estimate/")
    copy_the_sheet(page, hifp_pay="六万三")
    page.get_by_role("button", name="算一算").click()
    box = page.get_by_label("统筹基金支出").first
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#err_hifp_pay")).to_contain_text("不是金额")
    expect(page.get_by_role("alert")).to_contain_text("有 1 处要改")
    assert fits(page)
    page.get_by_role("alert").get_by_role("link").click()
    expect(box).to_be_focused()
    box.fill("63410")
    box.press("Enter")
    expect(page.locator(".sum-all")).to_have_text("6,714.00 元")


def test_the_line_being_copied_lights_up_on_the_picture(page: Page):
    page.set_viewport_size(SIZES["desk"])
    page.goto("/estimate/")
    cell = page.locator(".cell.on-hifp_pay")
    page.get_by_label("统筹基金支出").first.focus()
    expect(cell).to_have_css("background-color", "rgb(255, 233, 168)")
    page.get_by_label("实际支付起付线").first.focus()
    expect(cell).not_to_have_css("background-color", "rgb(255, 233, 168)")


def test_it_works_without_scripts(chromium, live_server):
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/estimate/")
    copy_the_sheet(page)
    page.get_by_role("button", name="算一算").click()
    expect(page.locator(".sum-all")).to_have_text("6,714.00 元")
    context.close()


def test_large_text_is_remembered_and_still_fits_a_phone(page: Page):
    page.set_viewport_size(SIZES["phone"])
    page.goto("/estimate/?example=liu")
    usual = page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
    page.get_by_role("button", name="大字").click()
    page.goto("/estimate/?example=liu")
    assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") == usual * 1.5
    assert fits(page)
    page.goto("/")
    assert fits(page)
    page.goto("/schemes/yichun-120/")
    assert fits(page)


def test_every_step_can_be_walked_with_the_keyboard(page: Page):
    page.set_viewport_size(SIZES["desk"])
    page.goto("/estimate/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="跳到正文")).to_be_focused()
    copy_the_sheet(page)
    page.get_by_label("统筹基金支出").first.press("Enter")
    expect(page.locator(".sum-all")).to_have_text("6,714.00 元")
    summary = page.locator(".slip summary").first
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".slip details").first).not_to_have_attribute("open", "")
