"""Verbs of deciding: the agency's opinion, the province's decision, the second person's word."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, transaction

from huzhu.adjudication import standing, totals
from huzhu.adjudication.acts import NoPersonTwice, acts_of, check_person_is_new
from huzhu.adjudication.evaluation import Evaluated, Evaluation, digest_of, evaluate
from huzhu.adjudication.models import Adjudication, BenefitResult, Decision, FirstOpinion
from huzhu.adjudication.totals import OverTheCap
from huzhu.audit import services as audit
from huzhu.claims import services as claims
from huzhu.claims.checks import FieldsNeedWork, check_fit
from huzhu.claims.lifecycle import check_move
from huzhu.claims.models import Claim, State
from huzhu.claims.papers import check_complete, lock_claim
from huzhu.claims.services import needed
from huzhu.claims.settlement import missing_figures
from huzhu.core import money
from huzhu.db.rows import Ready, composed, ready, write_each
from huzhu.notices.services import ready_each
from huzhu.users.models import Role
from huzhu.users.permissions import check_may

OPINION = ("claim", "text", "supports", "given_by", "given_at")
KEPT = ("id", "decision", "enrolment", "edition", "facts", "reasoning", "total_fen")
RESULT = ("adjudication", "name", "label", "amount_fen")
__all__ = ["Evaluation", "NoPersonTwice", "OverTheCap", "acts_of", "check_person_is_new", "evaluate"]


class AlreadyDecided(ValueError):
    """Somebody else has decided this claim in the meantime."""


class NothingToPay(ValueError):
    """A decision to pay nothing is a refusal, and a refusal is a person's word with a reason."""


class OutcomeChanged(ValueError):
    """The sum is not the one that was shown: something was decided in between."""


@transaction.atomic
def give_opinion(*, claim: Claim, text: str, supports: bool, by: Role, at: datetime) -> None:
    """The agency's first opinion on complete papers; the claim is reported up to the province."""
    check_may(by, "claims.opinion", within=claim.office)
    said = needed(text, "请写初审意见", most=400)
    lock_claim(claim)
    now = standing.handed_in(claim)
    check_person_is_new(claim, "opinion", by, done=now.done)
    check_move(claim.number, claim.state, State.REPORTED)
    if claim.state != State.SUBMITTED:
        raise claims.CannotMove(f"申请 {claim.number} 还在等补材料。材料齐后请先按“材料已补齐”。")
    check_complete(claim, now.papers)
    if missing := missing_figures(claim, now.figures):
        wanted = {name: f"请照结算单填{label}，空的填 0" for name, label in missing.items()}
        raise FieldsNeedWork(wanted)
    check_fit(claim, at=at, is_near=now.is_near)
    opinion = composed(FirstOpinion, OPINION, [(claim.pk, said, supports, by.user_id, at)])
    act: audit.Act = ("adjudication.give_opinion", claim, {"supports": supports})
    claims.advance(claim=claim, to=State.REPORTED, by=by, at=at, acts=[act], beside=[opinion])


def decide(
    *, claim: Claim, verdict: str, reason: str, by: Role, at: datetime, shown: str | None = None
) -> Decision:
    """Pay or refuse a reported claim. Above the limit a payment waits for a second person, else it is final.

    `shown` is the digest of the evaluation the reviewer saw; another outcome under the lock raises OutcomeChanged.
    """
    check_may(by, "claims.decide", within=claim.office)
    said = _reason(verdict, reason)
    try:
        with transaction.atomic():
            return _decided(claim, verdict, said, shown, by, at)
    except IntegrityError:  # the database's own word, should a lock ever be missed
        _check_undecided(claim)
        raise


