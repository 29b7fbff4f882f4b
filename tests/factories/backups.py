"""A backup of a site that has something to lose, and an empty place of the same engine to lay it down in."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from factories.claims import Yichun, a_covered_member, yichun
from factories.contributions import all_paid, an_accepted_roster
from factories.enrolment import some_workers
from factories.files import a_file
from factories.schemes import the_inpatient_scheme
from huzhu.audit.services import seal
from huzhu.cli import backup, site, store
from huzhu.cli.main import main
from huzhu.db.services import prove_keys


def an_office() -> Yichun:
    """Members, money that came, an upload, a sealed trail."""
    prove_keys(at=timezone.now())
    place = yichun()
    a_covered_member(place)
    clerk = place.agency()
    a_file(by=clerk, at=timezone.now())
    roster = an_accepted_roster(place.employer, [the_inpatient_scheme()], some_workers(2), by=clerk)
    all_paid(roster, by=clerk)
    seal(at=timezone.now())
    return place


def a_backup() -> Path:
    """Made by the command; its folder."""
    assert main(["backup"]) == 0
    return backup.backups(settings.VAR_DIR / "backups")[0]


@contextmanager
def an_empty_place(folder: Path) -> Iterator[site.Place]:
    """As on another machine: another file, or another database of the same server, and another folder."""
    here = site.place()
    if here.engine == "sqlite":
        yield site.Place(
            "sqlite", here.database | {"NAME": str(folder / "new" / "x.sqlite3")}, folder / "new"
        )
        return
    name = f"restored_{secrets.token_hex(4)}"
    store.run_postgres("psql", here, "-q", "-c", f"CREATE DATABASE {name}")
    try:
        yield site.Place("postgresql", here.database | {"NAME": name}, folder / "new")
    finally:
        store.run_postgres("psql", here, "-q", "-c", f"DROP DATABASE {name} WITH (FORCE)")
