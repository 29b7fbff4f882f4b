"""Lists over the limit are taken away only when a second person of the branch agrees, once, within a day."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from factories.claims import WEDNESDAY
from factories.members import a_member
from factories.organisations import a_city
from factories.users import a_role
from factories.web import as_staff, rows_of, text_of
from huzhu.audit.models import Event
from huzhu.users import exports
from huzhu.users.models import ExportRequest
from huzhu.users.permissions import NotAllowed
from huzhu.web import clock

pytestmark = pytest.mark.django_db
LIST, AT = "/desk/members/?hardship=1", WEDNESDAY


@pytest.fixture(autouse=True)
def _two_rows_are_many(monkeypatch, place):
    monkeypatch.setattr(clock, "now", lambda: AT)
    monkeypatch.setattr(exports, "ALONE", 1)
    for name in ("刘女士", "王小明"):
        a_member(name, employer=place.employer, in_hardship=True)


def take(browser, address=LIST):
    return browser.get(f"{address}&as=xlsx")


def asked_by(role):
    assert take(as_staff(role)).status_code == 302
    return ExportRequest.objects.get(asked_by=role, state="waiting")


def test_who_may_not_agree(place):
    clerk = place.agency()
    request = asked_by(clerk)
    others = (
        a_role("administrator", place.province),
        a_role("auditor", place.city),
        a_role("agency_clerk", a_city()),
        a_role("county_clerk", place.employer.parent),
    )
    for by in others:
        with pytest.raises(NotAllowed):
            exports.settle(request=request, agree=True, by=by, at=AT)
    with pytest.raises(exports.SamePerson):
        exports.settle(request=request, agree=True, by=clerk, at=AT)
    with pytest.raises(IntegrityError), transaction.atomic():
        ExportRequest.objects.update(state="approved", settled_by=clerk.user)
    with pytest.raises(IntegrityError), transaction.atomic():
        ExportRequest.objects.update(state="approved")
    strange = as_staff(a_role("agency_clerk", a_city()))
    assert strange.post(f"/desk/exports/{request.pk}/", {"do": "agree"}).status_code == 404
    assert as_staff(clerk).post(f"/desk/exports/{request.pk}/", {"do": "agree"}).status_code == 302
    request.refresh_from_db()
    assert request.state == "waiting"


def test_a_short_list_needs_nobody(place):
    assert len(rows_of(take(as_staff(place.agency()), "/desk/members/?q=王小明"))) == 1
    assert not ExportRequest.objects.exists()


def test_a_long_list_is_asked_for_agreed_to_and_taken_once(place):
    desk, second = as_staff(place.agency()), as_staff(place.agency("周代办"))
    told = text_of(desk.get(f"{LIST}&as=xlsx", follow=True))
    assert "要由另一个人批准" in told
    take(desk)
    request = ExportRequest.objects.get()
    assert (request.rows, request.address) == (2, LIST)
    assert not Event.objects.filter(verb="lists.export").exists()
    page = text_of(second.get("/desk/exports/"))
    assert "会员" in page
    assert "困难职工" in page
    assert "没有等您批准" in text_of(desk.get("/desk/exports/"))
    second.post(f"/desk/exports/{request.pk}/", {"do": "agree"})
    assert len(rows_of(take(desk))) == 2
    assert Event.objects.get(verb="lists.export").detail["rows"] == 2
    assert take(desk).status_code == 302  # the leave is used up
    assert list(ExportRequest.objects.order_by("pk").values_list("state", flat=True)) == ["taken", "waiting"]


def test_leave_is_for_this_list_this_person_and_a_day(place, monkeypatch):
    clerk = place.agency()
    exports.settle(request=asked_by(clerk), agree=True, by=place.agency("周代办"), at=AT)
    assert take(as_staff(clerk), "/desk/members/?cover=none").status_code == 302
    assert take(as_staff(place.agency("朱代办"))).status_code == 302
    monkeypatch.setattr(clock, "now", lambda: AT + timedelta(days=1))
    assert take(as_staff(clerk)).status_code == 302
    assert ExportRequest.objects.filter(asked_by=clerk, state="lapsed").count() == 1


def test_a_refusal_has_a_reason_that_the_asker_reads(place):
    clerk = place.agency()
    request, second = asked_by(clerk), as_staff(place.agency("周代办"))
    address = f"/desk/exports/{request.pk}/"
    assert "请写一句话" in text_of(second.post(address, {"do": "refuse", "reason": ""}, follow=True))
    second.post(address, {"do": "refuse", "reason": "用不着全部"})
    assert "用不着全部" in text_of(as_staff(clerk).get("/desk/exports/?which=own"))
    assert "已经有人办过" in text_of(second.post(address, {"do": "agree"}, follow=True))
    assert take(as_staff(clerk)).status_code == 302
