"""Approval of rosters where the tree asks for it: who may, in which order, and never the author."""

import pytest

from factories.enrolment import UPLOADED_AT, a_staged_roster, some_workers
from factories.organisations import a_county, an_employer
from factories.schemes import the_inpatient_scheme
from factories.users import a_role
from huzhu.contributions.approving import approve_roster
from huzhu.contributions.services import accept_roster
from huzhu.enrolment import approval, services
from huzhu.enrolment.models import Enrolment, Roster
from huzhu.members.models import Member
from huzhu.users.permissions import NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
AT = UPLOADED_AT


@pytest.fixture
def employer(county):
    return an_employer(county, sector="county", name="铁力市人民医院")


def staged(employer, by, rows=None):
    return a_staged_roster(employer, [the_inpatient_scheme()], rows or some_workers(2), by=by)


def ask(county, sun, steps="county"):
    return approval.set_rule(organisation=county, steps=steps, by=sun, at=AT)


def submitted(employer, clerk, **more):
    return approval.submit(roster=staged(employer, clerk), good_only=False, by=clerk, at=AT, **more)


def test_only_the_agency_says_where_approval_is_asked_for(county, clerk, qian, sun):
    for by in (clerk, qian):
        with pytest.raises(NotAllowed):
            ask(county, by)
    assert ask(county, sun).steps == "county"


def test_an_employer_and_an_unknown_word_are_no_rule(employer, county, sun):
    for place, steps in ((employer, "county"), (county, "twice")):
        with pytest.raises(approval.ApprovalRefused):
            ask(place, sun, steps)


def test_without_a_rule_rosters_are_confirmed_as_before(employer, clerk):
    roster = staged(employer, clerk)
    with pytest.raises(approval.ApprovalRefused, match="不需要审批"):
        approval.submit(roster=roster, good_only=False, by=clerk, at=AT)
    accept_roster(roster=roster, good_only=False, by=clerk, at=AT)
    assert Enrolment.objects.count() == 2


def test_where_it_is_asked_for_nobody_joins_by_confirming(employer, county, clerk, sun):
    roster = staged(employer, clerk)
    ask(county, sun)
    with pytest.raises(approval.ApprovalRefused, match="铁力市总工会审批"):
        accept_roster(roster=roster, good_only=False, by=clerk, at=AT)
    assert not Enrolment.objects.exists()


def test_a_submitted_roster_is_changed_by_nobody(employer, county, clerk, sun):
    ask(county, sun)
    roster = submitted(employer, clerk)
    assert roster.state == Roster.State.AT_COUNTY
    with pytest.raises(services.RosterSettled):
        services.mend(roster=roster, changes={}, by=clerk, at=AT)
    with pytest.raises(services.RosterSettled):
        services.cancel(roster=roster, by=clerk, at=AT)
    with pytest.raises(approval.NotTheirTurn):
        approval.submit(roster=roster, good_only=False, by=clerk, at=AT)


def test_the_county_approves_and_everybody_joins(employer, county, clerk, qian, sun):
    ask(county, sun)
    roster = submitted(employer, clerk)
    assert [step.roster for step in approval.waiting_for(qian)] == [roster]
    (due,) = approve_roster(roster=roster, by=qian, at=AT)
    roster.refresh_from_db()
    assert (roster.state, due.heads, Enrolment.objects.count()) == ("accepted", 2, 2)
    assert not approval.waiting_for(qian).exists()
    with pytest.raises(approval.NotTheirTurn):
        approve_roster(roster=roster, by=qian, at=AT)


def test_two_steps_are_taken_in_order(employer, county, clerk, qian, sun):
    ask(county, sun, "both")
    roster = submitted(employer, clerk)
    with pytest.raises(approval.NotTheirTurn, match="铁力市总工会"):
        approve_roster(roster=roster, by=sun, at=AT)
    assert approve_roster(roster=roster, by=qian, at=AT) == []
    assert not Enrolment.objects.exists()
    roster.refresh_from_db()
    assert roster.state == Roster.State.AT_AGENCY
    assert len(approve_roster(roster=roster, by=sun, at=AT)) == 1
    said = [(step.office.name, step.state, step.actor_name) for step in approval.round_of(roster)]
    assert said == [
        ("铁力市人民医院", "submitted", "赵经办（单位经办人）"),
        ("铁力市总工会", "approved", "钱县工（县区工会经办）"),
        ("伊春市代办处", "approved", "孙代办（代办处经办）"),
    ]


