"""Questions about refunds, always asked for someone."""

from collections.abc import Iterable
from datetime import datetime, time
from typing import Any

from django.db.models import Q, QuerySet

from huzhu.bank.models import StatementLine
from huzhu.contributions.given_back import Refund, RefundList, RefundPart
from huzhu.contributions.models import LineUse, Receipt
from huzhu.contributions.refunds import at_the_bank
from huzhu.organisations.models import Organisation
from huzhu.organisations.queries import agency_of
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import may

STATES = Refund.State.choices
KINDS = Refund.Kind.choices


def visible_to(by: Role) -> QuerySet[Refund]:
    """Refunds of the branch, newest first."""
    if not may(by, "bank.see"):
        return Refund.objects.none()
    found = Refund.objects.filter(employer__path__startswith=by.organisation.path)
    related = found.select_related("employer", "roster", "enrolment__member", "prepaid", "paper__agency")
    return related.prefetch_related("parts__list").order_by("-proposed_at", "pk")


def lists_visible_to(by: Role) -> QuerySet[RefundList]:
    """Payment lists made in the branch, newest first."""
    if not may(by, "bank.see"):
        return RefundList.objects.none()
    return RefundList.objects.filter(organisation__path__startswith=by.organisation.path).order_by("-pk")


def parts_visible_to(by: Role) -> QuerySet[RefundPart]:
    """Who gets what of the branch's refunds."""
    held = visible_to(by).order_by().values("pk")
    return RefundPart.objects.filter(refund__in=held).select_related("refund__employer", "list")


def parts_of(refund: Refund) -> QuerySet[RefundPart]:
    """Everybody to whom it was to be paid, those that another one replaced as well."""
    return refund.parts.select_related("list", "replaces").order_by("place")


def vouchers_of(refund: Refund) -> list[str]:
    """How the source of the voucher of its release begins."""
    return [f"refund:{refund.pk.hex}"]


def paid_in(refund: Refund) -> list[str]:
    """Numbers of the vouchers by which the bank's lines paid it or brought it back."""
    uses = LineUse.objects.filter(Q(paid_parts__refund=refund) | Q(returned_parts__refund=refund))
    return list(uses.exclude(voucher=None).values_list("voucher__number", flat=True))


def taken_from(refund: Refund) -> list[Receipt]:
    """What the release took back from each share, by red receipts."""
    return list(refund.receipts.select_related("share__due__edition", "paper__agency").order_by("pk"))


def lists_of(refund: Refund) -> list[RefundList]:
    """Every list on which a part of it went to the bank, oldest first."""
    return list(RefundList.objects.filter(parts__refund=refund).distinct().order_by("pk"))


def paid_by(by: Role, line: StatementLine) -> list[list[RefundPart]]:
    """What a line may have paid: one part, a whole refund, or a whole list; or the one that it brings back."""
    place = line.account.organisation
    parts = parts_visible_to(by).order_by("refund", "place")
    parts = parts.filter(refund__employer__path__startswith=place.path)
    if line.amount_fen > 0:
        back = parts.filter(
            paid_by__line__account__organisation=place,
            state=RefundPart.State.PAID,
            amount_fen=line.amount_fen,
            paid_on__lte=line.booked_on,
        )
        return [[one] for one in back]
    end_of_day = datetime.combine(line.booked_on, time.max, tzinfo=SHANGHAI)
    together = paid_together(_released(parts).filter(list__released_at__lte=end_of_day))
    return [held for held in together if sum(one.amount_fen for one in held) == -line.amount_fen]


def released_sums(by: Role) -> set[tuple[int, str]]:
    """What the bank may pay out in one line, each with the path of an employer that gets it."""
    together = paid_together(_released(parts_visible_to(by).order_by("refund", "place")))
    return {(sum(one.amount_fen for one in held), held[0].refund.employer.path) for held in together}


def pays(listed: RefundList) -> Organisation | None:
    """The agency whose money a list gives back; none where the list was dissolved."""
    one = RefundPart.objects.filter(list=listed).select_related("refund__employer").first()
    return agency_of(one.refund.employer) if one else None


def _released(parts: QuerySet[RefundPart]) -> QuerySet[RefundPart]:
    return parts.filter(pk__in=at_the_bank().values("pk"))


def paid_together(waiting: Iterable[RefundPart]) -> list[list[RefundPart]]:
    """Each part alone, then those of one refund, then those of one list, where they are more than the last."""
    refunds: dict[Any, list[RefundPart]] = {}
    lists: dict[Any, list[RefundPart]] = {}
    for one in waiting:
        refunds.setdefault(one.refund_id, []).append(one)
        lists.setdefault(one.list_id, []).append(one)
    whole = [held for held in refunds.values() if len(held) > 1]
    every = [held for held in lists.values() if len(held) > 1 and held not in whole]
    return [*([one] for held in lists.values() for one in held), *whole, *every]
