"""Programs of the demonstration: tokens whose text is told to nobody, so that they open nothing."""

from datetime import date

from huzhu.cli.yichun.cast import Cast
from huzhu.cli.yichun.places import Tree
from huzhu.cli.yichun.rosters import moment
from huzhu.users import tokens


def with_tokens(tree: Tree, people: Cast) -> None:
    """The bureau's system enters claims, the employer's looks up its own people and hands in rosters."""
    at = moment(date(2022, 9, 1), 10, 0)
    enters = ["members", "claims", "claims.write"]
    looks = ["members", "enrolments", "rosters", "rosters.write"]
    for name, code, place, scopes, days in (
        ("医保局结算系统", "agency_clerk", tree.city, enters, 365),
        ("美溪林业局人事系统", "employer_clerk", tree.story.organisation, looks, 180),
    ):
        tokens.make(name=name, code=code, place=place, scopes=scopes, days=days, by=people.he, at=at)
