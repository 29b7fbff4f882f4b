"""Visits for tests."""

from datetime import UTC, date, datetime

from huzhu.organisations.models import Organisation
from huzhu.outreach import services
from huzhu.outreach.models import Visit
from huzhu.users.models import Role

TODAY = date(2022, 11, 30)
NOON = datetime(2022, 11, 30, 4, tzinfo=UTC)


def an_entry(employer: Organisation, **more: object) -> services.Entry:
    """A walk to the employer today; it waits for money."""
    told: dict[str, object] = {
        "on": TODAY,
        "way": "visit",
        "leaflets": 9,
        "willing": "waiting",
        "cause": "money",
    }
    return services.Entry(employer=employer, **told | more)  # type: ignore[arg-type]


def a_visit(employer: Organisation, *, by: Role, at: datetime = NOON, **more: object) -> Visit:
    return services.log(entry=an_entry(employer, **more), by=by, at=at)
