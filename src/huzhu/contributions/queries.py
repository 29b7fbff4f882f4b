"""Questions about dues and money received, always asked for someone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import BigIntegerField, Count, F, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from huzhu.contributions.models import ContributionDue, Payer, Share, SplitRule
from huzhu.contributions.splits import Part, Rule, in_words, split
from huzhu.enrolment.models import Roster, RosterRow
from huzhu.enrolment.queries import heads
from huzhu.organisations.models import Organisation
from huzhu.schemes.models import SchemeEdition
from huzhu.users.models import Role
from huzhu.users.permissions import may

PAYERS = [choice for choice in Payer.choices if choice[0] != Payer.WORKER]
BASES = SplitRule.Basis.choices


@dataclass(frozen=True, slots=True)
class Plan:
    """What one scheme will cost a roster, and who pays it."""

    edition: SchemeEdition
    heads: int
    fee_fen: int
    parts: tuple[Part, ...]

    @property
    def amount_fen(self) -> int:
        return self.fee_fen * self.heads

    @property
    def said(self) -> str:
        return in_words(self.parts)


def visible_to(by: Role) -> QuerySet[ContributionDue]:
    """Dues of the asker's branch."""
    if not may(by, "members.see"):
        return ContributionDue.objects.none()
    dues = ContributionDue.objects.filter(roster__employer__path__startswith=by.organisation.path)
    return dues.select_related("roster__employer", "edition").prefetch_related("shares")


def unpaid(by: Role) -> QuerySet[Share]:
    """Shares of the branch whose money is not all in, oldest first."""
    shares = Share.objects.filter(due__in=visible_to(by), received_fen__lt=F("amount_fen"))
    return shares.select_related("due__roster__employer", "due__edition").order_by(
        "due__roster__settled_at", "due_id", "pk"
    )


def dues_of(roster: Roster) -> list[ContributionDue]:
    """A roster's dues with their shares."""
    return list(roster.dues.select_related("edition").prefetch_related("shares").order_by("pk"))


def waiting(by: Role) -> QuerySet[Roster]:
    """Accepted rosters of the branch whose money is not all in, oldest first, with their sums."""
    owing = unpaid(by).order_by().values("due__roster")
    rosters = Roster.objects.filter(pk__in=owing).select_related("employer")
    return with_sums(rosters).order_by("settled_at", "pk")


def with_sums(rosters: QuerySet[Roster]) -> QuerySet[Roster]:
    """Each roster with `rows_count`, `people`, `due_fen` and `left_fen`."""
    shares = Share.objects.filter(due__roster=OuterRef("pk")).order_by().values("due__roster")
    dues = ContributionDue.objects.filter(roster=OuterRef("pk")).order_by("-heads").values("heads")[:1]
    rows = RosterRow.objects.filter(roster=OuterRef("pk")).order_by().values("roster").annotate(n=Count("pk"))
    return rosters.annotate(
        rows_count=_number(rows.values("n")),
        people=_number(dues),
        due_fen=_number(shares.annotate(n=Sum("amount_fen")).values("n")),
        left_fen=_number(shares.annotate(n=Sum(F("amount_fen") - F("received_fen"))).values("n")),
    )


def _number(query: QuerySet[Any, Any]) -> Coalesce:
    return Coalesce(Subquery(query, output_field=BigIntegerField()), Value(0))


def owed_fen(by: Role) -> int:
    """What the branch still has to pay, in fen."""
    sums = unpaid(by).order_by().aggregate(due=Sum("amount_fen"), got=Sum("received_fen"))
    return (sums["due"] or 0) - (sums["got"] or 0)


def plans(roster: Roster) -> list[Plan]:
    """What accepting the good rows will cost, scheme by scheme."""
    return [plan(roster, edition, number) for edition, number in heads(roster).items()]


def plan(roster: Roster, edition: SchemeEdition, number: int) -> Plan:
    """One scheme's cost for so many people of the roster."""
    fee_fen = edition.fee_for(roster.way)
    parts = split(fee_fen, rules_for(roster.employer, edition.slug))
    return Plan(edition, number, fee_fen, tuple(part.times(number) for part in parts))


def rules_for(employer: Organisation, scheme_slug: str) -> list[Rule]:
    """The split of the nearest organisation at or above that has one; none means that the worker pays all."""
    above = [int(pk) for pk in employer.path.split("/") if pk]
    found = SplitRule.objects.filter(employer__in=above, scheme_slug=scheme_slug).select_related("employer")
    rows = sorted(found, key=lambda row: (-len(row.employer.path), row.pk))
    return [rule_of(row) for row in rows if row.employer_id == rows[0].employer_id]


def rule_of(row: SplitRule) -> Rule:
    return Rule(row.payer, row.payer_name, row.basis, row.basis_points, row.fixed_fen)


def splits_visible_to(by: Role) -> QuerySet[SplitRule]:
    """Split rules set in the asker's branch."""
    if not may(by, "contributions.split"):
        return SplitRule.objects.none()
    rules = SplitRule.objects.filter(employer__path__startswith=by.organisation.path)
    return rules.select_related("employer").order_by("employer__path", "scheme_slug", "pk")


def total_fen(plans: Sequence[Plan]) -> int:
    return sum(plan.amount_fen for plan in plans)
