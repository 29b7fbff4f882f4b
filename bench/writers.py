"""Sixteen writers on one SQLite file: python bench/writers.py [writers] [transactions each].

Each writer is a process of its own; a transaction reads a row, changes it and writes an audit event, as an act of a
person does, and the next follows at once. Prints how many were told “locked” (the status is 1 where any was), p50, p99
and the longest wait, and transactions a second. The target, p99 within a second, is printed beside; no time is a test.
"""

import base64
import os
import secrets
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path

FOLDER = tempfile.TemporaryDirectory(prefix="huzhu-bench-")
os.environ["HUZHU_SECRET_KEY"] = secrets.token_urlsafe(48)
os.environ["HUZHU_KEYS"] = "1:" + base64.b64encode(secrets.token_bytes(32)).decode()
os.environ["DATABASE_URL"] = f"sqlite:///{Path(FOLDER.name) / 'bench.sqlite3'}"
os.environ["DJANGO_SETTINGS_MODULE"] = "huzhu.config.settings"

import django  # noqa: E402  the environment first

django.setup()

from django.core.management import call_command  # noqa: E402  Django first
from django.db import OperationalError, connection, transaction  # noqa: E402  Django first
from django.utils import timezone  # noqa: E402  Django first

from huzhu.audit import services as audit  # noqa: E402  Django first
from huzhu.organisations.models import Organisation  # noqa: E402  Django first

TARGET = 1.0  # seconds, p99


def write(number: int, times: int) -> tuple[list[float], int]:
    """Seconds of each transaction from asking to committed, and how many were told “locked”."""
    took, locked = [], 0
    place = Organisation.objects.first()
    for at in range(times):
        started = time.monotonic()
        try:
            with transaction.atomic():
                held = Organisation.objects.get(pk=place.pk)
                Organisation.objects.filter(pk=place.pk).update(staff_count=held.staff_count + 1)
                detail = {"writer": number, "at": at}
                audit.record(by=audit.SYSTEM, verb="bench.write", on=held, at=timezone.now(), detail=detail)
        except OperationalError:
            locked += 1
        took.append(time.monotonic() - started)
    return took, locked


def main(writers: int = 16, times: int = 50) -> int:
    call_command("migrate", verbosity=0)
    Organisation.objects.create(kind="association", name="协会", code="A", path="1/")
    connection.close()
    started = time.monotonic()
    with get_context("fork").Pool(writers) as pool:
        found = pool.starmap(write, [(number, times) for number in range(writers)], chunksize=1)
    seconds = time.monotonic() - started
    took = sorted(one for each, _ in found for one in each)
    locked = sum(count for _, count in found)
    p50, p99 = took[len(took) // 2], took[len(took) * 99 // 100]
    written = Organisation.objects.get().staff_count
    print(
        f"{writers} writers × {times}: {written} written, {locked} told “locked”, {len(took) / seconds:.0f} a second"
    )
    print(
        f"p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, longest {took[-1] * 1000:.0f} ms; target p99 {TARGET:.0f} s"
    )
    return 1 if locked or written != writers * times else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
