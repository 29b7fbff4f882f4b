"""Pages of rosters, dues, certificates and members: who may open them, and the walk of an employer's clerk."""

import re
from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from enrolment import sheets
from factories.contributions import a_split, all_paid, an_accepted_roster
from factories.enrolment import a_sheet, a_staged_roster, an_enrolment, some_workers
from factories.members import a_member, an_account, an_id_number
from factories.organisations import an_employer
from factories.schemes import the_women_scheme
from factories.users import a_role
from factories.web import html_of
from huzhu.audit.models import Event
from huzhu.contributions.models import Share
from huzhu.enrolment.models import Enrolment, Roster
from huzhu.web import access

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]


def as_staff(role) -> Client:
    client = Client()
    client.force_login(role.user)
    session = client.session
    seconds = int(timezone.now().timestamp())
    session.update({"role": role.pk, "since": seconds, "seen": seconds})
    session.save()
    return client


def as_member(member) -> Client:
    client = Client()
    session = client.session
    seconds = int(timezone.now().timestamp())
    session.update({access.MEMBER: str(member.pk), "since": seconds, "seen": seconds})
    session.save()
    return client


@pytest.fixture
def staged(employer, clerk, inpatient, today, now):
    rows = [*some_workers(2), ("王小明", "110105194912310021", "")]
    return a_staged_roster(employer, [inpatient], rows, by=clerk, starts_on=today, at=now)


@pytest.fixture
def accepted(employer, clerk, inpatient, today, now):
    return an_accepted_roster(employer, [inpatient], some_workers(2), by=clerk, starts_on=today, at=now)


# ── who may not ─────────────────────────────────────────────────────────────────────────────────────

PAGES = [
    ("rosters", "staged", False),
    ("roster-upload", "staged", False),
    ("roster-template", "staged", False),
    ("roster", "staged", True),
    ("roster-notice", "accepted", True),
    ("roster-receive", "accepted", True),
    ("roster-certificates", "accepted", True),
    ("dues", "staged", False),
    ("certificates", "staged", False),
    ("splits", "staged", False),
    ("members", "staged", False),
]


@pytest.mark.parametrize(("name", "fixture", "takes"), PAGES)
def test_pages_ask_strangers_to_sign_in(client, request, name, fixture, takes):
    roster = request.getfixturevalue(fixture)
    response = client.get(reverse(f"web:{name}", args=[roster.pk] if takes else []))
    assert response.status_code == 302
    assert "sign-in" in response["Location"]


@pytest.mark.parametrize(("name", "fixture", "takes"), PAGES)
@pytest.mark.parametrize("code", ["leader", "policy", "administrator", "payment_releaser"])
def test_other_roles_find_nothing_there(request, name, fixture, takes, code):
    roster = request.getfixturevalue(fixture)
    address = reverse(f"web:{name}", args=[roster.pk] if takes else [])
    assert as_staff(a_role(code)).get(address).status_code == 404


@pytest.mark.parametrize(
    ("name", "fixture"),
    [("roster", "staged"), ("roster-notice", "accepted"), ("roster-certificates", "accepted")],
)
def test_a_roster_of_another_employer_looks_missing(request, city, name, fixture):
    roster = request.getfixturevalue(fixture)
    stranger = as_staff(a_role("employer_clerk", an_employer(city)))
    assert stranger.get(reverse(f"web:{name}", args=[roster.pk])).status_code == 404


@pytest.mark.parametrize("name", ["mend", "accept", "cancel"])
def test_another_employers_roster_is_not_changed_by_a_post(staged, city, name):
    stranger = as_staff(a_role("employer_clerk", an_employer(city)))
    address = reverse(f"web:roster-{name}", args=[staged.pk])
    assert stranger.post(address).status_code == 404
    staged.refresh_from_db()
    assert staged.state == Roster.State.STAGED


def test_an_auditor_reads_and_changes_nothing(staged, city):
    auditor = as_staff(a_role("auditor", city))
    page = html_of(auditor.get(reverse("web:roster", args=[staged.pk])))
    assert "确认参加" not in page
    assert "作废" not in page
    assert auditor.post(reverse("web:roster-accept", args=[staged.pk])).status_code == 404
    assert auditor.get(reverse("web:roster-upload")).status_code == 404


