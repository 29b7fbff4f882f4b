"""A worker's process is killed in the middle of a run: another one takes the run over within a minute and ends it once."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from factories.at_once import PATIENCE
from factories.enrolment import START, UPLOADED_AT, a_sheet, some_workers
from factories.organisations import an_employer
from factories.schemes import the_inpatient_scheme
from factories.users import a_role
from huzhu.cli import restore, site
from huzhu.config.work import KINDS
from huzhu.enrolment import services
from huzhu.enrolment.models import RosterRow
from huzhu.jobs import services as jobs
from huzhu.jobs.models import JobRun, WorkerBeat
from huzhu.jobs.working import Clock, do_next

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 6_000
WITHIN = timedelta(seconds=60)


@pytest.fixture
def worker(settings, tmp_path):
    """A real process, as on a site, at the database of this test."""
    settings.VAR_DIR = tmp_path / "var"
    started = []

    def start():
        environment = os.environ | {
            "DATABASE_URL": restore._address(site.place()),
            "HUZHU_VAR": str(django_settings.VAR_DIR),
        }
        words = [sys.executable, "-m", "huzhu.config.worker"]
        started.append(subprocess.Popen(words, env=environment))  # noqa: S603  our own command
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait(timeout=PATIENCE)


def a_long_run():
    employer = an_employer()
    clerk = a_role("employer_clerk", employer)
    roster = services.begin(
        employer=employer,
        editions=[the_inpatient_scheme()],
        cover_starts_on=START,
        name="名册.csv",
        data=a_sheet(some_workers(ROWS)),
        by=clerk,
        at=UPLOADED_AT,
    )
    jobs.ask(kind="rosters.read", about=roster.pk, title="读取名册", by=clerk, at=UPLOADED_AT)
    return roster


def until(holds, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def killed_in_the_middle(worker):
    roster = a_long_run()
    process = worker()
    until(lambda: JobRun.objects.filter(state="running", done_count__gt=0).exists())
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=PATIENCE)
    assert JobRun.objects.get().state == "running"
    return roster


def test_the_run_of_a_killed_worker_is_free_within_a_minute_and_ends_once(worker):
    roster = killed_in_the_middle(worker)
    now = timezone.now()
    assert WorkerBeat.objects.get().seen_at > now - WITHIN
    assert JobRun.objects.get().lease_until < now + WITHIN
    early = Clock(at=lambda: UPLOADED_AT, real=lambda: now)
    assert do_next(KINDS, worker="second", clock=early) is None  # the dead one's lease still holds
    later = Clock(at=lambda: UPLOADED_AT, real=lambda: timezone.now() + jobs.LEASE)
    assert do_next(KINDS, worker="second", clock=later) is not None
    assert (JobRun.objects.get().state, JobRun.objects.get().attempts) == ("done", 2)
    assert RosterRow.objects.filter(roster=roster).count() == ROWS


@pytest.mark.long
def test_a_second_process_takes_it_over_by_the_wall_clock(worker):
    killed_in_the_middle(worker)
    killed_at = time.monotonic()
    worker()
    until(lambda: JobRun.objects.filter(attempts=2).exists(), seconds=WITHIN.total_seconds())
    print(f"taken over after {time.monotonic() - killed_at:.1f} s on {connection.vendor}")
    until(lambda: JobRun.objects.filter(state="done").exists())
