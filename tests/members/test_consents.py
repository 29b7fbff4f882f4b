"""Consent to the use of the bureau's data: the member's alone, given to an edition of a text, asked for before a record is taken in."""

from datetime import timedelta

import pytest

from factories.bureau import a_record, consenting, taken_in
from factories.claims import WEDNESDAY, a_covered_member, yichun
from factories.files import a_png
from factories.members import a_member
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.claims.models import Claim
from huzhu.insight.looks import looks_at
from huzhu.members import consents
from huzhu.members.consents import ConsentRefused
from huzhu.members.models import Consent
from huzhu.notices.models import Notice
from huzhu.users.permissions import NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
PAPER = ("同意书.png", a_png())


@pytest.fixture
def place():
    return yichun()


@pytest.fixture
def member(place):
    return a_covered_member(place, "王小明", sex="male", phone="13900000001")


def agreed(member, edition=consents.EDITION):
    return consents.agree(member=member, edition=edition, at=WEDNESDAY)


@pytest.mark.parametrize("code", ["employer_clerk", "county_clerk", "reviewer", "auditor", "payment_maker"])
def test_who_may_not_write_it_down(place, member, code):
    role = a_role(code, member.employer if code == "employer_clerk" else place.city.parent)
    with pytest.raises(NotAllowed):
        consents.agree_on_paper(member=member, paper=PAPER, by=role, at=WEDNESDAY)
    agreed(member)
    with pytest.raises(NotAllowed):
        consents.withdraw(member=member, by=role, at=WEDNESDAY)
    assert consents.standing([member.pk]) == {member.pk}


def test_nobody_takes_back_anothers_word(member):
    agreed(member)
    with pytest.raises(ConsentRefused, match="只有本人"):
        consents.withdraw(member=member, by=a_member("张三"), at=WEDNESDAY)


def test_a_member_agrees_to_the_text_that_was_shown_and_only_once(member):
    with pytest.raises(ConsentRefused, match="换了新的一版"):
        agreed(member, "2021-01")
    one = agreed(member)
    assert (one.edition, one.channel, one.given_by) == (consents.EDITION, "phone", member.actor_id)
    with pytest.raises(ConsentRefused, match="已经同意过"):
        agreed(member)
    assert list(
        Event.objects.filter(verb="members.consent").order_by("pk").values_list("detail", flat=True)
    ) == [{"edition": consents.EDITION, "channel": "phone"}]


def test_at_the_counter_it_is_signed_kept_told_and_looked_at_under_a_name(place, member):
    clerk = place.agency("周导入")
    for paper in (None, ("同意书.csv", b"a,b\n1,2\n")):
        with pytest.raises(ConsentRefused, match="没有签字"):
            consents.agree_on_paper(member=member, paper=paper, by=clerk, at=WEDNESDAY)
    one = consents.agree_on_paper(member=member, paper=PAPER, by=clerk, at=WEDNESDAY)
    assert "不是您本人签字的" in Notice.objects.get(purpose="consent").text
    file, data = consents.open_paper(key=one.pk, by=clerk, at=WEDNESDAY)
    assert (file, data) == (one.paper, PAPER[1])
    assert [look.what for look in looks_at(member)] == [["签字的同意书"]]
    with pytest.raises(ConsentRefused):
        consents.open_paper(key=one.pk, by=a_role("agency_clerk"), at=WEDNESDAY)


def test_what_is_taken_back_stays_written_and_may_be_given_again(place, member):
    agreed(member)
    consents.withdraw(member=member, by=member, at=WEDNESDAY + timedelta(days=1))
    assert consents.standing([member.pk]) == set()
    with pytest.raises(ConsentRefused, match="不用撤回"):
        consents.withdraw(member=member, by=member, at=WEDNESDAY)
    agreed(member)
    consents.withdraw(member=member, by=place.agency("周导入"), at=WEDNESDAY + timedelta(days=2))
    assert [bool(one.withdrawn_at) for one in consents.history(member, member)] == [True, True]


def test_an_older_text_no_longer_counts_and_is_followed_by_the_new_one(member, monkeypatch):
    agreed(member)
    monkeypatch.setattr(consents, "TEXTS", {"2023-01": "新的一版"})
    monkeypatch.setattr(consents, "EDITION", "2023-01")
    assert consents.standing([member.pk]) == set()
    agreed(member, "2023-01")
    assert consents.standing([member.pk]) == {member.pk}
    assert Consent.objects.filter(withdrawn_at=None).count() == 1


def test_no_record_of_the_bureau_is_taken_in_without_it(place, member):
    record = a_record(member)
    said = taken_in(place, record, agreed=False)
    assert (said["taken"], said["refused_count"], Claim.objects.count()) == (0, 1, 0)
    assert "没有同意使用医保数据" in said["refused"][0][1]
    consenting(member)
    assert taken_in(place, record, agreed=False)["taken"] == 1
    consents.withdraw(member=member, by=member, at=WEDNESDAY)
    later = a_record(
        member,
        admitted_on=record.admitted_on + timedelta(days=30),
        discharged_on=record.discharged_on + timedelta(days=30),
    )
    assert taken_in(place, later, agreed=False)["refused_count"] == 1
    assert Claim.objects.count() == 1  # what was entered before stays
