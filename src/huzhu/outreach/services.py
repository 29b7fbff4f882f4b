"""Verbs of outreach: log a visit, take it back, hand employers to somebody, occasions, targets."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from huzhu.audit.services import record
from huzhu.employers import queries as employers
from huzhu.employers import services as records
from huzhu.organisations.models import Organisation
from huzhu.outreach.models import FollowUp, Occasion, Target, Visit
from huzhu.rules.units import SHANGHAI
from huzhu.users.models import Role, User
from huzhu.users.permissions import check_may

MOST_PIECES = 100_000
LAST_YEAR = 2100
COUNTED = ("boards", "booklets", "posters", "questions", "attendance")
UNIONS = frozenset({"city", "county", "group"})
OWNERS = ("county_clerk", "agency_clerk")


class VisitRefused(ValueError):
    """A visit cannot be written down so."""


class TooLateToUndo(ValueError):
    """The visit is not the writer's own, not of today, or not the last one."""


class CannotLookAfter(ValueError):
    """This person has no role in which they could look after the employer."""


class OccasionRefused(ValueError):
    """A talk or publicity day cannot be written down so."""


class TargetRefused(ValueError):
    """A target cannot be set so."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One visit as it is told; without a willingness the last stance stays, without a cause the last cause."""

    employer: Organisation
    on: date
    way: str
    leaflets: int = 0
    said: str = ""
    willing: str = ""
    willing_count: int | None = None
    cause: str = ""
    cause_note: str = ""
    next_step: str = ""
    next_on: date | None = None
    owner: User | None = None
    key: UUID = field(default_factory=uuid4)

    @property
    def stance(self) -> records.Said:
        return records.Said(
            employer=self.employer,
            willing=self.willing,
            said_on=self.on,
            willing_count=self.willing_count,
            cause=self.cause,
            cause_note=self.cause_note,
        )


@dataclass(frozen=True, slots=True)
class Told:
    """One talk or publicity day as it is told; counts by the names in COUNTED."""

    organiser: Organisation
    kind: str
    on: date
    place: str
    counts: dict[str, int]
    notes: str = ""
    key: UUID = field(default_factory=uuid4)


@transaction.atomic
def log(*, entry: Entry, by: Role, at: datetime) -> Visit:
    """Write down a visit with what was said and what comes next; the same form sent again is the same visit."""
    check_may(by, "outreach.log", within=entry.employer)
    follow_up, _ = FollowUp.objects.select_for_update().get_or_create(employer=entry.employer)
    known = Visit.objects.filter(key=entry.key, employer=entry.employer, logged_by=by.actor_id).first()
    if known:
        return known
    entry = _with_cause(entry)
    _check_entry(entry, at)
    check_owner(entry.owner, entry.employer)
    visit = _visit(entry, by, at, before=_kept(follow_up))
    if entry.willing:
        visit.stance = records.say(said=entry.stance, by=by, at=at)
    visit.save(force_insert=True)
    _follow(follow_up, entry)
    follow_up.save()
    detail = {"on": entry.on.isoformat(), "way": entry.way, "leaflets": entry.leaflets}
    record(by=by, verb="outreach.log", on=entry.employer, at=at, detail=detail)
    return visit


@transaction.atomic
def log_all(*, entries: Iterable[Entry], place: Organisation, by: Role, at: datetime) -> int:
    """Take over many visits of one place, oldest first, in one act; how many there were."""
    check_may(by, "outreach.log", within=place)
    visits, newest = [], {}
    for entry in sorted(entries, key=lambda one: one.on):
        _check_entry(entry, at)
        if not place.contains(entry.employer):
            raise VisitRefused(f"{entry.employer.name}不属于{place.name}，请分开登记。")
        visits.append(_visit(entry, by, at, before={}))
        newest[entry.employer.pk] = entry
    Visit.objects.bulk_create(visits)
    records.say_all(said=(one.stance for one in newest.values() if one.willing), place=place, by=by, at=at)
    kept = {one.employer_id: one for one in FollowUp.objects.filter(employer__in=newest)}
    fresh = [FollowUp(employer_id=pk) for pk in newest if pk not in kept]
    for one in (*kept.values(), *fresh):
        _follow(one, newest[one.employer_id])
    FollowUp.objects.bulk_create(fresh)
    FollowUp.objects.bulk_update(kept.values(), ("owner", "next_step", "next_on"), batch_size=200)
    record(by=by, verb="outreach.log_all", on=place, at=at, detail={"visits": len(visits)})
    return len(visits)


