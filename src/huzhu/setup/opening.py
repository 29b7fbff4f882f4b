"""The first start: top of the tree and the first administrator, all at once or not at all."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from huzhu.audit.services import SYSTEM, record
from huzhu.organisations import services as organisations
from huzhu.organisations.models import Organisation
from huzhu.organisations.services import NotAPlace
from huzhu.rules.units import SHANGHAI
from huzhu.users import opening
from huzhu.users import services as users
from huzhu.users.models import User
from huzhu.worktime import services as worktime

Kind = Organisation.Kind
ASSOCIATION = "中国职工保险互助会"


@dataclass(frozen=True, slots=True)
class Site:
    """What the page asks for: the chain from the top, of which only the first must be there, and one person."""

    association: str
    province: str
    city: str
    name: str
    username: str
    password: str


@transaction.atomic
def open_site(site: Site, *, code: str, at: datetime) -> User:
    """Set up a blank site; raises WrongStartCode, SetUpAlready, NotAPlace, NotAName or PasswordTooWeak, with nothing done."""
    opening.use_code(code=code, at=at)
    if site.city and not site.province:
        raise NotAPlace("province", "市代办处设在省办事处之下：填了代办处，还要填省办事处的名称。")
    root = place = organisations.add(kind=Kind.ASSOCIATION, name=site.association, code="CN", parent=None)
    for kind, name in ((Kind.PROVINCE, site.province), (Kind.CITY, site.city)):
        if name:
            number = organisations.suggested_code(kind=kind, name=name, parent=place)
            place = organisations.add(kind=kind, name=name, code=number, parent=place)
    user = users.add_user(username=site.username, name=site.name, password=site.password)
    users.grant(user=user, code="administrator", organisation=root)
    this_year = at.astimezone(SHANGHAI).year
    worktime.seed(years=range(this_year - 1, this_year + 2))
    detail = {"administrator": user.username, "places": [root.name, site.province, site.city]}
    record(by=SYSTEM, verb="setup.open", on=root, at=at, detail=detail)
    return user
