"""The class of an illness: claimed mild, raised to severe by a reviewer with a paper and a reason; never lowered."""

import pytest

from factories.adjudication import a_reported
from factories.claims import HOUR, LIU_EVENT, WEDNESDAY, a_covered_member, a_draft, a_submitted, yichun
from factories.schemes import the_inpatient_scheme, the_scheme_by_class
from factories.web import as_member, as_staff
from huzhu.adjudication import services as deciding
from huzhu.adjudication.letter import contents
from huzhu.audit.models import Event
from huzhu.claims import services
from huzhu.claims.models import Raise
from huzhu.claims.severity import classes_for, raises_of
from huzhu.users.permissions import NotAllowed
from huzhu.web import clock

pytestmark = pytest.mark.django_db
ILLNESS = {"kinds": ["critical"], "diagnosed_on": LIU_EVENT["diagnosed_on"], "diagnosis": "C50.9"}
BY_DIAGNOSIS = {"paper": "diagnosis_proof", "reason": "病理报告：浸润性癌"}


@pytest.fixture(autouse=True)
def _a_wednesday(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: WEDNESDAY + 2 * HOUR)


@pytest.fixture
def liu(place, settings, tmp_path):
    return a_covered_member(place, "刘女士", the_scheme_by_class(settings, tmp_path))


def reported(place, liu, severity="mild"):
    return a_reported(place, liu, **ILLNESS, severity=severity)


def raised(place, claim, to="severe", **more):
    return services.raise_severity(
        claim=claim, to=to, **{**BY_DIAGNOSIS, **more}, by=place.reviewer(), at=WEDNESDAY + 2 * HOUR
    )


def test_only_the_province_raises(place, liu):
    claim = reported(place, liu)
    for by in (place.agency("周代办"), place.second(), liu):
        with pytest.raises(NotAllowed):
            services.raise_severity(claim=claim, to="severe", **BY_DIAGNOSIS, by=by, at=WEDNESDAY)
    address = f"/desk/queue/{claim.pk}/severity/"
    assert as_staff(place.second()).post(address, {"to": "severe", **BY_DIAGNOSIS}).status_code == 404
    assert as_staff(yichun().reviewer()).post(address, {"to": "severe", **BY_DIAGNOSIS}).status_code == 404
    assert not Raise.objects.exists()


@pytest.mark.parametrize(
    ("claimed", "more", "says"),
    [
        ("severe", {"to": "mild"}, "没有更重的类别"),
        ("moderate", {"to": "mild"}, "只能往重改，可选 重症"),
        ("mild", {"to": "mild"}, "只能往重改，可选 中症、重症"),
        ("mild", {"to": "grave"}, "只能往重改"),
        ("mild", {"reason": " "}, "凭哪一份已收的材料"),
        ("mild", {"paper": "receipts"}, "凭哪一份已收的材料"),
    ],
)
def test_it_goes_up_only_by_a_paper_that_is_there_and_with_a_reason(place, liu, claimed, more, says):
    claim = reported(place, liu, claimed)
    with pytest.raises(services.NotARaise, match=says):
        raised(place, claim, **more)
    claim.refresh_from_db()
    assert claim.severity == claimed


def test_before_the_claim_is_reported_nothing_is_raised(place, liu):
    with pytest.raises(services.CannotMove, match="已提交"):
        raised(place, a_submitted(liu, **ILLNESS, severity="mild"))


def test_a_class_is_asked_only_where_a_scheme_reads_it(place, liu):
    assert list(classes_for(liu).values()) == ["轻症", "中症", "重症"]
    wang = a_covered_member(place, "王小明", the_inpatient_scheme(), sex="male")
    assert classes_for(wang) == {}
    with pytest.raises(services.FieldsNeedWork, match="不分轻重，请空着"):
        a_draft(wang, kinds=["critical"], severity="mild")
    with pytest.raises(services.FieldsNeedWork, match="可选 轻症、中症、重症"):
        a_draft(liu, **ILLNESS, severity="grave")


def test_mild_is_claimed_and_severe_is_paid(place, liu):
    claim = reported(place, liu)
    assert deciding.evaluate(claim=claim).total_fen == 300_000
    raised(place, claim)
    claim.refresh_from_db()
    assert deciding.evaluate(claim=claim).total_fen == 1_000_000
    [told] = raises_of(claim)
    assert str(told) == "由“轻症”改为“重症”，凭诊断证明：病理报告：浸润性癌"
    assert told.by == "张审核"
    event = Event.objects.get(verb="claims.raise_severity")
    assert event.detail == {"paper": "诊断证明"}


def test_what_nobody_claimed_can_be_put_in_by_the_papers(place, liu):
    claim = reported(place, liu, severity="")
    assert deciding.evaluate(claim=claim).total_fen == 0
    raised(place, claim, to="moderate")
    claim.refresh_from_db()
    assert deciding.evaluate(claim=claim).total_fen == 500_000
    assert "由“没有填”改为“中症”" in str(raises_of(claim)[0])


def test_once_raised_the_member_cannot_bring_it_down(place, liu):
    claim = reported(place, liu)
    raised(place, claim)
    claim.refresh_from_db()
    deciding.return_for_papers(
        claim=claim, reason="诊断证明没有盖章", by=place.reviewer("李审核"), at=WEDNESDAY
    )
    with pytest.raises(services.FieldsNeedWork, match="往重改过"):
        services.fill(claim=claim, by=place.agency("周代办"), at=WEDNESDAY, severity="mild")
    services.fill(claim=claim, by=place.agency("周代办"), at=WEDNESDAY, severity="severe")


def test_page_letter_and_phone_say_who_claimed_what_and_who_raised_it(place, liu):
    claim = reported(place, liu)
    zhang = as_staff(place.reviewer())
    page = zhang.get(f"/desk/queue/{claim.pk}/").content.decode()
    assert "按材料，病情应定得更重" in page
    answer = zhang.post(f"/desk/queue/{claim.pk}/severity/", {"to": "severe", **BY_DIAGNOSIS}, follow=True)
    words = "由“轻症”改为“重症”，凭诊断证明：病理报告：浸润性癌"
    assert words in answer.content.decode()
    assert words not in as_member(liu).get(f"/my/claims/{claim.pk}/").content.decode()
    claim.refresh_from_db()
    made = deciding.decide(
        claim=claim, verdict="pay", reason="", by=place.reviewer("李审核"), at=WEDNESDAY + 3 * HOUR
    )
    assert made.total_fen == 1_000_000
    assert words in " ".join(contents(made)["opening"])
    assert words in as_member(liu).get(f"/my/claims/{claim.pk}/").content.decode()


def test_a_refused_raise_comes_back_as_a_sentence(place, liu):
    claim = reported(place, liu, "severe")
    answer = as_staff(place.reviewer()).post(
        f"/desk/queue/{claim.pk}/severity/", {"to": "mild", **BY_DIAGNOSIS}, follow=True
    )
    assert "没有更重的类别" in answer.content.decode()


def test_the_phone_asks_for_the_class_in_words(place, liu):
    phone = as_member(liu)
    base = phone.post("/my/apply/", {"kinds": ["critical"], "applicant": "self"}).url[: -len("2/")]
    assert "轻症" in phone.get(f"{base}2/").content.decode()
    event = {"diagnosis": "C50.9", "diagnosed_on": "2022-06-23", "severity": "mild"}
    assert phone.post(f"{base}2/", event).url == f"{base}3/"
    assert "轻症" in phone.get(f"{base}5/").content.decode()
