"""Verbs on claims: start, fill, submit, return for papers, resume, withdraw, and the step that upper rooms take."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from huzhu.audit import services as audit
from huzhu.claims import checks, numbers, papers
from huzhu.claims import fields as fields_of
from huzhu.claims.checks import ClaimedBefore, FieldsNeedWork, OutsideCover
from huzhu.claims.kinds import KINDS
from huzhu.claims.lifecycle import DONE, EDITABLE, CannotMove, check_move
from huzhu.claims.locks import lock, lock_member
from huzhu.claims.models import Claim, Pause, Settlement, State
from huzhu.claims.papers import (
    PapersMissing,
    PaperUnfit,
    drop_page,
    hand_in,
    keep_page,
    open_page,
    put_paper,
    put_papers,
    replace_page,
)
from huzhu.claims.settlement import put_settlement
from huzhu.claims.severity import NotARaise, raise_severity
from huzhu.db.rows import Change, Ready, write_each
from huzhu.members.models import Member
from huzhu.members.queries import current_account
from huzhu.notices.services import send
from huzhu.organisations.models import Organisation
from huzhu.organisations.queries import agency_of
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

__all__ = [
    "CannotMove",
    "ClaimedBefore",
    "FieldsNeedWork",
    "NotARaise",
    "NotYours",
    "OutsideCover",
    "PaperUnfit",
    "PapersMissing",
    "ReasonNeeded",
    "drop_page",
    "hand_in",
    "keep_page",
    "lock_member",
    "open_page",
    "put_paper",
    "put_papers",
    "put_settlement",
    "raise_severity",
    "replace_page",
]

By = Role | Member
SUBMITTED = "您的互助金申请 {} 已提交。材料齐全后，最多 3 个工作日到账。"


class NotYours(PermissionError):
    """The claim belongs to somebody else, or to another office."""


class ReasonNeeded(ValueError):
    """A person must say why, and did not."""


@transaction.atomic
def start(
    *, member: Member, channel: str, applicant: str, applicant_name: str, by: By, at: datetime
) -> Claim:
    """A draft with its number, its office and, where there is one, the account in use."""
    check_own(by, member.pk, member.employer)
    claim = Claim(
        member=member,
        employer=member.employer,
        office=office_of(member.employer, by),
        channel=channel,
        applicant=applicant,
        applicant_name=applicant_name.strip()[:40],
        account=current_account(member),
        drafted_at=at,
    )
    lines = papers.lines_of(papers.wanted(claim.kinds))
    act: audit.Act = ("claims.start", claim, {"channel": channel, "applicant": applicant})
    numbers.enter(
        claim, year_of(at), lambda: [papers.ready(claim, lines), audit.ready_each(by=by, at=at, acts=[act])]
    )
    return claim


def office_of(employer: Organisation, by: By) -> Organisation:
    """The agency that takes the claim, mostly the clerk's own."""
    if isinstance(by, Role) and by.organisation.kind == Organisation.Kind.CITY:
        return by.organisation  # the employer stands below it, or the clerk was refused
    return agency_of(employer)


def year_of(at: datetime) -> int:
    return at.astimezone(SHANGHAI).year


@transaction.atomic
def fill(*, claim: Claim, by: By, at: datetime, **fields: Any) -> Claim:
    """Change fields, given as text or typed; what cannot be read raises FieldsNeedWork and changes nothing.

    Fields: kinds, applicant, applicant_name, hospital_name, hospital_grade, admitted_on, discharged_on,
    diagnosed_on, diagnosis, severity, accident_on, disability_grade, account. "" clears one.
    """
    _check_may_edit(claim, by)
    values, found = fields_of.read(claim, fields)
    if found:
        raise FieldsNeedWork(found)
    changed = sorted(name for name, value in values.items() if getattr(claim, name) != value)
    for name in changed:
        setattr(claim, name, values[name])
    if changed:
        claim.save(update_fields=changed)
        audit.record(by=by, verb="claims.fill", on=claim, at=at, detail={"fields": changed})
    if "kinds" in changed:
        papers.lay_out(claim)
    return claim


