"""Pages of a large or untidy roster: columns named, cells mended one by one or in a workbook, long work handed over."""

import io
import re
import zipfile
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from enrolment import sheets
from enrolment.test_columns import sent_back
from factories.contributions import all_paid, an_accepted_roster
from factories.enrolment import a_sheet, a_staged_roster, an_enrolment, some_workers
from factories.members import a_member, an_id_number
from factories.organisations import a_city, an_employer
from factories.users import a_role
from factories.web import as_staff, html_of
from huzhu.audit.models import Event
from huzhu.config.worker import work_off
from huzhu.enrolment import certificate, printing, queries, services
from huzhu.enrolment.models import Enrolment, Roster
from huzhu.jobs.models import JobRun
from huzhu.members.moving import leave
from huzhu.web.rosters import columns, listing, roster, upload

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
GOOD = "11010519821231006X"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def today():
    return timezone.localdate()


@pytest.fixture
def staged(employer, clerk, inpatient, today):
    rows = [*some_workers(2), ("王小明", f"{GOOD[:17]}1", ""), ("", an_id_number(), "")]
    return a_staged_roster(employer, [inpatient], rows, by=clerk, starts_on=today, at=timezone.now())


def page(roster, name="roster"):
    return reverse(f"web:{name}", args=[roster.pk])


def sent(client, data, inpatient, today, name="名册.xlsx"):
    fields = {"edition": inpatient.pk, "starts_on": today.isoformat()}
    file = SimpleUploadedFile(name, data)
    return client.post(reverse("web:roster-upload"), {"file": file, **fields}, follow=True)


def odd_sheet(count=3):
    rows = [(f"E{n}", *worker) for n, worker in enumerate(some_workers(count))]
    return sheets.an_xlsx(rows, ("工号", "员工", "证件", "本人电话"))


# ── who may not ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["roster-columns", "roster-errors"])
def test_pages_of_another_employers_roster_look_missing(staged, name):
    stranger = as_staff(a_role("employer_clerk", an_employer(a_city())))
    assert stranger.get(page(staged, name)).status_code == 404
    assert stranger.post(page(staged, name)).status_code == 404
    assert stranger.post(page(staged, "roster-read")).status_code == 404


def test_an_auditor_sees_masks_and_no_boxes(staged, employer):
    said = html_of(as_staff(a_role("auditor", employer)).get(page(staged)))
    assert "110105********0061" in said
    assert f"{GOOD[:17]}1" not in said
    assert 'form="mending"' not in said
    assert "末位应是 X" in said


# ── columns ─────────────────────────────────────────────────────────────────────────────────────────


def test_an_odd_sheet_leads_to_its_columns_with_a_guess(clerk, inpatient, today):
    desk = as_staff(clerk)
    shown = sent(desk, odd_sheet(), inpatient, today)
    said = html_of(shown)
    assert "哪一列是什么" in said
    assert re.findall(r'<option value="(\w+)" selected', said) == ["name", "id_number", "phone"]
    found = Roster.objects.get()
    form = {"page": "名册", "top": "1", "column-1": "name", "column-2": "id_number"}
    wrong = desk.post(page(found, "roster-columns"), form | {"column-2": ""})
    assert wrong.status_code == 422
    assert "至少要有姓名和身份证号" in html_of(wrong)
    done = desk.post(page(found, "roster-columns"), form, follow=True)
    assert "<b>3</b> 行是好的" in html_of(done)
    again = sent(desk, odd_sheet(2), inpatient, today)
    assert "按上次的对应读取" in html_of(again)


