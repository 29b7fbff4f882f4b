"""An administrator changes a day, for a reason; it is written down, and what has begun stays."""

from datetime import UTC, date, datetime

import pytest

from factories.organisations import a_city
from factories.users import a_role
from huzhu.audit.models import Event
from huzhu.users.models import Role
from huzhu.users.permissions import NotAllowed
from huzhu.worktime import queries, services
from huzhu.worktime.models import CalendarDay
from huzhu.worktime.services import DayRefused

pytestmark = pytest.mark.django_db
NOON = datetime(2022, 7, 13, 4, tzinfo=UTC)  # a Wednesday
FRIDAY = date(2022, 7, 15)


def set_day(by: Role, day: date = FRIDAY, *, works: bool = False, note: str = "抗洪停工", at=NOON) -> None:
    services.set_day(day=day, is_working=works, note=note, by=by, at=at)


def test_only_an_administrator_above_the_cities_changes_the_calendar_of_all():
    for code in set(Role.Code) - {Role.Code.ADMINISTRATOR}:
        with pytest.raises(NotAllowed):
            set_day(a_role(code))
    with pytest.raises(NotAllowed, match="对所有机构生效"):
        set_day(a_role("administrator", a_city()))
    with pytest.raises(NotAllowed):
        services.load_published(year=2022, by=a_role("leader"), at=NOON)
    assert not CalendarDay.objects.exists()


@pytest.mark.parametrize(
    ("day", "works", "note", "said"),
    [
        (date(2022, 7, 13), False, "抗洪停工", "已经到了"),
        (date(2022, 7, 12), False, "抗洪停工", "以前的日子不能改"),
        (date(2025, 1, 1), False, "抗洪停工", "太远"),
        (FRIDAY, True, "抗洪停工", "本来就是上班"),
        (date(2022, 7, 16), False, "周六", "本来就是休息"),
        (FRIDAY, False, " ", "写明原因"),
        (FRIDAY, False, "长" * 41, "2 到 40 个字"),
    ],
)
def test_what_cannot_be_changed_is_told_why(day, works, note, said):
    with pytest.raises(DayRefused, match=said):
        set_day(a_role("administrator"), day, works=works, note=note)
    assert not CalendarDay.objects.exists()


def test_a_changed_day_moves_the_deadlines_behind_it_and_stands_in_the_trail():
    by = a_role("administrator")
    assert queries.due_on(date(2022, 7, 13)) == date(2022, 7, 18)
    set_day(by)
    assert queries.due_on(date(2022, 7, 13)) == date(2022, 7, 19)
    set_day(by, works=True, note="照常上班")
    assert queries.due_on(date(2022, 7, 13)) == date(2022, 7, 18)
    assert [one.detail["note"] for one in Event.objects.order_by("pk")] == ["抗洪停工", "照常上班"]
    assert str(CalendarDay.objects.get()) == "2022-07-15 上班"


def test_the_published_days_of_a_year_come_in_and_leave_what_was_set():
    by = a_role("administrator")
    set_day(by, date(2022, 10, 3), works=False, note="我们自己的说明")
    assert services.load_published(year=2022, by=by, at=NOON) > 20
    assert CalendarDay.objects.get(pk=date(2022, 10, 3)).note == "我们自己的说明"
    assert services.load_published(year=2022, by=by, at=NOON) == 0
    assert services.load_published(year=2031, by=by, at=NOON) == 0
    assert FRIDAY not in queries.days_of(2022)
