"""A restore that stops half way leaves nothing, says what it was, and works when it is tried again; on both engines."""

import errno
import shutil
import tarfile
from pathlib import Path

import pytest
from django.db import connection

from factories.backups import a_backup, an_empty_place, an_office
from huzhu.cli import site, store
from huzhu.cli.main import main

pytestmark = pytest.mark.django_db(transaction=True)
only_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL writes its own files")
only_postgres = pytest.mark.skipif(connection.vendor != "postgresql", reason="a file is copied, not read in")
NOTHING_STAYS = "这里什么也没有留下，改正以后可以再恢复一次"


@pytest.fixture
def folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path / "var"
    an_office()
    return a_backup()


@pytest.fixture
def there(folder, tmp_path, monkeypatch):
    with an_empty_place(tmp_path) as place:
        monkeypatch.setattr(site, "place", lambda: place)
        yield place


def left(there):
    """Every file below the new folder, be it hidden."""
    return [str(path) for path in there.var.rglob("*")] if there.var.exists() else []


def full(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


def half_copied(source, target):
    data = Path(source).read_bytes()
    Path(target).write_bytes(data[: len(data) // 2])
    full()


def half_unpacked(self, path, **_):
    (Path(path) / "half").write_bytes(b"half")
    full()


def broken_off(folder, capfd, code=1):
    capfd.readouterr()
    assert main(["restore", str(folder)]) == code
    return capfd.readouterr().err


def succeeds(there, folder, capfd):
    assert main(["restore", str(folder)]) == 0
    assert "恢复完成，全部相符" in capfd.readouterr().out
    assert len(list((there.var / "files").iterdir())) == 2
    assert not list(there.var.glob(".*"))


@only_sqlite
def test_a_full_disk_under_the_database_leaves_nothing(folder, there, monkeypatch, capfd):
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", half_copied)
        said = broken_off(folder, capfd)
    assert "磁盘满了" in said
    assert NOTHING_STAYS in said
    assert left(there) == []
    succeeds(there, folder, capfd)


def test_a_full_disk_under_the_uploads_is_no_bad_backup_and_leaves_nothing(folder, there, monkeypatch, capfd):
    with monkeypatch.context() as patch:
        patch.setattr(tarfile.TarFile, "extractall", half_unpacked)
        said = broken_off(folder, capfd)
    assert "磁盘满了" in said
    assert "换一份备份" not in said
    assert left(there) == []
    assert store.is_empty(there)
    succeeds(there, folder, capfd)


def test_another_fault_of_writing_is_told_as_one(folder, there, monkeypatch, capfd):
    def refused(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(tarfile.TarFile, "extractall", refused)
    said = broken_off(folder, capfd)
    assert "请检查文件夹的权限和磁盘" in said
    assert "磁盘满了" not in said


def test_uploads_that_cannot_be_opened_are_a_bad_backup(folder, there, monkeypatch, capfd):
    def torn(*_, **__):
        raise tarfile.ReadError("unexpected end of data")

    monkeypatch.setattr(tarfile.TarFile, "extractall", torn)
    said = broken_off(folder, capfd)
    assert "解不开" in said
    assert "请换一份备份" in said
    assert left(there) == []


@only_sqlite
def test_the_database_gets_its_name_last_and_without_it_the_uploads_go_again(
    folder, there, monkeypatch, capfd
):
    rename = Path.rename

    def no_database(self, target):
        if Path(target).suffix == ".sqlite3":
            assert (there.var / "files").is_dir()
            full()
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", no_database)
        broken_off(folder, capfd)
    assert left(there) == []
    succeeds(there, folder, capfd)


@only_postgres
def test_a_database_that_was_not_read_in_leaves_no_table_and_no_upload(folder, there, capfd):
    """A sequence that is in the way half way through."""
    in_the_way = "ledger_voucher_id_seq"
    store.run_postgres("psql", there, "-q", "-c", f"CREATE SEQUENCE {in_the_way}")
    said = broken_off(folder, capfd)
    assert f'relation "{in_the_way}" already exists' in said
    assert NOTHING_STAYS in said
    assert store.is_empty(there)
    assert left(there) == []
    store.run_postgres("psql", there, "-q", "-c", f"DROP SEQUENCE {in_the_way}")
    succeeds(there, folder, capfd)


@only_postgres
def test_what_may_have_stayed_in_a_database_is_named(folder, there, monkeypatch, capfd):
    """The connection is gone as the transaction ends: nobody knows whether it did."""
    run = store.run_postgres

    def gone(program, place, *words, **more):
        said = run(program, place, *words, **more)
        if program == "pg_restore":
            raise site.SiteClosed("pg_restore 没有成功：server closed the connection")
        return said

    monkeypatch.setattr(store, "run_postgres", gone)
    said = broken_off(folder, capfd)
    assert f"可能还留着：数据库 {there.database['NAME']}（先 dropdb，再 createdb）" in said
    assert left(there) == []


def test_what_a_killed_restore_left_beside_is_not_in_the_way(folder, there, capfd):
    beside = there.var / ".files.part"
    beside.mkdir(parents=True)
    (beside / "half").write_bytes(b"half")
    if there.engine == "sqlite":
        (there.var / ".x.sqlite3.part").write_bytes(b"half")
    (there.var / "files").mkdir()
    succeeds(there, folder, capfd)