@transaction.atomic
def undo(*, visit: Visit, by: Role, at: datetime) -> None:
    """Take back one's own last visit to an employer, on the day it was written; what followed from it is as before."""
    check_may(by, "outreach.log", within=visit.employer)
    follow_up = FollowUp.objects.select_for_update().get(employer=visit.employer)
    if visit.undone_at:
        return
    _check_undo(visit, by, at)
    Visit.objects.filter(pk=visit.pk).update(undone_at=at)
    _restore(follow_up, visit)
    if visit.stance_id:
        records.say(said=_stance_before(visit), by=by, at=at)
    record(by=by, verb="outreach.undo", on=visit.employer, at=at, detail={"on": visit.on.isoformat()})


@transaction.atomic
def assign(*, to: Iterable[Organisation], owner: User, by: Role, at: datetime) -> int:
    """Hand employers to one person, all of them or none; how many changed hands."""
    changed = 0
    for employer in to:
        check_may(by, "outreach.assign", within=employer)
        check_owner(owner, employer)
        follow_up, _ = FollowUp.objects.select_for_update().get_or_create(employer=employer)
        if follow_up.owner_id == owner.pk:
            continue
        FollowUp.objects.filter(pk=follow_up.pk).update(owner=owner)
        record(by=by, verb="outreach.assign", on=employer, at=at, detail={"owner": owner.name})
        changed += 1
    return changed


@transaction.atomic
def hold(*, told: Told, by: Role, at: datetime) -> Occasion:
    """Write down a talk or publicity day; the same form sent again is the same occasion."""
    check_may(by, "outreach.occasion", within=told.organiser)
    known = Occasion.objects.filter(key=told.key, logged_by=by.actor_id).first()
    if known:
        return known
    if told.organiser.kind not in UNIONS:
        raise OccasionRefused("主办请选代办处、县区或集团工会。")
    if told.kind not in Occasion.Kind.values:
        raise OccasionRefused("请选讲座或宣传日。")
    if not told.place:
        raise OccasionRefused("请填地点，例如：新兴街道文化广场。")
    if told.on > at.astimezone(SHANGHAI).date():
        raise OccasionRefused("日期在今天之后：办完了再记数量。")
    if any(not 0 <= number <= MOST_PIECES for number in told.counts.values()):
        raise OccasionRefused(f"数量要在 0 到 {MOST_PIECES:,} 之间。")
    made = Occasion(
        key=told.key,
        organiser=told.organiser,
        kind=told.kind,
        on=told.on,
        place=told.place[:60],
        **told.counts,
    )
    made.notes = told.notes[:300]
    made.logged_at, made.logged_by, made.logged_by_name = at, by.actor_id, by.actor_name
    made.save(force_insert=True)
    record(by=by, verb="outreach.hold", on=made, at=at, detail={"kind": made.kind, **told.counts})
    return made


@transaction.atomic
def aim(
    *, organisation: Organisation, year: int, amount_fen: int, heads: int, by: Role, at: datetime
) -> Target:
    """Set what an agency or county means to reach in a fund year; again is a correction."""
    check_may(by, "outreach.target", within=organisation)
    if organisation.kind not in UNIONS:
        raise TargetRefused("年度目标定给代办处、县区或集团工会，单位没有目标。")
    if not records.FIRST_YEAR <= year <= LAST_YEAR:
        raise TargetRefused("年度要写成 4 位数字，例如 2022。")
    if amount_fen < 0 or not 0 <= heads <= records.MOST_STAFF or not (amount_fen or heads):
        raise TargetRefused("会费目标和人数目标至少填一个，都不能是负数。")
    fields = {"amount_fen": amount_fen, "heads": heads}
    target, _ = Target.objects.update_or_create(organisation=organisation, year=year, defaults=fields)
    record(by=by, verb="outreach.aim", on=organisation, at=at, detail={"year": year, **fields})
    return target


