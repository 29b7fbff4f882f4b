"""Pages of renewal, approval, moves and certificates: whose rows they show, what they refuse, and the good way."""

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from factories.contributions import an_accepted_roster
from factories.enrolment import a_sheet, a_staged_roster, an_enrolment, some_workers
from factories.members import a_member, an_id_number
from factories.organisations import a_city, a_county, an_employer
from factories.schemes import the_inpatient_scheme
from factories.users import a_role
from factories.web import as_member, as_staff, html_of
from huzhu.audit.models import Event
from huzhu.core.periods import a_year_after
from huzhu.enrolment import approval, certifying, renewal
from huzhu.enrolment.models import ApprovalRule, CertificateVoid, Enrolment, Renewal, Roster
from huzhu.members.models import Member, Move

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]


@pytest.fixture
def employer(county):
    return an_employer(county, sector="county", name="铁力市人民医院")


@pytest.fixture
def starts_on(today):
    """Cover that ends in about a month."""
    return today - timedelta(days=335)


@pytest.fixture
def liu(employer, starts_on):
    member = a_member("刘女士", employer=employer)
    an_enrolment(member, the_inpatient_scheme(), starts_on=starts_on)
    return member


def page(role, name, *args):
    return as_staff(role).get(reverse(f"web:{name}", args=args))


def begin(clerk, employer, starts_on):
    wanted = {"employer": employer.pk, "ends_on": a_year_after(starts_on).isoformat()}
    return as_staff(clerk).post(reverse("web:renewal-begin"), wanted)


def another(city):
    return a_role("employer_clerk", an_employer(city, name="嘉荫县人民医院", sector="county"))


# ── whose rows ──────────────────────────────────────────────────────────────────────────────────────


def test_anothers_renewal_looks_missing(liu, clerk, employer, starts_on, city):
    begin(clerk, employer, starts_on)
    found = Renewal.objects.get()
    stranger = another(city)
    assert page(stranger, "renewal", found.pk).status_code == 404
    assert page(stranger, "renewal-difference", found.pk).status_code == 404
    assert begin(stranger, employer, starts_on).status_code == 404
    line = found.lines.get()
    dropped = as_staff(stranger).post(reverse("web:renewal-drop", args=[found.pk, line.pk]))
    assert dropped.status_code == 404


def test_anothers_roster_move_and_cover_look_missing(liu, clerk, employer, city, qian):
    roster = a_staged_roster(employer, [the_inpatient_scheme()], some_workers(1), by=clerk)
    far = a_role("county_clerk", a_county(city, "嘉荫县总工会"))
    for name in ("roster-approve", "roster-return"):
        assert as_staff(far).post(reverse(f"web:{name}", args=[roster.pk])).status_code == 404
    stranger, held = another(city), liu.enrolments.get()
    assert page(stranger, "cover", held.pk).status_code == 404
    for name in ("member-move", "member-leave"):
        assert as_staff(stranger).post(reverse(f"web:{name}", args=[liu.pk])).status_code == 404
    agency = a_role("agency_clerk", a_city())
    assert as_staff(agency).post(reverse("web:cover-act", args=[held.pk, "void"])).status_code == 404


# ── renewal ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_desk_offers_the_renewal_and_a_wrong_day_begins_none(liu, clerk, employer, starts_on):
    desk = html_of(page(clerk, "desk"))
    assert "按时续保，保障不间断" in desk
    answer = as_staff(clerk).post(
        reverse("web:renewal-begin"), {"employer": employer.pk, "ends_on": "someday"}, follow=True
    )
    assert "没有这个到期日" in html_of(answer)
    assert not Renewal.objects.exists()


def test_what_was_typed_wrong_stays_on_the_page(liu, clerk, employer, starts_on):
    begin(clerk, employer, starts_on)
    found = Renewal.objects.get()
    address = reverse("web:renewal", args=[found.pk])
    answer = as_staff(clerk).post(address, {"joining": "王小明 123"})
    assert answer.status_code == 422
    assert "王小明 123</textarea>" in html_of(answer)
    line = found.lines.get()
    answer = as_staff(clerk).post(address, {f"phone-{line.pk}": "12", f"reason-{line.pk}": "retired"})
    assert answer.status_code == 422
    assert '<option value="retired" selected>' in html_of(answer)
    answer = as_staff(clerk).post(address, {"file": sheet(b"not a sheet")})
    assert answer.status_code == 422


