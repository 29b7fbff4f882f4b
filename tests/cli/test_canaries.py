"""A thousand canaries: identity numbers, accounts, phones and diagnoses lie nowhere in the clear, whatever was done with them."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from factories.claims import WEDNESDAY, a_draft, yichun
from factories.files import a_file, read_apart
from factories.members import a_member
from factories.tokens import Program
from factories.web import as_staff
from huzhu.audit.services import SYSTEM, record, seal
from huzhu.claims.models import Claim
from huzhu.cli import backup, site, store
from huzhu.core.identity import Identity
from huzhu.members.models import BankAccount
from huzhu.notices.services import send

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 250  # four canaries each
# what every canary of its kind begins with: long enough to be nobody else's
ID, PHONE, ACCOUNT, DIAGNOSIS = "23070319770713", "1987651", "6228480777531", "C50.9713"
MARKS = re.compile("|".join(map(re.escape, (ID, PHONE, ACCOUNT, DIAGNOSIS))).encode())


def an_id(number: int) -> str:
    body = f"{ID}{number:03d}"
    return next(body + last for last in "0123456789X" if _reads(body + last))


def _reads(text: str) -> bool:
    try:
        Identity.read(text)
    except ValueError:
        return False
    return True


@pytest.fixture
def logs(tmp_path) -> Iterator[Path]:
    """Everything that any logger says while it happens, to the last detail."""
    file = tmp_path / "all.log"
    handler = logging.FileHandler(file)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield file
    root.removeHandler(handler)
    root.setLevel(before)
    handler.close()


@pytest.fixture
def office(settings, tmp_path, logs):
    """People who joined, with accounts, phones and claims; and what staff and programs did with them."""
    settings.VAR_DIR = tmp_path / "var"
    place = yichun()
    people = [_person(place, number) for number in range(PEOPLE)]
    last = people[-1]
    a_file(by=place.agency(), at=timezone.now())
    _used(place, last)
    return place


def _person(place, number):
    member = a_member(
        f"王{number}", employer=place.employer, id_number=an_id(number), phone=f"{PHONE}{number:04d}"
    )
    BankAccount.objects.create(
        member=member,
        holder=member.name,
        bank_name="农业银行",
        number=f"{ACCOUNT}{number:06d}",
        added_at=WEDNESDAY,
    )
    claim = a_draft(member, diagnosis=None, kinds=["inpatient"])
    claim.diagnosis = f"{DIAGNOSIS}{number:04d}"
    claim.save(update_fields=["diagnosis"])
    return member


def _used(place, member):
    """Looked for, shown, sent to, refused and written down: each could leave a number somewhere."""
    desk, program = as_staff(place.agency()), Program("agency_clerk", place.city)
    desk.get("/desk/search/", {"q": member.id_number})
    desk.get(f"/desk/members/{member.pk}/")
    desk.get("/desk/nothing/")
    logging.getLogger("huzhu").exception("something about %r went wrong", member)
    desk.post(f"/desk/members/{member.pk}/reveal/", {"field": "account", "reason": "电话核对"})
    program.post("members/search", {"text": member.id_number}, key=None)
    wrong = {
        "member": str(member.pk),
        "kinds": ["inpatient"],
        "account": {"bank_name": "x", "number": ACCOUNT},
    }
    assert program.post("claims", wrong | {"event": {"diagnosis": f"{DIAGNOSIS}0000"}}).status_code in {
        201,
        422,
    }
    send(phone=member.phone, text="您的互助金已到账。", purpose="payout", about=member, at=WEDNESDAY)
    record(
        by=SYSTEM, verb="test.see", on=member, at=WEDNESDAY, kind="read", detail={"said": member.id_number}
    )
    seal(at=WEDNESDAY)
    assert Claim.objects.count() >= PEOPLE


def _dump(folder: Path) -> list[Path]:
    """The database as it lies on the disk, and its write-ahead log; on PostgreSQL also as plain text."""
    if connection.vendor == "sqlite":
        name = Path(str(connection.settings_dict["NAME"]))
        return [name, name.with_name(f"{name.name}-wal")]
    plain = folder / "plain.sql"
    store.run_postgres("pg_dump", site.place(), "--format=plain", f"--file={plain}")
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
        cursor.execute("SHOW data_directory")
        data = Path(cursor.fetchone()[0])
        cursor.execute("SELECT oid FROM pg_database WHERE datname = current_database()")
        oid = cursor.fetchone()[0]
    return [plain, *(data / "base" / str(oid)).iterdir(), *(data / "pg_wal").iterdir()]


def hits(files) -> list[str]:
    return [file.name for file in files if file.is_file() and MARKS.search(read_apart(file))]


def test_no_canary_is_found_in_database_log_backup_or_uploads(office, logs, tmp_path):
    places = _dump(tmp_path)
    assert sum(file.stat().st_size for file in places if file.is_file()) > 100_000
    assert hits(places) == []
    made = backup.make(site.place(), django_settings.VAR_DIR / "backups", at=timezone.now())
    assert hits([*made.iterdir(), *(django_settings.VAR_DIR / "files").iterdir()]) == []
    assert logs.stat().st_size > 0
    assert hits([logs]) == []


def test_a_canary_that_got_out_would_be_found(tmp_path):
    for mark in (ID, PHONE, ACCOUNT, DIAGNOSIS):
        file = tmp_path / mark
        file.write_text(f"x{mark}1")
        assert hits([file]) == [mark]
    assert an_id(7) != an_id(8)
