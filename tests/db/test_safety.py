"""A SQLite set-up that would lose or mix up money is refused at the start, in words."""

import sqlite3
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, connections
from django.utils import timezone

from huzhu.config import host
from huzhu.db import safety
from huzhu.jobs.services import beat

pytestmark = pytest.mark.django_db


def test_the_set_up_of_this_product_is_safe():
    assert safety.objections() == []
    safety.check()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("PRAGMA synchronous=OFF", "断电会丢"),
        ("PRAGMA synchronous=NORMAL", "断电会丢"),
        ("PRAGMA foreign_keys=OFF", "外键检查"),
    ],
)
def test_a_pragma_that_risks_money_is_refused(statement, words):
    if connection.vendor != "sqlite":
        assert safety.objections() == []
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
        with pytest.raises(safety.UnsafeSetup, match=words):
            safety.check()
    finally:
        connection.close()
    assert safety.objections() == []


def test_another_journal_is_refused(settings, tmp_path):
    """In a database of its own: the journal of one that others have open is not changed beneath them."""
    if connection.vendor != "sqlite":
        return
    other = sqlite3.connect(tmp_path / "other.sqlite3")
    held, connection.connection = connection.connection, other
    try:
        assert any("不是 WAL" in one for one in safety.objections())
    finally:
        connection.connection = held
        other.close()


def test_a_transaction_that_takes_its_lock_late_is_refused(monkeypatch):
    if connection.vendor == "sqlite":
        monkeypatch.setattr(connections["default"], "transaction_mode", "DEFERRED")
        assert any("IMMEDIATE" in one for one in safety.objections())


MOUNTS = """\
/dev/vda1 / ext4 rw 0 0
server:/data /srv/data nfs4 rw 0 0
//win/x /srv/win\\040share cifs rw 0 0
host:/ /srv/ssh fuse.sshfs rw 0 0
/dev/vdb /srv/data/local xfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/huzhu.sqlite3", "ext4"),
        ("/srv/data/huzhu.sqlite3", "nfs4"),
        ("/srv/data/local/huzhu.sqlite3", "xfs"),
        ("/srv/database/huzhu.sqlite3", "ext4"),
        ("/srv/win share/x", "cifs"),
        ("/srv/ssh/x", "fuse.sshfs"),
    ],
)
def test_the_disk_is_the_one_nearest_above(path, kind):
    assert safety.file_system_of(Path(path), MOUNTS) == kind


def test_a_network_disk_is_refused(monkeypatch, tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text("server:/ / nfs4 rw 0 0\n")
    monkeypatch.setattr(safety, "MOUNTS", mounts)
    if connection.vendor == "sqlite":
        with pytest.raises(safety.UnsafeSetup, match="网络盘"):
            safety.check()
    else:
        safety.check()


def test_a_second_machine_is_refused_while_the_first_is_there():
    beat(worker="first", host="another-machine", now=timezone.now())
    if connection.vendor == "sqlite":
        with pytest.raises(ImproperlyConfigured, match="另一台机器"):
            host.refuse_second_host()
    else:
        host.refuse_second_host()


def test_this_machine_and_one_that_is_gone_are_not_in_the_way():
    beat(worker="here", host=host.this_host(), now=timezone.now())
    beat(worker="gone", host="another-machine", now=timezone.now() - timezone.timedelta(minutes=2))
    host.refuse_second_host()
