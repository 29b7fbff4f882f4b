"""A whole application over the counter in one act: who may not, all that is wrong at once, claimed once, as by the draft."""

from functools import partial

import pytest
from django.db import connection

from factories.at_once import at_once
from factories.claims import (
    LIU_EVENT,
    LIU_FIGURES,
    SETTLED_AT,
    WEDNESDAY,
    a_covered_member,
    a_draft,
    a_submitted,
    with_settlement,
    yichun,
)
from factories.files import a_photo
from factories.members import a_member
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.claims import counter, services
from huzhu.claims.checklist import wanted
from huzhu.claims.models import Claim, Evidence, Page, Settlement, State
from huzhu.claims.settlement import Sheet
from huzhu.members.models import BankAccount
from huzhu.notices.models import Notice
from huzhu.users.permissions import NotAllowed

pytestmark = pytest.mark.django_db
POSTGRES = connection.vendor == "postgresql"
MARKS = {paper.kind: ("received", "") for paper in wanted(LIU_EVENT["kinds"]) if paper.kind != "certificate"}

STAY = {"kinds": ["inpatient"], "diagnosed_on": "", "diagnosis": "", "marks": {}}
BARE = STAY | {"sheet": counter.NO_SHEET}


def received(member, by, **more):
    event = LIU_EVENT | {"applicant": "self"}
    sheet = Sheet("S20220711001", LIU_FIGURES, SETTLED_AT)
    given = {"sheet": sheet, "marks": MARKS, "at": WEDNESDAY} | event | more
    return counter.receive(member=member, by=by, **given)


def nothing_is_kept():
    kept = Claim.objects.exists() or Settlement.objects.exists() or Evidence.objects.exists()
    return not (kept or Notice.objects.exists() or Event.objects.filter(verb="claims.receive").exists())


# ── who may not ──


@pytest.mark.parametrize(
    "code", ["employer_clerk", "reviewer", "second_reviewer", "payment_maker", "auditor", "leader"]
)
def test_only_the_agency_receives(place, liu, code):
    with pytest.raises(NotAllowed):
        received(liu, a_role(code, place.city))
    assert nothing_is_kept()


def test_the_agency_of_another_city_receives_nobody_of_here(liu):
    with pytest.raises(NotAllowed):
        received(liu, yichun().agency())
    assert nothing_is_kept()


def test_nobody_receives_for_another_member(place, liu):
    with pytest.raises(services.NotYours):
        received(liu, a_member("王小明", employer=place.employer, sex="male"))


# ── what is wrong ──


def test_all_that_is_wrong_is_said_at_once_and_nothing_is_kept(place, liu):
    before = BankAccount.objects.count()
    with pytest.raises(services.FieldsNeedWork) as refused:
        received(
            liu,
            place.agency(),
            admitted_on="2022-06-40",
            hospital_name="",
            applicant="relative",
            diagnosis="乳腺癌",
            sheet=Sheet("结算１", {"hifp_pay": "6341O", "tip": "1"}),
            account=("工商银行", "12"),
            marks={"receipts": ("waived", ""), "disability_proof": ("received", "")},
        )
    assert refused.value.problems.keys() == {
        *("admitted_on", "hospital_name", "applicant_name", "diagnosis"),
        *("setl_id", "hifp_pay", "tip", "number", "receipts", "disability_proof"),
    }
    assert nothing_is_kept()
    assert BankAccount.objects.count() == before


def test_without_an_account_it_is_asked_for_and_a_new_one_is_taken(place):
    member = a_covered_member(place, "王小明", sex="male")
    member.accounts.all().delete()
    with pytest.raises(services.FieldsNeedWork) as refused:
        received(member, place.agency(), **STAY)
    assert refused.value.problems.keys() == {"account"}
    claim = received(member, place.agency(), account=("工商银行", "6222 0000 1111 2222"), **STAY)
    assert claim.account == member.accounts.get()
    assert (claim.account.holder, claim.account.number) == ("王小明", "6222000011112222")


def test_outside_cover_nothing_is_kept(place, liu):
    with pytest.raises(services.OutsideCover, match="2021-06-20"):
        received(liu, place.agency(), **STAY | {"admitted_on": "2021-06-20"})
    assert nothing_is_kept()


def test_a_sheet_and_a_stay_are_claimed_once_however_they_came(place, liu):
    clerk = place.agency()
    a_submitted(liu)
    other = a_covered_member(place, "王小明", sex="male")
    with pytest.raises(services.ClaimedBefore, match="另一位会员"):
        received(other, clerk, **STAY)
    with pytest.raises(services.ClaimedBefore, match="重叠"):
        received(liu, clerk, sheet=Sheet("S2", LIU_FIGURES), **STAY)
    received(other, clerk, sheet=Sheet("S3", LIU_FIGURES), **STAY)
    with pytest.raises(services.ClaimedBefore):
        with_settlement(a_draft(liu, kinds=["critical"]), setl_id="S3")
    assert Claim.objects.exclude(state=State.DRAFT).count() == 2


