"""A member moves to another employer, or leaves work; either way cover runs to its end."""

from datetime import date, datetime

from django.db import IntegrityError, transaction

from huzhu.audit import services as audit
from huzhu.members.models import Leaving, Member, Move
from huzhu.organisations.models import Organisation
from huzhu.organisations.queries import agency_of
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role
from huzhu.users.permissions import check_may


class MoveRefused(ValueError):
    """The member cannot move or leave as told."""


class SamePerson(MoveRefused):
    """Who proposed a move does not confirm it."""


class MoveSettled(MoveRefused):
    """Somebody settled this move before, or the member is elsewhere by now."""


@transaction.atomic
def propose(*, member: Member, target: Organisation, by: Role, at: datetime) -> Move:
    """The old employer lets the member go; nothing changes until the new one or the agency confirms. MoveRefused."""
    check_may(by, "members.move", within=member.employer)
    if target.kind != Organisation.Kind.EMPLOYER or target.pk == member.employer_id:
        raise MoveRefused("请选择调入的单位：它要是参保单位，并且不是现在的单位。")
    if agency_of(target) != agency_of(member.employer):
        raise MoveRefused(f"{target.name}不在同一个代办处，不能在这里调动：请由两地代办处商量后办理。")
    try:
        with transaction.atomic():
            move = Move.objects.create(
                member=member,
                source=member.employer,
                target=target,
                proposed_by=by.actor_id,
                proposed_name=by.actor_name,
                proposed_at=at,
            )
    except IntegrityError:
        raise MoveRefused(
            f"{member.name}已有一次调动在等接收，没有再提。请等对方接收，或先请对方退回。"
        ) from None
    audit.record(by=by, verb="members.propose_move", on=member, at=at, detail={"to": target.code})
    return move


@transaction.atomic
def settle(*, move: Move, agree: bool, by: Role, at: datetime) -> Move:
    """The new employer, or the agency above it, takes the member or not. SamePerson, MoveSettled."""
    check_may(by, "members.move", within=move.target)
    if by.actor_id == move.proposed_by:
        raise SamePerson("调动由您提出，不能由您自己接收：请新单位的经办人或代办处的另一位同事办理。")
    state = Move.State.CONFIRMED if agree else Move.State.REFUSED
    open_still = Move.objects.filter(pk=move.pk, state=Move.State.PROPOSED)
    if not open_still.update(state=state, settled_name=by.actor_name, settled_at=at):
        raise MoveSettled("这次调动已经办过了，没有再办。请刷新页面查看。")
    if agree:
        here = Member.objects.filter(pk=move.member_id, employer=move.source_id)
        if not here.update(employer=move.target_id, leaving="", left_on=None):
            raise MoveSettled("这位职工已经不在原单位（可能已由名册登记到别处），没有再调动。请查看会员页。")
    verb = "members.move" if agree else "members.refuse_move"
    detail = {"from": move.source.code, "to": move.target.code}
    audit.record(by=by, verb=verb, on=move.member, at=at, detail=detail)
    move.refresh_from_db()
    return move


@transaction.atomic
def leave(*, member: Member, why: str, on: date, by: Role, at: datetime) -> None:
    """Note that the member retired, resigned or died; the next renewal does not list them. The same again changes nothing."""
    check_may(by, "members.move", within=member.employer)
    if why not in Leaving.values:
        raise MoveRefused("没有选择离开的原因，没有登记：请选退休、离职或去世。")
    if on > at.astimezone(SHANGHAI).date():
        raise MoveRefused(f"离开日期 {on} 还没有到，没有登记：请到那一天再登记。")
    if on < member.born_on:
        raise MoveRefused(f"离开日期 {on} 早于出生日期，没有登记：请核对日期。")
    same = Member.objects.filter(pk=member.pk).exclude(leaving=why, left_on=on)
    if same.update(leaving=why, left_on=on):
        audit.record(by=by, verb="members.leave", on=member, at=at, detail={"why": why, "on": str(on)})


@transaction.atomic
def come_back(*, member: Member, by: Role, at: datetime) -> None:
    """It was noted by mistake, or they are back."""
    check_may(by, "members.move", within=member.employer)
    if Member.objects.filter(pk=member.pk).exclude(leaving="").update(leaving="", left_on=None):
        audit.record(by=by, verb="members.come_back", on=member, at=at)
