"""Long work: done once, held by one worker, tried again, called off, and told as it is."""

from datetime import timedelta
from threading import Event as Signal

import pytest

from factories.at_once import at_once
from factories.jobs import NOON, HandClock, a_run
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.jobs import queries, services, working
from huzhu.jobs.models import JobRun
from huzhu.jobs.working import Kind, do_next

pytestmark = pytest.mark.django_db


class Refused(ValueError):
    """What a person must mend."""


def counting(run, at, tell):
    for number in range(1, 4):
        tell(number, 3, f"数到 {number}")
    return {"address": "/desk/", "words": "数完了。", "last": 3}


def wrong(run, at, tell):
    raise RuntimeError("a bug")


def refusing(run, at, tell):
    raise Refused("第 3 行的数字不对，请改正后再传。")


KINDS = {"count": Kind(counting), "wrong": Kind(wrong), "refuse": Kind(refusing, (Refused,))}


def test_nobody_sees_what_another_asked_for_but_the_administrator_of_the_branch():
    mine = a_run()
    stranger = a_role("agency_clerk")
    assert not queries.visible_to(stranger).exists()
    assert not queries.visible_to(a_role("administrator")).exists()
    assert queries.visible_to(mine.asked_by).get() == mine
    above = a_role("administrator", mine.asked_by.organisation)
    assert queries.visible_to(above).get() == mine


def test_work_is_done_once_and_says_how_far_it_came():
    hand, run = HandClock(), a_run()
    assert do_next(KINDS, worker="w", clock=hand.clock) == run
    assert do_next(KINDS, worker="w", clock=hand.clock) is None
    run.refresh_from_db()
    assert (run.state, run.done_count, run.total_count, run.words) == ("done", 3, 3, "数完了。")
    assert (run.address, run.result) == ("/desk/", {"last": 3})
    assert list(Event.objects.order_by("pk").values_list("verb", flat=True)) == ["jobs.ask", "jobs.finish"]


def test_asked_for_again_while_it_is_unfinished_it_is_the_same_run():
    run = a_run(about="roster 1")
    assert a_run(run.asked_by, about="roster 1") == run
    do_next(KINDS, worker="w", clock=HandClock().clock)
    assert a_run(run.asked_by, about="roster 1") != run


def test_a_refusal_is_told_in_its_own_words_and_not_tried_again():
    hand, run = HandClock(), a_run(kind="refuse")
    do_next(KINDS, worker="w", clock=hand.clock)
    run.refresh_from_db()
    assert (run.state, run.attempts) == ("failed", 1)
    assert run.words == "第 3 行的数字不对，请改正后再传。"


def test_an_accident_is_tried_again_after_longer_and_longer_pauses_and_then_given_up():
    hand, run = HandClock(), a_run(kind="wrong")
    waited = []
    for _ in range(services.MOST_ATTEMPTS):
        assert do_next(KINDS, worker="w", clock=hand.clock) == run
        assert do_next(KINDS, worker="w", clock=hand.clock) is None
        run.refresh_from_db()
        if run.state == "waiting":
            waited.append((run.not_before - hand.moment).total_seconds())
            hand.moment = run.not_before
    assert waited == [5, 10, 20]
    assert run.state == "failed"
    assert "a bug" not in run.words
    services.try_again(run=run, by=run.asked_by, at=NOON)
    assert do_next(KINDS, worker="w", clock=hand.clock) == run


def test_a_run_whose_worker_went_silent_goes_to_another_and_the_first_is_told():
    hand, run = HandClock(), a_run()
    silent = services.take(worker="first", now=hand())
    assert services.take(worker="second", now=hand()) is None
    hand.forward(seconds=31)
    assert do_next(KINDS, worker="second", clock=hand.clock) == run
    for late in (
        lambda: services.tell(run=silent, done=1, total=3, words="", now=hand()),
        lambda: services.keep(run=silent, now=hand()),
        lambda: services.finish(run=silent, result={}, at=NOON, now=hand()),
        lambda: services.fail(run=silent, words="", at=NOON, now=hand(), final=False),
    ):
        with pytest.raises(services.RunLost):
            late()
    assert JobRun.objects.get().worker == "second"
    assert timedelta(seconds=30) >= services.LEASE


def test_work_that_kills_every_worker_is_put_down_and_holds_up_nobody():
    hand, run, after = HandClock(), a_run(), a_run()
    for _ in range(services.MOST_TAKEN):
        assert services.take(worker="dies", now=hand()) == run
        hand.forward(seconds=31)
    assert do_next(KINDS, worker="w", clock=hand.clock) == run
    assert do_next(KINDS, worker="w", clock=hand.clock) == after
    run.refresh_from_db()
    assert (run.state, run.words) == ("failed", working.NEVER_ENDED)
    services.try_again(run=run, by=run.asked_by, at=NOON)
    assert do_next(KINDS, worker="w", clock=hand.clock) == run