@transaction.atomic
def submit(*, claim: Claim, by: By, at: datetime) -> Claim:
    """Hand the claim in: fields, cover, once-only and papers are checked under locks; the clock starts if papers are complete."""
    check_own(by, claim.member_id, claim.office)
    lock(claim)
    check_move(claim.number, claim.state, State.SUBMITTED)
    if claim.state != State.DRAFT:
        raise CannotMove(f"申请 {claim.number} 已经提交过，不必再交。补齐材料后请按“材料已补齐”。")
    covers = checks.check_fit(claim, at=at)
    complete = papers.hand_over(claim, covers)
    then = [papers.COMPLETE] if complete else []
    becomes: dict[str, Any] = {"submitted_at": at, "complete_at": at if complete else None}
    if not claim.office.contains(claim.employer):  # it has moved to another agency while this was a draft
        becomes["office_id"] = agency_of(claim.employer).pk
    move(claim, State.SUBMITTED, by=by, at=at, verb="claims.submit", changes=becomes, then=then)
    tell(claim, SUBMITTED.format(claim.number), "claim", at)
    return claim


@transaction.atomic
def return_for_papers(*, claim: Claim, reason: str, by: Role, at: datetime) -> Claim:
    """The agency asks for what is missing in a claim that it has not reported up yet."""
    check_may(by, "claims.return", within=claim.office)
    return ask_for_papers(claim=claim, held=State.SUBMITTED, reason=reason, by=by, at=at)


@transaction.atomic
def ask_for_papers(*, claim: Claim, held: State, reason: str, by: Role, at: datetime) -> Claim:
    """The step of whoever has the claim in hand (`held`) and may return it: the clock stands still until the papers are complete."""
    said = needed(reason, "请写明还缺什么，申请人要照着补")
    lock(claim)
    if claim.state != held:
        raise CannotMove(
            f"申请 {claim.number} 现在是“{claim.get_state_display()}”，不在您手上，不能由您退回。请刷新后再看。"
        )
    move(claim, State.RETURNED, by=by, at=at, verb="claims.return_for_papers", detail={"reason": said})
    Pause.objects.create(claim=claim, reason=said, asked_by=by.actor_id, from_at=at)
    tell(claim, f"您的申请 {claim.number} 需要补材料：{said}。补齐后请在手机上按“材料已补齐”。", "papers", at)
    return claim


@transaction.atomic
def resume(*, claim: Claim, by: By, at: datetime) -> Claim:
    """The papers are complete again: back to who asked for them, and the clock runs on."""
    check_own(by, claim.member_id, claim.office)
    lock(claim)
    to = State.REPORTED if claim.reported_at else State.SUBMITTED
    check_move(claim.number, claim.state, to)
    checks.check_fit(claim, at=at)
    papers.check_complete(claim)
    move(claim, to, by=by, at=at, verb="claims.resume")
    Pause.objects.filter(claim=claim, to_at=None).update(to_at=at)
    papers.start_clock(claim, by=by, at=at)
    return claim


@transaction.atomic
def set_urgent(*, claim: Claim, reason: str, by: Role, at: datetime) -> Claim:
    """Put the claim into the urgent lane, once: the same day from reporting up, or from now where it was reported before."""
    check_may(by, "claims.urgent", within=claim.office)
    said = needed(reason, "加急要写理由，例如“住院欠费，急需手术”", most=120)
    if claim.state in DONE:
        raise CannotMove(f"申请 {claim.number} 已经{claim.get_state_display()}，不用再加急。")
    columns = {"is_urgent": True, "urgent_reason": said, "urgent_at": at}
    if not Claim.objects.filter(pk=claim.pk, is_urgent=False).update(**columns):
        raise CannotMove(f"申请 {claim.number} 已经设为加急，不用再设。请刷新后再看。")
    for name, value in columns.items():
        setattr(claim, name, value)
    audit.record(by=by, verb="claims.set_urgent", on=claim, at=at, detail={"reason": said})
    return claim