def test_the_author_never_approves_even_in_another_role(employer, county, clerk, sun):
    ask(county, sun)
    roster = submitted(employer, clerk)
    also_county = a_role("county_clerk", county, user=clerk.user)
    assert not approval.waiting_for(also_county).exists()
    assert not approval.turn_of(roster, also_county)
    with pytest.raises(approval.AuthorApproves):
        approve_roster(roster=roster, by=also_county, at=AT)
    with pytest.raises(approval.AuthorApproves):
        approval.send_back(roster=roster, reason="看错了", by=also_county, at=AT)


def test_who_submitted_anothers_upload_does_not_approve_it_either(employer, county, clerk, qian, sun):
    ask(county, sun)
    roster = staged(employer, clerk)
    approval.submit(roster=roster, good_only=False, by=qian, at=AT)
    with pytest.raises(approval.AuthorApproves):
        approve_roster(roster=roster, by=qian, at=AT)
    approve_roster(roster=roster, by=a_role("county_clerk", county, "另一位"), at=AT)


def test_an_employers_clerk_and_another_county_approve_nothing(employer, county, clerk, sun, city):
    ask(county, sun)
    roster = submitted(employer, clerk)
    for by in (
        a_role("employer_clerk", employer, "同事"),
        a_role("county_clerk", a_county(city, "嘉荫县总工会")),
    ):
        with pytest.raises(NotAllowed):
            approve_roster(roster=roster, by=by, at=AT)


def test_returned_with_a_reason_mended_and_submitted_again(employer, county, clerk, qian, sun):
    ask(county, sun)
    roster = submitted(employer, clerk)
    with pytest.raises(approval.ApprovalRefused, match="理由"):
        approval.send_back(roster=roster, reason=" ", by=qian, at=AT)
    approval.send_back(roster=roster, reason="有两人已退休", by=qian, at=AT)
    assert roster.state == Roster.State.STAGED
    assert approval.sent_back(roster).reason == "有两人已退休"
    assert [step.roster for step in approval.returned_to(clerk)] == [roster]
    assert approval.with_returned(Roster.objects.all()).get().is_returned
    with pytest.raises(approval.ApprovalRefused):
        accept_roster(roster=roster, good_only=False, by=clerk, at=AT)
    approval.submit(roster=roster, good_only=False, by=clerk, at=AT)
    assert approval.sent_back(roster) is None
    assert not approval.returned_to(clerk).exists()
    approve_roster(roster=roster, by=qian, at=AT)
    assert Enrolment.objects.count() == 2


def test_bad_rows_are_left_out_as_submitted(employer, county, clerk, qian, sun):
    ask(county, sun)
    roster = staged(employer, clerk, [*some_workers(2), ("王小明", "123", "")])
    with pytest.raises(services.RowsToMend):
        approval.submit(roster=roster, good_only=False, by=clerk, at=AT)
    approval.submit(roster=roster, good_only=True, by=clerk, at=AT)
    (due,) = approve_roster(roster=roster, by=qian, at=AT)
    assert due.heads == 2


def test_who_joined_elsewhere_meanwhile_takes_the_approval_back(employer, county, clerk, qian, sun, city):
    ask(county, sun)
    rows = some_workers(2)
    roster = approval.submit(roster=staged(employer, clerk, rows), good_only=False, by=clerk, at=AT)
    other = an_employer(city, name="美溪林业局公司")
    accept_roster(roster=staged(other, sun, rows[:1]), good_only=False, by=sun, at=AT)
    with pytest.raises(services.RowsChanged):
        approve_roster(roster=roster, by=qian, at=AT)
    roster.refresh_from_db()
    assert roster.state == Roster.State.AT_COUNTY
    approval.send_back(roster=roster, reason="有人已在别处参加", by=qian, at=AT)
    assert roster.rows.filter(joins="").count() == 1  # judged anew, so that the employer sees who


def test_the_nearest_rule_counts_and_without_a_county_the_agency_approves(employer, county, city, sun):
    ask(city, sun)
    ask(county, sun, "none")
    assert approval.offices(employer) == []
    assert approval.offices(an_employer(city, name="市教育局", sector="municipal")) == [city]


def test_nobody_is_registered_before_the_last_approval(employer, county, clerk, sun):
    ask(county, sun)
    submitted(employer, clerk)
    assert not Member.objects.exists()
