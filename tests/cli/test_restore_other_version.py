"""A backup of the version before is good and wants to be migrated; one of a later version is refused; on both engines."""

import json

import pytest
from django.core.management import call_command

from factories.backups import a_backup, an_empty_place, an_office
from huzhu.cli import backup, restore, site, store
from huzhu.cli.main import main
from huzhu.db.models import DrillDone

pytestmark = pytest.mark.django_db(transaction=True)
BEFORE = "0005_booked_later"  # verify asks for a table that came after it


@pytest.fixture(autouse=True)
def _a_place_of_its_own(settings, tmp_path):
    settings.VAR_DIR = tmp_path / "var"


@pytest.fixture
def older():
    """Made while the tables were some real steps behind."""
    an_office()
    call_command("migrate", "ledger", BEFORE, verbosity=0)
    try:
        return a_backup()
    finally:
        call_command("migrate", verbosity=0)


def told(folder, **changes):
    """The manifest with other entries; None takes one out."""
    manifest = json.loads((folder / backup.MANIFEST).read_text()) | changes
    kept = {name: entry for name, entry in manifest.items() if entry is not None}
    (folder / backup.MANIFEST).write_text(json.dumps(kept))


def test_an_older_backup_is_drilled_and_restored_and_agrees_once_it_is_migrated(
    older, tmp_path, monkeypatch, capfd
):
    manifest = backup.read(older)
    lacks = set(site.migrations_known()) - set(manifest["migrations"])
    assert lacks == {one for one in site.migrations_known() if f"ledger.{BEFORE}" < one < "ledger.z"}
    assert lacks
    assert main(["restore", str(older), "--drill"]) == 0
    said = capfd.readouterr().out
    assert "先在临时的库里执行 migrate" in said
    assert "演练通过" in said
    assert DrillDone.objects.get().name == older.name
    with an_empty_place(tmp_path) as there:
        with monkeypatch.context() as patch:
            patch.setattr(site, "place", lambda: there)
            assert main(["restore", str(older)]) == restore.TO_BE_MIGRATED
        said = capfd.readouterr()
        assert "备份是旧版本的。先执行 migrate，再 huzhu verify" in said.out
        assert "换一份备份" not in said.out + said.err
        assert manifest["anchor"] in said.out.splitlines()
        kept = tmp_path / "anchors.txt"
        kept.write_text(manifest["anchor"])
        for words in (["django", "migrate"], ["huzhu.cli.main", "verify", "--anchors", str(kept)]):
            assert restore._run_there(there, *words) == 0, words


def test_a_drill_whose_backup_cannot_be_migrated_fails_in_words(monkeypatch, capfd):
    folder = a_backup()
    told(folder, migrations=backup.read(folder)["migrations"][:-1])
    monkeypatch.setattr(restore, "_run_there", lambda *_: 1)
    assert main(["restore", str(folder), "--drill"]) == 1
    assert "没有能升级" in capfd.readouterr().err
    assert not DrillDone.objects.exists()


def test_a_backup_of_a_later_version_is_refused_before_anything_is_written(tmp_path, monkeypatch, capfd):
    folder = a_backup()
    told(folder, migrations=[*site.migrations_known(), "payouts.9999_later"])
    assert main(["restore", str(folder), "--drill"]) == 1
    with an_empty_place(tmp_path) as there:
        monkeypatch.setattr(site, "place", lambda: there)
        assert main(["restore", str(folder)]) == 1
        assert store.is_empty(there)
        assert not (there.var / "files").exists()
    said = capfd.readouterr().err
    assert said.count("更新的版本做的：这个版本没有 payouts.9999_later") == 2


def test_a_backup_from_before_this_was_told_is_taken_for_one_of_this_version(capfd):
    folder = a_backup()
    told(folder, migrations=None)
    assert main(["restore", str(folder), "--drill"]) == 0
    assert "migrate" not in capfd.readouterr().out
