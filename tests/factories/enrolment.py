"""Enrolments and rosters for tests."""

import itertools
from datetime import UTC, date, datetime

from factories.members import an_id_number
from huzhu.core.periods import a_year_after
from huzhu.enrolment import services
from huzhu.enrolment.models import Enrolment, Roster
from huzhu.members.models import Member
from huzhu.organisations.models import Organisation
from huzhu.schemes.models import SchemeEdition
from huzhu.users.models import Role

START = date(2022, 1, 28)
UPLOADED_AT = datetime(2022, 1, 20, 2, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def an_enrolment(
    member: Member,
    edition: SchemeEdition,
    *,
    starts_on: date = START,
    covered_since_on: date | None = None,
    state: str = Enrolment.State.IN_FORCE,
) -> Enrolment:
    """A year of cover; in force, with certificate and token, unless another state is given."""
    count = next(_numbers)
    return Enrolment.objects.create(
        member=member,
        edition=edition,
        scheme_slug=edition.slug,
        employer=member.employer,
        cover_starts_on=starts_on,
        cover_ends_on=a_year_after(starts_on),
        covered_since_on=covered_since_on or starts_on,
        state=state,
        certificate_no=f"{starts_on:%Y}-T{count:09d}",
        verify_token=f"test-token-{count:09d}",
    )


def some_workers(count: int, *, sex: str = "female") -> list[tuple[str, ...]]:
    """Rows of a roster: name, identity number, phone."""
    numbers = [(next(_numbers), an_id_number(sex=sex)) for _ in range(count)]
    return [(f"王{chr(0x4E00 + n % 20_000)}", number, f"139{n:08d}") for n, number in numbers]


def a_sheet(rows: list[tuple[object, ...]], header: tuple[str, ...] = ("姓名", "身份证号", "手机")) -> bytes:
    """The rows as CSV, the plainest sheet."""
    lines = [header, *rows]
    return "\n".join(",".join("" if cell is None else str(cell) for cell in line) for line in lines).encode()


def a_staged_roster(
    employer: Organisation,
    editions: list[SchemeEdition],
    rows: list[tuple[object, ...]],
    *,
    by: Role,
    way: str = "group",
    starts_on: date = START,
    at: datetime = UPLOADED_AT,
) -> Roster:
    """Uploaded, not yet accepted."""
    return services.stage(
        employer=employer,
        editions=editions,
        cover_starts_on=starts_on,
        name="名册.csv",
        data=a_sheet(rows),
        way=way,
        by=by,
        at=at,
    )
