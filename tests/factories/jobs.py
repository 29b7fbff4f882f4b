"""Long work in the queue, and a clock that a test moves by hand."""

from datetime import UTC, datetime, timedelta
from itertools import count

from factories.users import a_role
from huzhu.jobs import services
from huzhu.jobs.models import JobRun
from huzhu.jobs.working import Clock
from huzhu.users.models import Role

NOON = datetime(2022, 11, 30, 4, tzinfo=UTC)
_numbers = count(1)


class HandClock:
    """Both times are one, and stand still until moved."""

    def __init__(self) -> None:
        self.moment = NOON

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **parts: float) -> None:
        self.moment += timedelta(**parts)

    @property
    def clock(self) -> Clock:
        return Clock(at=self, real=self)


def a_run(by: Role | None = None, *, kind: str = "count", **traits) -> JobRun:
    """Asked for and waiting."""
    about = traits.pop("about", next(_numbers))
    told = {"title": "数到三", "by": by or a_role("agency_clerk"), "at": NOON} | traits
    return services.ask(kind=kind, about=about, **told)
