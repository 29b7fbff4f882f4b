"""People are invited, and given a new link when they have lost their password."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from huzhu.members.services import phone_number
from huzhu.notices import services as notices
from huzhu.organisations.models import Organisation
from huzhu.users import services as users
from huzhu.users.models import Role, User

Address = Callable[[str], str]  # token → the whole address of the page where the password is set
PURPOSE = "password_link"


class NoRole(ValueError):
    """Somebody without a role could sign in and do nothing."""


@dataclass(frozen=True, slots=True)
class Slip:
    """What is handed over to one person; the address is told here and nowhere else."""

    user: User
    roles: list[Role]
    address: str
    phone: str


@transaction.atomic
def invite(  # noqa: PLR0913  a person, what they will do, and who asks when
    *,
    name: str,
    username: str,
    roles: list[tuple[str, Organisation]],
    phone: str,
    address: Address,
    by: Role,
    at: datetime,
) -> Slip:
    """A login without a password, its roles, and the link to set one; raises what users.services and phone_number raise."""
    if not roles:
        raise NoRole("请至少选一个角色和机构，否则登录进来什么也做不了。")
    called = phone_number(phone) if phone.strip() else ""
    user = users.add_user(username=username, name=name, password=None, by=by, at=at)
    given = [users.grant(user=user, code=code, organisation=place, by=by, at=at) for code, place in roles]
    return _handed(user, given, called, address, by, at)


@transaction.atomic
def reset(*, user: User, phone: str, address: Address, by: Role, at: datetime) -> Slip:
    """A new link for somebody who is here already; until it is used the old password stays good."""
    called = phone_number(phone) if phone.strip() else ""
    roles = list(Role.objects.filter(user=user, is_active=True).select_related("organisation", "user"))
    return _handed(user, roles, called, address, by, at)


def _handed(user: User, roles: list[Role], phone: str, address: Address, by: Role, at: datetime) -> Slip:
    opens = address(users.link(user=user, by=by, at=at))
    if phone:
        text = f"【职工互助保障】{user.name}，请打开 {opens} 设密码，登录名 {user.username}。7 天内有效，请勿转发。"
        notices.send(phone=phone, text=text, purpose=PURPOSE, about=by, at=at)
    return Slip(user, roles, opens, phone)