def test_an_employers_clerk_records_no_receipt(accepted, clerk):
    assert as_staff(clerk).get(reverse("web:roster-receive", args=[accepted.pk])).status_code == 404


def test_a_certificate_is_for_its_member_and_its_branch(city, employer, clerk, inpatient):
    held = an_enrolment(a_member(employer=employer), inpatient)
    address = reverse("web:certificate", args=[held.pk])
    assert as_member(a_member(employer=employer)).get(address).status_code == 404
    assert as_staff(a_role("employer_clerk", an_employer(city))).get(address).status_code == 404
    assert as_staff(a_role("leader", city)).get(address).status_code == 404
    assert Client().get(address).status_code == 302
    for client in (as_member(held.member), as_staff(clerk)):
        response = client.get(address)
        assert (response.status_code, response["Content-Type"]) == (200, "application/pdf")
        assert response.content.startswith(b"%PDF")


def test_all_certificates_of_an_employer_leave_out_the_others(
    city, employer, clerk, inpatient, today, monkeypatch
):
    printed = []
    monkeypatch.setattr(
        "huzhu.web.rosters.certificates.certificates",
        lambda rows, **_: printed.extend(rows) or b"%PDF",
    )
    mine = an_enrolment(a_member(employer=employer), inpatient, starts_on=today)
    an_enrolment(a_member(employer=an_employer(city)), inpatient, starts_on=today)
    an_enrolment(a_member(employer=employer), inpatient, starts_on=today, state="awaiting")
    desk = as_staff(clerk)
    assert desk.get(reverse("web:certificates")).content == b"%PDF"
    assert printed == [mine]
    assert "本单位保障书（PDF）" in html_of(desk.get(reverse("web:rosters")))


# ── the walk ────────────────────────────────────────────────────────────────────────────────────────


def upload(client, data, *, name="名册.xlsx", **fields):
    from django.core.files.uploadedfile import SimpleUploadedFile  # noqa: PLC0415

    return client.post(
        reverse("web:roster-upload"), {"file": SimpleUploadedFile(name, data), **fields}, follow=True
    )


def test_from_a_sheet_to_certificates(employer, clerk, agency, inpatient, today, now):
    women = the_women_scheme()
    a_split(employer, by=agency)
    desk, office = as_staff(clerk), as_staff(agency)
    rows = [*some_workers(29), ("刘女士", an_id_number(), "13900000001")]
    page = upload(desk, sheets.an_xlsx(rows), edition=[inpatient.pk, women.pk], starts_on=today.isoformat())
    said = html_of(page)
    assert "30</b> 行是好的" in said
    assert "30 人</b> × 120.00 元 = <b>3,600.00" in said
    assert "美溪林业局公司 2,700.00 元，职工 900.00 元" in said
    assert "4,350.00 元</b>（肆仟叁佰伍拾元整）" in said
    roster = Roster.objects.get()
    assert rows[-1][1] not in said

    settled = desk.post(reverse("web:roster-accept", args=[roster.pk]), follow=True)
    assert "30 人参加" in html_of(settled)
    notice = html_of(desk.get(reverse("web:roster-notice", args=[roster.pk])))
    assert "肆仟叁佰伍拾元整" in notice
    assert desk.get(reverse("web:roster-certificates", args=[roster.pk])).status_code == 302

    assert "美溪林业局公司" in html_of(office.get(reverse("web:dues")))
    address = reverse("web:roster-receive", args=[roster.pk])
    amounts = dict(re.findall(r'name="(amount-\d+)" value="([\d.]+)"', html_of(office.get(address))))
    assert sorted(amounts.values()) == ["2700.00", "750.00", "900.00"]
    told = {**amounts, "received_on": today.isoformat(), "bank_reference": "20220128001"}
    assert "已登记到账 4,350.00 元" in html_of(office.post(address, told, follow=True))
    assert set(Enrolment.objects.values_list("state", flat=True)) == {"in_force"}
    assert "都已到账" in html_of(office.get(reverse("web:dues")))

    papers = desk.get(reverse("web:roster-certificates", args=[roster.pk]))
    assert papers.content.startswith(b"%PDF")
    assert "已到齐" in html_of(desk.get(reverse("web:rosters")))
    again = office.post(address, told, follow=True)
    assert "已经到齐" in html_of(again)