def _decided(claim: Claim, verdict: str, said: str, shown: str | None, by: Role, at: datetime) -> Decision:
    now = _locked(claim)
    is_decided = check_person_is_new(claim, "decision", by, done=now.done)
    if is_decided:
        _check_undecided(claim)
    check_move(claim.number, claim.state, State.DECIDED)
    evaluation = evaluate(claim=now.told, known=now.known())
    if shown and shown != evaluation.digest:
        raise _changed(claim, evaluation)
    if verdict == Decision.Verdict.PAY and not evaluation.total_fen:
        raise NothingToPay(
            f"申请 {claim.number} 按规则合计 0.00 元，不能核定为给付。确实不给付的，请选“不予给付”并写明理由；"
            "机器不作不给付的决定。"
        )
    decision = Decision(
        pk=now.number, claim=claim, verdict=verdict, reason=said, decided_by=by.user, decided_at=at
    )
    return _propose(decision, evaluation, now.totals, by, now.phone)


@transaction.atomic
def confirm(*, decision: Decision, agree: bool, reason: str, by: Role, at: datetime) -> Decision:
    """The second person's word: agreed, the decision is final; not agreed, with a reason, it is decided anew."""
    claim = decision.claim
    check_may(by, "claims.confirm", within=claim.office)
    said = reason.strip()[:400] if agree else needed(reason, "不同意要写明哪里不对，核定人要照着改", most=400)
    now = _locked(claim)
    check_person_is_new(claim, "second", by, done=now.done)
    state = Decision.State.PROPOSED if agree else Decision.State.OVERRULED
    columns = {"second_by": by.user, "second_at": at, "second_reason": said, "state": state}
    if not Decision.objects.filter(pk=decision.pk, state=Decision.State.PROPOSED).update(**columns):
        raise AlreadyDecided(f"申请 {claim.number} 刚刚有人复核过，您这一步没有生效。请刷新后再看。")
    decision.refresh_from_db()
    decision.claim = claim
    audit.record(
        by=by, verb="adjudication.confirm", on=decision, at=at, detail={"agree": agree, "claim": claim.number}
    )
    if agree:
        evaluation = evaluate(claim=now.told, known=now.known())
        _check_same(decision, evaluation)
        Decision.objects.filter(pk=decision.pk).update(state=Decision.State.FINAL)
        decision.state = Decision.State.FINAL
        _take_effect(decision, by, now.phone, beside=[_raised(now.totals, decision, evaluation)])
    return decision


@transaction.atomic
def return_for_papers(*, claim: Claim, reason: str, by: Role, at: datetime) -> Claim:
    """A reviewer asks for what is missing in a reported claim; not while a decision on it waits for the second person's word."""
    check_may(by, "claims.decide", within=claim.office)
    claims.lock_member(claim)
    proposed = Decision.objects.filter(claim=claim, state=Decision.State.PROPOSED)
    if made := proposed.select_related("decided_by").first():
        raise AlreadyDecided(
            f"申请 {claim.number} 已由{made.decided_by.name}核定，在等复核，没有退回。"
            "要退回补正，请复核人先选“不同意”，写明缺什么；核定作废后再退回。"
        )
    return claims.ask_for_papers(claim=claim, held=State.REPORTED, reason=reason, by=by, at=at)


def _reason(verdict: str, reason: str) -> str:
    if Decision.Verdict(verdict) == Decision.Verdict.REFUSE:
        return needed(reason, "不予给付要写明理由，会员看得到", most=400)
    return reason.strip()[:400] or "按方案核定"


def _locked(claim: Claim) -> standing.Reported:
    """The claim as it stands now; the member's other claims wait meanwhile. Read after the lock, never with it:

    whoever waits for a lock on PostgreSQL is given the locked row as it is then, and all others as they were before.
    """
    claims.lock_member(claim)
    now = standing.reported(claim)
    claim.state = now.state
    return now


def _check_undecided(claim: Claim) -> None:
    standing = Decision.objects.standing().filter(claim=claim).first()
    if standing:
        raise AlreadyDecided(
            f"申请 {claim.number} 已由{standing.decided_by.name}核定为“{standing.get_verdict_display()}”"
            f"（{money.spoken(standing.total_fen)} 元，{standing.get_state_display()}），您这一步没有生效。请办下一件。"
        )
    check_move(claim.number, claim.state, State.DECIDED)