def test_of_several_pages_one_is_chosen(clerk, inpatient, today):
    import xlsxwriter  # noqa: PLC0415

    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        for name in ("一车间", "二车间"):
            one = book.add_worksheet(name)
            one.write_row(0, 0, sheets.HEADER)
            for at, row in enumerate(some_workers(2), start=1):
                one.write_row(at, 0, row)
    desk = as_staff(clerk)
    said = html_of(sent(desk, out.getvalue(), inpatient, today))
    assert "工作表“一车间”" in said
    found = Roster.objects.get()
    second = html_of(desk.get(page(found, "roster-columns"), {"page": "二车间"}))
    assert 'name="page" value="二车间"' in second
    form = {"page": "二车间", "top": "1", "column-0": "name", "column-1": "id_number"}
    assert "<b>2</b> 行是好的" in html_of(desk.post(page(found, "roster-columns"), form, follow=True))


# ── cells ───────────────────────────────────────────────────────────────────────────────────────────


def test_one_cell_is_mended_without_the_others_and_its_row_comes_back(staged, clerk):
    desk, row = as_staff(clerk), staged.rows.get(number=4)
    said = html_of(desk.get(page(staged)))
    assert f'value="{GOOD}"' in said  # offered
    assert "改成" in said
    answer = desk.post(page(staged, "roster-mend"), {f"id_number-{row.pk}": GOOD}, headers=HTMX)
    assert f'id="row-{row.pk}"' in html_of(answer)
    assert "110105********006X" in html_of(answer)
    assert "第 4 行改好了" in html_of(answer)
    assert "<b>3</b> 行是好的" in html_of(answer)
    still = desk.post(page(staged, "roster-mend"), {f"name-{staged.rows.get(number=5).pk}": ""}, headers=HTMX)
    assert "没有填姓名" in html_of(still)


def test_only_rows_with_problems_or_all_of_them(staged, clerk):
    desk = as_staff(clerk)
    bad = html_of(desk.get(page(staged)))
    every = html_of(desk.get(page(staged), {"show": "all"}))
    assert (bad.count('<tr id="row-'), every.count('<tr id="row-')) == (2, 4)


def test_where_somebody_is_covered_is_said_within_the_branch_only(employer, inpatient, today):
    near, far = an_employer(employer.parent), an_employer(a_city())
    for place in (near, far):
        an_enrolment(a_member("王小明", employer=place), inpatient, starts_on=today)
    rows = [(one.member.name, one.member.id_number, "") for one in Enrolment.objects.all()]
    agency = a_role("agency_clerk", employer.parent)
    mine = a_staged_roster(employer, [inpatient], rows, by=agency, starts_on=today, at=timezone.now())
    said = html_of(as_staff(agency).get(page(mine)))
    assert said.count("（在 ") == 1


def test_who_was_said_to_have_left_is_pointed_out_and_not_refused(employer, clerk, inpatient, today):
    [row] = some_workers(1)
    gone = a_member(row[0], id_number=row[1], employer=employer)
    leave(member=gone, why="retired", on=today, by=clerk, at=timezone.now())
    staged = a_staged_roster(employer, [inpatient], [row], by=clerk, starts_on=today)
    said = as_staff(clerk).get(reverse("web:roster", args=[staged.pk]), {"show": "all"}).content.decode()
    assert f"▲ {today} 登记为退休" in said
    assert queries.tally(staged) == (1, 0)


def test_a_column_that_is_missing_is_said_once_above_the_grid(staged, clerk):
    desk = as_staff(clerk)
    assert "表里没有这一列" not in html_of(desk.get(page(staged)))
    staged.rows.filter(number=2).update(joins="", problems={"insured": "没有核对"})
    said = html_of(desk.get(page(staged)))
    assert said.count("方案要看每个人的职工医保，表里没有这一列：1 行因此不能参加") == 1
    assert "下载带这一列的模板" in said
    assert "<th>职工医保</th>" in said
    assert "<th>份数</th>" not in said