def test_a_bad_row_is_mended_on_the_page(staged, clerk):
    desk = as_staff(clerk)
    page = html_of(desk.get(reverse("web:roster", args=[staged.pk])))
    assert "第 4 行" in page
    assert "末位应是 X，这里是 1" in page
    assert "只收好的 2 行，确认参加" in page
    assert Event.objects.filter(verb="rosters.read", kind="read").exists()
    row = staged.rows.get(number=4)
    form = {f"name-{row.pk}": "王小明", f"id_number-{row.pk}": an_id_number(), f"phone-{row.pk}": ""}
    done = html_of(desk.post(reverse("web:roster-mend", args=[staged.pk]), form, follow=True))
    assert "每一行都好了" in done
    assert "确认 3 人参加" in done


def test_only_the_good_rows_are_taken_when_asked(staged, clerk):
    desk = as_staff(clerk)
    address = reverse("web:roster-accept", args=[staged.pk])
    assert "还有 1 行有问题" in html_of(desk.post(address, follow=True))
    assert "2 人参加" in html_of(desk.post(address, {"good_only": "1"}, follow=True))
    assert Enrolment.objects.count() == 2


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (sheets.LOCKED.read_bytes(), "名册.xlsx", "打开密码"),
        (b"%PDF-1.7", "名册.pdf", "不是表格文件"),
        (sheets.an_xlsx([]), "名册.xlsx", "一行人也没有"),
        (sheets.an_xlsx([("1", "2")], header=("工号", "岗位")), "名册.xlsx", "这不是名册"),
    ],
)
def test_a_file_that_is_no_roster_is_answered_at_the_field(clerk, inpatient, today, data, name, said):
    page = upload(as_staff(clerk), data, name=name, edition=inpatient.pk, starts_on=today.isoformat())
    assert page.status_code == 422
    assert said in html_of(page)
    assert 'aria-invalid="true"' in html_of(page)
    assert not Roster.objects.exists()


def test_what_is_missing_is_answered_at_the_field(clerk, city, agency, inpatient, today):
    desk = as_staff(clerk)
    page = desk.post(reverse("web:roster-upload"), {"starts_on": today.isoformat()})
    assert "请选择填好的名册文件" in html_of(page)
    data = a_sheet(some_workers(1))
    assert "至少选一个" in html_of(upload(desk, data, name="a.csv", starts_on=today.isoformat()))
    yesterday = (today - timedelta(days=1)).isoformat()
    late = upload(desk, data, name="a.csv", edition=inpatient.pk, starts_on=yesterday)
    assert "不能从过去开始" in html_of(late)
    odd = upload(desk, data, name="a.csv", edition=inpatient.pk, starts_on="28.1.22")
    assert "不是一个日期" in html_of(odd)
    an_employer(city)
    page = upload(as_staff(agency), data, name="a.csv", edition=inpatient.pk, starts_on=today.isoformat())
    assert "请选择单位" in html_of(page)


def test_the_same_file_again_leads_to_the_first(clerk, inpatient, today):
    desk, data = as_staff(clerk), a_sheet(some_workers(1))
    first = upload(desk, data, name="a.csv", edition=inpatient.pk, starts_on=today.isoformat())
    again = upload(desk, data, name="b.csv", edition=inpatient.pk, starts_on=today.isoformat())
    assert first.request["PATH_INFO"] == again.request["PATH_INFO"]
    assert "已经上传过" in html_of(again)
    assert Roster.objects.count() == 1


def test_schemes_of_the_last_roster_are_ticked_next_time(accepted, clerk):
    the_women_scheme()
    page = html_of(as_staff(clerk).get(reverse("web:roster-upload")))
    assert page.count("checked") == 1


def test_the_template_is_a_spreadsheet(clerk, inpatient):
    response = as_staff(clerk).get(reverse("web:roster-template"))
    assert response.content.startswith(b"PK")
    assert "attachment" in response["Content-Disposition"]


def test_a_roster_is_given_up(staged, clerk):
    page = as_staff(clerk).post(reverse("web:roster-cancel", args=[staged.pk]), follow=True)
    assert "名册已作废" in html_of(page)
    assert "已作废" in html_of(as_staff(clerk).get(reverse("web:roster", args=[staged.pk])))


