"""What waits for whom, role by role: the figures of every landing page. Each is asked for someone, in their branch."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Max, QuerySet, Sum

from huzhu.audit.models import Event, Seal
from huzhu.bank import queries as bank
from huzhu.bank.models import Stop
from huzhu.claims import queries as claims
from huzhu.claims.models import Claim, State
from huzhu.contributions import queries as dues
from huzhu.contributions.models import Share
from huzhu.db.people import People, people
from huzhu.enrolment import expiring
from huzhu.enrolment.models import Enrolment, EnrolmentQuerySet, Roster
from huzhu.insight.figures import covered_at, holds_individuals
from huzhu.members.models import Member
from huzhu.notices.queries import outbox
from huzhu.organisations.models import Organisation
from huzhu.payouts import queries as payouts
from huzhu.payouts.models import Payout, PayoutBatch
from huzhu.users.models import Role
from huzhu.users.permissions import may
from huzhu.users.queries import acts_visible_to

UNTOUCHED = timedelta(days=2)
FIRST = 20  # rows of a queue; the page that they open to has them all
OPEN = (State.SUBMITTED, State.RETURNED, State.REPORTED, State.DECIDED, State.PAYING)


@dataclass(frozen=True, slots=True)
class Expiring:
    """Cover that ends on one day and is not renewed."""

    ends_on: date
    people: int
    days: int


@dataclass(frozen=True, slots=True)
class Covered:
    """A branch's cover: who has it, what is still to pay, what ends soon, what happens with the claims."""

    staff: int
    enrolled: int
    individuals: int  # who has cover and stands in no staff
    to_pay_fen: int
    shares: list[Share]
    soon: int  # people whose cover ends soon and is not renewed, each once
    expiring: list[Expiring]
    staged: int
    states: dict[str, int]


def covered(by: Role, day: date) -> Covered:
    """For an employer's clerk, and for a county over all its employers."""
    path = by.organisation.path
    employers = list(Organisation.objects.employers().filter(path__startswith=path))
    have = people(covered_at([one.pk for one in employers], day), "employer", "member")
    with_staff = [one for one in employers if not holds_individuals(one)]
    workers = People.of(have.pop(one.pk) for one in with_staff if one.pk in have)
    alone = People.of(have.values())
    soon = expiring.soon(by, day)
    shares = list(dues.unpaid(by))
    seen = claims.visible_to(by).order_by().values_list("state").annotate(Count("pk"))
    return Covered(
        staff=sum(one.staff_count for one in with_staff),
        enrolled=workers.number,
        individuals=alone.number - alone.both(workers),
        to_pay_fen=sum(share.amount_fen - share.received_fen for share in shares),
        shares=shares,
        soon=soon.values("member").distinct().count(),
        expiring=_by_day(soon, day),
        staged=Roster.objects.filter(employer__path__startswith=path, state=Roster.State.STAGED).count(),
        states=dict(seen),
    )


def _by_day(soon: EnrolmentQuerySet, day: date) -> list[Expiring]:
    counted = (
        soon.order_by("cover_ends_on").values_list("cover_ends_on").annotate(Count("member", distinct=True))
    )
    return [Expiring(ends_on, count, (ends_on - day).days) for ends_on, count in counted]


@dataclass(slots=True)
class Intake:
    """The agency's open claims, sorted by what they need."""

    due_today: list[Any] = field(default_factory=list)
    overdue: list[Any] = field(default_factory=list)
    returned: list[Any] = field(default_factory=list)
    untouched: list[Any] = field(default_factory=list)
    fresh: list[Any] = field(default_factory=list)
    upstairs: list[Any] = field(default_factory=list)
    mine: list[Any] = field(default_factory=list)


def intake(by: Role, now: datetime, day: date) -> Intake:
    """Due today, overdue, waiting for papers, untouched for days; `mine` is what the agency itself must do next."""
    found = Intake()
    for claim, clock in claims.by_urgency(claims.visible_to(by).filter(state__in=OPEN), now):
        pair = (claim, clock)
        if clock.overdue:
            found.overdue.append(pair)
        elif clock.due_on == day:
            found.due_today.append(pair)
        if claim.state == State.RETURNED:
            found.returned.append(pair)
        elif claim.state == State.SUBMITTED:
            found.mine.append(pair)
            is_old = claim.submitted_at is not None and claim.submitted_at < now - UNTOUCHED
            (found.untouched if is_old else found.fresh).append(pair)
        else:
            found.upstairs.append(pair)
    return found


@dataclass(frozen=True, slots=True)
class Money:
    """What the payment desk has before it: all of it counted, and the first rows."""

    unscheduled: int
    scheduled: int
    scheduled_fen: int
    held: int  # decided or scheduled, and something stands in the way
    held_fen: int
    failed: list[Payout]
    failed_count: int
    made: list[PayoutBatch]
    made_count: int
    made_fen: int
    released: list[PayoutBatch]
    released_count: int
    doubts: int
    stops: list[Stop]
    owed: int  # debts of members, and what is left of them
    owed_fen: int
    said: int  # what one person has said of them and another must confirm