def test_a_page_that_is_none_is_said_at_its_paper_and_nothing_is_kept(place, liu):
    with pytest.raises(services.FieldsNeedWork) as refused:
        received(liu, place.agency(), pages=[("receipts", "票据.jpg", b"MZ no picture")])
    assert refused.value.problems.keys() == {"receipts"}
    assert nothing_is_kept()


# ── taken in ──


def columns(one, *but):
    return {
        field.name: getattr(one, field.attname)
        for field in one._meta.concrete_fields
        if field.name not in but
    }


def test_the_same_stands_there_as_by_the_draft(place):
    clerk = place.agency()
    people = [a_covered_member(place, name, sex="female") for name in ("刘女士", "李女士")]
    at_once_ = received(people[0], clerk)
    draft = a_draft(people[1], by=clerk, channel="counter")
    with_settlement(draft, by=clerk, setl_id="S2")
    services.put_papers(claim=draft, marks=MARKS, by=clerk, at=WEDNESDAY)
    services.submit(claim=draft, by=clerk, at=WEDNESDAY)
    one, other = (Claim.objects.get(pk=claim.pk) for claim in (at_once_, draft))
    own = ("id", "number", "member", "account")
    assert columns(one, *own) == columns(other, *own)
    assert (one.number, other.number) == ("2022-000001", "2022-000002")
    assert [claim.account_id for claim in (one, other)] == [member.accounts.get().pk for member in people]
    assert columns(one.settlement, "id", "claim", "setl_id", "setl_id_index") == columns(
        other.settlement, "id", "claim", "setl_id", "setl_id_index"
    )
    papers = [
        {(paper.kind, paper.label, paper.state) for paper in claim.papers.all()} for claim in (one, other)
    ]
    assert papers[0] == papers[1]
    said = [Notice.objects.get(about_id=claim.pk).text.replace(claim.number, "") for claim in (one, other)]
    assert said[0] == said[1]


def test_the_act_and_every_paper_stand_in_the_trail_without_health_or_bank_data(place, liu):
    marks = MARKS | {"id_card": ("waived", "系统内已有")}
    claim = received(liu, place.agency(), marks=marks)
    event, complete = Event.objects.filter(object_id=str(claim.pk)).order_by("pk")
    assert (event.verb, complete.verb) == ("claims.receive", "claims.papers_complete")
    assert event.detail["papers"] == {paper.kind: paper.state for paper in claim.papers.all()}
    assert event.detail["reasons"]["id_card"] == "系统内已有"
    assert "C50" not in str(event.detail)
    assert "63410" not in str(event.detail)


def test_papers_still_missing_leave_the_clock_standing(place, liu):
    claim = received(liu, place.agency(), marks=MARKS | {"receipts": ("unclear", "")})
    assert (claim.state, claim.complete_at) == (State.SUBMITTED, None)
    assert not Event.objects.filter(verb="claims.papers_complete").exists()


def test_photographs_come_with_it(place, liu):
    pages = [("receipts", "一.jpg", a_photo(200)), ("receipts", "二.jpg", a_photo(210))]
    claim = received(liu, place.agency(), marks=MARKS | {"receipts": ("missing", "")}, pages=pages)
    assert claim.complete_at == WEDNESDAY
    assert Page.objects.filter(paper__claim=claim, paper__kind="receipts").count() == 2


def test_numbers_go_on_in_each_year_whatever_came_last(place):
    clerk = place.agency()
    members = [a_covered_member(place, f"王小明{n}", sex="male") for n in range(3)]
    days = (WEDNESDAY, WEDNESDAY.replace(year=2023), WEDNESDAY)
    numbers = [
        received(one, clerk, **BARE | {"at": at}).number for one, at in zip(members, days, strict=True)
    ]
    assert numbers == ["2022-000001", "2023-000001", "2022-000002"]


# ── at the same moment ──


@pytest.mark.django_db(transaction=True)
def test_many_counters_at_once_give_every_claim_a_number_of_its_own():
    place = yichun()
    clerk = place.agency()
    people = [a_covered_member(place, f"王小明{n}", sex="male") for n in range(8)]
    answers = at_once(*(partial(received, one, clerk, **BARE) for one in people))
    assert sorted(claim.number for claim in answers) == [f"2022-{n:06d}" for n in range(1, 9)]


@pytest.mark.django_db(transaction=True)
def test_one_sheet_at_two_counters_and_one_stay_at_two_counters_are_claimed_once():
    place = yichun()
    clerk = place.agency()
    for turn in range(20 if POSTGRES else 3):
        one, other = (a_covered_member(place, f"{name}{turn}", sex="male") for name in ("王小明", "周师傅"))
        sheet = Sheet(f"S{turn}", LIU_FIGURES)
        answers = at_once(*(partial(received, member, clerk, sheet=sheet, **STAY) for member in (one, other)))
        assert [type(one) for one in answers].count(services.ClaimedBefore) == 1, answers
        third = a_covered_member(place, f"李强{turn}", sex="male")
        sheets = [Sheet(f"A{turn}", LIU_FIGURES), Sheet(f"B{turn}", LIU_FIGURES)]
        answers = at_once(*(partial(received, third, clerk, sheet=sheet, **STAY) for sheet in sheets))
        assert [type(one) for one in answers].count(services.ClaimedBefore) == 1, answers
