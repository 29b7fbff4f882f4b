"""Somebody else who writes meanwhile: another process, one short transaction every 50 ms, and how long each of them took."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

WAIT = 0.05  # seconds between two writes
AT = datetime(2022, 1, 20, 2, tzinfo=UTC)


@contextmanager
def somebody_writes() -> Iterator[list[float]]:
    """On the database of DATABASE_URL, where an organisation must stand; the milliseconds of each write, at the end."""
    found: list[float] = []
    writer = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603  this very file
    assert writer.stdout
    assert writer.stdin
    writer.stdout.readline()
    yield found
    writer.stdin.close()
    found += map(float, writer.stdout.read().split())
    writer.wait()


def waits(times: list[float]) -> str:
    """p50, p99, the longest, and how many."""
    found = sorted(times)
    if not found:
        return "—"
    p50, p99 = (found[max(0, -(-len(found) * part // 100) - 1)] for part in (50, 99))
    return f"p50 {p50:.0f}, p99 {p99:.0f} ms (most {found[-1]:.0f}, {len(found)} writes)"


def _write_until_told() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "huzhu.config.settings")
    import django  # noqa: PLC0415  the environment first

    django.setup()
    from django.db import OperationalError, transaction  # noqa: PLC0415  Django first

    from huzhu.audit import services as audit  # noqa: PLC0415
    from huzhu.organisations.models import Organisation  # noqa: PLC0415

    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    organisation = Organisation.objects.order_by("pk").first()
    print("ready", flush=True)
    times = []
    while not over.wait(WAIT):
        began = time.perf_counter()
        try:
            with transaction.atomic():
                audit.record(by=audit.SYSTEM, verb="bench.write", on=organisation, at=AT)
        except OperationalError:  # it waited for as long as it may, and counts as having waited so long
            pass
        times.append((time.perf_counter() - began) * 1000)
    print(*times)


if __name__ == "__main__":
    _write_until_told()