def money(by: Role, now: datetime) -> Money:
    """To pay, in a batch, at the bank without an answer, sent back by the bank."""
    to_pay = payouts.waiting(by).order_by().aggregate(n=Count("pk"), fen=Sum("amount_fen"))
    to_schedule = payouts.to_schedule(by, now)
    barred = [one for one in to_schedule if one.objection]
    held = payouts.held_back(by, now)
    batches = payouts.batches(by).order_by("pk")
    made, released = batches.filter(state=PayoutBatch.State.MADE), payouts.at_the_bank(batches)
    failed = payouts.sent_back(by)
    owed = payouts.of_this(payouts.receivables(by), state="open")
    return Money(
        unscheduled=len(to_schedule) - len(barred),
        scheduled=to_pay["n"] - len(held),
        scheduled_fen=(to_pay["fen"] or 0) - sum(one.amount_fen for one in held),
        held=len(held) + len(barred),
        held_fen=sum(one.amount_fen for one in held) + sum(one.amount_fen for one in barred),
        failed=list(failed[:FIRST]),
        failed_count=failed.count(),
        made=list(made[:FIRST]),
        made_count=made.count(),
        made_fen=made.order_by().aggregate(fen=Sum("total_fen"))["fen"] or 0,
        released=list(released[:FIRST]),
        released_count=batches.filter(state=PayoutBatch.State.RELEASED).count(),
        doubts=payouts.in_doubt(by).count(),
        stops=list(bank.stops(by)),
        owed=owed.count(),
        owed_fen=payouts.owed(owed)[0],
        said=payouts.clearings_to_settle(by).count(),
    )


@dataclass(frozen=True, slots=True)
class Trail:
    """What changed since somebody last looked."""

    since: datetime | None
    total: int
    verbs: list[tuple[str, int]]
    reveals: int
    newest: list[Event]
    sealed_upto: int
    last: int


def trail(by: Role, since: datetime | None) -> Trail:
    """Acts of the branch after an instant (all of them, when there is none), counted by what was done."""
    seen = acts(by)
    fresh = seen.filter(at__gt=since) if since else seen
    counted = Counter(dict(fresh.order_by().values_list("verb").annotate(Count("pk"))))
    return Trail(
        since=since,
        total=sum(counted.values()),
        verbs=counted.most_common(12),
        reveals=fresh.filter(kind=Event.Kind.REVEAL).count(),
        newest=list(seen[:15]),
        sealed_upto=Seal.objects.aggregate(upto=Max("upto"))["upto"] or 0,
        last=Event.objects.aggregate(last=Max("pk"))["last"] or 0,
    )


def acts(by: Role, kind: str = "", who: str = "") -> QuerySet[Event]:
    """What the staff of the branch did, and what anybody did to its claims, newest first; of one kind, by one person."""
    found = acts_visible_to(by)
    claimed = [str(pk) for pk in claims.visible_to(by).values_list("pk", flat=True)]
    if may(by, "audit.see") and claimed:
        kind_of_claim = Claim._meta.label_lower  # noqa: SLF001  Django's documented name for it
        found = found | Event.objects.filter(object_type=kind_of_claim, object_id__in=claimed).order_by("-pk")
    found = found.filter(kind=kind) if kind else found
    return found.filter(actor_name__contains=who) if who else found


def in_hardship(by: Role) -> QuerySet[Member]:
    """Workers in hardship of the branch."""
    found = Member.objects.filter(in_hardship=True, employer__path__startswith=by.organisation.path)
    return found.select_related("employer").order_by("employer__path", "name", "pk")


def cover_of(people: Iterable[Member], day: date) -> set[Any]:
    """Which of these people have cover on a day."""
    held = Enrolment.objects.in_force().covering(day).filter(member__in=[one.pk for one in people])
    return set(held.values_list("member_id", flat=True))


@dataclass(frozen=True, slots=True)
class House:
    """What the administrator keeps in order."""

    kinds: dict[str, int]
    users: int
    roles: list[Role]
    notices: int
    events: int


def house(by: Role) -> House:
    """Places, logins, messages and acts, counted."""
    places = Organisation.objects.under(by.organisation).order_by()
    labels = dict(Organisation.Kind.choices)
    counted = places.values_list("kind").annotate(Count("pk"))
    roles = Role.objects.filter(
        organisation__path__startswith=by.organisation.path, is_active=True, user__is_machine=False
    )
    return House(
        kinds={labels[kind]: number for kind, number in counted},
        users=roles.values("user").distinct().count(),
        roles=list(roles.select_related("user", "organisation").order_by("pk")[:60]),
        notices=outbox(by).count(),
        events=acts(by).count(),
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """A member's own page: covers, claims, and the one that needs them."""

    covers: list[Enrolment]
    waiting: list[Enrolment]
    claims: list[Any]


def standing(member: Member, now: datetime, day: date) -> Standing:
    """What a member sees first."""
    enrolments = Enrolment.objects.filter(member=member).select_related("edition", "employer")
    mine = claims.visible_to(member).order_by("-drafted_at")
    return Standing(
        covers=list(enrolments.in_force().covering(day).order_by("scheme_slug")),
        waiting=list(enrolments.filter(state=Enrolment.State.AWAITING_PAYMENT)),
        claims=[(claim, claims.clock(claim, now)) for claim in mine[:10]],
    )
