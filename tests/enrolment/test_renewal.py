"""Renewal: last period's list, leavers, joiners, a sheet laid beside it, the roster it becomes; unbroken cover at its edges."""

from datetime import UTC, date, datetime, timedelta

import pytest

from factories.enrolment import a_sheet, an_enrolment, some_workers
from factories.members import a_member, an_id_number
from factories.organisations import an_employer
from factories.schemes import the_women_scheme
from factories.users import a_role
from huzhu.contributions.queries import by_payer, forecast, total_fen
from huzhu.contributions.services import accept_roster
from huzhu.enrolment import expiring, renewal
from huzhu.enrolment import services as enrolment
from huzhu.enrolment.difference import difference, visible_to
from huzhu.enrolment.models import Enrolment, Renewal, Roster
from huzhu.members import moving
from huzhu.members.models import Member
from huzhu.users.permissions import NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
START = date(2022, 1, 28)
END = date(2023, 1, 28)
GRACE = timedelta(days=15)  # as the editions say
NOW = datetime(2022, 12, 20, 2, tzinfo=UTC)


@pytest.fixture
def employer(city):
    return an_employer(city, name="美溪林业局公司")


def covered(employer, inpatient, *names, **fields):
    people = [a_member(name, employer=employer, **fields) for name in names]
    for one in people:
        an_enrolment(one, inpatient, starts_on=START)
    return people


def begun(employer, clerk, at=NOW):
    return renewal.begin(employer=employer, ends_on=END, by=clerk, at=at)


def line_of(found, member):
    return found.lines.get(member=member)


def test_a_clerk_renews_for_no_other_employer(employer, inpatient, city):
    covered(employer, inpatient, "刘女士")
    stranger = a_role("employer_clerk", an_employer(city, name="铁力林业局公司"))
    with pytest.raises(NotAllowed):
        begun(employer, stranger)
    assert expiring.due(stranger, NOW.date()) == []


def test_who_only_reads_has_nothing_to_renew(employer, inpatient, clerk, city):
    covered(employer, inpatient, "刘女士")
    begun(employer, clerk)
    auditor = a_role("auditor", city)
    assert expiring.due(auditor, NOW.date()) == []
    assert not visible_to(auditor).exists()


def test_nobody_expiring_on_a_day_is_nothing_to_renew(employer, clerk):
    with pytest.raises(renewal.NothingToRenew):
        begun(employer, clerk)


def test_an_employer_sees_it_sixty_days_before_and_as_long_as_grace_runs(employer, inpatient, clerk):
    covered(employer, inpatient, "刘女士")
    seen = {
        day: len(expiring.due(clerk, day))
        for day in (
            END - timedelta(days=61),
            END - timedelta(days=60),
            END + GRACE,
            END + GRACE + timedelta(days=1),
        )
    }
    assert list(seen.values()) == [0, 1, 1, 0]


def test_last_years_list_is_filled_in_and_beginning_twice_changes_nothing(employer, inpatient, clerk):
    liu, _ = covered(employer, inpatient, "刘女士", "王小明")
    women = the_women_scheme()
    an_enrolment(liu, women, starts_on=START)
    found = begun(employer, clerk)
    assert begun(employer, clerk) == found
    assert {line.name: line.schemes for line in found.lines.all()} == {
        "刘女士": f"{inpatient.slug},{women.slug}",
        "王小明": inpatient.slug,
    }
    assert [line.reason for line in found.lines.all()] == ["", ""]
    assert found.starts_on == END


def test_who_retired_or_moved_is_listed_as_leaving(employer, inpatient, clerk, city):
    retired, moved, _ = covered(employer, inpatient, "刘女士", "王小明", "李四")
    moving.leave(member=retired, why="retired", on=date(2022, 6, 1), by=clerk, at=NOW)
    other = an_employer(city, name="铁力林业局公司")
    move = moving.propose(member=moved, target=other, by=clerk, at=NOW)
    there = a_role("employer_clerk", other)
    moving.settle(move=move, agree=True, by=there, at=NOW)
    found = begun(employer, clerk)
    reasons = {line.name: line.reason for line in found.lines.all()}
    assert reasons == {"刘女士": "retired", "王小明": "moved", "李四": ""}
    # and the new employer finds the one who came on its own list, once it has something to renew
    covered(other, inpatient, "赵五")
    theirs = begun(other, there)
    assert {line.name: line.reason for line in theirs.lines.all()} == {"王小明": "", "赵五": ""}


