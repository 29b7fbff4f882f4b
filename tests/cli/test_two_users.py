"""The two users of docs/production.md, granted what stands there: the application's starts, backs up and drills, the owner restores."""

import os
import re
import secrets
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connection

from factories.backups import a_backup, an_empty_place, an_office
from huzhu.cli import backup, restore, site, store

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no users"),
]
MANUAL = Path(__file__).parents[2] / "docs" / "production.md"
STARTS = "import django; django.setup(); from huzhu.config.start import refuse_unsafe; refuse_unsafe()"


class Users:
    """An owner and an application's user, under names of this test."""

    def __init__(self) -> None:
        mark = secrets.token_hex(4)
        self.names = {name: f"{name}_{mark}" for name in ("huzhu_owner", "huzhu_app")}
        self.owner, self.app = self.names.values()

    def told(self) -> list[str]:
        """What the owner says according to the manual, a statement a line, in these names."""
        blocks = re.findall(r"```sql\n(.*?)```", MANUAL.read_text(encoding="utf-8"), re.DOTALL)
        [block] = [one for one in blocks if "GRANT" in one]
        return re.sub("|".join(self.names), lambda name: self.names[name[0]], block).strip().splitlines()


def sql(place, *statements):
    for statement in statements:
        store.run_postgres("psql", place, "-q", "-c", statement)


def as_user(place, name):
    return replace(place, database=place.database | {"USER": name})


def run(place, *words):
    environment = os.environ | {"DATABASE_URL": restore._address(place), "HUZHU_VAR": str(place.var)}
    done = subprocess.run(  # noqa: S603  our own command
        [sys.executable, *words], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def huzhu(place, *words):
    run(place, "-m", "huzhu.cli.main", *words)


@pytest.fixture
def users():
    made = Users()
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {made.owner} LOGIN")
        cursor.execute(f"CREATE ROLE {made.app} LOGIN CREATEDB")
    yield made
    with connection.cursor() as cursor:
        cursor.execute(f"DROP ROLE {made.app}, {made.owner}")


@pytest.fixture
def folder(settings, tmp_path):
    """A backup that the database's administrator has made."""
    settings.VAR_DIR = tmp_path / "var"
    an_office()
    return a_backup()


def test_the_applications_user_starts_backs_up_and_drills_and_owns_nothing(users, folder, tmp_path):
    """On a database that was there before: granted afterwards, with a table that came later still."""
    with an_empty_place(tmp_path) as there:
        sql(there, f"ALTER DATABASE {there.database['NAME']} OWNER TO {users.owner}")
        owner, app = as_user(there, users.owner), as_user(there, users.app)
        huzhu(owner, "restore", str(folder))
        sql(owner, *users.told(), "CREATE TABLE later (id serial PRIMARY KEY)")
        run(app, "-c", STARTS)
        huzhu(app, "backup")
        huzhu(app, "restore", "latest", "--drill")
        with pytest.raises(site.SiteClosed, match="must be owner of"):
            sql(app, "ALTER TABLE audit_event DISABLE TRIGGER append_only")


def test_a_backup_of_the_applications_user_is_restored_by_the_owner_into_a_new_database(
    users, folder, tmp_path
):
    """Granted before, as the manual says; on a server that knows nobody of the old one's users."""
    with an_empty_place(tmp_path) as there:
        sql(there, f"ALTER DATABASE {there.database['NAME']} OWNER TO {users.owner}")
        owner, app = as_user(there, users.owner), as_user(there, users.app)
        sql(owner, *users.told())
        huzhu(owner, "restore", str(folder))
        run(app, "-c", STARTS)
        huzhu(app, "backup")
    [theirs] = backup.backups(there.var / "backups")
    stranger = Users()
    with an_empty_place(tmp_path / "elsewhere") as new:
        sql(new, f"CREATE ROLE {stranger.owner} LOGIN")
        sql(new, f"ALTER DATABASE {new.database['NAME']} OWNER TO {stranger.owner}")
        huzhu(as_user(new, stranger.owner), "restore", str(theirs))
    with connection.cursor() as cursor:
        cursor.execute(f"DROP ROLE {stranger.owner}")