def sheet(data):
    return SimpleUploadedFile("今年.csv", data)


def test_leavers_joiners_difference_roster(liu, clerk, employer, starts_on):
    wang = a_member("王小明", employer=employer)
    an_enrolment(wang, the_inpatient_scheme(), starts_on=starts_on)
    begin(clerk, employer, starts_on)
    found = Renewal.objects.get()
    leaver = found.lines.get(member=wang)
    browser = as_staff(clerk)
    address = reverse("web:renewal", args=[found.pk])
    form = {f"reason-{leaver.pk}": "retired", "joining": f"李四 {an_id_number()} 13900000003"}
    answer = browser.post(address, form, follow=True)
    shown = html_of(answer)
    assert "续保 1 人 · 新增 1 · 退出 1 · 变更 0" in shown
    assert "240.00 元" in shown
    late = (a_year_after(starts_on) + timedelta(days=16)).isoformat()
    changes = reverse("web:renewal-difference", args=[found.pk])
    shown = html_of(browser.post(changes, {"starts_on": late, "look": "1"}, follow=True))
    assert "1 人的保障会间断" in shown
    assert "超过 15 天" in shown
    answer = browser.post(changes, {"starts_on": a_year_after(starts_on).isoformat()}, follow=True)
    roster = Roster.objects.get()
    assert answer.redirect_chain[-1][0] == reverse("web:roster", args=[roster.pk])
    assert sorted(roster.rows.values_list("name", flat=True)) == ["刘女士", "李四"]
    assert browser.get(address).url == reverse("web:roster", args=[roster.pk])
    assert "续保名册待确认" in html_of(browser.get(reverse("web:desk")))


def test_a_sheet_is_compared_and_who_is_not_in_it_is_shown_as_leaving(liu, clerk, employer, starts_on):
    begin(clerk, employer, starts_on)
    found = Renewal.objects.get()
    address = reverse("web:renewal", args=[found.pk])
    answer = as_staff(clerk).post(address, {"file": sheet(a_sheet(some_workers(2)))}, follow=True)
    assert "新增 2 人，不在表里 1 人" in html_of(answer)
    assert found.lines.get(member=liu).reason == "unwilling"


# ── approval ────────────────────────────────────────────────────────────────────────────────────────


def test_the_agency_asks_the_employer_submits_the_county_approves(clerk, employer, county, qian, sun):
    rule = {"place": county.pk, "steps": "county"}
    as_staff(sun).post(reverse("web:approval-rule"), rule)
    assert ApprovalRule.objects.get().organisation == county
    roster = a_staged_roster(employer, [the_inpatient_scheme()], some_workers(2), by=clerk)
    assert "提交 2 人审批" in html_of(page(clerk, "roster", roster.pk))
    as_staff(clerk).post(reverse("web:roster-accept", args=[roster.pk]))
    assert not Enrolment.objects.exists()
    assert "等铁力市总工会审批" in html_of(page(clerk, "desk"))
    assert ">同意<" not in html_of(page(clerk, "roster", roster.pk))
    assert "名册等您审批：铁力市人民医院" in html_of(page(qian, "desk"))
    assert ">同意<" in html_of(page(qian, "roster", roster.pk))
    as_staff(qian).post(reverse("web:roster-approve", args=[roster.pk]))
    assert Enrolment.objects.count() == 2
    shown = html_of(page(clerk, "roster", roster.pk))
    assert "铁力市总工会：已同意" in shown
    assert "钱县工" in shown