def test_errors_go_out_and_come_back(staged, clerk):
    desk = as_staff(clerk)
    out = desk.get(page(staged, "roster-errors"))
    assert out.content.startswith(b"PK")
    assert Event.objects.filter(verb="rosters.read", kind="read").exists()
    back = SimpleUploadedFile("错误表.xlsx", sent_back(out.content, {(1, 2): GOOD, (2, 1): "李大明"}))
    done = html_of(desk.post(page(staged, "roster-errors"), {"file": back}, follow=True))
    assert "2 行已更新" in done
    assert "每一行都好了" in done
    assert "不是从这份名册下载的错误表" in html_of(
        desk.post(
            page(staged, "roster-errors"),
            {"file": SimpleUploadedFile("别的.xlsx", sheets.an_xlsx([]))},
            follow=True,
        )
    )


# ── long work ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("killed_before_told")
def test_a_large_sheet_is_read_by_the_worker(clerk, inpatient, today, monkeypatch):
    monkeypatch.setattr(upload, "AT_ONCE", 10)
    desk = as_staff(clerk)
    shown = sent(desk, a_sheet(some_workers(3)), inpatient, today, name="名册.csv")
    assert "读取名册" in html_of(shown)
    found = Roster.objects.get()
    assert desk.get(page(found)).url == reverse("web:job", args=[JobRun.objects.get().pk])
    assert "后台正在办理" in html_of(as_staff(a_role("auditor", found.employer)).get(page(found)))
    work_off()
    assert JobRun.objects.get().state == "done"
    assert "<b>3</b> 行是好的" in html_of(desk.get(page(found)))


def test_a_large_sheet_that_is_no_list_says_so_on_both_pages(clerk, inpatient, today, monkeypatch):
    monkeypatch.setattr(upload, "AT_ONCE", 10)
    desk = as_staff(clerk)
    sent(desk, "工号,岗位,班组\n1,2,3\n".encode(), inpatient, today, name="名册.csv")
    work_off()
    run = JobRun.objects.get()
    assert (run.state, run.attempts) == ("failed", 1)
    assert "这不是名册" in html_of(desk.get(reverse("web:job", args=[run.pk])))
    assert "这份文件没有读成：这不是名册" in html_of(desk.get(page(Roster.objects.get())))


def test_a_reading_that_was_broken_off_is_begun_again_or_given_up(employer, clerk, inpatient, today):
    terms = {"employer": employer, "editions": [inpatient], "cover_starts_on": today, "name": "a.csv"}
    found = services.begin(**terms, data=a_sheet(some_workers(2)), by=clerk, at=timezone.now())
    desk = as_staff(clerk)
    assert "还没有读完" in html_of(desk.get(page(found)))
    assert "<b>2</b> 行是好的" in html_of(desk.post(page(found, "roster-read"), follow=True))
    other = services.begin(**terms, data=a_sheet(some_workers(3)), by=clerk, at=timezone.now())
    assert "名册已作废" in html_of(desk.post(page(other, "roster-cancel"), follow=True))


def test_columns_of_a_large_sheet_are_named_and_the_worker_goes_on(clerk, inpatient, today, monkeypatch):
    for module in (upload, columns):
        monkeypatch.setattr(module, "AT_ONCE", 10)
    desk = as_staff(clerk)
    sent(desk, odd_sheet(), inpatient, today)
    work_off()
    found = Roster.objects.get()
    assert desk.get(page(found)).url == page(found, "roster-columns")
    desk.post(
        page(found, "roster-columns"),
        {"page": "名册", "top": "1", "column-1": "name", "column-2": "id_number"},
    )
    work_off()
    assert "<b>3</b> 行是好的" in html_of(desk.get(page(found)))


@pytest.mark.usefixtures("killed_before_told")
def test_a_large_roster_is_accepted_by_the_worker(staged, clerk, monkeypatch):
    monkeypatch.setattr("huzhu.enrolment.rows.AT_ONCE", 1)
    desk = as_staff(clerk)
    shown = desk.post(page(staged, "roster-accept"), {"good_only": "1"}, follow=True)
    assert "确认名册" in html_of(shown)
    work_off()
    assert JobRun.objects.get().words == "已确认，2 人参加。会费到齐后保障生效。"
    assert "240.00" in html_of(desk.get(page(staged)))


