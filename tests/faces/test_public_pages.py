"""The pages anybody may open, as the server answers them."""

import re

import pytest
from django.test import Client

from huzhu.web.middleware import POLICY

pytestmark = pytest.mark.django_db  # the first page asks whether anybody is here


@pytest.fixture
def browser() -> Client:
    return Client()


@pytest.mark.parametrize(
    "address",
    ["/", "/compare/", "/estimate/", "/estimate/?example=liu", "/schemes/yichun-120/", "/schemes/gallery/"],
)
def test_anybody_may_open_it_without_a_login(browser, address):
    answer = browser.get(address)
    assert answer.status_code == 200
    assert answer["Content-Security-Policy"] == POLICY
    assert answer["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize(
    "address", ["/schemes/nobody/", "/schemes/common/", "/schemes/..%2F..%2Fetc/", "/admin/"]
)
def test_what_is_not_published_looks_missing(browser, address):
    answer = browser.get(address)
    assert answer.status_code == 404
    assert "没有这一页" in answer.content.decode()


@pytest.mark.parametrize("address", ["/", "/schemes/yichun-120/", "/schemes/gallery/"])
def test_the_pages_of_schemes_are_only_read(browser, address):
    assert browser.post(address).status_code == 405


def test_the_schemes_stand_side_by_side_with_fees_from_their_files(browser):
    text = browser.get("/").content.decode()
    fees = re.findall(r'<p class="fee"><b>([^<]+)</b>', text)
    assert fees == ["120元", "80元", "25元", "140元"]
    assert "（最高算到统筹支付额的20%）的60%" in text


def test_beside_insurance_every_statement_has_its_source_and_the_sum_is_computed(browser):
    text = browser.get("/compare/").content.decode()
    assert "31,714.00 元" in text
    assert "一年 120元＋25元" in text
    cells = re.findall(r"<td [^>]*>(.*?)</td>", text, re.DOTALL)
    assert len(cells) == 15
    unsourced = [cell for cell in cells if "<small>" not in cell]
    assert all(cell in {"各产品自己规定。", "按合同。"} for cell in unsourced)


def test_a_demonstration_value_is_marked_on_the_page(browser):
    text = browser.get("/").content.decode()
    assert re.search(r"女性特殊疾病互助金</b> <span class=\"chip amber\">◆ 演示值", text)
    assert re.search(r"住院医疗互助金</b><br>", text), "a published benefit carries no mark"


def test_a_scheme_shows_its_figures_with_date_and_clause_its_readings_and_its_examples(browser):
    text = browser.get("/schemes/yichun-120/").content.decode()
    for words in ("2021-12-10", "住院条款", "20%的60%领取住院医疗互助金", "E 读法戊", "Y6 只在最后舍入一次"):
        assert words in text


def test_a_form_without_its_token_is_refused_in_words():
    answer = Client(enforce_csrf_checks=True).post("/estimate/", {})
    assert answer.status_code == 403
    assert "页面放久了" in answer.content.decode()


def test_schemes_of_other_offices_stand_on_a_page_of_their_own_only(browser):
    """Home, comparison and estimate offer the office's own; what others published is there to learn from."""
    text = browser.get("/schemes/gallery/").content.decode()
    assert text.count('<section class="card">') == 17
    assert '<a href="/schemes/hangzhou/">' in text
    assert "yichun-120" not in text
    for address in ("/", "/compare/", "/estimate/"):
        assert "杭州" not in browser.get(address).content.decode()


def test_a_scheme_of_elsewhere_says_that_nobody_joins_it_here(browser):
    text = browser.get("/schemes/hangzhou/").content.decode()
    assert "这是浙江杭州的方案" in text
    assert "按这个方案试算" not in text