def test_a_returned_roster_says_why_and_where(clerk, employer, county, qian, sun, now):
    approval.set_rule(organisation=county, steps="county", by=sun, at=now)
    roster = a_staged_roster(employer, [the_inpatient_scheme()], some_workers(2), by=clerk)
    approval.submit(roster=roster, good_only=False, by=clerk, at=now)
    back = reverse("web:roster-return", args=[roster.pk])
    assert "没有写退回的理由" in html_of(as_staff(qian).post(back, {"reason": ""}, follow=True))
    as_staff(qian).post(back, {"reason": "有两人已退休"})
    for name, args in (("roster", [roster.pk]), ("desk", [])):
        assert "有两人已退休" in html_of(page(clerk, name, *args))
    assert "已退回" in html_of(page(clerk, "rosters"))


# ── moves ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_move_by_name_and_the_new_employer_takes_it(liu, clerk, city):
    there = another(city)
    address = reverse("web:member-move", args=[liu.pk])
    assert "没有找到参保单位" in html_of(as_staff(clerk).post(address, {"target": "不知道"}, follow=True))
    as_staff(clerk).post(address, {"target": "嘉荫县人民医院"})
    assert "等接收" in html_of(page(clerk, "member", liu.pk))
    assert "有 1 位职工等您接收调入" in html_of(page(there, "desk"))
    assert "刘女士" in html_of(page(there, "moves"))
    as_staff(there).post(reverse("web:move", args=[Move.objects.get().pk]), {"agree": "1"})
    assert Member.objects.get().employer == there.organisation
    assert "1 人已调出" in html_of(page(clerk, "desk"))
    assert "1 人从别的单位调入" in html_of(page(there, "desk"))
    assert "铁力市人民医院" in html_of(page(there, "member", liu.pk))  # where the cover was taken out


def test_retired_is_shown_to_staff_and_to_who_checks_the_paper(liu, clerk):
    address = reverse("web:member-leave", args=[liu.pk])
    wrong = as_staff(clerk).post(address, {"why": "retired", "on": "soon"}, follow=True)
    assert "不是一个日期" in html_of(wrong)
    as_staff(clerk).post(address, {"why": "retired", "on": "2022-10-31"})
    assert "2022-10-31 退休" in html_of(page(clerk, "member", liu.pk))
    shown = html_of(as_member(liu).get(reverse("web:verify", args=[liu.enrolments.get().verify_token])))
    assert "保障到期满为止" in shown
    assert "退休" not in shown  # why is nobody's business
    assert "刘女士" not in shown
    as_staff(clerk).post(address, {"why": "back"})
    assert "改回在职" not in html_of(page(clerk, "member", liu.pk)).split("<aside>")[0]


# ── certificates ────────────────────────────────────────────────────────────────────────────────────


def test_void_by_two_then_anew_and_the_old_code_says_so(liu, sun, city, clerk):
    held = liu.enrolments.get()

    def act(verb):
        return reverse("web:cover-act", args=[held.pk, verb])

    assert "没有写作废的理由" in html_of(as_staff(sun).post(act("void"), {"reason": ""}, follow=True))
    as_staff(sun).post(act("void"), {"reason": "姓名印错"})
    void = CertificateVoid.objects.get()
    settle = reverse("web:void", args=[void.pk])
    assert "不能由您自己复核" in html_of(as_staff(sun).post(settle, {"agree": "1"}, follow=True))
    lin = a_role("agency_clerk", city, "林代办")
    assert "1 份保障书的作废等您复核" in html_of(page(lin, "desk"))
    assert "姓名印错" in html_of(page(lin, "voids"))
    as_staff(lin).post(settle, {"agree": "1"})
    verify = reverse("web:verify", args=[void.verify_token])
    assert "✕ 已作废<" in html_of(page(sun, "verify", void.verify_token))
    assert page(clerk, "certificate", held.pk).status_code == 409
    as_staff(sun).post(act("reissue"))
    shown = html_of(as_staff(sun).get(verify))
    assert "已作废，已换发" in shown
    assert held.certificate_no not in shown  # the least, masked
    assert liu.name not in shown
    held.refresh_from_db()
    assert "✓ 保障中" in html_of(page(sun, "verify", held.verify_token))
    assert as_staff(sun).post(act("nothing")).status_code == 404