def check_owner(owner: User | None, employer: Organisation) -> None:
    """Raise CannotLookAfter unless the person is a clerk of a union or agency above the employer."""
    if owner is None:
        return
    roles = Role.objects.filter(user=owner, user__is_active=True, is_active=True, code__in=OWNERS)
    if not any(role.organisation.contains(employer) for role in roles.select_related("organisation")):
        raise CannotLookAfter(
            f"{owner.name}不是管辖{employer.name}的县区工会或代办处经办，不能做负责人。请另选一个人。"
        )


def _check_entry(entry: Entry, at: datetime) -> None:
    if entry.on > at.astimezone(SHANGHAI).date():
        raise VisitRefused("日期在今天之后：去过了再记。打算去的请写在“下一步”里。")
    if entry.on.year < records.FIRST_YEAR:
        raise VisitRefused("日期太早，请核对年份。")
    if entry.way not in Visit.Way.values:
        raise VisitRefused("请选方式：走访、电话、微信、来访或讲座。")
    if not 0 <= entry.leaflets <= MOST_PIECES:
        raise VisitRefused(f"折页数要在 0 到 {MOST_PIECES:,} 之间。")
    if entry.next_on and entry.next_on < entry.on:
        raise VisitRefused("下一步的日期早于这次的日期，请改一个以后的日子。")
    if entry.cause and not entry.willing:
        raise VisitRefused("选了原因，请也选对方的意愿。")
    if entry.willing:
        records.check_said(entry.stance)


def _with_cause(entry: Entry) -> Entry:
    """A new willingness without a cause keeps the cause that was known."""
    if entry.cause or not entry.willing:
        return entry
    known = employers.stance_of(entry.employer)
    return replace(entry, cause=known.cause, cause_note=entry.cause_note or known.cause_note)


def _visit(entry: Entry, by: Role, at: datetime, before: dict[str, Any]) -> Visit:
    return Visit(
        key=entry.key,
        employer=entry.employer,
        on=entry.on,
        way=entry.way,
        leaflets=entry.leaflets,
        said=entry.said[:300],
        next_step=entry.next_step[:100],
        next_on=entry.next_on,
        owner=entry.owner,
        before=before,
        logged_at=at,
        logged_by=by.actor_id,
        logged_by_name=by.actor_name[:80],
    )


def _kept(follow_up: FollowUp) -> dict[str, Any]:
    """What stood there, so that an undo brings it back."""
    return {
        "owner": follow_up.owner_id,
        "next_step": follow_up.next_step,
        "next_on": follow_up.next_on.isoformat() if follow_up.next_on else None,
    }


def _follow(follow_up: FollowUp, entry: Entry) -> None:
    follow_up.next_step, follow_up.next_on = entry.next_step[:100], entry.next_on
    if entry.owner:
        follow_up.owner = entry.owner


def _check_undo(visit: Visit, by: Role, at: datetime) -> None:
    if visit.logged_by != by.actor_id:
        raise TooLateToUndo("这是别人记的，只能由记的人撤销。")
    if visit.logged_at.astimezone(SHANGHAI).date() != at.astimezone(SHANGHAI).date():
        raise TooLateToUndo("只有当天记的可以撤销。以前的有误，请另记一次说明。")
    if Visit.objects.filter(employer=visit.employer, undone_at__isnull=True, pk__gt=visit.pk).exists():
        raise TooLateToUndo("这个单位后来又记了一次，请先撤销后面的。")


def _restore(follow_up: FollowUp, visit: Visit) -> None:
    """Bring back what the visit changed; what somebody changed since then stays."""
    before = visit.before
    if visit.owner_id and follow_up.owner_id == visit.owner_id:
        follow_up.owner_id = before.get("owner")
    if (follow_up.next_step, follow_up.next_on) == (visit.next_step, visit.next_on):
        follow_up.next_step = before.get("next_step", "")
        day = before.get("next_on")
        follow_up.next_on = date.fromisoformat(day) if day else None
    follow_up.save()


def _stance_before(visit: Visit) -> records.Said:
    """The stance before the visit, to be said once more: the history is never cut."""
    earlier = employers.stances_of(visit.employer).filter(pk__lt=visit.stance_id).first()
    if earlier is None:
        return records.Said(visit.employer, "unknown", visit.on)
    return records.Said(
        employer=visit.employer,
        willing=earlier.willing,
        said_on=earlier.said_on,
        willing_count=earlier.willing_count,
        cause=earlier.cause,
        cause_note=earlier.cause_note,
    )
