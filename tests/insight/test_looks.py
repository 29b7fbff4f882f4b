"""Who has looked at a member's data: told to that member in plain words, without names."""

from datetime import timedelta

import pytest

from factories.adjudication import a_decided
from factories.claims import HOUR, WEDNESDAY, a_covered_member, a_submitted, yichun
from factories.payouts import Desk, a_released
from factories.web import as_member, as_staff
from huzhu.audit.models import Event
from huzhu.insight.looks import looks_at
from huzhu.members import services as members
from huzhu.payouts import services as payouts
from huzhu.web import clock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def now(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: WEDNESDAY)


def reads(verb):
    found = Event.objects.filter(verb=verb, kind="read").order_by("pk")
    return list(found.values_list("actor_id", "object_id", "detail"))


def test_another_member_is_told_nothing_of_it():
    place = yichun()
    claim = a_submitted(a_covered_member(place))
    other = a_covered_member(place, "王小明", sex="male")
    as_staff(place.agency()).get(f"/desk/claims/{claim.pk}/")
    assert len(looks_at(claim.member)) == 1
    assert looks_at(other) == []
    assert claim.number not in as_member(other).get("/my/me/").content.decode()


def test_opening_a_paper_is_written_down_once_per_person_paper_and_hour(monkeypatch):
    place = yichun()
    claim = a_submitted(a_covered_member(place))
    one, two = place.agency(), place.reviewer()
    for who in (as_staff(one), as_staff(one), as_staff(two)):
        who.get(f"/desk/claims/{claim.pk}/papers/receipts/")
    as_staff(one).get(f"/desk/claims/{claim.pk}/papers/id_card/")
    on = str(claim.pk)
    once = [
        (one.actor_id, on, {"paper": "住院票据"}),
        (two.actor_id, on, {"paper": "住院票据"}),
        (one.actor_id, on, {"paper": "身份证"}),
    ]
    assert reads("claims.read_paper") == once
    monkeypatch.setattr(clock, "now", lambda: WEDNESDAY + HOUR)
    as_staff(one).get(f"/desk/claims/{claim.pk}/papers/receipts/")
    assert reads("claims.read_paper") == [*once, once[0]]


def test_opening_a_letter_is_written_down_for_staff_and_for_the_member():
    place = yichun()
    claim = a_decided(place, a_covered_member(place)).claim
    by = place.agency()
    as_staff(by).get(f"/desk/claims/{claim.pk}/letter/")
    as_member(claim.member).get(f"/my/claims/{claim.pk}/letter/")
    as_member(claim.member).get(f"/my/claims/{claim.pk}/papers/receipts/")
    told = [(by.actor_id, str(claim.pk), {}), (claim.member.actor_id, str(claim.pk), {})]
    assert reads("adjudication.read_letter") == told
    assert reads("claims.read_paper") == [(claim.member.actor_id, str(claim.pk), {"paper": "住院票据"})]


def test_what_is_refused_or_missing_is_no_look():
    place = yichun()
    claim = a_submitted(a_covered_member(place), but=("receipts",))
    assert as_staff(place.agency()).get(f"/desk/claims/{claim.pk}/papers/receipts/").status_code == 404
    assert as_staff(yichun().agency()).get(f"/desk/claims/{claim.pk}/papers/id_card/").status_code == 404
    assert reads("claims.read_paper") == []


def test_the_member_reads_role_office_when_what_and_why_and_no_name():
    place = yichun()
    claim = a_submitted(a_covered_member(place))
    by = place.agency("孙代办")
    desk = as_staff(by)
    desk.get(f"/desk/claims/{claim.pk}/")
    desk.get(f"/desk/claims/{claim.pk}/papers/receipts/")
    members.reveal(
        member=claim.member, field="account", by=by, reason="核对收款账户", at=WEDNESDAY + timedelta(days=1)
    )
    first, second = looks_at(claim.member)
    assert (first.what, first.why) == (["完整的银行账号"], "核对收款账户")
    assert (second.role, second.office, second.why) == ("代办处经办", place.city.name, "受理、初审您的申请")
    assert (second.about, sorted(second.what)) == (f"申请 {claim.number}", ["住院票据", "申请内容"])
    page = as_member(claim.member).get("/my/me/").content.decode()
    assert "代办处经办" in page
    assert "核对收款账户" in page
    assert "孙代办" not in page


def test_her_own_looks_are_not_among_them():
    place = yichun()
    claim = a_submitted(a_covered_member(place))
    as_member(claim.member).get(f"/my/claims/{claim.pk}/papers/receipts/")
    assert looks_at(claim.member) == []
    assert "还没有人打开过您的申请" in as_member(claim.member).get("/my/me/").content.decode()


def test_a_bank_file_with_her_account_is_a_look():
    desk = Desk()
    batch = a_released(desk)
    payouts.hand_out(batch=batch, by=desk.maker, at=WEDNESDAY)
    member = batch.payouts.get().decision.claim.member
    [look] = looks_at(member)
    assert (look.role, look.what, look.why) == ("出纳制单", ["代发文件里的收款账号"], "把互助金付到您的账户")
