"""The people of the demonstration: the same names as in tests, documents and pictures."""

from dataclasses import dataclass
from typing import Any

from huzhu.cli.yichun.places import Tree
from huzhu.users import services as users

# login, name, role, and where
CAST = (
    ("zhao", "赵经办", "employer_clerk", "story"),
    ("qian", "钱县工", "county_clerk", "铁力市"),
    ("sun", "孙代办", "agency_clerk", "city"),
    ("zhang", "张审核", "reviewer", "province"),
    ("chen", "陈复核", "second_reviewer", "province"),
    ("li", "李会计", "payment_maker", "province"),
    ("zhou", "周放行", "payment_releaser", "province"),
    ("wu", "吴经审", "auditor", "province"),
    ("zheng", "郑领导", "leader", "city"),
    ("wang", "王包联", "cadre", "伊美区"),
    ("feng", "冯政策", "policy", "province"),
    ("han", "韩政策", "policy", "province"),
    ("he", "何管理", "administrator", "province"),
    (
        "zhu",
        "朱代办",
        "agency_clerk",
        "city",
    ),  # the second person at the agency: approves what 孙代办 has checked
)


@dataclass(frozen=True, slots=True)
class Cast:
    """Roles by what they are called in the story."""

    roles: dict[str, Any]

    def __getattr__(self, login: str) -> Any:
        return self.roles[login]


def hire(tree: Tree, password: str) -> Cast:
    """Logins and roles for all of them, with one password."""
    places = {"story": tree.story.organisation, "city": tree.city, "province": tree.province, **tree.counties}
    roles = {}
    for login, name, code, where in CAST:
        user = users.add_user(username=login, name=name, password=password)
        roles[login] = users.grant(user=user, code=code, organisation=places[where])
    return Cast(roles)