def test_a_wrong_phone_or_reason_changes_nothing(employer, inpatient, clerk):
    liu, wang = covered(employer, inpatient, "刘女士", "王小明")
    found = begun(employer, clerk)
    changes = {
        str(line_of(found, liu).pk): {"reason": "retired"},
        str(line_of(found, wang).pk): {"phone": "123"},
    }
    with pytest.raises(renewal.LinesRefused, match=r"王小明.*11 位"):
        renewal.mark(renewal=found, changes=changes, by=clerk, at=NOW)
    assert line_of(found, liu).reason == ""


def test_a_phone_that_is_registered_is_not_changed_by_a_renewal(employer, inpatient, clerk):
    liu, wang = covered(employer, inpatient, "刘女士", "王小明")
    Member.objects.filter(pk=wang.pk).update(phone=None, phone_index=None)
    found = begun(employer, clerk)
    mark = {"renewal": found, "by": clerk, "at": NOW}
    with pytest.raises(renewal.LinesRefused, match=r"刘女士：手机已经登记.*本人在手机上换号"):
        renewal.mark(changes={str(line_of(found, liu).pk): {"phone": "13911112222"}}, **mark)
    renewal.mark(changes={str(line_of(found, wang).pk): {"phone": "13911112222"}}, **mark)
    assert line_of(found, wang).phone == "13911112222"


def test_typed_joiners_are_taken_all_or_none(employer, inpatient, clerk):
    covered(employer, inpatient, "刘女士")
    found = begun(employer, clerk)
    good = f"王小明 {an_id_number()} 13900000002"
    with pytest.raises(renewal.LinesRefused, match="第 2 行"):
        renewal.add(renewal=found, text=f"{good}\n李四 12345", by=clerk, at=NOW)
    with pytest.raises(renewal.LinesRefused, match="已经在名单里"):
        renewal.add(renewal=found, text=f"{good}\n{good}", by=clerk, at=NOW)
    with pytest.raises(renewal.LinesRefused, match="一人一行"):
        renewal.add(renewal=found, text="  \n", by=clerk, at=NOW)
    assert found.lines.count() == 1
    assert renewal.add(renewal=found, text=f"{good}\n李四，{an_id_number()}", by=clerk, at=NOW) == 2
    joiner = found.lines.get(name="李四")
    renewal.drop(renewal=found, line=str(joiner.pk), by=clerk, at=NOW)
    kept = found.lines.get(name="刘女士")
    renewal.drop(renewal=found, line=str(kept.pk), by=clerk, at=NOW)
    assert sorted(found.lines.values_list("name", flat=True)) == ["刘女士", "王小明"]


def test_a_sheet_is_laid_beside_last_years_list(employer, inpatient, clerk):
    liu, wang, li = covered(employer, inpatient, "刘女士", "王小明", "李四")
    found = begun(employer, clerk)
    rows = [
        ("刘女士", liu.id_number, "13911112222"),
        ("李四四", li.id_number, ""),
        *some_workers(2),
    ]
    sheet = {"name": "今年.csv", "data": a_sheet(rows), "by": clerk, "at": NOW}
    counts = renewal.compare(renewal=found, **sheet)
    assert counts == {"rows": 4, "joining": 2, "leaving": 1}
    assert renewal.compare(renewal=found, **sheet) == counts  # the sheet is the whole list
    assert found.lines.count() == 5
    assert line_of(found, wang).reason == "unwilling"
    said = difference(found)
    assert (len(said.staying), len(said.joining), len(said.leaving), len(said.changed)) == (2, 2, 1, 2)
    words = {line.name: words for line, words in said.changed}
    assert "请代办处先更正" in words["李四四"]
    assert "手机表里是 139****2222，登记的" in words["刘女士"]
    assert "不改" in words["刘女士"]
    assert [line.name for line, _ in said.wrong] == ["李四四"]


def test_the_difference_says_what_it_costs_and_who_pays(employer, inpatient, clerk):
    covered(employer, inpatient, "刘女士", "王小明")
    found = begun(employer, clerk)
    plans = forecast(found, difference(found).heads)
    assert total_fen(plans) == 2 * inpatient.fee_fen
    assert by_payer(plans) == {"职工": 2 * inpatient.fee_fen}


