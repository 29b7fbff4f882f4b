"""The promise: working days from complete papers to money received, standing still while papers are asked for."""

from datetime import UTC, date, datetime, timedelta

import pytest

from factories.claims import HOUR, WEDNESDAY, a_covered_member, a_draft, a_submitted, yichun
from factories.files import a_file
from huzhu.claims import services
from huzhu.claims.lifecycle import DONE, LIFECYCLE, can_move
from huzhu.claims.models import Claim, Pause, State
from huzhu.claims.queries import by_urgency, clock, matching, visible_to

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_every_state_has_an_owner_and_its_exits_are_states():
    assert set(LIFECYCLE) == set(State)
    assert all(stage.owner for stage in LIFECYCLE.values())
    reached = {exit_ for stage in LIFECYCLE.values() for exit_ in stage.exits}
    assert reached == set(State) - {State.DRAFT}
    assert set(DONE) == {State.PAID, State.REFUSED, State.WITHDRAWN}
    assert can_move("reported", "decided")
    assert not can_move("submitted", "decided")


def test_wednesdays_papers_are_due_on_monday(liu):
    claim = a_submitted(liu)
    said = clock(claim, WEDNESDAY)
    assert said.due_on == date(2022, 7, 18)
    assert said.hours_left == 31  # 09:30 to 17:00 today, then Thursday, Friday, Monday
    assert (said.paused, said.overdue, said.word) == (False, False, "还剩 31 个工作小时")


def test_before_the_papers_are_complete_no_clock_runs(liu):
    claim = a_submitted(liu, but=["receipts"])
    said = clock(claim, WEDNESDAY + 30 * DAY)
    assert (said.due_on, said.hours_left, said.word) == (None, None, "材料齐全后开始计时")


def test_it_stands_still_from_the_return_to_the_papers(place, liu):
    claim = a_submitted(liu)
    by = place.agency()
    services.return_for_papers(claim=claim, reason="缺票据", by=by, at=WEDNESDAY + DAY)
    said = clock(claim, WEDNESDAY + 9 * DAY)
    assert said.paused
    assert said.word == "停表，等补材料：缺票据"
    services.put_paper(claim=claim, kind="receipts", file=a_file(), state="received", by=liu, at=WEDNESDAY)
    services.resume(
        claim=claim, by=liu, at=WEDNESDAY + 6 * DAY
    )  # Tuesday the 19th: three working days stood still
    claim = Claim.objects.get(pk=claim.pk)
    assert clock(claim, WEDNESDAY + 6 * DAY).due_on == date(2022, 7, 21)


def test_an_overdue_claim_says_so(liu):
    said = clock(a_submitted(liu), datetime(2022, 7, 19, 3, 0, tzinfo=UTC))
    assert said.overdue
    assert said.word == "已超时 2 个工作小时"


def test_an_urgent_claim_is_due_the_day_it_is_reported(place, liu):
    claim = a_submitted(liu)
    services.set_urgent(claim=claim, reason="急等手术费", by=place.agency(), at=WEDNESDAY)
    assert clock(claim, WEDNESDAY).due_on == date(2022, 7, 18)
    services.advance(claim=claim, to="reported", by=place.agency(), at=WEDNESDAY + HOUR)
    said = clock(claim, WEDNESDAY + HOUR)
    assert said.due_on == date(2022, 7, 13)
    assert said.word.startswith("加急")


def hurried(place, liu, at):
    """Reported on Wednesday and put into the urgent lane then."""
    claim = a_submitted(liu)
    services.advance(claim=claim, to="reported", by=place.agency(), at=WEDNESDAY + HOUR)
    return services.set_urgent(claim=claim, reason="急等手术费", by=place.agency("周代办"), at=at)


def stood_still(claim, *pauses):
    for begun, ended in pauses:
        Pause.objects.create(claim=claim, reason="缺票据", asked_by="1", from_at=begun, to_at=ended)
    return Claim.objects.get(pk=claim.pk)


def test_what_becomes_urgent_later_is_due_that_day(place, liu):
    claim = hurried(place, liu, WEDNESDAY + DAY)
    said = clock(claim, WEDNESDAY + DAY)
    assert (said.due_on, said.overdue) == (date(2022, 7, 14), False)
    assert clock(claim, WEDNESDAY + 2 * DAY).overdue


