"""Which machine this is, and why a SQLite file is for one of them alone."""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.utils import timezone

BOOT = Path("/proc/sys/kernel/random/boot_id")


def this_host() -> str:
    """The running kernel, or the name of the machine: containers of one machine share their locks, two machines do not."""
    boot = BOOT.read_text().strip()[:13] if BOOT.exists() else ""
    return boot or os.uname().nodename[:60]


def refuse_second_host() -> None:
    """Raise ImproperlyConfigured where a worker of another machine was in this SQLite file within a minute."""
    from huzhu.jobs.queries import other_hosts  # noqa: PLC0415  (tables need Django set up)

    if connection.vendor != "sqlite":
        return
    if others := other_hosts(this_host(), timezone.now()):
        raise ImproperlyConfigured(
            f"另一台机器（{'、'.join(others)}）正在用同一个 SQLite 文件，两台同时写会毁掉账目，系统不启动。"
            "SQLite 只能一台机器用：多台请改用 PostgreSQL；那一台已经停了的，等一分钟再启动。"
        )
