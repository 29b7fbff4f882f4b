"""Each check turns red when the thing is wrong, and says what to do."""

import shutil
from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from factories.jobs import a_run
from factories.payouts import DECIDED_AT, Desk, a_payout, a_released
from factories.users import a_role
from factories.web import as_staff
from huzhu.audit.services import SYSTEM, record, seal
from huzhu.db import guards, safety
from huzhu.db import queries as database
from huzhu.db.services import note_backup, note_drill
from huzhu.insight import health
from huzhu.jobs.services import beat
from huzhu.payouts.demobank import reply_for
from huzhu.payouts.models import PayoutBatch
from huzhu.payouts.services import apply_reply, hold_unanswered

pytestmark = pytest.mark.django_db
NOW = DECIDED_AT + timedelta(days=1)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def well():
    """A site in use with nothing wrong."""
    beat(worker="w", host="h", now=NOW)
    note_backup(name="b", size=1, sha256="", at=NOW)
    note_drill(name="b", at=NOW)


def states(now=NOW, at=NOW):
    return {check.name: check.state for check in health.looked_at(now=now, at=at)}


def test_a_well_site_is_all_green(well):
    assert set(states().values()) == {"good"}


def test_every_trouble_says_what_to_do(well):
    checks = health.looked_at(now=NOW + 900 * DAY, at=NOW + 900 * DAY)
    assert {check.name for check in checks if check.state == "bad"} >= {"worker", "backup", "drill"}
    assert all(check.remedy for check in checks if check.state != "good")


@pytest.mark.parametrize(
    ("after", "name", "state"),
    [
        (59 * SECOND, "worker", "good"),
        (61 * SECOND, "worker", "warn"),
        (2 * MINUTE, "worker", "bad"),
        (25 * HOUR, "backup", "good"),
        (27 * HOUR, "backup", "warn"),
        (51 * HOUR, "backup", "bad"),
        (99 * DAY, "drill", "good"),
        (101 * DAY, "drill", "warn"),
    ],
)
def test_what_grows_old_is_told(well, after, name, state):
    assert states(now=NOW + after)[name] == state


def test_without_worker_or_backup_it_is_red_and_in_the_demo_no_backup_is_wanted(settings):
    assert (states()["worker"], states()["backup"], states()["drill"]) == ("bad", "bad", "warn")
    settings.HUZHU_DEMO = True
    assert (states()["worker"], states()["backup"], states()["drill"]) == ("bad", "good", "good")


def test_work_that_nobody_takes_is_told(well):
    a_run(at=NOW)
    assert states()["queue"] == "good"
    assert states(at=NOW + 3 * MINUTE)["queue"] == "warn"
    assert states(at=NOW + 11 * MINUTE)["queue"] == "bad"


def test_a_trail_that_nobody_seals_is_told(well):
    desk = Desk()
    record(by=SYSTEM, verb="test.see", on=desk.city, at=NOW, kind="read")
    assert states(at=NOW + 16 * MINUTE)["chain"] == "bad"
    seal(at=NOW)
    assert states(at=NOW + 16 * MINUTE)["chain"] == "good"


def test_a_batch_without_an_answer_is_told(well):
    a_released(Desk())
    seal(at=NOW)
    assert states(at=DECIDED_AT + 10 * HOUR)["doubt"] == "good"
    assert states(at=DECIDED_AT + 27 * HOUR)["doubt"] == "warn"
    assert states(at=DECIDED_AT + 4 * DAY)["doubt"] == "bad"


def test_what_is_in_doubt_and_what_is_not_answered_have_each_their_age(well):
    desk = Desk()
    silent, unclear = (a_released(desk, a_payout(desk, name=name)) for name in ("王小明", "李小红"))
    at = DECIDED_AT + 4 * HOUR
    apply_reply(batch=unclear, data=reply_for(unclear, at, unclear_lines={1}), by=desk.maker, at=at)
    PayoutBatch.objects.filter(pk=silent.pk).update(released_at=at - 30 * HOUR)
    [found] = [one for one in health.looked_at(now=NOW, at=at + HOUR) if one.name == "doubt"]
    assert found.said == "存疑 1 笔，最早的放行后等了 3 小时；没有回盘的最早一批放行后等了 1 天"
    assert found.state == "warn"
    hold_unanswered(at=at + HOUR)
    [found] = [one for one in health.looked_at(now=NOW, at=at + HOUR) if one.name == "doubt"]
    assert (found.said, found.state) == ("存疑 2 笔，最早的放行后等了 1 天", "warn")


@pytest.mark.parametrize(
    ("room", "word", "value", "name"),
    [
        (database, "pending_migrations", ["claims.0099_x"], "migrations"),
        (guards, "missing", ["audit_event"], "guards"),
        (safety, "objections", ["不安全"], "database"),
    ],
)
def test_what_makes_a_site_unsafe_is_red(well, monkeypatch, room, word, value, name):
    monkeypatch.setattr(room, word, lambda: value)
    assert states()[name] == "bad"


def test_a_full_disk_is_red(well, monkeypatch):
    usage = type(shutil.disk_usage("/"))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100 * health.GIB, 99 * health.GIB, health.GIB))
    assert states()["disk"] == "bad"
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _: usage(100 * health.GIB, 92 * health.GIB, 8 * health.GIB)
    )
    assert states()["disk"] == "warn"


def test_a_database_that_is_gone_is_red_and_not_an_error(monkeypatch):
    def gone():
        raise DatabaseError("server closed the connection, user=huzhu")

    monkeypatch.setattr(health, "_database", gone)
    assert states()["database"] == "bad"
    answer = Client().get("/health/")
    assert answer.status_code == 503
    assert "huzhu" not in answer.content.decode()
    assert Client().get("/health/live/").status_code == 503


# ── pages ───────────────────────────────────────────────────────────────────────────────────────────


def test_machines_get_200_or_503_and_no_more_than_words():
    now = timezone.now()
    beat(worker="w", host="h", now=now)
    note_backup(name="b", size=1, sha256="", at=now)
    answer = Client().get("/health/")
    assert (answer.status_code, answer.json()["status"]) == (200, "warn")
    assert set(answer.json()["checks"].values()) <= {"good", "warn", "bad"}
    note_backup(name="c", size=1, sha256="", at=now)
    beat(worker="w", host="h", now=now - HOUR)
    answer = Client().get("/health/")
    assert (answer.status_code, answer.json()["checks"]["worker"]) == (503, "bad")
    assert Client().get("/health/live/").json() == {"status": "good"}


def test_the_administrators_page_says_what_to_do():
    page = as_staff(a_role("administrator")).get("/desk/health/").content.decode()
    assert "✕ 不正常" in page
    assert "python -m huzhu.config.worker" in page
    assert "运行 huzhu backup" in page
    assert as_staff(a_role("auditor")).get("/desk/health/").status_code == 404
