"""The decision letter as a member reads it."""

from datetime import timedelta

import pytest

from factories.adjudication import a_decided, a_reported
from factories.claims import HOUR, WEDNESDAY, a_covered_member, a_draft, a_submitted, with_papers
from huzhu.adjudication import services
from huzhu.adjudication.letter import contents, letter
from huzhu.claims import services as claims
from huzhu.claims.services import ClaimedBefore
from huzhu.payouts.arrived import of_claim

DAY = timedelta(days=1)
pytestmark = pytest.mark.django_db


def texts(value) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in texts(part)]
    return [str(value)]


def test_ms_lius_letter_shows_every_line_and_the_reading(place):
    decision = a_decided(place, a_covered_member(place))
    said = contents(decision)
    assert (said["title"], said["total"]) == ("互助金核定通知书", "31,714.00")
    assert [slip["total"] for slip in said["slips"]] == ["16,714.00", "15,000.00"]
    assert said["slips"][0]["reading"].startswith("读法甲：自付与统筹支付额的 20% 取小者")
    lines = {row["label"]: row["value"] for row in said["slips"][0]["benefits"][0]["lines"]}
    assert lines["范围内个人自付 S"] == "11,190.00 元"
    assert any("演示值" in note for note in said["notes"])


def test_the_letter_keeps_id_and_account_covered_and_speaks_as_members_do(place):
    liu = a_covered_member(place)
    decision = a_decided(place, liu)
    whole = "\n".join(texts(contents(decision, of_claim(decision.claim).told)))
    assert liu.id_number not in whole
    assert "6222020903000012345" not in whole
    assert "**** 2345" in whole
    assert not [word for word in ("赔", "理赔", "保费", "投保") if word in whole]


def test_a_refusal_gives_its_reason_and_says_where_to_ask(place):
    claim = a_reported(place, a_covered_member(place))
    decision = services.decide(
        claim=claim,
        verdict="refuse",
        reason="诊断证明与病理报告不符",
        by=place.reviewer(),
        at=WEDNESDAY + 2 * HOUR,
    )
    said = contents(decision)
    assert (said["title"], said["total"], said["reason"]) == (
        "不予给付通知书",
        "0.00",
        "诊断证明与病理报告不符",
    )
    assert "伊春市代办处联系" in said["closing"][0]
    assert "同一次住院、同一张结算单不能再申请" in said["closing"][0]


def refused(place, claim):
    services.give_opinion(claim=claim, text="齐", supports=True, by=place.agency(), at=WEDNESDAY + HOUR)
    return services.decide(
        claim=claim, verdict="refuse", reason="材料看不清", by=place.reviewer(), at=WEDNESDAY + 2 * HOUR
    )


def test_a_refused_stay_is_over_as_its_letter_says(place, wang):
    stay = {"kinds": ["inpatient"]}
    said = contents(refused(place, a_submitted(wang, **stay)))["closing"][0]
    assert "不能再申请" in said
    assert "重新审核" not in said
    with pytest.raises(ClaimedBefore):
        a_submitted(wang, at=WEDNESDAY + DAY, setl_id="S2", **stay)


def test_a_refused_illness_may_be_claimed_with_new_papers_as_its_letter_says(place, wang):
    def asked(at):
        claim = a_draft(wang, at=at, kinds=["critical"], admitted_on=None, discharged_on=None)
        return claims.submit(claim=with_papers(claim, by=wang, at=at), by=wang, at=at)

    said = contents(refused(place, asked(WEDNESDAY)))["closing"][0]
    assert "有新的材料，可以另交一件申请" in said
    assert asked(WEDNESDAY + DAY).state == "submitted"


def test_the_letter_is_a_pdf(place):
    decision = a_decided(place, a_covered_member(place))
    data = letter(decision)
    assert data.startswith(b"%PDF-")
