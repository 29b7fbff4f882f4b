"""Verbs on members: register, accounts, phones, sign in, show one field in full. Corrections stand in their own file."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from django.db import transaction

from huzhu.audit import services as audit
from huzhu.core.identity import Identity
from huzhu.core.pinyin import initials
from huzhu.db.rows import Ready, ready
from huzhu.members.accounts import (
    ChangeIsSettled,
    NoPhone,
    NotAnAccount,
    account_number,
    add_account,
    change_account,
    check_twice,
    confirm_account,
    send_account_code,
    undo_account,
)
from huzhu.members.models import BankAccount, Member
from huzhu.members.persons import NotAPhone, phone_number
from huzhu.members.phones import change_phone, send_phone_codes
from huzhu.members.queries import by_numbers
from huzhu.members.signin import send_code, sign_in
from huzhu.notices import services as notices
from huzhu.organisations.models import Organisation
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

__all__ = [
    "ChangeIsSettled",
    "NoPhone",
    "NotAPhone",
    "NotAnAccount",
    "account_number",
    "add_account",
    "add_accounts",
    "change_account",
    "change_phone",
    "check_twice",
    "confirm_account",
    "first_accounts",
    "initials",
    "phone_number",
    "ready_to_add",
    "register_all",
    "reveal",
    "send_account_code",
    "send_code",
    "send_phone_codes",
    "sign_in",
    "sorted_out",
    "undo_account",
]

SLICE = 2_000
CAME = "您已随单位名册登记到{}。不是您的单位的，请马上联系代办处。"
REVEALED = {"id_number": "身份证号", "phone": "手机", "account": "银行账号"}


class NoReason(ValueError):
    """A field is to be shown in full, and nobody said why."""


@dataclass(frozen=True, slots=True)
class Person:
    """Someone to register: an identity, a name and perhaps a phone."""

    identity: Identity
    name: str
    phone: str | None = None


@transaction.atomic
def register_all(
    *,
    people: Iterable[Person],
    employer: Organisation,
    by: audit.Actor,
    at: datetime,
    is_synthetic: bool = False,
) -> dict[str, Member]:
    """Register many at once, by identity number; the verb that calls this asks for permission and records the act.

    A known member moves to this employer and is told so. The phone by which they sign in stays: it is filled in where there was
    none, and changed by themselves or at the counter only. So does the name, which the roster was held against.
    """
    wanted = {person.identity.number: person for person in people}
    known, new = sorted_out(people=wanted.values(), employer=employer, is_synthetic=is_synthetic)
    from_elsewhere = [member for member in known.values() if member.employer_id != employer.pk]
    acts: list[audit.Act] = [
        ("members.come_by_roster", one, {"from": one.employer.code, "to": employer.code})
        for one in from_elsewhere
    ]
    told = [(one.phone, CAME.format(employer.name), one) for one in from_elsewhere if one.phone]
    for number, member in known.items():
        _refresh(member, wanted[number], employer)
    Member.objects.bulk_create(new.values(), batch_size=SLICE)
    audit.record_each(by=by, at=at, acts=acts)
    notices.send_each(messages=told, purpose="member", at=at)
    return known | new


def sorted_out(
    *, people: Iterable[Person], employer: Organisation, is_synthetic: bool = False
) -> tuple[dict[str, Member], dict[str, Member]]:
    """Who is registered, and who would be, by identity number; nothing is written."""
    wanted = {person.identity.number: person for person in people}
    known = by_numbers(list(wanted))
    new = {n: _new(person, employer, is_synthetic) for n, person in wanted.items() if n not in known}
    return known, new


def ready_to_add(*, members: Mapping[str, Member], accounts: Sequence[BankAccount] = ()) -> list[Ready]:
    """Members who were sorted out as new, and their accounts, for `db.rows.write`; the verb that writes them records the act."""
    return [ready(Member, list(members.values())), ready(BankAccount, accounts)]


def first_accounts(
    *, accounts: Mapping[str, tuple[str, str]], members: Mapping[str, Member], at: datetime
) -> list[BankAccount]:
    """Accounts for these members, (bank, number) by identity number; nothing is written."""
    return [
        BankAccount(member=(one := members[key]), holder=one.name, bank_name=bank, number=number, added_at=at)
        for key, (bank, number) in accounts.items()
    ]


def _new(person: Person, employer: Organisation, is_synthetic: bool) -> Member:
    return Member(
        name=person.name,
        initials=initials(person.name),
        id_number=person.identity.number,
        phone=person.phone or None,
        sex=person.identity.sex,
        born_on=person.identity.born_on,
        employer=employer,
        is_synthetic=is_synthetic or person.identity.cannot_be_real,
    )


def _refresh(member: Member, person: Person, employer: Organisation) -> None:
    phone = member.phone or person.phone
    if (member.employer_id, member.phone, member.leaving) != (employer.pk, phone, ""):
        member.employer, member.phone = employer, phone
        member.leaving, member.left_on = "", None  # on a roster again, so at work again
        member.save(update_fields=["employer", "phone", "phone_index", "leaving", "left_on"])


@transaction.atomic
def add_accounts(*, accounts: dict[str, tuple[str, str]], members: dict[str, Member], at: datetime) -> int:
    """First accounts from a roster, (bank, number) by identity number; members who have one keep it. How many were added."""
    holders = {members[number].pk: (members[number], *account) for number, account in accounts.items()}
    held: set[object] = set()
    keys = list(holders)
    for start in range(0, len(keys), 500):
        found = BankAccount.objects.filter(member__in=keys[start : start + 500], is_current=True)
        held.update(found.values_list("member_id", flat=True))
    new = [
        BankAccount(member=member, holder=member.name, bank_name=bank, number=number, added_at=at)
        for key, (member, bank, number) in holders.items()
        if key not in held
    ]
    return len(BankAccount.objects.bulk_create(new, batch_size=SLICE))


@transaction.atomic
def reveal(*, member: Member, field: str, by: Role, reason: str, at: datetime) -> str:
    """The full text of "id_number", "phone" or "account", after the reason was written down."""
    check_may(by, "members.reveal", within=member.employer)
    if field not in REVEALED:
        raise LookupError(f"没有可显示的字段“{field}”：可选 {'、'.join(REVEALED)}。")
    if len(reason.strip()) < 2:
        _no_reason(field)
    detail = {"field": REVEALED[field], "reason": reason.strip()[:200]}
    audit.record(by=by, verb="members.reveal", on=member, at=at, detail=detail, kind="reveal")
    if field == "account":
        account = member.accounts.filter(is_current=True).first()
        return account.number if account else ""
    return getattr(member, field) or ""


def _no_reason(field: str) -> NoReturn:
    raise NoReason(
        f"没有写明查看{REVEALED[field]}的理由，所以没有显示。查看会记录在案，本人可以查询：请写明办什么事。"
    )
