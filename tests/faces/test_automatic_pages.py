"""免申即享 on the pages: records in, a run, another person's word, and what was left with its reasons."""

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from factories.bureau import a_bureau_claim, consenting
from factories.claims import a_covered_member, yichun
from factories.web import as_staff
from huzhu.adjudication.models import AutomaticRun, Decision
from huzhu.claims.models import Claim
from huzhu.config.worker import work_off

pytestmark = pytest.mark.django_db(transaction=True)
HEAD = "setl_id,certno,psn_name,begntime,endtime,inscp_scp_amt,act_pay_dedc,hifp_pay"


@pytest.fixture
def place():
    return yichun()


@pytest.mark.usefixtures("killed_before_told")
def test_from_a_file_to_decisions(place):
    wang, li = (a_covered_member(place, name, sex="male") for name in ("王小明", "李强"))
    rows = [
        f"s1,{wang.id_number},王小明,2022-06-20,2022-06-30,12000,0,10000",
        f"s2,{li.id_number},李强,2022-06-20,2022-06-30,12000,0,12000",
        f"s3,{li.id_number},李刚,2022-06-20,2022-06-30,12000,0,12000",
    ]
    consenting(wang, li)
    agency = as_staff(place.agency())
    sheet = SimpleUploadedFile("六月.csv", "\n".join([HEAD, *rows]).encode())
    answer = agency.post(reverse("web:settlements"), {"file": sheet})
    work_off()
    said = agency.get(answer.url, follow=True).content.decode()
    assert "第 4 行" in said
    assert "姓名和登记的不一致" in said
    assert agency.get(reverse("web:settlements")).status_code == 200

    reviewer = as_staff(place.reviewer())
    assert "发起一批，核算 2 件" in reviewer.get(reverse("web:automatic")).content.decode()
    answer = reviewer.post(reverse("web:automatic"))
    work_off()
    page = reviewer.get(answer.url, follow=True)
    assert "等省办复核的另一个人确认" in page.content.decode()
    run = AutomaticRun.objects.get()
    address = reverse("web:automatic-run", args=[run.pk])

    second = as_staff(place.second())
    assert "同意给付 1,200.00 元" in second.get(address).content.decode()
    agree = reverse("web:automatic-act", args=[run.pk, "agree"])
    second.post(agree, {"count": "1", "fen": "1"})
    assert not Decision.objects.exists()
    second.post(agree, {"count": "1", "fen": "120000"})
    work_off()
    said = second.get(address).content.decode()
    assert "已办结" in said
    assert "不给付只能由人决定" in said
    assert Claim.objects.get(member=wang).state in {"decided", "paying"}
    assert Claim.objects.get(member=li).state == "reported"
    assert Decision.objects.get().adjudications.get().reasoning
    assert second.get(f"{address}?as=xlsx").headers["Content-Type"].endswith("sheet")


def test_not_agreed_with_a_reason_and_dropped(place):
    claim = a_bureau_claim(place, a_covered_member(place, "王小明", sex="male"))
    reviewer, second = as_staff(place.reviewer()), as_staff(place.second())
    for number, verb in enumerate(("disagree", "drop"), start=1):
        reviewer.post(reverse("web:automatic"))
        work_off()
        run = AutomaticRun.objects.order_by("pk").last()
        who = second if verb == "disagree" else reviewer
        who.post(reverse("web:automatic-act", args=[run.pk, verb]), {"reason": "起付线看错"})
        assert AutomaticRun.objects.exclude(state__in=("sent_back", "dropped")).count() == 0
        assert AutomaticRun.objects.count() == number
    claim.refresh_from_db()
    assert claim.state == "reported"


def test_a_file_that_cannot_be_read_is_answered_at_its_field(place):
    agency = as_staff(place.agency())
    sheet = SimpleUploadedFile("名册.csv", "姓名,身份证号\n王小明,1".encode())
    answer = agency.post(reverse("web:settlements"), {"file": sheet})
    assert answer.status_code == 422
    assert "第一行缺这些列" in answer.content.decode()
    assert "请选择" in agency.post(reverse("web:settlements")).content.decode()


def test_what_another_branch_runs_looks_missing(place):
    a_bureau_claim(place, a_covered_member(place, "王小明", sex="male"), admitted_on=date(2022, 6, 1))
    as_staff(place.reviewer()).post(reverse("web:automatic"))
    elsewhere = as_staff(yichun().reviewer("外省"))
    assert (
        elsewhere.get(reverse("web:automatic-run", args=[AutomaticRun.objects.get().pk])).status_code == 404
    )