def test_a_large_roster_whose_rows_have_changed_is_judged_again(
    employer, clerk, inpatient, today, monkeypatch
):
    monkeypatch.setattr("huzhu.enrolment.rows.AT_ONCE", 1)
    rows = some_workers(3)
    mine = a_staged_roster(employer, [inpatient], rows, by=clerk, starts_on=today, at=timezone.now())
    an_enrolment(a_member(rows[1][0], employer=employer, id_number=rows[1][1]), inpatient, starts_on=today)
    desk = as_staff(clerk)
    desk.post(page(mine, "roster-accept"))
    work_off()
    run = JobRun.objects.get()
    assert run.state == "failed"
    assert "所以没有确认" in run.words
    assert "<b>2</b> 行是好的" in html_of(desk.get(page(mine)))


def test_certificates_of_many_are_made_by_the_worker(employer, clerk, inpatient, today, monkeypatch):
    for module in (certificate, printing, listing, roster):
        monkeypatch.setattr(module, "MOST", 2)
    done = an_accepted_roster(
        employer, [inpatient], some_workers(5), by=clerk, starts_on=today, at=timezone.now()
    )
    desk = as_staff(clerk)
    desk.post(page(done, "roster-certificates"))
    work_off()
    assert "还没有保障书" in JobRun.objects.get().words  # the fee is not in
    all_paid(done, by=a_role("agency_clerk", employer.parent))
    assert "制作全部保障书（5 份）" in html_of(desk.get(page(done)))
    assert "制作本单位保障书（5 份）" in html_of(desk.get(reverse("web:rosters")))
    desk.post(page(done, "roster-certificates"))
    work_off()
    run = JobRun.objects.first()
    assert run.words == "5 份保障书做好了。"
    packed = zipfile.ZipFile(
        io.BytesIO(b"".join(desk.get(reverse("web:job-file", args=[run.pk])).streaming_content))
    )
    assert packed.namelist() == ["保障书 1-2.pdf", "保障书 3-4.pdf", "保障书 5-5.pdf"]
    assert all(packed.read(name).startswith(b"%PDF") for name in packed.namelist())


# ── 去年参加、今年没有 ──────────────────────────────────────────────────────────────────────────────


def test_who_joined_last_year_and_is_missing_is_counted_listed_and_taken_away(
    employer, clerk, inpatient, today
):
    last_year = today - timedelta(days=340)
    gone, still = (a_member(name, employer=employer) for name in ("王小明", "李大明"))
    for one in (gone, still):
        an_enrolment(one, inpatient, starts_on=last_year)
    leave(member=gone, why="retired", on=today, by=clerk, at=timezone.now())
    mine = a_staged_roster(
        employer, [inpatient], some_workers(2), by=clerk, starts_on=today + timedelta(days=30)
    )
    stranger = as_staff(a_role("employer_clerk", an_employer(a_city())))
    assert stranger.get(page(mine, "roster-absent")).status_code == 404
    desk = as_staff(clerk)
    assert "去年参加、这份名册里没有的 <b>2</b> 人" in html_of(desk.get(page(mine)))
    listed = html_of(desk.get(page(mine, "roster-absent")))
    assert f"{today} 退休" in listed
    assert gone.id_number not in listed
    here = html_of(desk.get(page(mine, "roster-absent"), {"why": "here"}))
    assert ("李大明" in here, "王小明" in here) == (True, False)
    assert "王小明" in html_of(desk.get(page(mine, "roster-absent"), {"q": "王小明"}))
    taken = desk.get(page(mine, "roster-absent"), {"as": "xlsx"})
    assert taken.content.startswith(b"PK")
    assert Event.objects.filter(verb__contains="export").exists()
