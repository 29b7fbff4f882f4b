"""Pages of claims: who may open them, five pages on the phone, one page at the counter, one key for a clean review."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from factories.adjudication import a_decided, a_reported
from factories.claims import (
    LIU_FIGURES,
    WEDNESDAY,
    a_covered_member,
    a_draft,
    a_submitted,
    yichun,
)
from factories.files import a_photo
from factories.members import a_member
from factories.users import a_role
from factories.web import as_member, as_staff, text_of
from huzhu.audit.models import Event
from huzhu.claims.models import Claim, State

pytestmark = pytest.mark.django_db
KEY = {name: LIU_FIGURES[name] for name in ("inscp_scp_amt", "act_pay_dedc", "hifp_pay")}
EVENT = {
    "hospital_name": "伊春林业中心医院",
    "admitted_on": "2022-06-20",
    "discharged_on": "2022年7月10日",
    "diagnosed_on": "2022-06-23",
    "diagnosis": "C50.9",
}
THREE = ["inpatient", "critical", "women"]


@pytest.fixture(autouse=True)
def _a_wednesday(monkeypatch):
    monkeypatch.setattr("huzhu.web.clock.now", lambda: WEDNESDAY)


def a_picture(shade=235, **how):
    return SimpleUploadedFile("x.jpg", a_photo(shade, **how), "image/jpeg")


# ── who may open them ──

AGENCY, REVIEWER, SECOND, AUDITOR = "agency_clerk", "reviewer", "second_reviewer", "auditor"
CLERK, COUNTY = "employer_clerk", "county_clerk"
READERS = {AGENCY, REVIEWER, SECOND, AUDITOR}
OPENS_TO = {
    "claims": READERS | {CLERK, COUNTY},
    "claims-next": {AGENCY},
    "claim": READERS,
    "claim-paper": READERS,
    "claim-letter": READERS,
    "counter": {AGENCY},
    "intake": {AGENCY},
    "claim-receipt": {AGENCY},
    "queue": {REVIEWER, SECOND},
    "decision": {REVIEWER, SECOND},
}
ARGS = {"claim-paper": ("receipts",)}


@pytest.mark.parametrize("name", OPENS_TO)
def test_each_page_opens_to_its_roles_in_the_branch_and_to_nobody_else(place, liu, name):
    claim = a_decided(place, liu).claim if name == "claim-letter" else a_reported(place, liu)
    args = () if name in {"claims", "claims-next", "counter", "queue"} else (claim.pk, *ARGS.get(name, ()))
    address = reverse(f"web:{name}", args=args)
    for code in (
        "employer_clerk",
        "county_clerk",
        "agency_clerk",
        "reviewer",
        "second_reviewer",
        "payment_maker",
        "payment_releaser",
        "auditor",
        "leader",
        "cadre",
        "policy",
        "administrator",
    ):
        status = as_staff(a_role(code, place.province)).get(address).status_code
        assert (status != 404) == (code in OPENS_TO[name]), (code, status)
        if args:
            assert as_staff(a_role(code, yichun().province)).get(address).status_code == 404
    assert as_member(liu).get(address).status_code == 302


@pytest.mark.parametrize(
    "name", ["my-claim", "my-papers", "my-paper", "my-letter", "my-withdraw", "apply-page"]
)
def test_a_members_claim_is_there_for_that_member_only(place, liu, name):
    claim = a_draft(liu) if name == "apply-page" else a_decided(place, liu).claim
    args = {"my-paper": ("receipts",), "apply-page": (2,)}.get(name, ())
    address = reverse(f"web:{name}", args=(claim.pk, *args))
    other = as_member(a_member("王小明", employer=place.employer, sex="male"))
    ask = "post" if name == "my-withdraw" else "get"
    assert getattr(other, ask)(address).status_code == 404
    assert getattr(as_member(liu), ask)(address).status_code in {200, 302}
    assert getattr(as_staff(place.agency()), ask)(address).url.startswith("/my/sign-in/")


@pytest.mark.parametrize("verb", ["opinion", "return", "resume", "urgent", "withdraw", "paper"])
@pytest.mark.parametrize("code", ["reviewer", "second_reviewer", "auditor", "employer_clerk"])
def test_the_agencys_verbs_are_the_agencys(place, liu, verb, code):
    claim = a_submitted(liu)
    by = a_role(code, place.province)
    answer = as_staff(by).post(f"/desk/claims/{claim.pk}/do/{verb}/", {"reason": "x", "text": "x"})
    assert answer.status_code == 404
    claim.refresh_from_db()
    assert claim.state == State.SUBMITTED


def test_a_clerk_of_an_employer_sees_states_and_nothing_of_health_or_money(place, liu):
    claim = a_decided(place, liu).claim
    answer = as_staff(place.clerk()).get("/desk/claims/")
    said = text_of(answer)
    assert claim.number in said
    assert "已核定" in said
    assert not [word for word in ("31,714", "C50", "林业中心医院", "重大疾病") if word in said]
    assert str(claim.pk) not in answer.content.decode()


def test_looking_at_a_claim_is_written_down(place, liu):
    claim = a_submitted(liu)
    by = place.agency()
    as_staff(by).get(f"/desk/claims/{claim.pk}/")
    event = Event.objects.get(verb="claims.read")
    assert (event.kind, event.actor_id, event.object_id) == ("read", by.actor_id, str(claim.pk))


# ── the phone ──


def applied(client, kinds=THREE, event=EVENT, files=True):
    """The five pages; answers the last one and the claim."""
    answer = client.post("/my/apply/", {"kinds": kinds, "applicant": "self"})
    base = answer.url[: -len("2/")]
    answer = client.post(f"{base}2/", {**event, **KEY, "setl_id": "S1"})
    assert answer.url == f"{base}3/"
    papers = ("id_card", "bank_card", "discharge", "settlement_sheet", "receipts", "diagnosis_proof")
    data = {f"paper_{kind}": a_picture() for kind in papers} if files else {}
    assert client.post(f"{base}3/", data).url == f"{base}4/"
    assert client.post(f"{base}4/").url == f"{base}5/"
    return base


def test_ms_liu_applies_in_five_pages_and_sees_the_estimate_first(liu):
    phone = as_member(liu)
    base = applied(phone)
    check = phone.get(f"{base}5/")
    said = text_of(check)
    assert said.index("31,714.00") < said.index("收款账户")
    assert "以核定为准" in said
    done = phone.post(f"{base}5/")
    claim = Claim.objects.get()
    assert done.url == f"/my/claims/{claim.pk}/"
    assert (claim.state, claim.complete_at) == (State.SUBMITTED, WEDNESDAY)
    assert "最晚 2022-07-18 到账" in text_of(phone.get(done.url))


def test_a_phone_claim_is_five_pages_nine_boxes_six_photographs_and_nothing_known_is_asked(liu):
    """Counted: pages, boxes typed, files chosen, buttons."""
    phone = as_member(liu)
    boxes, files = 0, 0
    address = "/my/apply/"
    first = phone.get(address).content.decode()
    assert len(re.findall('name="kinds"', first)) == 4
    base = applied(phone)
    for number in range(1, 6):
        page = phone.get(f"{base}{number}/").content.decode()
        page = page if number == 3 else page.split("<details")[0]
        boxes += len(re.findall(r'<input id="id_(?!applicant_name)', page))
        files += len(re.findall('type="file"[^>]* name="paper_', page))
    assert (boxes, files) == (9, 6)
    for known in ("身份证号", "联系电话", "单位名称"):
        assert known not in text_of(phone.get(f"{base}2/"))


def test_leaving_and_coming_back_loses_nothing(liu):
    phone = as_member(liu)
    answer = phone.post("/my/apply/", {"kinds": ["inpatient"], "applicant": "self"})
    base = answer.url[: -len("2/")]
    phone.post(f"{base}2/", {"hospital_name": "伊春林业中心医院", "admitted_on": "2022-06-20"})
    again = as_member(liu).get("/my/apply/", follow=True)
    assert again.redirect_chain[-1][0] == f"{base}2/"
    assert 'value="伊春林业中心医院"' in again.content.decode()
    assert Claim.objects.count() == 1


def test_bad_figures_are_answered_in_their_boxes_and_kept_as_typed(liu):
    phone = as_member(liu)
    base = phone.post("/my/apply/", {"kinds": ["inpatient"], "applicant": "self"}).url[: -len("2/")]
    answer = phone.post(f"{base}2/", {**EVENT, "admitted_on": "2022-06-40", "hifp_pay": "6341O"})
    assert answer.status_code == 422
    errors = answer.context["errors"]
    assert set(errors) == {"admitted_on", "hifp_pay"}
    assert 'value="6341O"' in answer.content.decode()


def test_a_husband_applies_for_his_wife(liu):
    phone = as_member(liu)
    answer = phone.post("/my/apply/", {"kinds": ["inpatient"], "applicant": "relative", "applicant_name": ""})
    assert answer.status_code == 422
    claim = Claim.objects.get()
    phone.post(
        f"/my/apply/{claim.pk}/1/",
        {"kinds": ["inpatient"], "applicant": "relative", "applicant_name": "王先生"},
    )
    claim.refresh_from_db()
    assert (claim.applicant, claim.applicant_name) == ("relative", "王先生")


def test_a_man_is_not_offered_womens_illnesses(place):
    wang = a_covered_member(place, "王小明", sex="male")
    assert "女性特殊疾病" not in text_of(as_member(wang).get("/my/apply/"))


def test_a_wrong_file_is_said_at_its_paper(liu):
    phone = as_member(liu)
    base = phone.post("/my/apply/", {"kinds": ["inpatient"], "applicant": "self"}).url[: -len("2/")]
    for upload in (
        SimpleUploadedFile("a.png", b"MZ\x90\x00 not a picture"),
        SimpleUploadedFile("a.csv", "姓名,金额\n刘女士,1\n".encode()),
    ):
        answer = phone.post(f"{base}3/", {"paper_receipts": upload})
        assert answer.status_code == 422
        assert "receipts" in answer.context["errors"]


def test_an_event_outside_cover_is_said_before_it_is_handed_in(liu):
    phone = as_member(liu)
    base = applied(
        phone,
        event=EVENT
        | {"admitted_on": "2021-06-20", "discharged_on": "2021-06-25", "diagnosed_on": "2021-06-20"},
    )
    assert "请核对日期" in text_of(phone.get(f"{base}5/"))
    answer = phone.post(f"{base}5/")
    assert answer.status_code == 422
    assert "不在刘女士的保障期内" in text_of(answer)
    assert Claim.objects.get().state == State.DRAFT


def test_papers_asked_for_are_handed_in_and_the_clock_runs_on(place, liu):
    claim = a_submitted(liu)
    agency = as_staff(place.agency())
    agency.post(f"/desk/claims/{claim.pk}/do/paper/", {"kind": "receipts", "state": "unclear"})
    agency.post(f"/desk/claims/{claim.pk}/do/return/", {"standard": "住院票据不齐"})
    phone = as_member(liu)
    said = text_of(phone.get(f"/my/claims/{claim.pk}/"))
    assert "需要您补： 住院票据不齐" in said
    assert "停表" in said
    answer = phone.post(f"/my/claims/{claim.pk}/papers/", {"paper_receipts": a_picture()})
    assert answer.url == f"/my/claims/{claim.pk}/"
    claim.refresh_from_db()
    assert claim.state == State.SUBMITTED


def test_the_member_opens_the_slip_of_what_was_decided(place, liu):
    claim = a_decided(place, liu).claim
    phone = as_member(liu)
    said = text_of(phone.get(f"/my/claims/{claim.pk}/"))
    for part in ("31,714.00", "6,714.00", "15,000.00", "算账单", "读法甲"):
        assert part in said
    assert not [word for word in ("理赔", "赔款", "保费") if word in said]
    letter = phone.get(f"/my/claims/{claim.pk}/letter/")
    assert (letter["Content-Type"], letter.content[:5]) == ("application/pdf", b"%PDF-")


def test_a_member_takes_a_claim_back(liu):
    claim = a_submitted(liu)
    as_member(liu).post(f"/my/claims/{claim.pk}/withdraw/")
    claim.refresh_from_db()
    assert claim.state == State.WITHDRAWN


# ── the agency ──


def test_the_list_is_filtered_by_its_address(place, liu):
    claim = a_submitted(liu)
    desk = as_staff(place.agency())
    for query, found in (
        ("", True),
        ("state=submitted", True),
        ("state=paid", False),
        ("urgent=1", False),
        ("overdue=1", False),
        ("q=刘", True),
        ("q=王小明", False),
        ("state=nonsense&page=99", True),
    ):
        assert (claim.number in text_of(desk.get(f"/desk/claims/?{query}"))) == found, query


def test_one_key_reports_a_complete_claim_up_and_the_next_opens(place, liu):
    claim = a_submitted(liu)
    wang = a_covered_member(place, "王小明", sex="male")
    other = a_submitted(wang, setl_id="S2", kinds=["inpatient"])
    desk = as_staff(place.agency())
    assert 'data-key="a"' in desk.get(f"/desk/claims/{claim.pk}/").content.decode()
    answer = desk.post(f"/desk/claims/{claim.pk}/do/opinion/", {"text": "材料齐全"}, follow=True)
    assert answer.redirect_chain[-1][0] == f"/desk/claims/{other.pk}/"
    claim.refresh_from_db()
    assert claim.state == State.REPORTED


def test_a_refusal_of_the_server_comes_back_as_a_sentence(place, liu):
    claim = a_submitted(liu, but=["receipts"])
    desk = as_staff(place.agency())
    answer = desk.post(f"/desk/claims/{claim.pk}/do/opinion/", {"text": "材料齐全"}, follow=True)
    assert "住院票据（缺）" in text_of(answer)
    answer = desk.post(f"/desk/claims/{claim.pk}/do/urgent/", {"reason": ""}, follow=True)
    assert "加急要写理由" in text_of(answer)


def test_papers_are_shown_to_readers_as_they_came(place, liu):
    claim = a_submitted(liu)
    answer = as_staff(place.reviewer()).get(f"/desk/claims/{claim.pk}/papers/receipts/")
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("image/png", "no-store")
    assert answer.content.startswith(b"\x89PNG")
    assert as_staff(place.reviewer()).get(f"/desk/claims/{claim.pk}/papers/nothing/").status_code == 404


# ── the province ──


def shown_on(answer) -> str:
    return re.search(r'name="shown" value="(\w{64})"', answer.content.decode())[1]


def test_a_clean_review_is_one_screen_and_one_key_and_the_next_claim_opens(place, liu):
    claim = a_reported(place, liu, kinds=["inpatient"])
    wang = a_covered_member(place, "王小明", sex="male")
    other = a_reported(place, wang, setl_id="S2", kinds=["inpatient"])
    desk = as_staff(place.reviewer())
    page = desk.get(f"/desk/queue/{claim.pk}/")
    said = text_of(page)
    for part in ("核定给付 6,714.00 元", "初审", "这是第一次申请", "核定后立即生效"):
        assert part in said
    answer = desk.post(f"/desk/queue/{claim.pk}/", {"do": "pay", "shown": shown_on(page)})
    assert answer.url == f"/desk/queue/{other.pk}/"
    claim.refresh_from_db()
    assert claim.state == State.DECIDED


def test_above_the_limit_the_second_reviewer_finds_it_in_the_queue(place, liu):
    claim = a_reported(place, liu)
    first, second = as_staff(place.reviewer()), as_staff(place.second())
    page = first.get(f"/desk/queue/{claim.pk}/")
    assert "先交复核" in text_of(page)
    assert (
        first.post(f"/desk/queue/{claim.pk}/", {"do": "pay", "shown": shown_on(page)}).url == "/desk/queue/"
    )
    assert claim.number in text_of(second.get("/desk/queue/"))
    assert "复核同意，给付 31,714.00 元" in text_of(second.get(f"/desk/queue/{claim.pk}/"))
    second.post(f"/desk/queue/{claim.pk}/", {"do": "agree"})
    claim.refresh_from_db()
    assert claim.state == State.DECIDED


def test_what_changed_since_it_was_shown_is_shown_again(place, liu):
    claim = a_reported(place, liu)
    desk = as_staff(place.reviewer())
    answer = desk.post(f"/desk/queue/{claim.pk}/", {"do": "pay", "shown": "0" * 64})
    assert answer.status_code == 422
    assert "和刚才显示的不一样" in text_of(answer)
    assert shown_on(answer)


def test_the_later_of_two_reviewers_is_told_and_moves_on(place, liu):
    claim = a_reported(place, liu, kinds=["inpatient"])
    one, two = as_staff(place.reviewer()), as_staff(place.reviewer("李审核"))
    page = two.get(f"/desk/queue/{claim.pk}/")
    one.post(f"/desk/queue/{claim.pk}/", {"do": "pay"})
    answer = two.post(f"/desk/queue/{claim.pk}/", {"do": "pay", "shown": shown_on(page)}, follow=True)
    assert "已由张审核核定" in text_of(answer)


def test_refusing_and_returning_need_their_words(place, liu):
    claim = a_reported(place, liu)
    desk = as_staff(place.reviewer())
    assert desk.post(f"/desk/queue/{claim.pk}/", {"do": "refuse", "reason": ""}).status_code == 422
    assert desk.post(f"/desk/queue/{claim.pk}/", {"do": "return"}).status_code == 422
    desk.post(f"/desk/queue/{claim.pk}/", {"do": "return", "standard": "身份证照片看不清"})
    claim.refresh_from_db()
    assert claim.state == State.RETURNED


def test_while_a_decision_waits_nobody_returns_the_claim_and_the_pages_say_whose_turn_it_is(place, liu):
    claim = a_reported(place, liu)
    one, two = as_staff(place.reviewer()), as_staff(place.reviewer("李审核"))
    where = f"/desk/queue/{claim.pk}/"
    one.post(where, {"do": "pay"})
    assert "要退回补正或改动的，请复核人先选“不同意”" in text_of(two.get(where))
    refused = two.post(where, {"do": "return", "standard": "身份证照片看不清"})
    assert (refused.status_code, "先选“不同意”，写明缺什么" in text_of(refused)) == (422, True)
    assert "要补材料的也选“不同意”" in text_of(as_staff(place.second()).get(where))


def test_zero_offers_no_button_to_pay(place, liu):
    claim = a_reported(
        place,
        liu,
        kinds=["inpatient"],
        figures={"inscp_scp_amt": "600", "act_pay_dedc": "600", "hifp_pay": "0"},
    )
    page = as_staff(place.reviewer()).get(f"/desk/queue/{claim.pk}/")
    assert 'value="pay"' not in page.content.decode()
    assert "机器不作不给付的决定" in text_of(page)


def test_empty_pages_say_why_and_what_next(place):
    assert "都办完了" in text_of(as_staff(place.reviewer()).get("/desk/queue/"))
    assert "没有等复核的申请" in text_of(as_staff(place.second()).get("/desk/queue/"))
    assert "还没有人申请" in text_of(as_staff(place.agency()).get("/desk/claims/"))
    assert "请先找到会员" in text_of(as_staff(place.agency()).get("/desk/counter/"))
