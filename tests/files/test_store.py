"""Uploads lie sealed on the disk and come back byte for byte, or not at all."""

from pathlib import Path

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from factories.audit import NOON
from factories.files import a_file, a_png
from factories.users import a_role
from huzhu.audit import queries
from huzhu.core.ciphers import CannotOpen
from huzhu.files import services
from huzhu.files.contents import KINDS, PNG, NotAccepted
from huzhu.files.models import StoredFile
from huzhu.files.services import FileDamaged, FileLost, read, store

pytestmark = pytest.mark.django_db
CANARY = "刘女士 C50.9 230703198001011234"


@pytest.fixture
def folder(settings, tmp_path) -> Path:
    settings.VAR_DIR = tmp_path
    return tmp_path / "files"


def a_text(size: int = 0) -> bytes:
    return CANARY.encode() + b"." * size


def place(file: StoredFile) -> Path:
    return services._place(file)


def test_what_is_stored_comes_back(folder):
    by = a_role("agency_clerk")
    file = store(name="出院小结.png", data=a_png(), purpose="claim_paper", by=by, at=NOON)
    kept = StoredFile.objects.get(pk=file.pk)
    assert read(kept) == a_png()
    assert (kept.name, kept.kind, kept.size) == ("出院小结.png", "image/png", len(a_png()))
    assert (kept.purpose, kept.stored_by, kept.stored_at) == ("claim_paper", by.actor_id, NOON)


@pytest.mark.parametrize("size", [0, services.PIECE - len(a_text()), services.PIECE, 3 * services.PIECE + 7])
def test_large_files_come_back_too(folder, size):
    data = a_text(size)
    assert read(a_file(data=data, name="说明.txt")) == data


def test_neither_the_disk_nor_the_table_shows_what_is_in_it(folder):
    file = a_file(data=a_text(), name="刘女士230703198001011234.txt")
    on_disk = b"".join(path.read_bytes() for path in folder.iterdir())
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM files_storedfile")
        in_table = str(cursor.fetchall())
    for canary in ("刘女士", "C50.9", "230703198001011234"):
        assert canary.encode() not in on_disk
        assert canary not in in_table
    assert "230703198001011234" not in str(list(queries.trail_of(file).values()))


def test_only_we_may_look_into_the_folder(folder):
    file = a_file()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert place(file).stat().st_mode & 0o777 == 0o600
    assert list(folder.iterdir()) == [place(file)]


def test_a_file_put_in_the_place_of_another_does_not_open(folder):
    mine, yours = a_file(data=a_text()), a_file(data=a_text())
    place(mine).write_bytes(place(yours).read_bytes())
    with pytest.raises(FileDamaged, match="不一样了") as said:
        read(mine)
    assert isinstance(said.value.__cause__, CannotOpen)


def test_pieces_moved_or_left_out_are_noticed(folder):
    file = a_file(data=a_text(2 * services.PIECE))
    first, second, third = place(file).read_text().split("\n")
    for tokens in (
        [second, first, third],
        [first, second],
        [first, first, third],
        [first, second, third, third],
    ):
        place(file).write_text("\n".join(tokens))
        with pytest.raises(FileDamaged):
            read(file)


def test_a_lost_or_spoiled_file_is_said_to_be_so(folder):
    file = a_file()
    place(file).write_bytes(b"\xff\xfe")
    with pytest.raises(FileDamaged):
        read(file)
    place(file).unlink()
    with pytest.raises(FileLost, match="找不到"):
        read(file)


def test_a_row_that_points_to_other_contents_is_noticed(folder):
    file = a_file()
    file.sha256 = "0" * 64
    with pytest.raises(FileDamaged):
        read(file)


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"", "空文件"), (b"." * (services.MOST_BYTES + 1), "有 21 MB，最大可以收 20 MB"), (b"MZ\0", "认不出")],
)
def test_what_is_refused_leaves_nothing(folder, data, said):
    with pytest.raises(NotAccepted, match=said):
        store(name="a.pdf", data=data, purpose="roster", by=a_role("employer_clerk"), at=NOON)
    assert not StoredFile.objects.exists()
    assert not folder.exists()


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("出院小结.PNG", "出院小结.png"),
        ("../../etc/passwd", "passwd.png"),
        ("C:\\Users\\刘\\病历.png", "病历.png"),
        ("病历.exe", "病历.png"),
        ("合同\u202egnp.exe", "合同gnp.png"),
        ("a\r\nSet-Cookie: x.png", "aSet-Cookie x.png"),
        ('<img src="x">.png', "img src=x.png"),
        (".htaccess", "htaccess.png"),
        ("  . ", "未命名.png"),
        ("", "未命名.png"),
        ("/", "未命名.png"),
        ("长" * 300 + ".png", "长" * 80 + ".png"),
        ("坏\ud800.png", "坏.png"),
    ],
)
def test_names_are_cleaned_and_end_as_their_content_deserves(given_name, kept):
    assert services._clean_name(given_name, PNG) == kept


@given(name=st.text(), kind=st.sampled_from(KINDS))
def test_no_name_leads_anywhere(name, kind):
    clean = services._clean_name(name, kind)
    assert clean.isprintable() or "\u3000" in clean or not clean.isascii()
    assert not set(clean) & set('/\\\r\n\0"<>|:*?')
    assert clean.rsplit(".", 1)[1] in kind.endings
    assert 0 < len(clean.rsplit(".", 1)[0]) <= services.LONGEST_NAME
    assert services._clean_name(clean, kind) == clean


def test_storing_is_in_the_trail_and_rolled_back_with_its_transaction(folder):
    [event] = queries.trail_of(a_file())
    assert (event.verb, event.detail["kind"], event.object_name) == (
        "files.store",
        "PNG 图片",
        event.object_name,
    )
    with transaction.atomic():
        lost = a_file(data=a_png(7))
        transaction.set_rollback(True)
    assert not StoredFile.objects.filter(pk=lost.pk).exists()
    assert not queries.trail_of(lost).exists()


def test_a_write_that_fails_leaves_no_row(folder, monkeypatch):
    def no_space(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(services.os, "fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        a_file()
    assert not StoredFile.objects.exists()
