"""A backup while people work, a drill that restores it elsewhere, and what is refused; on both engines."""

import base64
import json
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from threading import Timer

import psycopg
import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.utils import timezone

from factories.backups import a_backup, an_empty_place, an_office
from factories.organisations import an_employer
from huzhu.cli import backup, restore, site, store
from huzhu.cli.main import main
from huzhu.db import guards
from huzhu.db.models import BackupMade, DrillDone
from huzhu.organisations.models import Organisation

pytestmark = pytest.mark.django_db(transaction=True)
only_postgres = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="a file is its own scratch place"
)


@pytest.fixture(autouse=True)
def _a_place_of_its_own(settings, tmp_path):
    settings.VAR_DIR = tmp_path / "var"


@pytest.fixture
def office():
    return an_office()


def test_a_backup_is_whole_and_restores_and_agrees(office, capfd):
    folder = a_backup()
    manifest = backup.read(folder)
    assert (manifest["engine"], manifest["files_count"], manifest["key_versions"]) == (
        connection.vendor,
        2,
        [1],
    )
    assert BackupMade.objects.get().name == folder.name
    assert "密钥（HUZHU_KEYS）不在备份里" in capfd.readouterr().out
    assert main(["restore", "latest", "--drill"]) == 0
    said = capfd.readouterr().out
    assert "全部相符，差额 0" in said
    assert "演练通过" in said
    assert DrillDone.objects.get().name == folder.name


def test_the_keys_are_not_in_it(office):
    folder = a_backup()
    key = os.environ["HUZHU_KEYS"].partition(":")[2]
    secret = [key.encode(), base64.b64decode(key), os.environ["HUZHU_SECRET_KEY"].encode()]
    for part in folder.iterdir():
        data = part.read_bytes()
        assert not any(one in data for one in secret), part.name
        assert part.stat().st_mode & 0o077 == 0 or part.name == backup.MANIFEST


def test_nobody_waits_for_a_backup_and_it_holds_no_half_of_anything(office):
    """A transaction is open while the backup is made: the backup does not wait, and does not see it."""
    before = Organisation.objects.count()
    with transaction.atomic():
        an_employer(name="还没有提交")
        folder = backup.make(
            site.place(), django_settings.VAR_DIR / "backups", at=timezone.now() + timedelta(hours=1)
        )
        transaction.set_rollback(True)
    assert backup.read(folder)
    if connection.vendor == "sqlite":
        with sqlite3.connect(folder / "database.sqlite3") as copy:
            assert copy.execute("SELECT count(*) FROM organisations_organisation").fetchone() == (before,)
        copy.close()


@pytest.mark.parametrize("part", ["database", "files.tar"])
def test_a_damaged_backup_is_refused(office, part, capfd):
    folder = a_backup()
    name = store.database_name(connection.vendor) if part == "database" else part
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    assert main(["restore", str(folder), "--drill"]) == 1
    assert f"{name} 和清单不符" in capfd.readouterr().err
    assert not DrillDone.objects.exists()


def test_what_is_no_backup_is_told_so(office, tmp_path, capfd):
    assert main(["restore", "latest", "--drill"]) == 1
    assert "没有备份" in capfd.readouterr().err
    folder = a_backup()
    manifest = json.loads((folder / backup.MANIFEST).read_text())
    other = "postgresql" if connection.vendor == "sqlite" else "sqlite"
    for wrong, words in (
        ("not json", "读不出来"),
        ("[]", "读不出来"),
        (json.dumps({"format": "zip"}), "另一种格式"),
        (json.dumps(manifest | {"parts": {"../x": {}}}), "不合规矩"),
        (json.dumps(manifest | {"engine": other}), "同一种数据库"),
    ):
        (folder / backup.MANIFEST).write_text(wrong)
        assert main(["restore", str(folder), "--drill"]) == 1
        assert words in capfd.readouterr().err
    (folder / "files.tar").unlink()
    (folder / backup.MANIFEST).write_text(json.dumps(manifest))
    assert main(["restore", str(folder), "--drill"]) == 1
    assert "缺 files.tar" in capfd.readouterr().err
    assert main(["restore", str(tmp_path / "nowhere")]) == 1


@pytest.mark.skipif(connection.vendor != "sqlite", reason="a file and its log are SQLite's")
@pytest.mark.parametrize("end", ["", "-wal", "-shm"])
def test_a_log_that_was_left_behind_is_data(tmp_path, end):
    name = tmp_path / "site.sqlite3"
    place = replace(site.place(), database={"NAME": str(name)})
    assert store.is_empty(place)
    name.with_name(f"{name.name}{end}").touch()
    assert not store.is_empty(place)


def test_a_restore_never_goes_over_data(office, capfd):
    folder = a_backup()
    assert main(["restore", str(folder)]) == 1
    assert "已经有数据，没有恢复" in capfd.readouterr().err