def _propose(
    decision: Decision, evaluation: Evaluation, rows: totals.Totals, by: Role, phone: str
) -> Decision:
    """Final at once, or above the limit proposed to a second person."""
    at, pays = decision.decided_at, decision.verdict == Decision.Verdict.PAY
    decision.total_fen = evaluation.total_fen if pays else 0
    is_final = decision.total_fen <= settings.HUZHU_SECOND_DECISION_FEN
    decision.state = Decision.State.FINAL if is_final else Decision.State.PROPOSED
    kept = [ready(Decision, [decision]), *stored(decision, evaluation, pays=pays)]
    said = {"verdict": decision.verdict, "total_fen": decision.total_fen, "claim": decision.claim.number}
    act: audit.Act = ("adjudication.decide", decision, said)
    if is_final:
        _take_effect(decision, by, phone, [act], [*kept, _raised(rows, decision, evaluation)])
    else:
        write_each([*kept, audit.ready_each(by=by, at=at, acts=[act])])
    decision._state.adding = False  # noqa: SLF001  as Django says it of a row that is there
    return decision


def stored(decision: Decision, evaluation: Evaluation, *, pays: bool) -> list[Ready]:
    """Facts, working and edition of every part, to be written; of a refusal the working alone, without amounts."""
    kept, results = [], []
    for part in evaluation.parts:
        key, cover, (facts, reasoning) = uuid4(), part.enrolment, part.stored
        total_fen = part.total_fen if pays else 0
        kept.append((key, decision.pk, cover.pk, cover.edition.pk, facts, reasoning, total_fen))
        results += results_of(key, part) if pays else []
    return [composed(Adjudication, KEPT, kept), composed(BenefitResult, RESULT, results)]


def _take_effect(
    decision: Decision, by: Role, phone: str, acts: Sequence[audit.Act] = (), beside: Sequence[Ready] = ()
) -> None:
    """The decision is final: the claim moves on, and the member hears of it."""
    claim, at = decision.claim, decision.second_at or decision.decided_at
    to = State.DECIDED if decision.verdict == Decision.Verdict.PAY else State.REFUSED
    said = told_to_member(claim.number, decision.verdict, decision.total_fen)
    told = ready_each(messages=[(phone, said, claim)] if phone else [], purpose="decision", at=at)
    claims.advance(claim=claim, to=to, by=by, at=at, acts=acts, beside=[*beside, told])


def _raised(rows: totals.Totals, decision: Decision, evaluation: Evaluation) -> Ready:
    """Totals with what a final decision pays, to be written."""
    if decision.verdict == Decision.Verdict.PAY:
        rows.add(decision.claim.member_id, evaluation)
    return rows.ready()


def _check_same(decision: Decision, evaluation: Evaluation) -> None:
    stored = decision.adjudications.all()
    before = digest_of((str(one.enrolment_id), one.facts, one.reasoning) for one in stored)
    if before != evaluation.digest:
        raise _changed(decision.claim, evaluation)


def _changed(claim: Claim, evaluation: Evaluation) -> OutcomeChanged:
    return OutcomeChanged(
        f"申请 {claim.number} 现在算出 {evaluation.total} 元，和刚才显示的不一样：期间有别的申请核定或资料改动。"
        "这一步没有生效，请看新的算账单后再办；复核时不一样的，请选“不同意”，由核定人重新核定。"
    )


def results_of(kept: UUID, part: Evaluated) -> list[tuple[UUID, str, str, int]]:
    """A row for each benefit that pays."""
    labels = part.outcome.program.edition.benefits
    return [(kept, name, labels[name].label, amount) for name, amount in part.paid.items() if amount]


def told_to_member(number: str, verdict: str, total_fen: int) -> str:
    """What the member hears of a decision on a claim."""
    if verdict == Decision.Verdict.PAY:
        return f"您的申请 {number} 已核定，互助金 {money.spoken(total_fen)} 元，正在安排发放。"
    return f"您的申请 {number} 经审核不予给付，理由和算账单可在手机上查看；有疑问请与代办处联系。"
