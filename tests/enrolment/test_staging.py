"""A roster is staged, mended and cancelled; what is wrong with a row is told at the cell."""

from datetime import UTC, date, datetime, timedelta

import pytest

from enrolment import sheets
from factories.enrolment import START, UPLOADED_AT, a_staged_roster, an_enrolment, some_workers
from factories.members import a_member, an_id_number
from factories.organisations import a_group, an_employer
from factories.schemes import the_capped_scheme, the_women_scheme
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.enrolment import queries, services
from huzhu.enrolment.models import Enrolment, Roster, RosterRow
from huzhu.files import tables
from huzhu.files.models import StoredFile
from huzhu.members.models import Member
from huzhu.users.permissions import NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]


def problems(roster):
    return {row.number: row.problems for row in roster.rows.all() if row.problems}


# ── who may not ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("code", ["reviewer", "payment_maker", "leader", "auditor", "administrator"])
def test_other_roles_upload_no_roster(employer, inpatient, code):
    with pytest.raises(NotAllowed):
        a_staged_roster(employer, [inpatient], some_workers(1), by=a_role(code))
    assert not Roster.objects.exists()
    assert not StoredFile.objects.exists()


def test_a_clerk_of_another_employer_does_nothing_with_a_roster(city, employer, clerk, inpatient):
    roster = a_staged_roster(employer, [inpatient], some_workers(1), by=clerk)
    stranger = a_role("employer_clerk", an_employer(city))
    with pytest.raises(NotAllowed):
        a_staged_roster(employer, [inpatient], some_workers(2), by=stranger)
    with pytest.raises(NotAllowed):
        services.mend(roster=roster, changes={}, by=stranger, at=UPLOADED_AT)
    with pytest.raises(NotAllowed):
        services.judge_again(roster=roster, by=stranger, at=UPLOADED_AT)
    with pytest.raises(NotAllowed):
        services.cancel(roster=roster, by=stranger, at=UPLOADED_AT)
    assert not queries.rosters_visible_to(stranger).exists()
    assert queries.rosters_visible_to(clerk).get() == roster
    assert not queries.rosters_visible_to(a_role("leader", city)).exists()


# ── terms ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_roster_belongs_to_an_employer(city, inpatient):
    with pytest.raises(services.NotAnEmployer):
        a_staged_roster(a_group(city), [inpatient], some_workers(1), by=a_role("agency_clerk", city))


def test_a_roster_needs_schemes_that_are_open_and_go_together(employer, clerk, inpatient):
    with pytest.raises(services.SchemesRefused, match="至少选一个"):
        a_staged_roster(employer, [], some_workers(1), by=clerk)
    with pytest.raises(services.SchemesRefused, match="没有开放"):
        a_staged_roster(employer, [inpatient], some_workers(1), by=clerk, starts_on=date(2030, 1, 1))
    with pytest.raises(services.SchemesRefused, match="不能同时参加"):
        a_staged_roster(employer, [inpatient, the_capped_scheme()], some_workers(1), by=clerk)


def test_cover_does_not_begin_in_the_past(employer, clerk, inpatient):
    late = datetime(2022, 1, 28, 16, tzinfo=UTC)  # the 29th already, in Shanghai
    with pytest.raises(services.StartRefused):
        a_staged_roster(employer, [inpatient], some_workers(1), by=clerk, at=late)
    a_staged_roster(employer, [inpatient], some_workers(1), by=clerk, at=late - timedelta(seconds=1))


def test_of_each_scheme_the_newest_edition_is_offered(inpatient):
    women = the_women_scheme()
    assert queries.offered_on(START) == [inpatient, women]
    assert queries.offered_on(date(2030, 1, 1)) == []


# ── what is wrong ───────────────────────────────────────────────────────────────────────────────────


def test_good_rows_and_bad_rows_are_kept_apart(employer, clerk, inpatient):
    rows = [*some_workers(2), ("", an_id_number(), ""), ("王小明", "123", "")]
    roster = a_staged_roster(employer, [inpatient], rows, by=clerk)
    assert queries.tally(roster) == (2, 2)
    assert problems(roster).keys() == {4, 5}
    assert queries.heads(roster) == {inpatient: 2}
    assert not Member.objects.exists()


def test_half_an_account_joins_and_is_counted(employer, clerk, inpatient):
    header = (*sheets.HEADER, "工资卡开户行", "工资卡号")
    rows = [
        ("王小明", an_id_number(), "", "", "622202090300001"),
        ("李会计", an_id_number(), "", "工行", ""),
    ]
    roster = services.stage(
        employer=employer,
        editions=[inpatient],
        cover_starts_on=START,
        data=sheets.an_xlsx(rows, header=header),
        name="名册.xlsx",
        by=clerk,
        at=UPLOADED_AT,
    )
    assert (queries.tally(roster), queries.half_accounts(roster)) == ((2, 0), 2)


