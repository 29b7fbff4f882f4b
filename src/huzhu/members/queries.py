"""Questions about members, always asked for someone."""

import re

from django.db.models import Q, QuerySet

from huzhu.core.identity import tidy
from huzhu.members.models import BankAccount, Member
from huzhu.users.models import Role
from huzhu.users.permissions import may


def visible_to(by: Role | Member) -> QuerySet[Member]:
    """Members of the asker's branch; a member sees only themselves."""
    members = Member.objects.select_related("employer")
    if isinstance(by, Member):
        return members.filter(pk=by.pk)
    if not may(by, "members.see"):
        return members.none()
    return members.filter(employer__path__startswith=by.organisation.path)


def search(by: Role | Member, text: str) -> QuerySet[Member]:
    """Found by name, pinyin initials, full identity number, or its last four characters; nothing for no text."""
    wanted = tidy(text)
    members = visible_to(by).order_by("name", "pk")
    if not wanted:
        return members.none()
    return members.filter(_matching(wanted))


def _matching(wanted: str) -> Q:
    if re.fullmatch(r"[0-9]{17}[0-9X]", wanted):
        return Q(id_number_index=wanted)
    if re.fullmatch(r"[0-9]{3}[0-9X]", wanted):
        return Q(id_number_last4=wanted)
    if wanted.isascii() and wanted.isalpha():
        return Q(initials__startswith=wanted.lower())
    return Q(name__contains=wanted)


def by_numbers(numbers: list[str]) -> dict[str, Member]:
    """Members with these identity numbers, by number; for rooms that hold the numbers already."""
    found: dict[str, Member] = {}
    for start in range(0, len(numbers), 500):
        for member in Member.objects.filter(id_number_index__in=numbers[start : start + 500]):
            found[member.id_number] = member
    return found


def current_account(member: Member) -> BankAccount | None:
    """Where this member's money goes today."""
    return member.accounts.filter(is_current=True).first()
