"""Questions about members, always asked for someone."""

import re
from datetime import datetime

from django.db.models import Q, QuerySet

from huzhu.core.identity import tidy
from huzhu.members.models import BankAccount, Correction, Leaving, Member, Move
from huzhu.users.models import Role
from huzhu.users.permissions import may

LEAVING = Leaving.choices


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
    members = visible_to(by).order_by("name", "pk")
    return members.filter(_matching(tidy(text))) if tidy(text) else members.none()


def fitting(text: str) -> QuerySet[Member]:
    """The same over all branches, for rooms above that hold rows of a branch and look for their members."""
    return Member.objects.filter(_matching(tidy(text)))


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


def account_to_pay(member: Member, named: BankAccount | None) -> BankAccount | None:
    """The account named in a claim, unless the member has changed it since."""
    return named if named and named.is_current else current_account(member) or named


def account_changes(by: Role, since: datetime) -> QuerySet[BankAccount]:
    """Accounts of the asker's branch that took another one's place since then, and all that nobody has confirmed, newest
    first; for who may confirm them."""
    if not may(by, "members.confirm_account"):
        return BankAccount.objects.none()
    here = {"member__employer__path__startswith": by.organisation.path}
    waiting = Q(is_current=True, confirmed_at=None)
    found = BankAccount.objects.filter(Q(added_at__gte=since) | waiting, replaces__isnull=False, **here)
    return found.select_related("member__employer", "replaces", "confirmed_by").order_by("-added_at")


def corrections(by: Role | Member) -> QuerySet[Correction]:
    """Requests to correct data: a member's own, or those of the branch for who checks or approves; oldest first."""
    found = Correction.objects.select_related("member__employer", "file", "checked_by", "settled_by")
    if isinstance(by, Member):
        return found.filter(member=by).order_by("asked_at")
    if not may(by, "members.approve_correction"):
        return found.none()
    return found.filter(member__employer__path__startswith=by.organisation.path).order_by("asked_at")


def corrections_to_settle(by: Role) -> QuerySet[Correction]:
    """Requests that this person can move on: to be checked, or checked by somebody else and to be approved."""
    mine = Q(state=Correction.State.CHECKED) & ~Q(checked_by=by.user_id)
    if may(by, "members.correct"):
        mine |= Q(state=Correction.State.ASKED)
    return corrections(by).filter(mine)


def moves_visible_to(by: Role) -> QuerySet[Move]:
    """Moves out of the asker's branch or into it, newest first."""
    if not may(by, "members.see"):
        return Move.objects.none()
    path = by.organisation.path
    mine = Q(source__path__startswith=path) | Q(target__path__startswith=path)
    return (
        Move.objects.filter(mine).select_related("member", "source", "target").order_by("-proposed_at", "pk")
    )


def open_moves(member: Member) -> list[Move]:
    """Where the member is about to go; for whoever sees the member."""
    return list(member.moves.filter(state=Move.State.PROPOSED).select_related("target"))


def moves_to_settle(by: Role) -> QuerySet[Move]:
    """Moves that this person may take in or turn away."""
    if not may(by, "members.move"):
        return Move.objects.none()
    arriving = moves_visible_to(by).filter(
        target__path__startswith=by.organisation.path, state=Move.State.PROPOSED
    )
    return arriving.exclude(proposed_by=by.actor_id)
