"""Members for tests: 刘女士 and others, with identity numbers that cannot be real (place 990000)."""

import itertools
from datetime import UTC, date, datetime

from stdnum.iso7064 import mod_11_2

from factories.organisations import an_employer
from huzhu.members.models import BankAccount, Member
from huzhu.organisations.models import Organisation

LONG_AGO = datetime(2022, 1, 1, tzinfo=UTC)
_orders = itertools.count(1)


def an_id_number(*, born_on: date = date(1982, 5, 6), sex: str = "female", order: int | None = None) -> str:
    """A number that passes every check but belongs to nobody."""
    count = next(_orders) if order is None else order
    place, serial = divmod(count, 500)
    body = f"99{place:04d}{born_on:%Y%m%d}{serial * 2 + (sex == 'male'):03d}"
    return body + str(mod_11_2.calc_check_digit(body))


def a_member(
    name: str = "刘女士",
    *,
    employer: Organisation | None = None,
    id_number: str | None = None,
    phone: str | None = "13900000001",
    sex: str = "female",
    born_on: date = date(1982, 5, 6),
    **fields: object,
) -> Member:
    """A member as the table keeps one; sex and birthday go into a new number unless one is given."""
    return Member.objects.create(
        name=name,
        initials=fields.pop("initials", "lns"),
        id_number=id_number or an_id_number(born_on=born_on, sex=sex),
        phone=phone,
        sex=sex,
        born_on=born_on,
        employer=employer or an_employer(),
        is_synthetic=True,
        **fields,
    )


def an_account(member: Member, *, number: str = "6222020903000012345", **fields: object) -> BankAccount:
    """Where the member's money goes."""
    wanted = {"holder": member.name, "bank_name": "工商银行伊春支行", "added_at": LONG_AGO} | fields
    return BankAccount.objects.create(member=member, number=number, **wanted)
