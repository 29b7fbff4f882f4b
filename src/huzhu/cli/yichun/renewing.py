"""What shows renewal, approval, moves and certificates: a list in the making, a roster at the county, a paper issued anew."""

from datetime import date
from typing import Any

from huzhu.cli.yichun.cast import Cast
from huzhu.cli.yichun.people import Registry
from huzhu.cli.yichun.places import Tree
from huzhu.cli.yichun.rosters import STORY_DAY, moment
from huzhu.core.periods import a_year_after
from huzhu.enrolment import approval, certifying, renewal
from huzhu.enrolment.queries import visible_to
from huzhu.members import moving

RULED_AT = moment(date(2022, 11, 28), 8, 40)


def asks_for_approval(tree: Tree, cast: Cast) -> None:
    """One county wants to see rosters before anybody joins."""
    approval.set_rule(organisation=tree.counties["铁力市"], steps="county", by=cast.sun, at=RULED_AT)


def at_the_county(roster: Any, cast: Cast) -> None:
    """The agency has handed in a hospital's roster; the county has not looked at it yet."""
    approval.submit(roster=roster, good_only=False, by=cast.sun, at=moment(date(2022, 11, 29), 10, 30))


def begun(tree: Tree, cast: Cast, registry: Registry) -> None:
    """The story's employer is half through its renewal: somebody retired, somebody does not want to, three are new."""
    place, by, at = tree.story.organisation, cast.zhao, moment(date(2022, 11, 29), 14, 0)
    retired, unwilling = (one.member for one in _held(tree, cast)[20:22])
    moving.leave(member=retired, why="retired", on=date(2022, 10, 31), by=by, at=at)
    found = renewal.begin(employer=place, ends_on=a_year_after(STORY_DAY), by=by, at=at)
    line = found.lines.get(member=unwilling)
    renewal.mark(renewal=found, changes={str(line.pk): {"reason": "unwilling"}}, by=by, at=at)
    joining = "\n".join(f"{one.name} {one.identity.number} {one.phone}" for one in registry.people(3, 1))
    renewal.add(renewal=found, text=joining, by=by, at=at)


def arriving(tree: Tree, cast: Cast) -> None:
    """A worker of another bureau is to come to the story's employer."""
    other = next(one for one in tree.employers if one.organisation.name == "双丰林业局公司").organisation
    held = visible_to(cast.sun).filter(employer=other).order_by("certificate_no")[7]
    at = moment(date(2022, 11, 28), 15, 20)
    moving.propose(member=held.member, target=tree.story.organisation, by=cast.sun, at=at)


def _held(tree: Tree, cast: Cast) -> Any:
    """Covers at the story's employer in the order of their certificates; the first are the story's own people."""
    return visible_to(cast.sun).in_force().filter(employer=tree.story.organisation).order_by("certificate_no")


def issued_anew(tree: Tree, cast: Cast) -> None:
    """A certificate that got wet at the printer: voided by two, and a new one in its place; another void waits."""
    first, second = _held(tree, cast)[10:12]
    day = date(2022, 11, 28)
    void = certifying.propose_void(
        enrolment=first, reason="打印时受潮，二维码扫不出来", by=cast.sun, at=moment(day, 9, 10)
    )
    certifying.settle_void(void=void, agree=True, by=cast.zhu, at=moment(day, 9, 30))
    certifying.reissue(enrolment=first, by=cast.sun, at=moment(day, 9, 40))
    certifying.propose_void(
        enrolment=second, reason="职工遗失，要求换发", by=cast.zhu, at=moment(date(2022, 11, 29), 16, 0)
    )
