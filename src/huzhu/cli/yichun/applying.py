"""Riders and drivers under the demonstration scheme: individuals in every state, a platform's list; nobody covered yet."""

from datetime import date, datetime, timedelta
from typing import Any

from huzhu.cli.yichun.cast import Cast
from huzhu.cli.yichun.people import Registry
from huzhu.cli.yichun.places import Tree
from huzhu.cli.yichun.rosters import moment
from huzhu.contributions.individuals import approve
from huzhu.enrolment import applications
from huzhu.enrolment import services as enrolment
from huzhu.insight import people
from huzhu.members import services as members
from huzhu.organisations import services as organisations

# occupation, platform, says already ill, what became of it
TOLD = (
    ("rider", "外卖平台伊春站", False, "submitted"),
    ("driver", "网约车平台", True, "submitted"),
    ("rider", "快递站点", False, "returned"),
    ("driver", "货运平台", False, "approved"),
    ("streamer", "", False, "refused"),
)


def individuals(tree: Tree, cast: Cast, edition: Any, registry: Registry) -> None:
    """Handed in on the phone on 28 and 29 November; money has come from none, so that the published figures stand."""
    for hour, (occupation, platform, already_ill, became) in enumerate(TOLD, start=9):
        at = moment(date(2022, 11, 28), hour, 10)
        found = _applied(registry, edition, at)
        applications.fill(
            application=found,
            occupation=occupation,
            platform=platform,
            agency=tree.city,
            insured="yes",
            at=at,
        )
        applications.fill(application=found, already_ill=already_ill, at=at)
        applications.submit(application=found, at=at + timedelta(minutes=6))
        _settled(found, became, cast, at + timedelta(hours=22))


def platform(tree: Tree, cast: Cast, edition: Any, registry: Registry) -> None:
    """A platform company's list of its riders, not confirmed yet: three have no workers' insurance, one cell is unclear.

    Its staff counts for nothing, so that the published figures stand.
    """
    place = organisations.add(
        kind="employer",
        name="伊春众送外卖服务公司（平台企业）",
        code="PT-001",
        parent=tree.city,
        sector="flexible",
    )
    riders = list(registry.people(24, 3))
    at = moment(date(2022, 11, 29), 11, 20)
    members.register_all(people=riders, employer=place, by=cast.sun, at=at, is_synthetic=True)
    said = {3: "否", 9: "居民医保", 15: "否", 20: "城镇职工基本医保"}
    rows = [
        (one.name, one.identity.number, one.phone or "", said.get(number, "是" if number % 4 else ""))
        for number, one in enumerate(riders)
    ]
    lines = "\n".join(",".join(row) for row in [("姓名", "身份证号", "手机", "职工医保"), *rows])
    enrolment.stage(
        employer=place,
        editions=[edition],
        cover_starts_on=date(2022, 12, 1),
        name="骑手名册.csv",
        data=lines.encode(),
        way="platform",
        by=cast.sun,
        at=at,
    )


def _applied(registry: Registry, edition: Any, at: datetime) -> Any:
    person = registry.person("male", born_on=date(1990, 3, 1) + timedelta(days=at.hour * 200))
    found = applications.start(
        edition=edition, name=person.name, id_number=person.identity.number, phone=person.phone or "", at=at
    )
    code = people.newest_message(found.phone).split("验证码 ")[1][:6]
    applications.prove(application=found, code=code, at=at)
    return found


def _settled(found: Any, became: str, cast: Cast, at: datetime) -> None:
    said: dict[str, Any] = {"application": found, "by": cast.sun, "at": at}
    if became == "returned":
        applications.send_back(**said, reason="站点名称没有写清楚，请写全称")
    elif became == "refused":
        applications.refuse(**said, reason="医保系统里没有查到职工医保，请先参加")
    elif became == "approved":
        approve(**said)