def test_the_same_person_twice_counts_once(employer, clerk, inpatient):
    [worker] = some_workers(1)
    roster = a_staged_roster(employer, [inpatient], [worker, worker, worker], by=clerk)
    assert queries.tally(roster) == (1, 2)
    assert problems(roster)[3]["id_number"] == "第 2、3、4 行是同一个人：只收第 2 行"


def test_one_number_with_two_names_is_nobody_yet(employer, clerk, inpatient):
    number = an_id_number()
    rows = [("王小明", number, ""), ("王大明", number, "")]
    roster = a_staged_roster(employer, [inpatient], rows, by=clerk)
    assert queries.tally(roster) == (0, 2)
    assert "第 2、3 行" in problems(roster)[2]["id_number"]


def test_who_is_covered_already_is_told(employer, clerk, inpatient):
    member = a_member(employer=employer)
    an_enrolment(member, inpatient, starts_on=date(2021, 12, 15))
    row = (member.name, member.id_number, "")
    roster = a_staged_roster(employer, [inpatient], [row], by=clerk)
    said = problems(roster)[2]["id_number"]
    assert "不符合“这个保障期没有参加过本方案”：已有的本方案保障到期日 2022-12-14" in said
    assert "（不重复参加条款）" in said


def test_who_holds_a_scheme_of_the_same_kind_is_told(employer, clerk, inpatient):
    member = a_member(employer=employer)
    an_enrolment(member, the_capped_scheme(), starts_on=date(2021, 12, 15))
    roster = a_staged_roster(employer, [inpatient], [(member.name, member.id_number, "")], by=clerk)
    assert "同类方案" in problems(roster)[2]["id_number"]


def test_who_holds_one_scheme_joins_the_other(employer, clerk, inpatient):
    member, women = a_member(employer=employer), the_women_scheme()
    an_enrolment(member, inpatient, starts_on=START)
    roster = a_staged_roster(employer, [inpatient, women], [(member.name, member.id_number, "")], by=clerk)
    assert queries.heads(roster) == {women: 1}


def test_a_void_participation_is_none(employer, clerk, inpatient):
    member = a_member(employer=employer)
    an_enrolment(member, inpatient, state=Enrolment.State.VOID)
    roster = a_staged_roster(employer, [inpatient], [(member.name, member.id_number, "")], by=clerk)
    assert queries.tally(roster) == (1, 0)


def test_men_do_not_pay_for_a_scheme_that_can_never_pay_them(employer, clerk, inpatient):
    women = the_women_scheme()
    rows = [*some_workers(2), *some_workers(3, sex="male")]
    roster = a_staged_roster(employer, [inpatient, women], rows, by=clerk)
    assert queries.heads(roster) == {inpatient: 5, women: 2}
    alone = a_staged_roster(employer, [women], some_workers(1, sex="male"), by=clerk)
    assert "不符合“本人是女职工”：性别 男" in problems(alone)[2]["id_number"]


def test_a_number_registered_under_another_name_is_not_told_whose_it_is(employer, clerk, inpatient):
    member = a_member("刘女士", employer=employer)
    roster = a_staged_roster(employer, [inpatient], [("王小明", member.id_number, "")], by=clerk)
    said = problems(roster)[2]["name"]
    assert "另一个姓名" in said
    assert "刘" not in said


