"""Staff: logins without a password (nothing to hash), and roles at a place that fits them."""

from itertools import count

from factories import organisations
from huzhu.organisations.models import Organisation
from huzhu.users.models import Role, User

_numbers = count(1)
NAMES = {
    "employer_clerk": "赵经办",
    "county_clerk": "孙县工会",
    "agency_clerk": "钱代办",
    "reviewer": "张审核",
    "second_reviewer": "陈复核",
    "payment_maker": "李会计",
    "payment_releaser": "周放行",
    "auditor": "吴经审",
    "leader": "郑主任",
    "cadre": "王包联",
    "policy": "冯政策",
    "administrator": "卫管理",
}
PLACES = {
    "employer_clerk": organisations.an_employer,
    "county_clerk": organisations.a_county,
    "agency_clerk": organisations.a_city,
    "cadre": organisations.a_city,
}


def a_user(name: str = "张审核") -> User:
    """Cannot sign in by password; tests of pages use client.force_login."""
    return User.objects.create(username=f"user{next(_numbers)}", name=name, password="!")


def a_role(
    code: str, organisation: Organisation | None = None, name: str | None = None, user: User | None = None
) -> Role:
    """A person acting in a capacity; without an organisation, at a new one of the usual kind."""
    place = organisation or PLACES.get(code, organisations.a_province)()
    return Role.objects.create(user=user or a_user(name or NAMES[code]), code=code, organisation=place)
