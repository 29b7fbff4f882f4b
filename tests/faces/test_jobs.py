"""Long work on the desk: own only, with its progress; leave and come back; called off; tried again."""

import pytest
from django.urls import reverse

from factories.jobs import NOON, a_run
from factories.users import a_role
from factories.web import as_staff
from huzhu.files import services as files
from huzhu.jobs import services

pytestmark = pytest.mark.django_db


def text(answer):
    return answer.content.decode()


def page(run, name="job"):
    return reverse(f"web:{name}", args=[run.pk])


def a_running(**traits):
    run = a_run(**traits)
    return services.take(worker="w", now=NOON) or run


def test_anothers_work_looks_missing():
    run = a_run()
    stranger = as_staff(a_role("agency_clerk"))
    for name in ("job", "job-file"):
        assert stranger.get(page(run, name)).status_code == 404
    for name in ("job-cancel", "job-again"):
        assert stranger.post(page(run, name)).status_code == 404
    assert run.title not in text(stranger.get(reverse("web:jobs")))


def test_an_empty_list_says_what_will_stand_there():
    assert "没有后台任务" in text(as_staff(a_role("agency_clerk")).get(reverse("web:jobs")))


def test_the_page_says_how_far_it_is_and_asks_again_by_itself():
    run = a_running()
    services.tell(run=run, done=500, total=2000, words="正在核对", now=NOON)
    said = text(as_staff(run.asked_by).get(page(run)))
    assert "25%" in said
    assert "500</b> / 2,000" in said
    assert "正在核对" in said
    assert 'hx-trigger="every 1s"' in said
    assert "可以离开这一页" in said


def test_done_work_leads_on_to_its_result():
    run = a_running(address=reverse("web:desk"))
    services.finish(run=run, result={}, at=NOON, now=NOON)
    browser = as_staff(run.asked_by)
    assert browser.get(page(run)).url == reverse("web:desk")
    assert browser.get(page(run), headers={"HX-Request": "true"})["HX-Redirect"] == reverse("web:desk")


def test_the_file_that_was_made_is_for_who_asked(settings):
    run = a_running()
    made = files.store(
        name="保障书.pdf", data=b"%PDF-1.7\n%%EOF\n", purpose="print", by=run.asked_by, at=NOON
    )
    services.finish(run=run, result={"file": str(made.pk)}, at=NOON, now=NOON)
    answer = as_staff(run.asked_by).get(page(run, "job-file"))
    assert b"".join(answer.streaming_content).startswith(b"%PDF")
    above = as_staff(a_role("administrator", run.asked_by.organisation))
    assert above.get(page(run)).status_code == 200
    assert above.get(page(run, "job-file")).status_code == 404


def test_work_is_called_off_and_tried_again_from_its_page():
    run = a_run()
    browser = as_staff(run.asked_by)
    assert "已取消" in text(browser.post(page(run, "job-cancel"), follow=True))
    assert "已经结束" in text(browser.post(page(run, "job-cancel"), follow=True))
    assert "再试一次" in text(browser.get(page(run)))
    browser.post(page(run, "job-again"))
    run.refresh_from_db()
    assert run.state == "waiting"


def test_what_was_asked_for_anew_is_led_to_and_not_tried_again():
    run = a_running(kind="read", about="roster 1")
    services.fail(run=run, words="第 3 行的数字不对。", at=NOON, now=NOON, final=True)
    anew = a_run(run.asked_by, kind="read", about="roster 1")
    answer = as_staff(run.asked_by).post(page(run, "job-again"), follow=True)
    assert answer.redirect_chain == [(page(anew), 302)]
    assert "同一件事后来又交办过" in text(answer)


def test_what_another_asked_for_anew_is_told_and_not_shown():
    run = a_running(kind="read", about="roster 1")
    services.fail(run=run, words="第 3 行的数字不对。", at=NOON, now=NOON, final=True)
    a_run(kind="read", about="roster 1")
    answer = as_staff(run.asked_by).post(page(run, "job-again"), follow=True)
    assert answer.redirect_chain == [(page(run), 302)]
    assert "同一件事后来又交办过" in text(answer)


def test_what_went_wrong_is_said():
    run = a_running()
    services.fail(run=run, words="第 3 行的数字不对。", at=NOON, now=NOON, final=True)
    assert "✕ 第 3 行的数字不对。" in text(as_staff(run.asked_by).get(page(run)))
