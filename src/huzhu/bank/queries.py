"""Questions about bank statements, always asked for someone."""

from datetime import date, datetime

from django.db.models import Max, Q, QuerySet

from huzhu.bank.models import OwnAccount, Statement, StatementLine, Stop
from huzhu.organisations.models import Organisation
from huzhu.users.models import Role
from huzhu.users.permissions import may


def accounts_visible_to(by: Role) -> QuerySet[OwnAccount]:
    """Accounts in use in the asker's branch, and the one above it that holds the branch's money."""
    return _seen_by(by).filter(ended_at=None)


def _seen_by(by: Role) -> QuerySet[OwnAccount]:
    """Those no longer in use as well: what came to them may still wait to be claimed."""
    if not may(by, "bank.see"):
        return OwnAccount.objects.none()
    above = [int(pk) for pk in by.organisation.path.split("/") if pk]
    found = OwnAccount.objects.select_related("organisation")
    within = found.filter(organisation__path__startswith=by.organisation.path)
    return (within | found.filter(organisation__in=above)).order_by("organisation__path")


def statements_visible_to(by: Role) -> QuerySet[Statement]:
    """What was taken in, newest first."""
    found = Statement.objects.filter(account__in=_seen_by(by).order_by())
    return found.select_related("account", "file").order_by("-pk")


def lines_visible_to(by: Role) -> QuerySet[StatementLine]:
    """Movements of those accounts, newest first."""
    found = StatementLine.objects.filter(account__in=_seen_by(by).order_by())
    return found.select_related("account__organisation").order_by("-booked_on", "-position")


def lines_matching(lines: QuerySet[StatementLine], text: str) -> QuerySet[StatementLine]:
    """Lines by the bank's number or the other side's name; remarks and accounts are sealed."""
    return lines.filter(Q(reference__icontains=text) | Q(name__contains=text))


def known_until(account: OwnAccount) -> date | None:
    """The last day that a statement has told in full."""
    last: date | None = account.statements.aggregate(last=Max("last_on"))["last"]
    return last


def holds(account: OwnAccount, office: Organisation) -> bool:
    """Whether an office's money lies on this account: the one it collects on, or the nearest above it that pays."""
    if account.purpose == OwnAccount.Purpose.COLLECTING:
        return account.organisation_id == office.pk
    # one that was replaced still has lines
    nearest = paying(office) or account
    return account.organisation_id == nearest.organisation_id and account.organisation.contains(office)


def holding(office: Organisation, since: datetime) -> list[OwnAccount]:
    """Every account on which an office's money has lain since then; those that were replaced meanwhile as well."""
    used = OwnAccount.objects.filter(Q(ended_at=None) | Q(ended_at__gte=since)).select_related("organisation")
    return [one for one in used if holds(one, office)]


def paying(office: Organisation) -> OwnAccount | None:
    """The account from which is paid what an office's members get: the nearest above it."""
    pays = OwnAccount.objects.filter(purpose=OwnAccount.Purpose.PAYING, ended_at=None)
    above = [int(pk) for pk in office.path.split("/") if pk]
    return pays.filter(organisation__in=above).order_by("-organisation__path").first()


def stops(by: Role) -> QuerySet[Stop]:
    """Open stops, oldest first, for who deals with money."""
    found = Stop.objects.open().order_by("stopped_at", "pk")
    return found if may(by, "stops.see") else found.none()
