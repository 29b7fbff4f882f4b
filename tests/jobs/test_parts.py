"""Large work by parts: whoever is free takes them, their sum is told, and what is stopped is taken again."""

import pytest

from factories.jobs import NOON, HandClock, a_run
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.jobs import queries, services, working
from huzhu.jobs.models import JobRun
from huzhu.jobs.services import PARTS
from huzhu.jobs.working import Kind, do_next

pytestmark = pytest.mark.django_db


class Refused(ValueError):
    """What a person must mend."""


class Things:
    """Nine things, three to a part; a test says what happens when a part begins."""

    def __init__(self) -> None:
        self.hand, self.left, self.by = HandClock(), list(range(9)), []
        self.when = lambda _: None

    def whole(self, _run, _at, work):
        work.together("some", self.parts, "正在数")
        return {"words": "数完了。"}

    def parts(self):
        return [
            {"count": len(self.left[n : n + 3]), "take": self.left[n : n + 3]}
            for n in range(0, len(self.left), 3)
        ]

    def some(self, run, _at, tell):
        self.by.append(run.worker)
        self.when(run)
        for done, one in enumerate(run.arguments["take"], start=1):
            self.left.remove(one)
            tell(done, run.arguments["count"])

    def next(self, worker="first", **more):
        kinds = {"whole": Kind(self.whole, called_off="停下了。"), "some": Kind(self.some, (Refused,))}
        return do_next(kinds, worker=worker, clock=self.hand.clock, **more)


@pytest.fixture
def things(monkeypatch):
    """Waiting for others, time goes on."""
    found = Things()
    monkeypatch.setattr(working.time, "sleep", lambda _: found.hand.forward(seconds=1))
    return found


@pytest.fixture
def run(things):
    return a_run(kind="whole")


def test_one_worker_does_all_parts_and_only_the_whole_is_seen_and_written_down(things, run):
    assert things.next() == run
    run.refresh_from_db()
    assert (things.left, run.state, run.words) == ([], "done", "数完了。")
    assert (run.done_count, run.total_count) == (9, 9)
    assert list(Event.objects.order_by("pk").values_list("verb", flat=True)) == ["jobs.ask", "jobs.finish"]
    assert list(queries.visible_to(run.asked_by)) == [run]
    assert list(queries.visible_to(a_role("administrator", run.asked_by.organisation))) == [run]
    assert things.next() is None


def test_another_worker_takes_parts_and_waits_in_no_queue_of_people(things, run):
    seen = []

    def when(part):
        if part.worker == "first":
            seen.append(queries.waits_since(things.hand()))
            things.next("second", among=PARTS)

    things.when = when
    things.next()
    run.refresh_from_db()
    assert (run.state, things.left, sorted(things.by)) == ("done", [], ["first", "first", "second"])
    assert seen == [None, None]
    assert things.next("second", among=PARTS) is None


def test_a_helper_takes_nothing_but_parts(things):
    a_run(kind="whole")
    assert things.next("helper", among=PARTS) is None


def test_a_part_whose_worker_was_killed_is_taken_when_its_lease_has_passed(things, run):
    def when(_):
        things.when = lambda _: None
        assert services.take(worker="dead", now=things.hand(), among=PARTS)
        things.hand.forward(seconds=31)

    things.when = when
    things.next()
    run.refresh_from_db()
    assert (run.state, things.left, set(things.by)) == ("done", [], {"first"})


def test_killed_with_parts_handed_out_they_are_ended_before_the_rest_is_parted_again(things, run):
    def when(_):
        raise KeyboardInterrupt

    things.when = when
    with pytest.raises(KeyboardInterrupt):
        things.next()
    things.left.append(9)  # came later
    parted = []
    parts = things.parts
    things.parts = lambda: parted.append(list(things.left)) or parts()
    things.when = lambda _: None
    things.hand.forward(seconds=31)
    assert things.next("second", among=~PARTS) == run
    run.refresh_from_db()
    assert (run.state, run.attempts, things.left, parted) == ("done", 2, [], [[9]])


def test_a_part_that_is_refused_ends_the_whole_in_its_words_and_it_may_be_tried_again(things, run):
    def when(_):
        raise Refused("第 3 行的数字不对，请改正。")

    things.when = when
    things.next()
    run.refresh_from_db()
    assert (run.state, run.words) == ("failed", "第 3 行的数字不对，请改正。")
    assert not JobRun.objects.unfinished().exists()
    things.when = lambda _: None
    services.try_again(run=run, by=run.asked_by, at=NOON)
    things.next()
    run.refresh_from_db()
    assert (run.state, things.left, run.done_count) == ("done", [], 9)


def test_a_part_of_an_unknown_kind_ends_the_whole_in_words(things, run):
    things.whole = lambda _run, _at, work: work.together("of a later version", things.parts, "正在数")
    things.next()
    run.refresh_from_db()
    assert (run.state, run.words) == ("failed", working.UNKNOWN)


def test_an_accident_in_a_part_is_tried_again_and_the_whole_waits_for_it(things, run):
    def when(_):
        things.when = lambda _: None
        things.hand.forward(seconds=1)
        raise RuntimeError("a bug")

    things.when = when
    things.next()
    run.refresh_from_db()
    assert (run.state, things.left, len(things.by)) == ("done", [], 4)


def test_called_off_no_further_part_is_begun(things, run):
    def when(_):
        services.cancel(run=run, by=run.asked_by, at=NOON, now=things.hand())
        things.hand.forward(seconds=1)

    things.when = when
    things.next()
    run.refresh_from_db()
    assert (run.state, run.words, len(things.by)) == ("cancelled", "停下了。", 1)
    assert set(run.parts.values_list("state", flat=True)) == {"cancelled"}
    things.when = lambda _: None
    services.try_again(run=run, by=run.asked_by, at=NOON)
    things.next()
    run.refresh_from_db()
    assert (run.state, things.left) == ("done", [])


def test_who_lost_the_whole_leaves_its_parts_to_the_next(things, run):
    def when(_):
        JobRun.objects.filter(pk=run.pk).update(worker="second", attempts=2)
        things.hand.forward(seconds=1)

    things.when = when
    things.next()
    assert JobRun.objects.get(pk=run.pk).state == "running"
    assert set(run.parts.values_list("state", flat=True)) <= {"waiting", "running"}