def test_what_becomes_urgent_after_the_close_is_due_on_the_next_working_day(place, liu):
    claim = hurried(place, liu, WEDNESDAY + 2 * DAY + 9 * HOUR)  # Friday, 18:30
    said = clock(claim, WEDNESDAY + 2 * DAY + 9 * HOUR)
    assert (said.due_on, said.hours_left) == (date(2022, 7, 18), 8)


def test_what_was_urgent_before_the_time_was_kept_is_due_on_the_day_of_the_report(place, liu):
    claim = hurried(place, liu, WEDNESDAY + DAY)
    claim.urgent_at = None
    assert clock(claim, WEDNESDAY).due_on == date(2022, 7, 13)


@pytest.mark.parametrize(
    ("pauses", "due"),
    [
        ([(2 * HOUR, 2 * DAY)], date(2022, 7, 15)),  # returned at once, back on Friday
        ([(2 * HOUR, 3 * DAY)], date(2022, 7, 16)),  # back on Saturday: an urgent day is worked
        ([(2 * HOUR, 2 * DAY + 9 * HOUR)], date(2022, 7, 18)),  # on Friday after the close
        ([(1 * DAY, 2 * DAY)], date(2022, 7, 14)),  # a day late when it was returned, and still so
        ([(2 * HOUR, 1 * DAY), (1 * DAY + HOUR, 5 * DAY)], date(2022, 7, 18)),  # twice
        ([(-2 * DAY, -1 * DAY)], date(2022, 7, 13)),  # at the agency, before it was reported
    ],
)
def test_the_clock_of_an_urgent_claim_stands_still_too(place, liu, pauses, due):
    claim = hurried(place, liu, WEDNESDAY + HOUR)
    claim = stood_still(claim, *((WEDNESDAY + begun, WEDNESDAY + ended) for begun, ended in pauses))
    assert clock(claim, WEDNESDAY + 9 * DAY).due_on == due


def test_it_ends_when_the_money_is_there(place, liu):
    claim = a_submitted(liu)
    by = place.agency()
    for to in ("reported", "decided", "paying"):
        services.advance(claim=claim, to=to, by=by, at=WEDNESDAY + DAY)
    services.advance(claim=claim, to="paid", by=by, at=datetime(2022, 7, 15, 8, 24, tzinfo=UTC))
    said = clock(claim, WEDNESDAY + 30 * DAY)
    assert said.word == "已到账，用了 2 个工作日"
    assert said.hours_left is None


def test_the_urgent_come_first_then_the_least_time_then_those_without_a_clock(place, liu):
    by = place.agency()
    later = a_submitted(liu, at=WEDNESDAY + DAY)
    wang = a_covered_member(place, "王小明", sex="male")
    first = a_submitted(wang, setl_id="S2", kinds=["inpatient"])
    zhou = a_covered_member(place, "周师傅", sex="male")
    unclear = a_submitted(zhou, setl_id="S3", kinds=["inpatient"], but=["receipts"])
    zheng = a_covered_member(place, "郑师傅", sex="male")
    urgent = a_submitted(zheng, setl_id="S4", kinds=["inpatient"], at=WEDNESDAY + DAY)
    services.set_urgent(claim=urgent, reason="急等手术费", by=by, at=WEDNESDAY + DAY)
    order = [claim.number for claim, _ in by_urgency(visible_to(by), WEDNESDAY + DAY)]
    assert order == [one.number for one in (urgent, first, later, unclear)]


def test_everyone_sees_their_own_branch_only(place, liu):
    claim = a_submitted(liu)
    elsewhere = yichun()
    for by in (liu, place.clerk(), place.agency(), place.reviewer(), place.second()):
        assert list(visible_to(by)) == [claim]
    for by in (
        elsewhere.clerk(),
        elsewhere.agency(),
        elsewhere.reviewer(),
        a_covered_member(elsewhere, "王小明"),
    ):
        assert not visible_to(by).exists()


def test_a_draft_on_the_phone_is_nobody_elses_business(place, liu):
    draft = a_draft(liu)
    by = place.agency()
    assert list(visible_to(liu)) == [draft]
    assert not visible_to(by).exists()
    counter = a_draft(liu, by=by, channel="counter")
    assert list(visible_to(by)) == [counter]


def test_a_claim_is_found_by_its_number_the_name_or_the_last_four(place, liu):
    claim = a_submitted(liu)
    seen = visible_to(place.agency())
    for text in (claim.number, "000001", "刘女士", liu.id_number, liu.id_number[-4:]):
        assert list(matching(seen, text)) == [claim]
    assert not matching(seen, "王小明").exists()
