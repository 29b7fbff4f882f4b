"""Publishing: an edition on the shelf becomes a row that enrolments and decisions point to."""

from datetime import date, datetime

from django.db import transaction

from huzhu.audit.services import record
from huzhu.rules.edition import Edition
from huzhu.rules.entry import term
from huzhu.schemes.models import SchemeEdition
from huzhu.users.models import Role


class HasNoFee(ValueError):
    """The edition names no parameter `fee`, so nobody could say what a member owes."""


class SaysNotWhoMayJoin(ValueError):
    """The edition has no section on entry, so nobody could say who may join."""


@transaction.atomic
def publish(*, edition: Edition, at: datetime, by: Role | None = None) -> SchemeEdition:
    """Keep a proved edition for good, in fen and dates; the same identity twice returns the first row."""
    if edition.entry is None:
        raise SaysNotWhoMayJoin(
            f"方案“{edition.slug}”没有写谁可以参加（entry），公布后没有人知道该收谁，所以没有公布。请在方案文件里补上。"
        )
    row, is_new = SchemeEdition.objects.get_or_create(
        identity=edition.identity,
        defaults={
            "slug": edition.slug,
            "edition": edition.edition,
            "variant": edition.variant.name if edition.variant else "",
            "title": edition.title,
            "short": edition.about.get("short", edition.slug),
            "resolved": edition.resolved,
            "fee_fen": _fee(edition),
            "individual_fee_fen": _own_fee(edition),
            "opens_on": date.fromordinal(edition.opens_on),
            "closes_on": date.fromordinal(edition.closes_on),
            "published_at": at,
        },
    )
    if is_new and by is not None:
        record(by=by, verb="schemes.publish", on=row, at=at, detail={"identity": edition.identity})
    return row


def _own_fee(edition: Edition) -> int | None:
    """What individuals pay where the edition says so, by the value in force when it opens."""
    own = term(edition, "individual_fee", edition.opens_on)
    return own if isinstance(own, int) else None


def _fee(edition: Edition) -> int:
    """Fen a member owes for one period, by the value in force when the edition opens."""
    fee = edition.parameters.get("fee")
    value = fee.at(edition.opens_on)[1] if fee else None
    if not isinstance(value, int):
        raise HasNoFee(
            f"方案“{edition.slug}”没有写会费（参数 fee），公布后没有人知道要缴多少，所以没有公布。"
            "请在方案文件的 parameters 里补上 fee。"
        )
    return value