def test_submitting_makes_a_roster_with_its_file_and_twice_the_same(employer, inpatient, clerk):
    liu, wang = covered(employer, inpatient, "刘女士", "王小明")
    found = begun(employer, clerk)
    renewal.mark(
        renewal=found, changes={str(line_of(found, wang).pk): {"reason": "retired"}}, by=clerk, at=NOW
    )
    renewal.add(renewal=found, text=f"李四 {an_id_number()}", by=clerk, at=NOW)
    (roster,) = renewal.submit(renewal=found, by=clerk, at=NOW)
    assert renewal.submit(renewal=found, by=clerk, at=NOW + timedelta(hours=1)) == [roster]
    assert Roster.objects.count() == 1
    assert roster.file.name.endswith(".xlsx")
    assert (roster.state, roster.cover_starts_on) == ("staged", END)
    assert sorted(roster.rows.values_list("name", flat=True)) == ["刘女士", "李四"]
    with pytest.raises(renewal.RenewalSubmitted):
        renewal.add(renewal=found, text=f"王五 {an_id_number()}", by=clerk, at=NOW)
    accept_roster(roster=roster, good_only=False, by=clerk, at=NOW)
    new = Enrolment.objects.get(member=liu, cover_starts_on=END)
    assert new.covered_since_on == START
    assert expiring.due(clerk, NOW.date()) == []  # who was struck off is not asked for again


def test_a_roster_given_up_opens_the_list_again(employer, inpatient, clerk):
    covered(employer, inpatient, "刘女士")
    found = begun(employer, clerk)
    (roster,) = renewal.submit(renewal=found, by=clerk, at=NOW)
    enrolment.cancel(roster=roster, by=clerk, at=NOW)
    renewal.add(renewal=found, text=f"王五 {an_id_number()}", by=clerk, at=NOW)
    (again,) = renewal.submit(renewal=found, by=clerk, at=NOW)
    assert again != roster
    assert again.rows.count() == 2


def test_who_keeps_to_one_scheme_is_not_enrolled_in_two(employer, inpatient, clerk):
    """Both women may join the women's scheme; one of them held it, the other renews what she held."""
    women = the_women_scheme()
    liu, _ = covered(employer, inpatient, "刘女士", "陈女士")
    covered(employer, inpatient, "王小明", sex="male")
    an_enrolment(liu, women, starts_on=START)
    rosters = renewal.submit(renewal=begun(employer, clerk), by=clerk, at=NOW)
    assert [sorted(roster.rows.values_list("name", flat=True)) for roster in rosters] == [
        ["刘女士", "王小明"],
        ["陈女士"],
    ]
    for roster in rosters:
        accept_roster(roster=roster, good_only=False, by=clerk, at=NOW)
    held = Enrolment.objects.filter(cover_starts_on=END).values_list("member__name", "scheme_slug")
    assert sorted(held) == sorted(
        [
            ("刘女士", inpatient.slug),
            ("刘女士", women.slug),
            ("陈女士", inpatient.slug),
            ("王小明", inpatient.slug),
        ]
    )


def test_nobody_left_is_no_renewal(employer, inpatient, clerk):
    (liu,) = covered(employer, inpatient, "刘女士")
    found = begun(employer, clerk)
    renewal.mark(renewal=found, changes={str(line_of(found, liu).pk): {"reason": "died"}}, by=clerk, at=NOW)
    with pytest.raises(renewal.RenewalRefused, match="没有一个人"):
        renewal.submit(renewal=found, by=clerk, at=NOW)


@pytest.mark.parametrize(("late", "unbroken"), [(0, True), (GRACE.days, True), (GRACE.days + 1, False)])
def test_cover_is_unbroken_to_the_last_day_of_grace(employer, inpatient, clerk, late, unbroken):
    (liu,) = covered(employer, inpatient, "刘女士")
    found = begun(employer, clerk)
    starts_on = END + timedelta(days=late)
    renewal.start_on(renewal=found, starts_on=starts_on, by=clerk, at=NOW)
    found.refresh_from_db()
    anew = [line.name for line, _ in difference(found).anew]
    assert anew == ([] if unbroken else ["刘女士"])
    (roster,) = renewal.submit(renewal=found, by=clerk, at=NOW)
    accept_roster(roster=roster, good_only=False, by=clerk, at=NOW)
    new = Enrolment.objects.get(member=liu, cover_starts_on=starts_on)
    assert new.covered_since_on == (START if unbroken else starts_on)


def test_the_new_period_begins_neither_before_the_old_ends_nor_in_the_past(employer, inpatient, clerk):
    covered(employer, inpatient, "刘女士")
    found = begun(employer, clerk)
    with pytest.raises(renewal.RenewalRefused, match="不能早于"):
        renewal.start_on(renewal=found, starts_on=END - timedelta(days=1), by=clerk, at=NOW)
    late = datetime(2023, 2, 5, 2, tzinfo=UTC)
    (roster,) = renewal.submit(renewal=found, by=clerk, at=late)
    assert roster.cover_starts_on == date(2023, 2, 5)


def test_two_clerks_beginning_have_one_list(employer, inpatient, clerk):
    covered(employer, inpatient, "刘女士")
    begun(employer, clerk)
    begun(employer, a_role("employer_clerk", employer, "钱经办"))
    assert Renewal.objects.count() == 1