def test_prints_by_staff_are_counted_and_written_down_the_members_own_look_is_not(liu, clerk):
    held = liu.enrolments.get()
    address = reverse("web:certificate", args=[held.pk])
    as_member(liu).get(address)
    as_staff(clerk).head(address)
    held.refresh_from_db()
    assert held.print_count == 0
    for _ in range(2):
        assert as_staff(clerk).get(address)["Content-Type"] == "application/pdf"
    held.refresh_from_db()
    assert held.print_count == 2
    assert Event.objects.filter(verb="certificates.print").count() == 2
    assert "打印过</dt><dd>2 次" in html_of(page(clerk, "cover", held.pk))


def test_one_void_certificate_does_not_hold_up_the_others(liu, clerk, sun, city, now):
    other = a_member("王小明", employer=liu.employer)
    an_enrolment(other, the_inpatient_scheme(), starts_on=liu.enrolments.get().cover_starts_on)
    void = certifying.propose_void(enrolment=liu.enrolments.get(), reason="印错", by=sun, at=now)
    certifying.settle_void(void=void, agree=True, by=a_role("agency_clerk", city, "林代办"), at=now)
    assert page(clerk, "certificates")["Content-Type"] == "application/pdf"
    assert other.enrolments.get().print_count == 1
    assert liu.enrolments.get().print_count == 0


def test_leaving_before_cover_begins_asks_about_money(clerk, sun, employer, today, now):
    soon = today + timedelta(days=10)
    rows = some_workers(2)
    an_accepted_roster(employer, [the_inpatient_scheme()], rows, by=clerk, starts_on=soon, at=now)
    held = Enrolment.objects.first()
    assert "也不再欠 120.00 元" in html_of(page(sun, "cover", held.pk))
    assert "也不再欠" not in html_of(page(clerk, "cover", held.pk))
    as_staff(sun).post(reverse("web:cover-act", args=[held.pk, "end"]), {"reason": "已调走"})
    held.refresh_from_db()
    assert held.state == "void"


def test_the_list_of_a_renewal_is_complete_after_pages_of_it(clerk, employer, starts_on, now):
    """More lines than a page: what stands on the second page is kept by saving the first."""
    for count in range(3):
        an_enrolment(
            a_member(f"工人{'一二三'[count]}", employer=employer), the_inpatient_scheme(), starts_on=starts_on
        )
    found = renewal.begin(employer=employer, ends_on=a_year_after(starts_on), by=clerk, at=now)
    first = found.lines.first()
    as_staff(clerk).post(reverse("web:renewal", args=[found.pk]), {f"reason-{first.pk}": "died", "stay": "1"})
    assert list(found.lines.values_list("reason", flat=True)) == ["died", "", ""]


def test_a_sheet_with_columns_of_its_own_is_asked_about_once_and_then_read(
    liu, clerk, employer, starts_on, now, city
):
    found = renewal.begin(employer=employer, ends_on=a_year_after(starts_on), by=clerk, at=now)
    rows = [(f"E{n}", *worker[:2]) for n, worker in enumerate([(liu.name, liu.id_number), *some_workers(2)])]
    desk, where = as_staff(clerk), reverse("web:renewal", args=[found.pk])

    def sent(rows):
        data = a_sheet(rows, ("工号", "员工", "证件"))
        return desk.post(where, {"file": SimpleUploadedFile("今年.csv", data)})

    asked = sent(rows)
    assert "哪一列是什么" in html_of(desk.get(asked.url))
    assert as_staff(another(city)).get(asked.url).status_code == 404
    colleague = a_role("employer_clerk", employer, "同事")
    assert as_staff(colleague).get(asked.url).status_code == 404  # another person's upload
    form = {"page": "今年", "top": "1", "column-1": "name", "column-2": "id_number"}
    page_name = re.search(r'name="page" value="([^"]*)"', html_of(desk.get(asked.url))).group(1)
    form["page"] = page_name
    wrong = desk.post(asked.url, form | {"column-2": ""})
    assert (wrong.status_code, "至少要有姓名和身份证号" in html_of(wrong)) == (422, True)
    assert "新增 2 人" in html_of(desk.post(asked.url, form, follow=True))
    assert sent(rows[:2]).url == where  # the same header is known now
    assert found.lines.filter(member=None).count() == 1
