"""What is large belongs to the worker: approval, mending, renewal, the tree; each shows how far it is and leads back."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from enrolment.test_columns import sent_back
from factories.contributions import all_paid, an_accepted_roster
from factories.enrolment import a_staged_roster, an_enrolment, some_workers
from factories.members import a_member
from factories.organisations import an_employer
from factories.schemes import the_inpatient_scheme
from factories.users import a_role
from factories.web import as_staff, html_of
from huzhu.config.worker import work_off
from huzhu.contributions.approving import approve_roster
from huzhu.core.periods import a_year_after
from huzhu.enrolment import approval, renewal, services
from huzhu.enrolment.models import Enrolment, Renewal, Roster
from huzhu.jobs.models import JobRun
from huzhu.organisations.models import Organisation
from huzhu.setup import tree_sheet
from setup.test_tree_sheet import HEAD, a_sheet

pytestmark = pytest.mark.django_db


class Power(BaseException):
    """Nothing that any except clause expects."""


@pytest.fixture(autouse=True)
def _small(settings, tmp_path, monkeypatch):
    settings.VAR_DIR = tmp_path
    for place in ("enrolment.rows", "web.rosters.mending", "web.rosters.renewal", "setup.tree_sheet"):
        monkeypatch.setattr(f"huzhu.{place}.AT_ONCE", 1)
    monkeypatch.setattr("huzhu.enrolment.slices.PAUSE_SECONDS", 0)


@pytest.fixture
def employer(county):
    return an_employer(county, sector="county", name="铁力市人民医院")


def page(found, name="roster"):
    return reverse(f"web:{name}", args=[found.pk])


def submitted(employer, clerk, county, today, people=3):
    now = timezone.now()
    approval.set_rule(
        organisation=county, steps="county", by=a_role("agency_clerk", county.parent, "孙代办"), at=now
    )
    rows = some_workers(people)
    mine = a_staged_roster(employer, [the_inpatient_scheme()], rows, by=clerk, starts_on=today, at=now)
    return approval.submit(roster=mine, good_only=False, by=clerk, at=now), rows


# ── approval ────────────────────────────────────────────────────────────────────────────────────────


def test_nobody_else_has_a_large_roster_approved_by_the_worker(employer, clerk, county, today, city):
    roster, _ = submitted(employer, clerk, county, today)
    author = a_role("county_clerk", county, user=clerk.user)
    assert "不能由您自己审批" in html_of(as_staff(author).post(page(roster, "roster-approve"), follow=True))
    agency = a_role("agency_clerk", city)
    assert "现在等铁力市总工会审批" in html_of(
        as_staff(agency).post(page(roster, "roster-approve"), follow=True)
    )
    with pytest.raises(approval.AuthorApproves):
        approve_roster(roster=roster, by=author, at=timezone.now(), tell=lambda *_: None)
    assert not JobRun.objects.exists()


@pytest.mark.usefixtures("killed_before_told")
def test_the_last_word_on_a_large_roster_is_carried_out_by_the_worker(employer, clerk, county, qian, today):
    roster, _ = submitted(employer, clerk, county, today)
    desk = as_staff(qian)
    assert "审批并确认名册" in html_of(desk.post(page(roster, "roster-approve"), follow=True))
    roster.refresh_from_db()
    assert roster.state == "at_county"
    assert "后台正在办理" in html_of(as_staff(clerk).get(page(roster)))
    work_off()
    assert JobRun.objects.get().words == "已同意，3 人参加。会费到齐后保障生效。"
    roster.refresh_from_db()
    last = approval.round_of(roster)[-1]
    assert (roster.state, last.state, last.actor_name) == ("accepted", "approved", "钱县工（县区工会经办）")
    assert Enrolment.objects.count() == 3


def test_rows_that_changed_leave_the_roster_with_the_office(employer, clerk, county, qian, today):
    roster, rows = submitted(employer, clerk, county, today)
    an_enrolment(
        a_member(rows[1][0], employer=an_employer(county.parent), id_number=rows[1][1]),
        the_inpatient_scheme(),
        starts_on=today,
    )
    desk = as_staff(qian)
    desk.post(page(roster, "roster-approve"))
    work_off()
    run = JobRun.objects.get()
    assert (run.state, run.words) == ("failed", approval.CHANGED_MEANWHILE)
    roster.refresh_from_db()
    assert roster.state == "at_county"
    assert approval.waiting_for(qian).exists()
    desk.post(page(roster, "roster-return"), {"reason": "有人已在别处参加"})
    work_off()
    roster.refresh_from_db()
    assert (roster.state, roster.rows.filter(joins="").count()) == ("staged", 1)


def test_an_approval_that_was_killed_waits_for_the_office_and_not_for_the_employer(
    employer, clerk, county, qian, today, monkeypatch
):
    roster, _ = submitted(employer, clerk, county, today)

    def tell(done, total, words=""):
        raise Power

    with monkeypatch.context() as patch:
        patch.setattr(services, "put_back", lambda **_: None)  # the process is gone
        with pytest.raises(Power):
            approve_roster(roster=roster, by=qian, at=timezone.now(), tell=tell)
    roster.refresh_from_db()
    assert roster.state == "accepting"
    assert "再同意一次" in html_of(as_staff(qian).get(page(roster)))
    refused = as_staff(clerk).post(page(roster, "roster-accept"), follow=True)
    work_off()
    assert JobRun.objects.get().state == "failed"
    assert "等审批的机构再同意一次" in html_of(as_staff(clerk).get(page(roster)))
    assert not Enrolment.objects.exists()
    assert refused.status_code == 200
    as_staff(qian).post(page(roster, "roster-approve"))
    work_off()
    assert Enrolment.objects.count() == 3


# ── mending ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_large_workbook_of_errors_is_made_and_taken_back_by_the_worker(employer, clerk, today, now):
    rows = [*some_workers(1), ("王小明", "123", ""), ("李大明", "456", "")]
    roster = a_staged_roster(employer, [the_inpatient_scheme()], rows, by=clerk, starts_on=today, at=now)
    desk = as_staff(clerk)
    assert "错误表" in html_of(desk.get(page(roster, "roster-errors"), follow=True))
    work_off()
    made = JobRun.objects.get()
    shown = html_of(desk.get(reverse("web:job", args=[made.pk])))
    assert "下载文件" in shown
    assert as_staff(a_role("agency_clerk")).get(reverse("web:job-file", args=[made.pk])).status_code == 404
    data = b"".join(desk.get(reverse("web:job-file", args=[made.pk])).streaming_content)
    [(_, first, _), (_, second, _)] = some_workers(2)
    back = sent_back(data, {(1, 2): first, (2, 2): second})
    file = SimpleUploadedFile("错误表.xlsx", back)
    assert "传回错误表" in html_of(desk.post(page(roster, "roster-errors"), {"file": file}, follow=True))
    work_off()
    assert JobRun.objects.first().words == "错误表里的 2 行已更新。还有 0 行有问题。"
    assert "<b>3</b> 行是好的" in html_of(desk.get(page(roster)))


def test_mending_that_was_called_off_says_what_stays(employer, clerk, today, now, monkeypatch):
    monkeypatch.setattr(services, "MENDED", 1)
    rows = [("王小明", "123", ""), ("李大明", "456", "")]
    roster = a_staged_roster(employer, [the_inpatient_scheme()], rows, by=clerk, starts_on=today, at=now)
    told = []

    def tell(done, total, words=""):
        told.append(done)
        if done:
            raise Power

    changes = {
        str(row.pk): {"id_number": one[1]}
        for row, one in zip(roster.rows.all(), some_workers(2), strict=True)
    }
    with pytest.raises(Power):
        services.mend(roster=roster, changes=changes, by=clerk, at=now, tell=tell)
    assert (told, roster.rows.filter(joins="").count()) == ([0, 1], 1)
    assert services.mend(roster=roster, changes=changes, by=clerk, at=now) == 0


# ── renewal ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("killed_before_told")
def test_a_large_renewal_becomes_its_roster_in_the_worker(employer, clerk, today, now):
    starts_on = today - timedelta(days=335)
    for name in ("刘女士", "王小明"):
        an_enrolment(a_member(name, employer=employer), the_inpatient_scheme(), starts_on=starts_on)
    found = renewal.begin(employer=employer, ends_on=a_year_after(starts_on), by=clerk, at=now)
    desk = as_staff(clerk)
    assert "提交续保" in html_of(desk.post(page(found, "renewal-difference"), follow=True))
    assert not Roster.objects.exists()
    work_off()
    roster = Roster.objects.get()
    assert (roster.state, roster.rows.count()) == ("staged", 2)
    assert desk.get(page(found, "renewal-difference")).url == page(roster)
    assert Renewal.objects.get().submitted_at


@pytest.mark.usefixtures("killed_before_told")
def test_a_large_difference_is_reckoned_by_the_worker_and_anew_once_the_list_has_changed(
    employer, clerk, today, now
):
    starts_on = today - timedelta(days=335)
    for name, number, *_ in some_workers(3):
        an_enrolment(
            a_member(name, employer=employer, id_number=number), the_inpatient_scheme(), starts_on=starts_on
        )
    found = renewal.begin(employer=employer, ends_on=a_year_after(starts_on), by=clerk, at=now)
    desk, where = as_staff(clerk), page(found, "renewal-difference")
    assert "核对续保" in html_of(desk.get(where, follow=True))
    desk.get(where)
    assert JobRun.objects.count() == 1
    work_off()
    assert JobRun.objects.get().words == "算好了：续保 3 人，新增 0 人，退出 0 人。"
    shown = html_of(desk.get(where))
    assert "续保 3 人 · 新增 0 · 退出 0" in shown
    assert "360.00" in shown
    line = found.lines.first()
    renewal.mark(renewal=found, changes={str(line.pk): {"reason": "retired"}}, by=clerk, at=now)
    assert "核对续保" in html_of(desk.get(where, follow=True))
    work_off()
    assert "续保 2 人 · 新增 0 · 退出 1" in html_of(desk.get(where))
    stranger = as_staff(a_role("employer_clerk", an_employer(employer.parent)))
    assert stranger.get(where).status_code == 404


def test_a_renewal_that_was_broken_off_is_read_to_the_end(employer, clerk, today, now, monkeypatch):
    starts_on = today - timedelta(days=335)
    an_enrolment(a_member("刘女士", employer=employer), the_inpatient_scheme(), starts_on=starts_on)
    found = renewal.begin(employer=employer, ends_on=a_year_after(starts_on), by=clerk, at=now)

    def gone(**_):
        raise Power

    with monkeypatch.context() as patch:
        patch.setattr(services, "read_in", gone)
        with pytest.raises(Power):
            renewal.submit(renewal=found, by=clerk, at=now)
    assert Roster.objects.get().state == "reading"
    assert [one.state for one in renewal.submit(renewal=found, by=clerk, at=now)] == ["staged"]
    assert Roster.objects.count() == 1


# ── the tree ────────────────────────────────────────────────────────────────────────────────────────


def test_a_large_tree_is_taken_by_the_worker_as_a_small_one_would_be(city, now):
    keeper = a_role("administrator", city)
    rows = [(f"铁力第{n}小学", "", "参保单位", "铁力教育工会", "县区单位", "30") for n in range(5)]
    rows.append(("铁力教育工会", "", "县区总工会", "", "", ""))
    file = tree_sheet.store(name="机构.xlsx", data=a_sheet(*rows, head=HEAD), by=keeper, at=now)
    desk = as_staff(keeper)
    assert "办理机构表" in html_of(desk.post(reverse("web:tree-preview", args=[file.pk]), follow=True))
    assert not Organisation.objects.filter(name="铁力教育工会").exists()
    work_off()
    assert JobRun.objects.get().words == "加了 6 个机构，改了 0 个，0 个没有不同。"
    union = Organisation.objects.get(name="铁力教育工会")
    assert union.path == f"{city.path}{union.pk}/"
    below = Organisation.objects.under(union).employers()
    assert {one.path for one in below} == {f"{union.path}{one.pk}/" for one in below}
    assert len({one.code for one in below}) == 5


def test_a_paid_roster_says_that_its_cover_is_about_to_begin(employer, clerk, city, today, now, monkeypatch):
    monkeypatch.setattr("huzhu.enrolment.services.AT_ONCE", 1)
    roster = an_accepted_roster(
        employer, [the_inpatient_scheme()], some_workers(3), by=clerk, starts_on=today, at=now
    )
    all_paid(roster, by=a_role("agency_clerk", city))
    desk = as_staff(clerk)
    assert "保障正在生效" in html_of(desk.get(page(roster)))
    work_off()
    assert "保障正在生效" not in html_of(desk.get(page(roster)))
    assert Enrolment.objects.in_force().count() == 3
