"""Who has looked at a member's data in full or opened their claims: what the law lets the member ask."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from huzhu.audit.models import Event
from huzhu.audit.queries import events_on
from huzhu.claims.models import Claim
from huzhu.members.models import Member
from huzhu.payouts.models import PayoutBatch
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role

MOST = 200
# what each role opens a claim for, as the member is told it
WHY = {
    Role.Code.AGENCY_CLERK: "受理、初审您的申请",
    Role.Code.REVIEWER: "核定您的申请",
    Role.Code.SECOND_REVIEWER: "复核您的申请",
    Role.Code.AUDITOR: "经费审查，抽查办理情况",
}
WHAT = {
    "claims.read": "申请内容",
    "claims.read_paper": "材料",
    "adjudication.read_letter": "核定通知书",
    "corrections.read_letter": "更正通知书",
    "settlements.read_paper": "医保的退费单",
}
PLAIN = {
    "members.read_id_card": "身份证照片",
    "members.read_consent": "签字的同意书",
    "payouts.hand_out": "代发文件里的收款账号",
}


@dataclass(slots=True)
class Look:
    """One person's looks at one thing on one day: when last, in which role, of which office, at what and why."""

    at: datetime
    role: str
    office: str
    about: str
    what: list[str]
    why: str


def looks_at(member: Member) -> list[Look]:
    """Newest first, no names: whoever wants one asks the office. A member's own looks and those of the system are left out."""
    found: dict[tuple[object, ...], Look] = {}
    events = _events(member)
    roles = _roles(event.actor_id for event in events)
    for event in events:
        role = next(
            (one for one in roles.get(event.actor_id, ()) if event.actor_name == one.actor_name[:80]), None
        )
        day = event.at.astimezone(SHANGHAI).date()
        key = (event.actor_name, event.object_id, day, event.detail.get("reason"))
        look = found.setdefault(key, _look(event, role))
        look.what += [word for word in [_what(event)] if word not in look.what]
    return list(found.values())[:MOST]


def _events(member: Member) -> list[Event]:
    """Reads of the claims, fields shown in full, bank files that held the account: newest first, by staff."""
    claims = Claim.objects.filter(member=member).values_list("pk", flat=True)
    batches = PayoutBatch.objects.filter(payouts__decision__claim__member=member).values_list("pk", flat=True)
    found = [
        *_by_staff(events_on(_name(Claim), claims)).filter(kind=Event.Kind.READ),
        *_by_staff(events_on(_name(Member), [member.pk])).exclude(kind=Event.Kind.CHANGE),
        *_by_staff(events_on(_name(PayoutBatch), batches)).filter(kind=Event.Kind.REVEAL),
    ]
    return sorted(found, key=lambda event: (event.at, event.pk), reverse=True)


def _by_staff(events: QuerySet[Event]) -> QuerySet[Event]:
    return events.filter(actor_id__startswith="user:")


def _name(table: type[Claim] | type[Member] | type[PayoutBatch]) -> str:
    return table._meta.label_lower  # noqa: SLF001  Django's documented name for it


def _roles(actors: Iterator[str]) -> dict[str, list[Role]]:
    """The roles each of these people holds or held."""
    keys = {int(actor.removeprefix("user:")) for actor in actors}
    held: dict[str, list[Role]] = {}
    for role in Role.objects.filter(user__in=keys).select_related("user", "organisation"):
        held.setdefault(role.actor_id, []).append(role)
    return held


def _look(event: Event, role: Role | None) -> Look:
    why = str(event.detail.get("reason", ""))
    if not why and event.verb == "payouts.hand_out":
        why = "把互助金付到您的账户"
    return Look(
        at=event.at,
        role=role.get_code_display() if role else "工作人员",
        office=role.organisation.name if role else "",
        about=f"申请 {event.object_name}" if event.verb in WHAT else "",
        what=[],
        why=why or (WHY.get(Role.Code(role.code), "") if role else ""),
    )


def _what(event: Event) -> str:
    if event.verb == "members.reveal":
        return f"完整的{event.detail.get('field', '号码')}"
    if event.verb in PLAIN:
        return PLAIN[event.verb]
    paper = event.detail.get("paper")
    return str(paper) if paper else WHAT.get(event.verb, "资料")
