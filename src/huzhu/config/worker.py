"""The worker: `python -m huzhu.config.worker` does long work from the queue, and at intervals takes what waits.

Several may run; each piece of work is one worker's at a time (jobs.services.take), and what is done at intervals finds
nothing the second time. With --parts it does nothing but parts of large work that another one has begun, so that it takes
two cores. With --with-parent it ends with the process that started it.
"""

import argparse
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import datetime
from types import FrameType

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from huzhu.config import start
from huzhu.config.host import this_host
from huzhu.config.memory import keep_what_is_loaded

IDLE_SECONDS = 0.5
BEAT_SECONDS = 10.0
TROUBLE_SECONDS = 5.0  # before the next turn, after one that went wrong
log = logging.getLogger("huzhu.worker")


def work_off() -> None:
    """Do everything that waits, once, and return: for tests, and for a site that prefers a timer to a process."""
    from huzhu.config.work import CLOCK, INTERVALS, KINDS  # noqa: PLC0415  (tables need Django set up)
    from huzhu.jobs.working import do_next  # noqa: PLC0415

    while do_next(KINDS, worker="once", clock=CLOCK):
        pass
    for _, act in INTERVALS:
        act(CLOCK.at())


def run(*, name: str, stopped: Callable[[], bool]) -> None:
    """Until stopped: the next run from the queue, and what is due."""
    from huzhu.config.work import CLOCK, INTERVALS, KINDS  # noqa: PLC0415  (tables need Django set up)
    from huzhu.jobs.services import beat  # noqa: PLC0415
    from huzhu.jobs.working import do_next  # noqa: PLC0415

    due = dict.fromkeys(range(len(INTERVALS)), 0.0)
    beaten = -BEAT_SECONDS

    def turn() -> bool:
        nonlocal beaten
        if not _is_open():
            return False
        if time.monotonic() >= beaten + BEAT_SECONDS:
            beaten = time.monotonic()
            beat(worker=name, host=this_host(), now=CLOCK.real())
        did = do_next(KINDS, worker=name, clock=CLOCK) is not None
        for number, (seconds, act) in enumerate(INTERVALS):
            if time.monotonic() >= due[number]:
                due[number] = time.monotonic() + seconds
                _acted(act, CLOCK.at())
        return did

    _turn_by_turn(turn, stopped)


def help_with_parts(*, name: str, stopped: Callable[[], bool]) -> None:
    """Until stopped: parts of what a worker has handed out, and nothing else; nobody misses it when it is not there."""
    from huzhu.config.work import CLOCK, KINDS  # noqa: PLC0415
    from huzhu.jobs.services import PARTS  # noqa: PLC0415
    from huzhu.jobs.working import do_next  # noqa: PLC0415

    _turn_by_turn(lambda: do_next(KINDS, worker=name, clock=CLOCK, among=PARTS) is not None, stopped)


def _turn_by_turn(turn: Callable[[], bool], stopped: Callable[[], bool]) -> None:
    """Until stopped: a turn, and a pause where it found nothing to do; one that goes wrong is told, and does not end the worker."""
    from django.db import DatabaseError, close_old_connections  # noqa: PLC0415

    while not stopped():
        try:
            close_old_connections()
            pause = 0.0 if turn() else IDLE_SECONDS
        except DatabaseError as problem:
            log.warning("database: %s", problem)
            pause = TROUBLE_SECONDS
        except Exception:
            log.exception("a turn of the worker went wrong; the next one comes")
            pause = TROUBLE_SECONDS
        if pause:
            time.sleep(pause)


def _is_open() -> bool:
    """Not while a demonstration is being loaded: its year must not be mixed with today's work."""
    return not settings.HUZHU_DEMO or (settings.VAR_DIR / "demo.json").is_file()


def _refuse_unsafe() -> None:
    """A worker that would write into an unsafe database does not begin."""
    from django.db import DatabaseError  # noqa: PLC0415

    try:
        start.refuse_unsafe()
    except ImproperlyConfigured as unsafe:
        sys.exit(str(unsafe))
    except DatabaseError as problem:
        sys.exit(
            f"数据库不能用，后台进程不启动：{problem}。请检查数据库是否在运行、DATABASE_URL 是否正确、是否已经 migrate 过。"
        )


def _acted(act: Callable[[datetime], object], at: datetime) -> None:
    from django.db import DatabaseError  # noqa: PLC0415

    try:
        act(at)
    except DatabaseError:
        raise
    except Exception:
        log.exception("%s went wrong; next time again", act)


def main(words: list[str] | None = None) -> int:
    """Works until it is told to stop, or its parent is gone."""
    parser = argparse.ArgumentParser(prog="python -m huzhu.config.worker", description="后台任务的执行者")
    parser.add_argument("--with-parent", action="store_true", help="启动它的进程结束时一同结束")
    parser.add_argument("--parts", action="store_true", help="只帮忙做别的执行者分出来的活")
    asked = parser.parse_args(words)
    parent = os.getppid() if asked.with_parent else 0
    asked_to_stop: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  how signals call
        asked_to_stop.append(number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(
        signal.SIGINT, signal.SIG_IGN if parent else stop
    )  # Ctrl-C goes to the parent, who says TERM
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "huzhu.config.settings")
    django.setup()
    _refuse_unsafe()
    from huzhu.config import work as everything  # noqa: F401, PLC0415  all that it will need is loaded now
    from huzhu.db.engines import plan_each_time  # noqa: PLC0415

    keep_what_is_loaded()
    plan_each_time()
    work = help_with_parts if asked.parts else run
    work(
        name=f"{os.uname().nodename}:{os.getpid()}:{int(timezone.now().timestamp())}",
        stopped=lambda: bool(asked_to_stop) or (parent != 0 and os.getppid() != parent),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
