"""A form that moves money is handled once: sent twice it leads to the same page and has one effect."""

import re

import pytest
from django.urls import URLResolver, get_resolver
from django.utils import timezone

from factories.payouts import Desk, a_batch, a_payout
from factories.web import as_staff, text_of
from huzhu.audit.models import Handled
from huzhu.bank import stops
from huzhu.payouts.models import Payout, PayoutBatch
from test_house import HOUSE, files

pytestmark = pytest.mark.django_db
FORM = re.compile(r"<form\b[^>]*\{% url '(web:[\w-]+)'[^>]*>.*?</form>", re.DOTALL)


def keyed(patterns, found=()):
    """Names of pages whose form is handled once."""
    names = set(found)
    for one in patterns:
        if isinstance(one, URLResolver):
            names |= keyed(one.url_patterns)
        elif getattr(one.callback, "has_key", False):
            names.add(f"web:{one.name}")
    return names


def test_every_form_that_leads_there_carries_a_key():
    names = keyed(get_resolver().url_patterns)
    assert {
        "web:batch-make",
        "web:batch-release",
        "web:batch-reply",
        "web:payout-again",
        "web:remittance-send",
        "web:remittance-settle",
        "web:roster-receive",
        "web:year-close",
        "web:year-confirm",
    } <= names
    bare = [
        (file.name, form[1])
        for file in files(".html", under=HOUSE / "web")
        for form in FORM.finditer(file.read_text())
        if form[1] in names and 'method="post"' in form[0] and "{% once %}" not in form[0]
    ]
    assert bare == []


def test_every_form_with_a_key_leads_to_a_page_that_asks_for_it():
    """Else the key is sent and nobody looks at it."""
    names = keyed(get_resolver().url_patterns)
    idle = [
        (file.name, form[1])
        for file in files(".html", under=HOUSE / "web")
        for form in FORM.finditer(file.read_text())
        if "{% once %}" in form[0] and form[1] not in names
    ]
    assert idle == []


def key_in(page):
    return re.search(r'name="once" value="([\w-]{36})"', page.content.decode())[1]


@pytest.fixture
def desk():
    return Desk()


def test_a_double_click_makes_one_batch_and_shows_it(desk):
    browser, payout = as_staff(desk.maker), a_payout(desk)
    confirm = browser.post("/payouts/make/", {"pay": str(payout.pk)})
    sent = {"pay": str(payout.pk), "count": "1", "total_fen": payout.amount_fen, "once": key_in(confirm)}
    first, again = (browser.post("/payouts/make/", sent) for _ in "12")
    assert first.url == again.url == f"/payouts/batches/{PayoutBatch.objects.get().pk}/"
    assert "没有重复办理" in browser.get(again.url).content.decode()


def test_the_question_before_it_uses_no_key(desk):
    browser, payout = as_staff(desk.maker), a_payout(desk)
    browser.post("/payouts/make/", {"pay": str(payout.pk), "once": "the-first-form"})
    assert not Handled.objects.exists()


def test_a_form_without_a_key_does_nothing_and_says_so(desk):
    browser, batch = as_staff(desk.releaser), a_batch(desk)
    page = f"/payouts/batches/{batch.pk}/"
    answer = browser.post(f"{page}release/", {"once": ""}, headers={"referer": f"http://testserver{page}"})
    assert answer.url == page
    assert "没有办" in browser.get(page).content.decode()
    batch.refresh_from_db()
    assert batch.state == "made"


def test_what_was_refused_is_not_said_to_have_been_done(desk):
    browser, batch = as_staff(desk.releaser), a_batch(desk)
    page = f"/payouts/batches/{batch.pk}/"
    sent = {"once": key_in(browser.get(page))}
    stopped = stops.stop(reason="查账", by=desk.maker, at=timezone.now())
    assert "发放已停止" in text_of(browser.post(f"{page}release/", sent, follow=True))
    assert not Handled.objects.exists()
    stops.resume(stop=stopped, reason="查清", by=desk.releaser, at=timezone.now())
    assert "没有重复办理" not in text_of(browser.post(f"{page}release/", sent, follow=True))
    batch.refresh_from_db()
    assert batch.state == "released"


def test_a_key_of_another_form_does_nothing_and_says_so(desk):
    browser = as_staff(desk.releaser)
    one, other = a_batch(desk), a_batch(desk, a_payout(desk, name="王小明"))
    browser.post(f"/payouts/batches/{one.pk}/release/", {"once": "the-same-key"})
    answer = browser.post(f"/payouts/batches/{other.pk}/release/", {"once": "the-same-key"})
    assert "内容不同" in browser.get(answer.url).content.decode()
    other.refresh_from_db()
    assert other.state == "made"


def test_somebody_elses_page_is_never_led_to(desk):
    browser = as_staff(desk.releaser)
    path = f"/payouts/batches/{a_batch(desk).pk}/release/"
    for referer in ("https://example.org/x", "http://testserver.example.org/", ""):
        assert browser.post(path, {"once": ""}, headers={"referer": referer}).url == "/desk/"
    assert Payout.objects.get().state == "in_batch"


def test_the_page_of_a_batch_holds_a_key_of_its_own_each_time(desk):
    browser, path = as_staff(desk.releaser), f"/payouts/batches/{a_batch(desk).pk}/"
    assert key_in(browser.get(path)) != key_in(browser.get(path))