def test_an_empty_list_says_why_and_what_to_do(clerk):
    page = html_of(as_staff(clerk).get(reverse("web:rosters")))
    assert "还没有名册" in page
    assert "上传第一份名册" in page


# ── money ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"bank_reference": ""}, "照银行回单填写流水号"),
        ({"received_on": "x"}, "不是一个日期"),
        ({"amount": "12,3x"}, "不是金额"),
        ({"amount": "240.01"}, "多 0.01 元，所以没有登记"),
        ({"amount": ""}, "没有金额"),
        ({"received_on": "2199-01-01"}, "还没有到"),
    ],
)
def test_a_transfer_that_does_not_fit_is_answered(accepted, agency, today, changes, said):
    share = Share.objects.get()
    wanted = {"amount": "240.00", "received_on": today.isoformat(), "bank_reference": "X1"} | changes
    wanted[f"amount-{share.pk}"] = wanted.pop("amount")
    address = reverse("web:roster-receive", args=[accepted.pk])
    assert said in html_of(as_staff(agency).post(address, wanted, follow=True))
    assert Share.objects.get().received_fen == 0


# ── members ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_member_of_another_employer_looks_missing(city, clerk):
    stranger = a_member(employer=an_employer(city))
    desk = as_staff(clerk)
    assert desk.get(reverse("web:member", args=[stranger.pk])).status_code == 404
    assert desk.post(reverse("web:member-reveal", args=[stranger.pk])).status_code == 404
    assert "没有找到" in html_of(desk.get(reverse("web:members"), {"q": stranger.id_number}))


def test_members_are_found_and_shown_masked(employer, clerk):
    member = a_member("刘女士", employer=employer)
    account = an_account(member)
    desk = as_staff(clerk)
    listed = html_of(desk.get(reverse("web:members"), {"q": "lns"}))
    page = html_of(desk.get(reverse("web:member", args=[member.pk])))
    for said in (listed, page):
        assert "刘女士" in said
        assert member.id_number not in said
        assert member.phone not in said
        assert account.number not in said
    assert "查看完整号码" not in page


def test_a_number_is_shown_once_after_a_reason(employer, agency):
    member = a_member(employer=employer)
    desk = as_staff(agency)
    address = reverse("web:member-reveal", args=[member.pk])
    refused = desk.post(address, {"field": "id_number", "reason": ""})
    assert refused.status_code == 422
    assert member.id_number not in html_of(refused)
    shown = desk.post(address, {"field": "id_number", "reason": "核对身份"})
    assert member.id_number in html_of(shown)
    assert "no-store" in shown["Cache-Control"]
    assert member.id_number not in html_of(desk.get(reverse("web:member", args=[member.pk])))


# ── the public page ─────────────────────────────────────────────────────────────────────────────────


def test_a_certificate_is_verified_with_the_masked_minimum(client, accepted, agency):
    all_paid(accepted, by=agency)
    held = accepted.enrolments.select_related("member").first()
    page = html_of(client.get(reverse("web:verify", args=[held.verify_token])))
    assert "保障中" in page
    assert f"{held.member.name[0]}**" in page
    for hidden in (held.member.name, held.member.id_number, held.member.id_number[-4:], held.employer.name):
        assert hidden not in page


@pytest.mark.parametrize(
    ("days", "state", "said"),
    [
        (0, "awaiting", "尚未生效"),
        (3, "in_force", "尚未开始"),
        (-366, "in_force", "已经期满"),
        (-365, "void", "查不到"),
    ],
)
def test_a_certificate_not_in_force_says_so(client, inpatient, today, days, state, said):
    held = an_enrolment(a_member(), inpatient, starts_on=today + timedelta(days=days), state=state)
    assert said in html_of(client.get(reverse("web:verify", args=[held.verify_token])))


def test_an_unknown_code_is_said_to_be_unknown(client):
    response = client.get(reverse("web:verify", args=["x" * 22]))
    assert response.status_code == 404
    assert "查不到" in html_of(response)


def test_a_name_the_font_cannot_draw_stops_the_paper(employer, clerk, inpatient):
    held = an_enrolment(a_member("王\ue863", employer=employer), inpatient, starts_on=date(2022, 1, 28))
    response = as_staff(clerk).get(reverse("web:certificate", args=[held.pk]))
    assert response.status_code == 409
    assert "U+E863" in html_of(response)