def test_numbers_of_a_roster_are_sealed(employer, clerk, inpatient):
    from django.db import connection  # noqa: PLC0415

    [worker] = some_workers(1)
    a_staged_roster(employer, [inpatient], [worker, ("坏行", "230703123", "")], by=clerk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id_number, phone, problems FROM enrolment_rosterrow")
        kept = str(cursor.fetchall())
    assert worker[1] not in kept
    assert worker[2] not in kept
    assert "230703123" not in kept


# ── the same again, mended, given up ────────────────────────────────────────────────────────────────


def test_the_same_file_again_changes_nothing_and_says_so(employer, clerk, inpatient):
    rows = some_workers(2)
    first = a_staged_roster(employer, [inpatient], rows, by=clerk)
    with pytest.raises(services.SameFileAgain, match="已经上传过") as told:
        a_staged_roster(employer, [inpatient], rows, by=clerk)
    assert told.value.roster == first
    assert RosterRow.objects.count() == 2
    a_staged_roster(employer, [inpatient], rows, by=clerk, starts_on=date(2023, 1, 28))
    services.cancel(roster=first, by=clerk, at=UPLOADED_AT)
    a_staged_roster(employer, [inpatient], rows, by=clerk)


def test_a_mended_row_is_good_and_cures_its_twin(employer, clerk, inpatient):
    number, right = an_id_number(), an_id_number()
    rows = [("王小明", number, ""), ("王大明", number, ""), ("", an_id_number(), "")]
    roster = a_staged_roster(employer, [inpatient], rows, by=clerk)
    second = roster.rows.get(number=3)
    left = services.mend(
        roster=roster, changes={str(second.pk): {"id_number": right}}, by=clerk, at=UPLOADED_AT
    )
    assert left == 1
    assert problems(roster).keys() == {4}
    assert roster.rows.get(number=3).id_number == right
    assert Event.objects.filter(verb="rosters.mend").count() == 1


def test_a_row_mended_into_a_twin_is_refused(employer, clerk, inpatient):
    [worker] = some_workers(1)
    roster = a_staged_roster(employer, [inpatient], [worker, (worker[0], "1", "")], by=clerk)
    row = roster.rows.get(number=3)
    services.mend(roster=roster, changes={str(row.pk): {"id_number": worker[1]}}, by=clerk, at=UPLOADED_AT)
    assert "只收第 2 行" in problems(roster)[3]["id_number"]
    assert queries.tally(roster) == (1, 1)


def test_a_number_a_spreadsheet_spoilt_stays_refused_until_typed_again(employer, clerk, inpatient):
    roster = services.stage(
        employer=employer,
        editions=[inpatient],
        cover_starts_on=START,
        name="名册.xlsx",
        data=sheets.an_xlsx([("王小明", 110105194912310021, "")]),
        by=clerk,
        at=UPLOADED_AT,
    )
    row = roster.rows.get()
    services.mend(roster=roster, changes={str(row.pk): {"name": "王大明"}}, by=clerk, at=UPLOADED_AT)
    assert "设为“文本”" in problems(roster)[2]["id_number"]


def test_a_row_of_another_roster_is_not_mended(employer, clerk, inpatient):
    mine = a_staged_roster(employer, [inpatient], some_workers(1), by=clerk)
    other = a_staged_roster(employer, [inpatient], some_workers(1), by=clerk)
    row = other.rows.get()
    services.mend(roster=mine, changes={str(row.pk): {"name": ""}}, by=clerk, at=UPLOADED_AT)
    assert not problems(other)


def test_a_roster_is_given_up_once_and_then_left_alone(employer, clerk, inpatient):
    roster = a_staged_roster(employer, [inpatient], some_workers(1), by=clerk)
    services.cancel(roster=roster, by=clerk, at=UPLOADED_AT)
    with pytest.raises(services.RosterSettled):
        services.cancel(roster=roster, by=clerk, at=UPLOADED_AT)
    with pytest.raises(services.RosterSettled):
        services.mend(roster=roster, changes={}, by=clerk, at=UPLOADED_AT)


def test_a_crash_while_staging_leaves_nothing(employer, clerk, inpatient, monkeypatch):
    def crash(*_, **__):
        raise RuntimeError("断电")

    monkeypatch.setattr(services.audit, "record", crash)
    with pytest.raises(RuntimeError):
        a_staged_roster(employer, [inpatient], some_workers(3), by=clerk)
    assert not Roster.objects.exists()
    assert not RosterRow.objects.exists()
    assert not StoredFile.objects.exists()


def test_a_file_that_is_no_sheet_is_not_even_stored(employer, clerk, inpatient):
    with pytest.raises(tables.TableRefused):
        services.stage(
            employer=employer,
            editions=[inpatient],
            cover_starts_on=START,
            name="名册.xlsx",
            data=sheets.LOCKED.read_bytes(),
            by=clerk,
            at=UPLOADED_AT,
        )
    assert not StoredFile.objects.exists()


# ── cover ───────────────────────────────────────────────────────────────────────────────────────────


def test_cover_is_half_open_and_only_in_force(employer, inpatient):
    member = a_member(employer=employer)
    held = an_enrolment(member, inpatient, starts_on=START)
    assert queries.covering(member, START) == [held]
    assert queries.covering(member, date(2023, 1, 27)) == [held]
    assert queries.covering(member, date(2023, 1, 28)) == []
    assert queries.covering(member, START - timedelta(days=1)) == []
    Enrolment.objects.update(state=Enrolment.State.AWAITING_PAYMENT)
    assert queries.covering(member, START) == []


def test_enrolments_are_seen_by_their_branch_and_their_member(city, employer, clerk, inpatient):
    member, other = a_member(employer=employer), a_member(employer=an_employer(city))
    mine = an_enrolment(member, inpatient)
    an_enrolment(other, inpatient)
    assert queries.visible_to(clerk).get() == mine
    assert queries.visible_to(member).get() == mine
    assert queries.visible_to(a_role("agency_clerk", city)).count() == 2
    assert not queries.visible_to(a_role("leader", city)).exists()
