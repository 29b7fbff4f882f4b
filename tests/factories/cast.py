"""The cast that many tests share: the city with its places, who works there, and a member. A test file's own comes first."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from factories.claims import Yichun, a_covered_member, yichun
from factories.clawing import Office
from factories.organisations import a_city, a_county, a_group, an_employer
from factories.schemes import the_inpatient_scheme
from factories.users import a_role
from huzhu.cli.checks import CHECKS
from huzhu.cli.verify import compared
from huzhu.jobs import services as jobs
from huzhu.jobs.models import JobRun
from huzhu.members.models import Member
from huzhu.organisations.models import Organisation
from huzhu.schemes.models import SchemeEdition
from huzhu.users.models import Role


@pytest.fixture
def own_files(settings: Any, tmp_path: Path) -> None:
    """Uploads of one test lie where no other test looks."""
    settings.VAR_DIR = tmp_path


@pytest.fixture
def totals_verified(db: None) -> Iterator[None]:
    """Whatever a test does, every stored total equals its rows afterwards."""
    yield
    assert not [found for check in CHECKS if (found := compared(check)).differing]


@pytest.fixture
def killed_before_told(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each worker is killed when its work is done, before it could say so; the next one takes the run over."""
    finish, killed = jobs.finish, []

    def killed_first(*, run: JobRun, now: datetime, **told: Any) -> None:
        if run.attempts > 1:
            finish(run=run, now=now, **told)
            return
        killed.append(run.kind)
        JobRun.objects.filter(pk=run.pk).update(lease_until=now - jobs.LEASE)
        raise jobs.RunLost

    monkeypatch.setattr(jobs, "finish", killed_first)
    yield
    assert killed


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def today(now: datetime) -> date:
    return timezone.localdate(now)


@pytest.fixture
def place() -> Yichun:
    return yichun()


@pytest.fixture
def liu(place: Yichun) -> Member:
    return a_covered_member(place)


@pytest.fixture
def wang(place: Yichun) -> Member:
    return a_covered_member(place, "王小明", sex="male")


@pytest.fixture
def office(place: Yichun) -> Office:
    """Who pays claims and puts them right; a test file of another room has an office of its own."""
    return Office(place)


@pytest.fixture
def city() -> Organisation:
    return a_city()


@pytest.fixture
def county(city: Organisation) -> Organisation:
    return a_county(city)


@pytest.fixture
def group(city: Organisation) -> Organisation:
    return a_group(city)


@pytest.fixture
def employer(city: Organisation) -> Organisation:
    return an_employer(city)


@pytest.fixture
def clerk(employer: Organisation) -> Role:
    return a_role("employer_clerk", employer)


@pytest.fixture
def agency(city: Organisation) -> Role:
    return a_role("agency_clerk", city)


@pytest.fixture
def sun(city: Organisation) -> Role:
    return a_role("agency_clerk", city, "孙代办")


@pytest.fixture
def qian(county: Organisation) -> Role:
    return a_role("county_clerk", county, "钱县工")


@pytest.fixture
def inpatient() -> SchemeEdition:
    return the_inpatient_scheme()