def test_a_drill_fails_when_the_books_do_not_agree(office, capfd):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_voucherday SET last = last + 1")
    folder = a_backup()
    assert main(["restore", str(folder), "--drill"]) == 1
    captured = capfd.readouterr()
    assert "凭证号连续" in captured.out
    assert "演练没有通过" in captured.err
    assert not DrillDone.objects.exists()


def test_a_drill_fails_with_other_keys_and_with_a_lost_upload(office, capfd, monkeypatch):
    for upload in (django_settings.VAR_DIR / "files").iterdir():
        upload.unlink()
    folder = a_backup()
    monkeypatch.setenv("HUZHU_KEYS", "1:" + base64.b64encode(secrets.token_bytes(32)).decode())
    assert main(["restore", str(folder), "--drill"]) == 1
    said = capfd.readouterr().out
    assert "这个数据库是用另外的密钥写的" in said
    assert "请从备份取回" in said


def test_a_backup_is_restored_into_an_empty_place(office, tmp_path):
    """The whole way, as on another machine: a new address, a new folder, one command."""
    folder = a_backup()
    words = [sys.executable, "-m", "huzhu.cli.main", "restore", str(folder)]
    with an_empty_place(tmp_path) as there:
        environment = os.environ | {"DATABASE_URL": restore._address(there), "HUZHU_VAR": str(there.var)}
        first = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)  # noqa: S603  our own command
        again = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)  # noqa: S603  our own command
    assert first.returncode == 0, first.stdout + first.stderr
    assert "恢复完成，全部相符" in first.stdout
    assert len(list((tmp_path / "new" / "files").iterdir())) == 2
    assert again.returncode == 1
    assert "已经有数据" in again.stderr


@only_postgres
def test_a_scratch_database_comes_and_goes_whoever_else_is_connected(tmp_path, monkeypatch):
    """Somebody in template1 meanwhile, somebody with more rights in the scratch one as it goes, and a psqlrc."""
    rc = tmp_path / "psqlrc"
    rc.write_text("\\timing on\n")
    monkeypatch.setenv("PSQLRC", str(rc))
    owner, theirs = f"owner_{secrets.token_hex(4)}", connection.get_connection_params()
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {owner} LOGIN CREATEDB")
    here = site.place()
    try:
        place = replace(here, database=here.database | {"USER": owner})
        with (
            psycopg.connect(**login(theirs, "template1"), autocommit=True),
            restore._scratch(place) as there,
        ):
            assert store.is_empty(there)
            looking = psycopg.connect(**login(theirs, there.database["NAME"]), autocommit=True)
            Timer(1, looking.close).start()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [there.database["NAME"]])
            assert cursor.fetchall() == []
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP ROLE {owner}")


def login(params, name):
    return {key: params[key] for key in ("user", "host") if key in params} | {"dbname": name}


@only_postgres
def test_a_scratch_database_that_stays_is_named(monkeypatch):
    def refused(program, place, *words, **more):
        raise site.SiteClosed("psql 没有成功：ERROR: permission denied")

    monkeypatch.setattr(store, "run_postgres", refused)
    with pytest.raises(site.SiteClosed, match="临时库 huzhu_drill_1 没有删掉，里面是恢复出来的全部数据"):
        restore._drop(site.place(), "huzhu_drill_1")


def test_old_ones_are_dropped_only_when_asked_and_nothing_half_done_stays(office, capfd, monkeypatch):
    first = a_backup()
    shutil.copytree(first, first.with_name("huzhu-20200101-000000"))
    assert len(backup.backups(first.parent)) == 2
    monkeypatch.setattr(store, "pack", lambda *_: (_ for _ in ()).throw(OSError("磁盘满")))
    later = timezone.now() + timedelta(hours=1)
    with pytest.raises(OSError, match="磁盘满"):
        backup.make(site.place(), first.parent, at=later)
    assert sorted(path.name for path in first.parent.iterdir()) == ["huzhu-20200101-000000", first.name]
    with pytest.raises(SystemExit):
        main(["backup", "--keep", "0"])
    assert "至少是 1" in capfd.readouterr().err


def test_an_anchor_kept_outside_shows_a_tail_that_was_cut_off(office, tmp_path, capfd):
    assert main(["verify", "--anchor"]) == 0
    kept = tmp_path / "anchors.txt"
    kept.write_text(capfd.readouterr().out)
    assert main(["verify", "--anchors", str(kept)]) == 0
    with transaction.atomic(), connection.cursor() as cursor:
        for table in ("audit_event", "audit_seal"):
            if connection.vendor == "postgresql":
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
            else:
                cursor.execute(f"DROP TRIGGER {table}_append_only_delete")
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608  names of our own
    capfd.readouterr()
    assert main(["verify", "--anchors", str(kept)]) == 1
    assert "链尾被截掉" in capfd.readouterr().out
    assert main(["verify", "--anchors", str(tmp_path / "none")]) == 1
    guards.install()