@transaction.atomic
def add_kind(*, claim: Claim, kind: str, reason: str, by: Role, at: datetime) -> Claim:
    """A reviewer adds what the member did not ask for but the papers show."""
    check_may(by, "claims.decide", within=claim.office)
    said = needed(reason, "请写明为什么加上这一项，凭哪一份材料")
    lock(claim)
    if kind not in KINDS or kind in claim.kinds:
        raise FieldsNeedWork({"kind": "没有这个项目，或已经申请过"})
    if claim.state != State.REPORTED:
        raise CannotMove(
            f"申请 {claim.number} 现在是“{claim.get_state_display()}”，不能加项目。请刷新后再看。"
        )
    claim.kinds = [name for name in KINDS if name in {*claim.kinds, kind}]
    claim.save(update_fields=["kinds"])
    papers.lay_out(claim)
    audit.record(by=by, verb="claims.add_kind", on=claim, at=at, detail={"kind": kind, "reason": said})
    return claim


@transaction.atomic
def withdraw(*, claim: Claim, reason: str = "", by: By, at: datetime) -> Claim:
    """Take the claim back; its settlement sheet may then be claimed again."""
    check_own(by, claim.member_id, claim.office)
    lock(claim)
    move(
        claim, State.WITHDRAWN, by=by, at=at, verb="claims.withdraw", detail={"reason": reason.strip()[:200]}
    )
    Pause.objects.filter(claim=claim, to_at=None).update(to_at=at)
    Settlement.objects.filter(claim=claim).delete()
    return claim


def advance(
    *,
    claim: Claim,
    to: str,
    by: By,
    at: datetime,
    acts: Sequence[audit.Act] = (),
    beside: Sequence[Ready] = (),
) -> Claim:
    """The step of an upper room, which has asked for permission: the lifecycle is checked and the time is kept.

    Called inside the transaction of that room's own `acts`, which are written down with it, before it, and of its
    rows, which are written `beside` them.
    """
    changes, verb = _times(claim, State(to), at), "claims.advance"
    with transaction.atomic(savepoint=False):
        return move(claim, State(to), by=by, at=at, verb=verb, acts=acts, changes=changes, beside=beside)


def _times(claim: Claim, to: State, at: datetime) -> dict[str, Any]:
    times: dict[State, dict[str, Any]] = {
        State.REPORTED: {"reported_at": claim.reported_at or at},
        State.DECIDED: {"decided_at": at},
        State.REFUSED: {"decided_at": at},
        State.PAYING: {"paid_at": None},  # of what came back as well
        State.PAID: {"paid_at": at},
    }
    return times.get(to, {})


def decided_each(
    *, claims: QuerySet[Claim], count: int, by: By, at: datetime, acts: Sequence[audit.Act]
) -> None:
    """已上报 → 已核定 for that many claims whose members the caller has locked: all of them, or CannotMove and none.

    `acts` say it of each, and get `from` and `to`.
    """
    before, to = State.REPORTED, State.DECIDED
    if claims.filter(state=before).update(state=to, decided_at=at) != count:
        raise CannotMove("其中有申请刚刚被别人办过，这一步没有生效。请再试一次。")
    moved = {"from": str(before), "to": str(to)}
    audit.record_each(by=by, at=at, acts=[(verb, on, {**moved, **detail}) for verb, on, detail in acts])


def paying_each(*, claims: Sequence[Claim], by: audit.Actor, at: datetime) -> None:
    """已核定 → 发放中 for these claims: all of them, or CannotMove and none. In the transaction of who pays them."""
    rows = Claim.objects.filter(pk__in=[claim.pk for claim in claims], state=State.DECIDED)
    if rows.update(state=State.PAYING) != len(claims):
        raise CannotMove("其中有申请刚刚被别人办过，已不在待发放里。请再试一次。")
    moved = {"from": str(State.DECIDED), "to": str(State.PAYING)}
    audit.record_each(by=by, at=at, acts=[("claims.advance", claim, moved) for claim in claims])
    for claim in claims:
        claim.state = State.PAYING