def test_a_worker_that_holds_on_keeps_its_run():
    hand = HandClock()
    a_run()
    held = services.take(worker="first", now=hand())
    for _ in range(5):
        hand.forward(seconds=20)
        services.keep(run=held, now=hand())
    assert services.take(worker="second", now=hand()) is None


def test_work_that_waits_is_called_off_at_once():
    run = a_run()
    services.cancel(run=run, by=run.asked_by, at=NOON, now=NOON)
    run.refresh_from_db()
    assert run.state == "cancelled"
    assert do_next(KINDS, worker="w", clock=HandClock().clock) is None
    with pytest.raises(services.RunIsOver, match="已经结束"):
        services.cancel(run=run, by=run.asked_by, at=NOON, now=NOON)


def test_work_that_runs_is_put_down_at_its_next_step():
    hand, run = HandClock(), a_run(kind="long")
    steps = []

    def long(run, at, tell):
        tell(1, 3)
        services.cancel(run=run, by=run.asked_by, at=at, now=hand())
        hand.forward(seconds=1)
        steps.append("before")
        tell(2, 3)
        steps.append("after")

    do_next({"long": Kind(long)}, worker="w", clock=hand.clock)
    run.refresh_from_db()
    assert (run.state, steps) == ("cancelled", ["before"])


def test_a_beat_that_waits_for_the_database_holds_nobody_up(monkeypatch):
    waits, over = Signal(), Signal()
    monkeypatch.setattr(working, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(services, "keep", lambda **_: waits.set() or over.wait(20))
    hand, run = HandClock(), a_run(kind="long")
    try:
        do_next({"long": Kind(lambda *_: waits.wait(20) and None)}, worker="w", clock=hand.clock)
        run.refresh_from_db()
        assert (waits.is_set(), over.is_set(), run.state) == (True, False, "done")
    finally:
        over.set()


def test_what_is_not_over_is_not_tried_again():
    run = a_run()
    with pytest.raises(services.RunIsOver, match="不用再试"):
        services.try_again(run=run, by=run.asked_by, at=NOON)


def test_what_was_asked_for_anew_is_not_tried_again():
    run = a_run(kind="refuse", about="roster 1")
    do_next(KINDS, worker="w", clock=HandClock().clock)
    anew = a_run(run.asked_by, kind="refuse", about="roster 1", title="读取名册")
    with pytest.raises(services.AskedAnew, match="“读取名册”现在排队中") as said:
        services.try_again(run=run, by=run.asked_by, at=NOON)
    assert said.value.unfinished == anew
    run.refresh_from_db()
    assert run.state == "failed"
    assert not Event.objects.filter(verb="jobs.try_again").exists()


@pytest.mark.django_db(transaction=True)
def test_tried_again_and_asked_anew_at_the_same_moment_one_run_waits():
    by = a_role("agency_clerk")
    for number in range(40):
        run = a_run(by, kind="refuse", about=number)
        services.cancel(run=run, by=by, at=NOON, now=NOON)
        at_once(
            lambda run=run: services.try_again(run=run, by=by, at=NOON),
            lambda number=number: a_run(by, kind="refuse", about=number),
        )
        assert JobRun.objects.unfinished().filter(about=number).count() == 1


def test_work_of_a_kind_that_this_version_does_not_know_is_put_down_in_words_and_holds_up_nobody():
    hand, run, after = HandClock(), a_run(kind="of a later version"), a_run()
    assert do_next(KINDS, worker="w", clock=hand.clock) == run
    assert do_next(KINDS, worker="w", clock=hand.clock) == after
    run.refresh_from_db()
    assert (run.state, run.words) == ("failed", working.UNKNOWN)
    services.try_again(run=run, by=run.asked_by, at=NOON)
    later = KINDS | {run.kind: Kind(counting)}
    assert do_next(later, worker="w", clock=hand.clock) == run
    run.refresh_from_db()
    assert run.state == "done"


def test_how_long_it_will_take_is_guessed_from_the_pace():
    hand, run = HandClock(), a_run()
    assert run.seconds_left(hand()) is None
    held = services.take(worker="w", now=hand())
    hand.forward(seconds=10)
    services.tell(run=held, done=100, total=400, words="", now=hand())
    held.refresh_from_db()
    assert (held.percent, held.seconds_left(hand())) == (25, 30)
