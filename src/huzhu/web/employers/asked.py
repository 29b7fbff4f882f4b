"""What a list of employers was asked for: filters that stand in the address, and the order."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from huzhu.employers import queries as employers
from huzhu.organisations.services import SECTORS
from huzhu.outreach import queries as outreach
from huzhu.outreach.lines import Line
from huzhu.web import lists
from huzhu.web.employers.choosing import FINDS

LACKS = {"cause": "原因", "owner": "负责人", "date": "下一步日期"}
NONE = "none"
TITLES = {
    "place": "县区、集团",
    "sector": "单位类型",
    "industry": "行业",
    "front": "领域",
    "joined": "参保",
    "willing": "意愿",
    "cause": "没有参加的原因",
    "owner": "负责人",
    "stage": "走到哪一步",
    "lacks": "还缺",
    "due": "下一步",
}
SORTS = (
    ("name", "名称（拼音）"),
    ("staff", "在职人数，多的在前"),
    ("enrolled", "已参保人数，多的在前"),
    ("coverage", "参保率，低的在前"),
    ("last", "最近走访，久的在前"),
    ("next", "下一步日期，近的在前"),
)
_ORDERS: dict[str, Callable[[Line], Any]] = {
    "name": lambda line: employers.initials(line.employer.name),
    "staff": lambda line: -line.employer.staff_count,
    "enrolled": lambda line: -line.enrolled,
    "coverage": lambda line: (
        line.enrolled * 1_000_000 // line.employer.staff_count if line.employer.staff_count else 0
    ),
    "last": lambda line: line.last_on or date.min,
    "next": lambda line: line.follow_up.next_on or date.max,
}
_TESTS: dict[str, Callable[[Line, str, date], bool]] = {
    "place": lambda line, value, _: line.place_key == value,
    "sector": lambda line, value, _: line.employer.sector == value,
    "industry": lambda line, value, _: (line.profile.industry or NONE) == value,
    "front": lambda line, value, _: line.profile.front == value,
    "joined": lambda line, value, _: line.joined is (value == "yes"),
    "willing": lambda line, value, _: line.stance.willing == value,
    "cause": lambda line, value, _: (line.stance.cause or NONE) == value and not line.joined,
    "owner": lambda line, value, _: str(line.follow_up.owner_id or NONE) == value,
    "stage": lambda line, value, _: not line.visited if value == NONE else bool(getattr(line, value)),
    "lacks": lambda line, value, _: bool(line.lacks) if value == "any" else LACKS[value] in line.lacks,
    "due": lambda line, value, today: (
        line.overdue(today)
        if value == "late"
        else line.due(today)
        if value == "today"
        else bool(line.follow_up.next_on)
    ),
}


def read(request: Any, what: str, lines: Iterable[Line], sorts: lists.Choices = ()) -> lists.Asked:
    """From the address, with the choices that occur in the branch."""
    offered = _offered(list(lines))
    filters = [lists.Filter(name, title, offered[name]) for name, title in TITLES.items()]
    return lists.read(request, what, *filters, finds=FINDS, unit="家", sorts=sorts)


def sift(asked: lists.Asked, found: Iterable[Line], today: date) -> list[Line]:
    """The lines that fit, in the order asked for."""
    wanted = asked.text.casefold()
    picks = [(_TESTS[name], value) for name, value in asked.values.items() if value]
    fit = [
        line
        for line in found
        if (not wanted or employers.fits(line.employer.name, line.employer.code, wanted))
        and all(test(line, value, today) for test, value in picks)
    ]
    return sorted(fit, key=_ORDERS[asked.sort]) if asked.sort else fit


def _offered(lines: list[Line]) -> dict[str, list[tuple[str, str]]]:
    owners = {str(line.follow_up.owner_id): line.owner_name for line in lines if line.follow_up.owner_id}
    return {
        "place": list({line.place_key: line.place for line in lines}.items()),
        "sector": list(SECTORS),
        "industry": [*employers.INDUSTRIES, (NONE, "没有登记")],
        "front": list(employers.FRONTS),
        "joined": [("yes", "已参保"), ("no", "没有参保")],
        "willing": list(employers.WILLING),
        "cause": [*employers.SHORT_CAUSES.items(), (NONE, "没有登记")],
        "owner": [*sorted(owners.items(), key=lambda pair: pair[1]), (NONE, "没有负责人")],
        "stage": [*outreach.STAGES, (NONE, "没有走访过")],
        "lacks": [("any", "三样缺任何一样"), *LACKS.items()],
        "due": [("late", "已过期"), ("today", "今天"), ("set", "有日期的")],
    }
