"""Questions about reconciliation, always asked for someone."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from huzhu.bank.models import OwnAccount
from huzhu.reconciliation.models import Difference, Run
from huzhu.reconciliation.sides import CODES, Sides, sides_of, until
from huzhu.users.models import Role
from huzhu.users.permissions import may

KINDS = Difference.Kind.choices
STATES = Difference.State.choices
CAUSES = Difference.Cause.choices


@dataclass(slots=True)
class Day:
    """One day of an account: what the books, the payouts and the bank say moved, and what both hold at its end."""

    on: date
    book_in_fen: int = 0
    book_out_fen: int = 0
    paid_fen: int = 0
    bank_in_fen: int = 0
    bank_out_fen: int = 0
    book_fen: int = 0
    bank_fen: int = 0

    @property
    def difference_fen(self) -> int:
        return self.book_fen - self.bank_fen

    @property
    def moved_apart(self) -> bool:
        """Whether something of this very day differs, and not only what came from before."""
        sides = (self.book_in_fen, self.book_out_fen) == (self.bank_in_fen, self.bank_out_fen)
        return not sides


def differences(by: Role) -> QuerySet[Difference]:
    """Differences of the branch, the open ones first, then by day."""
    if not may(by, "reconciliation.see"):
        return Difference.objects.none()
    found = Difference.objects.filter(account__organisation__path__startswith=by.organisation.path)
    return found.select_related("account__organisation", "voucher", "payout", "line").order_by("-on", "-pk")


def waiting(by: Role) -> QuerySet[Difference]:
    """Those that nobody has explained, oldest first."""
    return differences(by).filter(state=Difference.State.OPEN).order_by("on", "pk")


def to_confirm(by: Role) -> QuerySet[Difference]:
    """Those that another person's word clears, oldest first."""
    return differences(by).filter(state=Difference.State.SAID).order_by("on", "pk")


def accounts(by: Role) -> QuerySet[OwnAccount]:
    """Accounts in use in the asker's branch."""
    if not may(by, "reconciliation.see"):
        return OwnAccount.objects.none()
    found = OwnAccount.objects.filter(organisation__path__startswith=by.organisation.path, ended_at=None)
    return found.select_related("organisation").order_by("organisation__path")


def open_count(account: OwnAccount) -> int:
    """How many differences of the account wait for somebody now; since the last run some may have been explained."""
    return Difference.objects.filter(account=account, state=Difference.State.OPEN).count()


def awaits_count(account: OwnAccount) -> int:
    """How many another person must only confirm."""
    return Difference.objects.filter(account=account, state=Difference.State.SAID).count()


def last_run(account: OwnAccount) -> Run | None:
    """The newest comparison."""
    return Run.objects.filter(account=account).order_by("-run_at", "-pk").first()


def code_of(account: OwnAccount) -> str:
    """The account of the books that an account at the bank is held against."""
    return CODES[OwnAccount.Purpose(account.purpose)]


def days(account: OwnAccount) -> list[Day]:
    """Every day on which something moved, newest first; reckoned now, from the rows."""
    last = until(account)
    return _days(sides_of(account, last)) if last else []


def _days(sides: Sides) -> list[Day]:
    found: dict[date, Day] = defaultdict(lambda: Day(date.min))
    for one in sides.book:
        day = found[one.on]
        day.book_in_fen += max(one.amount_fen, 0)
        day.book_out_fen += max(-one.amount_fen, 0)
    for paid in sides.paid:
        found[paid.on].paid_fen += paid.amount_fen
    for line in sides.lines:
        day = found[line.on]
        day.bank_in_fen += max(line.amount_fen, 0)
        day.bank_out_fen += max(-line.amount_fen, 0)
    book, bank = sides.book_before_fen, sides.bank_before_fen
    for on in sorted(found):
        day = found[on]
        book += day.book_in_fen - day.book_out_fen
        bank += day.bank_in_fen - day.bank_out_fen
        day.on, day.book_fen, day.bank_fen = on, book, bank
    return [found[on] for on in sorted(found, reverse=True)]
