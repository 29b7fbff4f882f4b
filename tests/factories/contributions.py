"""Rosters accepted and paid, for tests."""

import itertools
from datetime import date, datetime

from factories.enrolment import START, UPLOADED_AT, a_staged_roster
from huzhu.contributions import queries, services
from huzhu.contributions.models import Receipt, Share, SplitTerms
from huzhu.contributions.splits import Rule
from huzhu.contributions.terms import set_split
from huzhu.enrolment.models import Roster
from huzhu.organisations.models import Organisation
from huzhu.schemes.models import SchemeEdition
from huzhu.users.models import Role

RECEIVED_ON = date(2022, 1, 20)
_references = itertools.count(1)


def an_accepted_roster(
    employer: Organisation,
    editions: list[SchemeEdition],
    rows: list[tuple[object, ...]],
    *,
    by: Role,
    starts_on: date = START,
    at: datetime = UPLOADED_AT,
) -> Roster:
    """Uploaded and accepted; the money is not in yet."""
    roster = a_staged_roster(employer, editions, rows, by=by, starts_on=starts_on, at=at)
    services.accept_roster(roster=roster, good_only=True, by=by, at=at)
    roster.refresh_from_db()
    return roster


def a_receipt(
    share: Share, *, by: Role, amount_fen: int | None = None, at: datetime = UPLOADED_AT
) -> Receipt:
    """The bank says that the share came, all of it unless told otherwise."""
    (receipt,) = services.record_transfer(
        parts=[services.Money(share, share.amount_fen if amount_fen is None else amount_fen)],
        received_on=RECEIVED_ON,
        bank_reference=f"T{next(_references):08d}",
        by=by,
        at=at,
    )
    return receipt


def all_paid(roster: Roster, *, by: Role) -> None:
    """Every share of the roster comes in, one transfer each."""
    for share in Share.objects.filter(due__roster=roster, amount_fen__gt=0):
        a_receipt(share, by=by)


def a_split(employer: Organisation, *, by: Role, **fields: object) -> SplitTerms:
    """75 % by the employer, unless told otherwise; beside the other payers that the employer has."""
    wanted: dict[str, object] = {
        "payer": "employer",
        "payer_name": "",
        "basis": "percent",
        "basis_points": 7500,
    }
    slug = str(fields.pop("scheme_slug", "yichun-120"))
    terms = {name: fields.pop(name) for name in ("valid_from", "least_own_fen", "at") if name in fields}
    rule = Rule(**wanted | fields)
    held = next(iter(queries.history_of(employer, slug)), None)
    others = [one for one in queries.rules_of(held) if one.payer != rule.payer] if held else []
    return set_split(
        employer=employer,
        scheme_slug=slug,
        rules=[*others, rule],
        by=by,
        **{"valid_from": date(2022, 1, 1), "at": UPLOADED_AT} | terms,
    )
