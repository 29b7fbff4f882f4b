"""Verbs of correcting: one person proposes what a replay says, another confirms it; then each changed decision has a successor.

Machines never take money back. What was paid is settled upstairs, by the payouts.
"""

from collections import defaultdict
from datetime import datetime

from django.db import IntegrityError, transaction

from huzhu.adjudication import totals
from huzhu.adjudication.acts import NoPersonTwice, check_person_is_new
from huzhu.adjudication.models import Correction, Decision
from huzhu.adjudication.replaying import Again, CannotReckon, Replay, replay
from huzhu.adjudication.services import stored
from huzhu.adjudication.totals import Key, OverTheCap
from huzhu.audit import services as audit
from huzhu.claims import reversals
from huzhu.claims.models import SettlementChange
from huzhu.claims.reversals import ChangeRefused
from huzhu.claims.services import ReasonNeeded, lock_member, needed
from huzhu.core import money
from huzhu.db.rows import write_each
from huzhu.enrolment.models import Enrolment
from huzhu.enrolment.queries import Cover
from huzhu.notices.services import send
from huzhu.users.models import Role
from huzhu.users.permissions import NotAllowed, check_may

State = Correction.State


class CorrectionRefused(ValueError):
    """A correction is proposed once and settled once, by two people, and only as it was shown."""


REFUSALS = (
    CannotReckon,
    ChangeRefused,
    CorrectionRefused,
    NoPersonTwice,
    NotAllowed,
    OverTheCap,
    ReasonNeeded,
)


@transaction.atomic
def propose(*, change: SettlementChange, reason: str, shown: str, by: Role, at: datetime) -> Correction:
    """One person's word on a replay; `shown` is the ground of what the person saw. Nothing moves before another confirms."""
    check_may(by, "corrections.propose", within=change.claim.office)
    said = needed(reason, "请写明重算的结论，会员看得到", most=400)
    lock_member(change.claim)
    found = _replayed(change)
    _check_shown(found, shown)
    for one in found.changed:
        check_person_is_new(one.claim, "decision", by)
    try:
        with transaction.atomic():
            made = Correction.objects.create(
                change=change,
                member_id=change.claim.member_id,
                reason=said,
                was_fen=found.was_fen,
                now_fen=found.now_fen,
                ground=found.ground,
                proposed_by=by.user,
                proposed_at=at,
            )
    except IntegrityError:
        raise CorrectionRefused(
            "这位会员已有一个更正等人确认，没有再提。两个更正要一个一个办：请先办完那一个，再重算这一个。"
        ) from None
    detail = {"was_fen": made.was_fen, "now_fen": made.now_fen}
    audit.record(by=by, verb="corrections.propose", on=change.claim, at=at, detail=detail)
    return made


@transaction.atomic
def settle(*, correction: Correction, agree: bool, reason: str, by: Role, at: datetime) -> Correction:
    """Another person's word: agreed, the decisions are corrected and the totals follow; not agreed, nothing has changed."""
    change = correction.change
    check_may(by, "corrections.confirm", within=change.claim.office)
    said = reason.strip()[:400] if agree else needed(reason, "不同意要写明哪里不对，提出人要照着查", most=400)
    if agree and correction.proposed_by_id == by.user_id:
        raise NoPersonTwice("这个更正是您提出的，要由另一个人确认。请交给同事办理。")
    lock_member(change.claim)
    state = State.CONFIRMED if agree else State.DECLINED
    columns = {"state": state, "settled_by": by.user, "settled_at": at, "settled_reason": said}
    if not Correction.objects.filter(pk=correction.pk, state=State.PROPOSED).update(**columns):
        raise CorrectionRefused("这个更正刚刚有人办过，您这一步没有生效。请刷新后再看。")
    correction.refresh_from_db()
    audit.record(
        by=by, verb="corrections.settle", on=change.claim, at=at, detail={"agree": agree, "reason": said}
    )
    if agree:
        _take_effect(correction, by, at)
    return correction


def _take_effect(correction: Correction, by: Role, at: datetime) -> None:
    found = _replayed(correction.change)
    _check_shown(found, correction.ground)
    # a change of another claim in this replay has had its effect as well: it is reckoned once
    held = SettlementChange.objects.filter(
        claim__in=[one.claim.pk for one in found.claims], state=SettlementChange.State.OPEN
    )
    for change in held.order_by("pk"):
        reversals.done(change, at)
    for one in found.changed:
        check_person_is_new(one.claim, "second", by)
        _succeed(correction, one, by, at)
    _totals_follow(found)


def _succeed(correction: Correction, one: Again, by: Role, at: datetime) -> None:
    """The decision that held is corrected by another, with the facts and the working of today."""
    before = Decision.objects.filter(pk=one.decision.pk, state=Decision.State.FINAL)
    if not before.update(state=Decision.State.CORRECTED):
        raise CorrectionRefused(f"申请 {one.claim.number} 的核定刚刚变了，没有更正。请刷新后重算。")
    made = Decision.objects.create(
        claim=one.claim,
        verdict=Decision.Verdict.PAY,
        reason=correction.reason,
        total_fen=one.now_fen,
        state=Decision.State.FINAL,
        decided_by_id=correction.proposed_by_id,
        decided_at=correction.proposed_at,
        second_by=by.user,
        second_at=at,
        second_reason=correction.settled_reason,
        corrects=one.decision,
        correction=correction,
    )
    write_each(stored(made, one.evaluation, pays=True))
    detail = {"was_fen": one.was_fen, "now_fen": one.now_fen, "claim": one.claim.number}
    audit.record(by=by, verb="corrections.correct", on=made, at=at, detail=detail)
    if phone := one.claim.member.phone:
        send(phone=phone, text=_words(one), purpose="decision", about=one.claim, at=at)


def _totals_follow(found: Replay) -> None:
    changes: dict[Key, tuple[int, int]] = defaultdict(lambda: (0, 0))
    enrolments: dict[Key, Enrolment | Cover] = {}
    for one in found.changed:
        for line in one.lines:
            key = (one.claim.member_id, *line.year, line.name)
            fen, count = changes[key]
            more = bool(line.now_fen) - bool(line.was_fen)
            changes[key], enrolments[key] = (fen + line.difference_fen, count + more), line.enrolment
    totals.correct(changes, enrolments)


def _replayed(change: SettlementChange) -> Replay:
    state = SettlementChange.objects.values_list("state", flat=True).get(pk=change.pk)
    if state != SettlementChange.State.OPEN:
        raise CorrectionRefused("这次结算变动已经办过或撤回了，没有再办。请刷新后再看。")
    return replay(change)


def _check_shown(found: Replay, shown: str) -> None:
    if shown != found.ground:
        raise CorrectionRefused(
            f"现在重算是 {money.spoken(found.now_fen)} 元，和您看到的不是同一份：期间有别的申请核定或资料改动。"
            "这一步没有生效。请看清新的结果再办；已经提出的，请选“不同意”，重新提出。"
        )


def _words(one: Again) -> str:
    """What the member is told; what becomes of the difference is told when it is settled."""
    return (
        f"因医保结算变动，您的申请 {one.claim.number} 已重新核定：原来 {money.spoken(one.was_fen)} 元，"
        f"现在 {money.spoken(one.now_fen)} 元。原因和算账单可在手机上查看；有疑问请与代办处联系。"
    )
