"""Many people from a spreadsheet: what each row would do, and all of it at once or not at all."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from huzhu.core.pinyin import spelt
from huzhu.files import services as files
from huzhu.files.models import StoredFile
from huzhu.members.services import NotAPhone, phone_number
from huzhu.organisations.models import Organisation
from huzhu.organisations.queries import visible_to
from huzhu.setup import people, sheets
from huzhu.setup.people import Address, Slip
from huzhu.setup.sheets import Column, Row
from huzhu.users import queries as users
from huzhu.users import services
from huzhu.users.models import Role, User
from huzhu.users.permissions import check_may

PURPOSE = "setup.people"
COLUMNS = (
    Column("name", "姓名", frozenset({"名字"}), 24, "示例：赵经办（这一行不读）"),
    Column("login", "登录名", frozenset({"用户名", "账号"}), 18, "zhaojingban"),
    Column("role", "角色", frozenset({"岗位"}), 16, "单位经办人"),
    Column("place", "机构代码", frozenset({"机构", "机构名称", "单位", "单位代码"}), 24, "SG-001"),
    Column("phone", "手机", frozenset({"手机号", "电话", "联系电话"}), 16, "13900000000"),
)
HELP = (
    "一行是一个人的一个角色；一个人有几个角色就写几行，登录名写成一样。从第 2 行开始填，以“示例”开头的行不读。",
    f"角色：{'、'.join(Role.Code.labels)}。",
    "机构写代码或名称。登录名用小写字母和数字，可以空着，用姓名的拼音。",
    "手机可以空着；填了，设密码的链接同时放进发件箱。",
    "整张表一起办：有一格不对，全部不办。已有的人只加他还没有的角色，不发新链接。",
)
_CODES = {label: code for code, label in Role.Code.choices}


class PeopleRefused(ValueError):
    """The list cannot be taken as it is: cells are wrong."""


@dataclass(slots=True)
class Planned:
    """What one row would do for one person: new, grant or same."""

    row: Row
    login: str = ""
    code: str = ""
    place: Organisation | None = None
    there: User | None = None
    act: str = "new"


def store(*, name: str, data: bytes, by: Role, at: datetime) -> StoredFile:
    """Keep an uploaded list that can be read; raises TableRefused or NotAccepted. Nobody is invited yet."""
    check_may(by, "users.change")
    sheets.read(data, name, COLUMNS, needed=frozenset({"name", "role", "place"}))
    return files.store(name=name, data=data, purpose=PURPOSE, by=by, at=at)


def plan(file: StoredFile, *, by: Role) -> list[Planned]:
    """What each row would do to the branch as it is now, with what is wrong at each cell."""
    read = sheets.read(files.read(file), file.name, COLUMNS, needed=frozenset({"name", "role", "place"}))
    rows = [Planned(row) for row in read]
    places = list(visible_to(by))
    named: dict[str, str] = {}
    for one in rows:
        for column in COLUMNS:
            one.row.cells.setdefault(column.name, "")
        _read_person(one, named)
        _read_place(one, places)
        if not one.row.problems:
            _compare(one, by)
    return rows


@transaction.atomic
def take(*, file: StoredFile, address: Address, by: Role, at: datetime) -> list[Slip]:
    """Invite whoever is new and give the roles that are not there yet; the slips of the new. Raises PeopleRefused."""
    check_may(by, "users.change")
    rows = plan(file, by=by)
    if bad := sum(bool(one.row.problems) for one in rows):
        raise PeopleRefused(f"有 {bad} 行不对，所以一个人也没有办。请按页上的说明改好表格，再上传。")
    slips = []
    for login in dict.fromkeys(one.login for one in rows if one.act == "new"):
        mine = [one for one in rows if one.login == login]
        roles = [(one.code, one.place) for one in mine if one.place]
        phone = next((one.row.cells["phone"] for one in mine if one.row.cells["phone"]), "")
        name = mine[0].row.cells["name"]
        slips.append(
            people.invite(name=name, username=login, roles=roles, phone=phone, address=address, by=by, at=at)
        )
    for one in rows:
        if one.act == "grant" and one.there and one.place:
            services.grant(user=one.there, code=one.code, organisation=one.place, by=by, at=at)
    return slips


def _read_person(one: Planned, named: dict[str, str]) -> None:
    cells = one.row.cells
    try:
        cells["name"] = services.checked_name(cells["name"])
    except services.NotAName as wrong:
        one.row.wrong("name", str(wrong).rstrip("。"))
    try:
        one.login = services.checked_login(cells["login"] or spelt(cells["name"]))
    except services.NotAName as wrong:
        one.row.wrong("login", str(wrong).rstrip("。"))
    if named.setdefault(one.login, cells["name"]) != cells["name"]:
        one.row.wrong("login", f"登录名 {one.login} 在表里已经是{named[one.login]}的，请写另一个登录名")
    try:
        cells["phone"] = phone_number(cells["phone"]) if cells["phone"] else ""
    except NotAPhone as wrong:
        one.row.wrong("phone", str(wrong))


def _read_place(one: Planned, places: list[Organisation]) -> None:
    cells = one.row.cells
    one.code = _CODES.get(cells["role"], "")
    if not one.code:
        one.row.wrong("role", f"没有“{cells['role']}”这个角色，请写{'、'.join(_CODES)}之一")
    found = [place for place in places if place.code == cells["place"]] or [
        place for place in places if place.name == cells["place"]
    ]
    if len(found) != 1:
        many = f"有 {len(found)} 个机构叫“{cells['place']}”，请写代码"
        one.row.wrong("place", many if found else f"您管的机构里没有“{cells['place']}”，请核对代码")
        return
    one.place = found[0]
    if one.code:
        try:
            services.check_stands(one.code, one.place)
        except services.RoleCannotStandThere as wrong:
            one.row.wrong("place", str(wrong).rstrip("。"))


def _compare(one: Planned, by: Role) -> None:
    """Somebody who is here already is told apart from a namesake, and from a login of another branch."""
    one.there = users.people_visible_to(by).filter(username=one.login).first()
    if one.there is None:
        if User.objects.filter(username=one.login).exists():
            one.row.wrong("login", f"登录名 {one.login} 已经有人使用，请写另一个")
        return
    if one.there.name != one.row.cells["name"]:
        one.row.wrong("login", f"登录名 {one.login} 已经是{one.there.name}的，请写另一个登录名")
    elif one.there.pk == by.user_id:
        one.row.wrong("name", "自己的角色不能自己改，要由另一位系统管理员办")
    held = Role.objects.filter(user=one.there, code=one.code, organisation=one.place, is_active=True)
    one.act = "same" if held.exists() else "grant"