def arrived(*, times: Sequence[tuple[Claim, datetime]], by: audit.Actor, at: datetime) -> None:
    """The money of many claims has reached its members, each at its own time: all of them 已到账, or CannotMove and none.

    Called inside the transaction of the room that heard it from the bank.
    """
    for claim, when in times:
        check_move(claim.number, claim.state, State.PAID)
        claim.paid_at = when
    rows = Claim.objects.filter(pk__in=[claim.pk for claim, _ in times], state=State.PAYING)
    if rows.update(state=State.PAID, paid_at=times[0][1]) != len(times):
        raise CannotMove("有申请刚刚被别人办过，已不在发放中。整份回盘没有入账，请刷新后再看。")
    others = [claim for claim, when in times if when != times[0][1]]
    Claim.objects.bulk_update(others, ["paid_at"], batch_size=1000)
    moved = {"from": str(State.PAYING), "to": str(State.PAID)}
    audit.record_each(by=by, at=at, acts=[("claims.advance", claim, moved) for claim, _ in times])
    for claim, _ in times:
        claim.state = State.PAID


def opened(*, claim: Claim, by: By, at: datetime) -> None:
    """Somebody looks at a claim's health and bank data: written down, once per person, claim and hour."""
    audit.record_read(by=by, verb="claims.read", on=claim, at=at)


def move(  # noqa: PLR0913  what moves where, by whom and when, and what is written down with it
    claim: Claim,
    to: State,
    *,
    by: By,
    at: datetime,
    verb: str,
    detail: dict[str, Any] | None = None,
    acts: Sequence[audit.Act] = (),
    then: Sequence[str] = (),
    changes: Mapping[str, Any] = MappingProxyType({}),
    beside: Sequence[Ready] = (),
) -> Claim:
    """One conditional update decides which of two workers moved the claim; the other gets CannotMove."""
    check_move(claim.number, claim.state, to)
    before, becomes = claim.state, {"state": to, **changes}
    moved = {"from": before, "to": str(to), **(detail or {})}
    more: list[audit.Act] = [(one, claim, {}) for one in then]
    trail = audit.ready_each(by=by, at=at, acts=[*acts, (verb, claim, moved), *more])
    if not write_each([*beside, trail], first=Change(claim, {"state": before}, becomes)):
        claim.refresh_from_db(fields=["state"])
        raise CannotMove(
            f"申请 {claim.number} 刚刚被别人办过，现在是“{claim.get_state_display()}”，您这一步没有生效。请刷新后再看。"
        )
    for name, value in becomes.items():
        setattr(claim, name, value)
    return claim


def needed(reason: str, sentence: str, most: int = 200) -> str:
    """The reason, trimmed; raises ReasonNeeded with the sentence where there is none."""
    said = reason.strip()
    if not said:
        raise ReasonNeeded(f"{sentence}。")
    if len(said) > most:
        raise ReasonNeeded(f"写了 {len(said)} 个字，最多 {most} 个字，请写短一些。")
    return said


def _check_may_edit(claim: Claim, by: By) -> None:
    check_own(by, claim.member_id, claim.office)
    papers.lock_claim(claim)
    allowed = (State.DRAFT, State.RETURNED) if isinstance(by, Member) else EDITABLE
    if claim.state not in allowed:
        raise CannotMove(
            f"申请 {claim.number} 现在是“{claim.get_state_display()}”，不能再改。要改请与代办处联系。"
        )


def check_own(by: By, member_pk: Any, within: Organisation) -> None:
    """A member for themself, staff within their branch."""
    if isinstance(by, Member):
        if by.pk != member_pk:
            raise NotYours("这不是您的申请，没有打开。请用本人的手机号登录，或请代办处代办。")
        return
    check_may(by, "claims.take", within=within)


def tell(claim: Claim, text: str, purpose: str, at: datetime) -> None:
    """Word to the member's phone, where there is one."""
    if claim.member.phone:
        send(phone=claim.member.phone, text=text, purpose=purpose, about=claim, at=at)
